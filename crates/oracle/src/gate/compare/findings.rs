//! What the oracles said before, and what they say now.

use crate::gate::change::{Change, Kind};
use crate::gate::facts::{FindingFacts, RunFacts, VerdictFacts, ViolationFacts, timeless};

/// Changes of verdicts in a run of which every finding is known.
pub fn changes(before: &RunFacts, now: &RunFacts) -> Vec<Change> {
    let mut changes = Vec::new();
    for FindingFacts { oracle, verdict } in &now.findings {
        changes.extend(match before.finding(oracle) {
            Some(old) => verdicts(oracle, old, verdict),
            // An oracle that the baseline does not know accuses nobody of having become worse.
            None => violations(verdict)
                .iter()
                .map(|new| {
                    Change::drifted(format!("{oracle} is new, and violated: {}", new.message)).by(oracle)
                })
                .collect(),
        });
    }
    changes
}

/// Changes of verdicts where only violations are known: an oracle that is not named holds, or had nothing to judge.
pub fn changes_of_control(before: &RunFacts, now: &RunFacts) -> Vec<Change> {
    let silent = VerdictFacts::Holds;
    let mut oracles: Vec<&str> = now.findings.iter().map(|finding| finding.oracle.as_str()).collect();
    for finding in &before.findings {
        if !oracles.contains(&finding.oracle.as_str()) {
            oracles.push(&finding.oracle);
        }
    }
    let verdict =
        |run: &RunFacts, oracle: &str| run.finding(oracle).cloned().unwrap_or_else(|| silent.clone());
    oracles
        .iter()
        .flat_map(|oracle| verdicts(oracle, &verdict(before, oracle), &verdict(now, oracle)))
        .collect()
}

fn verdicts(oracle: &str, before: &VerdictFacts, now: &VerdictFacts) -> Vec<Change> {
    match (before, now) {
        (VerdictFacts::Violated(old), VerdictFacts::Violated(new)) => violated_before(oracle, old, new),
        (_, VerdictFacts::Violated(new)) => new
            .iter()
            .map(|new| worse(oracle, format!("{} → violated: {}", word(before), new.message), new))
            .collect(),
        (VerdictFacts::Violated(old), _) => old
            .iter()
            .map(|old| better(oracle, format!("violated → {} (before: {})", word(now), old.message)))
            .collect(),
        (VerdictFacts::Holds, VerdictFacts::NotExercised { reason }) => {
            vec![Change::drifted(format!("{oracle}: holds → not exercised: {reason}")).by(oracle)]
        }
        (VerdictFacts::NotExercised { .. }, VerdictFacts::Holds) => {
            vec![Change::drifted(format!("{oracle}: not exercised → holds")).by(oracle)]
        }
        (VerdictFacts::Holds, VerdictFacts::Holds)
        | (VerdictFacts::NotExercised { .. }, VerdictFacts::NotExercised { .. }) => Vec::new(),
    }
}

/// Violated on both sides: more often is worse, less often is better, otherwise is another behaviour.
fn violated_before(oracle: &str, before: &[ViolationFacts], now: &[ViolationFacts]) -> Vec<Change> {
    let added = without(now, before);
    let removed = without(before, now);
    if now.len() > before.len() {
        added.iter().map(|new| worse(oracle, format!("violated once more: {}", new.message), new)).collect()
    } else if now.len() < before.len() {
        removed
            .iter()
            .map(|old| better(oracle, format!("violated once less (before: {})", old.message)))
            .collect()
    } else {
        let pairs = added.iter().zip(&removed);
        pairs
            .map(|(new, old)| {
                let words =
                    format!("{oracle}: violated in another way: {} (before: {})", new.message, old.message);
                Change::drifted(words).by(oracle)
            })
            .collect()
    }
}

/// Those of `all` that have no counterpart in `others`. Times do not count.
fn without<'a>(all: &'a [ViolationFacts], others: &[ViolationFacts]) -> Vec<&'a ViolationFacts> {
    let mut others: Vec<String> = others.iter().map(|other| timeless(&other.message)).collect();
    let counterpart = |violation: &&ViolationFacts| {
        let message = timeless(&violation.message);
        let place = others.iter().position(|other| *other == message);
        place.map(|place| others.swap_remove(place)).is_none()
    };
    all.iter().filter(counterpart).collect()
}

fn worse(oracle: &str, words: String, violation: &ViolationFacts) -> Change {
    let change = Change::of(Kind::Regressed, format!("{oracle}: {words}")).by(oracle);
    Change { severity: violation.severity, ..change }
}

fn better(oracle: &str, words: String) -> Change {
    Change::of(Kind::Fixed, format!("{oracle}: {words}")).by(oracle)
}

fn violations(verdict: &VerdictFacts) -> &[ViolationFacts] {
    match verdict {
        VerdictFacts::Violated(violations) => violations,
        _ => &[],
    }
}

fn word(verdict: &VerdictFacts) -> &'static str {
    match verdict {
        VerdictFacts::Holds => "holds",
        VerdictFacts::NotExercised { .. } => "not exercised",
        VerdictFacts::Violated(_) => "violated",
    }
}
