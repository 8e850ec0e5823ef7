//! What the wire knows about one connection and its two ends.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::Waker;

use bytes::BytesMut;
use closewait_scenario::NatAnswer;
use closewait_trace::Millis;
use turmoil_net::shim::tokio::net::TcpStream;
use turmoil_net::{Packet, TcpSegment, Transport};

use super::Side;
use super::rto::{Awaited, Rto, Timer};
use super::sequence::precedes_or_equals;

/// The ports of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ports {
    pub client: u16,
    pub origin: u16,
}

/// A connection, from its first SYN to the end of the run.
#[derive(Default)]
pub(super) struct Connection {
    /// The client's port: unique, since the simulated hosts do not reuse ports.
    pub port: u16,
    /// The ports as a client's host that is a real kernel knows them: its own, and the origin's.
    pub outside: Ports,
    client: End,
    origin: End,
    /// A middlebox has forgotten this connection, by this step, and treats its segments so.
    pub forgotten: Option<(NatAnswer, usize)>,
    /// The origin's host restarted since: its TCP does not know this connection.
    pub unknown_to_origin: bool,
}

impl Connection {
    pub fn new(port: u16) -> Self {
        Self { port, ..Self::default() }
    }

    pub fn end(&self, side: Side) -> &End {
        match side {
            Side::Client => &self.client,
            Side::Origin => &self.origin,
        }
    }

    pub fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Origin => &mut self.origin,
        }
    }
}

/// The simulated kernel's socket in the making. It is asked as soon as an answer has come: asked later, it takes every
/// connection that is not open any more for one that was refused.
pub(super) type Dialling = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// One end: what its TCP has sent and received, and what its application has been told.
#[derive(Default)]
pub(super) struct End {
    /// The socket of a dial whose SYN has no answer yet.
    pub dialling: Option<Dialling>,
    /// The simulated kernel's socket, once open, while the application holds it.
    pub tcp: Option<TcpStream>,
    pub app: App,
    pub readiness: Readiness,
    /// Bytes that had arrived before a RST: Linux still lets the application read them.
    pub before_reset: BytesMut,
    /// Why the socket is dead, once it is.
    pub dead: Option<ErrorKind>,
    /// The application has been told why, or never will be: Linux says it once (`sk_err`).
    pub death_reported: bool,
    /// Initial sequence number, once the SYN (or SYN-ACK) was sent.
    pub isn: Option<u32>,
    /// One past the highest sequence number sent.
    pub sent_to: u32,
    /// Segments sent so far, retransmissions included.
    pub sent: u32,
    /// Next sequence number that this end expects: what its TCP last acknowledged.
    pub received_to: u32,
    /// Window this end last advertised, bytes.
    pub window: u16,
    /// Received in order and not yet read by the application, bytes.
    pub unread: usize,
    /// Bytes that the application has written.
    pub written: u32,
    /// The application has half-closed or closed: FIN is to leave after what was written.
    pub finishing: bool,
    /// FIN has left.
    pub fin_sent: bool,
    /// The peer's FIN has arrived in order.
    pub fin_received: bool,
    /// This end closed first, and both have: until then it answers what its peer repeats.
    pub time_wait: Option<Millis>,
    /// What the newest acknowledgement said.
    heard: Option<Heard>,
    /// Sent and not yet acknowledged, oldest first.
    pub unacknowledged: VecDeque<Outstanding>,
    pub rto: Rto,
    pub retransmission: Option<Timer>,
    /// Arrived ahead of a gap; the simulated TCP would drop them.
    pub out_of_order: Vec<Packet>,
}

/// A segment that is not acknowledged yet.
#[derive(Debug)]
pub(super) struct Outstanding {
    pub packet: Packet,
    /// When it left first.
    pub left: Millis,
    /// It left again since: its acknowledgement measures nothing.
    pub again: bool,
}

/// What an acknowledgement took off the list of what is outstanding.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Acknowledged {
    pub segments: usize,
    /// When the first of them left, if each left once (Karn).
    pub left: Option<Millis>,
    pub handshake: bool,
}

/// Where a segment stood in the stream, and the window it advertised.
#[derive(Debug, Clone, Copy)]
struct Heard {
    seq: u32,
    ack: u32,
    window: u16,
}

/// What the application has done with the socket.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum App {
    /// Not connected or not accepted yet.
    #[default]
    Absent,
    /// It holds the stream.
    Holds,
    /// It dropped the stream.
    Gone,
}

/// What the event loop last told the application, as tokio caches it for a socket registered with epoll.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    pub readable: bool,
    pub writable: bool,
    /// FIN or RST was seen: a short read no longer means that the socket is drained.
    pub read_closed: bool,
    pub reader: Option<Waker>,
    pub writer: Option<Waker>,
}

impl End {
    /// Notes that the TCP of this end is no more: nothing of it is sent again.
    pub fn kill(&mut self, error: ErrorKind) {
        self.dead.get_or_insert(error);
        self.quiet();
    }

    /// What the application has written and has never left, bytes.
    pub fn unsent(&self) -> u32 {
        let sent = self.isn.filter(|_| self.dead.is_none()).map(|isn| self.sent_to.wrapping_sub(isn) - 1);
        sent.map_or(0, |sent| self.written.saturating_sub(sent))
    }

    /// Stops retransmission.
    pub fn quiet(&mut self) {
        self.unacknowledged.clear();
        self.retransmission = None;
        self.out_of_order.clear();
    }

    /// What a RST that reaches this end is called (Linux: `tcp_reset`). `None`: the connection was over before.
    pub fn name_of_reset(&self) -> Option<ErrorKind> {
        let is_over = self.fin_received && self.fin_sent && self.unacknowledged.is_empty();
        match () {
            () if is_over => None,
            () if self.dialling.is_some() => Some(ErrorKind::ConnectionRefused),
            () if self.fin_received && !self.finishing => Some(ErrorKind::BrokenPipe),
            () => Some(ErrorKind::ConnectionReset),
        }
    }

    /// Why the socket died: said once, to whoever asks first (Linux: `sock_error`).
    pub fn take_error(&mut self) -> Option<ErrorKind> {
        let told = self.dead.is_some() && std::mem::replace(&mut self.death_reported, true);
        self.dead.filter(|_| !told)
    }

    /// What a read comes to when the socket is dead and nothing is left to read: end of file to a reader who has the peer's FIN.
    pub fn error_at_end(&mut self) -> Option<ErrorKind> {
        if self.fin_received { None } else { self.take_error() }
    }

    /// Whether the peer's window, or a lost report of it, holds back bytes or a FIN, and nothing is on
    /// its way that would be answered.
    pub fn is_held_back(&self) -> bool {
        let Some(isn) = self.isn.filter(|_| self.dead.is_none() && self.unacknowledged.is_empty()) else {
            return false;
        };
        let end = isn.wrapping_add(1).wrapping_add(self.written).wrapping_add(u32::from(self.finishing));
        end != self.sent_to
    }

    pub fn is_in_time_wait(&self, now: Millis) -> bool {
        let waits = self.time_wait.is_some_and(|until| now <= until);
        waits && self.dead.is_none() && self.unacknowledged.is_empty()
    }

    /// An old segment must not take back the window that a newer one opened (RFC 9293 section 3.10.7.4).
    pub fn keep_newest_window(&mut self, segment: &mut TcpSegment) {
        if !segment.flags.ack || segment.flags.rst {
            return;
        }
        let TcpSegment { seq, ack, window, .. } = *segment;
        let precedes = |a, b| a != b && precedes_or_equals(a, b);
        match self.heard {
            Some(heard) if precedes(ack, heard.ack) => segment.window = heard.window,
            Some(heard)
                if ack == heard.ack
                    && (precedes(seq, heard.seq)
                        || (seq == heard.seq && window < heard.window && window > 0)) =>
            {
                segment.window = heard.window;
            }
            _ => self.heard = Some(Heard { seq, ack, window }),
        }
    }

    pub fn start_timer(&mut self, awaited: Awaited, now: Millis) {
        self.retransmission = Some(Timer::start(awaited, &self.rto, now));
    }

    /// What an acknowledgement that came now says of the round trip.
    pub fn learn(&mut self, acknowledged: &Acknowledged, ack: u32, now: Millis) {
        if let Some(left) = acknowledged.left {
            self.rto.measure(now - left, ack, self.sent_to);
        }
        if acknowledged.handshake {
            self.rto.open();
        }
    }

    /// Drops what `ack` acknowledges.
    pub fn acknowledge(&mut self, ack: u32) -> Acknowledged {
        let mut acknowledged = Acknowledged::default();
        let mut again = false;
        while let Some(oldest) = self.unacknowledged.front_mut() {
            let segment = tcp_mut(&mut oldest.packet);
            if precedes_or_equals(end_of(segment), ack) {
                acknowledged.segments += 1;
                acknowledged.handshake |= segment.flags.syn;
                acknowledged.left.get_or_insert(oldest.left);
                again |= oldest.again;
                self.unacknowledged.pop_front();
                continue;
            }
            let partly = ack.wrapping_sub(segment.seq) as usize;
            if precedes_or_equals(segment.seq, ack) && partly <= segment.payload.len() {
                // Taken in part, when the receiver ran out of buffer: only the rest goes again.
                segment.payload = segment.payload.slice(partly..);
                segment.seq = ack;
            }
            break;
        }
        acknowledged.left.take_if(|_| again);
        acknowledged
    }
}

/// The TCP segment of a packet: nothing else travels here.
pub(super) fn tcp(packet: &Packet) -> &TcpSegment {
    match &packet.payload {
        Transport::Tcp(segment) => segment,
        Transport::Udp(_) => unreachable!("no UDP socket is ever opened"),
    }
}

pub(super) fn tcp_mut(packet: &mut Packet) -> &mut TcpSegment {
    match &mut packet.payload {
        Transport::Tcp(segment) => segment,
        Transport::Udp(_) => unreachable!("no UDP socket is ever opened"),
    }
}

/// Whether the segment carries anything that is acknowledged: data, SYN or FIN.
pub(super) fn is_solid(segment: &TcpSegment) -> bool {
    segment.flags.syn || segment.flags.fin || !segment.payload.is_empty()
}

/// One past the last sequence number that the segment occupies.
pub(super) fn end_of(segment: &TcpSegment) -> u32 {
    let flags = u32::from(segment.flags.syn) + u32::from(segment.flags.fin);
    segment.seq.wrapping_add(segment.payload.len() as u32).wrapping_add(flags)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use turmoil_net::TcpFlags;

    use super::*;

    fn data(seq: u32, payload: &'static [u8]) -> Packet {
        let segment = TcpSegment {
            src_port: 1,
            dst_port: 2,
            seq,
            ack: 0,
            flags: TcpFlags::default(),
            window: 0,
            payload: Bytes::from_static(payload),
        };
        let any = std::net::Ipv4Addr::UNSPECIFIED.into();
        Packet { src: any, dst: any, ttl: 64, payload: Transport::Tcp(segment) }
    }

    fn outstanding(packet: Packet, left: Millis) -> Outstanding {
        Outstanding { packet, left, again: false }
    }

    fn check(ack: u32, acknowledged: usize, left: &[(u32, &[u8])]) {
        let mut end = End::default();
        end.unacknowledged.extend([outstanding(data(10, b"abc"), 0), outstanding(data(13, b"def"), 0)]);
        assert_eq!(end.acknowledge(ack).segments, acknowledged);
        let segments = end.unacknowledged.iter().map(|outstanding| tcp(&outstanding.packet));
        let rest: Vec<_> = segments.map(|segment| (segment.seq, segment.payload.to_vec())).collect();
        let left: Vec<_> = left.iter().map(|(seq, bytes)| (*seq, bytes.to_vec())).collect();
        assert_eq!(rest, left);
    }

    #[test]
    fn acknowledging() {
        check(10, 0, &[(10, b"abc"), (13, b"def")]);
        check(11, 0, &[(11, b"bc"), (13, b"def")]);
        check(13, 1, &[(13, b"def")]);
        check(16, 2, &[]);
        check(5, 0, &[(10, b"abc"), (13, b"def")]);
    }

    /// Two segments leave at 100 and 200; which of them leave again; what the acknowledgement of both measures from.
    fn check_karn(again: [bool; 2], left: Option<Millis>) {
        let mut end = End::default();
        end.unacknowledged.extend([outstanding(data(10, b"abc"), 100), outstanding(data(13, b"def"), 200)]);
        end.unacknowledged.iter_mut().zip(again).for_each(|(outstanding, again)| outstanding.again = again);
        assert_eq!(end.acknowledge(16), Acknowledged { segments: 2, left, handshake: false });
    }

    #[test]
    fn what_was_sent_again_measures_nothing() {
        check_karn([false, false], Some(100));
        check_karn([true, false], None);
        check_karn([false, true], None);
    }
}
