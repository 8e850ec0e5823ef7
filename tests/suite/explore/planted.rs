//! Every bug planted into the reference client is found by random schedules, without a scenario made for it.

use closewait::client::reference::Defect;
use closewait::explore::random::{self, Draw};
use closewait::scenario::Protocol;
use libtest_mimic::{Failed, Trial};

use super::super::played::client;

/// `explore::planted::<defect>`. All of them at length: `closewait explore --planted all`.
pub fn trials() -> Vec<Trial> {
    let trial = |defect: Defect| Trial::test(format!("explore::planted::{defect}"), move || check(defect));
    Defect::ALL.into_iter().map(trial).collect()
}

/// The schedule that is kept for a bug finds it: if the strategies have changed, so must the list.
fn check(defect: Defect) -> Result<(), Failed> {
    let kept = kept(defect);
    if kept.is_empty() {
        return Err("no schedule is kept for it: closewait explore --planted all says which finds it".into());
    }
    let found = random::unmask(defect, client("reference"), kept.into_iter())
        .ok_or("its schedule no longer finds it")?;
    let weight = found.found.weight;
    // It shows on a connection that drains, and dies.
    let faults = if defect == Defect::StopsPingsAfterGoaway { 2 } else { 1 };
    if weight.requests <= 3 && weight.faults <= faults {
        return Ok(());
    }
    Err(format!("{:#?}", found.found).into())
}

/// The schedules that are kept for this bug.
fn kept(defect: Defect) -> Vec<(Protocol, Draw)> {
    let name = defect.to_string();
    let seeds = random::seeds().into_iter().filter(|seed| seed.finds.as_ref() == Some(&name));
    seeds.map(|seed| (seed.protocol, seed.draw)).collect()
}
