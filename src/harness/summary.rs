//! What is said after the trials: a passed trial says that nothing changed, not that nothing is wrong.

use std::fmt::Write;
use std::sync::PoisonError;

use closewait_oracle::{Finding, Verdict};

use super::environment::ACCEPT;
use super::trial::Prepared;
use crate::suite::{Mark, RunOutcome, RunResult};

/// How many results have which mark, and what is violated. Nothing if no trial was run.
pub(super) fn of(suite: &Prepared) -> String {
    let mut results = suite.results.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if results.is_empty() {
        return String::new();
    }
    results.sort_by(|one, other| (one.mark(), &one.scenario).cmp(&(other.mark(), &other.scenario)));
    let (client, version) = (suite.client.name(), suite.version);
    let mut text = format!("{}: {}", format!("{client} {version}").trim_end(), counts(&results));
    if suite.left_out > 0 {
        let _ = write!(text, "; {} of other protocols are left out", suite.left_out);
    }
    text.push('\n');
    for result in results.iter().filter(|result| matches!(result.mark(), Mark::Stopped | Mark::Violated)) {
        let _ =
            writeln!(text, "  {} {}  {}", result.mark().sign(), result.scenario, violated(result).join(", "));
    }
    text + &reworded(suite) + "\n"
}

/// One line: what passed and has another text than its snapshot.
pub(super) fn reworded(suite: &Prepared) -> String {
    const SHOWN: usize = 3;
    let mut scenarios = suite.reworded.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if scenarios.is_empty() {
        return String::new();
    }
    scenarios.sort();
    let mut shown = scenarios.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if scenarios.len() > SHOWN {
        let _ = write!(shown, " and {} more", scenarios.len() - SHOWN);
    }
    format!("  only times or words differ from the snapshot of {shown}; {ACCEPT}=1 writes it anew\n")
}

fn counts(results: &[RunResult]) -> String {
    let count = |mark: Mark| {
        let count = results.iter().filter(|result| result.mark() == mark).count();
        (count > 0).then(|| format!("{} {count} {}", mark.sign(), mark.name()))
    };
    let counts: Vec<String> = Mark::ALL.into_iter().filter_map(count).collect();
    let plural = if results.len() == 1 { "" } else { "s" };
    format!("{} scenario{plural}: {}", results.len(), counts.join("  "))
}

/// The required oracles that are violated, in the run or in its control.
fn violated(result: &RunResult) -> Vec<&'static str> {
    let RunOutcome::Ran { findings, control, .. } = &result.outcome else { return Vec::new() };
    let controlled = control.iter().flat_map(|control| &control.findings);
    let is_violated = |finding: &&Finding| matches!(finding.verdict, Verdict::Violated { .. });
    let mut oracles: Vec<&'static str> = Vec::new();
    for finding in findings.iter().chain(controlled).filter(is_violated) {
        if !oracles.contains(&finding.oracle) {
            oracles.push(finding.oracle);
        }
    }
    oracles
}
