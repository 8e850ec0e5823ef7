//! No request outlives its deadline, and none waits for it without need.

use closewait_trace::{End, Moment, Outcome, Request};

use super::case::Case;
use super::checks::Checks;
use super::ends::Sign;
use super::missed;
use super::words::{count, ms};
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "bounded-wait",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "a request outlives its deadline, or waits for it although the client could know better",
    source: "hyperium/hyper#1439, RFC 9112 section 9.5",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    if let Some(message) = watchdog(case) {
        checks.violated(Severity::HangOrLeak, message, case.last_event());
    }
    let mut in_time = 0;
    for request in case.requests() {
        let Some((finished, outcome)) = &request.finished else {
            let message =
                format!("{} had no outcome when the run ended at {}", request.id, ms(case.views.end));
            checks.violated(Severity::HangOrLeak, message, [request.started.event]);
            continue;
        };
        // What the application keeps unread has no deadline, and begins anew as it reads on.
        let began = if request.kept.is_some() { request.read_on } else { Some(request.started) };
        let Some(began) = began else {
            in_time += 1;
            continue;
        };
        let deadline = began.later_by(case.deadline_of(&request.id));
        if deadline.precedes(*finished) {
            let late = ms(finished.since(deadline));
            let message = format!("{} ended {late} after its deadline", request.id);
            checks.violated(Severity::HangOrLeak, message, [request.started.event, finished.event]);
        } else if *outcome == Outcome::Deadline {
            judge_deadline(case, request, *finished, &mut checks);
        } else {
            in_time += 1;
        }
    }
    if in_time > 0 {
        checks.holds(format!("{} ended in time", count(in_time, "request")));
    }
    checks.verdict("there was no request")
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
fn judge_deadline(case: &Case, request: &Request, finished: Moment, checks: &mut Checks) {
    let id = &request.id;
    match missed::sign(case, request, finished) {
        Some(Sign { what, at }) => {
            let waited = ms(finished.since(at));
            let message = format!("{id} waited for its deadline, {waited} after {what}");
            checks.violated_for(
                (id.as_str(), what),
                Severity::HangOrLeak,
                message,
                [at.event, finished.event],
            );
        }
        None => checks.holds(format!("{id} was ended by its deadline: nothing told the client")),
    }
}
