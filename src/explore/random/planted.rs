//! How many schedules it takes to find a planted bug.

use std::sync::Arc;

use super::exploration::{Draw, violated};
use super::schedules::Schedules;
use crate::client::UnderTest;
use crate::client::reference::{Defect, with_defect};
use crate::explore::shrink::{Found, Witness, found};
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

/// Plays the schedules of `draws` against the reference client with a planted bug, until a required oracle is violated
/// that the client without the bug does not violate; advice counts if nothing else comes. `None` if none of the
/// schedules shows the bug.
pub fn unmask(
    defect: Defect,
    sound: &'static dyn UnderTest,
    protocol: Protocol,
    draws: impl IntoIterator<Item = Draw>,
) -> Option<Unmasked> {
    let client = with_defect(defect);
    let schedules = Schedules::of(protocol);
    let mut draws = draws.into_iter().peekable();
    let mut runs = 0;
    let mut advice = None;
    while draws.peek().is_some() {
        let batch: Vec<(Draw, Arc<Scenario>)> =
            draws.by_ref().take(BATCH).map(|draw| (draw, Arc::new(schedules.draw(draw, client)))).collect();
        let plays = batch.iter().map(|(_, scenario)| (scenario.clone(), client));
        for ((draw, scenario), trace) in batch.iter().zip(lab::run_all(plays, &Limits::default())) {
            runs += 1;
            let findings = oracle::judge(scenario, &trace);
            let wanted = |finding: &&Finding| finding.level == Level::Required || advice.is_none();
            for finding in violated(&findings).filter(wanted).collect::<Vec<_>>() {
                let witness = Witness { client, oracle: finding.oracle, sound: Some(sound) };
                let source = format!("closewait explore --planted {defect} --seed {}", draw.seed);
                let Some(found) = found(scenario, &witness, &source) else { continue };
                let unmasked = Unmasked { runs, draw: *draw, found };
                if finding.level == Level::Required {
                    return Some(unmasked);
                }
                advice.get_or_insert(unmasked);
            }
        }
    }
    advice
}
