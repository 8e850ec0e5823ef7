//! A request that is not idempotent is carried out at most once.

use super::case::Case;
use super::checks::Checks;
use super::streams;
use super::words::{few, ms};
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "at-most-once",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "the origin executed a non-idempotent request twice",
    source: "RFC 9110 section 9.2.2",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for request in case.requests().filter(|request| !case.may_be_repeated(request)) {
        let executions = streams::executions(case, request);
        let not_processed = request.asked_again.is_empty() && request.executions.len() > executions.len();
        let places: Vec<String> = executions
            .iter()
            .map(|execution| format!("on connection {} at {}", execution.connection, ms(execution.moment.at)))
            .collect();
        let events = executions.iter().map(|execution| execution.moment.event);
        let (id, method) = (&request.id, &request.method);
        match places.len() {
            0 => checks.holds(format!("{id} ({method}): not executed")),
            1 if not_processed => {
                let note = "executed once more after the origin had said that it had not processed it";
                checks.holds(format!("{id} ({method}): {note}"));
            }
            1 if request.executions.len() > 1 => {
                checks
                    .holds(format!("{id} ({method}): executed once each time that the origin asked for it"));
            }
            1 => checks.holds(format!("{id} ({method}): executed once")),
            n => {
                let message = format!("{id} ({method}) was executed {n} times: {}", few(&places));
                checks.violated(Severity::UnsafeDuplicate, message, events);
            }
        }
    }
    checks.verdict("every request was idempotent")
}
