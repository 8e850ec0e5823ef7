//! From events to lines: requests, replies, steps, the end.

use std::collections::BTreeMap;

use bytes::Bytes;
use closewait_scenario::{Action, ClientAction, Direction, OriginAction, Scenario};
use closewait_trace::{End, Event, Millis, Outcome, SocketAtEnd, Trace, What};

use super::connection::{Connection, Item};
use super::outcome::outcome;
use super::page::Line;
use super::streams::Frames;
use crate::words::{fault, first_line, grouped};

/// What has been seen of a trace, up to one event.
pub struct Walk<'a> {
    scenario: &'a Scenario,
    pub(super) trace: &'a Trace,
    pub(super) lines: Vec<Line>,
    pub(super) connections: BTreeMap<u32, Connection>,
    /// Which line tells of losses, or of retransmissions, of an item.
    pub(super) repeated: Vec<(u32, Direction, Item, Repeat, usize)>,
    /// Connection and, if the origin answered there, body: the last attempt of each request.
    attempts: BTreeMap<&'a str, (u32, Option<Bytes>)>,
    /// Steps of this instant: what they do needs no second line.
    steps: Vec<(Millis, &'a Action)>,
    pub(super) closing: Closing,
    /// What HTTP/2 makes of the segments.
    pub(super) frames: Frames,
}

/// What happens again and again to a segment that is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The network loses it.
    Loss,
    /// Its sender sends it again.
    Retransmission,
}

/// Who closes the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// Nobody yet.
    No,
    /// A step of the script: what follows matters.
    Script,
    /// The lab, after the script: the orderly end of every run, not worth its lines.
    Lab,
}

impl<'a> Walk<'a> {
    pub fn new(scenario: &'a Scenario, trace: &'a Trace) -> Self {
        let mut connections: BTreeMap<u32, Connection> = BTreeMap::new();
        for record in &trace.records {
            connections.entry(record.connection).or_default().records.push(record.clone());
        }
        Self {
            scenario,
            trace,
            lines: Vec::new(),
            connections,
            repeated: Vec::new(),
            attempts: BTreeMap::new(),
            steps: Vec::new(),
            closing: Closing::No,
            frames: Frames::of(trace),
        }
    }

    /// The lines of the transcript, and those of the segments that it does not tell of.
    pub fn run(mut self) -> (Vec<Line>, Vec<Line>) {
        for (index, event) in self.trace.events.iter().enumerate() {
            self.event(index, event);
        }
        self.end();
        let unlisted = self.unlisted();
        (self.lines, unlisted)
    }

    fn event(&mut self, index: usize, Event { at, what }: &'a Event) {
        let at = *at;
        match what {
            What::Step { step } => self.step(index, at, *step),
            What::StepVoid { .. } => self.void(index),
            What::RequestStarted { request, method, path, body } => {
                let length =
                    if *body > 0 { format!(", {} bytes", grouped((*body).into())) } else { String::new() };
                self.line(index, at, format!("{request}: {method} {path}{length}"));
            }
            // The outcome says the same.
            What::RequestCancelled { .. } => {}
            What::RequestFinished { request, outcome } => self.finished(index, at, request, outcome),
            What::ClientClosing => self.client_closing(index, at),
            What::ClientClosed => self.client_closed(index, at),
            What::Segment { connection, direction, fate, segment } => {
                self.segment(index, at, *connection, *direction, *fate, segment);
            }
            What::Executed { request, .. } => {
                self.line(index, at, format!("{request}: executed by the origin"))
            }
            What::Replied { request, connection, status, body, complete } => {
                self.attempts.insert(request, (*connection, Some(body.clone())));
                self.connections.entry(*connection).or_default().answered(request);
                self.replied(index, at, request, *status, *complete);
            }
        }
    }

    fn step(&mut self, index: usize, at: Millis, step: usize) {
        let Some(step) = self.scenario.script.get(step) else { return };
        self.steps.retain(|(then, _)| *then == at);
        self.steps.push((at, &step.action));
        if let Action::Origin(OriginAction::Send { connection, bytes }) = &step.action {
            self.connections.entry(*connection).or_default().expect_unasked(bytes);
        }
        if matches!(step.action, Action::Client(ClientAction::Close | ClientAction::Drop)) {
            self.closing = Closing::Script;
        }
        if let Some(words) = fault(&step.action) {
            self.line(index, at, words);
        }
    }

    /// The step of the last line could do nothing.
    fn void(&mut self, index: usize) {
        if let Some(last) = self.lines.last_mut() {
            last.text += " (there is no such connection: nothing happens)";
            last.events.push(index);
        }
    }

    fn finished(&mut self, index: usize, at: Millis, request: &str, result: &Outcome) {
        let attempt = self.attempts.get(request);
        let connection = attempt.map(|(connection, _)| *connection);
        let answer = attempt.and_then(|(_, body)| body.as_ref());
        let words = format!("{request}: {}", outcome(result, connection, answer));
        match self.delivery(at, request) {
            Some(line) => {
                line.text = words;
                line.events.push(index);
            }
            None => self.line(index, at, words),
        }
    }

    /// The line of this instant that tells of the answer's delivery, if only other deliveries lie
    /// between: then the delivery and the outcome are one thing.
    fn delivery(&mut self, at: Millis, request: &str) -> Option<&mut Line> {
        let own = delivered(request);
        let recent = self.lines.iter_mut().rev().take_while(|line| line.at == at && is_delivery(&line.text));
        recent.into_iter().find(|line| line.text == own)
    }

    fn replied(&mut self, index: usize, at: Millis, request: &str, status: u16, complete: bool) {
        let cut = if complete { "" } else { ", cut short" };
        let surplus = self.surplus(request);
        let executed = format!("{request}: executed by the origin");
        match self.lines.last_mut() {
            Some(last) if last.at == at && last.text == executed => {
                last.text = format!("{executed}, answered {status}{cut}{surplus}");
                last.events.push(index);
            }
            _ => self.line(index, at, format!("{request}: answered {status}{cut}{surplus}")),
        }
    }

    /// What the script lets follow an answer in the same write.
    fn surplus(&self, request: &str) -> String {
        let surplus = self.scenario.script.iter().find_map(|step| match &step.action {
            Action::Origin(OriginAction::Reply(reply)) if reply.id == request => Some(&reply.surplus),
            _ => None,
        });
        match surplus {
            Some(bytes) if !bytes.is_empty() => format!(", followed, unasked, by: {}", first_line(bytes)),
            _ => String::new(),
        }
    }

    fn client_closing(&mut self, index: usize, at: Millis) {
        if self.closing == Closing::Script {
            self.line(index, at, "application: closes the client".to_owned());
        } else {
            self.closing = Closing::Lab;
            self.line(index, at, "end of the script; the client is closed".to_owned());
        }
    }

    fn client_closed(&mut self, index: usize, at: Millis) {
        if self.closing == Closing::Script {
            self.line(index, at, "client: closed".to_owned());
        }
    }

    fn end(&mut self) {
        let at = self.trace.events.last().map_or(0, |event| event.at);
        if let Some(words) = end(self.trace) {
            self.lines.push(Line { at, text: format!("run stopped, {words}"), events: Vec::new() });
        }
        for SocketAtEnd { connection, state } in &self.trace.sockets {
            let which =
                connection.map_or("a socket without a connection".to_owned(), |n| format!("connection {n}"));
            self.lines.push(Line {
                at,
                text: format!("client host still has {which} in {state}"),
                events: Vec::new(),
            });
        }
    }

    /// A request's bytes appear on a connection for the first time.
    pub(super) fn written(
        &mut self,
        index: usize,
        at: Millis,
        request: &str,
        connection: u32,
        stream: Option<u32>,
    ) {
        let Some(id) = self.scenario_id(request) else { return };
        let again = if self.attempts.contains_key(id) { " again" } else { "" };
        let reused = self.connections.get(&connection).is_some_and(|c| c.written.len() > 1);
        let kind = if reused { "reused" } else { "fresh" };
        let stream = stream.map_or(String::new(), |stream| format!(", stream {stream}"));
        self.line(
            index,
            at,
            format!("{request}: written{again} on connection {connection}{stream} ({kind})"),
        );
        self.attempts.insert(id, (connection, None));
    }

    /// Whether a step of this instant does just this.
    pub(super) fn told(&self, at: Millis, this: impl Fn(&Action) -> bool) -> bool {
        self.steps.iter().any(|(then, action)| *then == at && this(action))
    }

    pub(super) fn line(&mut self, index: usize, at: Millis, text: String) {
        self.lines.push(Line { at, text, events: vec![index] });
    }

    fn scenario_id(&self, request: &str) -> Option<&'a str> {
        self.trace.events.iter().find_map(|event| match &event.what {
            What::RequestStarted { request: id, .. } if id == request => Some(id.as_str()),
            _ => None,
        })
    }
}

/// The line for an answer that reached the client, unless the outcome follows at once.
pub fn delivered(request: &str) -> String {
    format!("{request}{DELIVERED}")
}

fn is_delivery(text: &str) -> bool {
    text.ends_with(DELIVERED)
}

const DELIVERED: &str = ": answer delivered to the client";

fn end(trace: &Trace) -> Option<String> {
    match &trace.end {
        End::Completed => None,
        End::Livelock => Some("livelock: a socket is polled without end within one instant".to_owned()),
        End::Stall => Some("stall: virtual time ran out before the script came to its end".to_owned()),
        End::Hang => Some(format!("hang: real time ran out; until then the client {}", trace.effort())),
        End::Panic { message } => Some(format!("panic in the client: {message}")),
    }
}
