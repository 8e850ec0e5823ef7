//! No request outlives its deadline, and none waits for it without need.

use closewait_trace::http2::Http2;
use closewait_trace::{Attempt, Connection, End, Millis, Moment, Outcome, Request, StaleReason, millis};

use super::case::Case;
use super::reuse;
use super::tally::{Tally, count, ms};
use super::{Level, Oracle, Severity, Verdict, every_protocol};
use super::{send_queue, streams};

pub(super) const ORACLE: Oracle = Oracle {
    name: "bounded-wait",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "a request outlives its deadline, or waits for it although the client could know better",
    source: "hyperium/hyper#1439, RFC 9112 section 9.5",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut tally = Tally::default();
    if let Some(message) = watchdog(case) {
        tally.violated(Severity::HangOrLeak, message, case.last_event());
    }
    let mut in_time = 0;
    for request in case.requests() {
        let Some((finished, outcome)) = &request.finished else {
            let message =
                format!("{} had no outcome when the run ended at {}", request.id, ms(case.views.end));
            tally.violated(Severity::HangOrLeak, message, [request.started.event]);
            continue;
        };
        let deadline = request.started.at.saturating_add(case.deadline_of(&request.id));
        if finished.at > deadline {
            let late = ms(finished.at - deadline);
            let message = format!("{} ended {late} after its deadline", request.id);
            tally.violated(Severity::HangOrLeak, message, [request.started.event, finished.event]);
        } else if *outcome == Outcome::Deadline {
            judge_deadline(case, request, *finished, &mut tally);
        } else {
            in_time += 1;
        }
    }
    if in_time > 0 {
        tally.holds(format!("{} ended in time", count(in_time, "request")));
    }
    tally.verdict("there was no request")
}

fn watchdog(case: &Case) -> Option<String> {
    let end = ms(case.views.end);
    Some(match &case.trace.end {
        End::Completed => return None,
        End::Livelock => format!("livelock at {end}: a socket was polled without end within one instant"),
        End::Stall => format!("stall: the script had not come to its end at {end}"),
        End::Hang => {
            format!("hang at {end}: real time ran out; until then the client {}", case.trace.effort())
        }
        End::Panic { message } => format!("panic at {end}: {message}"),
    })
}

/// The application gave up: was it the client's fault?
fn judge_deadline(case: &Case, request: &Request, finished: Moment, tally: &mut Tally) {
    let id = &request.id;
    match missed_signal(case, request, finished) {
        Some((reason, since)) => {
            let waited = ms(finished.at.saturating_sub(since.at));
            let message = format!("{id} waited for its deadline, {waited} after {reason}");
            tally.violated(Severity::HangOrLeak, message, [since.event, finished.event]);
        }
        None => tally.holds(format!("{id} was ended by its deadline: nothing told the client")),
    }
}

/// What should have ended the request before its deadline, and when.
fn missed_signal(case: &Case, request: &Request, finished: Moment) -> Option<(String, Moment)> {
    let missed = match case.final_attempt(request) {
        Some(attempt) => {
            let connection = case.connection_of(attempt)?;
            let ended = end_of_attempt(case, connection, attempt);
            let dials =
                |(_, end): &(String, Moment)| case.dials_again(request, reacted(case, connection, *end));
            if ended.as_ref().is_some_and(dials) {
                // On its way to another attempt: what it waits for is a connection.
                return connect_timeout(case, request, finished).filter(|(_, since)| since.at < finished.at);
            }
            ended
                .filter(|(_, end)| case.room(*end, finished).is_some_and(|room| room.at < finished.at))
                .filter(|(_, end)| !is_sent_again(case, request, attempt, (*end, finished)))
                .or_else(|| undelivered_answer(case, request))
                .or_else(|| read_timeout(case, connection, attempt.last_sent?, finished))
        }
        None if is_held(case, request, request.started, finished) => None,
        None => connect_timeout(case, request, finished).or_else(|| {
            let missed = || idle_connection(case, request).or_else(|| in_line(case, request, finished));
            if is_being_dialled(case, request, finished) { None } else { missed() }
        }),
    };
    missed.filter(|(_, since)| since.at < finished.at)
}

/// From when on a dial may be the client's answer to the end of an attempt. Before a close of its own it may dial, within
/// the instant.
fn reacted(case: &Case, connection: &Connection, end: Moment) -> Moment {
    if connection.client_close() == Some(end) { case.began(end) } else { end }
}

/// Whether a request that may be sent again waited for a stream, or for the network, from the end of its attempt on.
fn is_sent_again(
    case: &Case,
    request: &Request,
    attempt: &Attempt,
    (end, finished): (Moment, Moment),
) -> bool {
    let may_be = request.is_idempotent() || streams::disowned(case, attempt) == Some(end);
    may_be && (waits_for_a_stream(case, end, finished) || is_held(case, request, end, finished))
}

/// Whether the client may have written the request, from a moment on, on a connection that was there to the last, and the
/// network did not take it.
fn is_held(case: &Case, request: &Request, since: Moment, finished: Moment) -> bool {
    let holder = send_queue::holder(case, request, since);
    holder.is_some_and(|connection| connection.over().is_none_or(|over| finished.at <= over.at))
}

/// Whether there were sound connections, and none had a stream to spare: another to the same origin SHOULD NOT be (RFC 9113
/// section 9.1).
fn waits_for_a_stream(case: &Case, end: Moment, finished: Moment) -> bool {
    let began = case.began(finished);
    let sound = case.connections().filter(|connection| {
        connection.over().is_none_or(|over| finished.at <= over.at)
            && case.views.stale_since(connection.number).is_none_or(|stale| finished.at <= stale.at)
    });
    let settled = sound.filter_map(|connection| {
        let settled = connection.http2.as_ref()?.settled().filter(|settled| settled.at < finished.at)?;
        Some((connection, streams::is_full(case, connection, settled.max(end), finished)))
    });
    let (full, spare): (Vec<_>, Vec<_>) = settled.partition(|(_, is_full)| *is_full);
    let mistrusted = |connection| reuse::is_suspect(case, connection, end, began);
    !full.is_empty() && spare.into_iter().all(|(connection, _)| mistrusted(connection))
}

/// A client whose dial is younger than this need not look for a connection that came free meanwhile: the SYN may just be
/// on its way, and is not even repeated before (RFC 6298 section 2.1).
const SLOW_DIAL: Millis = 1_000;

/// Whether a young dial was under way for the request when it was given up: one for each that waits, or for all where
/// requests share a connection.
fn is_being_dialled(case: &Case, request: &Request, finished: Moment) -> bool {
    let recent = finished.at.saturating_sub(SLOW_DIAL);
    let is_recent = |moment: Moment| recent <= moment.at && moment < finished;
    let dials = case.connections().filter_map(|connection| {
        let under_way = connection.ready().is_none_or(|ready| finished.at <= ready.at);
        connection.syn.filter(|syn| is_recent(*syn) && under_way)
    });
    let dials: Vec<Moment> = dials.collect();
    let waits = |other: &&Request| {
        let written = other.attempts.first().is_some_and(|attempt| attempt.first_sent < finished);
        is_recent(other.started) && !written && other.over().is_none_or(|over| finished <= over)
    };
    let waiting = if case.scenario.protocol.is_http2() { 1 } else { case.requests().filter(waits).count() };
    dials.len() >= waiting && dials.iter().any(|syn| request.started < *syn)
}

/// A request that waits in line, with nothing dialled since it began, although there is room for another connection or
/// although one that began later was written. Streams have limits of their own.
fn in_line(case: &Case, request: &Request, finished: Moment) -> Option<(String, Moment)> {
    let limit = case.scenario.client.max_connections.filter(|_| !case.scenario.protocol.is_http2())?;
    let while_it_waited = |moment: Moment| request.started < moment && moment < finished;
    if case.connections().any(|connection| connection.syn.is_some_and(while_it_waited)) {
        return None;
    }
    let room = case.room(request.started, finished);
    if let Some(since) = room {
        return Some((format!("there was room for one more of {limit} connections"), since));
    }
    case.requests().find_map(|other| {
        let written = other.attempts.first()?.first_sent;
        let overtakes = request.started < other.started && written < finished;
        overtakes.then(|| (format!("{}, which began later, was written", other.id), written))
    })
}

/// What first told the client that nothing will come of an attempt.
fn end_of_attempt(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<(String, Moment)> {
    let ends = [
        end_of_connection(connection),
        end_of_stream(case, connection, attempt),
        ping_timeout(case, connection),
        own_close(case, connection, attempt),
    ];
    ends.into_iter().flatten().min_by_key(|(_, since)| since.at)
}

fn end_of_connection(connection: &Connection) -> Option<(String, Moment)> {
    let (what, at) = connection.hang_up()?;
    Some((format!("{what} of connection {} was delivered", connection.number), at))
}

fn end_of_stream(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<(String, Moment)> {
    let stream = case.exchange_of(attempt)?.stream.as_ref()?;
    let place = streams::place(attempt);
    let reset =
        stream.reset_delivered().map(|reset| (format!("an RST_STREAM on {place} was delivered"), reset));
    let excluded = streams::excluded(connection, stream.id);
    let excluded = excluded.map(|goaway| (format!("a GOAWAY that excludes {place} was delivered"), goaway));
    reset.into_iter().chain(excluded).min_by_key(|(_, since)| *since)
}

/// The client closed the connection with the response outstanding.
fn own_close(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<(String, Moment)> {
    let close = connection.client_close().filter(|close| attempt.first_sent < *close)?;
    let complete = case.exchange_of(attempt)?.response.as_ref().and_then(|response| response.complete);
    let outstanding = complete.is_none_or(|complete| close.at <= complete.at);
    outstanding.then(|| (format!("the client had closed connection {}", connection.number), close))
}

fn ping_timeout(case: &Case, connection: &Connection) -> Option<(String, Moment)> {
    let stale = case.views.stale_since(connection.number)?;
    match stale.reason {
        StaleReason::PingUnanswered { limit } => {
            Some((ping_expired(connection, limit), case.moment_of(stale)))
        }
        StaleReason::PingOmitted { limit } => ping_omitted(case, connection, stale.at, limit),
        _ => None,
    }
}

fn ping_expired(connection: &Connection, limit: Millis) -> String {
    format!("the client's ping timeout of {} had passed on connection {}", ms(limit), connection.number)
}

/// A PING that was due may have had to wait for the network, and its timeout with it.
fn ping_omitted(
    case: &Case,
    connection: &Connection,
    stale: Millis,
    limit: Millis,
) -> Option<(String, Moment)> {
    let timeout = case.scenario.client.ping_timeout.map_or(0, millis);
    let due = case.end_of(stale.saturating_sub(timeout));
    let taken = send_queue::taken(case, connection, due)?;
    let mut pings = connection.http2.iter().flat_map(Http2::pings);
    let why = if pings.any(|ping| due.at < ping.at && ping.at <= taken) {
        ping_expired(connection, timeout)
    } else {
        let number = connection.number;
        format!("nothing had come on connection {number} for {}, without a PING of the client", ms(limit))
    };
    let expiry = taken.saturating_add(timeout);
    let silent = streams::is_silent(connection, due, case.end_of(expiry));
    silent.then(|| (why, case.start_of(expiry)))
}

fn undelivered_answer(case: &Case, request: &Request) -> Option<(String, Moment)> {
    let attempt = case.final_attempt(request)?;
    let connection = case.connection_of(attempt)?;
    let exchange = case.exchange_of(attempt)?;
    let complete = exchange.response.as_ref()?.complete?;
    let excluded = exchange.stream.as_ref().and_then(|stream| streams::excluded(connection, stream.id));
    // The client has been told not to wait for it, or has closed the connection itself: then its host answers with RST.
    let rst = connection.to_origin.own_rst.filter(|_| connection.answered_with_rst());
    let abandoned = excluded.into_iter().chain(connection.client_close()).any(|end| end < complete)
        || rst.is_some_and(|rst| rst.at == complete.at);
    (!abandoned)
        .then(|| (format!("its whole response was delivered on connection {}", attempt.connection), complete))
}

fn read_timeout(
    case: &Case,
    connection: &Connection,
    written: Moment,
    finished: Moment,
) -> Option<(String, Moment)> {
    let limit = case.scenario.client.read_timeout.map(millis)?;
    let read = connection.to_client.delivered.last_until(finished.event);
    Some(expired("read", limit, read.map_or(written, |read| read.max(written))))
}

fn connect_timeout(case: &Case, request: &Request, finished: Moment) -> Option<(String, Moment)> {
    let limit = case.scenario.client.connect_timeout.map(millis)?;
    let syns = case.connections().filter(|connection| connection.ready().is_none());
    let syn = syns.filter_map(|connection| connection.syn).max()?;
    (request.started < syn && syn < finished).then(|| expired("connect", limit, syn))
}

fn expired(kind: &str, limit: Millis, since: Moment) -> (String, Moment) {
    let expiry = Moment { at: since.at.saturating_add(limit), ..since };
    (format!("the client's {kind} timeout of {} had passed", ms(limit)), expiry)
}

/// A request that waits for a connection while one is free.
fn idle_connection(case: &Case, request: &Request) -> Option<(String, Moment)> {
    let (connection, since) = reuse::free_connection(case, request)?;
    Some((format!("connection {} was free for it", connection.number), since.max(request.started)))
}
