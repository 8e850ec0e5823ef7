//! h2 and a request that waits for a stream when GOAWAY comes: `found/queued-behind-a-goaway`.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::frames::{
    ACK, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, accept, frame, receive, request, send,
};

/// SETTINGS_MAX_CONCURRENT_STREAMS, and one.
const ONE_STREAM: [u8; 6] = [0, 3, 0, 0, 0, 1];
/// The highest last stream, and NO_ERROR.
const DRAIN: [u8; 8] = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
/// `:status: 200` of the static table (RFC 7541 appendix A).
const OK: [u8; 1] = [0x88];

/// How long after the first request the origin drains.
const BUSY: Duration = Duration::from_millis(400);

/// A request that was asked for before GOAWAY is sent behind it; one that was asked for later is not.
pub(super) fn h2_opens_a_queued_stream_behind_a_goaway() {
    assert!(!opens_another(BUSY * 2), "asked for after GOAWAY, it goes elsewhere");
    assert!(opens_another(BUSY / 4), "h2 does it right now: docs/known-hazards.md says otherwise");
}

/// Whether the client opens a second stream on a connection that drains, if a second request is asked for so long after the
/// first.
fn opens_another(later: Duration) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let uri = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let origin = thread::spawn(move || drain(&listener));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is epoll");
    runtime.block_on(async {
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build(HttpConnector::new());
        let ask = || {
            let request = http::Request::get(&uri).body(Empty::<Bytes>::new()).expect("it is a request");
            tokio::spawn(client.request(request))
        };
        let _first = ask();
        tokio::time::sleep(later).await;
        let _second = ask();
        tokio::time::sleep(BUSY * 3).await;
    });
    drop(runtime);
    origin.join().expect("no panic")
}

/// Drains while the first request is open, answers that, and tells whether another came on the connection.
fn drain(listener: &TcpListener) -> bool {
    let mut stream = accept(listener, &ONE_STREAM);
    let id = request(&mut stream);
    thread::sleep(BUSY);
    // The answer to the PING proves that the client has read the GOAWAY before it.
    send(&mut stream, &[frame(GOAWAY, 0, 0, &DRAIN), frame(PING, 0, 0, &[0; 8])]);
    while receive(&mut stream).expect("the PING is answered") != (PING, ACK, 0) {}
    send(&mut stream, &[frame(HEADERS, END_HEADERS | END_STREAM, id, &OK)]);
    std::iter::from_fn(|| receive(&mut stream)).any(|(kind, _, other)| kind == HEADERS && other != id)
}
