//! How many schedules it takes to find a planted bug.

use std::sync::Arc;

use super::exploration::{Draw, violated};
use super::schedules::Schedules;
use crate::client::UnderTest;
use crate::client::reference::{Defect, with_defect};
use crate::explore::shrink::{Found, Weight, Witness, found};
use crate::lab::{self, Limits};
use crate::oracle::{self, Finding, Level};
use crate::scenario::{Protocol, Scenario};

/// A planted bug that random schedules have found.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmasked {
    /// How many schedules were played, the last of which shows the bug.
    pub runs: u64,
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

/// Plays the schedules of `draws` against the reference client with a planted bug, until one violates a required oracle
/// that the client without the bug does not violate, and shrinks to something small. If none does, advice counts,
/// then size. `None` if none of the schedules shows the bug.
pub fn unmask(
    defect: Defect,
    sound: &'static dyn UnderTest,
    protocol: Protocol,
    draws: impl IntoIterator<Item = Draw>,
) -> Option<Unmasked> {
    let client = with_defect(defect);
    let schedules = Schedules::of(protocol);
    let mut draws = draws.into_iter().peekable();
    let (mut runs, mut shrunk) = (0, 0);
    let mut best: Option<Unmasked> = None;
    while draws.peek().is_some() && shrunk < MOST_SHRUNK {
        let batch: Vec<(Draw, Arc<Scenario>)> =
            draws.by_ref().take(BATCH).map(|draw| (draw, Arc::new(schedules.draw(draw, client)))).collect();
        let plays = batch.iter().map(|(_, scenario)| (scenario.clone(), client));
        for ((draw, scenario), trace) in batch.iter().zip(lab::run_all(plays, &Limits::default())) {
            runs += 1;
            let findings = oracle::judge(scenario, &trace);
            let wanted = |finding: &&Finding| finding.level == Level::Required || best.is_none();
            for finding in violated(&findings).filter(wanted).collect::<Vec<_>>() {
                let witness = Witness { client, oracle: finding.oracle, sound: Some(sound) };
                let source = format!(
                    "closewait explore --protocol {} --planted {defect} --seed {}",
                    protocol.word(),
                    draw.seed
                );
                let Some(found) = found(scenario, &witness, &source) else { continue };
                shrunk += 1;
                let unmasked = Unmasked { runs, draw: *draw, found };
                if best.as_ref().is_none_or(|best| unmasked.rank() < best.rank()) {
                    best = Some(unmasked);
                }
                if best.as_ref().is_some_and(|best| best.rank() == (false, false)) {
                    return best;
                }
            }
        }
    }
    best
}

impl Unmasked {
    /// The lower the better: whether it is mere advice, and whether it is large.
    fn rank(&self) -> (bool, bool) {
        let Weight { requests, faults, .. } = self.found.weight;
        (self.found.level == Level::Advised, requests > SMALL || faults > 1)
    }
}
