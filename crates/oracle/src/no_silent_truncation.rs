//! Under TLS, a body that only the end of the connection ends, ends with close_notify.

use closewait_trace::{BodyEnd, BodyFraming, Connection, Moment, Outcome, Request, Tls, WireResponse};

use super::case::Case;
use super::checks::Checks;
use super::words::ms;
use super::{Level, Oracle, Severity, Verdict};

pub(super) const ORACLE: Oracle = Oracle {
    name: "no-silent-truncation",
    level: Level::Required,
    // In HTTP/2 no body is ended by the connection.
    concerns: |protocol| protocol.is_tls() && !protocol.is_http2(),
    meaning: "under TLS, a body without a length of its own is called complete although no close_notify ended it",
    source: "RFC 9112 section 9.8, RFC 8446 section 6.1",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for request in case.requests() {
        if let Some((finished, outcome)) = &request.finished
            && let Some(cut) = find_cut(case, request, *finished)
        {
            judge_request(request, *finished, outcome, &cut, &mut checks);
        }
    }
    checks.verdict(
        "under TLS, no body that only the end of the connection ends met its end without close_notify",
    )
}

/// The end of a connection that ended a body and did not say so.
struct Cut {
    connection: u32,
    end: Moment,
    is_rst: bool,
}

fn find_cut(case: &Case, request: &Request, finished: Moment) -> Option<Cut> {
    let attempt = case.final_attempt(request)?;
    let connection = case.connection_of(attempt)?;
    let tls = connection.tls.as_ref()?;
    let response = case.exchange_of(attempt)?.response.as_ref()?;
    let end = bare_end(connection, tls, response).filter(|end| *end < finished)?;
    let is_rst = connection.to_client.rst.delivered == Some(end);
    Some(Cut { connection: connection.number, end, is_rst })
}

fn bare_end(connection: &Connection, tls: &Tls, response: &WireResponse) -> Option<Moment> {
    let delimited_by_close = response.status.is_some() && response.framing == BodyFraming::Close;
    let end = connection.death().filter(|_| delimited_by_close)?;
    let notified = tls.to_client.fin.delivered.is_some_and(|notified| notified < end);
    (!notified && response.first_delivered < end).then_some(end)
}

fn judge_request(request: &Request, finished: Moment, outcome: &Outcome, cut: &Cut, checks: &mut Checks) {
    let Cut { connection, end, is_rst } = *cut;
    let (id, what) = (&request.id, if is_rst { "an RST" } else { "a FIN" });
    let ended =
        format!("{what} without close_notify ended its body on connection {connection} at {}", ms(end.at));
    match outcome {
        Outcome::Response { end: BodyEnd::Complete, body, .. } => {
            let message = format!("{id} got {} bytes, reported complete, though {ended}", body.len());
            checks.violated(Severity::SilentTruncation, message, [end.event, finished.event]);
        }
        Outcome::Response { end: BodyEnd::Failed { message, .. }, .. } | Outcome::Error { message, .. } => {
            checks.holds(format!("{id}: surfaced ({message}): {ended}"));
        }
        // The application did not want to know.
        Outcome::Response { end: BodyEnd::Dropped, .. } | Outcome::Deadline | Outcome::Cancelled => {}
    }
}
