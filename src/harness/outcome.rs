//! What a result comes to: as accepted, accepted now, or a failed trial that says what is different.

use std::path::Path;

use closewait_oracle::gate::ResultFacts;
use closewait_report::accepted::{Difference, DifferenceKind, Snapshots};
use closewait_report::document::of_result;
use closewait_report::gate::{Meaning, meaning};
use closewait_report::snapshot::Snapshot;
use closewait_scenario::Scenario;
use libtest_mimic::Failed;
use similar::TextDiff;

use super::environment::{ACCEPT, Acceptance};
use crate::suite::{Mark, RunResult};

/// Who writes the snapshots, as their header says.
pub(super) const SOURCE: &str = "closewait::harness";

/// How a trial passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// The result is the accepted one, or is from now on.
    AsAccepted,
    /// Only times or words differ from what is accepted.
    Reworded,
}

/// Compares a result with its accepted snapshot by meaning, as the gate does, and accepts it where that is asked for.
pub(super) fn of(
    (snapshots, version): (&Snapshots, &str),
    scenario: &Scenario,
    result: &RunResult,
    acceptance: Acceptance,
    trial: &str,
) -> Result<Passed, Failed> {
    let found = Snapshot::of(scenario, result);
    if acceptance == Acceptance::All {
        snapshots.refresh(result.client, &scenario.id, version, &found)?;
    }
    let Some(difference) = snapshots.compare(result.client, &scenario.id, found)? else {
        return Ok(Passed::AsAccepted);
    };
    if is_accepted(&difference, result, acceptance) {
        snapshots.accept(&difference, version)?;
        return Ok(Passed::AsAccepted);
    }
    let news = news(&difference, &of_result(scenario, result).facts());
    if news == Some(Meaning::Same) {
        return Ok(Passed::Reworded);
    }
    let path = snapshots.path(result.client, &scenario.id);
    Err(describe(&difference, news, result, &path, trial).into())
}

/// What is new is accepted by itself, for somebody to look at. A run that was stopped is not: a hang would pass for `ok`.
fn is_accepted(difference: &Difference, result: &RunResult, acceptance: Acceptance) -> bool {
    let is_new = matches!(difference.kind, DifferenceKind::New { .. });
    match acceptance {
        Acceptance::All => true,
        Acceptance::New => is_new && !is_stopped(result),
        Acceptance::Nothing => false,
    }
}

/// Whether a watchdog stopped the run or its control, or the client panicked.
fn is_stopped(result: &RunResult) -> bool {
    result.mark() == Mark::Stopped
}

/// What a changed snapshot means.
fn news(Difference { kind, .. }: &Difference, found: &ResultFacts) -> Option<Meaning> {
    match kind {
        DifferenceKind::Changed { accepted, .. } => Some(meaning(accepted, found)),
        DifferenceKind::New { .. } | DifferenceKind::Gone => None,
    }
}

/// Snapshots whose scenario is gone: removed where that is asked for.
pub(super) fn of_orphans(
    (snapshots, version): (&Snapshots, &str),
    orphans: Vec<Difference>,
    acceptance: Acceptance,
) -> Result<(), Failed> {
    if acceptance == Acceptance::All {
        for orphan in &orphans {
            snapshots.accept(orphan, version)?;
        }
        return Ok(());
    }
    if orphans.is_empty() {
        return Ok(());
    }
    let files: Vec<String> = orphans
        .iter()
        .map(|orphan| format!("  {}", snapshots.path(&orphan.client, &orphan.scenario).display()))
        .collect();
    Err(format!("snapshots without a scenario; {ACCEPT}=1 removes them:\n{}", files.join("\n")).into())
}

fn describe(
    difference: &Difference,
    news: Option<Meaning>,
    result: &RunResult,
    path: &Path,
    trial: &str,
) -> String {
    let again = format!("to accept it: {ACCEPT}=1 cargo test --test {} -- --exact '{trial}'", target());
    match &difference.kind {
        DifferenceKind::New { found } if is_stopped(result) => {
            format!(
                "the run was stopped, and no snapshot is accepted yet at {}\n\n{}\n\n{again}",
                path.display(),
                found.body
            )
        }
        DifferenceKind::New { found } => {
            format!("no snapshot is accepted yet at {}\n\n{}\n\n{again}", path.display(), found.body)
        }
        DifferenceKind::Changed { accepted, found } => {
            let news = match news {
                Some(Meaning::Changed(news)) => news,
                Some(Meaning::Unknown(problem)) => format!("{problem}\n"),
                Some(Meaning::Same) | None => String::new(),
            };
            let diff = TextDiff::from_lines(&accepted.body, &found.body);
            let lines = diff
                .unified_diff()
                .context_radius(2)
                .missing_newline_hint(false)
                .header("accepted", "found")
                .to_string();
            format!("{news}not as accepted in {}\n\n{lines}\n{again}", path.display())
        }
        DifferenceKind::Gone => format!("{} has no scenario any more", path.display()),
    }
}

/// The name of the test, from the name of its binary.
pub(super) fn target() -> String {
    let binary = std::env::current_exe().ok();
    let stem = binary.as_deref().and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
    let stem = stem.unwrap_or_else(|| "closewait".to_owned());
    match stem.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()) => {
            name.to_owned()
        }
        _ => stem,
    }
}
