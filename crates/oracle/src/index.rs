//! What oracles ask of a trace for each request or connection, put in order once: no answer takes a walk through all events, all requests or
//! all streams.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use closewait_trace::{
    Connection, Direction, Fate, Millis, Moment, Outcome, Request, StaleReason, Staleness, What,
};

use super::case::Case;
use super::closes::{self, Doubt};
use super::exemption::Exemption;
use super::known::{Reports, Stale, silences};
use super::order::{Lives, before, up_to};
use super::reuse::Choice;
use super::slots::Slots;

/// The whole run.
#[derive(Default)]
pub(super) struct Index<'a> {
    /// When the application began to close the client.
    pub closing: Option<Moment>,
    /// When requests lived.
    pub lives: Lives,
    /// When those lived that were never written, or whose callers did not wait for the outcome.
    pub given_up: Lives,
    /// When requests ended whose own body failed.
    pub failed_uploads: Vec<Moment>,
    pub doubts: Vec<Doubt>,
    pub choices: OnceCell<Vec<Choice<'a>>>,
    /// When the first step was carried out that may keep a PING from its answer.
    silenced: Option<Millis>,
    books: BTreeMap<u32, Book<'a>>,
    /// From the first SYN of each connection to its end.
    pub sockets: Lives,
    /// In the order of their SYNs.
    dials: Vec<(Moment, &'a Connection)>,
    /// When connections ended, in order.
    ends: Vec<Moment>,
}

/// One connection.
#[derive(Default)]
pub(super) struct Book<'a> {
    /// The client's SYNs, each that left its host.
    pub syns: Vec<Moment>,
    /// The events in which a segment reached the client's host.
    pub heard: Vec<usize>,
    /// The requests that were written on it.
    pub users: Vec<&'a Request>,
    /// When they lived.
    pub use_of: Lives,
    /// The requests whose outcome was decided on it.
    pub decided: Vec<&'a Request>,
    /// Every reason not to use it.
    pub stale: Vec<Stale<'a>>,
    /// When the first response came that told its length in two ways.
    pub length_given_twice: Option<Moment>,
    pub streams: OnceCell<Slots>,
    /// What excuses its close.
    pub excuse: OnceCell<Option<Exemption<'a>>>,
}

impl<'a> Index<'a> {
    pub fn of(case: &Case<'a>) -> Self {
        let requests = || case.views.requests.iter();
        let life = |request: &Request| (request.started, request.ended());
        let mut index = Self {
            lives: Lives::of(requests().map(life)),
            doubts: closes::doubts(case),
            given_up: Lives::of(requests().filter(|request| gave_up(request)).map(life)),
            ..Self::default()
        };
        index.read_events(case);
        index.read_requests(case);
        index.read_connections(case);
        index
    }

    pub fn book(&self, connection: &Connection) -> Option<&Book<'a>> {
        self.books.get(&connection.number)
    }

    /// The connections whose first SYN left between two moments.
    pub fn dialled(
        &self,
        from: Moment,
        until: Option<Moment>,
    ) -> impl Iterator<Item = (Moment, &'a Connection)> {
        let first = self.dials.partition_point(|(syn, _)| *syn <= from);
        let dials = self.dials[first..].iter().copied();
        dials.take_while(move |(syn, _)| until.is_none_or(|until| *syn < until))
    }

    /// When connections ended between two moments.
    pub fn ends_between(&self, from: Moment, until: Moment) -> impl Iterator<Item = Moment> {
        let ends = self.ends[up_to(&self.ends, from)..].iter().copied();
        ends.take_while(move |end| *end < until)
    }

    fn read_events(&mut self, case: &Case<'a>) {
        for (event, entry) in case.trace.events.iter().enumerate() {
            match &entry.what {
                What::Segment { connection, direction, fate, segment } => {
                    let book = self.books.entry(*connection).or_default();
                    match (direction, fate) {
                        (Direction::ToOrigin, Fate::Sent) if segment.syn => {
                            book.syns.push(Moment { event, at: entry.at });
                        }
                        (Direction::ToClient, Fate::Delivered) => book.heard.push(event),
                        _ => {}
                    }
                }
                What::ClientClosing => {
                    self.closing.get_or_insert(Moment { event, at: entry.at });
                }
                What::Step { step } => {
                    let step = case.scenario.script.get(*step);
                    if step.is_some_and(|step| silences(&step.action)) {
                        self.silenced.get_or_insert(entry.at);
                    }
                }
                _ => {}
            }
        }
    }

    fn read_requests(&mut self, case: &Case<'a>) {
        for request in case.views.requests.iter() {
            let mut connections: Vec<u32> =
                request.attempts.iter().map(|attempt| attempt.connection).collect();
            connections.sort_unstable();
            connections.dedup();
            for connection in connections {
                self.books.entry(connection).or_default().users.push(request);
            }
            if let Some(last) = case.final_attempt(request) {
                self.books.entry(last.connection).or_default().decided.push(request);
            }
            let failed = case.upload_fails(&request.id);
            self.failed_uploads.extend(request.ended().filter(|_| failed));
        }
        for book in self.books.values_mut() {
            book.use_of = Lives::of(book.users.iter().map(|request| (request.started, request.ended())));
        }
    }

    fn read_connections(&mut self, case: &Case<'a>) {
        for connection in case.views.connections.iter() {
            self.dials.extend(connection.syn.map(|syn| (syn, connection)));
            self.ends.extend(connection.ended());
            let book = self.books.entry(connection.number).or_default();
            let responses = connection.exchanges.iter().filter_map(|exchange| exchange.response.as_ref());
            let twice = responses.filter(|response| response.length_given_twice);
            book.length_given_twice = twice.map(|response| response.first_delivered).min();
            let stale = case.views.staleness(connection.number);
            if stale.is_empty() {
                continue;
            }
            let reports = Reports::of(case, connection);
            let is_news = |stale: &&Staleness| {
                !matches!(stale.reason, StaleReason::PingOmitted { .. }) || !self.answers_pings(stale.at)
            };
            let stale = stale.iter().filter(is_news).map(|stale| case.known_stale(&reports, stale)).collect();
            self.books.entry(connection.number).or_default().stale = stale;
        }
        self.dials.sort_by_key(|(syn, _)| *syn);
        self.ends.sort_unstable();
        self.sockets = Lives::of(self.dials.iter().map(|(syn, connection)| (*syn, connection.ended())));
    }

    /// Whether nothing has happened, up to an instant, that keeps a PING from its answer: then one that was not sent would have told
    /// the client nothing, however long a response is held back.
    fn answers_pings(&self, until: Millis) -> bool {
        self.silenced.is_none_or(|silenced| until < silenced)
    }
}

impl Book<'_> {
    /// Whether no segment reached the client's host from one event to another.
    pub fn is_quiet(&self, from: usize, until: usize) -> bool {
        let next = self.heard.get(self.heard.partition_point(|event| *event < from));
        next.is_none_or(|next| until < *next)
    }

    /// The last segment that reached the client's host, up to an event.
    pub fn heard_by(&self, event: usize) -> Option<usize> {
        self.heard[..self.heard.partition_point(|heard| *heard <= event)].last().copied()
    }

    /// The client's SYNs up to an event.
    pub fn syns_by(&self, moment: Moment) -> &[Moment] {
        let next = Moment { event: moment.event + 1, at: 0 };
        &self.syns[..before(&self.syns, next)]
    }
}

fn gave_up(request: &Request) -> bool {
    request.attempts.is_empty() || matches!(request.outcome(), Some(Outcome::Cancelled | Outcome::Deadline))
}
