//! All reports together cost less than twice the run that they tell of.
//!
//! Run with `cargo bench -p closewait-benches --bench outputs`. Exits 1 when they do not.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use closewait::client;
use closewait::gate::{Rules, compare, decide};
use closewait::lab::Limits;
use closewait::report::document::{About, of_results};
use closewait::report::gate::{Input, LIMIT, junit, markdown, sarif};
use closewait::report::results::{ClientVersion, Results};
use closewait::report::{html, pcapng};
use closewait::scenario;
use closewait::suite::play_all;

/// The best of so many is compared: what else the machine does only ever adds.
const TIMES: u32 = 5;
const MOST: f64 = 2.0;

fn main() -> ExitCode {
    let catalogue = scenario::catalogue();
    let scenarios = catalogue.select(&[]).expect("no pattern is no mistake");
    let clients = client::built_in();
    let versions =
        clients.iter().map(|client| ClientVersion { name: client.name(), version: client.version() });
    let (run, results) = best(|| play_all(scenarios.iter().copied(), clients, &Limits::default(), |_, _| ()));
    let results = Results::new(versions.collect(), &scenarios, results);
    let (outputs, bytes) = best(|| all_of(&results));
    let ratio = outputs.as_secs_f64() / run.as_secs_f64();
    println!(
        "{} scenarios on {} clients: run and judged in {run:.0?}; JSON, HTML, Markdown, JUnit, SARIF and pcapng, {} KiB \
         together, in {outputs:.0?}: {ratio:.2} × the run",
        scenarios.len(),
        clients.len(),
        bytes / 1024
    );
    if ratio < MOST { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many bytes the reports have.
fn all_of(results: &Results<'_>) -> usize {
    let document = of_results(results, About::default());
    let facts = document.facts();
    let verdict = decide(compare(&facts, &facts), &Rules::default(), true);
    let input = Input {
        document: &document,
        verdict: &verdict,
        baseline: "itself",
        unlike: None,
        is_accepted: true,
        rules: "none",
    };
    [
        document.to_json().expect("keys are strings").len(),
        html::render(&[("", &document)], Some(&verdict)).expect("keys are strings").len(),
        markdown(&input, LIMIT).len(),
        junit(&input).expect("memory is there").len(),
        sarif(&input).expect("keys are strings").len(),
        pcapng::render(results).expect("packets have their sizes").len(),
    ]
    .iter()
    .sum()
}

fn best<T>(work: impl Fn() -> T) -> (Duration, T) {
    let timed = || {
        let begun = Instant::now();
        let result = work();
        (begun.elapsed(), result)
    };
    (1..TIMES).map(|_| timed()).fold(timed(), |best, next| if next.0 < best.0 { next } else { best })
}
