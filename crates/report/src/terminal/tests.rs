//! The report of hand-written results, as it looks without colour.

use closewait_oracle::{Control, RunOutcome, RunResult};
use closewait_oracle::{Finding, Level, Severity, Verdict, Violation};
use closewait_scenario::Direction::{ToClient, ToOrigin};
use closewait_trace::{End, Trace};

use super::{Detail, render};
use crate::accepted::{Difference, DifferenceKind};
use crate::results::{ClientVersion, Results};
use crate::snapshot::Snapshot;
use crate::testing::{Run, ok, request, scenario};

const SCRIPT: &str = r#"
{ client = "send", id = "a", request = "GET /a" },
{ origin = "send", connection = 1, bytes = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil" },
{ client = "send", id = "b", request = "GET /b" },"#;

const VERBOSE: Detail = Detail { verbose: true, transcript: false, width: None };

fn check(name: &str, results: Vec<RunResult>, differences: Option<Vec<Difference>>, detail: Detail) {
    let scenario = scenario(SCRIPT);
    let clients = ["one", "two"].map(|name| ClientVersion { name, version: "1.0.0" }).to_vec();
    let mut results = Results::new(clients, &[&scenario], results);
    results.differences = differences;
    let text = anstream::adapter::strip_str(&render(&results, detail)).to_string();
    assert!(text.lines().all(|line| line == line.trim_end()), "lines end in spaces:\n{text}");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, text) });
}

fn result(client: &'static str, outcome: RunOutcome) -> RunResult {
    RunResult { scenario: "family/name".to_owned(), client, outcome }
}

fn ran(trace: Trace, findings: Vec<Finding>, control: Option<Box<Control>>) -> RunOutcome {
    RunOutcome::Ran { trace, findings, control }
}

fn poisoned() -> Trace {
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    run.step(40, 1).write(40, 1, ToClient, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
    run.start(45, "b", "GET").write(45, 1, ToOrigin, &request("GET", "b")).finish(50, "b", ok("evil"));
    run.trace()
}

fn violated(oracle: &'static str, level: Level, severity: Severity, evidence: Vec<usize>) -> Finding {
    let message = format!("{oracle} does not hold for b on connection 1");
    Finding {
        oracle,
        level,
        verdict: Verdict::Violated {
            violations: vec![Violation { severity, message, evidence, requests: Vec::new() }],
        },
    }
}

fn holds(oracle: &'static str) -> Finding {
    Finding {
        oracle,
        level: Level::Required,
        verdict: Verdict::Holds { note: "2 responses".to_owned(), notes: Vec::new() },
    }
}

#[test]
fn clients_that_fail_alike_share_the_proof() {
    let trace = poisoned();
    let last = trace.events.len() - 1;
    let findings = || {
        vec![
            violated("no-cross-talk", Level::Required, Severity::WrongResponse, vec![last]),
            violated("prompt-close", Level::Advised, Severity::HangOrLeak, vec![0]),
            Finding {
                oracle: "race-outcome",
                level: Level::Required,
                verdict: Verdict::NotExercised { reason: "no close".to_owned() },
            },
        ]
    };
    let results = vec![
        result("one", ran(trace.clone(), findings(), None)),
        result("two", ran(trace, findings(), None)),
    ];
    check("alike", results, Some(Vec::new()), Detail::default());
}

#[test]
fn many_that_are_as_accepted_are_told_by_their_kind() {
    let trace = poisoned();
    let bad = |n: usize| {
        let mut findings =
            vec![violated("as-expected", Level::Required, Severity::WrongResponse, vec![n % 3])];
        findings.push(violated("no-cross-talk", Level::Required, Severity::WrongResponse, vec![n % 3]));
        result(["one", "two"][n % 2], ran(trace.clone(), findings, None))
    };
    let unsupported =
        || result("two", RunOutcome::Unsupported { reason: "it has no such timeout".to_owned() });
    let results = || (0..41).map(bad).chain([unsupported()]).collect::<Vec<_>>();
    check("brief", results(), Some(Vec::new()), Detail::default());
    let new = |n: usize| Difference {
        client: "one".into(),
        scenario: format!("family/{n}"),
        kind: DifferenceKind::New { found: Snapshot { body: String::new(), record: None } },
    };
    check("newcomer", results(), Some((0..42).map(new).collect()), Detail::default());
    // Too narrow for both clients in full, then for one beside the other.
    for width in [40, 24] {
        let detail = Detail { width: Some(width), ..Detail::default() };
        check(&format!("brief_at_{width}"), results(), Some(Vec::new()), detail);
    }
}

#[test]
fn a_rule_names_the_harm_before_what_is_expected() {
    let findings = vec![
        violated("as-expected", Level::Required, Severity::StaleReuse, vec![0]),
        violated("unsent-is-free", Level::Advised, Severity::AvoidableFailure, vec![0]),
    ];
    let scenario = scenario(SCRIPT);
    let client = ClientVersion { name: "one", version: "1.0.0" };
    let results = vec![result("one", ran(poisoned(), findings, None))];
    let page = render(&Results::new(vec![client], &[&scenario], results), Detail::default());
    assert_eq!(page.matches("avoidable failure · family/name").count(), 2, "{page}");
    assert!(!page.contains("stale reuse"), "{page}");
}

#[test]
fn the_control_is_told_apart() {
    let healthy = || vec![holds("no-cross-talk")];
    let never_reuses =
        violated("reuses-when-healthy", Level::Required, Severity::NeedlessConnections, vec![0]);
    let control = Control { trace: poisoned(), findings: vec![never_reuses] };
    let results = vec![
        result("one", ran(poisoned(), healthy(), Some(Box::new(control)))),
        result("two", RunOutcome::Unsupported { reason: "it has no such timeout".to_owned() }),
    ];
    check("control", results, None, VERBOSE);
}

#[test]
fn a_difference_shows_its_lines() {
    let snapshot = |body: &str| Snapshot { body: body.to_owned(), record: None };
    let changed = DifferenceKind::Changed {
        accepted: snapshot("title\n\nb: 200\nend"),
        found: snapshot("title\n\nb: 408\nend"),
    };
    let difference =
        |scenario: &str, kind| Difference { client: "one".into(), scenario: scenario.into(), kind };
    let differences = vec![
        difference("family/name", changed),
        difference("family/new", DifferenceKind::New { found: snapshot("") }),
        difference("family/old", DifferenceKind::Gone),
    ];
    let results = vec![result("one", ran(poisoned(), vec![holds("no-cross-talk")], None))];
    check("differences", results, Some(differences), VERBOSE);
}

#[test]
fn a_stopped_run_shows_its_last_lines() {
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).stop(End::Livelock);
    check("stopped", vec![result("one", ran(run.trace(), Vec::new(), None))], None, Detail::default());
}
