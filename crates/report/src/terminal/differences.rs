//! Where results are not the accepted ones.

use similar::{ChangeTag, TextDiff};

use super::style::{BAD, FAINT, GOOD, HEADING, heading, paint};
use crate::accepted::{Difference, DifferenceKind};
use crate::results::Results;

/// At most this many lines of difference for one snapshot, and snapshots shown with their lines.
const LINES: usize = 40;
const SNAPSHOTS: usize = 10;

/// Nothing, or every snapshot that differs; the first ones with their lines.
pub fn section(results: &Results<'_>) -> String {
    let differences = results.differences.as_deref().unwrap_or_default();
    // That there is nothing to compare with is said once, in the summary.
    if differences.is_empty() || are_all_new(results) {
        return String::new();
    }
    let mut text = heading("Not as accepted (closewait run --accept makes this the accepted state)");
    for (index, difference) in differences.iter().enumerate() {
        text += &title(difference);
        if index < SNAPSHOTS {
            text += &lines(difference);
        }
    }
    text
}

/// Whether no result has a snapshot, so that there is nothing to compare with.
pub fn are_all_new(results: &Results<'_>) -> bool {
    let differences = results.differences.as_deref().unwrap_or_default();
    let is_new = |difference: &Difference| matches!(difference.kind, DifferenceKind::New { .. });
    differences.len() > 1 && differences.len() == results.entries.len() && differences.iter().all(is_new)
}

fn title(Difference { client, scenario, kind }: &Difference) -> String {
    let what = match kind {
        DifferenceKind::New { .. } => "no snapshot yet",
        DifferenceKind::Changed { .. } => "changed",
        DifferenceKind::Gone => "the snapshot has no scenario any more",
    };
    format!("  {}  {}  {what}\n", paint(HEADING, scenario), paint(FAINT, client))
}

fn lines(difference: &Difference) -> String {
    let DifferenceKind::Changed { accepted, found } = &difference.kind else { return String::new() };
    let lines = unified(&accepted.body, &found.body);
    let mut text: String = lines.iter().take(LINES).map(String::as_str).collect();
    if lines.len() > LINES {
        text += &format!("    {}\n", paint(FAINT, format!("… and {} more lines", lines.len() - LINES)));
    }
    text
}

fn unified(accepted: &str, found: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(accepted, found);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(2).iter().enumerate() {
        if index > 0 {
            lines.push(format!("    {}\n", paint(FAINT, "⋮")));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end_matches('\n');
            lines.push(match change.tag() {
                ChangeTag::Equal => format!("{}\n", format!("      {line}").trim_end()),
                ChangeTag::Delete => format!("    {}\n", paint(BAD, format!("- {line}"))),
                ChangeTag::Insert => format!("    {}\n", paint(GOOD, format!("+ {line}"))),
            });
        }
    }
    lines
}
