//! A run, its results file and its snapshot say the same to a comparison.

use closewait::client::{self, UnderTest};
use closewait::gate::{OutcomeFacts, ResultFacts, RunFacts, State, VerdictFacts, compare};
use closewait::report::baseline;
use closewait::report::document::read;
use closewait::report::snapshot::{SOURCE, Snapshot};
use libtest_mimic::{Failed, Trial};

use super::super::played::{document, results};

/// `gate::facts::<client>`, and that the accepted state is no change.
pub(super) fn trials() -> Vec<Trial> {
    let trial = |client: &&'static dyn UnderTest| {
        let client = *client;
        Trial::test(format!("gate::facts::{}", client.name()), move || check(client))
    };
    client::built_in().iter().map(trial).collect()
}

fn check(client: &'static dyn UnderTest) -> Result<(), Failed> {
    let results = results(&[client]);
    let played = document(&results);
    let from_file = read("results.json", &played.to_json()?)?.facts();
    let mut from_snapshots = Vec::new();
    let mut differ: Vec<String> = Vec::new();
    for ((entry, from_run), from_file) in results.entries.iter().zip(played.facts()).zip(&from_file) {
        let text = Snapshot::of(entry.scenario, &entry.result).file(SOURCE, client.name(), client.version());
        let from_snapshot = from_snapshot(&from_run, &text)
            .map_err(|problem| format!("{}: {problem}\n{text}", entry.scenario.id))?;
        for (one, other) in [(&from_run, from_file), (&as_snapshots_tell(from_run.clone()), &from_snapshot)] {
            differ.extend(
                same(one, other).err().map(|difference| format!("{}\n{difference}", entry.scenario.id)),
            );
        }
        from_snapshots.push(from_snapshot);
    }
    if !differ.is_empty() {
        return Err(differ.join("\n").into());
    }
    // What is in the repository is what was just played: an upgrade that changes nothing has no diff.
    let mut accepted =
        baseline::of_folder(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots"))?;
    accepted.retain(|result| result.client == client.name());
    for baseline in [accepted, from_snapshots] {
        let comparison = compare(&baseline, &from_file);
        let changed: Vec<_> =
            comparison.results.iter().filter(|result| result.state != State::Same).collect();
        if !changed.is_empty() {
            return Err(format!("changed: {changed:#?}").into());
        }
    }
    Ok(())
}

fn same(one: &ResultFacts, other: &ResultFacts) -> Result<(), String> {
    let (one, other) = (format!("{one:#?}\n"), format!("{other:#?}\n"));
    let diff = similar::TextDiff::from_lines(&one, &other);
    if one == other { Ok(()) } else { Err(diff.unified_diff().context_radius(4).to_string()) }
}

/// The facts of the same result in a file.
fn from_snapshot(result: &ResultFacts, text: &str) -> Result<ResultFacts, &'static str> {
    let outcome = Snapshot::parse(text)?.facts()?.ok_or("it has no facts")?;
    Ok(ResultFacts { outcome, ..result.clone() })
}

/// Snapshots tell neither severities, causes nor bytes: what can be is looked up in the run that is compared with them.
pub(super) fn as_snapshots_tell(mut facts: ResultFacts) -> ResultFacts {
    fn strip(run: &mut RunFacts) {
        run.causes.clear();
        run.bytes = None;
        for finding in &mut run.findings {
            if let VerdictFacts::Violated(violations) = &mut finding.verdict {
                violations.iter_mut().for_each(|violation| violation.severity = None);
            }
        }
    }
    if let OutcomeFacts::Ran { run, control } = &mut facts.outcome {
        strip(run);
        control.iter_mut().for_each(|control| strip(control));
    }
    facts
}
