//! Which steps of a script had no effect: a run with one of them does not try what its scenario is about.

use std::collections::{BTreeMap, BTreeSet};

use closewait_scenario::{Action, ClientAction, Direction, Scenario, When};
use closewait_trace::{Event, Fate, Untried, What, WhyUntried};

/// What is left of a script when it has come to its end. `unmet` are the steps that were carried out, and that no segment and no
/// request has met.
pub(super) fn untried(scenario: &Scenario, events: &[Event], unmet: &BTreeSet<usize>) -> Vec<Untried> {
    let played = Played::of(scenario, events);
    let steps = scenario.script.iter().enumerate();
    let is_fault = |action: &Action| matches!(action, Action::Origin(_) | Action::Network(_));
    let faults = steps.filter(|(_, step)| is_fault(&step.action) && !step.may_miss);
    let untried = faults.filter_map(|(step, fault)| {
        let why = if played.void.contains(&step) {
            WhyUntried::NotThere
        } else if played.done.contains(&step) {
            unmet.contains(&step).then_some(WhyUntried::NotMet)?
        } else if let When::Packet { connection, direction, .. } = fault.when {
            let carried = played.carried.get(&(connection, direction)).copied().unwrap_or_default();
            WhyUntried::NoSuchSegment { carried }
        } else {
            WhyUntried::TooLate
        };
        Some(Untried { step, why })
    });
    untried.collect()
}

/// What was done before the lab closed the client: what comes then is no longer what the scenario tries.
#[derive(Default)]
struct Played {
    done: BTreeSet<usize>,
    /// Of them, those that found no connection, or no stream.
    void: BTreeSet<usize>,
    /// How many segments left.
    carried: BTreeMap<(u32, Direction), u32>,
}

impl Played {
    fn of(scenario: &Scenario, events: &[Event]) -> Self {
        let is_close =
            |action: &Action| matches!(action, Action::Client(ClientAction::Close | ClientAction::Drop));
        let closes = scenario.script.iter().any(|step| is_close(&step.action));
        let mut played = Self::default();
        for event in events {
            match &event.what {
                What::ClientClosing if !closes => break,
                What::Step { step } => drop(played.done.insert(*step)),
                What::StepVoid { step } => drop(played.void.insert(*step)),
                What::Segment { connection, direction, fate: Fate::Sent, .. } => {
                    *played.carried.entry((*connection, *direction)).or_default() += 1;
                }
                _ => {}
            }
        }
        played
    }
}
