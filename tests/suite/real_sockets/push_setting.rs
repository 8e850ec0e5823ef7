//! h2 and SETTINGS_ENABLE_PUSH from a server: `h2-connection-error/push-enabled-by-the-origin`.

use std::net::{TcpListener, TcpStream};
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::frames::{DATA, END_HEADERS, END_STREAM, HEADERS, accept, frame, receive, request, send};

/// SETTINGS_ENABLE_PUSH is 2.
const ENABLE_PUSH: [u8; 2] = [0, 2];

/// `:status: 200` from the static table (RFC 7541 appendix A).
const HEAD: [u8; 1] = [0x88];

/// A client has to end the connection with PROTOCOL_ERROR; h2 answers and goes on.
pub(super) fn h2_takes_a_push_setting_from_a_server() {
    assert!(answers_on_a_connection_with(0), "0 is what a server may send");
    assert!(!answers_on_a_connection_with(2), "h2 knows that the setting is 0 or 1");
    let right = "h2 does it right now: docs/known-hazards.md says otherwise";
    assert!(answers_on_a_connection_with(1), "{right}");
}

/// Whether a request on a connection with this value of the setting is answered.
fn answers_on_a_connection_with(value: u32) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let uri = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let origin =
        thread::spawn(move || serve(accept(&listener, &[&ENABLE_PUSH[..], &value.to_be_bytes()].concat())));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is epoll");
    let answered = runtime.block_on(async {
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build(HttpConnector::new());
        let request = http::Request::get(uri).body(Empty::<Bytes>::new()).expect("it is a request");
        let Ok(response) = client.request(request).await else { return false };
        response.into_body().collect().await.is_ok_and(|body| body.to_bytes() == "ok")
    });
    drop(runtime);
    let _ = origin.join();
    answered
}

/// Answers one request, if there is one, and stays until the client has gone.
fn serve(mut stream: TcpStream) {
    let id = request(&mut stream);
    let head = frame(HEADERS, END_HEADERS, id, &HEAD);
    send(&mut stream, &[head, frame(DATA, END_STREAM, id, b"ok")]);
    while receive(&mut stream).is_some() {}
}
