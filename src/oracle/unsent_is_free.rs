//! A request of which no byte was written goes to another connection instead of failing.

use super::case::Case;
use super::tally::Tally;
use super::{Level, Oracle, Severity, Verdict, every_protocol};
use crate::trace::{Attempt, Connection, ErrorKind, Moment, Outcome, Request};

pub(super) const ORACLE: Oracle = Oracle {
    name: "unsent-is-free",
    level: Level::Advised,
    concerns: every_protocol,
    meaning: "a request of which no byte was written fails instead of going to another connection",
    source: "hyperium/hyper-util#133",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut tally = Tally::default();
    for request in case.requests() {
        match (&request.finished, request.attempts.first()) {
            (Some((finished, Outcome::Error { kind, message })), None)
                if is_avoidable(case, request, *kind, *finished) =>
            {
                let message = format!("{} failed although no byte of it was written ({message})", request.id);
                let evidence = [request.started.event, finished.event];
                tally.violated(Severity::AvoidableFailure, message, evidence);
            }
            (_, Some(attempt)) => tally_passed_over(case, request, attempt, &mut tally),
            _ => {}
        }
    }
    tally.verdict("no request met a dead connection before its first byte was written")
}

/// Notes that the request went elsewhere, past a dead connection.
fn tally_passed_over(case: &Case, request: &Request, attempt: &Attempt, tally: &mut Tally) {
    let mut others = case.connections().filter(|connection| connection.number != attempt.connection);
    if let Some(dead) = others.find(|connection| was_dead_in_the_pool(connection, request)) {
        tally.holds(format!(
            "{} went to connection {}, past dead connection {}",
            request.id, attempt.connection, dead.number
        ));
    }
}

/// The origin could be reached, and neither the application nor the client had ended the matter.
fn is_avoidable(case: &Case, request: &Request, kind: ErrorKind, finished: Moment) -> bool {
    let is_of_the_pool = !matches!(kind, ErrorKind::Connect | ErrorKind::Timeout);
    let in_life = |moment: Moment| request.started < moment && moment < finished;
    let mut dials = case.connections().filter(|connection| connection.syn.is_some_and(in_life));
    let refused = dials.any(|connection| connection.ready().is_none());
    let closing = case.closing().is_some_and(|closing| closing < finished);
    is_of_the_pool && !refused && !closing
}

/// When the request began, or at that very instant, the connection had ended and the client had not closed it before.
fn was_dead_in_the_pool(connection: &Connection, request: &Request) -> bool {
    let dead = connection.established.and(connection.death());
    let kept = connection.over().is_none_or(|over| request.started.at <= over.at);
    kept && dead.is_some_and(|dead| dead.at <= request.started.at)
        && connection.exchanges.iter().any(|exchange| exchange.request.first_sent < request.started)
}
