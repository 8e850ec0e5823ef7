//! The origin's end of TLS on one connection, without a socket: bytes of the wire in and out, plain text on the other side.

use std::io::{Read, Write};
use std::sync::Arc;

use bytes::BytesMut;
use closewait_scenario::Handshake;
use closewait_trace::Recorder;
use rustls::ServerConnection;

use super::Terms;
use crate::tls::{KeyLogger, alert, early_alert, server_config};

/// TLS of one connection.
pub struct Session {
    state: State,
    /// What was received and not taken.
    plain: BytesMut,
    /// The client has said close_notify, or broken the rules.
    ended: bool,
    /// The origin has said close_notify: it can still hear, and send nothing more (RFC 8446 section 6.1).
    closed: bool,
}

enum State {
    /// As it should be.
    Speaking(Box<ServerConnection>),
    /// Nothing is answered: the script wants the handshake to stall.
    Deaf,
    /// Nothing that would be sent could be read: an alert was, or a part of a record.
    Silent,
}

impl Session {
    pub fn new(terms: Terms, recorder: Recorder, connection: u32) -> Self {
        let state = match terms.handshake {
            Handshake::Stall => State::Deaf,
            Handshake::Answer => {
                let keys = KeyLogger::new(recorder, connection);
                let config = Arc::new(server_config(terms.certificate, terms.alpn, keys));
                let mut session = ServerConnection::new(config).expect("the settings are valid");
                session.set_buffer_limit(None);
                State::Speaking(Box::new(session))
            }
        };
        Self { state, plain: BytesMut::new(), ended: false, closed: false }
    }

    /// Whether the client sends no more.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the handshake is under way.
    pub fn is_handshaking(&self) -> bool {
        match &self.state {
            State::Speaking(session) => session.is_handshaking(),
            State::Deaf => true,
            State::Silent => false,
        }
    }

    /// Whether ALPN chose HTTP/2.
    pub fn speaks_http2(&self) -> bool {
        matches!(&self.state, State::Speaking(session) if session.alpn_protocol() == Some(b"h2"))
    }

    /// Appends the plain text that has come; how many bytes.
    pub fn take(&mut self, buffer: &mut BytesMut) -> usize {
        buffer.extend_from_slice(&self.plain);
        std::mem::take(&mut self.plain).len()
    }

    /// Takes bytes off the wire. What TLS itself has to answer goes to `wire`.
    pub fn receive(&mut self, mut bytes: &[u8], wire: &mut Vec<u8>) {
        let State::Speaking(session) = &mut self.state else { return };
        while !bytes.is_empty() && !self.ended {
            let taken = session.read_tls(&mut bytes).unwrap_or(0);
            let Ok(state) = session.process_new_packets() else {
                // rustls has an alert ready for what it does not like; for an alert it has none.
                flush(session, wire);
                (self.state, self.ended) = (State::Silent, true);
                return;
            };
            let mut text = vec![0; state.plaintext_bytes_to_read()];
            if session.reader().read_exact(&mut text).is_ok() {
                self.plain.extend_from_slice(&text);
            }
            self.ended = state.peer_has_closed() || taken == 0;
            flush(session, wire);
        }
    }

    /// Seals plain text into records; before the end of the handshake it waits for that. After close_notify it is lost.
    pub fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) {
        if self.closed {
            return;
        }
        if let State::Speaking(session) = &mut self.state {
            let _ = session.writer().write_all(plain);
            flush(session, wire);
        }
    }

    /// Says that nothing more will be sent.
    pub fn close_notify(&mut self, wire: &mut Vec<u8>) {
        if let State::Speaking(session) = &mut self.state {
            session.send_close_notify();
            flush(session, wire);
            self.closed = true;
        }
    }

    /// Sends a fatal alert, and nothing after it.
    pub fn alert(&mut self, description: &str, wire: &mut Vec<u8>) {
        let sealed = match std::mem::replace(&mut self.state, State::Silent) {
            State::Speaking(session) if !session.is_handshaking() => alert(*session, description),
            State::Speaking(_) | State::Deaf => early_alert(description),
            State::Silent => None,
        };
        wire.extend(sealed.unwrap_or_default());
    }

    /// What was sealed last is not sent whole: whatever followed could not be read.
    pub fn fall_silent(&mut self) {
        self.state = State::Silent;
    }
}

fn flush(session: &mut ServerConnection, wire: &mut Vec<u8>) {
    while session.wants_write() && session.write_tls(wire).is_ok() {}
}
