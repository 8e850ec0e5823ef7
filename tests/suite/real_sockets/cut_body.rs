//! hyper and RST_STREAM with NO_ERROR in the middle of a body: `found/body-cut-by-no-error`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

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

const PREFACE: usize = 24;
const FRAME_HEADER: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;

const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:status: 200` and `content-length: 10`, the names from the static table (RFC 7541 appendix A).
const HEAD: [u8; 6] = [0x88, 0x0f, 0x0d, 2, b'1', b'0'];

/// Answers one request, and stays until the client has gone.
fn serve(listener: &TcpListener, code: u32) {
    let (mut stream, _) = listener.accept().expect("a client comes");
    stream.read_exact(&mut [0; PREFACE]).expect("a client of HTTP/2 says so");
    send(&mut stream, &[frame(SETTINGS, 0, 0, &[])]);
    let id = loop {
        match receive(&mut stream) {
            (SETTINGS, 0, _) => send(&mut stream, &[frame(SETTINGS, ACK, 0, &[])]),
            (HEADERS, _, id) => break id,
            _ => {}
        }
    };
    let head = frame(HEADERS, END_HEADERS, id, &HEAD);
    send(&mut stream, &[head, frame(DATA, 0, id, b"01234"), frame(RST_STREAM, 0, id, &code.to_be_bytes())]);
    let mut rest = [0; 1024];
    while stream.read(&mut rest).is_ok_and(|length| length > 0) {}
}

fn send(stream: &mut TcpStream, frames: &[Vec<u8>]) {
    stream.write_all(&frames.concat()).expect("the client is there");
}

/// Type, flags and stream.
fn receive(stream: &mut TcpStream) -> (u8, u8, u32) {
    let mut header = [0; FRAME_HEADER];
    stream.read_exact(&mut header).expect("frames come");
    let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
    let mut payload = vec![0; length as usize];
    stream.read_exact(&mut payload).expect("frames come whole");
    (header[3], header[4], u32::from_be_bytes([header[5], header[6], header[7], header[8]]))
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame is short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
