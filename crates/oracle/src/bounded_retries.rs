//! Retries have a budget.

use closewait_trace::{Attempt, Moment, Request, Retries};

use super::case::Case;
use super::checks::Checks;
use super::policy::{MOST_TURNS, MOST_UNUSED_CONNECTIONS};
use super::words::count;
use super::{Level, Oracle, Severity, Verdict, every_protocol, streams};

pub(super) const ORACLE: Oracle = Oracle {
    name: "bounded-retries",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "more attempts on the wire than the retry budget",
    source: "RFC 9112 section 9.3.1, hyperium/hyper-util#150",
    judge,
};

/// What is said where a request was sent again, and nobody knows how often it may be.
const NOT_JUDGED: &str = "not judged: the client's retry budget is not known";

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    let mut is_unknown = false;
    for request in case.requests() {
        let tries = Tries::of(case, request);
        match case.trace.retries {
            _ if tries.turns > MOST_TURNS => tries.asked_in_vain(&mut checks),
            Some(retries) => tries.judge(retries, &mut checks),
            None if tries.are_few() => tries.hold(&mut checks),
            None => is_unknown = true,
        }
    }
    match checks.verdict("no attempt failed") {
        Verdict::Holds { .. } | Verdict::NotExercised { .. } if is_unknown => {
            Verdict::NotExercised { reason: NOT_JUDGED.to_owned() }
        }
        verdict => verdict,
    }
}

/// What was done for one request.
struct Tries<'c, 'a> {
    case: &'c Case<'a>,
    request: &'a Request,
    /// How often an answer asked for it again, in place of the one before (RFC 9110 section 15.4).
    turns: usize,
    /// The most of one turn: what the origin asked for again begins anew.
    attempts: usize,
    /// Of them, those on new connections. What the origin says that it did not process, it may well process elsewhere.
    fresh: usize,
    /// The SYNs of connections on which nothing was ever written.
    unused: Vec<Moment>,
    contemporaries: usize,
}

impl<'c, 'a> Tries<'c, 'a> {
    fn of(case: &'c Case<'a>, request: &'a Request) -> Self {
        let turns = request.asked_again.len();
        let most = |counts: &dyn Fn(&&Attempt) -> bool| {
            let of_turn = |turn| move |attempt: &&Attempt| request.turn(attempt.first_sent) == turn;
            let in_turn = |turn| request.attempts.iter().filter(of_turn(turn)).filter(counts).count();
            (0..=turns).map(in_turn).max().unwrap_or_default()
        };
        Self {
            case,
            request,
            turns,
            attempts: most(&|_| true),
            fresh: most(&|attempt| attempt.fresh && !streams::is_not_processed(case, request, attempt)),
            unused: unused_connections(case, request),
            contemporaries: contemporaries(case, request),
        }
    }

    /// Whether no budget, however small, is exceeded.
    fn are_few(&self) -> bool {
        self.attempts <= 1 && self.unused.len() <= MOST_UNUSED_CONNECTIONS * self.contemporaries
    }

    /// Not a matter of the client's budget for what failed.
    fn asked_in_vain(&self, checks: &mut Checks) {
        let Self { request, turns, .. } = self;
        let message = format!(
            "{} was sent again {turns} times because its answer asked for that; the budget is {MOST_TURNS}",
            request.id
        );
        let written = request.attempts.iter().map(|attempt| attempt.first_sent.event);
        checks.violated(Severity::RetryStorm, message, written);
    }

    fn judge(&self, retries: Retries, checks: &mut Checks) {
        let Self { request, attempts, fresh, unused, .. } = self;
        let (id, budget) = (&request.id, retries.tries());
        let written = request.attempts.iter().map(|attempt| attempt.first_sent.event);
        let most_unused = budget.max(MOST_UNUSED_CONNECTIONS).saturating_mul(self.contemporaries);
        if matches!(retries, Retries::Attempts(_)) && *attempts > budget {
            let message = format!("{id} was written {attempts} times; the budget is {budget}");
            checks.violated(Severity::RetryStorm, message, written);
        } else if matches!(retries, Retries::Connections(_)) && *fresh > budget {
            let message =
                format!("{id} was written on {fresh} new connections in turn; the budget is {budget}");
            checks.violated(Severity::RetryStorm, message, written);
        } else if unused.len() > most_unused {
            let opened = count(unused.len(), "connection");
            let message = format!("{opened} were opened for {id} and carried no request");
            checks.violated(Severity::RetryStorm, message, unused.iter().map(|syn| syn.event));
        } else {
            self.hold(checks);
        }
    }

    fn hold(&self, checks: &mut Checks) {
        let failed = || self.request.attempts.iter().any(|attempt| is_failure(self.case, attempt));
        if self.attempts > 1 || failed() {
            checks.holds(format!("{}: {}", self.request.id, count(self.attempts, "attempt")));
        }
    }
}

fn is_failure(case: &Case, attempt: &Attempt) -> bool {
    case.exchange_of(attempt).is_some_and(|exchange| exchange.complete().is_none())
}

/// The SYNs of connections opened during the life of a request on which nothing was ever written.
fn unused_connections(case: &Case, request: &Request) -> Vec<Moment> {
    let dials = case.index.dialled(request.started, request.ended());
    dials.filter(|(_, connection)| connection.exchanges.is_empty()).map(|(syn, _)| syn).collect()
}

/// How many requests were unfinished during the life of this one, itself included.
fn contemporaries(case: &Case, request: &Request) -> usize {
    case.index.lives.meeting(request.started, request.ended())
}
