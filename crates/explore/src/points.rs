//! The points of a run at which faults can be injected.

use std::collections::{BTreeMap, BTreeSet};

use closewait_scenario::{Cut, Direction, Scenario};
use closewait_trace::{Fate, Millis, Trace, What, millis};

use super::fault::{Effect, FAULTS};
use super::injection::Injection;
use super::point::{Packet, Point};

/// How close to each other the instants are at which faults are injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// At each distinct instant, just before and just after it, and in the middle of each pause; and so that what is sent to
    /// the client arrives then.
    Fine,
    /// At each distinct instant, and so that what is sent to the client arrives then.
    Coarse,
}

/// The points of one run at which faults can be injected.
#[derive(Debug, Clone)]
pub struct Points {
    instants: Vec<Millis>,
    packets: Vec<Packet>,
    /// When each connection sent its SYN, and when it was last heard of.
    lives: BTreeMap<u32, (Millis, Millis)>,
    /// When each request began, and when it was last heard of.
    requests: BTreeMap<String, (Millis, Millis)>,
}

impl Points {
    /// Reads the points out of the trace of a run.
    pub fn of(scenario: &Scenario, trace: &Trace, grain: Grain) -> Self {
        let packets = packets(trace);
        let (mut lives, mut requests) = (BTreeMap::new(), BTreeMap::new());
        for event in &trace.events {
            let born = (event.at, event.at);
            match &event.what {
                What::Segment { connection, .. } => lives.entry(*connection).or_insert(born).1 = event.at,
                What::RequestStarted { request, .. } | What::RequestFinished { request, .. } => {
                    requests.entry(request.clone()).or_insert(born).1 = event.at;
                }
                _ => {}
            }
        }
        let distinct: BTreeSet<Millis> = trace.events.iter().map(|event| event.at).collect();
        let instants = instants(&distinct, millis(scenario.network.latency_to_client), grain);
        Self { instants, packets, lives, requests }
    }

    /// Every fault at every point where it fits, at `from` or later. In the order of [`FAULTS`], then of what
    /// is struck, then of time.
    pub fn injections(&self, base: &Scenario, from: Millis) -> Vec<Injection> {
        let mut injections = Vec::new();
        for fault in FAULTS.iter().filter(|fault| (fault.fits)(base.protocol)) {
            let points = match fault.effect {
                Effect::Connection(_) => {
                    self.lives.keys().flat_map(|connection| self.on_connection(*connection)).collect()
                }
                Effect::Host(_) => self.on_host(),
                Effect::Packet(_) => self.packets.iter().copied().map(Point::Packet).collect(),
                Effect::Message(_) => in_messages(base),
                Effect::Arrival(_) => arrivals(base),
                Effect::Stream(_) => {
                    base.requests().flat_map(|request| self.on_stream_of(&request.id)).collect()
                }
            };
            let points = points.into_iter().filter(|point| point.at().is_none_or(|at| at >= from));
            injections.extend(points.map(|point| Injection { fault, point }));
        }
        injections
    }

    fn on_connection(&self, connection: u32) -> Vec<Point> {
        let (start, end) = self.lives[&connection];
        let instants = self.instants.iter().filter(|at| (start..=end).contains(at));
        let instants = instants.map(|at| Point::Instant { connection: Some(connection), at: *at });
        let packets = self.packets.iter().filter(|packet| packet.connection == connection);
        in_time(instants, packets)
    }

    /// When it arrives, and at every instant at which it may be open.
    fn on_stream_of(&self, request: &str) -> Vec<Point> {
        let Some((start, end)) = self.requests.get(request) else { return Vec::new() };
        let instants = self.instants.iter().filter(|at| (start..=end).contains(at));
        let at = |at: &Millis| Point::Stream { request: request.to_owned(), at: *at };
        [Point::Arrival { request: request.to_owned() }].into_iter().chain(instants.map(at)).collect()
    }

    fn on_host(&self) -> Vec<Point> {
        let instants = self.instants.iter().map(|at| Point::Instant { connection: None, at: *at });
        in_time(instants, self.packets.iter())
    }
}

/// Ordered by time; packets that leave at an instant come before the instant's own place.
fn in_time<'a>(
    instants: impl Iterator<Item = Point>,
    packets: impl Iterator<Item = &'a Packet>,
) -> Vec<Point> {
    let mut points: Vec<Point> = packets.copied().map(Point::Packet).chain(instants).collect();
    points.sort_by_key(Point::at);
    points
}

fn packets(trace: &Trace) -> Vec<Packet> {
    let mut packets: Vec<Packet> = Vec::new();
    let mut last: BTreeMap<(u32, Direction), usize> = BTreeMap::new();
    for event in &trace.events {
        let What::Segment { connection, direction, fate: Fate::Sent, segment } = &event.what else {
            continue;
        };
        let (connection, direction, at) = (*connection, *direction, event.at);
        let before = last.insert((connection, direction), packets.len());
        if let Some(before) = before {
            packets[before].gap = Some(at - packets[before].at);
        }
        let n = before.map_or(1, |before| packets[before].n + 1);
        let solid = segment.syn || segment.fin || !segment.payload.is_empty();
        packets.push(Packet { connection, direction, n, at, solid, gap: None });
    }
    packets
}

fn instants(distinct: &BTreeSet<Millis>, latency: Millis, grain: Grain) -> Vec<Millis> {
    let arrivals = distinct.iter().filter_map(|at| at.checked_sub(latency));
    let exact: BTreeSet<Millis> = distinct.iter().copied().chain(arrivals).collect();
    let mut instants = exact.clone();
    if grain == Grain::Fine {
        instants.extend(exact.iter().flat_map(|at| [at.saturating_sub(1), at + 1]));
        let ordered: Vec<Millis> = instants.iter().copied().collect();
        let pauses = ordered.windows(2).filter(|pair| pair[1] - pair[0] > PAUSE);
        instants.extend(pauses.map(|pair| pair[0].midpoint(pair[1])));
    }
    // Nothing can be struck before the run has begun.
    instants.remove(&0);
    instants.into_iter().collect()
}

/// A time without events that is worth a fault of its own, ms.
const PAUSE: Millis = 4;

fn in_messages(base: &Scenario) -> Vec<Point> {
    const LINES: [Option<Cut>; 3] = [Some(Cut::Byte(7)), Some(Cut::StatusLine), Some(Cut::Header(1))];
    const ANY: [Option<Cut>; 4] = [Some(Cut::Head), Some(Cut::Body(1)), Some(Cut::Body(5)), None];
    const RECORD: [Option<Cut>; 2] = [Some(Cut::Record(3)), Some(Cut::Record(30))];
    // A head of HTTP/2 has no lines that could be cut.
    let lines: &[Option<Cut>] = if base.protocol.is_http2() { &[] } else { &LINES };
    let record: &[Option<Cut>] = if base.protocol.is_tls() { &RECORD } else { &[] };
    let cuts = || record.iter().chain(lines).chain(&ANY).copied();
    let of_request = |request: &str| {
        let request = request.to_owned();
        cuts().map(move |cut| Point::Message { request: request.clone(), cut })
    };
    base.requests().flat_map(|request| of_request(&request.id).collect::<Vec<_>>()).collect()
}

fn arrivals(base: &Scenario) -> Vec<Point> {
    base.requests().map(|request| Point::Arrival { request: request.id.clone() }).collect()
}
