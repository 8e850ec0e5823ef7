//! The wire itself: takes segments from the hosts, decides their fate, delivers them when they are due.
//!
//! Synchronous and without a clock of its own: every entry point is told `now`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use turmoil_net::shim::tokio::net::TcpStream;
use turmoil_net::{EnterGuard, HostId, KernelConfig, Net, Packet, TcpFlags, TcpSegment, Transport};

use super::connection::{App, Connection, end_of, is_solid, precedes_or_equals, tcp, tcp_mut};
use super::faults::Faults;
use super::rto::{self, Fired, Timer};
use super::{Direction, Side};
use crate::scenario::{NatAnswer, NetworkAction, NetworkSettings};
use crate::trace::{Fate, Millis, Recorder, Segment, What};

pub(super) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
pub(super) const ORIGIN: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
pub(super) const PORT: u16 = 80;

/// Everything on the wire and at its two ends.
pub(super) struct State {
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
    hosts: [HostId; 2],
    settings: NetworkSettings,
    flight: BTreeMap<(Millis, u64), Flying>,
    departures: u64,
    polls: (Millis, u32),
    recorder: Recorder,
    outbox: Vec<Packet>,
    guard: EnterGuard,
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
enum Departure {
    First,
    Again,
}

struct Flying {
    packet: Packet,
    connection: usize,
    direction: Direction,
}

/// So many polls of sockets within one instant are a livelock.
const POLLS_PER_INSTANT: u32 = 10_000;

impl State {
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

    /// Counts a poll of a socket; false once there were too many in this instant.
    pub fn poll_is_within_bounds(&mut self, now: Millis) -> bool {
        if self.polls.0 != now {
            self.polls = (now, 0);
        }
        self.polls.1 += 1;
        self.livelocked |= self.polls.1 > POLLS_PER_INSTANT;
        !self.livelocked
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

    fn open(&mut self, port: u16) -> usize {
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
        if is_solid(segment) {
            end.sent_to = end_of(segment);
            end.unacknowledged.push_back(packet.clone());
            let schedule = match (segment.flags.syn, segment.flags.ack) {
                (true, false) => rto::SYN,
                (true, true) => rto::SYN_ACK,
                (false, _) => rto::DATA,
            };
            end.retransmission.get_or_insert(Timer::start(schedule, now));
        }
    }

    /// Records a segment as put on the wire, and decides what becomes of it.
    fn transmit(&mut self, connection: usize, side: Side, packet: Packet, time: Departure, now: Millis) {
        let number = connection as u32 + 1;
        let direction = side.outward();
        let mut segment = self.relative(connection, direction, &packet);
        segment.retransmission = time == Departure::Again;
        self.recorder.push(now, What::Segment { connection: number, direction, fate: Fate::Sent, segment });
        self.connections[connection].end_mut(side).sent += 1;
        self.fire_triggers(connection, direction, now);
        if let Some(answer) = self.connections[connection].forgotten {
            self.record(connection, direction, Fate::Dropped, &packet, now);
            if answer == NatAnswer::Rst && !tcp(&packet).flags.rst {
                self.forge_rst(connection, side, now);
            }
            return;
        }
        let fortune = self.faults.decide(number, direction, is_solid(tcp(&packet)));
        if fortune.dropped {
            self.record(connection, direction, Fate::Dropped, &packet, now);
            return;
        }
        let due = now + self.latency(direction) + fortune.late;
        for copy in fortune.copies {
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
        let n = self.connections[connection].end(direction.sender()).sent;
        let number = connection as u32 + 1;
        let (due, waiting) = std::mem::take(&mut self.triggers)
            .into_iter()
            .partition(|t| (t.n, t.connection, t.direction) == (n, number, direction));
        self.triggers = waiting;
        for trigger in due {
            match trigger.action {
                Some(action) => {
                    self.recorder.push(now, What::Step { step: trigger.step });
                    self.apply(&action, now);
                }
                None => self.triggered.push(trigger.step),
            }
        }
    }

    /// Carries out a fault of the network; false if it names a connection that does not exist.
    pub fn apply(&mut self, action: &NetworkAction, now: Millis) -> bool {
        match *action {
            NetworkAction::Forget { connection, answer } => {
                let Some(index) = self.index_of(connection) else { return false };
                self.connections[index].forgotten = Some(answer);
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
            _ => self.faults.apply(action),
        }
    }

    /// The index of a connection by its number.
    pub fn index_of(&self, connection: u32) -> Option<usize> {
        (connection as usize).checked_sub(1).filter(|index| *index < self.connections.len())
    }

    /// A middlebox sends RST to one end, in the name of the other.
    fn forge_rst(&mut self, connection: usize, to: Side, now: Millis) {
        let packet = self.rst_from(connection, to.peer());
        self.record(connection, to.peer().outward(), Fate::Forged, &packet, now);
        let due = now + self.latency(to.peer().outward());
        self.launch(due, Flying { packet, connection, direction: to.peer().outward() });
    }

    /// One segment reaches a host.
    fn arrive(&mut self, flying: Flying, now: Millis) {
        let Flying { packet, connection, direction } = flying;
        let side = direction.sender().peer();
        if side == Side::Origin && self.origin_down {
            self.record(connection, direction, Fate::Dropped, &packet, now);
            return;
        }
        self.record(connection, direction, Fate::Delivered, &packet, now);
        if self.is_unknown_here(connection, side, &packet) {
            self.connections[connection].end_mut(side).received_to = end_of(tcp(&packet));
            if !tcp(&packet).flags.rst {
                self.answer_rst(connection, side, now);
            }
            return;
        }
        if self.arrives_early(connection, side, &packet) {
            self.connections[connection].end_mut(side).out_of_order.push(packet);
            return;
        }
        self.hand_over(connection, side, packet, now);
        while let Some(next) = self.next_in_order(connection, side) {
            self.hand_over(connection, side, next, now);
        }
    }

    /// Whether the host has no TCP state for the segment: it restarted, refuses, or its application is gone.
    fn is_unknown_here(&self, connection: usize, side: Side, packet: &Packet) -> bool {
        let segment = tcp(packet);
        let here = &self.connections[connection];
        let end = here.end(side);
        let refused = segment.flags.syn && !segment.flags.ack && self.origin_refuses;
        // Linux: data for a socket that no process holds is answered with RST.
        let orphaned = end.app == App::Gone
            && !segment.payload.is_empty()
            && !precedes_or_equals(end_of(segment), end.received_to);
        side == Side::Origin && (here.unknown_to_origin || refused) || orphaned
    }

    /// Whether a gap is before it. The simulated TCP has no reassembly queue, so the gap is waited for here.
    fn arrives_early(&self, connection: usize, side: Side, packet: &Packet) -> bool {
        let segment = tcp(packet);
        let end = self.connections[connection].end(side);
        is_solid(segment)
            && !segment.flags.syn
            && end.dead.is_none()
            && end.isn.is_some()
            && !precedes_or_equals(segment.seq, end.received_to)
    }

    fn next_in_order(&mut self, connection: usize, side: Side) -> Option<Packet> {
        let end = self.connections[connection].end_mut(side);
        let expected = end.received_to;
        let at = end.out_of_order.iter().position(|p| precedes_or_equals(tcp(p).seq, expected))?;
        Some(end.out_of_order.remove(at))
    }

    /// Gives a segment to the host's TCP, and draws the consequences.
    fn hand_over(&mut self, connection: usize, side: Side, packet: Packet, now: Millis) {
        let segment = tcp(&packet).clone();
        if segment.flags.rst {
            self.save_unread(connection, side);
            self.connections[connection].end_mut(side).kill(ErrorKind::ConnectionReset);
        }
        let before = self.connections[connection].end(side).received_to;
        self.guard.deliver(packet);
        self.egress(now);
        let end = self.connections[connection].end_mut(side);
        let news = end.received_to != before;
        if news {
            end.unread += segment.payload.len().min(end.received_to.wrapping_sub(before) as usize);
        }
        let progress = segment.flags.ack && end.acknowledge(segment.ack);
        let opening = segment.flags.syn && !segment.flags.ack;
        if is_solid(&segment) && !news && !opening && end.dead.is_none() {
            self.acknowledge_again(connection, side, now);
        }
        if progress {
            self.continue_after_ack(connection, side, now);
        }
        self.tell(connection, side, &segment, news);
    }

    /// Linux leaves what arrived before a RST in the receive queue; the simulated TCP would discard it.
    fn save_unread(&mut self, connection: usize, side: Side) {
        let mut saved = Vec::new();
        self.with_tcp(connection, side, |tcp| {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = tcp.try_read(&mut chunk) {
                saved.extend_from_slice(&chunk[..n]);
            }
        });
        self.connections[connection].end_mut(side).before_reset.extend_from_slice(&saved);
    }

    /// A duplicate means that our acknowledgement was lost: it goes out again (RFC 9293 section 3.10.7.4).
    fn acknowledge_again(&mut self, connection: usize, side: Side, now: Millis) {
        if self.connections[connection].end(side).isn.is_some() {
            let packet = self.forge(connection, side, TcpFlags { ack: true, ..TcpFlags::default() });
            self.transmit(connection, side, packet, Departure::First, now);
        }
    }

    /// After an acknowledgement: the timer starts anew, or stops; what a loss had held up goes at once.
    fn continue_after_ack(&mut self, connection: usize, side: Side, now: Millis) {
        let end = self.connections[connection].end_mut(side);
        let was_recovering = end.retransmission.is_some_and(|timer| timer.is_recovering());
        end.retransmission = (!end.unacknowledged.is_empty()).then(|| Timer::start(rto::DATA, now));
        if was_recovering {
            for packet in end.unacknowledged.clone() {
                self.transmit(connection, side, packet, Departure::Again, now);
            }
        }
    }

    /// Queues what the event loop will report to the application.
    fn tell(&mut self, connection: usize, side: Side, segment: &TcpSegment, news: bool) {
        let end = self.connections[connection].end_mut(side);
        let readable = news || segment.flags.rst;
        let writable = segment.flags.rst || !end.readiness.writable;
        let closed = segment.flags.rst || (news && segment.flags.fin);
        if end.app == App::Holds && (readable || writable) {
            self.events.push(News { connection, side, readable, writable, closed });
        }
    }

    fn timers(&self) -> impl Iterator<Item = (usize, Side, Timer)> {
        self.connections.iter().enumerate().flat_map(|(index, connection)| {
            [Side::Client, Side::Origin]
                .into_iter()
                .filter_map(move |side| Some((index, side, connection.end(side).retransmission?)))
        })
    }

    fn due_timer(&self, now: Millis) -> Option<(usize, Side)> {
        self.timers().find(|(_, _, timer)| timer.due <= now).map(|(connection, side, _)| (connection, side))
    }

    fn retransmit(&mut self, connection: usize, side: Side, now: Millis) {
        let end = self.connections[connection].end_mut(side);
        let Some(timer) = &mut end.retransmission else { return };
        match (timer.fire(now), end.unacknowledged.front().cloned()) {
            (Fired::Retransmit, Some(packet)) => {
                self.transmit(connection, side, packet, Departure::Again, now);
            }
            (Fired::Retransmit, None) => end.retransmission = None,
            (Fired::GiveUp, _) => self.abort(connection, side, ErrorKind::TimedOut, now),
        }
    }

    /// Ends one end's TCP without a segment on the wire, as the host's own decision.
    pub fn abort(&mut self, connection: usize, side: Side, error: ErrorKind, now: Millis) {
        self.save_unread(connection, side);
        self.connections[connection].end_mut(side).kill(error);
        let rst = self.rst_from(connection, side.peer());
        self.guard.deliver(rst);
        self.egress(now);
        if self.connections[connection].end(side).app == App::Holds {
            let event = News { connection, side, readable: true, writable: true, closed: true };
            self.events.push(event);
        }
    }

    /// One end resets: RST leaves for the peer, and its own socket is dead at once.
    pub fn reset(&mut self, connection: usize, side: Side, now: Millis) {
        if self.connections[connection].end(side).dead.is_some() {
            return;
        }
        self.answer_rst(connection, side, now);
        self.abort(connection, side, ErrorKind::ConnectionReset, now);
    }

    /// A host answers with RST for a connection that it does not (or no longer) know.
    fn answer_rst(&mut self, connection: usize, side: Side, now: Millis) {
        let rst = self.rst_from(connection, side);
        self.transmit(connection, side, rst, Departure::First, now);
        let orphan = rst_is_for_orphan(&self.connections[connection], side);
        if orphan {
            self.abort(connection, side, ErrorKind::ConnectionReset, now);
        }
    }

    fn rst_from(&self, connection: usize, side: Side) -> Packet {
        self.forge(connection, side, TcpFlags { rst: true, ack: true, ..TcpFlags::default() })
    }

    /// A segment in the name of one end, without data, with the sequence numbers that end would use now.
    fn forge(&self, connection: usize, side: Side, flags: TcpFlags) -> Packet {
        let end = self.connections[connection].end(side);
        let port = self.connections[connection].port;
        let (src, dst, src_port, dst_port) = match side {
            Side::Client => (CLIENT, ORIGIN, port, PORT),
            Side::Origin => (ORIGIN, CLIENT, PORT, port),
        };
        let segment = TcpSegment {
            src_port,
            dst_port,
            seq: end.sent_to,
            ack: end.received_to,
            flags,
            window: if flags.rst { 0 } else { end.window },
            payload: Bytes::new(),
        };
        Packet { src, dst, ttl: 64, payload: Transport::Tcp(segment) }
    }

    /// The application read `n` bytes: tells the peer when that opened a window that had closed.
    ///
    /// The simulated TCP tells it only for reads of half the buffer at once.
    pub fn note_read(&mut self, connection: usize, side: Side, n: usize, now: Millis) {
        let half = self.settings.receive_buffer as usize / 2;
        let capacity = (self.settings.receive_buffer as usize).min(u16::MAX.into());
        let end = self.connections[connection].end_mut(side);
        end.unread = end.unread.saturating_sub(n);
        let free = capacity.saturating_sub(end.unread);
        if end.dead.is_none() && (end.window as usize) < half && free >= half {
            end.window = free as u16;
            self.acknowledge_again(connection, side, now);
        }
    }

    fn record(&self, connection: usize, direction: Direction, fate: Fate, packet: &Packet, now: Millis) {
        let segment = self.relative(connection, direction, packet);
        let what = What::Segment { connection: connection as u32 + 1, direction, fate, segment };
        self.recorder.push(now, what);
    }

    fn relative(&self, connection: usize, direction: Direction, packet: &Packet) -> Segment {
        let segment = tcp(packet);
        let side = direction.sender();
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

fn rst_is_for_orphan(connection: &Connection, side: Side) -> bool {
    let end = connection.end(side);
    end.app == App::Gone && end.dead.is_none()
}
