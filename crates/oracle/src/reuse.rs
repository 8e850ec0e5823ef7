//! Which connections a request could have used.

use closewait_trace::{Attempt, BodyEnd, Connection, Exchange, Millis, Moment, Outcome, Request, millis};

use super::case::Case;
use super::{send_queue, streams};

/// A request for which a connection was there that may be used.
pub(super) struct Choice<'a> {
    pub request: &'a Request,
    /// How it was written first.
    pub attempt: &'a Attempt,
    /// The connection that was free.
    pub spare: &'a Connection,
    /// Since when it was free.
    pub free_since: Moment,
    /// Whether the request used a connection that was there.
    pub reused: bool,
}

/// A client whose own idle timeout the scenario does not set owes the reuse of a connection only this long.
/// A client with a shorter default needs scenarios that set it.
const UNKNOWN_IDLE_TIMEOUT: Millis = 30_000;

/// So much earlier than a limit a careful client may let a connection go.
const MARGIN: Millis = 1_000;

/// Every request that had a choice. A spare connection counts for one request at a time.
pub(super) fn choices<'a>(case: &'a Case) -> Vec<Choice<'a>> {
    let mut choices: Vec<Choice> = Vec::new();
    if case.scenario.client.max_idle == Some(0) {
        return choices;
    }
    for request in case.requests() {
        let Some(attempt) = request.attempts.first() else { continue };
        let spare = case.connections().find_map(|connection| {
            let free_since = if connection.http2.is_some() {
                let taken = choices.iter().filter(|choice| is_taken(choice, connection, request));
                let taken: Vec<&str> = taken.map(|choice| choice.request.id.as_str()).collect();
                let until = Until { decided: decided(case, request, attempt), used: attempt.first_sent };
                spare_stream_since(case, connection, request, until, &taken)?
            } else {
                let taken = choices.iter().any(|choice| is_taken(choice, connection, request));
                free_since(case, connection, request, attempt).filter(|_| !taken)?
            };
            Some((connection, free_since))
        });
        let Some((spare, free_since)) = spare else { continue };
        let opened = case.connection_of(attempt).and_then(|connection| connection.syn);
        let reused = opened.is_none_or(|syn| syn < request.started);
        choices.push(Choice { request, attempt, spare, free_since, reused });
    }
    choices
}

/// How long a connection had to be sound for it to be the choice of a request.
#[derive(Clone, Copy)]
struct Until {
    /// Until then the request waited for it.
    decided: Moment,
    used: Moment,
}

/// When the client chose the connection of an attempt: as the request began, or as it dialled.
fn decided(case: &Case, request: &Request, attempt: &Attempt) -> Moment {
    let dialled = case.connection_of(attempt).and_then(|connection| connection.syn);
    dialled.into_iter().chain([request.started]).max().unwrap_or(request.started)
}

fn is_taken(choice: &Choice, connection: &Connection, request: &Request) -> bool {
    let over = choice.request.over();
    choice.spare.number == connection.number && over.is_none_or(|over| over.at >= request.started.at)
}

/// Since when `connection` was free when the request began, if a client has no excuse for passing it over.
fn free_since(case: &Case, connection: &Connection, request: &Request, attempt: &Attempt) -> Option<Moment> {
    let (index, exchange) = last_exchange_before(connection, request.started)?;
    let free_since = released(case, exchange).filter(|free| free.at < request.started.at)?;
    let next = connection.exchanges.get(index + 1);
    let is_own = attempt.connection == connection.number && attempt.exchange == index + 1;
    let taken = next.is_some_and(|next| next.request.first_sent.at <= attempt.first_sent.at) && !is_own;
    let owed = request.started.at - free_since.at <= owed_idle(case, exchange);
    let excused =
        is_in_doubt(case, connection, attempt.first_sent) || closed_for_a_reason(case, connection, request);
    (!taken && owed && !excused).then_some(free_since)
}

/// Since when a connection with streams had one to spare when the request began, if a client has no excuse for not
/// using it. The origin's SETTINGS prove that the connection is sound; `taken` are the requests for
/// which it was the choice.
fn spare_stream_since(
    case: &Case,
    connection: &Connection,
    request: &Request,
    until: Until,
    taken: &[&str],
) -> Option<Moment> {
    let started = request.started;
    let settled = connection.http2.as_ref()?.settled()?.max(connection.established?);
    let last = last_exchange_before(connection, started).map(|(_, exchange)| exchange)?;
    let others = case.requests().filter(|other| other.id != request.id && lives_at(other, started));
    let on_it = |other: &&Request| {
        taken.contains(&other.id.as_str())
            || other.attempts.iter().any(|attempt| attempt.connection == connection.number)
    };
    let busy = others.filter(on_it).count();
    let has_room = streams::least_limit(connection, started)
        .is_none_or(|limit| usize::try_from(limit).is_ok_and(|limit| busy < limit));
    let idle_since = idle_since(case, connection, started);
    let since = idle_since.map_or(settled, |idle| idle.max(settled));
    let owed = idle_since.is_none_or(|idle| started.at - idle.at <= owed_idle(case, last));
    let excused = is_in_doubt(case, connection, until.used)
        || streams::refuses(case, connection, until.decided)
        || is_suspect(case, connection, started, until.decided)
        || is_stuck(case, connection, until.decided)
        || closed_for_a_reason(case, connection, request);
    (has_room && owed && !excused && since.at < started.at).then_some(since)
}

/// Since when nobody used the connection, if nobody did at `moment`. A stream whose upload goes on behind an early response is
/// nobody's any more.
fn idle_since(case: &Case, connection: &Connection, moment: Moment) -> Option<Moment> {
    if connection.open_streams(moment) == 0 {
        return connection.idle().into_iter().map(|idle| idle.since).rfind(|since| *since < moment);
    }
    let before = connection.exchanges.iter().filter(|exchange| exchange.request.first_sent < moment);
    let over = |exchange: &Exchange| {
        let answered = exchange.response.as_ref().and_then(|response| response.complete);
        exchange.over().or_else(|| {
            let over = case.request_of(exchange)?.over()?;
            answered.map(|answered| answered.max(over))
        })
    };
    let over: Option<Vec<Moment>> = before.map(over).collect();
    over?.into_iter().max().filter(|over| *over < moment)
}

fn lives_at(request: &Request, moment: Moment) -> bool {
    request.started < moment && request.over().is_none_or(|over| over.at >= moment.at)
}

/// Whether the network has taken nothing for as long as [`LONG_SILENCE`], and not even an acknowledgement came.
fn is_stuck(case: &Case, connection: &Connection, moment: Moment) -> bool {
    let at = moment.at.saturating_sub(LONG_SILENCE);
    let since = Moment { event: case.began(Moment { at, ..moment }).event + 1, at };
    connection.established.is_some_and(|established| established < since)
        && send_queue::waits(case, connection, since, moment)
        && streams::is_cut_off(case, connection, since, moment)
}

/// A client may mistrust a connection on which nothing came since a request that was given up was written, since it was
/// given up with the network full (its PING may wait there), or since a PING was sent. Where the silence began only after the
/// request, it has to be long: that an answer is on its way is no reason to dial.
pub(super) fn is_suspect(case: &Case, connection: &Connection, started: Moment, moment: Moment) -> bool {
    let moment = connection.client_close().map_or(moment, |close| close.min(moment));
    let counts =
        |since: &Moment| *since < moment && (since.at <= started.at || moment.at - since.at >= LONG_SILENCE);
    let given_up = case.requests().filter_map(|request| Some((request, request.over()?)));
    let mut silent = given_up.filter(|(_, over)| counts(over)).filter(|(request, over)| {
        let on_it = |attempt: &&Attempt| attempt.connection == connection.number;
        request.attempts.iter().filter(on_it).any(|attempt| {
            streams::is_silent(connection, attempt.first_sent, moment)
                || streams::is_silent(connection, *over, moment)
                    && send_queue::waits(case, connection, *over, moment)
        })
    });
    let pings = connection.http2.iter().flat_map(|http2| http2.pings());
    silent.next().is_some() || pings.filter(counts).any(|ping| streams::is_silent(connection, ping, moment))
}

/// A connection that was, or became, free while a request waited for one in vain, and stayed so.
pub(super) fn free_connection<'a>(case: &'a Case, request: &Request) -> Option<(&'a Connection, Moment)> {
    let over = request.over()?;
    case.connections().find_map(|connection| {
        if connection.http2.is_some() {
            let usable = connection.over().is_none_or(|end| over < end);
            let since = spare_stream_since(
                case,
                connection,
                request,
                Until { decided: case.began(over), used: over },
                &[],
            );
            return since.filter(|since| usable && since.at < over.at).map(|since| (connection, since));
        }
        let exchange = connection.exchanges.last()?;
        let free = released(case, exchange).filter(|free| free.at < over.at)?;
        let usable = connection.over().is_none_or(|end| over < end);
        let owed = request.started.at.saturating_sub(free.at) <= owed_idle(case, exchange);
        (usable && owed && !is_in_doubt(case, connection, over)).then_some((connection, free))
    })
}

fn last_exchange_before(connection: &Connection, moment: Moment) -> Option<(usize, &Exchange)> {
    let exchanges = connection.exchanges.iter().enumerate();
    exchanges.take_while(|(_, exchange)| exchange.request.first_sent < moment).last()
}

/// When an exchange was over for wire and application, if it ended well.
fn released(case: &Case, exchange: &Exchange) -> Option<Moment> {
    let complete = exchange.complete()?;
    let request = case.request_of(exchange)?;
    match &request.finished {
        Some((finished, Outcome::Response { end: BodyEnd::Complete, .. })) => Some(complete.max(*finished)),
        _ => None,
    }
}

/// How long a client must keep the connection after this exchange.
fn owed_idle(case: &Case, exchange: &Exchange) -> Millis {
    let own = case.scenario.client.idle_timeout.map(millis);
    let advertised = exchange.response.as_ref().and_then(|response| response.keep_alive);
    let own = own.map_or(UNKNOWN_IDLE_TIMEOUT, before_limit);
    advertised.map_or(own, |advertised| own.min(before_limit(advertised)))
}

fn before_limit(limit: Millis) -> Millis {
    limit - MARGIN.min(limit / 2)
}

/// Stale by then, or something is on its way that will make it so, or something odd has come that does not
/// forbid reuse but permits closing. What the origin sent after the client's own close is its answer to that,
/// and no excuse for it.
fn is_in_doubt(case: &Case, connection: &Connection, moment: Moment) -> bool {
    let stale = case.views.stale_since(connection.number).is_some_and(|stale| stale.at <= moment.at);
    let until = connection.client_close().map_or(moment, |close| close.min(moment));
    let signalled = connection.signals().iter().any(|signal| signal.sent.is_some_and(|sent| sent < until));
    stale || signalled || is_odd(connection, moment)
}

/// An unasked CRLF, or a response whose length was told in two ways (RFC 9112 sections 9.2 and 6.1).
fn is_odd(connection: &Connection, moment: Moment) -> bool {
    let crlf = connection.unsolicited.iter().any(|bytes| bytes.delivered < moment);
    let mut responses = connection.exchanges.iter().filter_map(|exchange| exchange.response.as_ref());
    crlf || responses.any(|response| response.length_told_twice && response.first_delivered < moment)
}

/// The client closed it before, and had reason to: it was being closed itself, has a limit of connections, had as many
/// others idle as it may have, or had just learned of another connection that it is dead. When
/// it made a close that waited for the network, and why, nothing tells.
fn closed_for_a_reason(case: &Case, connection: &Connection, request: &Request) -> bool {
    let unused = connection.exchanges.iter().all(|exchange| exchange.request.first_sent < request.started);
    let closed =
        send_queue::closed(case, connection).filter(|closed| Some(*closed) < connection.client_close());
    if unused && closed.is_some_and(|closed| closed <= request.started) {
        return true;
    }
    let close = connection.client_close().filter(|close| close.at <= request.started.at);
    let Some(close) = close else { return false };
    let closing = case.closing().is_some_and(|closing| closing < close);
    let client = &case.scenario.client;
    let idle_full =
        client.max_idle.is_some_and(|limit| others_idle(case, connection, close) >= limit as usize);
    let own_limit = client.max_connections.is_some() || idle_full;
    closing || own_limit || objects(case, connection, close) || in_bad_company(case, connection, close)
}

/// Whether the client found fault with what came, or with how late it came: at the very end of the ping timeout may be
/// too late. A close that waited for the network was decided before.
fn objects(case: &Case, connection: &Connection, close: Moment) -> bool {
    let Some(http2) = &connection.http2 else { return false };
    let limit = case.scenario.client.ping_timeout.map(millis);
    let delivered = &connection.data().1.delivered;
    let closed = send_queue::closed(case, connection).unwrap_or(close);
    let too_late = |ping: Moment| {
        let answer = delivered.moment_of(delivered.len_after(ping.event));
        let Some(expiry) = limit.map(|limit| ping.at.saturating_add(limit)) else { return false };
        let expired = closed.at <= expiry && expiry <= close.at;
        expired && answer.is_none_or(|answer| expiry <= answer.at)
    };
    http2.to_origin.iter().any(streams::is_complaint) || http2.pings().any(too_late)
}

/// How many other connections lay idle at that instant.
fn others_idle(case: &Case, connection: &Connection, close: Moment) -> usize {
    let others = case.connections().filter(|other| other.number != connection.number);
    let idle = |other: &&Connection| {
        let open = other.over().is_none_or(|over| close.at <= over.at);
        let before = other.exchanges.iter().take_while(|exchange| exchange.request.first_sent.at < close.at);
        let free = before.last().map_or(other.established, Exchange::complete);
        open && free.is_some_and(|free| free.at <= close.at)
    };
    others.filter(idle).count()
}

/// A request that got nothing for as long as this, or for the client's read timeout, casts doubt on more than its own
/// connection, ms.
const LONG_SILENCE: Millis = 1_000;

/// Whether at the instant of the close a request was given up of which the client had heard nothing since it was written,
/// and nothing had come on this connection for longer: what killed that one may have killed all (a NAT that forgot them,
/// a host that is gone). What comes in that very instant may come behind the timer that ended the wait.
fn in_bad_company(case: &Case, connection: &Connection, close: Moment) -> bool {
    let patience =
        case.scenario.client.read_timeout.map_or(LONG_SILENCE, |limit| millis(limit).min(LONG_SILENCE));
    let heard = connection.data().1.delivered.last_until(close.event);
    case.requests().any(|request| {
        let (Some(attempt), Some(over)) = (case.final_attempt(request), request.over()) else { return false };
        let Some(other) = case.connection_of(attempt) else { return false };
        let written = attempt.first_sent;
        let gave_up = request.failed() || request.outcome() == Some(&Outcome::Cancelled);
        let long = over.at == close.at && over.at - written.at >= patience;
        let delivered = &other.data().1.delivered;
        let next = delivered.moment_of(delivered.len_after(written.event));
        let silent = next.is_none_or(|next| over.at <= next.at);
        gave_up && long && silent && heard.is_none_or(|heard| heard.at <= written.at)
    })
}
