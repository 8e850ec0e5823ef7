//! What a segment does when it reaches a host.

use std::io::ErrorKind;

use bytes::Bytes;
use closewait_trace::{Fate, Millis};
use turmoil_net::{Packet, TcpFlags, TcpSegment};

use super::Side;
use super::connection::{Acknowledged, App, End, end_of, is_solid, tcp, tcp_mut};
use super::rto::Awaited;
use super::sequence::precedes_or_equals;
use super::state::{Departure, Flying, News, WireState};

impl WireState {
    /// One segment reaches a host.
    pub fn arrive(&mut self, flying: Flying, now: Millis) {
        let Flying { mut packet, connection, direction } = flying;
        let side = Side::sending(direction).peer();
        if side == Side::Origin && self.origin_down {
            self.record(connection, direction, Fate::Dropped, &packet, now);
            return;
        }
        self.record(connection, direction, Fate::Delivered, &packet, now);
        if self.outside.is_some() {
            match side {
                Side::Client => return self.give_outside(connection, packet, now),
                Side::Origin => self.cut_known(connection, &mut packet),
            }
        }
        if self.is_repeated_syn(connection, side, &packet) {
            self.answer_repeated_syn(connection, side, now);
            return;
        }
        if self.is_unknown_here(connection, side, &packet) {
            self.connections[connection].end_mut(side).received_to = end_of(tcp(&packet));
            if !tcp(&packet).flags.rst {
                self.answer_rst(connection, side, now);
            }
            return;
        }
        if self.is_late_acknowledgement(connection, side, &packet, now) {
            return;
        }
        if self.waits_in_time_wait(connection, side, &packet, now) || self.is_probe(connection, side, &packet)
        {
            self.acknowledge_again(connection, side, now);
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

    /// Whether a SYN comes for a connection that this host's TCP has already.
    fn is_repeated_syn(&mut self, connection: usize, side: Side, packet: &Packet) -> bool {
        if !is_opening(tcp(packet)) {
            return false;
        }
        let here = &mut self.connections[connection];
        if here.unknown_to_origin && here.end(side).isn.is_none() {
            // It never arrived before the restart, so it is like any other that comes after it.
            here.unknown_to_origin = false;
            *here.end_mut(side) = End::default();
        }
        here.end(side).isn.is_some() && !here.unknown_to_origin
    }

    /// The SYN-ACK goes again; an established connection acknowledges (RFC 9293 section 3.10.7.4).
    fn answer_repeated_syn(&mut self, connection: usize, side: Side, now: Millis) {
        let end = self.connections[connection].end(side);
        if end.dead.is_some() {
            return;
        }
        match end.unacknowledged.front().map(|oldest| oldest.packet.clone()) {
            Some(packet) if tcp(&packet).flags.syn => self.send_again(connection, side, packet, now),
            _ => self.acknowledge_again(connection, side, now),
        }
    }

    /// Whether this end closed first, both have, and the peer has not heard of it (RFC 9293 section 3.6.1).
    fn waits_in_time_wait(&mut self, connection: usize, side: Side, packet: &Packet, now: Millis) -> bool {
        let end = self.connections[connection].end_mut(side);
        let waits = is_solid(tcp(packet)) && end.is_in_time_wait(now);
        if waits {
            end.time_wait = Some(now + TIME_WAIT);
        }
        waits
    }

    /// In that state a bare acknowledgement is no surprise, and has no answer.
    fn is_late_acknowledgement(&self, connection: usize, side: Side, packet: &Packet, now: Millis) -> bool {
        let segment = tcp(packet);
        !is_solid(segment)
            && !segment.flags.rst
            && self.connections[connection].end(side).is_in_time_wait(now)
    }

    /// Whether the peer asks for the window: an empty segment one below what is expected.
    fn is_probe(&self, connection: usize, side: Side, packet: &Packet) -> bool {
        let segment = tcp(packet);
        let end = self.connections[connection].end(side);
        !is_solid(segment)
            && !segment.flags.rst
            && end.isn.is_some()
            && end.dead.is_none()
            && segment.seq.wrapping_add(1) == end.received_to
    }

    /// Whether the host has no TCP state for the segment: it restarted, refuses, or its application is gone.
    fn is_unknown_here(&self, connection: usize, side: Side, packet: &Packet) -> bool {
        let segment = tcp(packet);
        let here = &self.connections[connection];
        let end = here.end(side);
        let refused = is_opening(segment) && self.origin_refuses;
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
    fn hand_over(&mut self, connection: usize, side: Side, mut packet: Packet, now: Millis) {
        let segment = tcp(&packet).clone();
        if segment.flags.rst {
            self.die_of_reset(connection, side);
        }
        let end = self.connections[connection].end_mut(side);
        end.keep_newest_window(tcp_mut(&mut packet));
        let (before, waiting) = (end.received_to, end.unacknowledged.len());
        if self.completes_handshake(connection, side, &segment) {
            // The simulated TCP takes nothing else from the segment that completes it.
            self.guard.deliver(bare(&packet));
        }
        self.guard.deliver(packet);
        self.settle_dial(connection, side);
        self.egress(now);
        let news = self.note_arrival(connection, side, &segment, before, now);
        let end = self.connections[connection].end_mut(side);
        let acknowledged =
            if segment.flags.ack { end.acknowledge(segment.ack) } else { Acknowledged::default() };
        end.learn(&acknowledged, segment.ack, now);
        if is_solid(&segment) && !news && !is_opening(&segment) && end.dead.is_none() {
            self.acknowledge_again(connection, side, now);
        }
        if acknowledged.segments > 0 {
            self.continue_after_ack(connection, side, waiting.saturating_sub(acknowledged.segments), now);
        } else if segment.flags.ack {
            self.hear_of_window(connection, side);
        }
        self.tell(connection, side, &segment, news);
    }

    /// Keeps the books of the receiver's TCP; true if the segment brought it on.
    fn note_arrival(
        &mut self,
        connection: usize,
        side: Side,
        segment: &TcpSegment,
        before: u32,
        now: Millis,
    ) -> bool {
        let end = self.connections[connection].end_mut(side);
        let gained = end.received_to.wrapping_sub(before) as usize;
        if gained > 0 && !segment.flags.syn {
            end.unread += segment.payload.len().min(gained);
            if segment.flags.fin {
                end.fin_received = true;
                end.time_wait = end.fin_sent.then_some(now + TIME_WAIT);
            }
        }
        gained > 0
    }

    fn die_of_reset(&mut self, connection: usize, side: Side) {
        self.save_unread(connection, side);
        let end = self.connections[connection].end_mut(side);
        if end.dead.is_none() {
            let name = end.name_of_reset();
            end.death_reported = name.is_none();
            end.kill(name.unwrap_or(ErrorKind::ConnectionReset));
        }
    }

    fn completes_handshake(&self, connection: usize, side: Side, segment: &TcpSegment) -> bool {
        let waiting = self.connections[connection].end(side).unacknowledged.front();
        let waiting = waiting.map(|oldest| tcp(&oldest.packet).flags);
        let is_answered = waiting.is_some_and(|flags| flags.syn && flags.ack);
        is_answered && is_solid(segment) && segment.flags.ack && !segment.flags.syn
    }

    /// Linux leaves what arrived before a RST in the receive queue; the simulated TCP would discard it.
    pub fn save_unread(&mut self, connection: usize, side: Side) {
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
    pub fn acknowledge_again(&mut self, connection: usize, side: Side, now: Millis) {
        if self.connections[connection].end(side).isn.is_some() {
            let packet = self.forge(connection, side, TcpFlags { ack: true, ..TcpFlags::default() });
            self.transmit(connection, side, packet, Departure::First, now);
        }
    }

    /// After an acknowledgement: the timer starts anew, or stops; what a loss had held up goes at once.
    ///
    /// `waiting` is how many segments have waited since before the acknowledgement came.
    fn continue_after_ack(&mut self, connection: usize, side: Side, waiting: usize, now: Millis) {
        let end = self.connections[connection].end_mut(side);
        let was_recovering = end.retransmission.is_some_and(|timer| timer.is_recovering());
        end.retransmission = None;
        if !end.unacknowledged.is_empty() {
            end.start_timer(Awaited::Data, now);
        }
        if was_recovering {
            let held_up = end.unacknowledged.iter().take(waiting);
            let held_up: Vec<Packet> = held_up.map(|outstanding| outstanding.packet.clone()).collect();
            for packet in held_up {
                self.send_again(connection, side, packet, now);
            }
        }
        self.watch_closed_windows(now);
    }

    /// The peer answers, with its window still closed: it is asked again, and not given up.
    fn hear_of_window(&mut self, connection: usize, side: Side) {
        let end = self.connections[connection].end_mut(side);
        if end.is_held_back()
            && let Some(timer) = &mut end.retransmission
        {
            timer.hear();
        }
    }

    /// Queues what the event loop will report to the application.
    fn tell(&mut self, connection: usize, side: Side, segment: &TcpSegment, news: bool) {
        let end = self.connections[connection].end_mut(side);
        let readable = (news && !segment.flags.syn) || segment.flags.rst;
        let writable = segment.flags.rst || !end.readiness.writable;
        let closed = segment.flags.rst || (news && segment.flags.fin);
        if end.app == App::Holds && (readable || writable) {
            self.events.push(News { connection, side, readable, writable, closed });
        }
    }
}

/// How long the end that closed first answers for the connection, ms (Linux: `TCP_TIMEWAIT_LEN`).
const TIME_WAIT: Millis = 60_000;

fn is_opening(segment: &TcpSegment) -> bool {
    segment.flags.syn && !segment.flags.ack
}

/// The acknowledgement of a segment, without what it carries.
fn bare(packet: &Packet) -> Packet {
    let mut packet = packet.clone();
    let segment = tcp_mut(&mut packet);
    segment.payload = Bytes::new();
    segment.flags.fin = false;
    packet
}
