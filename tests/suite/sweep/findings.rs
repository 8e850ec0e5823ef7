//! What a sweep finds: nothing in the reference client, and the bugs planted into it.

use closewait::client::UnderTest;
use closewait::client::reference::{Defect, with_defect};
use closewait::explore::sweep::{self, Mark, Plan, Record, Shard, Share, Wanted};
use closewait::explore::{Workload, workloads};
use closewait::lab::Limits;
use libtest_mimic::{Failed, Trial};

use crate::suite::reference::reference;

/// What no fault brings to light in a script that is otherwise quiet: it takes an origin that says something, a client
/// setting, or an order of requests that the workloads do not have.
const NOT_FOUND: &[Defect] = &[];

/// `sweep::reference_holds::<workload>`, and `sweep::finds_planted::<defect>`.
pub(super) fn trials() -> Vec<Trial> {
    let holds = |workload: &'static Workload| {
        Trial::test(format!("sweep::reference_holds::{}", workload.name), move || holds(workload))
    };
    let finds = |defect: &Defect| {
        let defect = *defect;
        Trial::test(format!("sweep::finds_planted::{defect}"), move || finds(defect))
    };
    let planted = Defect::ALL.iter().filter(|defect| !NOT_FOUND.contains(defect));
    workloads().iter().map(holds).chain(planted.map(finds)).collect()
}

fn holds(workload: &'static Workload) -> Result<(), Failed> {
    let records = sweep(vec![workload], reference());
    let violated: Vec<_> = records.iter().filter(|record| record.mark == Mark::Violation).collect();
    assert!(records.iter().any(|record| record.mark == Mark::Surfaced), "no fault had any effect");
    if violated.is_empty() { Ok(()) } else { Err(format!("{violated:#?}").into()) }
}

/// The first workload that shows it is enough.
fn finds(defect: Defect) -> Result<(), Failed> {
    let is_found = |workload| sweep(vec![workload], with_defect(defect)).iter().any(shows);
    match workloads().iter().any(is_found) {
        true => Ok(()),
        false => Err("no workload shows it".into()),
    }
}

/// Advice counts: what wastes connections is advised against.
fn shows(record: &Record) -> bool {
    record.mark == Mark::Violation || !record.advised.is_empty()
}

fn sweep(workloads: Vec<&'static Workload>, client: &'static dyn UnderTest) -> Vec<Record> {
    let wanted = Wanted { workloads, clients: vec![client], faults: Vec::new(), pairs: false };
    let limits = Limits::default();
    let plan = Plan::new(&wanted, &limits);
    let runs = sweep::choose(plan.len(), Share { budget: None, shard: Shard::WHOLE });
    let mut records = Vec::new();
    sweep::play(&plan, &runs, 2, &limits, |run, judged| {
        records.push(Record::of(&plan, run, judged));
        true
    });
    assert_eq!(records.len(), plan.len());
    records
}
