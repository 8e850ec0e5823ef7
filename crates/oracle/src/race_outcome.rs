//! When a close and a request cross on the wire, the outcome is a safe one.

use closewait_trace::{Attempt, BodyEnd, Outcome, Request, Signal, Window};

use super::answer::{self, Answer};
use super::case::Case;
use super::checks::Checks;
use super::streams;
use super::words::{circumstances, ms};
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "race-outcome",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "a close crosses a request, and the result is a hang, a wrong or cut-short success, or an unsafe retry",
    source: "RFC 9112 sections 9.3.1 and 9.5, RFC 9110 section 9.2.2",
    judge,
};

/// A request that crossed a signal.
struct Race<'a> {
    request: &'a Request,
    attempt: &'a Attempt,
    signal: Signal,
    window: Window,
}

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for race in case.requests().filter_map(|request| find_race(case, request)) {
        judge_race(case, &race, &mut checks);
    }
    checks.verdict("no close and no unsolicited bytes crossed a request")
}

fn find_race<'a>(case: &'a Case, request: &'a Request) -> Option<Race<'a>> {
    request.attempts.iter().find_map(|attempt| {
        let connection = case.connection_of(attempt)?;
        let exchange = connection.exchanges.get(attempt.exchange)?;
        connection.signals().iter().copied().find_map(|signal| {
            let window = Window::of(&signal, exchange).filter(|window| window.is_race())?;
            Some(Race { request, attempt, signal, window })
        })
    })
}

fn judge_race(case: &Case, race: &Race, checks: &mut Checks) {
    let Race { request, attempt, .. } = race;
    let mut evidence = vec![attempt.first_sent.event];
    evidence.extend(race.signal.delivered.map(|delivered| delivered.event));
    if !report_harm(case, race, checks, &evidence) {
        let result = match took_for_its_answer(case, race) {
            true => "took what no client can tell from its answer".to_owned(),
            false => safe_result(request, attempt),
        };
        checks.holds(format!("{}: {result} ({})", request.id, place(race)));
    }
}

/// The final attempt was answered with bytes that the origin had sent before it had the request, and that came after the
/// request was written: HTTP/1.1 has nothing that tells them apart.
fn took_for_its_answer(case: &Case, race: &Race) -> bool {
    let is_final = case.final_attempt(race.request) == Some(race.attempt);
    let is_premature = case.exchange_of(race.attempt).is_some_and(|exchange| exchange.is_premature());
    is_final && is_premature && matches!(race.request.outcome(), Some(Outcome::Response { .. }))
}

/// Reports every harm that was done; false if none was.
fn report_harm(case: &Case, race: &Race, checks: &mut Checks, evidence: &[usize]) -> bool {
    let (id, place) = (&race.request.id, place(race));
    let mut harm = |severity, message: String, proof: Vec<usize>| {
        checks.violated(severity, format!("{id} {message} ({place})"), evidence.iter().copied().chain(proof));
    };
    let mut harmed = true;
    match answer::judge(case, race.request) {
        Some(Answer::Wrong(fault)) => {
            harm(Severity::WrongResponse, format!("got {}", fault.got), fault.evidence)
        }
        Some(Answer::Truncated(fault)) => {
            harm(Severity::SilentTruncation, format!("got {}", fault.got), fault.evidence);
        }
        _ => match hang(case, race) {
            Some((message, event)) => harm(Severity::HangOrLeak, message, vec![event]),
            None => harmed = false,
        },
    }
    let executions = streams::executions(case, race.request);
    if !case.may_be_repeated(race.request) && executions.len() > 1 {
        let events = executions.iter().map(|execution| execution.moment.event).collect();
        let message = format!("({}) was executed {} times", race.request.method, executions.len());
        harm(Severity::UnsafeDuplicate, message, events);
        harmed = true;
    }
    harmed
}

/// Waiting on after the connection's end was delivered. Unsolicited bytes alone do not tell that nothing will come.
fn hang(case: &Case, race: &Race) -> Option<(String, usize)> {
    let last = case.final_attempt(race.request)?;
    let (_, ended) = case.connection_of(last)?.hang_up()?;
    if case.dials_again(race.request, ended) {
        return None;
    }
    if race.request.ended().is_some_and(|over| case.room(ended, over).is_none()) {
        // It waits in line for another attempt.
        return None;
    }
    match &race.request.finished {
        Some((finished, Outcome::Deadline)) if ended.precedes(*finished) => {
            let waited = ms(finished.since(ended));
            Some((format!("hung for {waited} after the end of its connection was delivered"), finished.event))
        }
        None if ended.precedes(case.end()) => {
            Some(("hung after the end of its connection was delivered".to_owned(), case.last_event()?))
        }
        _ => None,
    }
}

fn safe_result(request: &Request, attempt: &Attempt) -> String {
    let retried = request.attempts.iter().rfind(|later| later.first_sent > attempt.first_sent);
    let retried = retried.map(|retry| format!("retried on connection {}", retry.connection));
    let outcome = match request.outcome() {
        Some(Outcome::Error { message, .. }) => format!("surfaced ({message})"),
        Some(Outcome::Response { end: BodyEnd::Failed { message, .. }, .. }) => {
            format!("surfaced in the body ({message})")
        }
        Some(Outcome::Response { .. }) if retried.is_some() => return retried.unwrap_or_default(),
        Some(Outcome::Response { .. }) => format!("answered on connection {}", attempt.connection),
        Some(Outcome::Deadline) => "ended by its deadline".to_owned(),
        Some(Outcome::Cancelled) => "cancelled".to_owned(),
        None => "unfinished".to_owned(),
    };
    retried.into_iter().chain([outcome]).collect::<Vec<_>>().join(", ")
}

fn place(race: &Race) -> String {
    circumstances(race.signal.kind, race.attempt.connection, race.window)
}
