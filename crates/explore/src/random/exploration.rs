//! Random schedules against a client, on as many threads as there are, with a result that does not depend on them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use closewait_oracle::{Finding, Verdict};
use closewait_scenario::{Protocol, Scenario};
use closewait_simulator::client::UnderTest;
use closewait_simulator::lab::{self, Limits};
use closewait_trace::{Trace, Views};

use super::coverage::Coverage;
use super::schedules::{Draw, Schedules};
use crate::kind::faults_of;
use crate::parallel::or_stop;

/// What is explored.
#[derive(Clone)]
pub struct Exploration {
    /// The client under test.
    pub client: &'static dyn UnderTest,
    /// The protocol of the schedules.
    pub protocol: Protocol,
    /// Schedules that are played first, whatever the budget, and not again.
    pub first: Vec<Draw>,
    /// Which schedules.
    pub seed: u64,
    /// How many.
    pub budget: Budget,
    /// On how many threads, at least one.
    pub threads: usize,
}

/// When an exploration ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// After so many schedules.
    Runs(u64),
    /// When so much time, real time, has passed: how many schedules that is depends on the machine, what each
    /// of them finds does not.
    Time(Duration),
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explored {
    /// How many schedules were played and judged, each once.
    pub runs: u64,
    /// How many the client could not play.
    pub unsupported: u64,
    /// What they reached.
    pub coverage: Coverage,
    /// What was violated.
    pub suspects: BTreeMap<Suspicion, Suspect>,
}

/// Violations that may well be one and the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suspicion {
    /// The name of the oracle.
    pub oracle: &'static str,
    /// The kinds of the faults of the schedule.
    pub faults: Vec<String>,
}

/// How often, and where first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspect {
    /// In how many schedules.
    pub times: u64,
    /// How many schedules came before the first of them.
    pub after: u64,
    /// The first of them.
    pub draw: Draw,
}

/// Schedules that a thread takes at a time.
const BATCH: u64 = 64;

/// How far an exploration has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached {
    /// How many schedules are done, whether the client could play them or not: all before this number.
    pub done: u64,
    /// What came out of them.
    pub explored: Explored,
}

/// How long a round takes, real time: so much is lost at most where the process ends.
const ROUND: Duration = Duration::from_secs(2);

/// Plays. `progress` gets the number of schedules done, now and then, from any thread.
pub fn explore(exploration: &Exploration, progress: &(dyn Fn(u64) + Sync)) -> Explored {
    explore_on(exploration, Reached::default(), progress, |_, _| true).explored
}

/// Goes on from where an exploration was, in rounds. `after` gets what was reached after each of them, and whether it was the last; it
/// ends the exploration by returning false. A budget of schedules counts those from before, a budget of time does not.
pub fn explore_on(
    exploration: &Exploration,
    mut reached: Reached,
    progress: &(dyn Fn(u64) + Sync),
    mut after: impl FnMut(&Reached, bool) -> bool,
) -> Reached {
    // Real time, which says when to stop and reaches no simulated run.
    let started = Instant::now();
    loop {
        round(exploration, started, &mut reached, progress);
        let always = exploration.first.len() as u64;
        let is_last = match exploration.budget {
            Budget::Runs(runs) => reached.done >= always.saturating_add(runs),
            Budget::Time(time) => started.elapsed() >= time && reached.done >= always,
        };
        if !after(&reached, is_last) || is_last {
            return reached;
        }
    }
}

fn round(
    exploration: &Exploration,
    started: Instant,
    reached: &mut Reached,
    progress: &(dyn Fn(u64) + Sync),
) {
    let began = Instant::now();
    let next = AtomicU64::new(reached.done);
    let done = AtomicU64::new(reached.done);
    let ended = AtomicU64::new(reached.done);
    let stopped = AtomicBool::new(false);
    let always = exploration.first.len() as u64;
    let work = || {
        let schedules = Schedules::of(exploration.protocol);
        let mut part = Explored::default();
        loop {
            // Asked before a batch is taken: what was taken is played, so that nothing is left out.
            let is_late = match exploration.budget {
                Budget::Runs(_) => false,
                Budget::Time(time) => started.elapsed() >= time && next.load(Ordering::Relaxed) >= always,
            };
            if is_late || began.elapsed() >= ROUND || stopped.load(Ordering::Relaxed) {
                return part;
            }
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            let end = match exploration.budget {
                Budget::Runs(runs) => (first + BATCH).min(always.saturating_add(runs)),
                Budget::Time(_) => first + BATCH,
            };
            if first >= end {
                return part;
            }
            let stop = || stopped.store(true, Ordering::Relaxed);
            part.merge(or_stop(stop, || batch(exploration, &schedules, first..end)));
            ended.fetch_max(end, Ordering::Relaxed);
            progress(done.fetch_add(end - first, Ordering::Relaxed) + end - first);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..exploration.threads.max(1)).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            reached.explored.merge(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    reached.done = ended.into_inner();
}

fn batch(exploration: &Exploration, schedules: &Schedules, runs: std::ops::Range<u64>) -> Explored {
    let (client, limits) = (exploration.client, Limits::default());
    let drawn = |run| (run, Arc::new(schedules.draw(exploration.draw(run), client)));
    let drawn: Vec<(u64, Arc<Scenario>)> =
        runs.filter(|run| !exploration.is_repetition(*run)).map(drawn).collect();
    let plays = drawn.iter().filter(|(_, scenario)| client.unsupported(scenario).is_none());
    let traces = lab::run_all(plays.clone().map(|(_, scenario)| (scenario.clone(), client)), &limits);
    let mut part =
        Explored { unsupported: (drawn.len() - plays.clone().count()) as u64, ..Explored::default() };
    for ((run, scenario), trace) in plays.zip(traces) {
        part.count(*run, exploration.draw(*run), scenario, &trace);
    }
    part
}

impl Exploration {
    /// The schedule of this number: first those that always come first.
    pub fn draw(&self, number: u64) -> Draw {
        let listed = usize::try_from(number).ok().and_then(|number| self.first.get(number));
        listed.copied().unwrap_or_else(|| Draw { seed: self.seed, run: number - self.first.len() as u64 })
    }

    /// Whether the schedule of this number was played before, because it comes first or was listed twice.
    fn is_repetition(&self, number: u64) -> bool {
        let draw = self.draw(number);
        let listed = self.first.iter().position(|first| *first == draw);
        listed.is_some_and(|listed| (listed as u64) < number)
    }
}

impl Explored {
    fn count(&mut self, after: u64, draw: Draw, scenario: &Scenario, trace: &Trace) {
        if trace.unsupported.is_some() {
            self.unsupported += 1;
            return;
        }
        self.runs += 1;
        let views = Views::of(trace, &scenario.client);
        let findings = closewait_oracle::judge_views(scenario, trace, &views);
        self.coverage.count(scenario, trace, &views, &findings);
        for Finding { oracle, .. } in violated(&findings) {
            let suspicion = Suspicion { oracle, faults: faults_of(scenario) };
            self.suspect(suspicion, Suspect { times: 1, after, draw });
        }
    }

    fn suspect(&mut self, suspicion: Suspicion, found: Suspect) {
        let known = self.suspects.entry(suspicion).or_insert(Suspect { times: 0, ..found });
        let times = known.times + found.times;
        let first = if found.after < known.after { found } else { *known };
        *known = Suspect { times, ..first };
    }

    fn merge(&mut self, other: Self) {
        self.runs += other.runs;
        self.unsupported += other.unsupported;
        self.coverage.merge(other.coverage);
        for (suspicion, found) in other.suspects {
            self.suspect(suspicion, found);
        }
    }
}

/// The findings that are violations, of required oracles and of advice.
pub fn violated(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| matches!(finding.verdict, Verdict::Violated { .. }))
}
