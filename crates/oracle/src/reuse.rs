//! Which connections a request could have used.

use closewait_trace::{Attempt, Connection, Moment, Request};

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
pub(super) fn choices<'a>(case: &'a Case) -> Vec<Choice<'a>> {
    let mut choices: Vec<Choice> = Vec::new();
    if case.scenario.client.max_idle == Some(0) {
        return choices;
    }
    for request in case.requests() {
        let Some(attempt) = request.attempts.first() else { continue };
        let opened = case.connection_of(attempt).and_then(|connection| connection.syn);
        // The client chose the connection as the request began, or as it dialled.
        let decided = opened.map_or(request.started, |syn| syn.max(request.started));
        let until = Until { decided, used: attempt.first_sent };
        let spare = case.connections().find_map(|connection| {
            let takes = |choice: &&Choice| {
                choice.spare.number == connection.number && choice.request.lasts_until(request.started)
            };
            let taken: Vec<&str> =
                choices.iter().filter(takes).map(|choice| choice.request.id.as_str()).collect();
            let free_since = if connection.http2.is_some() {
                free::spare_stream_since(case, connection, request, until, &taken)
            } else {
                free::free_since(case, connection, request, attempt).filter(|_| taken.is_empty())
            };
            Some((connection, free_since?))
        });
        let Some((spare, free_since)) = spare else { continue };
        let reused = opened.is_none_or(|syn| syn < request.started);
        choices.push(Choice { request, attempt, spare, free_since, reused });
    }
    choices
}
