//! The reference client holds every oracle, required or advised, on every scenario, with and without its fault.

use closewait::oracle::{Finding, Verdict};
use closewait::suite::RunOutcome;
use closewait::trace::End;
use libtest_mimic::{Failed, Trial};

use super::played::{catalogue, result};

/// `reference::<family>/<name>`.
pub fn trials() -> Vec<Trial> {
    let trial = |id: &'static str| Trial::test(format!("reference::{id}"), move || check(id));
    catalogue().iter().map(|scenario| trial(&scenario.id)).collect()
}

fn check(id: &str) -> Result<(), Failed> {
    let violations = violations(&result(id, "reference").outcome);
    if violations.is_empty() { Ok(()) } else { Err(violations.join("\n").into()) }
}

/// What is violated in the run of a scenario and in its control, `oracle: message`.
pub fn violations(outcome: &RunOutcome) -> Vec<String> {
    match outcome {
        // A scenario that is not played proves nothing.
        RunOutcome::Unsupported { reason } => vec![format!("unsupported: {reason}")],
        RunOutcome::Ran { trace, findings, control } => {
            let mut violations = ended(&trace.end);
            violations.extend(violated(findings));
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
