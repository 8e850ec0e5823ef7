//! Replays candidates until none that is simpler shows the same violation.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::candidates::candidates;
use super::tidy::tidy;
use super::weight::Weight;
use crate::client::UnderTest;
use crate::explore::random::sensible;
use crate::lab::{self, Limits};
use crate::oracle::{self, Finding, Verdict};
use crate::scenario::Scenario;

/// A client, and the oracle that it violates.
#[derive(Clone, Copy)]
pub struct Witness {
    /// The client that is at fault.
    pub client: &'static dyn UnderTest,
    /// The name of the oracle.
    pub oracle: &'static str,
    /// A client that must not violate the oracle, if there is one: the same without its planted bug.
    pub sound: Option<&'static dyn UnderTest>,
}

impl Witness {
    /// The finding that the client violates the oracle in this scenario; `None` if it does not, or cannot play it.
    pub fn violation(&self, scenario: &Scenario) -> Option<Finding> {
        let found = self.found(self.client, scenario)?;
        match self.sound {
            Some(sound) if self.found(sound, scenario).is_some() => None,
            _ => Some(found),
        }
    }

    fn found(&self, client: &'static dyn UnderTest, scenario: &Scenario) -> Option<Finding> {
        if client.unsupported(scenario).is_some() {
            return None;
        }
        let play = [(Arc::new(scenario.clone()), client)];
        let trace = lab::run_all(play, &Limits::default()).next()?;
        let findings = oracle::judge(scenario, &trace);
        let violated = |finding: &Finding| matches!(finding.verdict, Verdict::Violated { .. });
        findings.into_iter().find(|finding| finding.oracle == self.oracle && violated(finding))
    }
}

/// More replays than any scenario has needed; what is left then is small enough to read.
const MOST_REPLAYS: usize = 20_000;

/// The simplest scenario found in which the witness still sees the violation, with ids `a`, `b`, `c` in order. The
/// same for the same scenario, always. A scenario in which there is no violation comes back as it is.
pub fn shrink(scenario: &Scenario, witness: &Witness) -> Scenario {
    let mut best = without_expectations(scenario);
    if witness.violation(&best).is_none() {
        return scenario.clone();
    }
    let mut replays = 0;
    let mut refused = BTreeSet::new();
    while let Some(lighter) = next(&best, witness, &mut replays, &mut refused) {
        best = lighter;
    }
    let tidied = sensible(&tidy(&best)).filter(|tidied| witness.violation(tidied).is_some());
    tidied.unwrap_or(best)
}

/// The first candidate that is lighter and shows the violation.
fn next(
    best: &Scenario,
    witness: &Witness,
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
        if witness.violation(&candidate).is_some() {
            return Some(candidate);
        }
    }
    None
}

/// What a request was expected to become was said of the whole script.
fn without_expectations(scenario: &Scenario) -> Scenario {
    Scenario { expect: std::collections::BTreeMap::new(), ..scenario.clone() }
}
