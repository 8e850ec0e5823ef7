//! What a result comes to: as accepted, accepted now, or a failed trial that says what is different.

use std::path::Path;

use closewait_oracle::gate::CellFacts;
use closewait_report::document::of_cell;
use closewait_report::gate::changes;
use closewait_report::results::{Difference, DifferenceKind};
use closewait_report::snapshot::Snapshot;
use closewait_scenario::Scenario;
use libtest_mimic::Failed;
use similar::TextDiff;

use super::environment::{ACCEPT, Acceptance};
use super::trial::Prepared;
use crate::suite::Cell;

/// Who writes the snapshots, as their header says.
pub(super) const SOURCE: &str = "closewait::harness";

/// Compares a result with its accepted snapshot, and accepts it where that is asked for.
pub(super) fn of(
    suite: &Prepared,
    scenario: &Scenario,
    cell: &Cell,
    acceptance: Acceptance,
    trial: &str,
) -> Result<(), Failed> {
    let found = Snapshot::of(scenario, cell);
    if acceptance == Acceptance::All {
        suite.snapshots.refresh(cell.client, &scenario.id, suite.version, &found)?;
    }
    let Some(difference) = suite.snapshots.compare(cell.client, &scenario.id, found)? else { return Ok(()) };
    let is_new = matches!(difference.kind, DifferenceKind::New { .. });
    if acceptance == Acceptance::All || (acceptance == Acceptance::New && is_new) {
        suite.snapshots.accept(&difference, suite.version)?;
        return Ok(());
    }
    let path = suite.snapshots.path(cell.client, &scenario.id);
    let facts = of_cell(scenario, cell).facts();
    Err(describe(&difference, &facts, &path, trial).into())
}

/// Snapshots whose scenario is gone: removed where that is asked for.
pub(super) fn of_orphans(
    suite: &Prepared,
    orphans: Vec<Difference>,
    acceptance: Acceptance,
) -> Result<(), Failed> {
    if acceptance == Acceptance::All {
        for orphan in &orphans {
            suite.snapshots.accept(orphan, suite.version)?;
        }
        return Ok(());
    }
    if orphans.is_empty() {
        return Ok(());
    }
    let files: Vec<String> = orphans
        .iter()
        .map(|orphan| format!("  {}", suite.snapshots.path(&orphan.client, &orphan.scenario).display()))
        .collect();
    Err(format!("snapshots without a scenario; {ACCEPT}=1 removes them:\n{}", files.join("\n")).into())
}

fn describe(difference: &Difference, now: &CellFacts, path: &Path, trial: &str) -> String {
    let again = format!("to accept it: {ACCEPT}=1 cargo test --test {} -- --exact '{trial}'", target());
    match &difference.kind {
        DifferenceKind::New { found } => {
            format!("no snapshot is accepted yet at {}\n\n{}\n\n{again}", path.display(), found.body)
        }
        DifferenceKind::Changed { accepted, found } => {
            let news = match changes(accepted, now) {
                Ok(news) if news.is_empty() => "only times or words differ\n".to_owned(),
                Ok(news) => news,
                Err(problem) => format!("{problem}\n"),
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
