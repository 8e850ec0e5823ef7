//! Every bug planted into the reference client is found by random schedules, without a scenario made for it.

use closewait::client::reference::Defect;
use closewait::explore::random::{self, Draw};
use closewait::scenario::Protocol;
use libtest_mimic::{Failed, Trial};

use super::client;

/// `explore::planted::<defect>`. All of them at length: `closewait explore --planted all`.
pub fn trials() -> Vec<Trial> {
    let trial = |defect: Defect| Trial::test(format!("explore::planted::{defect}"), move || check(defect));
    let without_streams = |defect: &Defect| !NEED_STREAMS.contains(&defect.to_string().as_str());
    let mut trials: Vec<Trial> = Defect::ALL.into_iter().filter(without_streams).map(trial).collect();
    trials.push(Trial::test("explore::every_seed_earns_its_keep", every_seed_earns_its_keep));
    trials
}

/// Bugs that show only where requests are streams, or under TLS: there are no random schedules for those yet.
const NEED_STREAMS: [&str; 12] = [
    "IgnoresGoaway",
    "KillsAccepted",
    "SurfacesRefused",
    "PingTimerNotReset",
    "KeepsUnanswered",
    "PingsOnlyWhenBusy",
    "TrustsSilence",
    "CancelNotTold",
    "AbandonedHoldsWindow",
    "IgnoresStreamLimit",
    "CancelsForAll",
    "TrustsFinUnderTls",
];

/// More than any of them takes today.
const BUDGET: u64 = 1000;

fn check(defect: Defect) -> Result<(), Failed> {
    let draws = (0..BUDGET).map(|run| Draw { seed: 1, run });
    let unmasked = random::unmask(defect, client("reference"), Protocol::Http1, kept(defect).chain(draws));
    let found = unmasked.ok_or("not found")?.found;
    if found.weight.requests <= 3 && found.weight.faults <= 1 {
        return Ok(());
    }
    Err(format!("{found:#?}").into())
}

/// The schedules that are kept for this bug.
fn kept(defect: Defect) -> impl Iterator<Item = Draw> {
    let name = defect.to_string();
    random::seeds().into_iter().filter(move |seed| seed.finds.as_ref() == Some(&name)).map(|seed| seed.draw)
}

/// A seed that is kept for a bug finds it: if the strategies have changed, so must the list.
fn every_seed_earns_its_keep() -> Result<(), Failed> {
    let idle: Vec<String> = Defect::ALL
        .into_iter()
        .flat_map(|defect| kept(defect).map(move |draw| (defect, draw)))
        .filter(|(defect, draw)| {
            random::unmask(*defect, client("reference"), Protocol::Http1, [*draw]).is_none()
        })
        .map(|(defect, draw)| format!("seed {} run {} no longer finds {defect}", draw.seed, draw.run))
        .collect();
    if idle.is_empty() { Ok(()) } else { Err(idle.join("\n").into()) }
}
