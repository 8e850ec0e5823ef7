//! The sweep itself: progress, results, exit code.

use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use closewait::client::UnderTest;
use closewait::explore::sweep::{self, Header, Plan, Record, Share, Wanted};
use closewait::explore::{FAULTS, Workload, workloads};
use closewait::lab::Limits;
use closewait::suite;
use indicatif::ProgressBar;

use super::args::SweepArgs;
use super::paths;
use super::record_file::RecordFile;
use super::results::{Accepted, report};
use crate::cli::exit::Done;
use crate::cli::output::bar;
use closewait::scenario::did_you_mean;

/// Sweeps.
pub fn run(args: &SweepArgs) -> Done {
    let wanted = wanted(args)?;
    let accepted = Accepted::load(args)?;
    let mut record_file = paths::open(args)?;
    let limits = Limits::default();
    let threads = threads(args);
    let started = Instant::now();
    let plan = planned(&wanted, threads, &limits);
    let budget = args.budget.map(|budget| usize::try_from(budget).unwrap_or(usize::MAX));
    let share = Share { budget, shard: args.shard };
    let header = Header::of(&wanted, &plan, share);
    let runs = sweep::choose(plan.len(), share);
    let mut records = record_file.begin(&header, &runs)?;
    let played = runs.len() - records.len();
    let failure = play(&plan, &runs[records.len()..], threads, &limits, &mut records, &mut record_file);
    record_file.finish()?;
    failure.map_or(Ok(()), Err)?;
    tell(&header, played, threads, started.elapsed());
    report(args, &header, &records, &accepted)
}

/// For pairs, every first fault is played to see where a second one can be injected, whatever the budget: it is spread over all
/// pairs there are.
fn planned(wanted: &Wanted, threads: usize, limits: &Limits) -> Plan {
    let bar = progress("planning ", 0);
    let plan = Plan::on_threads(wanted, limits, threads, |done, of| {
        bar.set_length(of as u64);
        // Threads may tell out of order.
        bar.set_position(bar.position().max(done as u64));
    });
    bar.finish_and_clear();
    plan
}

fn play(
    plan: &Plan,
    runs: &[usize],
    threads: usize,
    limits: &Limits,
    records: &mut Vec<Record>,
    record_file: &mut RecordFile,
) -> Option<io::Error> {
    let bar = progress("", runs.len());
    let mut failure = None;
    sweep::play(plan, runs, threads, limits, |run, judged| {
        let record = Record::of(plan, run, judged);
        failure = record_file.keep(&record).err();
        records.push(record);
        bar.inc(1);
        failure.is_none()
    });
    bar.finish_and_clear();
    failure
}

fn progress(what: &'static str, runs: usize) -> ProgressBar {
    let template = "{msg}{wide_bar} {human_pos}/{human_len}  {per_sec}  {eta} left";
    bar(template, Some(runs as u64)).with_message(what)
}

/// What it took, on stderr: stdout is the same for the same sweep.
fn tell(header: &Header, played: usize, threads: usize, took: Duration) {
    let seconds = took.as_secs_f64().max(1e-9);
    let rate = played as f64 / seconds;
    anstream::eprintln!(
        "{played} runs in {seconds:.2} s: {rate:.0} runs/s, {:.0} for each of {threads} threads",
        rate / threads as f64,
    );
    let left_out = header.runs - header.chosen;
    if left_out > 0 {
        anstream::eprintln!("the budget left out {left_out} of {} runs, evenly spread", header.runs);
    }
}

fn threads(args: &SweepArgs) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    args.threads.map_or_else(cores, usize::from)
}

fn wanted(args: &SweepArgs) -> Result<Wanted, Box<dyn Error>> {
    let clients: Vec<&'static dyn UnderTest> = suite::choose(&args.clients)?;
    let names: BTreeSet<&str> = args.workloads.iter().map(String::as_str).collect();
    for name in &names {
        workload(name)?;
    }
    let known: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    if let Some(name) = args.faults.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("no fault is called `{name}`; {}", did_you_mean(name, &known)).into());
    }
    let is_wanted = |workload: &&Workload| names.is_empty() || names.contains(workload.name);
    let workloads = workloads().iter().filter(is_wanted).collect();
    Ok(Wanted { workloads, clients, faults: args.faults.clone(), pairs: args.pairs })
}

/// The workload of this name.
pub(super) fn workload(name: &str) -> Result<&'static Workload, Box<dyn Error>> {
    let found = workloads().iter().find(|workload| workload.name == name);
    let known: Vec<&str> = workloads().iter().map(|workload| workload.name).collect();
    found.ok_or_else(|| format!("no workload is called `{name}`; {}", did_you_mean(name, &known)).into())
}
