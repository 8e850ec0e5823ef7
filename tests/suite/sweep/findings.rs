//! What a sweep finds: nothing in the reference client, and the bugs planted into it.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use closewait::client::UnderTest;
use closewait::client::reference::{Defect, with_defect};
use closewait::explore::sweep::{self, Mark, Plan, Record, Shard, Share, Wanted};
use closewait::explore::{Workload, workloads};
use closewait::lab::Limits;
use libtest_mimic::{Failed, Trial};

use super::super::played::reference;

/// What no single fault brings to light in the workloads there are, and why not.
const NOT_FOUND: [(&str, &[Defect]); 7] = [
    (
        "it takes a limit of the client on idle or open connections, or on time, set in the workload",
        &[
            Defect::IdleLimitInWrongUnit,
            Defect::IdleClockNotReset,
            Defect::CountsConnectionsTwice,
            Defect::CountsBusyAsIdle,
            Defect::IgnoresMaxIdle,
            Defect::IgnoresReadTimeout,
        ],
    ),
    ("it takes an origin that advertises its idle timeout", &[Defect::IgnoresKeepAliveTimeout]),
    ("it takes more faults in a row than one", &[Defect::RetriesWithoutLimit, Defect::StopsPingsAfterGoaway]),
    (
        "it takes an order that somebody expects, or a client that is dropped",
        &[Defect::ServesNewestFirst, Defect::LeaksOnDrop],
    ),
    ("it takes responses larger than a connection's window", &[Defect::AbandonedHoldsWindow]),
    ("it takes an application whose body fails", &[Defect::EndsBrokenBody]),
    ("it takes an origin whose answers are malformed", &[Defect::TakesMalformedChunks]),
];

/// What only streams bring to light: there the search begins.
const OF_STREAMS: [Defect; 11] = [
    Defect::IgnoresGoaway,
    Defect::KillsAccepted,
    Defect::RetriesProcessed,
    Defect::SurfacesRefused,
    Defect::PingTimerNotReset,
    Defect::KeepsUnanswered,
    Defect::PingsOnlyWhenBusy,
    Defect::TrustsSilence,
    Defect::CancelNotTold,
    Defect::IgnoresStreamLimit,
    Defect::CancelsForAll,
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
    let records = of_reference(workload);
    let marked = |mark| records.iter().filter(move |record| record.mark == mark);
    let (violated, surfaced) = (marked(Mark::Violation).collect::<Vec<_>>(), marked(Mark::Surfaced).count());
    assert!(surfaced > 100, "hardly any fault had an effect: {surfaced}");
    if violated.is_empty() { Ok(()) } else { Err(format!("{violated:#?}").into()) }
}

/// The first run that shows it is enough. Most bugs show in a twentieth of the runs of the workloads where they are likely.
fn finds(defect: Defect) -> Result<(), Failed> {
    let is_found = |workload, part| {
        let mut found = false;
        sweep(workload, with_defect(defect), part, |record| {
            assert!(
                !record.violated.iter().any(|word| word == "hang"),
                "the planted bug itself hangs: {record:?}"
            );
            found = record.mark == Mark::Violation || !is_sound_advice(workload, record);
            !found
        });
        found
    };
    let is_likely = |workload: &&Workload| match defect {
        Defect::TrustsFinUnderTls => workload.scenario.protocol.is_tls(),
        _ => workload.scenario.protocol.is_http2() == OF_STREAMS.contains(&defect),
    };
    let (likely, others): (Vec<_>, Vec<_>) = workloads().iter().partition(is_likely);
    let order = [(&likely, 20), (&likely, 1), (&others, 20), (&others, 1)];
    match order.into_iter().any(|(some, part)| some.iter().any(|workload| is_found(workload, part))) {
        true => Ok(()),
        false => Err("no workload shows it".into()),
    }
}

/// Whether the reference client without the defect gets all the advice of this run too.
fn is_sound_advice(workload: &'static Workload, record: &Record) -> bool {
    let known = |oracle| {
        let same = of_reference(workload).iter().find(|known| known.fault == record.fault);
        same.is_some_and(|known| known.advised.contains(oracle))
    };
    record.advised.iter().all(known)
}

/// Every run of a workload with the reference client.
fn of_reference(workload: &'static Workload) -> &'static [Record] {
    static RECORDS: LazyLock<BTreeMap<&str, OnceLock<Vec<Record>>>> =
        LazyLock::new(|| workloads().iter().map(|workload| (workload.name, OnceLock::new())).collect());
    RECORDS[workload.name].get_or_init(|| {
        let mut records = Vec::new();
        sweep(workload, reference(), 1, |record| {
            records.push(record.clone());
            true
        });
        records
    })
}

/// Sweeps one of so many parts, evenly spread, until there are no more runs, or `go_on` says so.
fn sweep(
    workload: &'static Workload,
    client: &'static dyn UnderTest,
    part: usize,
    mut go_on: impl FnMut(&Record) -> bool,
) {
    let wanted =
        Wanted { workloads: vec![workload], clients: vec![client], faults: Vec::new(), pairs: false };
    let limits = Limits::default();
    let plan = Plan::new(&wanted, &limits);
    let share = Share { budget: Some(plan.len().div_ceil(part)), shard: Shard::WHOLE };
    let runs = sweep::choose(plan.len(), share);
    sweep::play(&plan, &runs, 2, &limits, |run, judged| go_on(&Record::of(&plan, run, judged)));
}
