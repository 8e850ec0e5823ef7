//! A step that had no effect is told: the result is not tried, and says why. One that had some is no reason.

use closewait::client;
use closewait::gate::{State, compare};
use closewait::lab::Limits;
use closewait::report::document::{RunResult, of_result};
use closewait::scenario::{Scenario, parse};
use closewait::suite::{self, play};
use libtest_mimic::Trial;

/// A name, a script, and what of it no client tries.
type Case = (&'static str, &'static str, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "a-segment-that-never-leaves-and-an-hour-that-never-passes",
        r#"
        { client = "send", id = "a", request = "GET /a" },
        { origin = "rst", connection = 1, when = { packet = 50, connection = 1, direction = "to-client" } },
        { origin = "fin", connection = 1, when = { after = "1h" } },
        { client = "send", id = "b", request = "GET /b" },
        "#,
        &[
            "origin: resets connection 1 (RST): connection 1 carried 5 segments to the client; the fault waits for the 50th",
            "origin: half-closes connection 1 (FIN): the script was over before the 3 600 s of the fault were",
        ],
    ),
    (
        "a-segment-that-leaves",
        r#"
        { client = "send", id = "a", request = "GET /a" },
        { origin = "fin", connection = 1, when = { packet = 5, connection = 1, direction = "to-client" } },
        { client = "send", id = "b", request = "GET /b" },
        { wait = "1s" },
        "#,
        &[],
    ),
    (
        "a-drop-that-drops-nothing",
        r#"
        { client = "send", id = "a", request = "GET /a" },
        { network = "drop", connection = 1, direction = "to-origin" },
        { wait = "1s" },
        "#,
        &["network: loses everything on connection 1, to the origin: nothing was lost"],
    ),
    (
        "a-drop-that-drops-one",
        r#"
        { client = "send", id = "a", request = "GET /a" },
        { network = "drop", connection = 1, direction = "to-origin", packets = 1 },
        { client = "send", id = "b", request = "GET /b" },
        "#,
        &[],
    ),
    (
        "a-duplicate-that-doubles-nothing",
        r#"
        { client = "send", id = "a", request = "GET /a" },
        { network = "duplicate", connection = 1, by = "1ms", packets = 1 },
        { wait = "1s" },
        "#,
        &[
            "network: delivers the next segment on connection 1, both ways twice, 1 ms apart: nothing was doubled",
        ],
    ),
    (
        "a-reply-nobody-asks-for-and-a-hold-that-holds-nothing",
        r#"
        { client = "send", id = "a", request = "GET /a" },
        { network = "drop", connection = 1, direction = "to-origin" },
        { origin = "hold", id = "b" },
        { client = "send", id = "b", request = "GET /b", deadline = "100ms" },
        { origin = "reply", id = "c", status = 503 },
        { client = "send", id = "c", request = "GET /c", deadline = "100ms", background = true },
        { client = "cancel", id = "c" },
        "#,
        &[
            "origin: does not answer b yet: nothing was held",
            "origin: answers c with 503: nobody asked for it",
        ],
    ),
    (
        "a-hold-that-holds-and-a-reply-that-is-asked-for",
        r#"
        { origin = "hold", id = "a" },
        { client = "send", id = "a", request = "GET /a", background = true },
        { until = "received", id = "a" },
        { origin = "reply", id = "a", status = 404 },
        { client = "await", id = "a" },
        "#,
        &[],
    ),
    (
        "a-step-that-may-miss",
        r#"
        { client = "send", id = "a", request = "GET /a" },
        { origin = "fin", connection = 1 },
        { until = "delivered" },
        { origin = "rst", connection = 2, may_miss = true },
        { origin = "rst", connection = 3, when = { packet = 2, connection = 3, direction = "to-client" }, may_miss = true },
        "#,
        &[],
    ),
    (
        "a-connection-that-is-not-there",
        r#"
        { client = "send", id = "a", request = "GET /a" },
        { origin = "fin", connection = 1 },
        { until = "delivered" },
        { origin = "rst", connection = 2 },
        "#,
        &["origin: resets connection 2 (RST): there was no such connection, or no such stream"],
    ),
];

/// One trial for each case, and what the gate makes of it.
pub fn trials() -> Vec<Trial> {
    let trial = |(name, script, untried): &Case| {
        let (script, untried) = (*script, *untried);
        Trial::test(format!("not-tried::{name}"), move || {
            for client in ["hyper-util", "reference"] {
                check(client, script, untried);
            }
            Ok(())
        })
    };
    let gate = Trial::test("not-tried::gate", || {
        gate();
        Ok(())
    });
    CASES.iter().map(trial).chain([gate]).collect()
}

fn check(client: &str, script: &str, expected: &[&str]) {
    let result = result(client, script);
    let run = result.run.as_ref().expect("it was played");
    let reasons: Vec<&str> = run.untried.iter().map(|step| step.reason.as_str()).collect();
    // What a client sends beyond the requests is up to it.
    let same = |(got, wanted): (&&str, &&str)| uncounted(got) == uncounted(wanted);
    assert!(
        reasons.len() == expected.len() && reasons.iter().zip(expected).all(same),
        "{client}: {reasons:#?}"
    );
    assert_eq!(result.mark == "not-tried", !expected.is_empty(), "{client}: {}", result.mark);
    let told = run.transcript.iter().filter(|line| line.text.starts_with("not tried: ")).count();
    assert_eq!(told, expected.len(), "{client}");
}

/// Without the number of segments.
fn uncounted(reason: &str) -> String {
    reason.replace(|char: char| char.is_ascii_digit(), "")
}

/// What was tried and is not any more is gone, whatever else got better; and it is news when it is tried again.
fn gate() {
    let fin = |place: u32| {
        format!(
            r#"
            {{ client = "send", id = "a", request = "GET /a" }},
            {{ origin = "fin", connection = 1, when = {{ packet = {place}, connection = 1, direction = "to-client" }} }},
            {{ client = "send", id = "b", request = "GET /b" }},
            "#
        )
    };
    let [tried, not_tried] = [fin(3), fin(50)].map(|script| vec![result("reference", &script).facts()]);
    let change = |before, now| compare(before, now).results.remove(0);
    let gone = change(&tried, &not_tried);
    assert_eq!(gone.state, State::Gone, "{gone:#?}");
    let headline = gone.changes[0].headline();
    assert!(
        headline.starts_with("not tried any more: origin: half-closes connection 1 (FIN): "),
        "{headline}"
    );
    let back = change(&not_tried, &tried);
    assert_ne!(back.state, State::Same);
    assert!(back.changes.iter().any(|change| change.sentence.starts_with("tried at last")), "{back:#?}");
    assert_eq!(change(&not_tried, &not_tried).state, State::Same);
}

fn result(client: &str, script: &str) -> RunResult {
    let scenario = scenario(script);
    let is_wanted = |known: &&&'static dyn client::UnderTest| known.name() == client;
    let client = *suite::built_in().iter().find(is_wanted).expect("it is built in");
    of_result(&scenario, &play(&scenario, client, &Limits::default()))
}

fn scenario(script: &str) -> Scenario {
    let text = format!(
        r#"
        title = "A script"
        about = "Whether each step has an effect."
        sources = ["RFC 9112 section 9.5"]
        script = [{script}]
        "#
    );
    parse("test/not-tried", "not-tried.toml", &text).expect("the scenario is valid")
}
