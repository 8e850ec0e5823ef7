//! Judging is linear in requests and in connections: so much for each request, however many there are.
//!
//! Run with `cargo bench -p closewait-benches --bench judging`. Exits 1 where the largest run costs more than twice as much a request as the
//! smallest, or more than a second.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use closewait::client::UnderTest;
use closewait::lab::{Limits, run_here};
use closewait::oracle::judge;
use closewait::scenario::{Action, ClientAction, OriginAction, Scenario, Step, parse};
use closewait::trace::{End, Trace};

const SIZES: [usize; 4] = [1_250, 2_500, 5_000, 10_000];
/// The best of so many is compared: what else the machine does only ever adds.
const TIMES: u32 = 3;
const MOST: Duration = Duration::from_secs(1);
const MOST_GROWTH: f64 = 2.0;

/// What each request is, and what follows it.
const SHAPES: [(&str, &str, &str); 4] = [
    ("one connection", "http1", r#"{ client = "send", id = "r", request = "GET /" }"#),
    ("one connection", "h2", r#"{ client = "send", id = "r", request = "GET /" }"#),
    (
        "a connection each",
        "http1",
        r#"{ origin = "reply", id = "r", then = "close" }, { client = "send", id = "r", request = "GET /" }"#,
    ),
    (
        "a connection each",
        "h2",
        r#"{ origin = "reply", id = "r", then = "goaway" }, { client = "send", id = "r", request = "GET /" }"#,
    ),
];

fn main() -> ExitCode {
    let mut is_linear = true;
    for (shape, protocol, steps) in SHAPES {
        let costs: Vec<Duration> = SIZES.iter().map(|size| cost(&scenario(protocol, steps, *size))).collect();
        let each = |index: usize| costs[index].as_secs_f64() * 1e6 / SIZES[index] as f64;
        let (first, last) = (each(0), each(SIZES.len() - 1));
        is_linear &= last < MOST_GROWTH * first && costs[SIZES.len() - 1] < MOST;
        let cells: Vec<String> = (0..SIZES.len())
            .map(|index| format!("{} in {:.0?} ({:.1} µs each)", SIZES[index], costs[index], each(index)))
            .collect();
        println!("{protocol}, {shape}: {}", cells.join(", "));
    }
    if is_linear { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What it costs to judge a run.
fn cost(scenario: &Arc<Scenario>) -> Duration {
    let trace = run_here(scenario, client(), &Limits::default());
    assert_eq!(trace.end, End::Completed);
    (0..TIMES).map(|_| judged(scenario, &trace)).min().unwrap_or_default()
}

fn judged(scenario: &Scenario, trace: &Trace) -> Duration {
    let begun = Instant::now();
    let findings = judge(scenario, trace);
    let cost = begun.elapsed();
    assert!(!findings.is_empty());
    cost
}

/// The steps, so many times: more than a file may have.
fn scenario(protocol: &str, steps: &str, times: usize) -> Arc<Scenario> {
    let text = format!(
        r#"
        title = "Requests one after the other"
        about = "The load of a benchmark."
        sources = ["RFC 9112 section 9.3"]
        protocol = "{protocol}"
        script = [ {steps} ]
        "#
    );
    let scenario = parse("bench/judging", "judging.toml", &text).expect("the scenario is valid");
    let script = (0..times).flat_map(|n| scenario.script.iter().map(move |step| named(step, n))).collect();
    Arc::new(Scenario { script, ..scenario })
}

/// A step of the request with a number.
fn named(step: &Step, n: usize) -> Step {
    let mut step = step.clone();
    match &mut step.action {
        Action::Client(ClientAction::Send(send)) => send.id = format!("r{n}"),
        Action::Origin(OriginAction::Reply(reply)) => reply.id = format!("r{n}"),
        _ => {}
    }
    step
}

fn client() -> &'static dyn UnderTest {
    let is_wanted = |client: &&&'static dyn UnderTest| client.name() == "hyper-util";
    *closewait::client::built_in().iter().find(is_wanted).expect("it is built in")
}
