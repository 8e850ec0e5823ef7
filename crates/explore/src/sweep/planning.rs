//! Makes a plan: plays what must be played to know where faults can be injected.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use closewait_simulator::client::UnderTest;
use closewait_simulator::lab::{self, Limits};
use closewait_trace::Trace;

use super::mark::{Checks, Mark, mark};
use super::plan::{Clean, Plan, PlannedRun, Wanted};
use crate::{Grain, Injected, Injection, Points, Workload, inject, parallel};

/// How many first faults a thread takes at a time.
const CHUNK: usize = 16;

impl Plan {
    /// Plays each workload once without a fault, and for pairs once with each fault, to see where faults can be injected.
    pub fn new(wanted: &Wanted, limits: &Limits) -> Self {
        Self::on_threads(wanted, limits, 1, |_, _| ())
    }

    /// The same plan, made on so many threads. `progress` hears how many first faults of how many have been played; there
    /// are none to play unless pairs are wanted.
    pub fn on_threads(
        wanted: &Wanted,
        limits: &Limits,
        threads: usize,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Self {
        let each = |workload| wanted.clients.iter().map(move |client| (workload, *client));
        let bases: Vec<(&'static Workload, &'static dyn UnderTest)> =
            wanted.workloads.iter().copied().flat_map(each).collect();
        let played = parallel(threads, &bases, |(workload, client)| base(workload, *client, wanted, limits));
        let (clean, singles): (Vec<Clean>, Vec<Vec<Arc<Injection>>>) = played.into_iter().unzip();
        let numbers = 0..clean.len() as u32;
        let firsts: Vec<(u32, &[Arc<Injection>])> = numbers
            .zip(&singles)
            .flat_map(|(number, singles)| singles.chunks(CHUNK).map(move |chunk| (number, chunk)))
            .collect();
        let done = AtomicUsize::new(0);
        let all = singles.iter().map(Vec::len).sum();
        let injected = parallel(threads, &firsts, |(number, firsts)| {
            let single = |first: &Arc<Injection>| PlannedRun {
                clean: *number,
                first: Some(first.clone()),
                second: None,
            };
            if !wanted.pairs {
                return firsts.iter().map(single).collect();
            }
            let runs = pairs(*number, &clean[*number as usize], firsts, &wanted.faults, limits);
            progress(done.fetch_add(firsts.len(), Ordering::Relaxed) + firsts.len(), all);
            runs
        });
        let mut injected = firsts.iter().map(|(number, _)| *number).zip(injected).peekable();
        let mut runs = Vec::new();
        for number in 0..clean.len() as u32 {
            runs.push(PlannedRun { clean: number, first: None, second: None });
            while let Some((_, more)) = injected.next_if(|(of, _)| *of == number) {
                runs.extend(more);
            }
        }
        Self { runs, clean, pairs: wanted.pairs }
    }
}

/// The run without a fault, and each single fault of it.
fn base(
    workload: &'static Workload,
    client: &'static dyn UnderTest,
    wanted: &Wanted,
    limits: &Limits,
) -> (Clean, Vec<Arc<Injection>>) {
    let unsupported = client.unsupported(&workload.scenario);
    let trace = unsupported.is_none().then(|| lab::run(&workload.scenario, client, limits));
    let unsupported = unsupported.or(trace.as_ref().and_then(|trace| trace.unsupported.clone()));
    let checks = trace.as_ref().map(Checks::of).unwrap_or_default();
    let grain = if wanted.pairs { Grain::Coarse } else { Grain::Fine };
    let singles = match &trace {
        Some(trace) if unsupported.is_none() => singles(workload, trace, &wanted.faults, grain),
        _ => Vec::new(),
    };
    (Clean { workload, client, checks, unsupported }, singles.into_iter().map(Arc::new).collect())
}

/// Each single fault of a workload, each scenario once.
fn singles(workload: &Workload, trace: &Trace, faults: &[String], grain: Grain) -> Vec<Injection> {
    let points = Points::of(&workload.scenario, trace, grain);
    let mut seen = BTreeSet::new();
    let mut is_new = |single: &Injection| {
        let injected = inject(&workload.scenario, std::slice::from_ref(single));
        injected.is_some_and(|injected| seen.insert(format!("{:?}", injected.scenario.script)))
    };
    let all = points.injections(&workload.scenario, 0).into_iter();
    all.filter(|single| wants(faults, single) && is_new(single)).collect()
}

/// The second fault is injected at a point of the run with the first: also a retry, or a connection that only the first fault
/// made necessary.
fn pairs(
    number: u32,
    clean: &Clean,
    firsts: &[Arc<Injection>],
    faults: &[String],
    limits: &Limits,
) -> Vec<PlannedRun> {
    let Clean { workload, client, checks, .. } = clean;
    let injected: Vec<(&Arc<Injection>, Injected)> = firsts
        .iter()
        .filter_map(|first| Some((first, inject(&workload.scenario, std::slice::from_ref(&**first))?)))
        .collect();
    let plays = injected.iter().map(|(_, injected)| (Arc::new(injected.scenario.clone()), *client));
    let mut runs = Vec::new();
    for ((first, injected), trace) in injected.iter().zip(lab::run_all(plays, limits)) {
        let findings = closewait_oracle::judge(&injected.scenario, &trace);
        if !is_worth_a_second(mark(&trace, &findings, checks, &injected.first_steps)) {
            continue;
        }
        let points = Points::of(&workload.scenario, &trace, Grain::Coarse);
        let from = first.point.at().unwrap_or_default();
        let seconds = points.injections(&workload.scenario, from).into_iter();
        let seconds = seconds.filter(|second| wants(faults, second) && is_after(first, second));
        let pair = |second| PlannedRun {
            clean: number,
            first: Some(Arc::clone(first)),
            second: Some(Box::new(second)),
        };
        runs.extend(seconds.map(pair));
    }
    runs
}

fn wants(faults: &[String], injection: &Injection) -> bool {
    faults.is_empty() || faults.iter().any(|name| name == injection.fault.name)
}

/// What is violated with one fault is not made clearer by two.
fn is_worth_a_second(mark: Mark) -> bool {
    matches!(mark, Mark::Surfaced | Mark::Retried | Mark::NewConnection | Mark::Ok)
}

/// Each pair once: the second is later, or of the same instant and later by name. A fault in a message has no
/// instant: it comes first, or after another one in a message.
fn is_after(first: &Injection, second: &Injection) -> bool {
    match (first.point.at(), second.point.at()) {
        (Some(first_at), Some(second_at)) if first_at != second_at => first_at < second_at,
        (Some(_), Some(_)) | (None, None) => first.to_string() < second.to_string(),
        (None, Some(_)) => true,
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use closewait_reference::Reference;

    use super::*;
    use crate::workloads;

    /// The same plan on any number of threads, and every first fault is reported.
    fn check(pairs: bool, told: bool) {
        let is_wanted = |workload: &&Workload| ["keep-alive", "upload"].contains(&workload.name);
        let wanted = Wanted {
            workloads: workloads().iter().filter(is_wanted).collect(),
            clients: vec![&Reference::CORRECT],
            faults: vec!["fin".to_owned(), "restart".to_owned()],
            pairs,
        };
        let limits = Limits::default();
        let one = Plan::new(&wanted, &limits);
        assert!(one.len() > 100, "{}", one.len());
        for threads in [2, 5] {
            let progress = Mutex::new(Vec::new());
            let hear = |done, of| progress.lock().expect("nobody panics with it").push((done, of));
            let many = Plan::on_threads(&wanted, &limits, threads, hear);
            assert_eq!((many.len(), many.fingerprint()), (one.len(), one.fingerprint()), "{threads} threads");
            let progress = progress.into_inner().expect("nobody panics with it");
            assert_eq!(progress.iter().any(|(done, of)| done == of), told, "{progress:?}");
            assert_eq!(progress.len() > 3, told, "{progress:?}");
        }
    }

    #[test]
    fn a_plan_is_the_same_on_any_number_of_threads() {
        check(false, false);
        check(true, true);
    }
}
