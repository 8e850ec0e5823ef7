//! hyper and an upload that is answered before it is flushed: `upload/early-401-kept-alive`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// While more than about 400 kB are left, hyper flushes on a path that does not lose the
/// connection: the last of the upload must be less, and the sockets must not take it at once.
pub(super) fn hyper_leaks_what_was_answered_before_its_upload_was_flushed() {
    assert!(ends_with_its_client(1_000), "a small upload: the connection outlives its client");
    assert!(!ends_with_its_client(300_000), "hyper does it right now: docs/known-hazards.md says otherwise");
}

/// An upload that is answered as soon as its head is there; the client goes away; then the origin reads the rest. Whether
/// the connection ends.
fn ends_with_its_client(body: usize) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let uri = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let (gone, is_gone) = channel();
    let origin = thread::spawn(move || serve(&listener, body, &is_gone));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is epoll");
    runtime.block_on(async {
        let mut connector = HttpConnector::new();
        connector.set_send_buffer_size(Some(16_384));
        let client = Client::builder(TokioExecutor::new()).build::<_, Full<Bytes>>(connector);
        let upload = http::Request::post(uri).body(Full::new(Bytes::from(vec![0; body])));
        let response = client.request(upload.expect("it is a request")).await.expect("it is answered");
        assert_eq!(response.status(), 401);
        response.into_body().collect().await.expect("the answer is whole");
        drop(client);
        gone.send(()).expect("the origin waits for it");
        tokio::task::spawn_blocking(|| origin.join()).await.expect("it is not cancelled").expect("no panic")
    })
}

/// Whether the client's FIN, or RST, comes within seconds of its last byte.
fn serve(listener: &TcpListener, body: usize, is_gone: &Receiver<()>) -> bool {
    let (mut stream, _) = listener.accept().expect("a client comes");
    stream.set_read_timeout(Some(Duration::from_secs(3))).expect("it is a socket");
    let mut buffer = vec![0; 1 << 16];
    let mut head = Vec::new();
    let end = loop {
        let length = stream.read(&mut buffer).expect("a head comes");
        head.extend_from_slice(&buffer[..length]);
        if let Some(end) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
    };
    stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").expect("it is open");
    is_gone.recv().expect("the client goes");
    let mut left = body - (head.len() - end);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(length) => left -= length,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return true,
            Err(_) => {
                assert_eq!(left, 0, "the rest of the body never came");
                return false;
            }
        }
    }
}
