//! How many schedules it takes to find a planted bug.

use std::collections::BTreeMap;
use std::sync::Arc;

use closewait_oracle::{Finding, Level};
use closewait_reference::{Defect, with_defect};
use closewait_scenario::{Protocol, Scenario};
use closewait_simulator::client::UnderTest;
use closewait_simulator::lab::{self, Limits};

use super::exploration::violated;
use super::schedules::Draw;
use super::schedules::Schedules;
use crate::shrink::{EXPECTATIONS, Found, Reproducer, Weight, found};

/// A planted bug that random schedules have found.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmasked {
    /// How many schedules were played, the last of which shows the bug.
    pub runs: u64,
    /// Over which protocol.
    pub protocol: Protocol,
    /// That schedule.
    pub draw: Draw,
    /// What it shows, shrunk.
    pub found: Found,
}

/// Schedules that are played between two looks at the results.
const BATCH: usize = 32;

/// A finding with no more requests than this, and one fault, is small enough to end the hunt.
const SMALL: usize = 3;

/// So many findings are shrunk until the best of them has to do.
const MOST_SHRUNK: usize = 20;

/// Plays schedules against the reference client with a planted bug, until one violates a required oracle that the
/// client without the bug does not violate, and shrinks to something small. If none does, small advice counts, then size.
/// If no schedule violates anything, every answer that the client without the bug gets is expected of the other, too.
/// `None` if nothing shows the bug.
pub fn unmask(
    defect: Defect,
    correct: &'static dyn UnderTest,
    draws: impl Iterator<Item = (Protocol, Draw)> + Clone,
) -> Option<Unmasked> {
    let mut hunt = Hunt { client: with_defect(defect), defect, correct, runs: 0, shrunk: 0, best: None };
    hunt.look(draws.clone(), |_, _| None);
    if hunt.best.is_none() {
        hunt.look(draws, |hunt, scenario| hunt.expecting(scenario));
    }
    hunt.best
}

struct Hunt {
    client: &'static dyn UnderTest,
    defect: Defect,
    correct: &'static dyn UnderTest,
    runs: u64,
    shrunk: usize,
    best: Option<Unmasked>,
}

impl Hunt {
    /// Plays the draws until something small is found; `expecting` says what is played in place of a schedule.
    fn look(
        &mut self,
        mut draws: impl Iterator<Item = (Protocol, Draw)>,
        expecting: impl Fn(&Self, &Scenario) -> Option<Scenario>,
    ) {
        let mut schedules: BTreeMap<&'static str, Schedules> = BTreeMap::new();
        loop {
            let batch: Vec<(Protocol, Draw)> = draws.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return;
            }
            let mut scenarios = Vec::new();
            for (protocol, draw) in &batch {
                let schedules = schedules.entry(protocol.word()).or_insert_with(|| Schedules::of(*protocol));
                let drawn = schedules.draw(*draw, self.client);
                scenarios.push(Arc::new(expecting(self, &drawn).unwrap_or(drawn)));
            }
            let client = self.client;
            let plays: Vec<_> = scenarios.iter().map(|scenario| (scenario.clone(), client)).collect();
            let limits = Limits::default();
            let traces = lab::run_all(plays, &limits);
            for (((protocol, draw), scenario), trace) in batch.iter().zip(&scenarios).zip(traces) {
                self.runs += 1;
                let findings = closewait_oracle::judge(scenario, &trace);
                self.consider(*protocol, *draw, scenario, &findings);
                if self.shrunk >= MOST_SHRUNK || self.best.as_ref().is_some_and(Unmasked::is_good) {
                    return;
                }
            }
        }
    }

    fn consider(&mut self, protocol: Protocol, draw: Draw, scenario: &Scenario, findings: &[Finding]) {
        for finding in violated(findings) {
            if finding.level == Level::Advised && self.best.as_ref().is_some_and(|best| !best.is_large()) {
                continue;
            }
            let reproducer =
                Reproducer { client: self.client, oracle: finding.oracle, correct: Some(self.correct) };
            let (word, defect) = (protocol.word(), self.defect);
            let source =
                format!("closewait explore --protocol {word} --planted {defect} --seed {}", draw.seed);
            let Some(found) = found(scenario, &reproducer, &source) else { continue };
            self.shrunk += 1;
            let unmasked = Unmasked { runs: self.runs, protocol, draw, found };
            if self.best.as_ref().is_none_or(|best| unmasked.rank() < best.rank()) {
                self.best = Some(unmasked);
            }
        }
    }

    /// The schedule with what becomes of each request without the bug; `None` if it gets no answer at all.
    fn expecting(&self, scenario: &Scenario) -> Option<Scenario> {
        let reproducer =
            Reproducer { client: self.client, oracle: EXPECTATIONS, correct: Some(self.correct) };
        let expect = reproducer.expectations(scenario);
        (!expect.is_empty()).then(|| Scenario { expect, ..scenario.clone() })
    }
}

impl Unmasked {
    /// Nothing better is worth a look.
    fn is_good(&self) -> bool {
        self.rank() == (false, false)
    }

    /// The lower the better: whether it is large, and whether it is mere advice.
    fn rank(&self) -> (bool, bool) {
        (self.is_large(), self.found.level == Level::Advised)
    }

    fn is_large(&self) -> bool {
        let Weight { requests, faults, .. } = self.found.weight;
        requests > SMALL || faults > 1
    }
}
