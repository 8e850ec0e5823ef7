//! What every oracle is given: the scenario, the trace and the views over it.

use closewait_scenario::{Action, ClientAction, DEFAULT_DEADLINE, Scenario};
use closewait_trace::{
    Attempt, Connection, Direction, Exchange, Fate, Millis, Moment, Request, SignalKind, StaleReason,
    Staleness, Trace, Views, What, Window, millis,
};

use super::send_queue::{self, SendQueues};
use super::streams;
use super::tally::ms;

/// How long a SYN waits for its answer before it is repeated, ms (RFC 6298 section 2.1).
const FIRST_TIMEOUT: Millis = 1_000;

pub(super) struct Case<'a> {
    pub scenario: &'a Scenario,
    pub trace: &'a Trace,
    pub views: Views,
    pub queues: SendQueues,
}

impl<'a> Case<'a> {
    pub fn new(scenario: &'a Scenario, trace: &'a Trace) -> Self {
        let views = Views::of(trace, &scenario.client);
        let queues = send_queue::all(scenario, trace, &views);
        Self { scenario, trace, views, queues }
    }

    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.views.requests.iter()
    }

    pub fn connections(&self) -> impl Iterator<Item = &Connection> {
        self.views.connections.iter()
    }

    pub fn connection_of(&self, attempt: &Attempt) -> Option<&Connection> {
        self.views.connections.get(attempt.connection)
    }

    pub fn exchange_of(&self, attempt: &Attempt) -> Option<&Exchange> {
        self.connection_of(attempt)?.exchanges.get(attempt.exchange)
    }

    /// The request that an exchange carries, if it names itself.
    pub fn request_of(&self, exchange: &Exchange) -> Option<&Request> {
        self.views.requests.get(exchange.request.id.as_deref()?)
    }

    /// The attempt that decided the outcome. What waited for the network, and leaves when a GOAWAY has excluded it, decides
    /// nothing if there is another.
    pub fn final_attempt<'r>(&self, request: &'r Request) -> Option<&'r Attempt> {
        let is_excluded = |attempt: &Attempt| {
            let place = self.connection_of(attempt).zip(attempt.stream);
            let goaway = place.and_then(|(connection, stream)| streams::excluded(connection, stream));
            goaway.is_some_and(|goaway| goaway < attempt.first_sent)
        };
        let decides = request.attempts.iter().rfind(|attempt| !is_excluded(attempt));
        decides.or(request.attempts.last())
    }

    /// How long the application waits for the outcome of a request.
    pub fn deadline_of(&self, id: &str) -> Millis {
        let sends = self.scenario.script.iter().filter_map(|step| match &step.action {
            Action::Client(ClientAction::Send(send)) => Some(send),
            _ => None,
        });
        millis(sends.into_iter().find(|send| send.id == id).map_or(DEFAULT_DEADLINE, |send| send.deadline))
    }

    /// Whether the client began to dial after an attempt had come to its end, and was still at it when the request was
    /// over. A dial that led to a connection is no excuse for waiting on, be it taken by another request or by nobody. Where
    /// requests share connections, a dial that was under way at that end is as good.
    pub fn dials_again(&self, request: &Request, end: Moment) -> bool {
        let over = request.over();
        let later = |moment: Moment| end < moment && end.at <= moment.at;
        self.connections().any(|connection| {
            let begun = connection.syn.is_some_and(|syn| later(syn) && over.is_none_or(|over| syn < over));
            let joined = self.scenario.protocol.is_http2()
                && self.is_dialled_at(connection, end)
                && over.is_none_or(|over| self.is_dialled_at(connection, over));
            let done = connection.ready().is_some_and(|ready| over.is_none_or(|over| ready.at < over.at));
            (begun || joined) && !done
        })
    }

    /// Whether a dial that led to nothing until then was under way at a moment: its host repeats the SYN, after a second and
    /// then twice as long each time (RFC 6298 section 5), until it is given up.
    fn is_dialled_at(&self, connection: &Connection, moment: Moment) -> bool {
        let events = self.trace.events.iter().take(moment.event + 1);
        let syns = events.filter(|event| {
            matches!(&event.what, What::Segment { connection: number, direction: Direction::ToOrigin, fate: Fate::Sent, segment }
                if *number == connection.number && segment.syn)
        });
        let syns: Vec<Millis> = syns.map(|event| event.at).collect();
        let next = match syns[..] {
            [] => return false,
            [first] => first + FIRST_TIMEOUT,
            [.., before, last] => last + 2 * (last - before),
        };
        moment.at <= next && connection.ready().is_none_or(|ready| moment < ready)
    }

    /// The first moment, from one until another, at which the client had fewer connections than it may have; `None` if it
    /// never had, and a request has to wait in line.
    pub fn room(&self, from: Moment, until: Moment) -> Option<Moment> {
        let limit = self.scenario.client.max_connections.map_or(usize::MAX, |limit| limit as usize);
        let over = |connection: &Connection| connection.over().filter(|over| from < *over && *over < until);
        let is_open = |connection: &&Connection, at: Millis| {
            let open = connection.syn.is_some_and(|syn| syn.at <= at);
            open && connection.over().is_none_or(|over| at < over.at)
        };
        let open = |at: Millis| self.connections().filter(|connection| is_open(connection, at)).count();
        let ends = self.connections().filter_map(over);
        ends.chain([from]).filter(|moment| open(moment.at) < limit).min()
    }

    /// Just before the instant of a moment began.
    pub fn began(&self, moment: Moment) -> Moment {
        let first = self.trace.events.partition_point(|event| event.at < moment.at);
        Moment { event: first.saturating_sub(1), at: moment.at.saturating_sub(1) }
    }

    /// The end of an instant.
    pub fn end_of(&self, at: Millis) -> Moment {
        let events = self.trace.events.partition_point(|event| event.at <= at);
        Moment { event: events.saturating_sub(1), at }
    }

    /// When a connection became stale. Where time alone made it so, that was before anything else in the instant.
    pub fn moment_of(&self, stale: &Staleness) -> Moment {
        let by_event = self.trace.events.get(stale.event).is_some_and(|event| event.at == stale.at);
        if by_event { Moment { event: stale.event, at: stale.at } } else { self.start_of(stale.at) }
    }

    /// An instant, before anything happened in it.
    pub fn start_of(&self, at: Millis) -> Moment {
        let first = self.trace.events.partition_point(|event| event.at < at);
        Moment { event: first.saturating_sub(1), at }
    }

    /// When the application began to close the client.
    pub fn closing(&self) -> Option<Moment> {
        let events = self.trace.events.iter().enumerate();
        let mut closing = events.filter(|(_, event)| event.what == What::ClientClosing);
        closing.next().map(|(event, entry)| Moment { event, at: entry.at })
    }

    /// The last event, to prove that something never happened.
    pub fn last_event(&self) -> Option<usize> {
        self.trace.events.len().checked_sub(1)
    }
}

/// What made a connection stale, as the end of `… after`.
pub(super) fn cause(reason: &StaleReason) -> String {
    match reason {
        StaleReason::FinDelivered => "its FIN was delivered".to_owned(),
        StaleReason::RstDelivered => "an RST was delivered on it".to_owned(),
        StaleReason::CloseNotifyDelivered => "its close_notify was delivered".to_owned(),
        StaleReason::AlertDelivered { description } => {
            format!("the alert {description} was delivered on it")
        }
        StaleReason::Unsolicited => "bytes that no request had asked for were delivered on it".to_owned(),
        StaleReason::PersistenceEnded { request } => {
            format!("the response to {request}, which ended its persistence, was delivered")
        }
        StaleReason::Abandoned { request } => {
            format!("{request} was given up on it with the response outstanding")
        }
        StaleReason::GoAway { last_stream, code } => {
            format!("a GOAWAY (last stream {last_stream}, {code}) was delivered on it")
        }
        StaleReason::Malformed { what } => format!("{what} was delivered on it"),
        StaleReason::PingUnanswered { limit } => {
            format!("the client's ping timeout of {} had passed", ms(*limit))
        }
        StaleReason::PingOmitted { limit } => {
            format!("nothing had come on it for {}, and the client had sent no PING", ms(*limit))
        }
        StaleReason::IdleTimeout { limit } => {
            format!("the client's idle timeout of {} had passed", ms(*limit))
        }
        StaleReason::KeepAliveTimeout { limit } => {
            format!("the origin's Keep-Alive timeout of {} had passed", ms(*limit))
        }
    }
}

/// `FIN of connection 1 in flight when the request was written, W5`.
pub(super) fn circumstances(kind: SignalKind, connection: u32, window: Window) -> String {
    let what = match kind {
        SignalKind::Fin => format!("FIN of connection {connection}"),
        SignalKind::Rst => format!("RST of connection {connection}"),
        SignalKind::Alert => format!("alert of connection {connection}"),
        SignalKind::Unsolicited => format!("unsolicited bytes on connection {connection}"),
        SignalKind::GoAway => format!("GOAWAY of connection {connection}"),
        SignalKind::Malformed => format!("malformed frames on connection {connection}"),
    };
    format!("{what} {}, {}", window.meaning(), window.name())
}
