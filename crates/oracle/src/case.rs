//! What every oracle is given: the scenario, the trace and the views over it.

use std::collections::BTreeMap;

use closewait_scenario::{DEFAULT_DEADLINE, Scenario, SendRequest, SourceEnd};
use closewait_trace::{Attempt, Connection, Exchange, Millis, Moment, Request, Trace, Views, millis};

use super::index::{Book, Index};
use super::reuse::{self, Choice};
use super::send_queue::{self, SendQueues};

pub(super) struct Case<'a> {
    pub scenario: &'a Scenario,
    pub trace: &'a Trace,
    pub views: &'a Views,
    pub queues: SendQueues,
    pub index: Index<'a>,
    /// What the scenario says of each request.
    sends: BTreeMap<&'a str, &'a SendRequest>,
}

impl<'a> Case<'a> {
    pub fn new(scenario: &'a Scenario, trace: &'a Trace, views: &'a Views) -> Self {
        let queues = send_queue::all(scenario, trace, views);
        let mut sends = BTreeMap::new();
        for send in scenario.requests() {
            sends.entry(send.id.as_str()).or_insert(send);
        }
        let mut case = Self { scenario, trace, views, queues, index: Index::default(), sends };
        case.index = Index::of(&case);
        case
    }

    pub fn requests(&self) -> std::slice::Iter<'a, Request> {
        self.views.requests.iter()
    }

    /// Whether a request began after a moment.
    pub fn goes_on_after(&self, moment: Moment) -> bool {
        self.requests().last().is_some_and(|last| moment < last.started)
    }

    pub fn connections(&self) -> impl Iterator<Item = &'a Connection> + use<'a> {
        self.views.connections.iter()
    }

    pub fn connection_of(&self, attempt: &Attempt) -> Option<&'a Connection> {
        self.views.connections.get(attempt.connection)
    }

    pub fn exchange_of(&self, attempt: &Attempt) -> Option<&'a Exchange> {
        self.connection_of(attempt)?.exchanges.get(attempt.exchange)
    }

    /// The request that an exchange carries, if it names itself.
    pub fn request_of(&self, exchange: &Exchange) -> Option<&'a Request> {
        self.views.requests.get(exchange.request.id.as_deref()?)
    }

    /// What the scenario says of a request.
    fn send(&self, id: &str) -> Option<&'a SendRequest> {
        self.sends.get(id).copied()
    }

    /// What is known of a connection beyond its bytes.
    pub fn book(&self, connection: &Connection) -> Option<&Book<'a>> {
        self.index.book(connection)
    }

    /// Every request that had a choice of connections.
    pub fn choices(&self) -> &[Choice<'a>] {
        self.index.choices.get_or_init(|| reuse::choices(self))
    }

    /// The attempt that decided the outcome. What waited for the network, and leaves when a GOAWAY has excluded it, decides
    /// nothing if there is another.
    pub fn final_attempt<'r>(&self, request: &'r Request) -> Option<&'r Attempt> {
        let is_excluded = |attempt: &Attempt| {
            let place = self.connection_of(attempt).zip(self.exchange_of(attempt));
            let goaway = place.and_then(|(connection, exchange)| connection.excluded(exchange));
            goaway.is_some_and(|goaway| goaway < attempt.first_sent)
        };
        let decides = request.attempts.iter().rfind(|attempt| !is_excluded(attempt));
        decides.or(request.attempts.last())
    }

    /// Whether the application's own body of a request fails: then the request can only fail, and be sent again in vain.
    pub fn upload_fails(&self, id: &str) -> bool {
        self.send(id).is_some_and(|send| matches!(send.source.end, SourceEnd::Fails(_)))
    }

    /// Whether a request may be carried out twice: its method is idempotent, or it has a key by which the origin knows it again
    /// (draft-ietf-httpapi-idempotency-key-header).
    pub fn may_be_repeated(&self, request: &Request) -> bool {
        let has_key = |send: &SendRequest| {
            send.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"))
        };
        request.is_idempotent() || self.send(&request.id).is_some_and(has_key)
    }

    /// Whether the length of a request's body is not known beforehand.
    pub fn has_no_length(&self, id: &str) -> bool {
        self.send(id).is_some_and(|send| send.body > 0 && !send.source.content_length)
    }

    /// How long the application waits for the outcome of a request.
    pub fn deadline_of(&self, id: &str) -> Millis {
        millis(self.send(id).map_or(DEFAULT_DEADLINE, |send| send.deadline))
    }

    /// From `moment` on, when the application had read what it kept of the connection's responses: until then a client cannot
    /// look behind them. The end of the run where it never did.
    pub fn read_until(&self, connection: &Connection, moment: Moment) -> Moment {
        let users = self.book(connection).map_or(&[][..], |book| &book.users);
        let kept = users.iter().filter(|request| request.kept.is_some());
        let read = kept.map(|request| request.kept_until().unwrap_or(self.end()));
        read.chain([moment]).max().unwrap_or(moment)
    }

    /// When the application began to close the client.
    pub fn closing(&self) -> Option<Moment> {
        self.index.closing
    }

    /// The end of the run.
    pub fn end(&self) -> Moment {
        self.turn_end(self.views.end)
    }

    /// The last event, to prove that something never happened.
    pub fn last_event(&self) -> Option<usize> {
        self.trace.events.len().checked_sub(1)
    }
}
