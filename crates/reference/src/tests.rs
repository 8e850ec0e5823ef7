//! The transports against peers in memory, and without any.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use closewait_simulator::client::{Timeouts, Upload};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::pool::Limits;
use super::*;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Hands out one end of a pipe for each dial, and answers on the other end as the function says.
struct Pipes<F> {
    capacity: usize,
    peer: F,
    dials: Arc<AtomicU32>,
}

impl<F, P> Dial for Pipes<F>
where
    F: Fn(DuplexStream, u32) -> P + Send + Sync + 'static,
    P: Future<Output = ()> + Send + 'static,
{
    fn dial(&self) -> BoxFuture<'static, io::Result<Dialled>> {
        let (near, far) = duplex(self.capacity);
        tokio::spawn((self.peer)(far, self.dials.fetch_add(1, Relaxed) + 1));
        Box::pin(std::future::ready(Ok(Dialled { io: Box::new(near), http2: false })))
    }
}

/// Answers every request.
async fn obliging(mut stream: DuplexStream, _: u32) {
    let mut request = [0; 4096];
    while stream.read(&mut request).await.is_ok_and(|n| n > 0) {
        if stream.write_all(OK).await.is_err() {
            return;
        }
    }
}

/// Reads, and never answers.
async fn mute(mut stream: DuplexStream, _: u32) {
    let mut sink = [0; 4096];
    while stream.read(&mut sink).await.is_ok_and(|n| n > 0) {}
}

/// Neither reads nor answers.
async fn stuck(stream: DuplexStream, _: u32) {
    std::future::pending::<()>().await;
    drop(stream);
}

/// Answers once and closes the first connection when the second request is there; obliging on the others.
async fn fickle(mut stream: DuplexStream, dial: u32) {
    if dial > 1 {
        return obliging(stream, dial).await;
    }
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(OK).await;
    let _ = stream.read(&mut request).await;
}

fn pool<F, P>(peer: F, limits: Limits) -> PooledTransport
where
    F: Fn(DuplexStream, u32) -> P + Send + Sync + 'static,
    P: Future<Output = ()> + Send + 'static,
{
    PooledTransport::new(Pipes { capacity: 1024, peer, dials: Arc::default() }, limits)
}

fn one_connection() -> Limits {
    Limits { max_connections: 1, ..Limits::default() }
}

fn request(method: &str, body: usize) -> http::Request<Upload> {
    let request = http::Request::builder().method(method).uri("http://origin.test/a");
    request.body(Bytes::from(vec![b'x'; body]).into()).expect("a valid request")
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

async fn body_of(response: Response) -> Bytes {
    response.into_body().collect().await.expect("a whole body").to_bytes()
}

/// Each timeout is told apart, with its limit.
async fn check_timeout(result: Result<Response, TransportError>, phase: Phase, limit: u64, words: &str) {
    let error = result.expect_err("a timeout");
    let is_it = matches!(error.cause, Cause::Timeout { phase: p, after } if p == phase && Some(after) == seconds(limit));
    assert!(is_it, "{error:?}");
    assert_eq!(error.to_string(), words);
    assert_eq!(error.attempt, 1);
}

#[tokio::test(start_paused = true)]
async fn the_read_timeout_passes() {
    let timeouts = Timeouts { read: seconds(3), write: seconds(9), ..Timeouts::default() };
    let result = pool(mute, Limits::default()).send(request("GET", 0), timeouts).await;
    check_timeout(result, Phase::Read, 3, "read timed out after 3s").await;
}

#[tokio::test(start_paused = true)]
async fn the_write_timeout_passes() {
    let timeouts = Timeouts { read: seconds(9), write: seconds(2), ..Timeouts::default() };
    let result = pool(stuck, Limits::default()).send(request("POST", 100_000), timeouts).await;
    check_timeout(result, Phase::Write, 2, "write timed out after 2s").await;
}

#[tokio::test(start_paused = true)]
async fn the_pool_timeout_passes() {
    let transport = pool(mute, one_connection());
    let _first = tokio::spawn(transport.send(request("GET", 0), Timeouts::default()));
    tokio::task::yield_now().await;
    let timeouts = Timeouts { pool: seconds(4), ..Timeouts::default() };
    let result = transport.send(request("GET", 0), timeouts).await;
    check_timeout(result, Phase::Pool, 4, "pool timed out after 4s").await;
}

#[tokio::test(start_paused = true)]
async fn the_connect_timeout_passes() {
    struct Never;
    impl Dial for Never {
        fn dial(&self) -> BoxFuture<'static, io::Result<Dialled>> {
            Box::pin(std::future::pending())
        }
    }
    let transport = Retry::new(PooledTransport::new(Never, Limits::default()), Budget::default());
    let timeouts = Timeouts { connect: seconds(5), pool: seconds(1), ..Timeouts::default() };
    let result = transport.send(request("GET", 0), timeouts).await;
    check_timeout(result, Phase::Connect, 5, "connect timed out after 5s").await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_the_connection_when_it_is_free() {
    let transport = pool(obliging, one_connection());
    let sending = (0..5).map(|_| tokio::spawn(transport.send(request("GET", 0), Timeouts::default())));
    for sent in sending.collect::<Vec<_>>() {
        let response = sent.await.expect("no panic").expect("a response");
        assert_eq!(body_of(response).await, "ok");
    }
}

/// As `obliging`, with nothing to read.
async fn laconic(mut stream: DuplexStream, _: u32) {
    let mut request = [0; 4096];
    while stream.read(&mut request).await.is_ok_and(|n| n > 0) {
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_without_a_body_keeps_no_connection() {
    let transport = pool(laconic, one_connection());
    let timeouts = Timeouts { pool: seconds(1), ..Timeouts::default() };
    let first = transport.send(request("GET", 0), timeouts).await.expect("a response");
    let second = transport.send(request("GET", 0), timeouts).await.expect("the same connection, free");
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_recorded() {
    let entries = Arc::new(Mutex::new(Vec::new()));
    let log = entries.clone();
    let transport = Logged::new(
        Retry::new(pool(fickle, Limits::default()), Budget::default()),
        move |entry: &Entry<'_>| log.lock().expect("no panic").push(entry.retried.to_vec()),
    );
    for _ in 0..2 {
        let response = transport.send(request("GET", 0), Timeouts::default()).await.expect("a response");
        body_of(response).await;
    }
    assert_eq!(*entries.lock().expect("no panic"), [vec![], vec![RetryReason::Idempotent]]);
}

#[tokio::test(start_paused = true)]
async fn a_post_is_not_retried() {
    let transport = Retry::new(pool(fickle, Limits::default()), Budget::default());
    let response = transport.send(request("POST", 9), Timeouts::default()).await.expect("a response");
    body_of(response).await;
    let error =
        transport.send(request("POST", 9), Timeouts::default()).await.expect_err("a closed connection");
    assert_eq!(error.progress, Progress { reused: true, written: true, received: false });
}

#[tokio::test(start_paused = true)]
async fn close_waits_for_requests_until_its_deadline() {
    let transport = pool(mute, Limits::default());
    let under_way = tokio::spawn(transport.send(request("GET", 0), Timeouts::default()));
    tokio::task::yield_now().await;
    let start = tokio::time::Instant::now();
    transport.close(Duration::from_secs(7)).await;
    assert_eq!(start.elapsed(), Duration::from_secs(7));
    assert!(under_way.await.expect("no panic").is_err(), "what is left at the deadline is aborted");
    let refused = transport.send(request("GET", 0), Timeouts::default()).await.expect_err("it is closed");
    assert!(matches!(refused.cause, Cause::Closed), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_client_closes_what_is_idle_and_finishes_what_is_not() {
    let transport = pool(obliging, Limits::default());
    let under_way = transport.send(request("GET", 0), Timeouts::default());
    let response = tokio::spawn(under_way).await.expect("no panic").expect("a response");
    drop(transport);
    assert_eq!(body_of(response).await, "ok");
}

/// Counts its calls, and answers with their number.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicU32>);

impl tower_service::Service<http::Request<Upload>> for Counter {
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<Upload>) -> Self::Future {
        let calls = self.0.fetch_add(1, Relaxed) + 1;
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(http::Response::new(Full::from(calls.to_string())))
        })
    }
}

fn keyed() -> http::Request<Upload> {
    let mut request = request("POST", 1);
    request.headers_mut().insert("idempotency-key", "k".parse().expect("a valid value"));
    request
}

#[tokio::test(start_paused = true)]
async fn a_service_needs_no_network() {
    let transport = Mounts::new()
        .mount("http://", pool(mute, Limits::default()))
        .mount("http://origin.test", InProcess::new(Counter::default()));
    let response = transport.send(request("GET", 0), Timeouts::default()).await.expect("a response");
    assert_eq!(body_of(response).await, "1");
    transport.close(Duration::from_secs(1)).await;
    let refused = transport.send(request("GET", 0), Timeouts::default()).await.expect_err("it is closed");
    assert!(matches!(refused.cause, Cause::Closed), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_key_is_carried_out_once() {
    let guard = Guard::new(InProcess::new(Counter::default()), MemoryKeys::default(), OnFailure::Closed);
    let sending = (0..3).map(|_| tokio::spawn(guard.send(keyed(), Timeouts::default())));
    for sent in sending.collect::<Vec<_>>() {
        assert_eq!(body_of(sent.await.expect("no panic").expect("a response")).await, "1");
    }
    let without_key = guard.send(request("POST", 1), Timeouts::default()).await.expect("a response");
    assert_eq!(body_of(without_key).await, "2");
}

/// The first request is cut off by its timeout when the service has begun.
async fn check_unknown(on_failure: OnFailure, second: Option<&str>) {
    let guard = Guard::new(InProcess::new(Counter::default()), MemoryKeys::default(), on_failure);
    let timeouts = Timeouts { read: Some(Duration::from_millis(500)), ..Timeouts::default() };
    assert!(guard.send(keyed(), timeouts).await.is_err());
    match (guard.send(keyed(), Timeouts::default()).await, second) {
        (Ok(response), Some(body)) => assert_eq!(body_of(response).await, body),
        (Err(error), None) => assert!(matches!(error.cause, Cause::Store(_)), "{error:?}"),
        (Ok(_), None) => panic!("carried out twice"),
        (Err(error), Some(_)) => panic!("{error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_fails_open_or_closed() {
    check_unknown(OnFailure::Open, Some("2")).await;
    check_unknown(OnFailure::Closed, None).await;
}

/// A store that never works.
struct Broken;

impl KeyStore for Broken {
    fn claim(&self, _: &str) -> BoxFuture<'static, Result<Claim, StoreError>> {
        Box::pin(std::future::ready(Err(StoreError("down".to_owned()))))
    }

    fn remember(&self, _: &str, _: Remembered) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(std::future::ready(Err(StoreError("down".to_owned()))))
    }

    fn abandon(&self, _: &str, _: Abandoned) {}
}

#[tokio::test(start_paused = true)]
async fn a_broken_store_fails_open_or_closed() {
    let open = Guard::new(InProcess::new(Counter::default()), Broken, OnFailure::Open);
    let response = open.send(keyed(), Timeouts::default()).await.expect("a response");
    assert_eq!(body_of(response).await, "1");
    let closed = Guard::new(InProcess::new(Counter::default()), Broken, OnFailure::Closed);
    let error = closed.send(keyed(), Timeouts::default()).await.expect_err("it is refused");
    assert!(matches!(error.cause, Cause::Store(_)), "{error:?}");
}
