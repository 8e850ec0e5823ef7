//! From when on a client must not write a request on a connection.

use super::http2::ErrorCode;
use super::{BodyEnd, Connection, Exchange, Idle, Millis, Moment, Outcome, Request, Requests};

/// An instant from which on a connection was stale for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staleness {
    /// The instant. What is written at this very instant is a race, what is written later is not.
    pub at: Millis,
    /// Why.
    pub reason: StaleReason,
    /// The event that made it so; where time made it so, the event from which that time counts.
    pub event: usize,
}

/// Why a connection is stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaleReason {
    /// The origin's FIN was delivered.
    FinDelivered,
    /// An RST was delivered.
    RstDelivered,
    /// The origin's close_notify was delivered (RFC 8446 section 6.1).
    CloseNotifyDelivered,
    /// A fatal alert of the origin was delivered (RFC 8446 section 6.2).
    AlertDelivered {
        /// Its name.
        description: String,
    },
    /// Bytes were delivered that no outstanding request asked for (RFC 9112 section 9.2).
    Unsolicited,
    /// An exchange ended the persistence of the connection (RFC 9112 sections 9.3 and 9.6).
    PersistenceEnded {
        /// Id of the request; empty if the request does not name itself.
        request: String,
    },
    /// A response was delivered that is no HTTP: where the next one begins nobody knows (RFC 9112 section 6.3).
    MalformedResponse {
        /// Id of the request; empty if the request does not name itself.
        request: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A request was cancelled, timed out or failed, or its response dropped, before the response was there.
    Abandoned {
        /// Request id.
        request: String,
    },
    /// A GOAWAY was delivered: no new streams (RFC 9113 section 6.8).
    GoAway {
        /// The last stream that was or may be processed.
        last_stream: u32,
        /// Why.
        code: ErrorCode,
    },
    /// A frame was delivered that is a connection error (RFC 9113 section 5.4.1).
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// Nothing came for longer than the client's own ping timeout after it had sent a PING.
    PingUnanswered {
        /// The timeout, milliseconds.
        limit: Millis,
    },
    /// Nothing came for longer than a PING that was due, and its timeout, would have taken; the client sent none.
    PingOmitted {
        /// Interval and timeout together, milliseconds.
        limit: Millis,
    },
    /// It was idle for longer than the client's own idle timeout.
    IdleTimeout {
        /// The timeout, milliseconds.
        limit: Millis,
    },
    /// It was idle for longer than the origin's `Keep-Alive: timeout`.
    KeepAliveTimeout {
        /// The timeout, milliseconds.
        limit: Millis,
    },
}

/// The client's own timeouts, milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    pub idle: Option<Millis>,
    pub ping: Option<Millis>,
    pub policy: Option<PingPolicy>,
}

/// When the client is to send PINGs, milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct PingPolicy {
    pub interval: Millis,
    pub timeout: Millis,
    pub while_idle: bool,
}

/// Everything that made `connection` stale while the client had not closed it, in order.
pub(super) fn of(
    connection: &Connection,
    requests: &Requests,
    limits: Limits,
    end: Millis,
) -> Vec<Staleness> {
    if connection.established.is_none() {
        return Vec::new();
    }
    let events = signals(connection).chain(frames(connection)).chain(exchanges(connection, requests));
    let close = connection.client_close();
    let before_close = events.filter(|stale| close.is_none_or(|close| stale.event < close.event));
    let end = close.map_or(end, |close| close.at.saturating_add(1));
    let idle = idle_too_long(connection, limits.idle, end);
    let unanswered = limits.ping.and_then(|limit| ping_unanswered(connection, limit, end));
    let omitted = limits.policy.and_then(|policy| ping_omitted(connection, policy, end));
    let mut all: Vec<Staleness> = before_close.chain(idle).chain(unanswered).chain(omitted).collect();
    all.sort_by_key(|stale| (stale.at, stale.event));
    all
}

fn signals(connection: &Connection) -> impl Iterator<Item = Staleness> {
    let flow = &connection.to_client;
    let fin = flow.fin.delivered.map(|moment| (moment, StaleReason::FinDelivered));
    let rst = flow.rst.delivered.map(|moment| (moment, StaleReason::RstDelivered));
    let bytes = connection.unsolicited.iter().find(|bytes| !bytes.only_crlf);
    let bytes = bytes.map(|bytes| (bytes.delivered, StaleReason::Unsolicited));
    let tls = connection.tls.iter();
    let alerts = tls.flat_map(|tls| {
        let close_notify = tls.to_client.fin.delivered.map(|at| (at, StaleReason::CloseNotifyDelivered));
        let alert = tls.alert.iter().filter_map(|alert| {
            let reason = StaleReason::AlertDelivered { description: alert.description.clone() };
            Some((alert.passage.delivered?, reason))
        });
        close_notify.into_iter().chain(alert)
    });
    fin.into_iter().chain(rst).chain(alerts).chain(bytes).map(|(moment, reason)| stale(moment, reason))
}

fn frames(connection: &Connection) -> impl Iterator<Item = Staleness> {
    let goaways = connection.http2.iter().flat_map(|http2| http2.goaways());
    let goaways = goaways.filter_map(|goaway| {
        let reason = StaleReason::GoAway { last_stream: goaway.last_stream, code: goaway.code };
        goaway.delivered.map(|delivered| stale(delivered, reason))
    });
    let faults = connection.http2.iter().filter_map(|http2| http2.fault);
    goaways.chain(faults.map(|fault| stale(fault.delivered, StaleReason::Malformed { what: fault.reason })))
}

fn stale(moment: Moment, reason: StaleReason) -> Staleness {
    Staleness { at: moment.at, reason, event: moment.event }
}

fn exchanges(connection: &Connection, requests: &Requests) -> impl Iterator<Item = Staleness> {
    // What becomes of one stream says nothing about the others.
    let exchanges = connection.exchanges.iter().enumerate().filter(|(_, exchange)| exchange.stream.is_none());
    exchanges.filter_map(|(index, exchange)| {
        let next = connection.exchanges.get(index + 1);
        let wrong = malformed(exchange).into_iter().chain(abandoned(exchange, next, requests));
        persistence_ended(exchange).or_else(|| wrong.min_by_key(|stale| (stale.at, stale.event)))
    })
}

fn malformed(exchange: &Exchange) -> Option<Staleness> {
    let malformed = exchange.response.as_ref()?.malformed?;
    let request = exchange.request.id.clone().unwrap_or_default();
    Some(stale(malformed.delivered, StaleReason::MalformedResponse { request, what: malformed.what }))
}

fn persistence_ended(exchange: &Exchange) -> Option<Staleness> {
    let complete = exchange.response.as_ref()?.complete.filter(|_| exchange.ends_persistence())?;
    let request = exchange.request.id.clone().unwrap_or_default();
    Some(stale(complete, StaleReason::PersistenceEnded { request }))
}

fn abandoned(exchange: &Exchange, next: Option<&Exchange>, requests: &Requests) -> Option<Staleness> {
    let request = requests.get(exchange.request.id.as_deref()?)?;
    let given_up = given_up(request).filter(|given_up| exchange.request.first_sent < *given_up)?;
    let complete = exchange.complete();
    if complete.is_some_and(|complete| complete < given_up || is_drained(request, complete, next)) {
        return None;
    }
    Some(stale(given_up, StaleReason::Abandoned { request: request.id.clone() }))
}

/// When the application or the client stopped waiting for the response.
fn given_up(request: &Request) -> Option<Moment> {
    match request.outcome() {
        Some(Outcome::Response { end: BodyEnd::Complete, .. }) => request.cancelled,
        _ => request.ended(),
    }
}

/// A client may read the rest of a response that the application dropped, and use the connection after that.
fn is_drained(request: &Request, complete: Moment, next: Option<&Exchange>) -> bool {
    let dropped = matches!(request.outcome(), Some(Outcome::Response { end: BodyEnd::Dropped, .. }));
    // The last bytes of an upload and the first of the next request may share a segment.
    dropped && next.is_none_or(|next| complete <= next.request.first_sent)
}

/// The first time that the connection was idle past a limit and still there before the instant `end`.
fn idle_too_long(connection: &Connection, idle_timeout: Option<Millis>, end: Millis) -> Option<Staleness> {
    connection.idle().find_map(|Idle { since, until, after }| {
        let (limit, reason) = idle_limit(after, idle_timeout)?;
        let expiry = since.later_by(limit);
        (expiry.at < until.map_or(end, |until| until.at)).then(|| stale(expiry, reason))
    })
}

/// The first time that a PING was followed by silence for longer than the limit, before the instant `end`. Whatever
/// comes is a sign of life, also in the instant of the PING: which of the two the client saw first, packets do not tell.
/// That the answer itself is missing may be the origin's way with PINGs.
fn ping_unanswered(connection: &Connection, limit: Millis, end: Millis) -> Option<Staleness> {
    connection.http2.as_ref()?.pings().find_map(|ping| {
        let expiry = ping.later_by(limit);
        let heard_just_now = connection.heard_until(ping).is_some_and(|heard| heard.is_beside(ping));
        let silent =
            !heard_just_now && connection.heard_after(ping).is_none_or(|heard| expiry.precedes(heard));
        (silent && expiry.at < end).then(|| stale(expiry, StaleReason::PingUnanswered { limit }))
    })
}

/// The first time that nothing came for so long that a PING was due and should have been answered, and none was sent.
fn ping_omitted(connection: &Connection, policy: PingPolicy, end: Millis) -> Option<Staleness> {
    let http2 = connection.http2.as_ref()?;
    let limit = policy.interval.saturating_add(policy.timeout);
    let mut arrivals = connection.data().1.delivered.moments().skip_while(|at| Some(*at) < http2.settled());
    let waits = Waits::of(connection, limit);
    let mut last = arrivals.next()?;
    loop {
        let next = arrivals.next();
        let asks = if policy.while_idle { Some(last) } else { waits.since(last) };
        if let Some(since) = asks {
            let (due, expiry) = (since.later_by(policy.interval), since.later_by(limit));
            let silent = expiry.at < end && next.is_none_or(|next| expiry.precedes(next));
            if silent && http2.ping_after(last).is_none_or(|ping| due.precedes(ping)) {
                return Some(stale(expiry, StaleReason::PingOmitted { limit }));
            }
        }
        last = next?;
    }
}

/// The streams that were open for as long as a limit, in the order in which they began.
struct Waits {
    limit: Millis,
    /// The longest of those that began no later: until when it was open. [`Millis::MAX`] for one that did not end.
    longest: Vec<(Moment, Millis)>,
    /// When those began that were open for longer than the limit.
    long: Vec<Moment>,
}

impl Waits {
    fn of(connection: &Connection, limit: Millis) -> Self {
        let mut waits = Self { limit, longest: Vec::new(), long: Vec::new() };
        let mut longest = 0;
        for exchange in &connection.exchanges {
            let (begun, ended) = (exchange.request.first_sent, exchange.ended());
            longest = longest.max(ended.map_or(Millis::MAX, |ended| ended.at));
            waits.longest.push((begun, longest));
            if ended.is_none_or(|ended| begun.later_by(limit).precedes(ended)) {
                waits.long.push(begun);
            }
        }
        waits
    }

    /// Since when, after `last`, a stream was open that stayed so for longer than the limit.
    fn since(&self, last: Moment) -> Option<Moment> {
        let begun = self.longest.partition_point(|(begun, _)| *begun <= last);
        let until = self.longest[..begun].last().map_or(0, |(_, until)| *until);
        if until == Millis::MAX || last.later_by(self.limit).at < until {
            return Some(last);
        }
        self.long.get(self.long.partition_point(|begun| *begun <= last)).copied()
    }
}

fn idle_limit(exchange: &Exchange, idle_timeout: Option<Millis>) -> Option<(Millis, StaleReason)> {
    let own = idle_timeout.map(|limit| (limit, StaleReason::IdleTimeout { limit }));
    let advertised = exchange.response.as_ref().and_then(|response| response.keep_alive);
    let advertised = advertised.map(|limit| (limit, StaleReason::KeepAliveTimeout { limit }));
    own.into_iter().chain(advertised).min_by_key(|(limit, _)| *limit)
}
