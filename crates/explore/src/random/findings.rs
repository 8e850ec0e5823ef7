//! From many suspects to a few findings, each shrunk.

use closewait_oracle::ORACLES;

use super::exploration::{Exploration, Explored, Suspect, Suspicion};
use super::schedules::Schedules;
use crate::shrink::{Found, Reproducer, found};

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

/// What is left of the suspects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Each finding once, in the order of the oracles.
    pub sightings: Vec<Sighting>,
    /// How many suspects were not shrunk, because their oracle had enough findings: there may be more behind them.
    pub not_shrunk: usize,
}

/// Findings that are made of the suspects of each oracle: fewest faults first.
const MOST_SHRUNK: usize = 12;

/// Shrinks the suspects, and keeps one of those that come out alike. The result does not depend on the threads.
pub fn findings(exploration: &Exploration, explored: &Explored) -> Findings {
    at_most(MOST_SHRUNK, exploration, explored)
}

fn at_most(most: usize, exploration: &Exploration, explored: &Explored) -> Findings {
    let of_oracle = |oracle: &'static str| {
        let schedules = Schedules::of(exploration.protocol);
        let mut suspects: Vec<(&Suspicion, &Suspect)> =
            explored.suspects.iter().filter(|(suspicion, _)| suspicion.oracle == oracle).collect();
        suspects.sort_by_key(|(suspicion, suspect)| (suspicion.faults.len(), suspect.after));
        let mut findings = Findings::default();
        for (suspicion, suspect) in suspects {
            if findings.explain(suspicion, suspect) {
                continue;
            }
            if findings.sightings.len() < most {
                findings.look(exploration, &schedules, suspicion, suspect);
            } else {
                findings.not_shrunk += 1;
            }
        }
        findings
    };
    let oracles: Vec<&'static str> = ORACLES.iter().map(|oracle| oracle.name).collect();
    let by_oracle = crate::parallel(exploration.threads, &oracles, |oracle| of_oracle(oracle));
    let mut all = Findings::default();
    for findings in by_oracle {
        all.sightings.extend(findings.sightings);
        all.not_shrunk += findings.not_shrunk;
    }
    all
}

impl Findings {
    /// Counts a suspect to the finding whose faults it has, if there is one.
    fn explain(&mut self, suspicion: &Suspicion, suspect: &Suspect) -> bool {
        let explains = |sighting: &&mut Sighting| {
            let faults = &sighting.found.faults;
            !faults.is_empty() && faults.iter().all(|fault| suspicion.faults.contains(fault))
        };
        let sighting = self.sightings.iter_mut().find(explains);
        sighting.map(|sighting| sighting.times += suspect.times).is_some()
    }

    /// Shrinks a suspect.
    fn look(
        &mut self,
        exploration: &Exploration,
        schedules: &Schedules,
        suspicion: &Suspicion,
        suspect: &Suspect,
    ) {
        let reproducer = Reproducer { client: exploration.client, oracle: suspicion.oracle, correct: None };
        let scenario = schedules.draw(suspect.draw, exploration.client);
        let source = format!(
            "closewait explore --client {} --protocol {} --seed {} --runs {}",
            exploration.client.name(),
            exploration.protocol.word(),
            suspect.draw.seed,
            suspect.draw.run + 1
        );
        let Some(found) = found(&scenario, &reproducer, &source) else { return };
        let is_alike = |sighting: &&mut Sighting| {
            sighting.found.faults == found.faults && sighting.found.circumstances == found.circumstances
        };
        match self.sightings.iter_mut().find(is_alike) {
            Some(sighting) => sighting.times += suspect.times,
            None => self.sightings.push(Sighting { found, times: suspect.times, after: suspect.after }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Budget, explore};
    use closewait_reference::{Defect, with_defect};
    use closewait_scenario::Protocol;

    #[test]
    fn what_is_not_shrunk_is_counted() {
        let exploration = Exploration {
            client: with_defect(Defect::NoStaleCheck),
            protocol: Protocol::Http1,
            first: Vec::new(),
            seed: 1,
            budget: Budget::Runs(300),
            threads: 1,
        };
        let explored = explore(&exploration, &|_| ());
        let all = findings(&exploration, &explored);
        let one_each = at_most(1, &exploration, &explored);
        assert_eq!(all.not_shrunk, 0);
        assert!(one_each.sightings.len() < all.sightings.len());
        assert!(one_each.not_shrunk >= all.sightings.len() - one_each.sightings.len(), "{one_each:#?}");
    }
}
