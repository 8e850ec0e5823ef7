//! From many suspects to a few findings, each shrunk.

use super::exploration::{Exploration, Explored, Suspect, Suspicion};
use super::schedules::Schedules;
use crate::explore::shrink::{Found, Witness, found};
use crate::oracle::ORACLES;

/// A finding, and how often a like of it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// What was found.
    pub found: Found,
    /// In how many schedules the oracle was violated in company of these faults.
    pub times: u64,
    /// How many schedules came before the first.
    pub after: u64,
}

/// Suspects that are shrunk for each oracle: fewest faults first.
const MOST_SHRUNK: usize = 12;

/// Shrinks the suspects, and keeps one of those that come out alike. The result does not depend on the threads.
pub fn findings(exploration: &Exploration, explored: &Explored) -> Vec<Sighting> {
    let of_oracle = |oracle: &'static str| {
        let schedules = Schedules::of(exploration.protocol);
        let mut suspects: Vec<(&Suspicion, &Suspect)> =
            explored.suspects.iter().filter(|(suspicion, _)| suspicion.oracle == oracle).collect();
        suspects.sort_by_key(|(suspicion, suspect)| (suspicion.faults.len(), suspect.after));
        let mut sightings = Vec::new();
        for (suspicion, suspect) in suspects {
            look(exploration, &schedules, suspicion, suspect, &mut sightings);
        }
        sightings
    };
    let oracles: Vec<&'static str> = ORACLES.iter().map(|oracle| oracle.name).collect();
    let by_oracle = crate::explore::parallel(exploration.threads, &oracles, |oracle| of_oracle(oracle));
    by_oracle.into_iter().flatten().collect()
}

fn look(
    exploration: &Exploration,
    schedules: &Schedules,
    suspicion: &Suspicion,
    suspect: &Suspect,
    sightings: &mut Vec<Sighting>,
) {
    let explains = |sighting: &&mut Sighting| {
        let faults = &sighting.found.faults;
        !faults.is_empty() && faults.iter().all(|fault| suspicion.faults.contains(fault))
    };
    if let Some(sighting) = sightings.iter_mut().find(explains) {
        sighting.times += suspect.times;
        return;
    }
    if sightings.len() >= MOST_SHRUNK {
        return;
    }
    let witness = Witness { client: exploration.client, oracle: suspicion.oracle, sound: None };
    let scenario = schedules.draw(suspect.draw, exploration.client);
    let source = format!(
        "closewait explore --client {} --protocol {} --seed {} --runs {}",
        exploration.client.name(),
        exploration.protocol.word(),
        suspect.draw.seed,
        suspect.draw.run + 1
    );
    let Some(found) = found(&scenario, &witness, &source) else { return };
    let is_alike = |sighting: &&mut Sighting| {
        sighting.found.faults == found.faults && sighting.found.circumstances == found.circumstances
    };
    match sightings.iter_mut().find(is_alike) {
        Some(sighting) => sighting.times += suspect.times,
        None => sightings.push(Sighting { found, times: suspect.times, after: suspect.after }),
    }
}
