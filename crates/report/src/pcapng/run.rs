//! One run as packets with comments.

use std::collections::BTreeMap;

use closewait_oracle::RunOutcome;
use closewait_oracle::{Finding, Verdict, Violation};
use closewait_scenario::Scenario;
use closewait_trace::{Direction, Fate, Millis, Segment, Trace, What};

use crate::results::Entry;

/// A run, and what was found in it.
pub(super) struct Run<'a> {
    scenario: &'a Scenario,
    client: &'static str,
    control: bool,
    trace: &'a Trace,
    findings: &'a [Finding],
}

/// A segment that was put on the wire.
pub(super) struct Packet<'a> {
    pub at: Millis,
    pub connection: u32,
    pub direction: Direction,
    pub segment: &'a Segment,
    pub comments: Vec<String>,
    event: usize,
    /// What became of it was seen: a later fate of an equal segment belongs to its copy.
    settled: bool,
}

impl<'a> Run<'a> {
    /// The run of a result, and its control if something is violated in it; nothing where nothing was played.
    pub fn of(entry: &'a Entry<'_>) -> Vec<Self> {
        let RunOutcome::Ran { trace, findings, control } = &entry.result.outcome else { return Vec::new() };
        let run = |control, trace, findings| Self {
            scenario: entry.scenario,
            client: entry.result.client,
            control,
            trace,
            findings,
        };
        let control = control.as_ref().map(|control| run(true, &control.trace, &control.findings));
        let control = control.filter(|control| control.violations().next().is_some());
        std::iter::once(run(false, trace, findings)).chain(control).collect()
    }

    pub fn name(&self) -> String {
        let control = if self.control { " (control)" } else { "" };
        format!("{} {}{control}", self.client, self.scenario.id)
    }

    pub fn title(&self) -> &'a str {
        &self.scenario.title
    }

    /// The origin's port.
    pub fn port(&self) -> u16 {
        if self.scenario.protocol.is_tls() { 443 } else { 80 }
    }

    /// In the order in which they were put on the wire.
    pub fn packets(&self) -> Vec<Packet<'a>> {
        let mut packets: Vec<Packet> = Vec::new();
        for (event, entry) in self.trace.events.iter().enumerate() {
            let What::Segment { connection, direction, fate, segment } = &entry.what else { continue };
            match fate {
                Fate::Sent | Fate::Forged => packets.push(Packet {
                    at: entry.at,
                    connection: *connection,
                    direction: *direction,
                    segment,
                    comments: told_of(*fate, segment),
                    event,
                    settled: false,
                }),
                Fate::Delivered | Fate::Dropped => {
                    let sent = packets.iter_mut().find(|p| p.is_copy(*connection, *direction, segment));
                    if let Some(sent) = sent {
                        sent.settled = true;
                        sent.comments
                            .extend((*fate == Fate::Dropped).then(|| "lost by the network".to_owned()));
                    }
                }
            }
        }
        for (proof, comments) in self.proofs(&packets) {
            packets[proof].comments.extend(comments);
        }
        packets
    }

    /// What is violated in a run that has no packet to say it on.
    pub fn violations_without_packet(&self) -> Vec<String> {
        let any = self.trace.events.iter().any(|event| matches!(event.what, What::Segment { .. }));
        if any { Vec::new() } else { self.violations().map(|(oracle, v)| told(oracle, v)).collect() }
    }

    fn violations(&self) -> impl Iterator<Item = (&'static str, &'a Violation)> {
        self.findings.iter().flat_map(|finding| {
            let violations = match &finding.verdict {
                Verdict::Violated { violations } => violations.as_slice(),
                _ => &[],
            };
            violations.iter().map(|violation| (finding.oracle, violation))
        })
    }

    /// Index of a packet, and the violations that it is the last proof of.
    fn proofs(&self, packets: &[Packet]) -> BTreeMap<usize, Vec<String>> {
        let mut proofs: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        if packets.is_empty() {
            return proofs;
        }
        for (oracle, violation) in self.violations() {
            let last = violation.evidence.last().copied().unwrap_or(usize::MAX);
            let until = packets.partition_point(|packet| packet.event <= last);
            proofs.entry(until.saturating_sub(1)).or_default().push(told(oracle, violation));
        }
        proofs
    }
}

fn told(oracle: &str, violation: &Violation) -> String {
    format!("{oracle} violated: {}", violation.message)
}

fn told_of(fate: Fate, segment: &Segment) -> Vec<String> {
    let forged =
        (fate == Fate::Forged).then(|| "forged: the host it claims to come from did not send it".to_owned());
    let again = segment.retransmission.then(|| "retransmission".to_owned());
    forged.into_iter().chain(again).collect()
}

impl Packet<'_> {
    fn is_copy(&self, connection: u32, direction: Direction, segment: &Segment) -> bool {
        let route = (self.connection, self.direction) == (connection, direction);
        route && !self.settled && self.segment == segment
    }
}
