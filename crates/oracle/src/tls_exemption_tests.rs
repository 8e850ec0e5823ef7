//! What a client is exempt from over TLS, each beside the near miss that it is not: random schedules met all of these.

use closewait_scenario::{Protocol, Scenario};
use closewait_trace::ErrorKind;
use closewait_trace::sealing::{sealed, sealed_in_part};
use closewait_trace::testing::{TraceBuilder, error};

use super::tests::{answered, check_trace, on_new_connection, opened, scenario};

/// Judges three traces: `begun` with the last record cut short, the same with a last record that carries something else, and
/// `begun` without any last record. What was written counts, and only what was written by HTTP.
fn check(oracle: &str, begun: impl Fn(Last) -> TraceBuilder, written: &str, unwritten: &str) {
    let over_tls = Scenario { protocol: Protocol::Https1, ..scenario() };
    let part = |is_data| sealed_in_part(begun(Last::Begun).build(), is_data);
    check_trace(oracle, &over_tls, &part(true), written);
    check_trace(oracle, &over_tls, &part(false), unwritten);
    check_trace(oracle, &over_tls, &sealed(begun(Last::Missing).build()), unwritten);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Begun,
    Missing,
}

/// An upload of which the host takes no more than the first half of a record.
fn upload(trace: TraceBuilder, at: u64, id: &str, last: Last) -> TraceBuilder {
    let half = format!("PUT /{id} HTTP/1.1\r\nx-request-id: {id}\r\ncontent-length: 9\r\n\r\n1234");
    let trace = trace.start(at, id, "PUT");
    if last == Last::Begun { trace.client_sends(at, 1, half) } else { trace }
}

#[test]
fn a_request_that_fails_in_its_first_record_was_written() {
    check(
        "unsent-is-free",
        |last| upload(opened(), 0, "a", last).rst(20, 1).finish(20, "a", error(ErrorKind::Reset)),
        "not exercised: no request met a dead connection before its first byte was written",
        "AvoidableFailure: a failed although no byte of it was written (connection closed before message completed)",
    );
}

#[test]
fn a_request_that_is_given_up_in_its_first_record_takes_its_connection_with_it() {
    let abandoned = |last| {
        let given_up = upload(answered(), 40, "b", last).deadline(50, "b").client_fin(50, 1);
        on_new_connection(given_up, 50, "c", 2)
    };
    let missed = "NeedlessConnections: c was written on new connection 2 although connection 1 was healthy when the client closed it at 50 ms";
    check("reuses-when-healthy", abandoned, "holds: b reused connection 1", missed);
    check("no-needless-connections", abandoned, "holds: 2 connections for 3 requests", missed);
}

#[test]
fn a_request_waits_for_its_first_record() {
    check(
        "bounded-wait",
        |last| upload(answered(), 40, "b", last).deadline(50, "b"),
        "holds: b was ended by its deadline: nothing told the client; 1 request ended in time",
        "HangOrLeak: b waited for its deadline, 10 ms after connection 1 was free for it",
    );
}

#[test]
fn a_connection_is_stale_once_a_first_record_was_given_up_on_it() {
    let again = |last| upload(answered(), 40, "b", last).cancel(50, "b").step(60);
    let left_alone = "holds: connection 1 was left alone after b was given up on it with the response outstanding at 50 ms";
    let fine = "not exercised: no connection became stale before a later request";
    check("no-stale-reuse", |last| on_new_connection(again(last), 60, "c", 2), left_alone, fine);
}
