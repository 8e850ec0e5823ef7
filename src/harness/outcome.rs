//! What a result comes to: as accepted, accepted now, or a failed trial that says what is different.

use std::path::Path;

use libtest_mimic::Failed;
use similar::TextDiff;

use super::environment::{ACCEPT, Acceptance};
use super::trial::Prepared;
use crate::report::results::{Difference, DifferenceKind};
use crate::report::snapshot;
use crate::scenario::Scenario;
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
    let body = snapshot::body(scenario, &cell.result);
    let Some(difference) = suite.snapshots.compare(cell.client, &scenario.id, &body)? else { return Ok(()) };
    let is_new = matches!(difference.kind, DifferenceKind::New { .. });
    if acceptance == Acceptance::All || (acceptance == Acceptance::New && is_new) {
        suite.snapshots.accept(&difference, suite.version)?;
        return Ok(());
    }
    let path = suite.snapshots.path(cell.client, &scenario.id);
    Err(describe(&difference, &path, trial).into())
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

fn describe(difference: &Difference, path: &Path, trial: &str) -> String {
    let again = format!("to accept it: {ACCEPT}=1 cargo test --test {} -- --exact '{trial}'", target());
    match &difference.kind {
        DifferenceKind::New { found } => {
            format!("no snapshot is accepted yet at {}\n\n{found}\n\n{again}", path.display())
        }
        DifferenceKind::Changed { accepted, found } => {
            let news = news(accepted, found);
            let diff = TextDiff::from_lines(accepted, found);
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

/// The violations that are not accepted, and those that are no more: first, since they are what matters.
fn news(accepted: &str, found: &str) -> String {
    let violations = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains(" VIOLATED · ")).map(words).collect()
    };
    let (before, now) = (violations(accepted), violations(found));
    let mut text = String::new();
    for line in now.iter().filter(|line| !before.contains(line)) {
        text += &format!("regressed: {line}\n");
    }
    for line in before.iter().filter(|line| !now.contains(line)) {
        text += &format!("fixed: {line}\n");
    }
    if text.is_empty() { "drifted: the behaviour changed, no verdict did\n".to_owned() } else { text }
}

fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ").replace(" VIOLATED · ", ": ")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accepted: &str, found: &str, expected: &str) {
        assert_eq!(news(accepted, found), expected);
    }

    #[test]
    fn what_matters_is_said_first() {
        const HOLDS: &str = "title\n\nfindings\n  no-leak  holds · 1 connection";
        const VIOLATED: &str = "title\n\nfindings\n  no-leak  VIOLATED · 1 socket is left";
        check(HOLDS, VIOLATED, "regressed: no-leak: 1 socket is left\n");
        check(VIOLATED, HOLDS, "fixed: no-leak: 1 socket is left\n");
        check("title\n\n 0 ms  a", "title\n\n 1 ms  a", "drifted: the behaviour changed, no verdict did\n");
    }
}
