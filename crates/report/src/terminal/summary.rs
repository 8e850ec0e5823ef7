//! The last lines.

use closewait_oracle::Mark;

use super::differences::are_all_new;
use super::style::{self, BAD, GOOD, paint};
use crate::results::Results;

/// How many results of each mark, and whether they are as accepted.
pub fn section(results: &Results<'_>) -> String {
    let mut parts = Vec::new();
    for mark in Mark::ALL {
        let count = results.entries.iter().filter(|entry| entry.result.mark() == mark).count();
        if count > 0 {
            parts.push(paint(style::of(mark), format!("{} {count} {}", mark.sign(), legend(mark))));
        }
    }
    let runs = if results.entries.len() == 1 { "run" } else { "runs" };
    format!("\n{} {runs}: {}\n{}\n", results.entries.len(), parts.join("  "), agreement(results))
}

fn legend(mark: Mark) -> &'static str {
    match mark {
        Mark::NotTried => "not tried",
        Mark::Advised => "hold, with advice",
        Mark::Holds => "hold",
        other => other.name(),
    }
}

fn agreement(results: &Results<'_>) -> String {
    match results.differences.as_deref() {
        Some(new) if are_all_new(results) => format!(
            "{} results have no snapshot yet: `closewait run --accept` makes them the accepted\nones, `closewait run \
             --no-snapshots` compares with none",
            new.len()
        ),
        None => "not compared with the accepted snapshots".to_owned(),
        Some([]) => paint(GOOD, "everything is as accepted"),
        Some([_]) => paint(BAD, "1 result is not as accepted"),
        Some(more) => paint(BAD, format!("{} results are not as accepted", more.len())),
    }
}
