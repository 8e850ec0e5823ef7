//! The `main` of a test.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process;
use std::sync::{Arc, PoisonError};
use std::thread;

use closewait_report::document::About;
use closewait_report::json;
use closewait_report::results::{ClientVersion, Results};
use closewait_scenario::Scenario;
use closewait_system::fix_addresses;
use libtest_mimic::{Arguments, Trial};

use super::environment::{Acceptance, PCAP, RESULTS, file, is_nextest, is_one_process};
use super::outcome::target;
use super::processes::Processes;
use super::suite::Suite;
use super::summary;
use super::trial::Prepared;

/// Runs the trials of several suites that the command line asks for, and ends the process, with 2 where a suite cannot
/// be prepared: a scenario file that is not valid, or a pattern that describes no scenario.
pub fn main(suites: impl IntoIterator<Item = Suite>) -> ! {
    let arguments = Arguments::from_args();
    let prepared: Result<Vec<_>, _> =
        suites.into_iter().map(|suite| Prepared::new(suite).map(Arc::new)).collect();
    let suites = prepared.unwrap_or_else(|error| give_up(&error.to_string()));
    let acceptance = Acceptance::from_environment();
    let processes = processes(&arguments, &suites);
    let trials: Vec<Trial> = suites
        .iter()
        .enumerate()
        .flat_map(|(index, suite)| suite.trials(index, acceptance, processes.as_ref()))
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    match (arguments.list, is_nextest()) {
        (true, _) => {}
        // One trial is a process there: it says only what is special about it.
        (false, true) => say(suites.iter().map(|suite| summary::reworded(suite))),
        (false, false) => tell(&suites).unwrap_or_else(|error| give_up(&error)),
    }
    conclusion.exit()
}

impl Suite {
    /// Runs the trials that the command line asks for, and ends the process: the whole of a test's `main`.
    pub fn main(self) -> ! {
        main([self])
    }
}

/// As many as trials are played at once; none if no client uses entropy. Starts this program anew if its addresses are random.
fn processes(arguments: &Arguments, suites: &[Arc<Prepared>]) -> Option<Arc<Processes>> {
    let uses_entropy = suites.iter().any(|suite| suite.client.uses_entropy());
    if arguments.list || !uses_entropy || is_one_process() {
        return None;
    }
    fix_addresses();
    let threads = arguments.test_threads.or_else(|| thread::available_parallelism().ok().map(Into::into));
    Processes::start(threads.unwrap_or(1), |which| suites[which.suite].run(which)).map(Arc::new)
}

fn give_up(error: &str) -> ! {
    // Nobody is left to be told if stderr is closed.
    let _ = writeln!(io::stderr(), "closewait: {}", error.trim_end().trim_start_matches("error: "));
    process::exit(2)
}

fn say(texts: impl Iterator<Item = String>) {
    // Nobody is left to be told if stdout is closed.
    let _ = io::stdout().write_all(texts.collect::<String>().as_bytes());
}

fn tell(suites: &[Arc<Prepared>]) -> Result<(), String> {
    say(suites.iter().map(|suite| summary::of(suite)));
    let wanted = [RESULTS, PCAP].into_iter().filter_map(|variable| Some((variable, file(variable)?)));
    for (variable, file) in wanted {
        let [suite] = suites else {
            return Err(format!(
                "{variable} takes what came out of one suite, and this test has {}",
                suites.len()
            ));
        };
        write(suite, variable, &file).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    Ok(())
}

#[cfg(feature = "pcap")]
fn packets(results: &Results<'_>) -> io::Result<Vec<u8>> {
    closewait_report::pcapng::render(results).map_err(io::Error::other)
}

#[cfg(not(feature = "pcap"))]
fn packets(_: &Results<'_>) -> io::Result<Vec<u8>> {
    Err(io::Error::other("closewait was built without its feature `pcap`"))
}

/// Whole, or not at all: a gate that reads half a file would call the other half gone.
fn write(suite: &Prepared, variable: &str, file: &Path) -> io::Result<()> {
    let scenarios: Vec<&Scenario> = suite.parts.iter().map(|part| &part.scenario).collect();
    let mut results = suite.results.lock().unwrap_or_else(PoisonError::into_inner).clone();
    results.sort_by(|one, other| one.scenario.cmp(&other.scenario));
    let client = ClientVersion { name: suite.client.name(), version: suite.version };
    let results = Results::new(vec![client], &scenarios, results);
    let bytes = match variable {
        PCAP => packets(&results)?,
        _ => json::render(&results, About { test: Some(&target()), ..About::default() })?.into_bytes(),
    };
    if fs::metadata(file).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        // A device or a pipe cannot be replaced.
        return fs::write(file, bytes);
    }
    let draft = file.with_extension("partial");
    fs::write(&draft, bytes)?;
    fs::rename(&draft, file)
}
