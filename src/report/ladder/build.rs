//! From a trace to the diagram.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Arrow, ArrowKind, Ladder, Note, NoteKind, Side};
use super::span;
use crate::report::transcript::{Frames, Item, Reading, error_words};
use crate::report::words::{fault, grouped};
use crate::scenario::{Action, Direction, OriginAction, Scenario};
use crate::trace::{BodyEnd, Fate, Millis, Outcome, Segment, Trace, Views, What};

impl Ladder {
    /// The diagram of a run. `proof` names the events that prove what is violated: they are marked.
    pub fn of(scenario: &Scenario, trace: &Trace, proof: &[usize]) -> Self {
        let views = Views::of(trace, &scenario.client);
        let mut build = Build {
            scenario,
            frames: Frames::of(trace),
            streams: streams(&views),
            proof: proof.iter().copied().collect(),
            ladder: Self::default(),
            connections: BTreeMap::new(),
            in_flight: Vec::new(),
        };
        let last = last_shown(scenario, trace, &build.proof);
        for (event, entry) in trace.events.iter().enumerate().take(last + 1) {
            build.event(event, entry.at, &entry.what);
        }
        let mut ladder = build.ladder;
        ladder.end_ms = trace.events.get(last).map_or(0, |event| event.at);
        span::mark(&mut ladder, &views);
        ladder
    }
}

/// What follows when the lab closes the client is the orderly end of every run, unless it proves something.
fn last_shown(scenario: &Scenario, trace: &Trace, proof: &BTreeSet<usize>) -> usize {
    let scripted = scenario.script.iter().any(|step| {
        matches!(
            step.action,
            Action::Client(crate::scenario::ClientAction::Close | crate::scenario::ClientAction::Drop)
        )
    });
    let end = trace.events.len().saturating_sub(1);
    let closing = trace.events.iter().position(|event| event.what == What::ClientClosing);
    match closing {
        Some(closing) if !scripted && !proof.iter().any(|event| *event > closing) => closing,
        _ => end,
    }
}

/// On which stream of a connection a request is.
fn streams(views: &Views) -> BTreeMap<(u32, String), u32> {
    let mut streams = BTreeMap::new();
    for connection in views.connections.iter() {
        for exchange in &connection.exchanges {
            if let (Some(id), Some(stream)) = (&exchange.request.id, &exchange.stream) {
                streams.insert((connection.number, id.clone()), stream.id);
            }
        }
    }
    streams
}

struct Build<'a> {
    scenario: &'a Scenario,
    frames: Frames,
    streams: BTreeMap<(u32, String), u32>,
    proof: BTreeSet<usize>,
    ladder: Ladder,
    connections: BTreeMap<u32, Reading>,
    /// Which arrow a segment under way belongs to.
    in_flight: Vec<(u32, Direction, Segment, usize)>,
}

impl Build<'_> {
    fn event(&mut self, event: usize, at: Millis, what: &What) {
        match what {
            What::Step { step } => self.step(event, at, *step),
            What::StepVoid { .. } | What::RequestCancelled { .. } | What::ClientClosed => {}
            What::RequestStarted { request, method, path, .. } => {
                let label = format!("{request}: {method} {path}");
                self.note(event, at, Side::Client, NoteKind::Request, label);
            }
            What::RequestFinished { request, outcome } => {
                let label = format!("{request}: {}", ending(outcome));
                self.note(event, at, Side::Client, NoteKind::Outcome, label);
            }
            What::ClientClosing => {
                self.note(event, at, Side::Client, NoteKind::Closing, "the client is closed".to_owned());
            }
            What::Executed { request, .. } => {
                self.note(event, at, Side::Origin, NoteKind::Served, format!("executes {request}"));
            }
            What::Replied { request, connection, status, complete, .. } => {
                self.connections.entry(*connection).or_default().answered(request);
                let cut = if *complete { "" } else { ", cut short" };
                self.note(
                    event,
                    at,
                    Side::Origin,
                    NoteKind::Served,
                    format!("answers {request}: {status}{cut}"),
                );
            }
            What::Segment { connection, direction, fate, segment } => {
                self.segment(event, at, (*connection, *direction), *fate, segment);
            }
        }
    }

    fn step(&mut self, event: usize, at: Millis, step: usize) {
        let Some(step) = self.scenario.script.get(step) else { return };
        if let Action::Origin(OriginAction::Send { connection, bytes }) = &step.action {
            self.connections.entry(*connection).or_default().expect_unasked(bytes);
        }
        let Some(words) = fault(&step.action) else { return };
        let (side, label) = match words.split_once(": ") {
            Some(("origin", rest)) => (Side::Origin, rest.to_owned()),
            Some(("network", rest)) => (Side::Network, rest.to_owned()),
            _ => (Side::Network, words),
        };
        self.note(event, at, side, NoteKind::Fault, label);
    }

    fn note(&mut self, event: usize, at_ms: Millis, side: Side, kind: NoteKind, label: String) {
        let proof = self.proof.contains(&event);
        self.ladder.notes.push(Note { at_ms, event, side, kind, label, proof });
    }

    fn segment(&mut self, event: usize, at: Millis, way: (u32, Direction), fate: Fate, segment: &Segment) {
        match fate {
            Fate::Sent | Fate::Forged => {
                let Some(item) = self.item(event, way, segment) else { return };
                let arrow = self.left(event, at, way, fate, segment, &item);
                self.in_flight.push((way.0, way.1, segment.clone(), arrow));
            }
            Fate::Delivered => self.ended(event, at, way, segment, true),
            Fate::Dropped => self.ended(event, at, way, segment, false),
        }
    }

    /// What a segment carries that leaves; `None` for a pure acknowledgement.
    fn item(&mut self, event: usize, way: (u32, Direction), segment: &Segment) -> Option<Item> {
        if self.frames.are_spoken_on(way.0) && !segment.payload.is_empty() {
            // A segment in the middle of a frame has no name of its own.
            return Some(self.frames.item(event).cloned().unwrap_or(Item::Bytes));
        }
        self.connections.entry(way.0).or_default().item(way.1, segment)
    }

    /// A segment leaves: the arrow that it belongs to.
    fn left(
        &mut self,
        event: usize,
        at: Millis,
        way: (u32, Direction),
        fate: Fate,
        segment: &Segment,
        item: &Item,
    ) -> usize {
        let (label, kind) = described(item, segment);
        let again = segment.retransmission;
        let proof = self.proof.contains(&event);
        let last = self.ladder.arrows.iter().rposition(|arrow| (arrow.connection, arrow.to) == way);
        if let Some(index) = last {
            let arrow = &mut self.ladder.arrows[index];
            let joins = arrow.label == label && arrow.again == again && arrow.proof == proof;
            // Parts of one message that leave together, or one thing that is sent again and again.
            if joins && !arrow.forged && (arrow.sent_ms == at || again) {
                arrow.segments += 1;
                return index;
            }
        }
        let stream = match item {
            Item::Request(id) | Item::Answer(id) => self.streams.get(&(way.0, id.clone())).copied(),
            _ => None,
        };
        self.ladder.arrows.push(Arrow {
            connection: way.0,
            stream,
            to: way.1,
            sent_ms: at,
            sent_event: event,
            arrived_ms: None,
            arrived_event: None,
            label,
            kind,
            forged: fate == Fate::Forged,
            again,
            segments: 1,
            stale: false,
            proof,
        });
        self.ladder.arrows.len() - 1
    }

    /// A segment arrives, or is lost.
    fn ended(&mut self, event: usize, at: Millis, way: (u32, Direction), segment: &Segment, arrives: bool) {
        let place = self.in_flight.iter().position(|(connection, direction, sent, _)| {
            (*connection, *direction) == way && same(sent, segment)
        });
        let index = match place {
            Some(place) => self.in_flight.remove(place).3,
            // It arrives a second time.
            None => {
                let Some(item) = self.item(event, way, segment) else { return };
                let index = self.left(event, at, way, Fate::Sent, segment, &item);
                self.ladder.arrows[index].again = true;
                index
            }
        };
        let arrow = &mut self.ladder.arrows[index];
        arrow.arrived_event = Some(event);
        arrow.proof |= self.proof.contains(&event);
        if arrives {
            arrow.arrived_ms = Some(at);
        }
    }
}

fn same(one: &Segment, other: &Segment) -> bool {
    let flags = |segment: &Segment| (segment.syn, segment.fin, segment.rst, segment.seq);
    flags(one) == flags(other) && one.payload.len() == other.payload.len()
}

fn described(item: &Item, segment: &Segment) -> (String, ArrowKind) {
    let kind = match item {
        Item::Syn => ArrowKind::Open,
        Item::Request(_) => ArrowKind::Request,
        Item::Answer(_) => ArrowKind::Answer,
        Item::Unasked => ArrowKind::Unasked,
        Item::Bytes => ArrowKind::Bytes,
        Item::Frame(_) => ArrowKind::Frame,
        Item::Fin => ArrowKind::Fin,
        Item::Rst => ArrowKind::Rst,
    };
    let label = match item {
        Item::Syn if segment.ack => "SYN-ACK".to_owned(),
        item if segment.fin && *item != Item::Fin => format!("{} and FIN", item.words()),
        item => item.words(),
    };
    (label, kind)
}

fn ending(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Response { status, end: BodyEnd::Complete, .. } => status.to_string(),
        Outcome::Response { status, body, end: BodyEnd::Dropped } => {
            format!("{status}, dropped after {} bytes", grouped(body.len() as u64))
        }
        Outcome::Response { status, end: BodyEnd::Failed { kind, .. }, .. } => {
            format!("{status}, then an error in the body, {}", error_words(*kind))
        }
        Outcome::Error { kind, .. } => format!("error, {}", error_words(*kind)),
        Outcome::Deadline => "no outcome, the deadline passed".to_owned(),
        Outcome::Cancelled => "cancelled".to_owned(),
    }
}
