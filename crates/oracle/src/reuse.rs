//! Which connections a request could have used.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use closewait_trace::{Attempt, Connection, Millis, Moment, Request};

use super::case::Case;
use super::free::{self, Until};

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

/// Every request that had a choice. A spare connection counts for one request at a time.
pub(super) fn choices<'a>(case: &Case<'a>) -> Vec<Choice<'a>> {
    let mut choices: Vec<Choice> = Vec::new();
    if case.scenario.client.max_idle == Some(0) {
        return choices;
    }
    let mut pool = Pool::of(case);
    for request in case.requests() {
        let Some(attempt) = request.attempts.first() else { continue };
        let opened = case.connection_of(attempt).and_then(|connection| connection.syn);
        // The client chose the connection as the request began, or as it dialled.
        let decided = opened.map_or(request.started, |syn| syn.max(request.started));
        let until = Until { decided, used: attempt.first_sent };
        pool.turn_to(case, request.started);
        let Some((spare, free_since)) = pool.spare(case, request, attempt, until) else { continue };
        pool.take(spare, request);
        let reused = opened.is_none_or(|syn| syn < request.started);
        choices.push(Choice { request, attempt, spare, free_since, reused });
    }
    choices
}

/// The connections that may be free, as one request begins after the other.
struct Pool<'a> {
    /// Those that no request has used yet, the next to be used at the end.
    unused: Vec<(Moment, &'a Connection)>,
    used: BTreeMap<u32, Place<'a>>,
    /// When those that took a connection are over, the first on top: the instant, the connection, and whether they are counted as elsewhere.
    ends: BinaryHeap<Reverse<(Millis, u32, bool)>>,
}

/// A connection, and who has it already.
struct Place<'a> {
    connection: &'a Connection,
    /// So many requests that last were to have it.
    taken: usize,
    /// So many of them are not written on it.
    elsewhere: usize,
}

impl<'a> Pool<'a> {
    fn of(case: &Case<'a>) -> Self {
        let first_use = |connection: &'a Connection| {
            connection.exchanges.first().map(|first| (first.request.first_sent, connection))
        };
        let mut unused: Vec<_> = case.connections().filter_map(first_use).collect();
        unused.sort_by_key(|(first, _)| Reverse(*first));
        Self { unused, used: BTreeMap::new(), ends: BinaryHeap::new() }
    }

    /// A request begins: what was used by then may be free, and what was taken by those that are over is free again.
    fn turn_to(&mut self, case: &Case<'a>, started: Moment) {
        while let Some((_, connection)) = self.unused.pop_if(|(first, _)| *first < started) {
            if !free::is_lost(case, connection, started) {
                self.used.insert(connection.number, Place { connection, taken: 0, elsewhere: 0 });
            }
        }
        while let Some(Reverse((at, number, elsewhere))) = self.ends.peek().copied() {
            if started.at <= at {
                break;
            }
            self.ends.pop();
            if let Some(place) = self.used.get_mut(&number) {
                place.taken -= 1;
                place.elsewhere -= usize::from(elsewhere);
            }
        }
    }

    /// The first connection that is free for a request. Those that will never be free again are taken out on the way.
    fn spare(
        &mut self,
        case: &Case<'a>,
        request: &Request,
        attempt: &Attempt,
        until: Until,
    ) -> Option<(&'a Connection, Moment)> {
        let mut lost = Vec::new();
        let spare = self.used.values().find_map(|Place { connection, taken, elsewhere }| {
            if free::is_lost(case, connection, request.started) {
                lost.push(connection.number);
                return None;
            }
            let free_since = if connection.http2.is_some() {
                free::spare_stream_since(case, connection, request, until, *elsewhere)
            } else {
                free::free_since(case, connection, request, attempt).filter(|_| *taken == 0)
            };
            Some((*connection, free_since?))
        });
        for number in lost {
            self.used.remove(&number);
        }
        spare
    }

    fn take(&mut self, spare: &Connection, request: &Request) {
        let Some(place) = self.used.get_mut(&spare.number) else { return };
        let elsewhere = request.attempts.iter().all(|attempt| attempt.connection != spare.number);
        place.taken += 1;
        place.elsewhere += usize::from(elsewhere);
        let until = request.ended().map_or(Millis::MAX, |ended| ended.at);
        self.ends.push(Reverse((until, spare.number, elsewhere)));
    }
}
