//! Which results there are on either side, and what became of each.

use std::collections::BTreeMap;

use super::{behaviour, context, findings, requests, trade, wire};
use crate::gate::change::{Change, Comparison, Kind, ResultChange, State};
use crate::gate::facts::{OutcomeFacts, ResultFacts, RunFacts, VerdictFacts};

/// Compares what was accepted with what came out. Results of the baseline that were not to be played are left out by the
/// caller: here they are *gone*.
pub fn compare(baseline: &[ResultFacts], current: &[ResultFacts]) -> Comparison {
    let mut before: BTreeMap<(&str, &str), &ResultFacts> =
        baseline.iter().map(|result| (key(result), result)).collect();
    let mut results: Vec<ResultChange> = Vec::with_capacity(current.len());
    for now in current {
        results.push(match before.remove(&key(now)) {
            Some(before) => both(before, now),
            None => result(now, State::New, vec![appeared("has no accepted result yet", &now.outcome)]),
        });
    }
    results.extend(before.into_values().map(|gone| {
        let change = Change::of(Kind::Gone, "an accepted result has no scenario or client any more");
        result(gone, State::Gone, vec![change])
    }));
    results.sort_by(|one, other| order(one).cmp(&order(other)));
    Comparison { results, control: None }
}

fn key(result: &ResultFacts) -> (&str, &str) {
    (&result.scenario, &result.client)
}

/// What is required comes before advice, and the greater harm before the lesser.
fn order(result: &ResultChange) -> (State, bool, bool, Option<crate::Severity>, &str, &str) {
    let severity = result.severity();
    (result.state, result.is_advice(), severity.is_none(), severity, &result.scenario, &result.client)
}

fn both(before: &ResultFacts, now: &ResultFacts) -> ResultChange {
    match (&before.outcome, &now.outcome) {
        (OutcomeFacts::Unsupported { reason: old }, OutcomeFacts::Unsupported { reason: new }) => {
            let other = (old != new).then(|| {
                Change::drifted(format!("it is unsupported for another reason: {new} (before: {old})"))
            });
            classified(now, other.into_iter().collect())
        }
        (OutcomeFacts::Unsupported { reason }, ran @ OutcomeFacts::Ran { .. }) => {
            let words = format!("can be played now (before: {reason})");
            result(now, State::New, vec![appeared(&words, ran)])
        }
        (OutcomeFacts::Ran { .. }, OutcomeFacts::Unsupported { reason }) => {
            let change = Change::of(Kind::Gone, format!("can no longer be played: {reason}"));
            result(now, State::Gone, vec![change])
        }
        (
            OutcomeFacts::Ran { run: old, control: old_control },
            OutcomeFacts::Ran { run: new, control: new_control },
        ) => {
            let mut changes = in_context(of_run(old, new), new, false);
            if let (Some(old), Some(new)) = (old_control, new_control) {
                changes
                    .extend(in_context(of_control(old, new), new, true).into_iter().map(Change::in_control));
            }
            classified(now, changes)
        }
    }
}

fn of_run(before: &RunFacts, now: &RunFacts) -> Vec<Change> {
    let mut changes = behaviour::stopped(before, now);
    if behaviour::both_hang(before, now) {
        // How far a run came that was stopped by real time is up to the machine.
        return changes;
    }
    changes.extend(behaviour::untried(before, now));
    changes.extend(findings::changes(before, now));
    changes.extend(requests::changes(before, now));
    changes.extend(behaviour::changes(before, now));
    changes.extend(wire::changes(before, now));
    if changes.iter().all(Change::says_only_what_was_judged) {
        changes.extend(behaviour::lines(before, now));
    }
    changes
}

fn of_control(before: &RunFacts, now: &RunFacts) -> Vec<Change> {
    let mut changes = behaviour::stopped(before, now);
    if behaviour::both_hang(before, now) {
        return changes;
    }
    changes.extend(findings::changes_of_control(before, now));
    changes.extend(requests::changes(before, now));
    changes
}

/// Each regression with what its sentence leaves open.
fn in_context(mut changes: Vec<Change>, now: &RunFacts, is_control: bool) -> Vec<Change> {
    for change in changes.iter_mut().filter(|change| change.kind == Kind::Regressed) {
        change.context = context::of(change, now, is_control);
    }
    changes
}

fn classified(now: &ResultFacts, changes: Vec<Change>) -> ResultChange {
    if trade::is_one(&changes) {
        return result(now, State::Trade, trade::told(changes));
    }
    let any = |kind| changes.iter().any(|change| change.kind == kind);
    let state = if any(Kind::Regressed) {
        State::Regressed
    } else if any(Kind::Gone) {
        // What is not tried any more proves no repair.
        State::Gone
    } else if any(Kind::Fixed) {
        State::Fixed
    } else if any(Kind::Drifted) {
        State::Drifted
    } else {
        State::Same
    };
    result(now, state, changes)
}

fn result(facts: &ResultFacts, state: State, mut changes: Vec<Change>) -> ResultChange {
    changes.sort_by_key(Change::weight);
    if state == State::Gone {
        changes.sort_by_key(|change| change.kind != Kind::Gone);
    }
    if state == State::Trade {
        trade::repairs_first(&mut changes);
    }
    ResultChange { scenario: facts.scenario.clone(), client: facts.client.clone(), state, changes }
}

/// A result without a verdict to compare with: what it violates is part of the news.
fn appeared(words: &str, outcome: &OutcomeFacts) -> Change {
    let OutcomeFacts::Ran { run, .. } = outcome else { return Change::of(Kind::New, words) };
    let violated: Vec<String> = run
        .findings
        .iter()
        .filter_map(|finding| match &finding.verdict {
            VerdictFacts::Violated(violations) => {
                Some(format!("{}: {}", finding.oracle, violations.first()?.message))
            }
            _ => None,
        })
        .collect();
    let verdict = match (violated.is_empty(), &run.stopped) {
        (_, Some(stopped)) => format!("; stopped: {stopped}"),
        (false, None) => format!("; violated: {}", violated.join("; ")),
        (true, None) => "; nothing is violated".to_owned(),
    };
    let untried = match &run.untried[..] {
        [] => String::new(),
        untried => format!("; not tried: {}", untried.join("; ")),
    };
    Change::of(Kind::New, format!("{words}{verdict}{untried}"))
}
