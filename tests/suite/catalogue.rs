//! What every scenario of the catalogue owes its readers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use closewait::client;
use closewait::lab::{self, Limits};
use closewait::scenario::{Catalogue, Scenario};
use closewait::trace::End;
use libtest_mimic::{Failed, Trial};

/// `catalogue::<what>`.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, fault: fn(&Scenario) -> Option<String>| {
        Trial::test(format!("catalogue::{name}"), move || check(fault))
    };
    vec![
        Trial::test("catalogue::is-large-enough", is_large_enough),
        Trial::test("catalogue::has-unique-titles", has_unique_titles),
        Trial::test("catalogue::is-found-by-its-signatures", is_found_by_its_signatures),
        trial("names-an-issue-or-an-rfc", unsourced),
        trial("tells-what-breaks", untold),
        trial("expects-something", expects_nothing),
        trial("expects-something-of-every-request", forgets_a_request),
        trial("plays-to-its-end", does_not_end),
    ]
}

const SCENARIOS: usize = 60;

/// Every scenario that has the fault, all at once.
fn check(fault: fn(&Scenario) -> Option<String>) -> Result<(), Failed> {
    let faulty = |scenario: &Scenario| fault(scenario).map(|fault| format!("{}: {fault}", scenario.id));
    let faults: Vec<String> = catalogue()?.iter().filter_map(faulty).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n").into()) }
}

fn catalogue() -> Result<Catalogue, Failed> {
    Ok(Catalogue::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"))?)
}

fn is_large_enough() -> Result<(), Failed> {
    let scenarios = catalogue()?.iter().count();
    if scenarios >= SCENARIOS { Ok(()) } else { Err(format!("{scenarios} scenarios").into()) }
}

fn has_unique_titles() -> Result<(), Failed> {
    let catalogue = catalogue()?;
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
    let catalogue = catalogue()?;
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
    let client = client::built_in().iter().find(|client| client.name() == "hyper-util")?;
    let end = lab::run_here(&Arc::new(scenario.clone()), *client, &Limits::default()).end;
    (end != End::Completed).then(|| format!("{end:?}"))
}
