//! From a trace to the diagram.

use std::collections::BTreeSet;

use closewait_scenario::{Action, Direction, Scenario};
use closewait_trace::{BodyEnd, Carried, Fate, Label, Labels, Millis, Outcome, Segment, Trace, Views, What};

use super::model::{Arrow, ArrowKind, Ladder, Note, NoteKind, Side};
use super::{fold, span};
use crate::transcript::error_words;
use crate::words::{grouped, label, network_fault, origin_fault};

impl Ladder {
    /// The diagram of a run. `proof` names the events that prove what is violated: they are marked.
    pub fn of(scenario: &Scenario, trace: &Trace, views: &Views, proof: &[usize]) -> Self {
        let mut build = Build {
            scenario,
            proof: proof.iter().copied().collect(),
            ladder: Self::default(),
            labels: Labels::of(scenario, trace, &views.connections),
            views,
            in_flight: Vec::new(),
        };
        let last = last_shown(scenario, trace, &build.proof);
        let mut end = trace.events.get(last).map_or(0, |event| event.at);
        for (event, entry) in trace.events.iter().enumerate() {
            if event <= last {
                build.event(event, entry.at, &entry.what);
            } else if build.in_flight.is_empty() {
                break;
            } else if build.after_the_end(event, entry.at, &entry.what) {
                end = entry.at;
            }
        }
        let mut ladder = build.ladder;
        ladder.end_ms = trace.events.get(last).map_or(0, |event| event.at);
        span::mark(&mut ladder, views);
        ladder.end_ms = end;
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
    labels: Labels,
    views: &'a Views,
    /// Which arrow a segment under way belongs to.
    in_flight: Vec<(u32, Direction, Segment, usize)>,
}

impl Build<'_> {
    fn event(&mut self, event: usize, at: Millis, what: &What) {
        match what {
            What::Step { step } => self.step(event, at, *step),
            What::StepVoid { .. }
            | What::RequestCancelled { .. }
            | What::ClientClosed
            | What::SocketClosed { .. } => {}
            What::RequestStarted { request, method, path, .. } => {
                let label = format!("{request}: {method} {path}");
                self.note(event, at, Side::Client, NoteKind::Request, label);
            }
            What::ResponseKept { request } => {
                self.note(event, at, Side::Client, NoteKind::Request, format!("{request}: kept unread"));
            }
            What::ResponseReadOn { request } => {
                self.note(event, at, Side::Client, NoteKind::Request, format!("{request}: read on"));
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
            What::Replied { request, status, complete, .. } => {
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

    /// What was under way when the client was closed has its end, and what the origin does about it: that is no less true for
    /// being late. True if it was that.
    fn after_the_end(&mut self, event: usize, at: Millis, what: &What) -> bool {
        match what {
            What::Executed { .. } => self.event(event, at, what),
            What::Segment { connection, direction, fate: Fate::Delivered | Fate::Dropped, segment }
                if self.in_flight((*connection, *direction), segment).is_some() =>
            {
                self.event(event, at, what);
            }
            _ => return false,
        }
        true
    }

    /// Which of those under way it is.
    fn in_flight(&self, way: (u32, Direction), segment: &Segment) -> Option<usize> {
        self.in_flight.iter().position(|(connection, direction, sent, _)| {
            (*connection, *direction) == way && same(sent, segment)
        })
    }

    fn step(&mut self, event: usize, at: Millis, step: usize) {
        let Some(step) = self.scenario.script.get(step) else { return };
        let (side, label) = match &step.action {
            Action::Origin(action) => (Side::Origin, origin_fault(action)),
            Action::Network(action) => (Side::Network, Some(network_fault(action))),
            Action::Client(_) | Action::Wait(_) | Action::Until(_) => return,
        };
        if let Some(label) = label {
            self.note(event, at, side, NoteKind::Fault, label);
        }
    }

    fn note(&mut self, event: usize, at_ms: Millis, side: Side, kind: NoteKind, label: String) {
        let proof = self.proof.contains(&event);
        self.ladder.notes.push(Note { at_ms, event, side, kind, label, proof });
    }

    fn segment(&mut self, event: usize, at: Millis, way: (u32, Direction), fate: Fate, segment: &Segment) {
        let Some(label) = self.label(event, way.0, segment) else { return };
        match fate {
            Fate::Sent | Fate::Forged => {
                let arrow = self.left(event, at, way, fate, segment, &label);
                self.in_flight.push((way.0, way.1, segment.clone(), arrow));
            }
            Fate::Delivered => self.ended(event, at, way, segment, &label, true),
            Fate::Dropped => self.ended(event, at, way, segment, &label, false),
        }
    }

    /// What a segment carries; nothing for one that is not worth an arrow.
    fn label(&self, event: usize, connection: u32, segment: &Segment) -> Option<Label> {
        let carried = &self.labels.content(event).carried;
        let label = carried.iter().map(|Carried { label, .. }| label).min_by_key(|label| rank(label))?;
        let has_streams = self.views.connections.get(connection).is_some_and(|c| c.http2.is_some());
        // They only keep the protocol going; SETTINGS that a script sends are noted as its step.
        let housekeeping = has_streams && matches!(label, Label::Frame("SETTINGS" | "WINDOW_UPDATE"));
        (!housekeeping || segment.fin || segment.rst).then(|| label.clone())
    }

    /// A segment leaves: the arrow that it belongs to.
    fn left(
        &mut self,
        event: usize,
        at: Millis,
        way: (u32, Direction),
        fate: Fate,
        segment: &Segment,
        carried: &Label,
    ) -> usize {
        let (label, kind) = described(carried, segment);
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
        carried: &Label,
        arrives: bool,
    ) {
        let index = match self.in_flight(way, segment) {
            Some(place) => self.in_flight.remove(place).3,
            // It arrives a second time.
            None => {
                let index = self.left(event, at, way, Fate::Sent, segment, carried);
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

/// A TLS segment may carry several things: it is named after the one that matters most.
fn rank(label: &Label) -> u8 {
    match label {
        Label::Request(_) | Label::Answer(_) => 0,
        Label::Alert(_) => 1,
        Label::Fragment => 3,
        _ => 2,
    }
}

fn same(one: &Segment, other: &Segment) -> bool {
    let flags = |segment: &Segment| (segment.syn, segment.fin, segment.rst, segment.seq);
    flags(one) == flags(other) && one.payload.len() == other.payload.len()
}

fn described(carried: &Label, segment: &Segment) -> (String, ArrowKind) {
    let kind = match carried {
        Label::Syn => ArrowKind::Open,
        Label::Request(_) => ArrowKind::Request,
        Label::Answer(_) => ArrowKind::Answer,
        Label::Unasked => ArrowKind::Unasked,
        Label::Bytes | Label::Fragment => ArrowKind::Bytes,
        Label::Handshake(_) | Label::Alert(_) => ArrowKind::Tls,
        Label::Frame(_) | Label::Pong | Label::Reset(_) => ArrowKind::Frame,
        Label::Fin => ArrowKind::Fin,
        Label::Rst => ArrowKind::Rst,
    };
    let words = match carried {
        Label::Syn if segment.ack => "SYN-ACK".to_owned(),
        carried if segment.fin && *carried != Label::Fin => format!("{} and FIN", label(carried)),
        carried => label(carried),
    };
    (words, kind)
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
