//! Replays candidates until none that is simpler shows the same violation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use closewait_oracle::{Finding, Verdict};
use closewait_scenario::{Expectation, Scenario};
use closewait_simulator::client::UnderTest;
use closewait_simulator::lab::{self, Limits};
use closewait_trace::{BodyEnd, Outcome, Trace, Views};

use super::candidates::candidates;
use super::tidy::tidy;
use super::weight::Weight;
use crate::random::sensible;

/// A client, and the oracle that it violates.
#[derive(Clone, Copy)]
pub struct Reproducer {
    /// The client that is at fault.
    pub client: &'static dyn UnderTest,
    /// The name of the oracle.
    pub oracle: &'static str,
    /// A client that must not violate the oracle, if there is one: the same without its planted bug.
    pub correct: Option<&'static dyn UnderTest>,
}

impl Reproducer {
    /// The finding that the client violates the oracle in this scenario; `None` if it does not, or cannot play it.
    pub fn violation(&self, scenario: &Scenario) -> Option<Finding> {
        let Some(correct) = self.correct else { return self.found(self.client, scenario) };
        let expecting = Scenario { expect: self.expectations(scenario), ..scenario.clone() };
        self.found(self.client, &expecting).filter(|_| self.found(correct, &expecting).is_none())
    }

    /// Every request that the correct client gets an answer to is expected to get one of this status.
    pub fn expectations(&self, scenario: &Scenario) -> BTreeMap<String, Expectation> {
        let trace = self.correct.and_then(|correct| play(correct, scenario));
        let views = trace.map(|trace| Views::of(&trace, &scenario.client));
        let requests = views.iter().flat_map(|views| views.requests.iter());
        let answered = requests.filter_map(|request| match request.outcome() {
            Some(Outcome::Response { status, end: BodyEnd::Complete | BodyEnd::Dropped, .. }) => {
                let outcome = vec![status.to_string()];
                Some((request.id.clone(), Expectation { outcome, connection: None }))
            }
            _ => None,
        });
        answered.collect()
    }

    fn found(&self, client: &'static dyn UnderTest, scenario: &Scenario) -> Option<Finding> {
        let findings = closewait_oracle::judge(scenario, &play(client, scenario)?);
        let violated = |finding: &Finding| matches!(finding.verdict, Verdict::Violated { .. });
        findings.into_iter().find(|finding| finding.oracle == self.oracle && violated(finding))
    }
}

fn play(client: &'static dyn UnderTest, scenario: &Scenario) -> Option<Trace> {
    if client.unsupported(scenario).is_some() {
        return None;
    }
    let play = [(Arc::new(scenario.clone()), client)];
    lab::run_all(play, &Limits::default()).next()
}

/// More replays than any scenario has needed; what is left then is small enough to read.
const MOST_REPLAYS: usize = 20_000;

/// The simplest scenario found in which the witness still sees the violation, with ids `a`, `b`, `c` in order. The
/// same for the same scenario, always. A scenario in which there is no violation comes back as it is.
pub fn shrink(scenario: &Scenario, reproducer: &Reproducer) -> Scenario {
    let mut best = without_expectations(scenario);
    if reproducer.violation(&best).is_none() {
        return scenario.clone();
    }
    let mut replays = 0;
    let mut refused = BTreeSet::new();
    while let Some(lighter) = next(&best, reproducer, &mut replays, &mut refused) {
        best = lighter;
    }
    let tidied = sensible(&tidy(&best)).filter(|tidied| reproducer.violation(tidied).is_some());
    tidied.unwrap_or(best)
}

/// The first candidate that is lighter and shows the violation.
fn next(
    best: &Scenario,
    reproducer: &Reproducer,
    replays: &mut usize,
    refused: &mut BTreeSet<String>,
) -> Option<Scenario> {
    let weight = Weight::of(best);
    let lighter = candidates(best).into_iter().filter(|candidate| Weight::of(candidate) < weight);
    for candidate in lighter {
        if *replays >= MOST_REPLAYS {
            return None;
        }
        let Some(candidate) = sensible(&candidate) else { continue };
        if !refused.insert(format!("{candidate:?}")) {
            continue;
        }
        *replays += 1;
        if reproducer.violation(&candidate).is_some() {
            return Some(candidate);
        }
    }
    None
}

/// What a request was expected to become was said of the whole script.
fn without_expectations(scenario: &Scenario) -> Scenario {
    Scenario { expect: BTreeMap::new(), ..scenario.clone() }
}
