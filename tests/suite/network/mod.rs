//! The simulated network, played with a built-in client and read off the trace.

mod cases;
mod page;
mod sanity;
mod stress;

use std::sync::Arc;

use closewait::client::built_in;
use closewait::lab::{Limits, run_here};
use closewait::report::results::Entry;
use closewait::scenario::{Scenario, parse};
use closewait::suite::RunOutcome;
use closewait::trace::{End, Trace};
use libtest_mimic::Trial;

use super::played::{client, results};
use cases::Case;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("network::{name}"), move || {
            test();
            Ok(())
        })
    };
    let mut trials = vec![
        trial("stress::everything_heals", stress::everything_heals),
        trial("the_shipped_scenarios_are_sane", the_shipped_scenarios_are_sane),
    ];
    for (family, cases) in cases::FAMILIES {
        for case in *cases {
            trials.push(Trial::test(format!("network::{family}::{}", case.0), move || {
                check(case);
                Ok(())
            }));
        }
    }
    trials
}

/// Plays a case with hyper-util.
fn check(&(_, steps, tables, expected): &Case) {
    let scenario = scenario(steps, tables);
    let trace = run_here(&scenario, client("hyper-util"), &Limits::default());
    let page = page::page(&trace);
    let shown = page.join("\n");
    assert_eq!(trace.end, End::Completed, "{shown}");
    sanity::check(&scenario, &trace).unwrap_or_else(|why| panic!("{why}\n{shown}"));
    let mut rest = page.iter();
    for expected in expected {
        let is_it = |line: &String| {
            line == expected || line.split_once(' ').is_some_and(|(_, line)| line == *expected)
        };
        match expected.strip_prefix("never ") {
            Some(never) => assert!(!page.iter().any(|line| line.contains(never)), "{expected}\n{shown}"),
            None => assert!(rest.any(is_it), "{expected}, in its turn:\n{shown}"),
        }
    }
}

fn scenario(steps: &[&str], tables: &str) -> Arc<Scenario> {
    let script: String = steps.iter().map(|step| format!("  {{ {} }},\n", in_full(step))).collect();
    let text = format!(
        "title = 'A test'\nabout = 'A situation on the wire.'\nsources = ['RFC 9293']\nscript = [\n{script}]\n{tables}"
    );
    Arc::new(parse("network/case", "case.toml", &text).unwrap_or_else(|error| panic!("{error}")))
}

fn in_full(step: &str) -> String {
    let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
    let (id, more) = rest.find(',').map_or((rest, ""), |comma| rest.split_at(comma));
    let send = format!("client = 'send', id = '{id}', request = 'GET /{id}'{more}");
    match verb {
        "get" => send,
        "start" => format!("{send}, background = true"),
        "await" => format!("client = 'await', id = '{id}'"),
        "wait" => format!("wait = '{rest}'"),
        _ => step.replace("LONG", &"long ".repeat(20_000)),
    }
}

/// What holds of every trace holds of those that are judged, too.
fn the_shipped_scenarios_are_sane() {
    let assert_sane = |scenario: &Scenario, client: &str, trace: &Trace| {
        let sane = sanity::check(scenario, trace);
        sane.unwrap_or_else(|why| panic!("{} on {client}: {why}", scenario.id));
    };
    for Entry { scenario, result } in results(built_in()).entries {
        let RunOutcome::Ran { trace, control, .. } = result.outcome else { continue };
        assert_sane(scenario, result.client, &trace);
        if let (Some(played), Some(control)) = (control, scenario.control()) {
            assert_sane(&control, result.client, &played.trace);
        }
    }
}
