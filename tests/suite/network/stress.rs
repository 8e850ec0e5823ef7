//! Faults at random: whatever is lost, late or doubled for a while, TCP repairs it.

use std::sync::Arc;

use closewait::lab::{Limits, run_here};
use closewait::scenario::{Scenario, parse};
use closewait::trace::{BodyEnd, End, Millis, Outcome, Trace, What};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRng, TestRunner};

use super::{client, sanity};

/// What one run is made of.
#[derive(Debug)]
struct Chance {
    client: &'static str,
    faults: Vec<String>,
    latency: [u32; 2],
    buffers: [u32; 2],
    upload: u32,
    body: usize,
    framing: &'static str,
}

/// Eight losses of the same segment, one after the other, take 51 s; a window of 256 bytes takes its time as well.
const SLOWEST: Millis = 120_000;

/// How many runs a `cargo test` makes, the same each time. `PROPTEST_CASES=5000` makes other ones.
const RUNS: u32 = 60;

/// Both requests get their answer, with every byte, and the trace is that of a TCP.
pub fn everything_heals() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = if std::env::var_os("PROPTEST_CASES").is_some() {
        TestRunner::new(config)
    } else {
        let same_each_time = TestRng::deterministic_rng(config.rng_algorithm);
        TestRunner::new_with_rng(Config { cases: RUNS, ..config }, same_each_time)
    };
    let result = runner.run(&chance(), |chance| play(&chance).map_err(TestCaseError::fail));
    result.unwrap_or_else(|error| panic!("{error}"));
}

fn chance() -> impl Strategy<Value = Chance> {
    let buffer = || prop::sample::select(vec![256, 1024, 5000, 65_536, 200_000]);
    (
        prop::collection::vec(fault(), 0..5),
        [1_u32..40, 1..40],
        [buffer(), buffer()],
        prop::sample::select(vec![0_u32, 10, 3000, 20_000]),
        prop::sample::select(vec![0_usize, 10, 3000, 20_000]),
        prop::sample::select(vec!["length", "chunked"]),
        prop::sample::select(vec!["hyper-util", "reqwest"]),
    )
        .prop_map(|(faults, latency, buffers, upload, body, framing, client)| Chance {
            client,
            faults,
            latency,
            buffers,
            upload,
            body,
            framing,
        })
}

/// A fault that concerns a few segments, from the n-th segment of a direction on.
fn fault() -> impl Strategy<Value = String> {
    let direction = || prop::sample::select(vec!["to-origin", "to-client"]);
    let effect = prop::sample::select(vec![
        r#"network = "drop""#,
        r#"network = "delay", by = "3ms""#,
        r#"network = "delay", by = "45ms""#,
        r#"network = "delay", by = "300ms""#,
        r#"network = "duplicate""#,
        r#"network = "duplicate", by = "70ms""#,
    ]);
    (effect, direction(), 1_u32..3, direction(), 1_u32..20).prop_map(|(effect, way, packets, at, n)| {
        format!(
            r#"{{ {effect}, connection = 1, direction = "{way}", packets = {packets},
               when = {{ packet = {n}, connection = 1, direction = "{at}" }} }},"#
        )
        .replace('\n', " ")
    })
}

fn play(chance: &Chance) -> Result<(), String> {
    let scenario = scenario(chance);
    let trace = run_here(&scenario, client(chance.client), &Limits::default());
    sanity::check(&scenario, &trace)?;
    if trace.end != End::Completed {
        return Err(format!("ended in {:?}", trace.end));
    }
    arrived_whole(&trace, "a", chance.body)?;
    arrived_whole(&trace, "b", chance.body)
}

fn scenario(chance: &Chance) -> Arc<Scenario> {
    let Chance { faults, latency, buffers, upload, body, framing, .. } = chance;
    let body = text(*body);
    let reply =
        |id| format!(r#"{{ origin = "reply", id = "{id}", body = "{body}", framing = "{framing}" }},"#);
    let send = |id| {
        format!(
            r#"{{ client = "send", id = "{id}", request = "PUT /{id}", body = {upload}, deadline = "10m" }},"#
        )
    };
    let text = format!(
        r#"
        title = "Random faults"
        about = "They end, and TCP repairs them."
        sources = ["RFC 9293"]
        script = [ {} {} {} {} {{ wait = "1s" }}, {} ]
        [network]
        latency_to_origin = "{}ms"
        latency_to_client = "{}ms"
        send_buffer = {}
        receive_buffer = {}
        "#,
        faults.concat(),
        reply("a"),
        reply("b"),
        send("a"),
        send("b"),
        latency[0],
        latency[1],
        buffers[0],
        buffers[1],
    );
    Arc::new(parse("network/stress", "stress.toml", &text).unwrap_or_else(|error| panic!("{error}")))
}

/// Text in which no part is like another, so that a byte in the wrong place shows.
fn text(length: usize) -> String {
    let mut text: String = (0..length / 6 + 1).map(|n| format!("{n:05} ")).collect();
    text.truncate(length);
    text
}

fn arrived_whole(trace: &Trace, id: &str, length: usize) -> Result<(), String> {
    let outcome = trace.events.iter().find_map(|event| match &event.what {
        What::RequestFinished { request, outcome } if request == id => Some((event.at, outcome)),
        _ => None,
    });
    match outcome {
        Some((at, _)) if at > SLOWEST => Err(format!("{id} took until {at} ms")),
        Some((_, Outcome::Response { status: 200, body, end: BodyEnd::Complete }))
            if *body == text(length) =>
        {
            Ok(())
        }
        other => Err(format!("{id} came to {other:?}")),
    }
}
