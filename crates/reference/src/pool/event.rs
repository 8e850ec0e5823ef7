//! The pool's input events, and the actions it answers with.

use std::time::Duration;

/// A connection of one pool, dials included. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A request that wants a connection. Tickets are served in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What happened. An event about a connection or ticket that is gone changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A request wants a connection.
    Wanted {
        /// Whose; later than every ticket before.
        ticket: Ticket,
        /// Only a connection that never carried a request will do.
        fresh: bool,
        /// Or one that is shared and was dialled after this one.
        after: Option<ConnectionId>,
    },
    /// The request does not want its connection any more, and has written nothing on it.
    GivenUp {
        /// Whose.
        ticket: Ticket,
    },
    /// A dial succeeded: the connection carries one request at a time.
    Connected {
        /// Which.
        connection: ConnectionId,
    },
    /// A dial succeeded: the connection carries several requests at a time.
    Multiplexed {
        /// Which.
        connection: ConnectionId,
    },
    /// A dial failed.
    ConnectFailed {
        /// Which.
        connection: ConnectionId,
    },
    /// The answer to [`Action::Look`].
    Looked {
        /// Which.
        connection: ConnectionId,
        /// Nothing was readable: no byte, no FIN, no RST.
        clean: bool,
    },
    /// The answer to [`Action::Look`] at a shared connection: the event loop has turned, and what it brought was told.
    Turned {
        /// On whose behalf.
        ticket: Ticket,
    },
    /// The request is done with its stream of a shared connection.
    Finished {
        /// Which connection.
        connection: ConnectionId,
        /// Whose stream.
        ticket: Ticket,
        /// How it ended.
        how: Finish,
    },
    /// The peer of a shared connection has announced how many streams it takes at a time.
    Capacity {
        /// Which connection.
        connection: ConnectionId,
        /// SETTINGS_MAX_CONCURRENT_STREAMS.
        streams: u32,
    },
    /// Something was read on a shared connection.
    Heard {
        /// Which connection.
        connection: ConnectionId,
    },
    /// GOAWAY arrived on a shared connection.
    GoneAway {
        /// Which connection.
        connection: ConnectionId,
    },
    /// The request is done with its connection.
    Returned {
        /// Which.
        connection: ConnectionId,
        /// In what state it is.
        how: Return,
    },
    /// FIN, RST or bytes that nobody asked for arrived on the connection.
    Ended {
        /// Which.
        connection: ConnectionId,
    },
    /// Time has passed: see [`Pool::next_deadline`](super::Pool::next_deadline).
    Tick,
    /// No more requests; those that have a ticket are served.
    Close,
    /// Every connection is closed, every ticket refused.
    Abort,
}

/// In what state a connection comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// The exchange ended as its framing says, and the connection persists.
    Reusable {
        /// `Keep-Alive: timeout` of the response.
        keep_alive: Option<Duration>,
        /// When the last byte was read.
        quiet_since: Duration,
    },
    /// It must not be used again.
    Poisoned(Poison),
}

/// How a stream of a shared connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finish {
    /// With the response, or an error that the peer reported.
    Done,
    /// With the response, and the request is not sent whole: the stream stays open, for nobody (RFC 9113 section 8.1).
    Answered,
    /// The peer refused it unseen (REFUSED_STREAM).
    Refused,
    /// The request was cancelled, timed out, or its response was dropped before its end.
    Abandoned,
}

/// Why a connection must not be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Poison {
    /// The request was cancelled, or its response dropped before its end.
    Cancelled,
    /// A timeout passed, but something had been heard of the origin since the request was written.
    TimedOut,
    /// Nothing was heard of the origin since the request was written, for as long as a timeout: connections that
    /// have been quiet for as long are in doubt as well.
    Silence,
    /// The connection ended, or what arrived is not HTTP.
    Broken,
    /// RFC 9112 section 9.6: `Connection: close` in either direction.
    ConnectionClose,
    /// RFC 9112 section 9.3: HTTP/1.0 without `keep-alive`.
    Http10,
    /// Bytes past the end of the response.
    Surplus,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Dial the origin; answer with [`Event::Connected`] or [`Event::ConnectFailed`].
    Dial {
        /// What the connection will be called.
        connection: ConnectionId,
        /// On whose behalf.
        ticket: Ticket,
    },
    /// Let the event loop turn once, then look whether anything is readable; answer with [`Event::Looked`], or with
    /// [`Event::Turned`] if the connection is shared.
    Look {
        /// At which connection.
        connection: ConnectionId,
        /// On whose behalf.
        ticket: Ticket,
    },
    /// Send a PING on the shared connection.
    Ping {
        /// Which connection.
        connection: ConnectionId,
    },
    /// The request may be written on the connection; answer with [`Event::Returned`], or with [`Event::Finished`] if it
    /// is shared.
    Lease {
        /// Which connection.
        connection: ConnectionId,
        /// To whom.
        ticket: Ticket,
        /// Whether it carried a request before.
        reused: bool,
    },
    /// The request gets no connection.
    Refuse {
        /// Whose.
        ticket: Ticket,
        /// Why not.
        why: Refusal,
    },
    /// Close the socket, or stop the dial, at once.
    Close {
        /// Which connection.
        connection: ConnectionId,
        /// Why.
        why: CloseReason,
    },
    /// Nothing is left after [`Event::Close`] or [`Event::Abort`].
    Drained,
}

/// Why a request gets no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The pool is closed.
    Closed,
    /// Its dial failed.
    ConnectFailed(ConnectionId),
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseReason {
    /// The request left it in this state.
    Poisoned(Poison),
    /// Something was readable when it was looked at.
    Stale,
    /// FIN, RST or bytes that nobody asked for arrived while it was idle, or with its last response.
    Ended,
    /// It was idle for too long, by the pool's limit or by what the origin advertised.
    Idle,
    /// It is older than its lifetime.
    Lifetime,
    /// There are too many idle connections.
    TooManyIdle,
    /// A request that needs a fresh connection takes its place.
    Replaced,
    /// A connection that was as quiet for as long turned out dead.
    Doubt,
    /// GOAWAY arrived, or too many streams were refused, and the last stream has ended.
    GoneAway,
    /// A ping was not answered in time.
    NoPong,
    /// Nobody waits for the dial any more.
    Unwanted,
    /// The pool is closed.
    Closed,
}

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Being dialled.
    Dialing,
    /// Being looked at, for a request that is to have it.
    Looking,
    /// In the hands of a request.
    Leased,
    /// In the hands of a request, and it will not be used after that.
    LeasedAndEnded,
    /// Free.
    Idle,
    /// Shared, and open for more streams as far as its peer takes any.
    Open,
    /// Shared, and not to be used until something is read.
    InDoubt,
    /// Shared: no more streams, those that are open come to their end.
    Draining,
}
