//! What an upload costs by its size, run and judged: linear from 64 KiB to 16 MiB.
//!
//! Run with `cargo bench -p closewait-benches --bench uploads`. Exits 1 where a byte of the largest costs more than twice what one of a
//! MiB does.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use closewait::client::{UnderTest, built_in};
use closewait::lab::Limits;
use closewait::scenario::{Scenario, parse};
use closewait::suite::{RunOutcome, play};

/// The best of so many is taken: what else the machine does only ever adds.
const TIMES: u32 = 5;
/// Allowed for what is not of the bytes: caches, and pages that are touched for the first time.
const MOST: f64 = 2.0;

const KIB: u64 = 1024;
const SIZES: [u64; 5] = [64 * KIB, 256 * KIB, 1024 * KIB, 4 * 1024 * KIB, 16 * 1024 * KIB];

fn main() -> ExitCode {
    let mut is_linear = true;
    for protocol in ["http1", "h2"] {
        for client in built_in() {
            let costs: Vec<Option<Duration>> = SIZES.map(|size| cost(*client, protocol, size)).to_vec();
            let (Some(mib), Some(most)) = (costs[2], costs[4]) else {
                println!("{protocol:<6} {:<12} cannot play it", client.name());
                continue;
            };
            let ratio = most.as_secs_f64() / mib.as_secs_f64() / (SIZES[4] as f64 / SIZES[2] as f64);
            is_linear &= ratio < MOST;
            let each = SIZES.iter().zip(costs.iter().flatten());
            let each: Vec<String> =
                each.map(|(size, cost)| format!("{} KiB {cost:.1?}", size / KIB)).collect();
            println!(
                "{protocol:<6} {:<12} {}; a byte of the largest: {ratio:.2} ×",
                client.name(),
                each.join(", ")
            );
        }
    }
    if is_linear { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// `None` if the client cannot play it.
fn cost(client: &'static dyn UnderTest, protocol: &str, size: u64) -> Option<Duration> {
    let scenario = upload(protocol, size);
    let timed = || {
        let begun = Instant::now();
        let result = play(&scenario, client, &Limits::default());
        matches!(result.outcome, RunOutcome::Ran { .. }).then(|| begun.elapsed())
    };
    (0..TIMES).map(|_| timed()).min().flatten()
}

fn upload(protocol: &str, size: u64) -> Scenario {
    let text = format!(
        "title = \"An upload\"\nabout = \"Of one size.\"\nsources = [\"RFC 9112\"]\nprotocol = \"{protocol}\"\n\
         script = [{{ client = \"send\", id = \"a\", request = \"POST /a\", body = {size}, deadline = \"1h\" }}]\n"
    );
    parse("bench/upload", "upload.toml", &text).expect("it is valid")
}
