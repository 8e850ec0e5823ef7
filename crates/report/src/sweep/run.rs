//! One run of a sweep: its scenario, what happened, what that violates.

use closewait_explore::sweep::Replay;
use closewait_oracle::{Level, Verdict};

use crate::terminal::style::{BAD, HEADING, paint};
use crate::transcript::Transcript;

/// The scenario as a file, the transcript, the violations.
pub fn run(replay: &Replay) -> String {
    let transcript = Transcript::of(&replay.scenario, &replay.trace);
    let mut text = format!("{}\n{}\n{transcript}\n", replay.text, paint(HEADING, "What happens"));
    let mut violated = false;
    if let Some(stopped) = replay.stopped() {
        violated = true;
        text += &format!("{}: the run did not come to its end\n", paint(BAD, stopped));
    }
    for finding in &replay.findings {
        let Verdict::Violated { violations } = &finding.verdict else { continue };
        for violation in violations {
            violated = true;
            let level = if finding.level == Level::Advised { " (advice)" } else { "" };
            text += &format!("{}{level}: {}\n", paint(BAD, finding.oracle), violation.message);
        }
    }
    if !violated {
        text += "nothing is violated\n";
    }
    text
}
