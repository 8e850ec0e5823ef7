//! What each segment carries: a request, an answer, a frame, a FIN. Read once; reports only put it into words.

mod content;
mod frames;
mod reading;
mod sealed;

use std::collections::BTreeMap;

use closewait_scenario::{Action, OriginAction, Scenario};

use super::{Connections, Direction, Fate, Segment, Trace, What};
pub use content::{Carried, Content, Label};
use frames::Frames;
use reading::Reading;

/// What each segment of a trace carries.
#[derive(Debug, Clone, Default)]
pub struct Labels(BTreeMap<usize, Content>);

impl Labels {
    /// Reads a trace. The scenario tells which bytes nobody asked for.
    pub fn of(scenario: &Scenario, trace: &Trace, connections: &Connections) -> Self {
        let frames = Frames::of(connections);
        let mut readings: BTreeMap<u32, Reading> = BTreeMap::new();
        for record in &trace.records {
            readings.entry(record.connection).or_default().records.push(record.clone());
        }
        let mut labels = BTreeMap::new();
        for (event, entry) in trace.events.iter().enumerate() {
            match &entry.what {
                What::Step { step } => {
                    let action = scenario.script.get(*step).map(|step| &step.action);
                    if let Some(Action::Origin(OriginAction::Send { connection, bytes })) = action {
                        readings.entry(*connection).or_default().expect_unasked(bytes);
                    }
                }
                What::Replied { request, connection, .. } => {
                    readings.entry(*connection).or_default().answered(request);
                }
                What::Segment { connection, direction, fate, segment } => {
                    let reading = readings.entry(*connection).or_default();
                    let content = if frames.are_spoken_on(*connection) && !segment.payload.is_empty() {
                        reading.frames(*direction, *fate, segment, frames.label(event))
                    } else {
                        reading.content(*direction, *fate, segment)
                    };
                    labels.insert(event, content);
                }
                _ => {}
            }
        }
        Self(labels)
    }

    /// What the segment of this event carries; nothing for a pure acknowledgement.
    pub fn content(&self, event: usize) -> &Content {
        const NOTHING: &Content = &Content { carried: Vec::new(), tls: Vec::new() };
        self.0.get(&event).unwrap_or(NOTHING)
    }
}

impl Reading {
    /// A segment of HTTP/1, or one that brings only flags.
    fn content(&mut self, direction: Direction, fate: Fate, segment: &Segment) -> Content {
        let before = self.written.len();
        let labels = self.labels(direction, segment);
        let mut begins = self.written.len() > before && fate == Fate::Sent && !segment.retransmission;
        let mut carried = |label| {
            let is_news = match &label {
                Label::Request(_) => std::mem::take(&mut begins),
                Label::Answer(id) if (direction, fate) == (Direction::ToClient, Fate::Delivered) => {
                    self.completes_answer(id, segment)
                }
                _ => false,
            };
            Carried { label, is_news }
        };
        Content { carried: labels.into_iter().map(&mut carried).collect(), tls: Vec::new() }
    }

    /// A segment of HTTP/2. A frame that begins in it names it, else what TLS says, else what came before.
    fn frames(
        &mut self,
        direction: Direction,
        fate: Fate,
        segment: &Segment,
        frame: Option<&Label>,
    ) -> Content {
        let tls = self.signals(direction, segment);
        if fate == Fate::Sent && !segment.retransmission {
            let begins = frame.or(tls.first()).cloned();
            let label = begins.or_else(|| self.last(direction)).unwrap_or(Label::Bytes);
            self.carries(direction, segment, label);
        }
        let label = self.known(direction, segment.seq).unwrap_or(Label::Bytes);
        Content { carried: vec![Carried { label, is_news: false }], tls }
    }
}
