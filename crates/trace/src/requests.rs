//! The view per request.

use std::collections::BTreeMap;

use bytes::Bytes;
use closewait_scenario::method;

use super::{BodyEnd, Connections, Exchange, Moment, Outcome, Trace, What};

/// The requests of a run, in the order in which the application started them.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    all: Vec<Request>,
    by_id: BTreeMap<String, usize>,
}

/// One request of the application.
#[derive(Debug, Clone)]
pub struct Request {
    /// Request id.
    pub id: String,
    /// Method.
    pub method: String,
    /// When the application handed it over.
    pub started: Moment,
    /// When the application dropped its future.
    pub cancelled: Option<Moment>,
    /// When the application began to keep the response unread.
    pub kept: Option<Moment>,
    /// When it went on to read what it had kept.
    pub read_on: Option<Moment>,
    /// When the outcome was known, and which it was.
    pub finished: Option<(Moment, Outcome)>,
    /// Each time it was written on a connection, in order.
    pub attempts: Vec<Attempt>,
    /// When each answer that asks for another request in its place was there whole: see [`WireResponse::asks_again`](super::WireResponse::asks_again).
    pub asked_again: Vec<Moment>,
    /// Each time the origin carried it out.
    pub executions: Vec<Execution>,
    /// Each time the origin answered it.
    pub replies: Vec<Replied>,
}

/// One writing of a request on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Connection number.
    pub connection: u32,
    /// Index into [`Connection::exchanges`](super::Connection::exchanges).
    pub exchange: usize,
    /// The stream of HTTP/2.
    pub stream: Option<u32>,
    /// The first transmission of its first byte.
    pub first_sent: Moment,
    /// The first transmission of its last byte; `None` if it never left.
    pub last_sent: Option<Moment>,
    /// Whether it was the first request on the connection.
    pub fresh: bool,
}

/// The origin carried a request out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Execution {
    /// When.
    pub moment: Moment,
    /// Connection number.
    pub connection: u32,
}

/// The origin wrote an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replied {
    /// When.
    pub moment: Moment,
    /// Connection number.
    pub connection: u32,
    /// Status code.
    pub status: u16,
    /// The whole body that belongs to the answer.
    pub body: Bytes,
    /// Whether the message was written whole.
    pub complete: bool,
}

impl Requests {
    /// Reads the requests out of a trace.
    pub fn of(trace: &Trace, connections: &Connections) -> Self {
        let mut requests = Self::default();
        for (event, entry) in trace.events.iter().enumerate() {
            let now = Moment { event, at: entry.at };
            if let What::RequestStarted { request, method, .. } = &entry.what {
                requests.start(request, method, now);
            }
            if let Some(request) = subject(&entry.what).and_then(|id| requests.get_mut(id)) {
                request.observe(&entry.what, now);
            }
        }
        for (id, attempt, asks_again) in attempts(connections) {
            if let Some(request) = requests.get_mut(id) {
                request.attempts.push(attempt);
                request.asked_again.extend(asks_again);
            }
        }
        requests
    }

    /// The request with this id.
    pub fn get(&self, id: &str) -> Option<&Request> {
        self.by_id.get(id).map(|index| &self.all[*index])
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Request> {
        self.by_id.get(id).map(|index| &mut self.all[*index])
    }

    /// All of them, in the order of their start.
    pub fn iter(&self) -> std::slice::Iter<'_, Request> {
        self.all.iter()
    }

    /// An id that was there before is not another request.
    fn start(&mut self, id: &str, method: &str, started: Moment) {
        if self.by_id.contains_key(id) {
            return;
        }
        self.by_id.insert(id.to_owned(), self.all.len());
        self.all.push(Request {
            id: id.to_owned(),
            method: method.to_owned(),
            started,
            cancelled: None,
            kept: None,
            read_on: None,
            finished: None,
            attempts: Vec::new(),
            asked_again: Vec::new(),
            executions: Vec::new(),
            replies: Vec::new(),
        });
    }
}

impl Request {
    /// Whether the method is idempotent (RFC 9110 section 9.2.2).
    pub fn is_idempotent(&self) -> bool {
        method::is_idempotent(&self.method)
    }

    /// How many answers had asked for another request in place of this one by then: what was sent and carried out between two of
    /// them is one request to the origin.
    pub fn turn(&self, moment: Moment) -> usize {
        self.asked_again.iter().filter(|asked| **asked < moment).count()
    }

    /// What became of it; `None` if that was never known.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.finished.as_ref().map(|(_, outcome)| outcome)
    }

    /// When the application was done with it: it has an outcome, or dropped the future.
    pub fn ended(&self) -> Option<Moment> {
        let finished = self.finished.as_ref().map(|(moment, _)| *moment);
        self.cancelled.into_iter().chain(finished).min()
    }

    /// Until when the application kept the response unread: `None` if it never did, or did to the end of the run.
    pub fn kept_until(&self) -> Option<Moment> {
        self.kept.and_then(|_| self.read_on.or(self.ended()))
    }

    /// Whether it was not over in an earlier turn of the client than that of `moment`.
    pub fn lasts_until(&self, moment: Moment) -> bool {
        self.ended().is_none_or(|ended| moment.may_precede(ended))
    }

    /// Whether the client let the application down: an error, a broken body, or nothing until the deadline.
    pub fn failed(&self) -> bool {
        match self.outcome() {
            Some(Outcome::Response { end, .. }) => matches!(end, BodyEnd::Failed { .. }),
            Some(Outcome::Error { .. } | Outcome::Deadline) => true,
            Some(Outcome::Cancelled) | None => false,
        }
    }

    fn observe(&mut self, what: &What, moment: Moment) {
        match what {
            What::RequestCancelled { .. } => {
                self.cancelled.get_or_insert(moment);
            }
            What::ResponseKept { .. } => {
                self.kept.get_or_insert(moment);
            }
            What::ResponseReadOn { .. } => {
                self.read_on.get_or_insert(moment);
            }
            What::RequestFinished { outcome, .. } => {
                self.finished.get_or_insert_with(|| (moment, outcome.clone()));
            }
            What::Executed { connection, .. } => {
                self.executions.push(Execution { moment, connection: *connection });
            }
            What::Replied { connection, status, body, complete, .. } => self.replies.push(Replied {
                moment,
                connection: *connection,
                status: *status,
                body: body.clone(),
                complete: *complete,
            }),
            _ => {}
        }
    }
}

fn subject(what: &What) -> Option<&str> {
    match what {
        What::RequestCancelled { request }
        | What::ResponseKept { request }
        | What::ResponseReadOn { request }
        | What::RequestFinished { request, .. }
        | What::Executed { request, .. }
        | What::Replied { request, .. } => Some(request),
        _ => None,
    }
}

/// Every writing of a request that names itself, in the order of the first bytes, and when an answer to it asked for another.
fn attempts(connections: &Connections) -> Vec<(&str, Attempt, Option<Moment>)> {
    let mut attempts = Vec::new();
    for connection in connections.iter() {
        for (exchange, Exchange { request, response, stream }) in connection.exchanges.iter().enumerate() {
            let Some(id) = &request.id else { continue };
            let asks_again = response.as_ref().filter(|response| response.asks_again);
            attempts.push((
                id.as_str(),
                Attempt {
                    connection: connection.number,
                    exchange,
                    stream: stream.as_ref().map(|stream| stream.id),
                    first_sent: request.first_sent,
                    last_sent: request.last_sent,
                    fresh: exchange == 0,
                },
                asks_again.and_then(|response| response.complete),
            ));
        }
    }
    attempts.sort_by_key(|(_, attempt, _)| attempt.first_sent);
    attempts
}
