//! The text of a snapshot: what a pull request shows when a client's behaviour changes.

use std::fmt::Write;

use closewait_oracle::{CellResult, Control};
use closewait_oracle::{Finding, Verdict};
use closewait_scenario::Scenario;
use closewait_trace::{Trace, What};

use super::transcript::Transcript;

/// The body: title, transcript, findings, control. Holds no version: see [`file()`]. Ends without a line break.
pub fn body(scenario: &Scenario, result: &CellResult) -> String {
    let text = match result {
        CellResult::Unsupported { reason } => format!("{}\n\nunsupported: {reason}", scenario.title),
        CellResult::Ran { trace, findings, control } => {
            let mut text = format!("{}\n\n{}\nfindings\n", scenario.title, Transcript::of(scenario, trace));
            for finding in findings {
                text += &lines(finding);
            }
            if let Some(control) = control {
                text += &controlled(scenario, control);
            }
            text
        }
    };
    text.trim_end().to_owned()
}

/// The whole file, as insta writes it: who made it is in the header, where it changes no verdict.
pub fn file(client: &str, version: &str, body: &str) -> String {
    file_by(SOURCE, client, version, body)
}

/// The same, written by another test.
pub(super) fn file_by(source: &str, client: &str, version: &str, body: &str) -> String {
    format!("---\nsource: {source}\ndescription: {}\n---\n{body}\n", description(client, version))
}

/// The test that checks the snapshots, as insta names it in the header.
pub const SOURCE: &str = "tests/suite/snapshots.rs";

/// The line of the header that names the client and its version.
pub fn description(client: &str, version: &str) -> String {
    format!("{client} {version}").trim_end().to_owned()
}

/// One finding in one line, or one line for each violation.
pub fn lines(finding: &Finding) -> String {
    let oracle = finding.oracle;
    match &finding.verdict {
        Verdict::Holds { note } => format!("  {oracle:<24} holds · {note}\n"),
        Verdict::NotExercised { reason } => format!("  {oracle:<24} not exercised · {reason}\n"),
        Verdict::Violated { violations } => violations.iter().fold(String::new(), |mut text, violation| {
            let _ = writeln!(text, "  {oracle:<24} VIOLATED · {}", violation.message);
            text
        }),
    }
}

fn controlled(scenario: &Scenario, control: &Control) -> String {
    let quiet = scenario.control();
    let transcript = Transcript::of(quiet.as_ref().unwrap_or(scenario), &control.trace);
    let mut text = "\ncontrol: the same script without its faults\n".to_owned();
    for line in transcript.evidence(&outcomes(&control.trace)) {
        let _ = writeln!(text, "  {}", line.text);
    }
    for line in transcript.endings() {
        let _ = writeln!(text, "  {}", line.text);
    }
    let violated: Vec<&Finding> =
        control.findings.iter().filter(|f| matches!(f.verdict, Verdict::Violated { .. })).collect();
    if violated.is_empty() {
        text += "  all oracles that are exercised hold\n";
    }
    violated.into_iter().fold(text, |text, finding| text + &lines(finding))
}

fn outcomes(trace: &Trace) -> Vec<usize> {
    let is_outcome = |what: &What| matches!(what, What::RequestFinished { .. });
    trace
        .events
        .iter()
        .enumerate()
        .filter(|(_, event)| is_outcome(&event.what))
        .map(|(index, _)| index)
        .collect()
}
