//! A planted defect is a regression: exactly one result for each scenario that it shows in, with a sentence that names
//! request, connection and cause.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use closewait::client::reference::{Defect, with_defect};
use closewait::gate::{
    GateVerdict, Kind, OutcomeFacts, Place, ResultFacts, Rules, RunFacts, State, VerdictFacts, compare,
    decide,
};
use closewait::report::document::Document;
use closewait::report::gate::{Input, junit, markdown, sarif, terminal};
use closewait::report::results::Results;
use closewait::report::snapshot::Snapshot;
use libtest_mimic::{Failed, Trial};

use super::super::planted_bugs::PLANTED;
use super::super::played::{document, reference, result, results, results_with};
use super::facts::as_snapshots_tell;

/// `gate::planted::<defect>`.
pub(super) fn trials() -> Vec<Trial> {
    let trial = |(defect, scenario, _)| {
        Trial::test(format!("gate::planted::{defect}"), move || check(defect, scenario))
    };
    PLANTED.into_iter().map(trial).collect()
}

/// The correct client, as a results file and as snapshots tell of it.
fn correct() -> &'static [Vec<ResultFacts>; 2] {
    static CORRECT: LazyLock<[Vec<ResultFacts>; 2]> = LazyLock::new(|| {
        let results = results(&[reference()]);
        let snapshots = results.entries.iter().map(|entry| {
            let found = Snapshot::of(entry.scenario, &entry.result).facts();
            let outcome = found.expect("a snapshot is read back").expect("it has facts");
            ResultFacts { scenario: entry.scenario.id.clone(), client: "reference".to_owned(), outcome }
        });
        let snapshots = snapshots.collect();
        [document(&results).facts(), snapshots]
    });
    &CORRECT
}

/// The results of the scenarios in which the defect changes anything. Where it changes nothing there is nothing to compare:
/// what is told of a run is told from its result.
fn changed(defect: Defect) -> Results<'static> {
    let mut results = results_with(with_defect(defect));
    results.entries.retain(|entry| entry.result.outcome != result(&entry.scenario.id, "reference").outcome);
    results
}

/// `planted` is the scenario that the defect was planted for.
fn check(defect: Defect, planted: &str) -> Result<(), Failed> {
    let document = document(&changed(defect));
    let now = document.facts();
    let [file, snapshots] = correct().each_ref().map(|correct| {
        let is_changed =
            |result: &&ResultFacts| now.iter().any(|changed| changed.scenario == result.scenario);
        correct.iter().filter(is_changed).cloned().collect::<Vec<_>>()
    });
    let comparison = compare(&file, &now);
    let untold: Vec<ResultFacts> = file.iter().cloned().map(as_snapshots_tell).collect();
    if compare(&untold, &now) != compare(&snapshots, &now) {
        return Err("a results file and snapshots do not compare alike".into());
    }
    // The correct client violates nothing, so whatever is violated now has become worse.
    let wrong: BTreeSet<&str> =
        now.iter().filter(|result| is_wrong(result)).map(|result| result.scenario.as_str()).collect();
    let regressed: Vec<_> =
        comparison.results.iter().filter(|result| result.state == State::Regressed).collect();
    let named: Vec<&str> = regressed.iter().map(|result| result.scenario.as_str()).collect();
    let once: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(named.len(), once.len(), "a cell is there once");
    assert_eq!(once, wrong, "regressed is what is violated");
    assert!(once.contains(planted), "{defect} shows in {planted}");
    for result in regressed {
        let lead = &result.changes[0];
        assert_eq!(lead.kind, Kind::Regressed, "what got worse comes first: {result:#?}");
        assert!(lead.severity.is_some(), "{lead:?}");
        let played = now.iter().find(|facts| facts.scenario == result.scenario).ok_or("it was played")?;
        assert_stands_alone(&lead.headline(), lead.place, played);
    }
    let affected = once.len();
    let verdict = decide(comparison, &Rules::default(), true);
    assert_told_once(&document, &verdict, affected)
}

/// The sentence names a request, a connection and a cause, wherever the trace has them.
fn assert_stands_alone(headline: &str, place: Place, played: &ResultFacts) {
    let OutcomeFacts::Ran { run, .. } = &played.outcome else { panic!("{}: was played", played.scenario) };
    let at = |what: &str| format!("{}: no {what} in: {headline}", played.scenario);
    let oracle =
        headline.contains(": holds → violated: ") || headline.contains(": not exercised → violated: ");
    assert!(oracle || headline.contains("the run is stopped: "), "{}", at("oracle that accuses"));
    assert!(run.requests.iter().any(|request| names(headline, &request.id)), "{}", at("request"));
    let numbered = headline.split("connection").skip(1).any(|rest| {
        rest.trim_start_matches('s').trim_start().starts_with(|char: char| char.is_ascii_digit())
    });
    // Of a control only outcomes and violations are compared: which connection is not known.
    let connected = place == Place::Run && run.requests.iter().any(|request| !request.attempts.is_empty());
    assert!(numbered || !connected || headline.contains("never written"), "{}", at("connection"));
    let caused = CAUSES.iter().any(|words| headline.contains(words));
    assert!(caused || place == Place::Control || run.causes.is_empty(), "{}", at("cause"));
}

/// How sentences begin to say why.
const CAUSES: [&str; 8] =
    [", W", " — cause: ", "; cause: ", " after ", " although ", " though ", " limit is ", "; the budget is "];

/// Whether a sentence names a request by its id. `a` may be an article: then it stands before a noun.
fn names(sentence: &str, id: &str) -> bool {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let is_id = |(place, word): (usize, &&str)| {
        let before = place.checked_sub(1).map_or("", |place| words[place]);
        let after = words.get(place + 1).copied().unwrap_or_default();
        let stands = id != "a"
            || *word != "a"
            || before.ends_with(':')
            || before.starts_with("request")
            || after.is_empty();
        word.trim_end_matches([',', ';', ':', ')']) == id && stands
    };
    words.iter().enumerate().any(is_id)
}

/// One cell for each scenario, in every form of the report, and nothing else that closes the gate.
fn assert_told_once(document: &Document, verdict: &GateVerdict, regressed: usize) -> Result<(), Failed> {
    let input = Input {
        document,
        verdict,
        baseline: "before",
        unlike: None,
        is_accepted: true,
        rules: "closewait.toml",
    };
    let plain = anstream::adapter::strip_str(&terminal(&input)).to_string();
    assert_eq!(plain.lines().filter(|line| line.starts_with("regressed  ")).count(), regressed, "terminal");
    let page = markdown(&input, usize::MAX);
    assert_eq!(page.matches("\n### 🔴 regressed: ").count(), regressed, "Markdown");
    assert_eq!(page.matches("\n### 🔴 ").count(), regressed, "Markdown");
    let log: serde_json::Value = serde_json::from_str(&sarif(&input)?)?;
    let results = log["runs"][0]["results"].as_array().ok_or("results")?;
    assert_eq!(results.iter().filter(|result| result["level"] == "error").count(), regressed, "SARIF");
    assert_eq!(results.len(), verdict.changed().count(), "SARIF");
    let xml = junit(&input)?;
    assert_eq!(xml.matches("<failure ").count(), regressed, "JUnit");
    for result in verdict.changed() {
        let headline = result.lead().ok_or("a cell that changed has a change")?.headline();
        assert!(plain.lines().any(|line| line == format!("  {headline}")), "{headline}");
    }
    Ok(())
}

fn is_wrong(result: &ResultFacts) -> bool {
    let wrong = |run: &RunFacts| {
        run.stopped.is_some()
            || run.findings.iter().any(|finding| matches!(finding.verdict, VerdictFacts::Violated(_)))
    };
    match &result.outcome {
        OutcomeFacts::Ran { run, control } => wrong(run) || control.as_ref().is_some_and(|c| wrong(c)),
        OutcomeFacts::Unsupported { .. } => false,
    }
}
