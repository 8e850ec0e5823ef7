//! What a sweep finds: nothing in the reference client, and the bugs planted into it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use closewait::client::UnderTest;
use closewait::client::reference::{Defect, with_defect};
use closewait::explore::sweep::{self, Mark, Plan, Record, Shard, Share, Wanted};
use closewait::explore::{Workload, workloads};
use closewait::lab::Limits;
use libtest_mimic::{Failed, Trial};

use crate::suite::reference::reference;

/// What no fault brings to light in the workloads there are, and what it takes.
const NOT_FOUND: [(&str, &[Defect]); 6] = [
    (
        "a limit of the client on idle or open connections, or on time, set in the workload",
        &[
            Defect::IdleLimitInWrongUnit,
            Defect::IdleClockNotReset,
            Defect::CountsConnectionsTwice,
            Defect::CountsBusyAsIdle,
            Defect::IgnoresMaxIdle,
            Defect::IgnoresReadTimeout,
        ],
    ),
    ("an origin that advertises its idle timeout", &[Defect::IgnoresKeepAliveTimeout]),
    ("more faults in a row than one", &[Defect::RetriesWithoutLimit]),
    (
        "an order that somebody expects, or a client that is dropped",
        &[Defect::ServesNewestFirst, Defect::LeaksOnDrop],
    ),
    (
        "HTTP/2",
        &[
            Defect::IgnoresGoaway,
            Defect::KillsAccepted,
            Defect::SurfacesRefused,
            Defect::PingTimerNotReset,
            Defect::KeepsUnanswered,
            Defect::PingsOnlyWhenBusy,
            Defect::TrustsSilence,
            Defect::CancelNotTold,
            Defect::IgnoresStreamLimit,
            Defect::AbandonedHoldsWindow,
            Defect::RetriesProcessed,
            Defect::CancelsForAll,
        ],
    ),
    ("TLS", &[Defect::TrustsFinUnderTls]),
];

/// `sweep::reference_holds::<workload>`, and `sweep::finds_planted::<defect>`.
pub(super) fn trials() -> Vec<Trial> {
    let holds = |workload: &'static Workload| {
        Trial::test(format!("sweep::reference_holds::{}", workload.name), move || holds(workload))
    };
    let finds = |defect: &Defect| {
        let defect = *defect;
        Trial::test(format!("sweep::finds_planted::{defect}"), move || finds(defect))
    };
    let is_found = |defect: &&Defect| !NOT_FOUND.iter().any(|(_, defects)| defects.contains(defect));
    workloads().iter().map(holds).chain(Defect::ALL.iter().filter(is_found).map(finds)).collect()
}

fn holds(workload: &'static Workload) -> Result<(), Failed> {
    let (mut violated, mut surfaced) = (Vec::new(), 0);
    sweep(workload, reference(), |record| {
        match record.mark {
            Mark::Violation => violated.push(record.clone()),
            Mark::Surfaced => surfaced += 1,
            _ => {}
        }
        true
    });
    assert!(surfaced > 100, "hardly any fault had an effect: {surfaced}");
    if violated.is_empty() { Ok(()) } else { Err(format!("{violated:#?}").into()) }
}

/// The first run that shows it is enough.
fn finds(defect: Defect) -> Result<(), Failed> {
    let mut advised = sound_advice();
    let is_found = |workload| {
        let mut found = false;
        sweep(workload, with_defect(defect), |record| {
            found = record.mark == Mark::Violation || !advised(record);
            !found
        });
        found
    };
    match workloads().iter().any(is_found) {
        true => Ok(()),
        false => Err("no workload shows it".into()),
    }
}

/// Whether the reference client without the defect gets all the advice of this run too.
fn sound_advice() -> impl FnMut(&Record) -> bool {
    static SOUND: LazyLock<BTreeMap<(String, String), Vec<String>>> = LazyLock::new(|| {
        let mut sound = BTreeMap::new();
        for workload in workloads() {
            sweep(workload, reference(), |record| {
                sound.insert((record.workload.clone(), record.fault.clone()), record.advised.clone());
                true
            });
        }
        sound
    });
    |record| {
        let known = SOUND.get(&(record.workload.clone(), record.fault.clone()));
        record.advised.iter().all(|oracle| known.is_some_and(|known| known.contains(oracle)))
    }
}

/// Sweeps until there are no more runs, or `go_on` says so.
fn sweep(
    workload: &'static Workload,
    client: &'static dyn UnderTest,
    mut go_on: impl FnMut(&Record) -> bool,
) {
    let wanted =
        Wanted { workloads: vec![workload], clients: vec![client], faults: Vec::new(), pairs: false };
    let limits = Limits::default();
    let plan = Plan::new(&wanted, &limits);
    let runs = sweep::choose(plan.len(), Share { budget: None, shard: Shard::WHOLE });
    sweep::play(&plan, &runs, 2, &limits, |run, judged| go_on(&Record::of(&plan, run, judged)));
}
