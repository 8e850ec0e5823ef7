//! A planted defect is a regression: exactly one cell for each scenario that it shows in, with a sentence that says why.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use closewait::client::reference::{Defect, with_defect};
use closewait::gate::{CellFacts, CellOutcome, Kind, RunFacts, State, VerdictFacts, compare};
use closewait::report::document::Document;
use closewait::report::facts::of_snapshot;
use closewait::report::snapshot;
use libtest_mimic::{Failed, Trial};

use super::super::planted_bugs::PLANTED;
use super::super::reference::reference;
use super::played::{catalogue, document, results};

/// `gate::planted::<defect>`.
pub(super) fn trials() -> Vec<Trial> {
    let trial = |(defect, scenario, _)| {
        Trial::test(format!("gate::planted::{defect}"), move || check(defect, scenario))
    };
    PLANTED.into_iter().map(trial).collect()
}

/// The sound client, as a results file and as snapshots.
fn sound() -> &'static (Document, Vec<CellFacts>) {
    static SOUND: OnceLock<(Document, Vec<CellFacts>)> = OnceLock::new();
    SOUND.get_or_init(|| {
        let results = results(&[reference()]);
        let snapshots = results.entries.iter().map(|entry| {
            let body = snapshot::body(entry.scenario, &entry.cell.result);
            of_snapshot("reference", &entry.scenario.id, &body).expect("a snapshot is read back")
        });
        let snapshots = snapshots.collect();
        (document(&results), snapshots)
    })
}

/// `planted` is the scenario that the defect was planted for.
fn check(defect: Defect, planted: &str) -> Result<(), Failed> {
    let (sound, snapshots) = sound();
    let results = results(&[with_defect(defect)]);
    let now = document(&results).facts();
    let comparison = compare(&sound.facts(), &now);
    if comparison != compare(snapshots, &now) {
        return Err("a results file and snapshots do not compare alike".into());
    }
    // The sound client violates nothing, so whatever is violated now has become worse.
    let wrong: BTreeSet<&str> =
        now.iter().filter(|cell| is_wrong(cell)).map(|cell| cell.scenario.as_str()).collect();
    let regressed: Vec<_> = comparison.cells.iter().filter(|cell| cell.state == State::Regressed).collect();
    let named: Vec<&str> = regressed.iter().map(|cell| cell.scenario.as_str()).collect();
    let once: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(named.len(), once.len(), "a cell is there once");
    assert_eq!(once, wrong, "regressed is what is violated");
    assert!(once.contains(planted), "{defect} shows in {planted}");
    for cell in regressed {
        let scenario = catalogue().get(&cell.scenario)?;
        let mut worse = cell.changes.iter().filter(|change| change.kind == Kind::Regressed).peekable();
        assert_eq!(worse.peek().map(|first| first.kind), cell.changes.first().map(|first| first.kind));
        let words = |sentence: &str| {
            let words = sentence.split(|char: char| !char.is_ascii_alphanumeric() && char != '-');
            words.map(str::to_owned).collect::<BTreeSet<_>>()
        };
        // Together the sentences name a request or a connection, and an oracle that accuses.
        let names_one = worse.clone().any(|change| {
            let words = words(&change.sentence);
            scenario.requests().any(|request| words.contains(&request.id))
                || ["connection", "connections"].iter().any(|word| words.contains(*word))
        });
        assert!(names_one, "{}: {:#?}", cell.scenario, cell.changes);
        for change in worse {
            let by_oracle = change.oracle.as_ref().is_some_and(|oracle| change.sentence.contains(oracle));
            let accused = by_oracle && change.sentence.contains("violated: ");
            // A watchdog accuses too, and is no oracle.
            let stopped = change.oracle.is_none() && change.sentence.contains("the run is stopped: ");
            assert!(accused || stopped, "{}: {change:?}", cell.scenario);
            assert!(change.severity.is_some(), "{change:?}");
        }
    }
    Ok(())
}

fn is_wrong(cell: &CellFacts) -> bool {
    let wrong = |run: &RunFacts| {
        run.stopped.is_some()
            || run.findings.iter().any(|finding| matches!(finding.verdict, VerdictFacts::Violated(_)))
    };
    match &cell.outcome {
        CellOutcome::Ran { run, control } => wrong(run) || control.as_ref().is_some_and(|c| wrong(c)),
        CellOutcome::Unsupported { .. } => false,
    }
}
