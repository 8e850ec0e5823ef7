//! The sections in their order.

use closewait_oracle::RunOutcome;

use super::fold::fold;
use super::style::{HEADING, paint};
use super::{differences, gaps, matrix, summary, violations};
use crate::results::Results;
use crate::snapshot;
use crate::transcript::Transcript;

/// How much is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Detail {
    /// A row for each scenario, each violation with its proof also where all is as accepted, and what each scenario does not exercise.
    pub verbose: bool,
    /// The transcript of every run.
    pub transcript: bool,
    /// How many columns there are; `None` if lines may be of any width.
    pub width: Option<usize>,
}

/// So many results are told in full, all as accepted or not: they fit on a screen or two.
const IN_FULL: usize = 40;

/// The whole report, with ANSI colours; the stream it is written to strips them if need be.
pub fn render(results: &Results<'_>, detail: Detail) -> String {
    let mut page = String::new();
    if detail.transcript {
        page += &transcripts(results);
    }
    let is_known = is_as_accepted(results) || differences::are_all_new(results);
    if !detail.verbose && is_known && results.entries.len() > IN_FULL {
        page += &matrix::brief(results, detail.width);
        page += &violations::brief(results);
    } else {
        page += &matrix::section(results, detail.verbose, detail.width);
        page += &violations::section(results, detail.verbose);
        page += &gaps::section(results, detail.verbose);
    }
    page += &differences::section(results);
    page += &summary::section(results);
    detail.width.map_or_else(|| page.clone(), |width| fold(&page, width))
}

/// Nothing is new to anybody: what is known is told by its kind.
fn is_as_accepted(results: &Results<'_>) -> bool {
    results.differences.as_ref().is_some_and(Vec::is_empty)
}

/// The transcripts, with the findings: what the snapshots hold, and the control in full.
fn transcripts(results: &Results<'_>) -> String {
    let mut text = String::new();
    for entry in &results.entries {
        let title = format!("{} · {}", entry.scenario.id, entry.result.client);
        text += &format!(
            "{}\n{}\n",
            paint(HEADING, title),
            snapshot::body(entry.scenario, &entry.result.outcome)
        );
        if let RunOutcome::Ran { control: Some(control), .. } = &entry.result.outcome {
            let quiet = entry.scenario.control();
            let transcript = Transcript::of(quiet.as_ref().unwrap_or(entry.scenario), &control.trace);
            text += &format!("\ncontrol, in full\n{transcript}");
        }
        text.push('\n');
    }
    text
}
