//! Whose change closes a gate: not the control's, and not a repair that costs advice.

use closewait::client::UnderTest;
use closewait::client::reference::{Defect, with_defect};
use closewait::gate::{GateVerdict, Outcome, Rules, State, compare, decide};
use closewait::report::document::{Document, Finding, Verdict, Violation};
use closewait::report::gate::{Input, annotations, junit, markdown, sarif, terminal};
use closewait::{oracle::Severity, suite};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use super::super::played::{catalogue, document, reference, selected_with};

const SCENARIO: &str = "half-close/fin-while-idle";

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("gate::control::is_shown_apart_and_never_red", is_shown_apart),
        Trial::test("gate::control::is_a_subject_where_it_is_alone", is_a_subject_alone),
        Trial::test("gate::trade::is_told_with_the_repair_first", trade_is_told),
    ]
}

/// What becomes of the scenario from one set of clients to another.
fn decided(before: &Document, now: &Document) -> GateVerdict {
    let control = suite::control_among(now.clients.iter().map(|client| client.name.as_str()));
    decide(compare(&before.facts(), &now.facts()).beside_control(control), &Rules::default(), true)
}

fn played(clients: &[&'static dyn UnderTest]) -> Result<Document, Failed> {
    Ok(document(&selected_with(&[catalogue().get(SCENARIO)?], clients)))
}

fn hyper_util() -> Result<&'static dyn UnderTest, Failed> {
    Ok(suite::choose(&["hyper-util".to_owned()])?[0])
}

fn is_shown_apart() -> Result<(), Failed> {
    let before = played(&[hyper_util()?, reference()])?;
    let now = played(&[hyper_util()?, with_defect(Defect::NoStaleCheck)])?;
    let verdict = decided(&before, &now);
    assert_eq!((verdict.outcome(), verdict.count(State::Regressed)), (Outcome::Passed, 0));
    let input = Input {
        document: &now,
        verdict: &verdict,
        baseline: "before",
        unlike: None,
        is_accepted: true,
        rules: "closewait.toml",
    };
    let words = "the reference client, built on the same hyper, changes: 1 regressed";
    let plain = anstream::adapter::strip_str(&terminal(&input)).to_string();
    let told = "  regressed half-close/fin-while-idle: no-stale-reuse: holds → violated: ";
    for word in [words, told, "compared with before: 1 same", "the gate is open: nothing is worse"] {
        assert!(plain.contains(word), "no {word} in\n{plain}");
    }
    let page = markdown(&input, 65_000);
    assert!(page.contains(words) && !page.contains("🔴"), "{page}");
    assert_eq!(annotations(&input), "");
    assert!(junit(&input)?.contains("failures=\"0\""));
    let log: Value = serde_json::from_str(&sarif(&input)?)?;
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    Ok(())
}

fn is_a_subject_alone() -> Result<(), Failed> {
    let verdict = decided(&played(&[reference()])?, &played(&[with_defect(Defect::NoStaleCheck)])?);
    assert_eq!((verdict.outcome(), verdict.count(State::Regressed)), (Outcome::Regressed, 1));
    Ok(())
}

/// One finding of the run becomes a violation.
fn violate(document: &mut Document, oracle: &str, severity: Severity, message: &str) -> Result<(), Failed> {
    let run = document.results[0].run.as_mut().ok_or("it was played")?;
    let finding: &mut Finding =
        run.findings.iter_mut().find(|finding| finding.oracle == oracle).ok_or("it is judged")?;
    let violation =
        Violation { severity, message: message.to_owned(), evidence: Vec::new(), requests: Vec::new() };
    finding.verdict = Verdict::Violated { violations: vec![violation] };
    Ok(())
}

fn trade_is_told() -> Result<(), Failed> {
    let (mut before, mut now) = (played(&[hyper_util()?])?, played(&[hyper_util()?])?);
    violate(&mut before, "bounded-retries", Severity::RetryStorm, "b was written 250 times")?;
    violate(&mut now, "unsent-is-free", Severity::AvoidableFailure, "b failed, and was never written")?;
    let verdict = decided(&before, &now);
    assert_eq!((verdict.outcome(), verdict.count(State::Trade)), (Outcome::Passed, 1));
    let input = Input {
        document: &now,
        verdict: &verdict,
        baseline: "before",
        unlike: None,
        is_accepted: true,
        rules: "closewait.toml",
    };
    let plain = anstream::adapter::strip_str(&terminal(&input)).to_string();
    let repair = plain.find("  bounded-retries: violated → ").ok_or("the repair is told")?;
    let price = plain.find("  unsent-is-free: ").ok_or("the price is told")?;
    assert!(plain.trim_start().starts_with("trade  half-close/fin-while-idle") && repair < price, "{plain}");
    for word in
        ["in return, advice got worse: unsent-is-free", "1 trade", "the gate is open: only advice is worse"]
    {
        assert!(plain.contains(word), "no {word} in\n{plain}");
    }
    let page = markdown(&input, 65_000);
    assert!(page.starts_with("## ✅") && page.contains("🟡 trade"), "{page}");
    assert!(annotations(&input).starts_with("::warning "), "{}", annotations(&input));
    let log: Value = serde_json::from_str(&sarif(&input)?)?;
    assert_eq!(log["runs"][0]["results"][0]["level"], "warning");
    // The way back is a regression.
    assert_eq!(decided(&now, &before).outcome(), Outcome::Regressed);
    Ok(())
}
