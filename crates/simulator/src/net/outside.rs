//! A client's host outside of the simulation: a real kernel, whose segments come in at one end of the wire, and go out there.

use std::io::ErrorKind;

use closewait_trace::{Millis, SocketAtEnd, What};
use turmoil_net::Packet;

use super::Side;
use super::connection::{App, End, Ports, end_of, is_solid, tcp, tcp_mut};
use super::sequence::precedes_or_equals;
use super::state::{Departure, PORT, WireState};

/// The kernel at the end of the wire.
pub(super) trait OutsideHost: Send {
    /// The next packet that it has sent, if there is one.
    fn sent(&mut self) -> Option<Packet>;

    /// Gives it a packet. Its TCP has had it when this returns.
    fn receive(&mut self, packet: &Packet);

    /// Its TCP sockets: port, and state as `netstat` prints it.
    fn sockets(&self) -> Vec<(u16, &'static str)>;
}

/// The first of the ports that connections have in the simulation. A kernel may use one again as soon as it likes.
const FIRST_PORT: usize = 20_000;

impl WireState {
    /// Takes what the kernel has sent. True if there was something.
    pub fn take_from_outside(&mut self, now: Millis) -> bool {
        let Some(outside) = &mut self.outside else { return false };
        let sent: Vec<Packet> = std::iter::from_fn(|| outside.sent()).collect();
        let any = !sent.is_empty();
        for packet in sent {
            self.leave_outside(packet, now);
        }
        any
    }

    /// Gives the kernel a segment. What it had sent before is on the wire before.
    pub fn give_outside(&mut self, connection: usize, mut packet: Packet, now: Millis) {
        self.take_from_outside(now);
        let ports = self.connections[connection].outside;
        let segment = tcp_mut(&mut packet);
        (segment.src_port, segment.dst_port) = (ports.origin, ports.client);
        if let Some(outside) = &mut self.outside {
            outside.receive(&packet);
        }
        self.take_from_outside(now);
    }

    /// One segment leaves the kernel.
    fn leave_outside(&mut self, mut packet: Packet, now: Millis) {
        let segment = tcp_mut(&mut packet);
        let ports = Ports { client: segment.src_port, origin: segment.dst_port };
        let known = self.connections.iter().rposition(|connection| connection.outside == ports);
        let is_another = |index: usize| {
            segment.flags.syn && self.connections[index].end(Side::Client).isn != Some(segment.seq)
        };
        let connection = match known {
            Some(index) if !is_another(index) => index,
            _ if segment.flags.syn => self.open_outside(ports, now),
            // It answers for a connection that never was.
            _ => return,
        };
        let segment = tcp_mut(&mut packet);
        // The origin listens on one port, whatever the scheme.
        (segment.src_port, segment.dst_port) = (self.connections[connection].port, PORT);
        let time = self.note_departure_outside(connection, &packet);
        self.transmit(connection, Side::Client, packet, time, now);
    }

    fn open_outside(&mut self, ports: Ports, now: Millis) -> usize {
        self.note_given_up_dials(now);
        let index = self.open((FIRST_PORT + self.connections.len()) as u16);
        self.connections[index].outside = ports;
        self.connections[index].end_mut(Side::Client).app = App::Holds;
        index
    }

    /// A dial that a program gives up leaves no segment: its socket is gone. Asked when another one begins.
    fn note_given_up_dials(&mut self, now: Millis) {
        let waiting = |end: &End| end.app == App::Holds && end.dead.is_none() && end.received_to == 0;
        if !self.connections.iter().any(|connection| waiting(connection.end(Side::Client))) {
            return;
        }
        let sockets = self.outside.as_ref().map(|outside| outside.sockets()).unwrap_or_default();
        for index in 0..self.connections.len() {
            let port = self.connections[index].outside.client;
            let end = self.connections[index].end_mut(Side::Client);
            if waiting(end) && !sockets.iter().any(|(known, _)| *known == port) {
                end.app = App::Gone;
                let connection = index as u32 + 1;
                self.recorder.push(now, What::SocketClosed { connection, unsent: 0 });
            }
        }
    }

    /// What the wire has to know of the kernel's TCP. What is to go again is its own business.
    fn note_departure_outside(&mut self, connection: usize, packet: &Packet) -> Departure {
        let segment = tcp(packet);
        let end = self.connections[connection].end_mut(Side::Client);
        if end.isn.is_none() {
            end.isn = Some(segment.seq);
            end.sent_to = segment.seq;
        }
        if segment.flags.rst {
            end.kill(ErrorKind::ConnectionReset);
            return Departure::First;
        }
        if segment.flags.ack {
            end.received_to = segment.ack;
        }
        end.window = segment.window;
        end.fin_sent |= segment.flags.fin;
        if is_solid(segment) && precedes_or_equals(end_of(segment), end.sent_to) {
            return Departure::Again;
        }
        if is_solid(segment) {
            end.sent_to = end_of(segment);
        }
        Departure::First
    }

    /// A kernel sends again in one segment what it had sent in several: the part that is known already is left out.
    pub fn cut_known(&self, connection: usize, packet: &mut Packet) {
        let expected = self.connections[connection].end(Side::Origin).received_to;
        let segment = tcp_mut(packet);
        let known = expected.wrapping_sub(segment.seq) as usize;
        if precedes_or_equals(segment.seq, expected) && (1..segment.payload.len()).contains(&known) {
            segment.payload = segment.payload.slice(known..);
            segment.seq = expected;
        }
    }

    /// The sockets that a program holds and has not said FIN on.
    pub fn sockets_outside(&self, sockets: &[(u16, &'static str)]) -> Vec<SocketAtEnd> {
        let held = |(port, state): &(u16, &'static str)| {
            let index = self.connections.iter().rposition(|connection| connection.outside.client == *port)?;
            let is_held = matches!(*state, "SYN_SENT" | "ESTABLISHED" | "CLOSE_WAIT");
            is_held.then(|| SocketAtEnd { connection: Some(index as u32 + 1), state: (*state).to_owned() })
        };
        let mut held: Vec<SocketAtEnd> = sockets.iter().filter_map(held).collect();
        held.sort_by_key(|socket| socket.connection);
        held
    }
}
