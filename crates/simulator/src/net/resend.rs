//! What a host sends by itself: again, as an answer, or to give up.

use std::io::ErrorKind;

use bytes::Bytes;
use closewait_trace::Millis;
use turmoil_net::{Packet, TcpFlags, TcpSegment, Transport};

use super::Side;
use super::connection::{App, Connection, Outstanding, tcp, tcp_mut};
use super::rto::{Awaited, Fired, Timer};
use super::state::{CLIENT, Departure, News, ORIGIN, PORT, WireState};

impl WireState {
    pub fn timers(&self) -> impl Iterator<Item = (usize, Side, Timer)> {
        self.connections.iter().enumerate().flat_map(|(index, connection)| {
            [Side::Client, Side::Origin]
                .into_iter()
                .filter_map(move |side| Some((index, side, connection.end(side).retransmission?)))
        })
    }

    pub fn due_timer(&self, now: Millis) -> Option<(usize, Side)> {
        self.timers().find(|(_, _, timer)| timer.due <= now).map(|(connection, side, _)| (connection, side))
    }

    pub fn retransmit(&mut self, connection: usize, side: Side, now: Millis) {
        let end = self.connections[connection].end_mut(side);
        let Some(timer) = &mut end.retransmission else { return };
        let oldest = end.unacknowledged.front().map(|oldest| oldest.packet.clone());
        match (timer.fire(&mut end.rto, now), oldest) {
            (Fired::Retransmit, Some(packet)) => {
                self.send_again(connection, side, packet, now);
            }
            (Fired::Retransmit, None) if end.is_held_back() => self.probe_window(connection, side, now),
            (_, None) if !end.is_held_back() => end.retransmission = None,
            (_, _) => self.abort(connection, side, ErrorKind::TimedOut, now),
        }
    }

    /// The same bytes in a new segment: what it acknowledges, and its window, are those of now.
    pub fn send_again(&mut self, connection: usize, side: Side, mut packet: Packet, now: Millis) {
        let end = self.connections[connection].end_mut(side);
        let segment = tcp_mut(&mut packet);
        let is_it = |outstanding: &&mut Outstanding| tcp(&outstanding.packet).seq == segment.seq;
        if let Some(outstanding) = end.unacknowledged.iter_mut().find(is_it) {
            outstanding.again = true;
        }
        if segment.flags.ack {
            segment.ack = end.received_to;
            segment.window = end.window;
        }
        self.transmit(connection, side, packet, Departure::Again, now);
    }

    /// Whoever has something to send that the peer's window holds back, asks in time: the report that it
    /// opened may be lost (RFC 9293 section 3.8.6.1).
    pub fn watch_closed_windows(&mut self, now: Millis) {
        let simulated: &[Side] =
            if self.outside.is_some() { &[Side::Origin] } else { &[Side::Client, Side::Origin] };
        for connection in &mut self.connections {
            for &side in simulated {
                let end = connection.end_mut(side);
                if end.retransmission.is_none() && end.is_held_back() {
                    end.start_timer(Awaited::Window, now);
                }
            }
        }
    }

    /// An empty segment that the peer has to answer, since it is one below what it expects.
    fn probe_window(&mut self, connection: usize, side: Side, now: Millis) {
        let mut packet = self.forge(connection, side, TcpFlags { ack: true, ..TcpFlags::default() });
        let segment = tcp_mut(&mut packet);
        segment.seq = segment.seq.wrapping_sub(1);
        self.transmit(connection, side, packet, Departure::First, now);
    }

    /// Ends one end's TCP without a segment on the wire, as the host's own decision.
    pub fn abort(&mut self, connection: usize, side: Side, error: ErrorKind, now: Millis) {
        self.save_unread(connection, side);
        self.connections[connection].end_mut(side).kill(error);
        let rst = self.rst_from(connection, side.peer());
        self.guard.deliver(rst);
        self.settle_dial(connection, side);
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
        // Whoever resets reads no more.
        self.connections[connection].end_mut(side).before_reset.clear();
    }

    /// A host answers with RST for a connection that it does not (or no longer) know.
    pub fn answer_rst(&mut self, connection: usize, side: Side, now: Millis) {
        let rst = self.rst_from(connection, side);
        self.transmit(connection, side, rst, Departure::First, now);
        let orphan = rst_is_for_orphan(&self.connections[connection], side);
        if orphan {
            self.abort(connection, side, ErrorKind::ConnectionReset, now);
        }
    }

    pub fn rst_from(&self, connection: usize, side: Side) -> Packet {
        self.forge(connection, side, TcpFlags { rst: true, ack: true, ..TcpFlags::default() })
    }

    /// A segment in the name of one end, without data, with the sequence numbers that end would use now.
    pub fn forge(&self, connection: usize, side: Side, flags: TcpFlags) -> Packet {
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
        let capacity = self.settings.receive_buffer as usize;
        let largest = capacity.min(u16::MAX.into());
        let end = self.connections[connection].end_mut(side);
        end.unread = end.unread.saturating_sub(n);
        let free = capacity.saturating_sub(end.unread).min(largest);
        if end.dead.is_none() && (end.window as usize) < largest / 2 && free >= largest / 2 {
            end.window = free as u16;
            self.acknowledge_again(connection, side, now);
        }
    }
}

fn rst_is_for_orphan(connection: &Connection, side: Side) -> bool {
    let end = connection.end(side);
    end.app == App::Gone && end.dead.is_none()
}
