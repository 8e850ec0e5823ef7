//! How far an exploration has come, as JSON.

use std::collections::BTreeMap;

use closewait_oracle::ORACLES;
use closewait_scenario::Protocol;
use serde::{Deserialize, Serialize};

use super::client_state::ClientState;
use super::coverage::{Coverage, Situation};
use super::exploration::{Explored, Reached, Suspect, Suspicion};
use super::schedules::Draw;

/// [`Reached`], with names in place of what is part of the program.
#[derive(Serialize, Deserialize)]
struct State {
    done: u64,
    runs: u64,
    unsupported: u64,
    coverage: Vec<Covered>,
    suspects: Vec<Suspected>,
}

#[derive(Serialize, Deserialize)]
struct Covered {
    fault: String,
    state: String,
    oracles: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize)]
struct Suspected {
    oracle: String,
    faults: Vec<String>,
    times: u64,
    after: u64,
    seed: u64,
    run: u64,
}

impl Reached {
    /// As JSON.
    ///
    /// # Errors
    /// Never in practice: every key is a string.
    pub fn to_json(&self) -> serde_json::Result<serde_json::Value> {
        let Explored { runs, unsupported, coverage, suspects } = &self.explored;
        let covered = |(situation, oracles): (&Situation, &BTreeMap<&'static str, u64>)| Covered {
            fault: situation.fault.clone(),
            state: situation.state.to_string(),
            oracles: oracles.iter().map(|(oracle, times)| ((*oracle).to_owned(), *times)).collect(),
        };
        let suspected = |(suspicion, suspect): (&Suspicion, &Suspect)| Suspected {
            oracle: suspicion.oracle.to_owned(),
            faults: suspicion.faults.clone(),
            times: suspect.times,
            after: suspect.after,
            seed: suspect.draw.seed,
            run: suspect.draw.run,
        };
        serde_json::to_value(State {
            done: self.done,
            runs: *runs,
            unsupported: *unsupported,
            coverage: coverage.0.iter().map(covered).collect(),
            suspects: suspects.iter().map(suspected).collect(),
        })
    }

    /// What [`Reached::to_json`] wrote of an exploration over this protocol; `None` if it did not.
    pub fn from_json(json: &serde_json::Value, protocol: Protocol) -> Option<Self> {
        let State { done, runs, unsupported, coverage, suspects } = State::deserialize(json).ok()?;
        let covered = |Covered { fault, state, oracles }: Covered| {
            let state = ClientState::ALL.into_iter().find(|known| known.to_string() == state)?;
            let oracles = oracles.into_iter().map(|(name, times)| Some((oracle(&name)?, times)));
            Some((Situation { protocol: protocol.word(), fault, state }, oracles.collect::<Option<_>>()?))
        };
        let suspected = |Suspected { oracle: name, faults, times, after, seed, run }: Suspected| {
            let suspect = Suspect { times, after, draw: Draw { seed, run } };
            Some((Suspicion { oracle: oracle(&name)?, faults }, suspect))
        };
        let coverage = Coverage(coverage.into_iter().map(covered).collect::<Option<_>>()?);
        let suspects = suspects.into_iter().map(suspected).collect::<Option<_>>()?;
        Some(Self { done, explored: Explored { runs, unsupported, coverage, suspects } })
    }
}

/// The name as the program has it.
fn oracle(name: &str) -> Option<&'static str> {
    ORACLES.iter().map(|oracle| oracle.name).find(|known| *known == name)
}

#[cfg(test)]
mod tests {
    use closewait_reference::{Defect, with_defect};

    use super::*;
    use crate::random::{Budget, Exploration, explore_on};

    #[test]
    fn an_exploration_that_goes_on_is_the_one_that_was_not_cut_short() {
        let of = |runs| Exploration {
            client: with_defect(Defect::NoStaleCheck),
            protocol: Protocol::Http1,
            first: Vec::new(),
            seed: 1,
            budget: Budget::Runs(runs),
            threads: 2,
        };
        let play = |runs, from| explore_on(&of(runs), from, &|_| (), |_, _| true);
        let cut = play(150, Reached::default());
        assert!(!cut.explored.suspects.is_empty());
        let json = cut.to_json().expect("it is JSON");
        let read = Reached::from_json(&json, Protocol::Http1).expect("it was written");
        assert_eq!(read, cut);
        assert_eq!(play(400, read), play(400, Reached::default()));
        assert_eq!(Reached::from_json(&serde_json::json!({ "done": 1 }), Protocol::Http1), None);
    }
}
