//! Memory is flat: 20,000 runs in one process must not make its peak grow by 10 MiB.
//!
//! Run with `cargo bench -p closewait-benches --bench memory`. Exits 1 when they do. A number of runs may follow: `-- 2000`.

use std::process::ExitCode;
use std::sync::Arc;

use closewait::client::UnderTest;
use closewait::lab::{Limits, run};
use closewait::scenario::{Scenario, parse};
use closewait::trace::End;

/// So many runs fill every cache and pool that is filled once.
const WARM_UP: u32 = 500;
const RUNS: u32 = 20_000;
/// KiB.
const MOST_GROWTH: u64 = 10 * 1024;

/// A connection that the origin closes, one that is reset, one that is left idle to the end, and a request
/// that is given up.
const SCENARIO: &str = r#"
title = "A little of everything"
about = "What a run may leave behind."
sources = ["RFC 9112"]
script = [
  { client = "send", id = "a", request = "GET /a" },
  { origin = "fin", connection = 1 },
  { until = "delivered" },
  { client = "send", id = "b", request = "POST /b", body = 20000 },
  { origin = "rst", connection = 2 },
  { until = "delivered" },
  { origin = "hold", id = "c" },
  { client = "send", id = "c", request = "GET /c", background = true },
  { wait = "100ms" },
  { client = "cancel", id = "c" },
  { client = "send", id = "d", request = "GET /d" },
]
"#;

fn main() -> ExitCode {
    let runs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(RUNS);
    let scenario = Arc::new(parse("bench/memory", "memory.toml", SCENARIO).expect("the scenario is valid"));
    play(&scenario, WARM_UP);
    let before = peak();
    play(&scenario, runs);
    let growth = peak() - before;
    println!("{runs} runs after {WARM_UP}: the peak of {before} KiB grew by {growth} KiB");
    if growth < MOST_GROWTH { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// hyper-util and reqwest by turns.
fn play(scenario: &Scenario, runs: u32) {
    let clients = closewait::client::built_in();
    for (_, client) in (0..runs).zip(clients.iter().cycle()) {
        play_once(scenario, *client);
    }
}

fn play_once(scenario: &Scenario, client: &'static dyn UnderTest) {
    let trace = run(scenario, client, &Limits::default());
    assert_eq!(trace.end, End::Completed, "{}", client.name());
    assert_eq!(trace.unsupported, None, "{}", client.name());
}

/// The largest resident set so far, KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells a process about itself");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")).expect("the line has a number of kB");
    number.trim().parse().expect("it is a number")
}
