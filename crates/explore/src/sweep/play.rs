//! Plays the runs of a plan on several threads; hands the results out in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use closewait_oracle::{Finding, Level};
use closewait_scenario::Scenario;
use closewait_simulator::lab::{self, Limits};
use closewait_trace::{End, Trace};

use super::mark::{self, Mark};
use super::plan::{Clean, Plan};
use crate::parallel::{join, or_stop};
use crate::{Injected, inject};

/// What came out of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What the fault did.
    pub mark: Mark,
    /// The required oracles that are violated, and what a watchdog stopped.
    pub violated: Vec<String>,
    /// The advised ones.
    pub advised: Vec<String>,
    /// The first violation in words, or why the client cannot play this.
    pub why: Option<String>,
}

/// How many runs a thread takes at a time, and results come at a time: enough to make its start cheap, few enough to keep
/// every thread busy to the end.
pub const CHUNK: usize = 64;

/// Plays the runs of these numbers on so many threads. `done` gets the results in the order of `runs`, whichever thread
/// they came from, each as soon as it and all before it are there. It ends the sweep by returning false.
///
/// A run that hangs costs its chunk the time until the watchdog, and nothing else.
pub fn play(
    plan: &Plan,
    runs: &[usize],
    threads: usize,
    limits: &Limits,
    mut done: impl FnMut(usize, Judged) -> bool,
) {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::sync_channel(threads * 4);
    std::thread::scope(|scope| {
        let start = |_| {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(chunk) = runs.chunks(CHUNK).nth(number) else { return };
                    let stop = || next.store(runs.len(), Ordering::Relaxed);
                    let judged = or_stop(stop, || play_chunk(plan, chunk, limits));
                    // Nobody listens any more when the sweep was ended.
                    if sender.send((number, judged)).is_err() {
                        return;
                    }
                }
            })
        };
        let players = (0..threads.max(1)).map(start).collect();
        drop(sender);
        in_order(results, runs, &mut done);
        join(players);
    });
}

fn in_order(
    results: mpsc::Receiver<(usize, Vec<Judged>)>,
    runs: &[usize],
    done: &mut impl FnMut(usize, Judged) -> bool,
) {
    let mut waiting: BTreeMap<usize, Vec<Judged>> = BTreeMap::new();
    let mut due = 0;
    for (number, chunk) in results {
        waiting.insert(number, chunk);
        while let Some(chunk) = waiting.remove(&due) {
            for (run, judged) in runs[due * CHUNK..].iter().zip(chunk) {
                if !done(*run, judged) {
                    return;
                }
            }
            due += 1;
        }
    }
}

/// A run that can be played.
struct Prepared<'a> {
    scenario: Arc<Scenario>,
    /// The first step of each fault.
    first_steps: Vec<usize>,
    clean: &'a Clean,
}

fn play_chunk(plan: &Plan, runs: &[usize], limits: &Limits) -> Vec<Judged> {
    let prepared: Vec<_> = runs.iter().map(|run| prepare(plan, *run)).collect();
    let plays = prepared.iter().filter_map(|prepared| prepared.as_ref().ok());
    let mut traces = lab::run_all(plays.map(|p| (p.scenario.clone(), p.clean.client)), limits);
    let judged = |prepared: &Result<Prepared, Judged>| match prepared {
        Err(judged) => judged.clone(),
        Ok(Prepared { scenario, first_steps, clean }) => {
            let trace = traces.next().expect("every run gives a trace");
            let findings = closewait_oracle::judge(scenario, &trace);
            let mark = mark::mark(&trace, &findings, &clean.checks, first_steps);
            Judged::of(mark, &trace, &findings)
        }
    };
    prepared.iter().map(judged).collect()
}

/// The scenario of a run, or what is known without playing it.
fn prepare(plan: &Plan, run: usize) -> Result<Prepared<'_>, Judged> {
    let run = plan.run(run);
    let clean = plan.clean(run);
    if let Some(reason) = &clean.unsupported {
        return Err(Judged::without_a_run(Mark::Unsupported, Some(reason.clone())));
    }
    let injections = run.injections();
    let base = &clean.workload.scenario;
    let injected = match injections.as_slice() {
        [] => Some(Injected { scenario: base.clone(), first_steps: Vec::new() }),
        injections => inject(base, injections),
    };
    let Some(Injected { scenario, first_steps }) = injected else {
        return Err(Judged::without_a_run(Mark::NotReached, None));
    };
    // With the fault there may be something in it that the client cannot play.
    match clean.client.unsupported(&scenario) {
        Some(reason) => Err(Judged::without_a_run(Mark::Unsupported, Some(reason))),
        None => Ok(Prepared { scenario: Arc::new(scenario), first_steps, clean }),
    }
}

impl Judged {
    fn without_a_run(mark: Mark, why: Option<String>) -> Self {
        Self { mark, violated: Vec::new(), advised: Vec::new(), why }
    }

    fn of(mark: Mark, trace: &Trace, findings: &[Finding]) -> Self {
        if mark == Mark::Unsupported {
            return Self::without_a_run(mark, trace.unsupported.clone());
        }
        let stopped = stopped(&trace.end);
        let required: Vec<_> = mark::violated(findings, Level::Required).collect();
        let why = stopped.clone().or_else(|| required.first().map(|(_, message)| (*message).to_owned()));
        let name = |(oracle, _): (&'static str, &str)| oracle.to_owned();
        Self {
            mark,
            violated: stopped.into_iter().chain(required.into_iter().map(name)).collect(),
            advised: mark::violated(findings, Level::Advised).map(name).collect(),
            why,
        }
    }
}

/// What stopped the run.
pub(super) fn stopped(end: &End) -> Option<String> {
    match end {
        End::Completed => None,
        End::Livelock => Some("livelock".to_owned()),
        End::Stall => Some("stall".to_owned()),
        End::Hang => Some("hang".to_owned()),
        End::Panic { message } => Some(format!("panic: {message}")),
    }
}
