//! The diagram in characters, for terminals and Markdown.

use closewait_scenario::Direction;
use closewait_trace::Millis;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::model::{Arrow, ArrowKind, Ladder, Note, Side};
use crate::words::{grouped, one_line};

/// Columns between the two lines.
const WIDTH: usize = 60;

/// The diagram, one row for each thing that happens. An arrow that nothing comes between is one row, with the time of
/// its arrival at the right; else it is two: where it leaves, and where it arrives. `▒` at the client's line says that
/// a connection is stale, `!` that the row is part of the proof.
pub fn text(ladder: &Ladder) -> String {
    let mut page = format!("{:>13}client{}origin\n", "", " ".repeat(WIDTH - 8));
    let mut gaps = ladder.gaps.iter().peekable();
    for row in rows(ladder) {
        while let Some(gap) = gaps.next_if(|gap| gap.until_ms <= row.at) {
            let idle = format!("{} ms in which nothing happens", grouped(gap.until_ms - gap.from_ms));
            page += &format!("{:>13}┊{}┊\n", "", centred(&idle, ' '));
        }
        let proof = if row.proof { '!' } else { ' ' };
        let stale = ladder.stale.iter().any(|stale| (stale.from_ms..=stale.until_ms).contains(&row.at));
        let line = if stale { '▒' } else { '│' };
        let arrival = row.arrival.map_or(String::new(), |at| format!(" {} ms", grouped(at)));
        page += &format!("{proof}{:>8} ms {line}{}│{arrival}\n", grouped(row.at), row.middle);
    }
    for stale in &ladder.stale {
        let (from, until) = (grouped(stale.from_ms), grouped(stale.until_ms));
        page += &format!(
            "▒ connection {} was stale from {from} to {until} ms: {}\n",
            stale.connection,
            one_line(&stale.reason)
        );
    }
    page
}

struct Row {
    at: Millis,
    arrival: Option<Millis>,
    middle: String,
    proof: bool,
}

/// What happens at one end, at one event.
enum Point<'a> {
    Note(&'a Note),
    Departure(&'a Arrow),
    Arrival(&'a Arrow),
}

fn rows(ladder: &Ladder) -> Vec<Row> {
    let mut points: Vec<(usize, Point<'_>)> = Vec::new();
    points.extend(ladder.notes.iter().map(|note| (note.event, Point::Note(note))));
    for arrow in &ladder.arrows {
        points.push((arrow.sent_event, Point::Departure(arrow)));
        if let Some(event) = arrow.arrived_event.filter(|_| arrow.arrived_ms.is_some()) {
            points.push((event, Point::Arrival(arrow)));
        }
    }
    // A second arrival has one event for both: the departure comes first.
    points.sort_by_key(|(event, point)| (*event, matches!(point, Point::Arrival(_))));
    let mut rows = Vec::new();
    let mut points = points.into_iter().map(|(_, point)| point).peekable();
    while let Some(point) = points.next() {
        rows.push(match point {
            Point::Note(note) => noted(note),
            Point::Departure(arrow) => {
                let whole = points
                    .next_if(|next| matches!(next, Point::Arrival(other) if std::ptr::eq(*other, arrow)));
                if whole.is_some() { crossed(arrow) } else { departed(arrow) }
            }
            Point::Arrival(arrow) => arrived(arrow),
        });
    }
    rows
}

fn noted(note: &Note) -> Row {
    let label = clipped(&one_line(&note.label), WIDTH - 4);
    let pad = " ".repeat(WIDTH.saturating_sub(label.width() + 2));
    let middle = match note.side {
        Side::Client => format!(" {label}{pad} "),
        Side::Origin => format!(" {pad}{label} "),
        Side::Network => centred(&format!("~ {label} ~"), ' '),
    };
    Row { at: note.at_ms, arrival: None, middle, proof: note.proof }
}

fn crossed(arrow: &Arrow) -> Row {
    let label = label(arrow);
    let dashes = "─".repeat(WIDTH.saturating_sub(label.width() + 4));
    let middle = match arrow.to {
        Direction::ToOrigin => format!("─ {label} {dashes}▶"),
        Direction::ToClient => format!("◀{dashes} {label} ─"),
    };
    let later = arrow.arrived_ms.filter(|arrived| *arrived != arrow.sent_ms);
    Row { at: arrow.sent_ms, arrival: later, middle, proof: arrow.proof }
}

/// It leaves, and other things happen before it arrives, if it does.
fn departed(arrow: &Arrow) -> Row {
    let label = label(arrow);
    let end = if arrow.is_lost() { '✗' } else { '╌' };
    let half = (WIDTH / 2).saturating_sub(4).max(label.width());
    let dashes = "─".repeat(half.saturating_sub(label.width()) + 1);
    let drawn = label.width() + dashes.width() + 4;
    let pad = " ".repeat(WIDTH.saturating_sub(drawn));
    let middle = match arrow.to {
        Direction::ToOrigin => format!("─ {label} {dashes}{end}{pad}"),
        Direction::ToClient => format!("{pad}{end}{dashes} {label} ─"),
    };
    Row { at: arrow.sent_ms, arrival: None, middle, proof: arrow.proof }
}

/// It arrives; it left on a row further up.
fn arrived(arrow: &Arrow) -> Row {
    let label = label(arrow);
    let half = (WIDTH / 2).saturating_sub(4).max(label.width());
    let dashes = "─".repeat(half.saturating_sub(label.width()) + 1);
    let drawn = label.width() + dashes.width() + 4;
    let pad = " ".repeat(WIDTH.saturating_sub(drawn));
    let middle = match arrow.to {
        Direction::ToOrigin => format!("{pad}╌{dashes} {label} ▶"),
        Direction::ToClient => format!("◀ {label} {dashes}╌{pad}"),
    };
    Row { at: arrow.arrived_ms.unwrap_or(arrow.sent_ms), arrival: None, middle, proof: arrow.proof }
}

/// `b on 1`, `FIN of 1`, with what is special about it.
fn label(arrow: &Arrow) -> String {
    let place = match arrow.stream {
        Some(stream) => format!("{}/{stream}", arrow.connection),
        None => arrow.connection.to_string(),
    };
    let by = if arrow.forged { ", from a middlebox" } else { "" };
    let lost = match arrow {
        arrow if arrow.is_lost() => ", lost",
        arrow if arrow.is_under_way() => ", still on its way",
        _ => "",
    };
    let again = match (arrow.again, arrow.segments) {
        (true, _) if arrow.folded => ", again".to_owned(),
        (true, 1) => ", again".to_owned(),
        (true, times) => format!(", again ×{times}"),
        (false, _) => String::new(),
    };
    let stale = if arrow.stale && arrow.kind == ArrowKind::Request { ", STALE" } else { "" };
    clipped(&format!("{place}: {}{by}{again}{lost}{stale}", one_line(&arrow.label)), WIDTH - 8)
}

fn centred(text: &str, fill: char) -> String {
    let text = clipped(text, WIDTH - 2);
    let free = WIDTH.saturating_sub(text.width());
    let fill = |n: usize| fill.to_string().repeat(n);
    format!("{}{text}{}", fill(free / 2), fill(free - free / 2))
}

fn clipped(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut used = 1;
    for char in text.chars() {
        used += char.width().unwrap_or(0);
        if used > room {
            break;
        }
        shown.push(char);
    }
    shown + "…"
}
