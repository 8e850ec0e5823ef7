//! From a trace to the diagram.

use std::collections::{BTreeMap, BTreeSet};

use closewait_scenario::{Action, Direction, OriginAction, Scenario};
use closewait_trace::{BodyEnd, Fate, Millis, Outcome, Segment, Trace, Views, What};

use super::model::{Arrow, ArrowKind, Ladder, Note, NoteKind, Side};
use super::{fold, span};
use crate::transcript::{Frames, Item, Reading, error_words};
use crate::words::{fault, grouped};

impl Ladder {
    /// The diagram of a run. `proof` names the events that prove what is violated: they are marked.
    pub fn of(scenario: &Scenario, trace: &Trace, proof: &[usize]) -> Self {
        let mut build = Build {
            scenario,
            proof: proof.iter().copied().collect(),
            ladder: Self::default(),
            connections: sealed(trace),
            frames: Frames::of(trace),
            carried: BTreeMap::new(),
            in_flight: Vec::new(),
        };
        let last = last_shown(scenario, trace, &build.proof);
        for (event, entry) in trace.events.iter().enumerate().take(last + 1) {
            build.event(event, entry.at, &entry.what);
        }
        let mut ladder = build.ladder;
        ladder.end_ms = trace.events.get(last).map_or(0, |event| event.at);
        span::mark(&mut ladder, &Views::of(trace, &scenario.client));
        fold::fold(&mut ladder);
        ladder
    }
}

/// What follows when the lab closes the client is the orderly end of every run, unless it proves something.
fn last_shown(scenario: &Scenario, trace: &Trace, proof: &BTreeSet<usize>) -> usize {
    let scripted = scenario.script.iter().any(|step| {
        matches!(
            step.action,
            Action::Client(closewait_scenario::ClientAction::Close | closewait_scenario::ClientAction::Drop)
        )
    });
    let end = trace.events.len().saturating_sub(1);
    let closing = trace.events.iter().position(|event| event.what == What::ClientClosing);
    match closing {
        Some(closing) if !scripted && !proof.iter().any(|event| *event > closing) => closing,
        _ => end,
    }
}

struct Build<'a> {
    scenario: &'a Scenario,
    proof: BTreeSet<usize>,
    ladder: Ladder,
    connections: BTreeMap<u32, Reading>,
    frames: Frames,
    /// What segments of HTTP/2 carry, by connection, direction and sequence number.
    carried: BTreeMap<(u32, Direction, u32), Item>,
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
        let Some(item) = self.item(event, way, segment) else { return };
        match fate {
            Fate::Sent | Fate::Forged => {
                let arrow = self.left(event, at, way, fate, segment, &item);
                self.in_flight.push((way.0, way.1, segment.clone(), arrow));
            }
            Fate::Delivered => self.ended(event, at, way, segment, &item, true),
            Fate::Dropped => self.ended(event, at, way, segment, &item, false),
        }
    }

    /// What a segment carries; nothing for one that is not worth an arrow.
    fn item(&mut self, event: usize, way: (u32, Direction), segment: &Segment) -> Option<Item> {
        let items = self.connections.entry(way.0).or_default().items(way.1, segment);
        let item = items.into_iter().min_by_key(Self::rank);
        if segment.payload.is_empty() || !self.frames.are_spoken_on(way.0) {
            return item;
        }
        let of_tls = || item.filter(|item| matches!(item, Item::Handshake(_) | Item::Alert(_)));
        let place = (way.0, way.1, segment.seq);
        let before =
            || self.carried.range((way.0, way.1, 0)..=place).next_back().map(|(_, item)| item.clone());
        let item = self.frames.item(event).cloned().or_else(of_tls).or_else(before).unwrap_or(Item::Bytes);
        self.carried.entry(place).or_insert_with(|| item.clone());
        // They only keep the protocol going; SETTINGS that a script sends are noted as its step.
        let housekeeping =
            matches!(&item, Item::Frame(name) if name == "SETTINGS" || name == "WINDOW_UPDATE");
        (!housekeeping || segment.fin || segment.rst).then_some(item)
    }

    /// A TLS segment may carry several things: it is named after the one that matters most.
    fn rank(item: &Item) -> u8 {
        match item {
            Item::Request(_) | Item::Answer(_) => 0,
            Item::Alert(_) => 1,
            Item::Fragment => 3,
            _ => 2,
        }
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
        self.ladder.arrows.push(Arrow {
            connection: way.0,
            stream: None,
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
            folded: false,
            stale: false,
            proof,
        });
        self.ladder.arrows.len() - 1
    }

    /// A segment arrives, or is lost.
    fn ended(
        &mut self,
        event: usize,
        at: Millis,
        way: (u32, Direction),
        segment: &Segment,
        item: &Item,
        arrives: bool,
    ) {
        let place = self.in_flight.iter().position(|(connection, direction, sent, _)| {
            (*connection, *direction) == way && same(sent, segment)
        });
        let index = match place {
            Some(place) => self.in_flight.remove(place).3,
            // It arrives a second time.
            None => {
                let index = self.left(event, at, way, Fate::Sent, segment, item);
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

/// The connections over TLS, with what their segments carry.
fn sealed(trace: &Trace) -> BTreeMap<u32, Reading> {
    let mut connections: BTreeMap<u32, Reading> = BTreeMap::new();
    for record in &trace.records {
        connections.entry(record.connection).or_default().records.push(record.clone());
    }
    connections
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
        Item::Bytes | Item::Fragment => ArrowKind::Bytes,
        Item::Handshake(_) | Item::Alert(_) => ArrowKind::Tls,
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
