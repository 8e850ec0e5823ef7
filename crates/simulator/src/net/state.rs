//! The wire itself: takes segments from the hosts, decides their fate, delivers them when they are due.
//!
//! Synchronous and without a clock of its own: every entry point is told `now`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};

use closewait_scenario::{NatAnswer, NetworkAction, NetworkSettings};
use closewait_trace::{Fate, Millis, Recorder, Segment, What};
use turmoil_net::shim::tokio::net::TcpStream;
use turmoil_net::{EnterGuard, HostId, KernelConfig, Net, Packet, TcpSegment};

use super::connection::{App, Connection, Outstanding, end_of, is_solid, tcp, tcp_mut};
use super::driver::Place;
use super::faults::Faults;
use super::outside::OutsideHost;
use super::rto::Awaited;
use super::{Direction, Side};

pub(super) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
pub(super) const ORIGIN: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
pub(super) const PORT: u16 = 80;

/// Everything on the wire and at its two ends.
pub(super) struct WireState {
    pub connections: Vec<Connection>,
    pub faults: Faults,
    /// Told to the applications at the next turn of the event loop.
    pub events: Vec<News>,
    pub triggers: Vec<Trigger>,
    /// Indexes of the triggers' steps that came due and are not of the network.
    pub triggered: Vec<usize>,
    pub livelocked: bool,
    /// When the driver means to wake up.
    pub planned: Option<Millis>,
    /// The origin's host is down: nothing leaves it and nothing is heard.
    pub origin_down: bool,
    /// The origin answers SYNs with RST.
    pub origin_refuses: bool,
    pub settings: NetworkSettings,
    /// The client's host, where that is a real kernel: then the simulated one is idle.
    pub outside: Option<Box<dyn OutsideHost>>,
    pub guard: EnterGuard,
    hosts: [HostId; 2],
    flight: BTreeMap<(Millis, u64), Flying>,
    departures: u64,
    polls: (Millis, u32),
    pub recorder: Recorder,
    outbox: Vec<Packet>,
}

/// What the event loop has to tell the application about one end of a connection.
pub(super) struct News {
    pub connection: usize,
    pub side: Side,
    pub readable: bool,
    pub writable: bool,
    /// FIN or RST has come.
    pub closed: bool,
}

/// A step that waits for the n-th segment of a connection.
#[derive(Debug, Clone)]
pub(super) struct Trigger {
    pub n: u32,
    pub connection: u32,
    pub direction: Direction,
    pub step: usize,
    /// Applied by the wire itself; every other action is handed back to the script.
    pub action: Option<NetworkAction>,
}

/// Whether a segment leaves for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Departure {
    First,
    Again,
}

pub(super) struct Flying {
    pub packet: Packet,
    pub connection: usize,
    pub direction: Direction,
}

/// So many polls of sockets within one instant are a livelock.
const POLLS_PER_INSTANT: u32 = 10_000;
/// A client that does not mind the error of the livelock loops inside one poll: the stack is all that is
/// left to take away from it.
const POLLS_UNTIL_UNWINDING: u32 = POLLS_PER_INSTANT + 1_000;

/// How many more polls of sockets this instant bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    Left,
    /// They are a livelock: polls fail.
    Lost,
    /// Failing did not end it.
    Exhausted,
}

impl WireState {
    /// Installs the simulated network on this thread.
    pub fn new(settings: NetworkSettings, recorder: Recorder) -> Self {
        let config = KernelConfig::default()
            .send_buf_cap(settings.send_buffer as usize)
            .recv_buf_cap(settings.receive_buffer as usize)
            // Its own retransmission counts egress passes; ours counts virtual time.
            .retx_threshold(u32::MAX);
        let mut net = Net::with_config(config);
        let hosts = [net.add_host(CLIENT), net.add_host(ORIGIN)];
        Self {
            connections: Vec::new(),
            faults: Faults::default(),
            events: Vec::new(),
            triggers: Vec::new(),
            triggered: Vec::new(),
            livelocked: false,
            planned: None,
            origin_down: false,
            origin_refuses: false,
            hosts,
            settings,
            outside: None,
            flight: BTreeMap::new(),
            departures: 0,
            polls: (0, 0),
            recorder,
            outbox: Vec::new(),
            guard: net.enter(),
        }
    }

    /// Directs the next socket calls to a host: the simulated kernel keeps the current one per thread.
    pub fn enter(&self, side: Side) {
        turmoil_net::set_current(match side {
            Side::Client => self.hosts[0],
            Side::Origin => self.hosts[1],
        });
    }

    /// Runs `f` on the socket of one end, on its host. `None` when the application has let go of it.
    pub fn with_tcp<R>(
        &mut self,
        connection: usize,
        side: Side,
        f: impl FnOnce(&mut TcpStream) -> R,
    ) -> Option<R> {
        self.enter(side);
        self.connections[connection].end_mut(side).tcp.as_mut().map(f)
    }

    /// Counts a poll of a socket.
    pub fn count_poll(&mut self, now: Millis) -> Patience {
        if self.polls.0 != now {
            self.polls = (now, 0);
        }
        self.polls.1 += 1;
        self.livelocked |= self.polls.1 > POLLS_PER_INSTANT;
        match self.polls.1 {
            _ if !self.livelocked => Patience::Left,
            ..=POLLS_UNTIL_UNWINDING => Patience::Lost,
            _ => Patience::Exhausted,
        }
    }

    /// The index of the connection whose client end has this port.
    pub fn by_port(&self, port: u16) -> Option<usize> {
        self.connections.iter().rposition(|connection| connection.port == port)
    }

    /// Whether data, SYN, FIN or RST is under way. Bare acknowledgements do not count.
    pub fn in_flight(&self) -> bool {
        self.flight.values().any(|flying| is_noticeable(tcp(&flying.packet)))
    }

    /// When something happens next by itself.
    pub fn next_due(&self) -> Option<Millis> {
        let arrival = self.flight.keys().next().map(|(due, _)| *due);
        self.timers().map(|(_, _, timer)| timer.due).chain(arrival).min()
    }

    /// Whether the driver has to look before it means to: there is news, a step has come due, or a segment
    /// or timer is due earlier.
    pub fn is_ahead_of_plan(&self) -> bool {
        let is_earlier = |due| self.planned.is_none_or(|planned| due < planned);
        !self.events.is_empty() || !self.triggered.is_empty() || self.next_due().is_some_and(is_earlier)
    }

    /// Puts on the wire what the hosts' TCP has to send.
    pub fn egress(&mut self, now: Millis) {
        let mut packets = std::mem::take(&mut self.outbox);
        self.guard.egress_all(&mut packets);
        for packet in packets.drain(..) {
            if packet.src == CLIENT || !self.origin_down {
                self.leave(packet, now);
            }
        }
        self.outbox = packets;
        self.watch_closed_windows(now);
    }

    /// Delivers what is due and fires the timers that are due. True if anything was delivered.
    pub fn advance(&mut self, now: Millis) -> bool {
        let mut delivered = false;
        while let Some(first) = self.flight.first_entry().filter(|first| first.key().0 <= now) {
            let flying = first.remove();
            self.arrive(flying, now);
            delivered = true;
        }
        while let Some((connection, side)) = self.due_timer(now) {
            self.retransmit(connection, side, now);
        }
        delivered
    }

    /// One segment leaves a host.
    fn leave(&mut self, mut packet: Packet, now: Millis) {
        let side = if packet.src == CLIENT { Side::Client } else { Side::Origin };
        let segment = tcp_mut(&mut packet);
        let port = if side == Side::Client { segment.src_port } else { segment.dst_port };
        if segment.flags.syn {
            // The simulated TCP advertises a full window until it has read once.
            segment.window = segment.window.min(self.settings.receive_buffer.min(u16::MAX.into()) as u16);
        }
        let connection = self.by_port(port).unwrap_or_else(|| self.open(port));
        self.note_departure(connection, side, &packet, now);
        self.transmit(connection, side, packet, Departure::First, now);
    }

    /// Records that the client closes a socket that it had not closed before.
    pub fn note_close(&self, Place { connection, side }: Place, now: Millis) {
        let end = self.connections[connection].end(side);
        if side == Side::Client && !end.finishing && end.app == App::Holds {
            let connection = connection as u32 + 1;
            self.recorder.push(now, What::SocketClosed { connection, unsent: end.unsent() });
        }
    }

    pub fn open(&mut self, port: u16) -> usize {
        self.connections.push(Connection::new(port));
        self.connections.len() - 1
    }

    /// Keeps the books of the sender's TCP: sequence numbers, window, what may have to be sent again.
    fn note_departure(&mut self, connection: usize, side: Side, packet: &Packet, now: Millis) {
        let segment = tcp(packet);
        let end = self.connections[connection].end_mut(side);
        if segment.flags.syn {
            end.isn = Some(segment.seq);
            end.sent_to = segment.seq;
        }
        if segment.flags.rst {
            end.kill(ErrorKind::ConnectionReset);
            return;
        }
        if segment.flags.ack {
            end.received_to = segment.ack;
        }
        end.window = segment.window;
        end.fin_sent |= segment.flags.fin;
        if is_solid(segment) {
            end.sent_to = end_of(segment);
            if end.unacknowledged.is_empty() {
                let awaited = match (segment.flags.syn, segment.flags.ack) {
                    (true, false) => Awaited::SynAck,
                    (true, true) => Awaited::Handshake,
                    (false, _) => Awaited::Data,
                };
                end.start_timer(awaited, now);
            }
            end.unacknowledged.push_back(Outstanding { packet: packet.clone(), left: now, again: false });
        }
    }

    /// Records a segment as put on the wire, and decides what becomes of it.
    pub fn transmit(&mut self, connection: usize, side: Side, packet: Packet, time: Departure, now: Millis) {
        let number = connection as u32 + 1;
        let direction = side.outward();
        let mut segment = self.relative(connection, direction, &packet);
        segment.retransmission = time == Departure::Again;
        self.recorder.push(now, What::Segment { connection: number, direction, fate: Fate::Sent, segment });
        self.connections[connection].end_mut(side).sent += 1;
        self.fire_triggers(connection, direction, now);
        if let Some((answer, step)) = self.connections[connection].forgotten {
            self.faults.met(step);
            self.record(connection, direction, Fate::Dropped, &packet, now);
            if answer == NatAnswer::Rst && !tcp(&packet).flags.rst {
                self.forge_rst(connection, side, now);
            }
            return;
        }
        let treatment = self.faults.decide(number, direction, is_solid(tcp(&packet)));
        if treatment.dropped {
            self.record(connection, direction, Fate::Dropped, &packet, now);
            return;
        }
        let due = now + self.latency(direction) + treatment.late;
        for copy in treatment.copies {
            self.launch(due + copy, Flying { packet: packet.clone(), connection, direction });
        }
        self.launch(due, Flying { packet, connection, direction });
    }

    fn launch(&mut self, due: Millis, flying: Flying) {
        self.departures += 1;
        self.flight.insert((due, self.departures), flying);
    }

    fn latency(&self, direction: Direction) -> Millis {
        let latency = match direction {
            Direction::ToOrigin => self.settings.latency_to_origin,
            Direction::ToClient => self.settings.latency_to_client,
        };
        latency.as_millis() as Millis
    }

    fn fire_triggers(&mut self, connection: usize, direction: Direction, now: Millis) {
        let n = self.connections[connection].end(Side::sending(direction)).sent;
        let number = connection as u32 + 1;
        let (due, waiting) = std::mem::take(&mut self.triggers)
            .into_iter()
            .partition(|t| (t.n, t.connection, t.direction) == (n, number, direction));
        self.triggers = waiting;
        for trigger in due {
            match trigger.action {
                Some(action) => {
                    self.recorder.push(now, What::Step { step: trigger.step });
                    if !self.apply(&action, trigger.step, now) {
                        self.recorder.push(now, What::StepVoid { step: trigger.step });
                    }
                }
                None => self.triggered.push(trigger.step),
            }
        }
    }

    /// Carries out a fault of the network, which is a step; false if it names a connection that does not exist.
    pub fn apply(&mut self, action: &NetworkAction, step: usize, now: Millis) -> bool {
        match *action {
            NetworkAction::Forget { connection, answer } => {
                let Some(index) = self.index_of(connection) else { return false };
                self.connections[index].forgotten = Some((answer, step));
                self.faults.expect(step);
                true
            }
            NetworkAction::Rst { connection, direction } => {
                let Some(index) = self.index_of(connection) else { return false };
                for side in [Side::Client, Side::Origin] {
                    if direction.is_none_or(|direction| direction == side.peer().outward()) {
                        self.forge_rst(index, side, now);
                    }
                }
                true
            }
            _ => self.faults.apply(action, step),
        }
    }

    /// The index of a connection by its number.
    pub fn index_of(&self, connection: u32) -> Option<usize> {
        (connection as usize).checked_sub(1).filter(|index| *index < self.connections.len())
    }

    /// A middlebox sends RST to one end, in the name of the other.
    fn forge_rst(&mut self, connection: usize, to: Side, now: Millis) {
        let mut packet = self.rst_from(connection, to.peer());
        if to == Side::Client && self.outside.is_some() {
            // A kernel takes no RST that is not the next that it expects (RFC 5961 section 3.2).
            tcp_mut(&mut packet).seq = self.connections[connection].end(to).received_to;
        }
        self.record(connection, to.peer().outward(), Fate::Forged, &packet, now);
        let due = now + self.latency(to.peer().outward());
        self.launch(due, Flying { packet, connection, direction: to.peer().outward() });
    }

    pub fn record(&self, connection: usize, direction: Direction, fate: Fate, packet: &Packet, now: Millis) {
        let segment = self.relative(connection, direction, packet);
        let what = What::Segment { connection: connection as u32 + 1, direction, fate, segment };
        self.recorder.push(now, what);
    }

    fn relative(&self, connection: usize, direction: Direction, packet: &Packet) -> Segment {
        let segment = tcp(packet);
        let side = Side::sending(direction);
        let from = self.connections[connection].end(side);
        let isn = from.isn.unwrap_or(segment.seq);
        let peer_isn = self.connections[connection].end(side.peer()).isn.unwrap_or(segment.ack);
        Segment {
            syn: segment.flags.syn,
            ack: segment.flags.ack,
            fin: segment.flags.fin,
            rst: segment.flags.rst,
            seq: segment.seq.wrapping_sub(isn),
            ack_seq: if segment.flags.ack { segment.ack.wrapping_sub(peer_isn) } else { 0 },
            window: segment.window.into(),
            retransmission: false,
            payload: segment.payload.clone(),
        }
    }
}

/// Whether a reader of the trace would miss the segment.
fn is_noticeable(segment: &TcpSegment) -> bool {
    is_solid(segment) || segment.flags.rst
}
