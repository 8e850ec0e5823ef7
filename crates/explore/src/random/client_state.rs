//! What the client was doing with a connection at the moment of a fault.

use std::fmt;

use closewait_trace::{Connection, Exchange, Moment, Trace, Views, What};

/// The state of the client's side, as the packets show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientState {
    /// There was no such connection.
    NoConnection,
    /// The handshake was under way.
    Connecting,
    /// Established, with nothing asked: new, or in the pool.
    Idle,
    /// A request was being written.
    Sending,
    /// A request was written, and no byte of the response was there.
    Waiting,
    /// A part of the response was there.
    Receiving,
    /// The client had closed the connection, or was being closed itself.
    Closing,
}

impl ClientState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::NoConnection,
        Self::Connecting,
        Self::Idle,
        Self::Sending,
        Self::Waiting,
        Self::Receiving,
        Self::Closing,
    ];

    /// The state of `connection` at an event; without a number, of the connection that is busiest.
    pub fn at(trace: &Trace, views: &Views, connection: Option<u32>, event: usize) -> Self {
        let closing = trace.events[..event].iter().any(|entry| entry.what == What::ClientClosing);
        let of = |connection: &Connection| state_of(connection, event);
        let state = match connection {
            Some(number) => views.connections.get(number).map(of),
            None => views.connections.iter().map(of).filter(|state| *state != Self::Closing).max(),
        };
        match state {
            Some(state) if !closing || state == Self::NoConnection => state,
            _ if closing => Self::Closing,
            _ => Self::NoConnection,
        }
    }
}

impl fmt::Display for ClientState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoConnection => "no-connection",
            Self::Connecting => "connecting",
            Self::Idle => "idle",
            Self::Sending => "sending",
            Self::Waiting => "waiting",
            Self::Receiving => "receiving",
            Self::Closing => "closing",
        })
    }
}

fn state_of(connection: &Connection, event: usize) -> ClientState {
    let by_now = |moment: Option<Moment>| moment.is_some_and(|moment| moment.event < event);
    if !by_now(connection.syn) {
        ClientState::NoConnection
    } else if by_now(connection.client_close()) {
        ClientState::Closing
    } else if !by_now(connection.established) {
        ClientState::Connecting
    } else {
        let mut begun =
            connection.exchanges.iter().filter(|exchange| exchange.request.first_sent.event < event);
        begun.next_back().map_or(ClientState::Idle, |exchange| state_in(exchange, event))
    }
}

fn state_in(exchange: &Exchange, event: usize) -> ClientState {
    let by_now = |moment: Option<Moment>| moment.is_some_and(|moment| moment.event < event);
    let response = exchange.response.as_ref();
    if by_now(response.and_then(|response| response.complete)) {
        ClientState::Idle
    } else if by_now(response.map(|response| response.first_delivered)) {
        ClientState::Receiving
    } else if by_now(exchange.request.last_sent) {
        ClientState::Waiting
    } else {
        ClientState::Sending
    }
}
