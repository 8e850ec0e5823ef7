//! The origin's host and its listening socket: what is started must have been stopped.

use super::{Problems, Scripted};
use crate::{Action, OriginAction, When};

pub(super) fn check(script: &[Scripted], problems: &mut Problems) {
    let mut host = Switch { off: "crash", on: "restart", state: State::On, ever_off: false };
    let mut listener = Switch { off: "stop-listening", on: "listen", state: State::On, ever_off: false };
    for step in script {
        let Action::Origin(action) = &step.action else { continue };
        match action {
            OriginAction::Crash => host.turn_off(step, problems),
            OriginAction::Restart => host.turn_on(step, problems),
            OriginAction::StopListening => listener.turn_off(step, problems),
            OriginAction::Listen => listener.turn_on(step, problems),
            OriginAction::Send { .. }
            | OriginAction::Goaway { .. }
            | OriginAction::Settings { .. }
            | OriginAction::Ping { .. }
            | OriginAction::Window { .. }
            | OriginAction::Fin { .. }
            | OriginAction::Rst { .. }
            | OriginAction::CloseNotify { .. }
            | OriginAction::Alert { .. }
            | OriginAction::Close { .. } => host.must_be_on(step, problems),
            OriginAction::Reply(_)
            | OriginAction::Hold { .. }
            | OriginAction::Tls { .. }
            | OriginAction::ResetStream { .. }
            | OriginAction::Pings { .. }
            | OriginAction::Read { .. } => {}
        }
    }
}

/// Something that two steps turn off and on.
struct Switch {
    off: &'static str,
    on: &'static str,
    state: State,
    ever_off: bool,
}

enum State {
    On,
    /// Since this line.
    Off(usize),
    /// A step with a `when` came in between.
    Unknown,
}

impl Switch {
    fn turn_off(&mut self, step: &Scripted, problems: &mut Problems) {
        if let State::Off(line) = self.state {
            problems
                .add(
                    step.span_of("origin"),
                    format!("line {line} has the same `{}`, and nothing undid it", self.off),
                )
                .help(format!("remove one of the two, or put a `{}` between them", self.on));
        }
        self.ever_off = true;
        self.state = if step.when == When::Now { State::Off(step.line) } else { State::Unknown };
    }

    fn turn_on(&mut self, step: &Scripted, problems: &mut Problems) {
        if !self.ever_off {
            problems
                .add(step.span_of("origin"), format!("`{}` without a `{}` before it", self.on, self.off))
                .help(format!("add {{ origin = \"{}\" }} above, or remove this step", self.off));
        } else if matches!(self.state, State::On) {
            problems
                .add(
                    step.span_of("origin"),
                    format!("`{}` for the second time after one `{}`", self.on, self.off),
                )
                .help("remove this step");
        }
        self.state = if step.when == When::Now { State::On } else { State::Unknown };
    }

    fn must_be_on(&self, step: &Scripted, problems: &mut Problems) {
        if let State::Off(line) = self.state
            && step.when == When::Now
        {
            problems
                .add(
                    step.span_of("origin"),
                    format!("the origin is down since line {line}: nothing leaves it"),
                )
                .help("move this step above that line, or restart the origin first");
        }
    }
}
