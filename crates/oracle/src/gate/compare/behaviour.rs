//! What else a run shows: its end, connections, sockets, and as a last resort the lines of its transcript.

use similar::{ChangeTag, TextDiff};

use crate::Severity;
use crate::gate::change::{Change, Kind};
use crate::gate::facts::{RunFacts, timeless};

/// A run that a watchdog stops, or stops no more.
pub fn stopped(before: &RunFacts, now: &RunFacts) -> Vec<Change> {
    let change = match (&before.stopped, &now.stopped) {
        (None, Some(new)) => {
            let change = Change::of(Kind::Regressed, format!("the run is stopped: {new}"));
            Change { severity: Some(Severity::HangOrLeak), ..change }
        }
        (Some(old), None) => Change::of(Kind::Fixed, format!("the run is no longer stopped (before: {old})")),
        (Some(old), Some(new)) if old != new => {
            Change::drifted(format!("the run is stopped by something else: {new} (before: {old})"))
        }
        _ => return Vec::new(),
    };
    vec![change]
}

/// A scenario that is not tried any more, or at last. What does not happen to a client says nothing of it, so that the first is worse than
/// any drift.
pub fn untried(before: &RunFacts, now: &RunFacts) -> Vec<Change> {
    let tried = |run: &RunFacts| run.untried.iter().map(|why| timeless(why)).collect::<Vec<_>>();
    let (old, new) = (tried(before), tried(now));
    let lost = new.iter().filter(|why| !old.contains(why));
    let lost = lost.map(|why| Change::of(Kind::Gone, format!("not tried any more: {why}")));
    let found = old.iter().filter(|why| !new.contains(why));
    let found = found.map(|why| Change::drifted(format!("tried at last (before: {why})")));
    lost.chain(found).collect()
}

/// Whether real time stopped both runs.
pub fn both_hang(before: &RunFacts, now: &RunFacts) -> bool {
    let hangs = |run: &RunFacts| run.stopped.as_deref() == Some("hang");
    hangs(before) && hangs(now)
}

/// Connections that were opened, and sockets that were left.
pub fn changes(before: &RunFacts, now: &RunFacts) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.opened != now.opened {
        let words = format!("{} opened, before {}", connections(now.opened), before.opened);
        changes.push(Change::drifted(words));
    }
    let left = now.sockets.iter().filter(|socket| !before.sockets.contains(socket));
    changes
        .extend(left.map(|socket| Change::drifted(format!("the client host still has {socket} at the end"))));
    let freed = before.sockets.iter().filter(|socket| !now.sockets.contains(socket));
    changes.extend(
        freed.map(|socket| Change::drifted(format!("the client host no longer has {socket} at the end"))),
    );
    changes
}

fn connections(n: u32) -> String {
    if n == 1 { "1 connection is".to_owned() } else { format!("{n} connections are") }
}

/// The lines that differ, where nothing else tells of the difference.
pub fn lines(before: &RunFacts, now: &RunFacts) -> Vec<Change> {
    const SHOWN: usize = 6;
    if before.lines == now.lines {
        return Vec::new();
    }
    let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let (old, new) = (text(&before.lines), text(&now.lines));
    let diff = TextDiff::from_lines(&old, &new);
    let told = diff.iter_all_changes().filter_map(|change| {
        let line = change.value().trim_end();
        let sentence = match change.tag() {
            ChangeTag::Equal => return None,
            ChangeTag::Insert if before.lines.iter().any(|old| old == line) => {
                format!("at another place in the order of events: {line}")
            }
            ChangeTag::Delete if now.lines.iter().any(|new| new == line) => return None,
            ChangeTag::Insert => format!("now: {line}"),
            ChangeTag::Delete => format!("no longer: {line}"),
        };
        Some(Change::drifted(sentence))
    });
    let mut told: Vec<Change> = told.collect();
    if told.is_empty() {
        // Only how often a line occurs changed.
        told.push(Change::drifted("some events happen more or less often"));
    }
    let more = told.len().saturating_sub(SHOWN);
    told.truncate(SHOWN);
    if more > 0 {
        told.push(Change::drifted(format!("and {more} more lines of the transcript")));
    }
    told
}
