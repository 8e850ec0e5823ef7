//! The text of a snapshot, as people review it.

use std::fmt::Write;

use closewait_oracle::{Control, Finding, RunOutcome, Verdict};
use closewait_scenario::Scenario;
use closewait_trace::{Trace, What};

use super::findings::lines;
use crate::transcript::Transcript;
use crate::words::one_line;

/// The line before the table of findings.
pub const FINDINGS: &str = "findings";
/// The line before what became of the run without its faults.
pub const CONTROL: &str = "control: the same script without its faults";

/// The body: title, transcript, findings, control. Holds no version. Ends without a line break.
pub fn body(scenario: &Scenario, outcome: &RunOutcome) -> String {
    let text = match outcome {
        RunOutcome::Unsupported { reason } => {
            format!("{}\n\nunsupported: {reason}", one_line(&scenario.title))
        }
        RunOutcome::Ran { trace, findings, control } => {
            let title = one_line(&scenario.title);
            let mut text = format!("{title}\n\n{}\n{FINDINGS}\n", Transcript::of(scenario, trace));
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

fn controlled(scenario: &Scenario, control: &Control) -> String {
    let quiet = scenario.control();
    let transcript = Transcript::of(quiet.as_ref().unwrap_or(scenario), &control.trace);
    let mut text = format!("\n{CONTROL}\n");
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
