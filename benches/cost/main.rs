//! What a scenario costs, beside the same two requests without a simulator and on a ticking one.
//!
//! Run with `cargo bench -p closewait-benches --bench cost`. Compare the medians of one run: machines differ, and are noisy.

mod without;

use std::sync::Arc;

use closewait::client::UnderTest;
use closewait::lab::{Limits, run, run_here};
use closewait::oracle::judge;
use closewait::scenario::{Scenario, parse};
use closewait::trace::{End, Trace};
use divan::Bencher;

/// The words of all protocols.
const PROTOCOLS: [&str; 4] = ["http1", "h2", "https1", "https2"];

fn main() {
    divan::main();
}

/// Two requests, and this much idle time after each.
fn scenario(protocol: &str, idle: &str) -> Arc<Scenario> {
    let text = format!(
        r#"
        title = "Two requests with idle time"
        about = "The base load of the benchmarks."
        sources = ["RFC 9112 section 9.3"]
        protocol = "{protocol}"
        script = [
          {{ client = "send", id = "a", request = "GET /a" }},
          {{ wait = "{idle}" }},
          {{ client = "send", id = "b", request = "GET /b" }},
          {{ wait = "{idle}" }},
        ]
        [client]
        idle_timeout = "2h"
        "#
    );
    Arc::new(parse("bench/two-requests", "bench.toml", &text).expect("the scenario is valid"))
}

fn client(name: &str) -> &'static dyn UnderTest {
    *closewait::client::built_in().iter().find(|client| client.name() == name).expect("it is built in")
}

fn play(scenario: &Arc<Scenario>, name: &str) -> Trace {
    let trace = run_here(scenario, client(name), &Limits::default());
    assert_eq!(trace.end, End::Completed);
    trace
}

#[divan::bench(args = ["1s", "60s", "1h"])]
fn hyper_util_idle(bencher: Bencher, idle: &str) {
    let scenario = scenario("http1", idle);
    bencher.bench(|| play(&scenario, "hyper-util"));
}

/// The whole trace, 60 s of idle time after each request.
#[divan::bench(args = PROTOCOLS)]
fn hyper_util(bencher: Bencher, protocol: &str) {
    let scenario = scenario(protocol, "60s");
    bencher.bench(|| play(&scenario, "hyper-util"));
}

/// With the trace judged by every oracle.
#[divan::bench(args = PROTOCOLS)]
fn hyper_util_judged(bencher: Bencher, protocol: &str) {
    let scenario = scenario(protocol, "60s");
    bencher.bench(|| judge(&scenario, &play(&scenario, "hyper-util")));
}

/// With a thread of its own, so that a hang could be survived.
#[divan::bench]
fn hyper_util_supervised(bencher: Bencher) {
    let scenario = scenario("http1", "60s");
    bencher.bench(|| run(&scenario, client("hyper-util"), &Limits::default()));
}

#[divan::bench(args = PROTOCOLS)]
fn reqwest_bridged(bencher: Bencher, protocol: &str) {
    let scenario = scenario(protocol, "60s");
    bencher.bench(|| play(&scenario, "reqwest"));
}

/// The same client, requests and waits over an in-memory pipe to hyper's server: no packets, no trace.
#[divan::bench(args = PROTOCOLS)]
fn duplex_no_simulator(bencher: Bencher, protocol: &str) {
    let protocol = scenario(protocol, "60s").protocol;
    bencher.bench(|| without::over_duplex(protocol));
}

/// The same on turmoil, which advances time by ticks of 1 ms.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn turmoil_1ms_ticks() {
    without::on_turmoil();
}
