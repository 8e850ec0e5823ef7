//! hyper and RST_STREAM with NO_ERROR in the middle of a body: `found/body-cut-by-no-error`.

use std::io::Read;
use std::net::TcpListener;
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::frames::{DATA, END_HEADERS, HEADERS, RST_STREAM, accept, frame, request, send};

const NO_ERROR: u32 = 0;
const CANCEL: u32 = 8;

/// The head promises ten bytes, five come, then RST_STREAM: the body is not whole, whatever its code is.
pub(super) fn hyper_takes_no_error_for_the_end_of_a_body() {
    assert_eq!(body_cut_by(CANCEL), None, "another code: the caller is told");
    let whole = "hyper does it right now: docs/known-hazards.md says otherwise";
    assert_eq!(body_cut_by(NO_ERROR).as_deref(), Some(&b"01234"[..]), "{whole}");
}

/// What the caller gets for the whole body; `None` for an error.
fn body_cut_by(code: u32) -> Option<Bytes> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let uri = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let origin = thread::spawn(move || serve(&listener, code));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is epoll");
    let body = runtime.block_on(async {
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build(HttpConnector::new());
        let request = http::Request::get(uri).body(Empty::<Bytes>::new()).expect("it is a request");
        let response = client.request(request).await.expect("it is answered");
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-length"].as_bytes()),
            (200, &b"10"[..])
        );
        response.into_body().collect().await.ok().map(http_body_util::Collected::to_bytes)
    });
    drop(runtime);
    origin.join().expect("no panic");
    body
}

/// `:status: 200` and `content-length: 10`, the names from the static table (RFC 7541 appendix A).
const HEAD: [u8; 6] = [0x88, 0x0f, 0x0d, 2, b'1', b'0'];

/// Answers one request, and stays until the client has gone.
fn serve(listener: &TcpListener, code: u32) {
    let mut stream = accept(listener, &[]);
    let id = request(&mut stream);
    let head = frame(HEADERS, END_HEADERS, id, &HEAD);
    send(&mut stream, &[head, frame(DATA, 0, id, b"01234"), frame(RST_STREAM, 0, id, &code.to_be_bytes())]);
    let mut rest = [0; 1024];
    while stream.read(&mut rest).is_ok_and(|length| length > 0) {}
}
