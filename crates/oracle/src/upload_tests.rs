//! Requests whose body the application does not give to its end.

use std::time::Duration;

use closewait_scenario::*;
use closewait_trace::testing::TraceBuilder;
use closewait_trace::{ErrorKind, Outcome};

use super::tests::{check_in, scenario};

/// POST a, ten bytes of which the application gives four, and then fails.
fn failing() -> Scenario {
    let source = BodySource { content_length: false, end: SourceEnd::Fails(4), ..BodySource::WHOLE };
    let send = SendRequest {
        id: "a".to_owned(),
        method: "POST".to_owned(),
        path: "/a".to_owned(),
        headers: Vec::new(),
        body: 10,
        source,
        background: false,
        deadline: DEFAULT_DEADLINE,
        read: ReadBody::All,
    };
    let action = Action::Client(ClientAction::Send(send));
    Scenario { script: vec![Step { action, when: When::Now, may_miss: false, line: 1 }], ..scenario() }
}

fn written(framing: &str, body: &str) -> TraceBuilder {
    let message = format!("POST /a HTTP/1.1\r\nx-request-id: a\r\n{framing}\r\n\r\n{body}");
    TraceBuilder::new().open(0, 1).start(0, "a", "POST").client_sends(0, 1, message)
}

#[test]
fn no_truncated_request() {
    let check = |trace, expected: &str| check_in("no-truncated-request", &failing(), trace, expected);
    let chunked = |body: &str| written("Transfer-Encoding: chunked", body);
    let ended = "SilentTruncation: a was ended on connection 1 after 4 of the 10 bytes of its body";
    check(chunked("4\r\nabcd\r\n0\r\n\r\n"), ended);
    check(written("Content-Length: 4", "abcd"), ended);
    check(chunked("4\r\nabcd\r\n"), "holds: a was not ended on connection 1, after 4 of 10 bytes");
    check(
        written("Content-Length: 10", "abcd"),
        "holds: a was not ended on connection 1, after 4 of 10 bytes",
    );
    check(
        chunked("a\r\n0123456789\r\n0\r\n\r\n"),
        "not exercised: the body of every request was given to its end",
    );
}

/// Whose own body has failed, it is in vain to send the request again; one that has not is still sent for free.
#[test]
fn a_request_that_its_application_broke_off_need_not_be_sent_again() {
    let outcome = || Outcome::Error { kind: ErrorKind::Other, message: "the body failed".to_owned() };
    let failed = || TraceBuilder::new().open(0, 1).start(10, "a", "POST").finish(20, "a", outcome());
    let none = "not exercised: no request met a dead connection before its first byte was written";
    check_in("unsent-is-free", &failing(), failed(), none);
    let mut whole = failing();
    if let Action::Client(ClientAction::Send(send)) = &mut whole.script[0].action {
        send.source = BodySource { pause: Duration::ZERO, ..BodySource::WHOLE };
    }
    let avoidable = "AvoidableFailure: a failed although no byte of it was written (the body failed)";
    check_in("unsent-is-free", &whole, failed(), avoidable);
}
