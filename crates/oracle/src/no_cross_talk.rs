//! Every caller gets the answer to its own request, whole or as an error.

use closewait_trace::Request;

use super::answer::{self, Answer, Fault};
use super::case::Case;
use super::checks::Checks;
use super::words::count;
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "no-cross-talk",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "a response belongs to another request, uses bytes past the framing, or is cut short and called complete",
    source: "RFC 9112 sections 6.3, 8 and 9.2",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    let mut right = 0;
    for request in case.requests() {
        match answer::judge(case, request) {
            Some(Answer::Right) => right += 1,
            Some(Answer::Truncated(fault)) => {
                violated(&mut checks, Severity::SilentTruncation, request, fault)
            }
            Some(Answer::Wrong(fault)) => violated(&mut checks, Severity::WrongResponse, request, fault),
            None => {}
        }
    }
    if right > 0 {
        checks.holds(format!("{}, each the right one", count(right, "response")));
    }
    checks.verdict("no request got a response")
}

fn violated(checks: &mut Checks, severity: Severity, request: &Request, fault: Fault) {
    let origin = fault.origin.map_or(String::new(), |origin| format!(" ({origin})"));
    checks.violated(severity, format!("{} got {}{origin}", request.id, fault.got), fault.evidence);
}
