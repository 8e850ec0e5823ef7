//! What a client can have written by when. It is seen when it leaves the host, and may have waited there: then it cannot be taken
//! back.
//!
//! | what | is written at the latest | and at the earliest |
//! |---|---|---|
//! | a request of HTTP/1.1 | as its first byte leaves | then, too: it has nothing before it to wait for |
//! | a request of HTTP/2 | as its first byte leaves | since when the network took nothing, and the send queue can hold what lay before it |
//! | either under TLS | as the first byte of its record leaves | as without |

use closewait_trace::{Connection, Exchange, Moment, Request};

use super::case::Case;
use super::interval::{Known, Order, Written};
use super::known::stream_limit;
use super::send_queue::{Fill, SendQueue};
use super::streams;

impl<'a> Case<'a> {
    /// When the client wrote a request: not before the application asked for it.
    pub fn written(&self, connection: &Connection, exchange: &Exchange) -> Written {
        let latest = exchange.request.first_sent;
        let request = self.request_of(exchange).filter(|_| connection.http2.is_some());
        let earliest = request
            .map_or(latest, |request| self.earliest(connection, latest).max(request.started).min(latest));
        Written { earliest, latest }
    }

    /// What the client knew of something when it wrote a request. What has no stream yet is not written, however long it waits.
    pub fn order(&self, known: &Known, connection: &Connection, exchange: &Exchange) -> Order {
        let written = self.written(connection, exchange);
        let had_a_stream = || {
            let limit = stream_limit(connection, written.earliest, known.earliest).most;
            let open = streams::open_at(self, connection, written.latest, known.earliest);
            limit.is_none_or(|limit| open < limit as usize)
        };
        match known.against(&written) {
            Order::Race if known.latest < written.latest && !had_a_stream() => Order::Before,
            order => order,
        }
    }

    /// The earliest moment at which the client can have written what left its host at `left`.
    pub fn earliest(&self, connection: &Connection, left: Moment) -> Moment {
        let ahead = connection.to_origin.sent.len_after(left.event.saturating_sub(1));
        self.waited_since(connection, left, |fill| fill.full && ahead <= fill.capacity)
    }

    /// By when everything had left that the client had written at `moment`; `None` if it never did.
    pub fn left_by(&self, connection: &Connection, moment: Moment) -> Option<Moment> {
        self.queues.get(&connection.number).map_or(Some(moment), |queue| queue.emptied(moment))
    }

    /// Whether there was a time at which the network took nothing of what the client wrote.
    pub fn was_ever_full(&self, connection: &Connection) -> bool {
        self.queues.get(&connection.number).is_some_and(SendQueue::was_ever_full)
    }

    /// Whether what the client wrote at `moment` may have waited until the instant of another.
    pub fn waits(&self, connection: &Connection, moment: Moment, until: Moment) -> bool {
        let left = self.left_by(connection, moment);
        left.is_none_or(|left| moment.precedes(left) && until.may_precede(left))
    }

    /// The connection over HTTP/2 on which the client may have written a request, from a moment on, that no packet shows: it
    /// was fit, had a stream, and from then on the network took nothing as long as request and connection lasted.
    pub fn holder(&self, request: &Request, since: Moment) -> Option<&'a Connection> {
        let ended = request.ended()?;
        self.connections().find(|connection| {
            let end = connection.ended().map_or(ended, |end| end.min(ended));
            let ready = connection.ready().filter(|_| connection.http2.is_some());
            let ready = ready.filter(|_| self.was_ever_full(connection));
            let free = ready.and_then(|ready| streams::first_free(self, connection, ready.max(since)));
            free.is_some_and(|free| {
                free < end
                    && self.stale(connection).is_none_or(|stale| free.may_precede(stale.known.earliest))
                    && self.waits(connection, free, end)
            })
        })
    }

    fn waited_since(&self, connection: &Connection, seen: Moment, waits: impl Fn(&Fill) -> bool) -> Moment {
        let queue: Option<&SendQueue> = self.queues.get(&connection.number);
        queue.map_or(seen, |queue| queue.waited_since(seen, waits))
    }
}
