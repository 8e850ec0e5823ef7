//! What every scenario of the catalogue owes its readers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use closewait::lab::{self, Limits};
use closewait::oracle::{Finding, ORACLES, Verdict};
use closewait::scenario::{self, Protocol, Scenario};
use closewait::suite::RunOutcome;
use closewait::trace::End;
use libtest_mimic::{Failed, Trial};

use super::played::{catalogue, client, result};

/// `catalogue::<what>`.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, fault: fn(&Scenario) -> Option<String>| {
        Trial::test(format!("catalogue::{name}"), move || check(fault))
    };
    vec![
        Trial::test("catalogue::is-what-the-command-comes-with", is_what_the_command_comes_with),
        Trial::test("catalogue::has-every-kind-of-step", has_every_kind_of_step),
        Trial::test("catalogue::exercises-every-oracle", exercises_every_oracle),
        Trial::test("catalogue::has-unique-titles", has_unique_titles),
        Trial::test("catalogue::is-found-by-its-signatures", is_found_by_its_signatures),
        trial("names-an-issue-or-an-rfc", unsourced),
        trial("tells-what-breaks", untold),
        trial("expects-something", expects_nothing),
        trial("expects-something-of-every-request", forgets_a_request),
        trial("plays-to-its-end", does_not_end),
    ]
}

/// Every scenario that has the fault, all at once.
fn check(fault: fn(&Scenario) -> Option<String>) -> Result<(), Failed> {
    let faulty = |scenario: &Scenario| fault(scenario).map(|fault| format!("{}: {fault}", scenario.id));
    let faults: Vec<String> = catalogue().iter().filter_map(faulty).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n").into()) }
}

/// Every file of the folder is built in, as it is, and nothing else.
fn is_what_the_command_comes_with() -> Result<(), Failed> {
    let built_in = scenario::catalogue();
    let ids = |catalogue: &scenario::Catalogue| -> BTreeSet<String> {
        catalogue.iter().map(|scenario| scenario.id.clone()).collect()
    };
    assert_eq!(ids(&built_in), ids(catalogue()));
    let differs =
        |scenario: &&Scenario| built_in.get(&scenario.id).is_ok_and(|built_in| built_in != *scenario);
    let different: Vec<_> = catalogue().iter().filter(differs).map(|scenario| &scenario.id).collect();
    assert!(different.is_empty(), "built in as something else: {different:?}");
    Ok(())
}

/// A step that no scenario has is played by nobody. `everything.toml` and its companions have every key of the grammar.
fn has_every_kind_of_step() -> Result<(), Failed> {
    const EVERYTHING: [&str; 3] = [
        include_str!("everything.toml"),
        include_str!("everything-h2.toml"),
        include_str!("everything-tls.toml"),
    ];
    let words = |scenario: &Scenario| scenario.script.iter().map(|step| step.words()).collect::<Vec<_>>();
    let there: BTreeSet<_> = catalogue().iter().flat_map(words).collect();
    for text in EVERYTHING {
        let all = words(&scenario::parse("family/name", "everything", text)?);
        let missing: Vec<_> = all.iter().filter(|words| !there.contains(words)).collect();
        assert!(missing.is_empty(), "no scenario has {missing:?}");
    }
    Ok(())
}

/// With a client that behaves, each oracle has something to judge, over each version of HTTP that it concerns: an oracle
/// that nothing exercises cannot fail.
fn exercises_every_oracle() -> Result<(), Failed> {
    let versions = [Protocol::Http1, Protocol::H2];
    let concerned = |protocol| ORACLES.iter().filter(move |oracle| (oracle.concerns)(protocol));
    let mut idle: BTreeSet<(&str, bool)> = versions
        .into_iter()
        .flat_map(|protocol| concerned(protocol).map(move |oracle| (oracle.name, protocol.is_http2())))
        .collect();
    for scenario in catalogue().iter() {
        let RunOutcome::Ran { findings, .. } = &result(&scenario.id, "reference").outcome else { continue };
        let holds = |finding: &&Finding| matches!(finding.verdict, Verdict::Holds { .. });
        for finding in findings.iter().filter(holds) {
            idle.remove(&(finding.oracle, scenario.protocol.is_http2()));
        }
    }
    assert!(idle.is_empty(), "exercised by no scenario, over HTTP/2 or not: {idle:?}");
    Ok(())
}

fn has_unique_titles() -> Result<(), Failed> {
    let catalogue = catalogue();
    let mut titles = BTreeMap::new();
    for scenario in catalogue.iter() {
        if let Some(other) = titles.insert(scenario.title.to_lowercase(), &scenario.id) {
            return Err(format!("{} has the title of {other}", scenario.id).into());
        }
    }
    Ok(())
}

/// Whoever pastes a signature gets every scenario that has it, as a whole signature and not by chance.
fn is_found_by_its_signatures() -> Result<(), Failed> {
    let catalogue = catalogue();
    for scenario in catalogue.iter() {
        for signature in &scenario.signatures {
            let hits = catalogue.search(&format!("12:00:00 ERROR app: {signature} (os error 1)"));
            let found = hits.iter().find(|hit| hit.scenario.id == scenario.id);
            if found.is_none_or(|hit| hit.signature.is_none()) {
                return Err(format!("{} is not found by {signature:?}", scenario.id).into());
            }
        }
    }
    Ok(())
}

fn unsourced(scenario: &Scenario) -> Option<String> {
    let good = |source: &String| source.starts_with("https://") || source.starts_with("RFC ");
    (!scenario.sources.iter().any(good)).then(|| "no issue and no RFC".to_owned())
}

/// Two sentences are the least in which what breaks and why it happens can be said.
fn untold(scenario: &Scenario) -> Option<String> {
    let about = format!("{} ", scenario.about.replace('\n', " "));
    let sentences = about.matches(". ").count() + about.matches("? ").count();
    (sentences < 2).then(|| format!("{sentences} sentence(s)"))
}

fn expects_nothing(scenario: &Scenario) -> Option<String> {
    scenario.expect.is_empty().then(|| "no [expect]".to_owned())
}

fn forgets_a_request(scenario: &Scenario) -> Option<String> {
    let mut forgotten = scenario.requests().filter(|request| !scenario.expect.contains_key(&request.id));
    forgotten.next().map(|request| format!("{} has no expectation", request.id))
}

/// hyper-util has no limit on connections and no read timeout: what asks for them is played nevertheless, without.
fn does_not_end(scenario: &Scenario) -> Option<String> {
    let end = match &result(&scenario.id, "hyper-util").outcome {
        RunOutcome::Ran { trace, .. } => trace.end.clone(),
        RunOutcome::Unsupported { .. } => {
            lab::run_here(&Arc::new(scenario.clone()), client("hyper-util"), &Limits::default()).end
        }
    };
    (end != End::Completed).then(|| format!("{end:?}"))
}
