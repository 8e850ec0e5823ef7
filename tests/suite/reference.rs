//! The reference client holds every oracle, required or advised, on every scenario, with and without its fault.

use std::path::Path;

use closewait::client::{self, UnderTest};
use closewait::lab::Limits;
use closewait::oracle::{Finding, Verdict};
use closewait::scenario::{Catalogue, Scenario};
use closewait::suite::{self, CellResult};
use closewait::trace::End;
use libtest_mimic::{Failed, Trial};

/// `reference::<family>/<name>`.
pub fn trials() -> Vec<Trial> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let catalogue = Catalogue::load(&root).unwrap_or_else(|error| panic!("{error}"));
    let trial = |scenario: &Scenario| {
        let scenario = scenario.clone();
        Trial::test(format!("reference::{}", scenario.id), move || check(&scenario))
    };
    catalogue.iter().map(trial).collect()
}

fn check(scenario: &Scenario) -> Result<(), Failed> {
    let violations = violations(scenario, reference());
    if violations.is_empty() { Ok(()) } else { Err(violations.join("\n").into()) }
}

/// The reference client among the built-in ones.
pub fn reference() -> &'static dyn UnderTest {
    let mut clients = client::built_in().iter().copied();
    clients.find(|client| client.name() == "reference").expect("the reference client is built in")
}

/// What the client violates in the run of a scenario and in its control, `oracle: message`.
pub fn violations(scenario: &Scenario, client: &'static dyn UnderTest) -> Vec<String> {
    match suite::play(scenario, client, &Limits::default()).result {
        // A scenario that is not played proves nothing.
        CellResult::Unsupported { reason } => vec![format!("unsupported: {reason}")],
        CellResult::Ran { trace, findings, control } => {
            let mut violations = ended(&trace.end);
            violations.extend(violated(&findings));
            if let Some(control) = control {
                violations.extend(ended(&control.trace.end));
                violations
                    .extend(violated(&control.findings).map(|violation| format!("control: {violation}")));
            }
            violations
        }
    }
}

fn ended(end: &End) -> Vec<String> {
    if *end == End::Completed { Vec::new() } else { vec![format!("the run did not end: {end:?}")] }
}

fn violated(findings: &[Finding]) -> impl Iterator<Item = String> {
    findings.iter().flat_map(|finding| match &finding.verdict {
        Verdict::Violated { violations } => {
            violations.iter().map(|violation| format!("{}: {}", finding.oracle, violation.message)).collect()
        }
        _ => Vec::new(),
    })
}
