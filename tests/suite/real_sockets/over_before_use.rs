//! tonic and a connection that opens when nobody wants it any more: `found/goaway-on-an-abandoned-connection`.

use std::future::poll_fn;
use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

use tokio::time::{error::Elapsed, sleep, timeout};
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint, Error};
use tower_service::Service;

use super::deaf_origin::DeafOrigin;
use super::frames::{GOAWAY, SETTINGS, frame};

/// Longer than anything on loopback takes.
const A_WHILE: Duration = Duration::from_secs(1);
/// No stream at all, and NO_ERROR.
const GO: [u8; 8] = [0; 8];

/// GOAWAY and FIN come on a connection whose call has given up: the socket is in CLOSE_WAIT until the next call, which
/// fails at once. Had the connection lived, that call would have been sent on it.
pub(super) fn tonic_fails_a_call_on_a_connection_that_was_over_before() {
    assert!(second_call(false).is_err(), "on a connection that lives, it waits for its answer");
    let outcome = second_call(true).expect("it does not wait");
    assert!(outcome.is_err(), "tonic does it right now: docs/known-hazards.md says otherwise");
}

/// What comes of a call after one that gave up before its connection opened, if that connection was over by then.
fn second_call(over: bool) -> Result<Result<(), Error>, Elapsed> {
    let mut origin = DeafOrigin::new();
    let endpoint = Endpoint::from_shared(format!("http://{}", origin.address())).expect("it is a URI");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is epoll");
    runtime.block_on(async {
        let mut channel = endpoint.connect_lazy();
        timeout(A_WHILE / 5, call(&mut channel)).await.expect_err("nothing answers the SYN");
        // The client's task is idle meanwhile, as it is wherever nothing happens.
        let mut stream = origin.hear();
        stream.write_all(&frame(SETTINGS, 0, 0, &[])).expect("it is open");
        if over {
            stream.write_all(&frame(GOAWAY, 0, 0, &GO)).expect("it is open");
            stream.shutdown(Shutdown::Write).expect("it is open");
        }
        sleep(A_WHILE).await;
        assert_eq!(origin.waits_for_close(), over, "the client looks at the connection now");
        timeout(A_WHILE, call(&mut channel)).await
    })
}

async fn call(channel: &mut Channel) -> Result<(), Error> {
    poll_fn(|cx| channel.poll_ready(cx)).await?;
    channel.call(http::Request::new(Body::empty())).await.map(drop)
}
