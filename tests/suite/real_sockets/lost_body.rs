//! hyper and a body of unknown length behind a response of HTTP/1.0: `found/body-lost-behind-http-10`.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// On a connection whose last response was HTTP/1.1 a body without a length comes in chunks; behind HTTP/1.0 nothing of it comes,
/// and the request succeeds.
pub(super) fn hyper_sends_no_body_of_unknown_length_behind_http_10() {
    assert_eq!(second_request("HTTP/1.1"), (true, "4\r\nbody\r\n0\r\n\r\n".to_owned()));
    let lost = "hyper does it right now: docs/known-hazards.md says otherwise";
    assert_eq!(second_request("HTTP/1.0"), (true, String::new()), "{lost}");
}

struct OfUnknownLength(Option<&'static str>);

impl Body for OfUnknownLength {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|body| Ok(Frame::data(body.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

/// Whether the second request was answered, and what the origin had of its body.
fn second_request(version: &'static str) -> (bool, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let uri = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let origin = thread::spawn(move || serve(&listener, version));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is epoll");
    let answered = runtime.block_on(async {
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let ask = |method: http::Method| {
            let body = (method == http::Method::POST).then_some("body");
            let request = http::Request::builder().method(method).uri(&uri);
            let request = request.body(OfUnknownLength(body)).expect("it is a request");
            let response = client.request(request);
            async { response.await.expect("it is answered").into_body().collect().await }
        };
        ask(http::Method::GET).await.expect("the first is answered");
        ask(http::Method::POST).await.is_ok()
    });
    drop(runtime);
    (answered, origin.join().expect("no panic"))
}

/// Answers two requests on one connection with such a version; what came behind the head of the second.
fn serve(listener: &TcpListener, version: &str) -> String {
    let (stream, _) = listener.accept().expect("a client dials");
    let mut lines = BufReader::new(stream);
    head(&mut lines);
    answer(lines.get_mut(), version);
    let is_chunked = head(&mut lines).contains("transfer-encoding: chunked");
    let mut body = String::new();
    while is_chunked && !body.ends_with("0\r\n\r\n") {
        lines.read_line(&mut body).expect("the client is there");
    }
    answer(lines.get_mut(), version);
    // Whatever comes later belongs to it as well.
    lines.read_to_string(&mut body).expect("the client closes");
    body
}

fn head(lines: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        lines.read_line(&mut head).expect("the client is there");
    }
    head
}

fn answer(stream: &mut TcpStream, version: &str) {
    let answer = format!("{version} 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).expect("the client is there");
}
