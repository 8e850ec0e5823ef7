//! From events to lines: requests, replies, steps, the end.

use std::collections::BTreeMap;

use bytes::Bytes;
use closewait_scenario::{Action, ClientAction, Direction, LastStream, OriginAction, Scenario, WindowTarget};
use closewait_trace::{BodyEnd, Connections, End, Event, Label, Labels, Millis, Outcome, Trace, What};

use super::causes::Causes;
use super::frames::Frames;
use super::outcome::outcome;
use super::page::{Line, Mark, Transcript};
use super::progress::Progress;
use crate::facts::{socket, stopped};
use crate::words::{self, fault, first_line, grouped};

/// What has been seen of a trace, up to one event.
pub struct Walk<'a> {
    scenario: &'a Scenario,
    pub(super) trace: &'a Trace,
    pub(super) lines: Vec<Line>,
    pub(super) connections: BTreeMap<u32, Progress>,
    /// Which line tells of losses, or of retransmissions, of an item.
    pub(super) repeated: Vec<(u32, Direction, Label, Repeat, usize)>,
    /// Connection and, if the origin answered there, body: the last attempt of each request.
    attempts: BTreeMap<&'a str, (u32, Option<Bytes>)>,
    /// Steps of this instant with their lines: what they do needs no second line.
    steps: Vec<(Millis, &'a Action, usize)>,
    pub(super) closing: Closing,
    pub(super) causes: Causes,
    /// What the segments carry.
    pub(super) labels: Labels,
    /// The connections, when all is over.
    pub(super) views: &'a Connections,
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

impl Transcript {
    /// The transcript of one run.
    pub fn of(scenario: &Scenario, trace: &Trace) -> Self {
        Self::of_connections(scenario, trace, &Connections::of(trace))
    }

    /// The same, for who has looked at the connections already.
    pub fn of_connections(scenario: &Scenario, trace: &Trace, connections: &Connections) -> Self {
        Walk::new(scenario, trace, connections).run()
    }
}

impl<'a> Walk<'a> {
    pub fn new(scenario: &'a Scenario, trace: &'a Trace, views: &'a Connections) -> Self {
        Self {
            scenario,
            trace,
            lines: Vec::new(),
            connections: BTreeMap::new(),
            repeated: Vec::new(),
            attempts: BTreeMap::new(),
            steps: Vec::new(),
            closing: Closing::No,
            causes: Causes::default(),
            labels: Labels::of(scenario, trace, views),
            frames: Frames::of(views),
            views,
        }
    }

    /// The transcript, with the lines of the segments that it does not tell of.
    pub fn run(mut self) -> Transcript {
        for (index, event) in self.trace.events.iter().enumerate() {
            self.event(index, event);
        }
        self.end();
        let unlisted = self.unlisted();
        Transcript { lines: self.lines, unlisted, causes: self.causes.into_vec() }
    }

    fn event(&mut self, index: usize, Event { at, what }: &'a Event) {
        let at = *at;
        match what {
            What::Step { step } => self.step(index, at, *step),
            What::StepVoid { step } => self.void(index, *step),
            What::RequestStarted { request, method, path, body } => {
                let length =
                    if *body > 0 { format!(", {} bytes", grouped((*body).into())) } else { String::new() };
                self.line(index, at, format!("{request}: {method} {path}{length}"));
            }
            // The outcome says the same.
            What::RequestCancelled { .. } => {}
            What::ResponseKept { request } => {
                self.line(index, at, format!("{request}: the application keeps the response unread"));
            }
            What::ResponseReadOn { request } => {
                self.line(index, at, format!("{request}: the application reads on"));
            }
            What::RequestFinished { request, outcome } => self.finished(index, at, request, outcome),
            What::ClientClosing => self.client_closing(index, at),
            What::ClientClosed => self.client_closed(index, at),
            What::SocketClosed { connection, unsent: unsent @ 1.. } if self.closing != Closing::Lab => {
                let unsent = grouped((*unsent).into());
                let text =
                    format!("connection {connection}: closed by the client; FIN waits behind {unsent} bytes");
                self.line(index, at, text);
            }
            // FIN or RST says the same.
            What::SocketClosed { .. } => {}
            What::Segment { connection, direction, fate, segment } => {
                self.segment(index, at, *connection, *direction, *fate, segment);
            }
            What::Executed { request, .. } => {
                let text = format!("{request}: executed by the origin");
                self.marked(index, at, text, Mark::Execution(request.clone()));
            }
            What::Replied { request, connection, status, body, complete } => {
                self.attempts.insert(request, (*connection, Some(body.clone())));
                self.replied(index, at, request, *status, *complete);
            }
        }
    }

    fn step(&mut self, index: usize, at: Millis, step: usize) {
        let Some(step) = self.scenario.script.get(step) else { return };
        self.steps.retain(|(then, ..)| *then == at);
        self.steps.push((at, &step.action, self.lines.len()));
        if matches!(step.action, Action::Client(ClientAction::Close | ClientAction::Drop)) {
            self.closing = Closing::Script;
        }
        if let Some(words) = fault(&step.action) {
            self.causes.step(self.lines.len(), &step.action);
            self.line(index, at, words);
        }
    }

    /// The step of the last line could do nothing.
    fn void(&mut self, index: usize, step: usize) {
        let action = self.scenario.script.get(step).map(|step| &step.action);
        let of_stream = action.is_some_and(|action| self.is_of_stream(action));
        let what = if of_stream { "stream" } else { "connection" };
        if let Some(last) = self.lines.last_mut() {
            last.text += &format!(" (there is no such {what}: nothing happens)");
            last.events.push(index);
            self.causes.void(self.lines.len() - 1);
        }
    }

    /// Whether a step that could do nothing looked for a stream, and not for a connection.
    fn is_of_stream(&self, action: &Action) -> bool {
        match action {
            Action::Origin(OriginAction::Window { target, .. }) => matches!(target, WindowTarget::Stream(_)),
            Action::Origin(OriginAction::Goaway {
                last_stream: LastStream::Request(_), connection, ..
            }) => self.connections.contains_key(connection),
            _ => false,
        }
    }

    fn finished(&mut self, index: usize, at: Millis, request: &str, result: &Outcome) {
        let attempt = self.attempts.get(request);
        let connection = attempt.map(|(connection, _)| *connection);
        let answer = attempt.and_then(|(_, body)| body.as_ref());
        let words = format!("{request}: {}", outcome(result, connection, answer));
        match result {
            Outcome::Deadline => self.causes.show(format!("the application's deadline of {request} passes")),
            Outcome::Cancelled => self.causes.show(format!("the application cancels {request}")),
            Outcome::Response { end: BodyEnd::Dropped, .. } => {
                self.causes.show(format!("the application drops the body of {request}"));
            }
            Outcome::Response { .. } | Outcome::Error { .. } => {}
        }
        match self.delivery(at, request) {
            Some(line) => {
                line.text = words;
                line.mark = Mark::Other;
                line.events.push(index);
            }
            None => self.line(index, at, words),
        }
    }

    /// The line of this instant that tells of the answer's delivery, if only other deliveries lie
    /// between: then the delivery and the outcome are one thing.
    fn delivery(&mut self, at: Millis, request: &str) -> Option<&mut Line> {
        let is_recent = |line: &&mut Line| line.at == at && matches!(line.mark, Mark::Delivery(_));
        let mut recent = self.lines.iter_mut().rev().take_while(is_recent);
        recent.find(|line| matches!(&line.mark, Mark::Delivery(id) if id == request))
    }

    fn replied(&mut self, index: usize, at: Millis, request: &str, status: u16, complete: bool) {
        let cut = if complete { "" } else { ", cut short" };
        let surplus = self.surplus(request);
        if !surplus.is_empty() {
            self.causes.show(format!("unasked bytes follow the answer to {request}"));
        } else if !complete {
            self.causes.show(format!("the answer to {request} is cut short"));
        }
        let answered = format!("answered {status}{cut}{surplus}");
        match self.lines.last_mut() {
            Some(last) if last.at == at && matches!(&last.mark, Mark::Execution(id) if id == request) => {
                last.text += &format!(", {answered}");
                last.mark = Mark::Other;
                last.events.push(index);
            }
            _ => self.line(index, at, format!("{request}: {answered}")),
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
            self.causes.show("the application closes the client".to_owned());
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
            self.ending(at, format!("run stopped, {words}"));
        }
        for untried in &self.trace.untried {
            self.ending(at, format!("not tried: {}", words::untried(self.scenario, untried)));
        }
        for left in &self.trace.sockets {
            self.ending(at, format!("client host still has {}", socket(left)));
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
        let state = self.connections.entry(connection).or_default();
        state.requests += 1;
        let kind = if state.requests > 1 { "reused" } else { "fresh" };
        let Some(id) = self.scenario_id(request) else { return };
        let again = if self.attempts.contains_key(id) { " again" } else { "" };
        let stream = stream.map_or(String::new(), |stream| format!(", stream {stream}"));
        self.line(
            index,
            at,
            format!("{request}: written{again} on connection {connection}{stream} ({kind})"),
        );
        self.attempts.insert(id, (connection, None));
    }

    /// Whether a step of this instant does just this. Its line stands for the event, then.
    pub(super) fn told(&mut self, index: usize, at: Millis, this: impl Fn(&Action) -> bool) -> bool {
        let step = self.steps.iter().rfind(|(then, action, _)| *then == at && this(action));
        let line = step.and_then(|(.., line)| self.lines.get_mut(*line));
        line.map(|line| line.events.push(index)).is_some()
    }

    pub(super) fn line(&mut self, index: usize, at: Millis, text: String) {
        self.marked(index, at, text, Mark::Other);
    }

    /// The line for an answer that reached the client, unless the outcome follows at once.
    pub(super) fn answer_delivered(&mut self, index: usize, at: Millis, request: &str) {
        let text = format!("{request}: answer delivered to the client");
        self.marked(index, at, text, Mark::Delivery(request.to_owned()));
    }

    pub(super) fn marked(&mut self, index: usize, at: Millis, text: String, mark: Mark) {
        self.lines.push(Line { at, text, events: vec![index], mark });
    }

    fn ending(&mut self, at: Millis, text: String) {
        self.lines.push(Line { at, text, events: Vec::new(), mark: Mark::Other });
    }

    fn scenario_id(&self, request: &str) -> Option<&'a str> {
        self.trace.events.iter().find_map(|event| match &event.what {
            What::RequestStarted { request: id, .. } if id == request => Some(id.as_str()),
            _ => None,
        })
    }
}

fn end(trace: &Trace) -> Option<String> {
    let details = match &trace.end {
        End::Completed => return None,
        End::Livelock => "a socket is polled without end within one instant".to_owned(),
        End::Stall => "virtual time ran out before the script came to its end".to_owned(),
        End::Hang => format!("real time ran out; until then the client {}", trace.effort()),
        End::Panic { message } => message.clone(),
    };
    stopped(&trace.end).map(|what| format!("{what}: {details}"))
}
