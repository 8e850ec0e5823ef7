//! Strips for a terminal.

use closewait_explore::sweep::{Mark, Row};

use super::fold::{fold, points_per_column};
use crate::terminal::style::{self, ADVICE, FAINT, HEADING, paint};

/// The timelines, a paragraph for each workload and client, and what the signs say. No row is wider than `width`
/// columns; `None` is as wide as it takes.
pub fn timelines_as_text(rows: &[Row], width: Option<usize>) -> String {
    let mut text = String::new();
    for rows in rows.chunk_by(|a, b| (&a.workload, &a.client) == (&b.workload, &b.client)) {
        text += &paragraph(rows, width);
    }
    text + &legend()
}

fn paragraph(rows: &[Row], width: Option<usize>) -> String {
    let label = rows.iter().map(|row| row.fault.chars().count()).max().unwrap_or(0);
    let points = rows.iter().map(|row| row.marks.len()).max().unwrap_or(0);
    let room = width.map_or(points, |width| width.saturating_sub(label + 4));
    let per_column = points_per_column(points, room);
    let shared = match per_column {
        1 => String::new(),
        n => paint(FAINT, format!("  a column is {n} points, the worst is shown")),
    };
    let Some(Row { workload, client, .. }) = rows.first() else { return String::new() };
    let mut text = format!("{}{shared}\n", paint(HEADING, format!("{workload} · {client}")));
    for row in rows {
        let marks: Vec<Mark> = row.marks.iter().map(|point| point.mark).collect();
        text += &format!("  {:label$}  {}\n", row.fault, signs(&fold(&marks, per_column)));
    }
    text + "\n"
}

/// Painted in runs: an escape code for each sign would be most of the text.
fn signs(marks: &[Mark]) -> String {
    let runs = marks.chunk_by(|a, b| a == b);
    runs.map(|run| paint(style_of(run[0]), run[0].sign().to_string().repeat(run.len()))).collect()
}

pub(super) fn legend() -> String {
    let sign = |mark: Mark| format!("{} {}", paint(style_of(mark), mark.sign()), mark.meaning());
    format!("{}\n", Mark::ALL.map(sign).join("   "))
}

pub(super) fn style_of(mark: Mark) -> anstyle::Style {
    match mark {
        Mark::Violation => style::BAD,
        Mark::Surfaced | Mark::Retried => ADVICE,
        Mark::NewConnection | Mark::Ok => style::GOOD,
        Mark::NotReached | Mark::Unsupported => FAINT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use closewait_explore::sweep::{Record, timelines};

    fn record(run: usize, fault: &str, mark: Mark) -> Record {
        let (workload, client) = ("work".to_owned(), "client".to_owned());
        let (violated, advised) = (Vec::new(), Vec::new());
        Record {
            run,
            workload,
            client,
            fault: fault.to_owned(),
            at: None,
            mark,
            violated,
            advised,
            why: None,
        }
    }

    fn text(width: Option<usize>) -> String {
        let marks = [Mark::Ok, Mark::Retried, Mark::Retried, Mark::Violation, Mark::NewConnection, Mark::Ok];
        let mut records = vec![record(0, "none", Mark::Ok)];
        records.extend((1..).zip(marks).map(|(at, mark)| record(at, &format!("fin/1@{at}ms"), mark)));
        records.push(record(7, "crash@3ms", Mark::Surfaced));
        anstream::adapter::strip_str(&timelines_as_text(&timelines(&records), width)).to_string()
    }

    #[test]
    fn a_row_has_a_mark_for_each_point() {
        let text = text(None);
        assert!(text.contains("work · client\n  none   ·\n  fin/1  ·rr✗+·\n  crash  e\n"), "{text}");
        assert!(text.contains("✗ violation"), "{text}");
    }

    #[test]
    fn a_wide_row_is_folded() {
        let text = text(Some(12));
        assert!(text.contains("a column is 2 points"), "{text}");
        assert!(text.contains("  fin/1  r✗+\n"), "{text}");
    }
}
