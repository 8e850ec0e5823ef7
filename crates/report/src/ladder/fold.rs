//! Rows that say the same again and again become one: "… 104 more segments of b".

use closewait_scenario::Direction;

use super::model::{Arrow, ArrowKind, Ladder};

/// So many equal arrows are folded, but for the first.
const MANY: usize = 4;
/// What takes turns with what: segments, and what they are answered with.
const TOGETHER: usize = 2;

/// Folds arrows that are equal but for their times, where nothing else comes between.
pub fn fold(ladder: &mut Ladder) {
    let mut folded: Vec<Arrow> = Vec::with_capacity(ladder.arrows.len());
    let mut rest = ladder.arrows.as_slice();
    while !rest.is_empty() {
        let (run, after) = rest.split_at(run_of(rest, ladder));
        folded.extend(one_for_many(run));
        rest = after;
    }
    ladder.arrows = folded;
    let arrows = &ladder.arrows;
    let within = |from, until| {
        arrows
            .iter()
            .any(|arrow| arrow.folded && arrow.sent_ms <= from && until <= arrow.arrived_ms.unwrap_or(until))
    };
    ladder.gaps.retain(|gap| !within(gap.from_ms, gap.until_ms));
}

/// How many of the first arrows take turns without a note between.
fn run_of(arrows: &[Arrow], ladder: &Ladder) -> usize {
    let mut kinds: Vec<Equal<'_>> = Vec::new();
    for (index, arrow) in arrows.iter().enumerate() {
        let noted = |before: &Arrow| {
            ladder.notes.iter().any(|note| (before.sent_event..arrow.sent_event).contains(&note.event))
        };
        let new = !kinds.contains(&equal(arrow));
        if index > 0 && (noted(&arrows[index - 1]) || (new && kinds.len() == TOGETHER)) {
            return index;
        }
        if new {
            kinds.push(equal(arrow));
        }
    }
    arrows.len()
}

/// What makes two rows say the same.
type Equal<'a> = (u32, Option<u32>, Direction, &'a str, ArrowKind, [bool; 6]);

fn equal(arrow: &Arrow) -> Equal<'_> {
    let (lost, under_way) = (arrow.is_lost(), arrow.is_under_way());
    let marks = [arrow.forged, arrow.again, arrow.stale, arrow.proof, lost, under_way];
    (arrow.connection, arrow.stream, arrow.to, &arrow.label, arrow.kind, marks)
}

fn one_for_many(run: &[Arrow]) -> Vec<Arrow> {
    let of = |arrow: &Arrow| run.iter().filter(|other| equal(other) == equal(arrow)).collect::<Vec<_>>();
    let mut shown = Vec::new();
    for (index, arrow) in run.iter().enumerate() {
        let all = of(arrow);
        match all.iter().position(|other| std::ptr::eq(*other, &raw const run[index])) {
            _ if all.len() < MANY => shown.push(arrow.clone()),
            Some(0) => shown.push(arrow.clone()),
            Some(1) => shown.push(merged(&all[1..])),
            _ => {}
        }
    }
    shown
}

/// From the departure of the first to the arrival of the last.
fn merged(arrows: &[&Arrow]) -> Arrow {
    let (first, last) = (arrows[0], arrows[arrows.len() - 1]);
    let segments: u32 = arrows.iter().map(|arrow| arrow.segments).sum();
    let label = match first.kind {
        ArrowKind::Request | ArrowKind::Answer => format!("… {segments} more segments of {}", first.label),
        _ => format!("… {segments} more: {}", first.label),
    };
    Arrow {
        label,
        segments,
        arrived_ms: last.arrived_ms,
        arrived_event: last.arrived_event,
        folded: true,
        ..first.clone()
    }
}
