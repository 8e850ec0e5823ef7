//! From the frames of HTTP/2 to lines.

use closewait_scenario::{Action, OriginAction};
use closewait_trace::{Fate, Millis};

use super::frames::{News, on};
use super::page::Mark;
use super::walk::Walk;
use crate::words::grouped;

impl Walk<'_> {
    /// The lines of what begins or arrives with an event.
    pub(super) fn frames_of(&mut self, index: usize, at: Millis, connection: u32, fate: Fate) {
        for news in self.frames.news.get(&index).cloned().unwrap_or_default() {
            match news {
                News::Written { id, stream } => {
                    self.written(index, at, &id, connection, Some(stream));
                }
                News::Answered { id } => self.answer_delivered(index, at, &id),
                News::Ping => self.marked(index, at, ping(connection), Mark::Ping(connection)),
                News::Pong => self.pong(index, at, connection),
                News::FromOrigin { .. }
                    if fate == Fate::Sent
                        && self.told(index, at, |action| sends_frame(action, connection)) => {}
                News::FromOrigin { subject, words } => {
                    let whose = if subject == on(connection) { "on" } else { "for" };
                    self.causes.show(format!("the origin sends {words} {whose} {subject}"));
                    self.line(index, at, format!("{subject}: origin sends {words}"));
                }
                News::Delivered { subject, words } => {
                    self.frame_delivered(index, at, &subject, &words, connection)
                }
                News::Line(line) => self.line(index, at, line),
            }
        }
    }

    fn frame_delivered(&mut self, index: usize, at: Millis, subject: &str, words: &str, connection: u32) {
        if subject == on(connection) {
            self.causes.show(format!("{words} delivered on {subject}"));
        }
        self.line(index, at, format!("{subject}: {words} delivered to the client"));
    }

    /// A PING and its answer are one line, and so are several of them in turn.
    fn pong(&mut self, index: usize, at: Millis, connection: u32) {
        if self.lines.last().is_none_or(|last| last.mark != Mark::Ping(connection)) {
            return self.frame_delivered(index, at, &on(connection), "answer to PING", connection);
        }
        let mut events = self.lines.pop().map_or(Vec::new(), |line| line.events);
        events.push(index);
        let answered = format!("{}, answered", ping(connection));
        match self.lines.last_mut().filter(|line| line.mark == Mark::Answered(connection)) {
            Some(line) => {
                line.text = format!("{answered}, again and again until {} ms", grouped(at));
                line.events.extend(events);
            }
            None => {
                let first = self.trace.events.get(events[0]).map_or(at, |event| event.at);
                self.marked(events[0], first, answered, Mark::Answered(connection));
                if let Some(line) = self.lines.last_mut() {
                    line.events = events;
                }
            }
        }
    }
}

fn ping(connection: u32) -> String {
    format!("connection {connection}: client sends PING")
}

fn sends_frame(action: &Action, connection: u32) -> bool {
    match action {
        Action::Origin(
            OriginAction::Goaway { connection: c, .. }
            | OriginAction::Settings { connection: c, .. }
            | OriginAction::Ping { connection: c }
            | OriginAction::Send { connection: c, .. },
        ) => *c == connection,
        Action::Origin(OriginAction::ResetStream { .. }) => true,
        _ => false,
    }
}
