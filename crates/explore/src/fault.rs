//! Kinds of faults, and the steps of a scenario that make one happen at a place.

use std::time::Duration;

use closewait_scenario::{
    Action, AfterReply, Cut, Direction, ErrorCode, LastStream, NatAnswer, NetworkAction, OriginAction, Path,
    Pings, Protocol, Reply, Step, When,
};
use closewait_trace::Millis;

use super::point::{Packet, Point};

/// A kind of fault.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Its name in results and on the command line.
    pub name: &'static str,
    /// What happens, in one line.
    pub meaning: &'static str,
    /// Which protocols it is a fault of.
    pub(super) fits: fn(Protocol) -> bool,
    pub(super) effect: Effect,
}

/// What a fault acts on, and the steps that inject it. No steps: it does not fit there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effect {
    /// One connection, at an instant or with a packet.
    Connection(fn(&Site) -> Vec<Step>),
    /// The origin's host, at an instant or with a packet.
    Host(fn(&Site) -> Vec<Step>),
    /// One packet.
    Packet(fn(&Site, &Packet) -> Vec<Step>),
    /// The answer to a request, cut somewhere or whole.
    Message(fn(&mut Reply, Option<Cut>)),
    /// A request when it arrives.
    Arrival(fn(String) -> OriginAction),
    /// The stream of a request: when it arrives, or at an instant of its life.
    Stream(fn(&Site, String) -> Vec<Step>),
}

/// Where and when a fault is injected.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Site {
    pub connection: u32,
    /// When, in the run without this fault.
    pub at: Millis,
    pub when: When,
    /// Longer than any request of the scenario waits.
    pub patience: Millis,
    /// How long after a packet it goes again.
    pub retransmission: Millis,
}

/// Every kind of fault. The order is that of results.
pub static FAULTS: &[Fault] = &[
    on_connection("fin", "the origin half-closes the connection", |site| {
        vec![site.origin(OriginAction::Fin { connection: site.connection })]
    }),
    on_connection("close", "the origin closes the connection: FIN, then RST for what comes later", |site| {
        vec![site.origin(OriginAction::Close { connection: site.connection })]
    }),
    on_connection("rst", "the origin aborts the connection", |site| {
        vec![site.origin(OriginAction::Rst { connection: site.connection })]
    }),
    on_connection("middlebox-rst", "a middlebox resets both ends", |site| {
        vec![site.network(NetworkAction::Rst { connection: site.connection, direction: None })]
    }),
    on_connection("rst-to-client", "a middlebox resets the client's end only", |site| {
        let direction = Some(Direction::ToClient);
        vec![site.network(NetworkAction::Rst { connection: site.connection, direction })]
    }),
    on_connection(
        "forget",
        "a middlebox forgets the connection and answers later segments with RST",
        |site| {
            let answer = NatAnswer::Rst;
            vec![site.network(NetworkAction::Forget { connection: site.connection, answer })]
        },
    ),
    on_connection("dead", "the connection dies silently, both ways", |site| vec![site.silence(None)]),
    on_connection("dead-to-origin", "what the client sends is lost from then on", |site| {
        vec![site.silence(Some(Direction::ToOrigin))]
    }),
    on_connection("dead-to-client", "what the origin sends is lost from then on", |site| {
        vec![site.silence(Some(Direction::ToClient))]
    }),
    on_connection("outage", "the connection is silent for 700 ms, both ways", |site| {
        let path = Path { connection: Some(site.connection), direction: None };
        vec![site.silence(None), site.later(700, Action::Network(NetworkAction::Heal { path }))]
    }),
    http1("stray-408", "the origin writes an unasked 408 and leaves the connection open", |site| {
        vec![site.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")]
    }),
    http1("stray-408-close", "the origin writes an unasked 408 and closes", |site| {
        let bytes = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        vec![site.send(bytes), site.origin(OriginAction::Close { connection: site.connection })]
    }),
    http1("stray-200", "the origin writes a 200 that no request asked for", |site| {
        vec![site.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray")]
    }),
    http1("stray-half-head", "the origin writes the first half of a response head", |site| {
        vec![site.send(b"HTTP/1.1 200 OK\r\nContent-Le")]
    }),
    on_connection("deploy", "the origin closes the connection and accepts no other for 1 s", |site| {
        vec![
            site.origin(OriginAction::StopListening),
            site.origin(OriginAction::Close { connection: site.connection }),
            site.later(1000, Action::Origin(OriginAction::Listen)),
        ]
    }),
    tls("close-notify", "the origin sends close_notify, and no FIN", |site| {
        vec![site.origin(OriginAction::CloseNotify { connection: site.connection })]
    }),
    tls("alert", "the origin sends a fatal alert, and nothing after it", |site| {
        let description = "internal_error".to_owned();
        vec![site.origin(OriginAction::Alert { connection: site.connection, description })]
    }),
    on_host("refuse", "the origin refuses connections for 1 s", |site| {
        vec![site.origin(OriginAction::StopListening), site.later(1000, Action::Origin(OriginAction::Listen))]
    }),
    on_host("crash", "the origin's host stops for good", |site| vec![site.origin(OriginAction::Crash)]),
    on_host("restart", "the origin's host stops and is back 1 ms later without its connections", |site| {
        vec![site.origin(OriginAction::Crash), site.later(1, Action::Origin(OriginAction::Restart))]
    }),
    on_host("crash-restart", "the origin's host stops and is back after 1500 ms", |site| {
        vec![site.origin(OriginAction::Crash), site.later(1500, Action::Origin(OriginAction::Restart))]
    }),
    on_packet("lose", "this packet is lost", |site, packet| {
        vec![site.network(NetworkAction::Drop { path: site.path_of(packet), packets: Some(1) })]
    }),
    on_packet("duplicate", "this packet arrives twice", |site, packet| match packet.solid {
        true => vec![site.network(NetworkAction::Duplicate {
            path: site.path_of(packet),
            by: Duration::ZERO,
            packets: 1,
        })],
        false => Vec::new(),
    }),
    on_packet("reorder", "this packet arrives after its successor", |site, packet| {
        let gap = packet.gap.filter(|gap| *gap < site.retransmission);
        gap.map(|gap| site.delay(packet, gap + 1)).into_iter().collect()
    }),
    on_packet("late", "this packet arrives after its retransmission", |site, packet| {
        vec![site.delay(packet, site.retransmission + 10)]
    }),
    on_packet("overdue", "this packet arrives after every deadline", |site, packet| {
        vec![site.delay(packet, site.patience + 1000)]
    }),
    on_message("cut-fin", "the answer ends here, with FIN", |reply, cut| {
        (reply.cut, reply.then) = (cut, AfterReply::Fin);
    }),
    on_message("cut-close", "the answer ends here, and the origin closes", |reply, cut| {
        (reply.cut, reply.then) = (cut, AfterReply::Close);
    }),
    on_message("cut-rst", "the answer ends here, with RST", |reply, cut| {
        (reply.cut, reply.then) = (cut, AfterReply::Rst);
    }),
    on_message("cut-silence", "the answer stops here, and nothing follows", |reply, cut| {
        (reply.cut, reply.then) = (cut, AfterReply::Keep);
    }),
    http1_message("surplus", "bytes that belong to no answer follow right behind it", |reply, cut| {
        if cut.is_none() {
            reply.surplus = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsurplus".to_vec();
        }
    }),
    http2("goaway", "the origin sends GOAWAY and answers what it has", |site| {
        vec![site.goaway(LastStream::Seen)]
    }),
    http2("goaway-close", "the origin sends GOAWAY and closes", |site| {
        let close = site.origin(OriginAction::Close { connection: site.connection });
        vec![site.goaway(LastStream::Seen), close]
    }),
    http2("goaway-none", "the origin sends GOAWAY and says that it has processed nothing", |site| {
        vec![site.goaway(LastStream::None)]
    }),
    http2(
        "graceful-goaway",
        "the origin announces its shutdown, and a second later sends the last GOAWAY",
        |site| {
            let Step { action, .. } = site.goaway(LastStream::Seen);
            vec![site.goaway(LastStream::All), site.later(1000, action)]
        },
    ),
    http2("no-streams", "the origin allows no streams for 1 s", |site| {
        vec![
            site.origin(max_streams(site.connection, 0)),
            site.later(1000, Action::Origin(max_streams(site.connection, 100))),
        ]
    }),
    http2("one-stream", "the origin allows one stream at a time from then on", |site| {
        vec![site.origin(max_streams(site.connection, 1))]
    }),
    http2("no-window", "the origin takes no bodies for 1 s", |site| {
        vec![
            site.origin(initial_window(site.connection, 0)),
            site.later(1000, Action::Origin(initial_window(site.connection, 65_535))),
        ]
    }),
    http2("starved", "the origin takes no bodies from then on", |site| {
        vec![site.origin(initial_window(site.connection, 0))]
    }),
    http2("deaf-to-pings", "the origin answers no PING from then on", |site| {
        let connection = Some(site.connection);
        vec![site.origin(OriginAction::Pings { connection, pings: Pings::Ignore })]
    }),
    http2("ping", "the origin sends a PING", |site| {
        vec![site.origin(OriginAction::Ping { connection: site.connection })]
    }),
    on_arrival("refuse-stream", "the origin refuses the stream: REFUSED_STREAM", |id| {
        OriginAction::ResetStream { id, error: ErrorCode::RefusedStream, times: 1 }
    }),
    on_stream("reset-stream", "the origin resets the stream: INTERNAL_ERROR", |site, id| {
        vec![site.origin(OriginAction::ResetStream { id, error: ErrorCode::InternalError, times: 1 })]
    }),
    http2_message("cut-reset", "the answer ends here, and its stream is reset", |reply, cut| {
        (reply.cut, reply.then) = (cut, AfterReply::ResetStream(ErrorCode::InternalError));
    }),
    http2_message("then-goaway", "GOAWAY follows right behind the answer", |reply, cut| {
        if cut.is_none() {
            reply.then = AfterReply::Goaway(ErrorCode::NoError);
        }
    }),
];

/// The fault of this name.
pub fn fault(name: &str) -> Option<&'static Fault> {
    FAULTS.iter().find(|fault| fault.name == name)
}

impl Site {
    pub fn of(point: &Point, patience: Millis, retransmission: Millis) -> Self {
        let (connection, at, when) = match point {
            Point::Instant { connection, at } => {
                (connection.unwrap_or_default(), *at, When::After(Duration::from_millis(*at)))
            }
            Point::Packet(packet) => {
                let Packet { connection, direction, n, at, .. } = *packet;
                (connection, at, When::Packet { n, connection, direction })
            }
            Point::Stream { at, .. } => (0, *at, When::After(Duration::from_millis(*at))),
            Point::Message { .. } | Point::Arrival { .. } => (0, 0, When::Now),
        };
        Self { connection, at, when, patience, retransmission }
    }

    fn origin(&self, action: OriginAction) -> Step {
        self.step(Action::Origin(action))
    }

    fn network(&self, action: NetworkAction) -> Step {
        self.step(Action::Network(action))
    }

    fn step(&self, action: Action) -> Step {
        Step { action, when: self.when.clone(), may_miss: false, line: 0 }
    }

    /// Until the fault is injected the run is the one without it, so the time is known.
    fn later(&self, by: Millis, action: Action) -> Step {
        Step { action, when: When::After(Duration::from_millis(self.at + by)), may_miss: false, line: 0 }
    }

    fn silence(&self, direction: Option<Direction>) -> Step {
        let path = Path { connection: Some(self.connection), direction };
        self.network(NetworkAction::Drop { path, packets: None })
    }

    fn goaway(&self, last_stream: LastStream) -> Step {
        let error = ErrorCode::NoError;
        self.origin(OriginAction::Goaway { connection: self.connection, last_stream, error })
    }

    fn send(&self, bytes: &[u8]) -> Step {
        self.origin(OriginAction::Send { connection: self.connection, bytes: bytes.to_vec() })
    }

    fn delay(&self, packet: &Packet, by: Millis) -> Step {
        let by = Duration::from_millis(by);
        self.network(NetworkAction::Delay { path: self.path_of(packet), by, packets: Some(1) })
    }

    fn path_of(&self, packet: &Packet) -> Path {
        Path { connection: Some(packet.connection), direction: Some(packet.direction) }
    }
}

const fn on_connection(name: &'static str, meaning: &'static str, steps: fn(&Site) -> Vec<Step>) -> Fault {
    Fault { name, meaning, fits: |_| true, effect: Effect::Connection(steps) }
}

const fn on_host(name: &'static str, meaning: &'static str, steps: fn(&Site) -> Vec<Step>) -> Fault {
    Fault { name, meaning, fits: |_| true, effect: Effect::Host(steps) }
}

const fn on_packet(
    name: &'static str,
    meaning: &'static str,
    steps: fn(&Site, &Packet) -> Vec<Step>,
) -> Fault {
    Fault { name, meaning, fits: |_| true, effect: Effect::Packet(steps) }
}

/// Bytes that mean something in HTTP/1.1 only.
const fn http1(name: &'static str, meaning: &'static str, steps: fn(&Site) -> Vec<Step>) -> Fault {
    Fault { fits: |protocol| !protocol.is_http2(), ..on_connection(name, meaning, steps) }
}

const fn http2(name: &'static str, meaning: &'static str, steps: fn(&Site) -> Vec<Step>) -> Fault {
    Fault { fits: Protocol::is_http2, ..on_connection(name, meaning, steps) }
}

const fn tls(name: &'static str, meaning: &'static str, steps: fn(&Site) -> Vec<Step>) -> Fault {
    Fault { fits: Protocol::is_tls, ..on_connection(name, meaning, steps) }
}

const fn on_message(name: &'static str, meaning: &'static str, change: fn(&mut Reply, Option<Cut>)) -> Fault {
    Fault { name, meaning, fits: |_| true, effect: Effect::Message(change) }
}

const fn http1_message(
    name: &'static str,
    meaning: &'static str,
    change: fn(&mut Reply, Option<Cut>),
) -> Fault {
    Fault { fits: |protocol| !protocol.is_http2(), ..on_message(name, meaning, change) }
}

const fn http2_message(
    name: &'static str,
    meaning: &'static str,
    change: fn(&mut Reply, Option<Cut>),
) -> Fault {
    Fault { fits: Protocol::is_http2, ..on_message(name, meaning, change) }
}

const fn on_arrival(name: &'static str, meaning: &'static str, action: fn(String) -> OriginAction) -> Fault {
    Fault { name, meaning, fits: Protocol::is_http2, effect: Effect::Arrival(action) }
}

const fn on_stream(
    name: &'static str,
    meaning: &'static str,
    steps: fn(&Site, String) -> Vec<Step>,
) -> Fault {
    Fault { name, meaning, fits: Protocol::is_http2, effect: Effect::Stream(steps) }
}

fn max_streams(connection: u32, max_streams: u32) -> OriginAction {
    OriginAction::Settings { connection, max_streams: Some(max_streams), initial_window: None }
}

fn initial_window(connection: u32, window: u32) -> OriginAction {
    OriginAction::Settings { connection, max_streams: None, initial_window: Some(window) }
}
