//! The pooled transport over HTTP/2, against peers that write their frames by hand.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use closewait_simulator::client::{Timeouts, Upload};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::time::{Instant, sleep, timeout};

use super::pool::Limits;
use super::*;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// A frame: type, flags, stream, content.
type Frame = (u8, u8, u32, Vec<u8>);

/// One connection at the peer.
struct Peer {
    /// Which dial it came from, from 1.
    number: u32,
    read: ReadHalf<DuplexStream>,
    write: WriteHalf<DuplexStream>,
}

impl Peer {
    async fn open(stream: DuplexStream, number: u32) -> Self {
        let (mut read, write) = split(stream);
        let mut preface = [0; 24];
        read.read_exact(&mut preface).await.expect("a preface");
        let mut peer = Self { number, read, write };
        peer.send(SETTINGS, 0, 0, &[]).await;
        peer
    }

    /// The next frame; `None` at the end.
    async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.read.read_exact(&mut head).await.ok()?;
        let mut content = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        self.read.read_exact(&mut content).await.ok()?;
        Some((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), content))
    }

    /// The stream of the next request.
    async fn request(&mut self) -> Option<u32> {
        loop {
            if let (HEADERS, _, stream, _) = self.next().await? {
                return Some(stream);
            }
        }
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, content: &[u8]) {
        let mut frame = vec![0, 0, content.len() as u8, kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(content);
        // A client that is gone is an answer too.
        let _ = self.write.write_all(&frame).await;
    }

    /// 200, with the number of the connection.
    async fn answer(&mut self, stream: u32) {
        self.send(HEADERS, 4, stream, &[0x88]).await;
        self.send(DATA, 1, stream, self.number.to_string().as_bytes()).await;
    }

    async fn goaway(&mut self, last: u32) {
        self.send(GOAWAY, 0, 0, &[&last.to_be_bytes()[..], &[0; 4]].concat()).await;
    }

    /// Answers requests, and pings if so wanted, until the client hangs up.
    async fn oblige(&mut self, pings: bool) {
        while let Some((kind, flags, stream, content)) = self.next().await {
            match kind {
                HEADERS => self.answer(stream).await,
                PING if pings && flags == 0 => self.send(PING, 1, 0, &content).await,
                _ => {}
            }
        }
    }
}

/// Each dial leads to a peer that does as the function says.
struct Peers<F> {
    script: F,
    dials: Arc<AtomicU32>,
}

impl<F, P> Dial for Peers<F>
where
    F: Fn(Peer) -> P + Clone + Send + Sync + 'static,
    P: Future<Output = ()> + Send + 'static,
{
    fn dial(&self) -> BoxFuture<'static, io::Result<Dialled>> {
        let (near, far) = duplex(64 * 1024);
        let (script, number) = (self.script.clone(), self.dials.fetch_add(1, Relaxed) + 1);
        tokio::spawn(async move { script(Peer::open(far, number).await).await });
        Box::pin(std::future::ready(Ok(Dialled { io: Box::new(near), http2: true })))
    }
}

fn limits() -> Limits {
    Limits { shares: true, ..Limits::default() }
}

/// A client, and how often it dials.
fn client<F, P>(limits: Limits, script: F) -> (Arc<Retry<PooledTransport>>, Arc<AtomicU32>)
where
    F: Fn(Peer) -> P + Clone + Send + Sync + 'static,
    P: Future<Output = ()> + Send + 'static,
{
    let dials = Arc::default();
    let pooled = PooledTransport::new(Peers { script, dials: Arc::clone(&dials) }, limits);
    (Arc::new(Retry::new(pooled, Budget::default())), dials)
}

fn request(method: &str, body: usize) -> http::Request<Upload> {
    let request = http::Request::builder().method(method).uri("http://origin.test/a");
    request.body(Bytes::from(vec![b'x'; body]).into()).expect("a valid request")
}

async fn body_of(response: Result<Response, TransportError>) -> Bytes {
    let body = response.expect("a response").into_body();
    body.collect().await.expect("a whole body").to_bytes()
}

async fn send(client: &Retry<PooledTransport>, method: &str) -> Bytes {
    body_of(client.send(request(method, 0), Timeouts::default()).await).await
}

/// Long enough for the tasks of this runtime to come to rest.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn requests_share_a_connection() {
    let (client, dials) = client(limits(), |mut peer| async move { peer.oblige(true).await });
    let sending = (0..5).map(|_| tokio::spawn(client.send(request("GET", 0), Timeouts::default())));
    for sent in sending.collect::<Vec<_>>() {
        assert_eq!(body_of(sent.await.expect("no panic")).await, "1");
    }
    assert_eq!(send(&client, "POST").await, "1");
    assert_eq!(dials.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_goaway_is_heeded() {
    let (client, _) = client(limits(), |mut peer| async move {
        while let Some(stream) = peer.request().await {
            peer.answer(stream).await;
            peer.goaway(stream).await;
        }
    });
    for connection in ["1", "2", "3"] {
        assert_eq!(send(&client, "POST").await, connection);
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn streams_above_the_last_are_sent_again_and_those_below_are_finished() {
    let (client, dials) = client(limits(), |mut peer| async move {
        if peer.number > 1 {
            return peer.oblige(true).await;
        }
        let first = peer.request().await.expect("a request");
        peer.request().await.expect("another");
        peer.request().await.expect("a third");
        peer.goaway(first).await;
        sleep(Duration::from_secs(1)).await;
        peer.answer(first).await;
        peer.oblige(true).await;
    });
    let sending = (0..3).map(|_| tokio::spawn(client.send(request("POST", 0), Timeouts::default())));
    let mut answers = Vec::new();
    for sent in sending.collect::<Vec<_>>() {
        answers.push(body_of(sent.await.expect("no panic")).await);
    }
    assert_eq!(answers, ["1", "2", "2"]);
    assert_eq!(dials.load(Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_stream_is_sent_again_and_after_two_elsewhere() {
    check_refused(1, "1").await;
    check_refused(2, "2").await;
}

/// The first connection refuses this many streams; the answer names the connection that gives it.
async fn check_refused(refused: usize, expected: &str) {
    let (client, _) = client(limits(), move |mut peer| async move {
        for _ in 0..if peer.number == 1 { refused } else { 0 } {
            let stream = peer.request().await.expect("a request");
            peer.send(RST_STREAM, 0, stream, &REFUSED_STREAM).await;
        }
        peer.oblige(true).await;
    });
    let response = client.send(request("POST", 9), Timeouts::default()).await.expect("a response");
    assert_eq!(response.extensions().get(), Some(&Retried(vec![RetryReason::Refused; refused])));
    assert_eq!(body_of(Ok(response)).await, expected);
}

#[tokio::test(start_paused = true)]
async fn another_reset_is_an_answer() {
    let (client, dials) = client(limits(), |mut peer| async move {
        let stream = peer.request().await.expect("a request");
        peer.send(RST_STREAM, 0, stream, &CANCEL).await;
        peer.oblige(true).await;
    });
    let error = client.send(request("GET", 0), Timeouts::default()).await.expect_err("a reset");
    assert!(matches!(error.cause, Cause::Http(_)), "{error:?}");
    assert_eq!(send(&client, "GET").await, "1");
    assert_eq!(dials.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_streams_is_kept() {
    let (client, dials) = client(limits(), |mut peer| async move {
        peer.send(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1]).await;
        let held = peer.request().await.expect("a request");
        let next = timeout(Duration::from_secs(5), peer.request()).await;
        assert!(next.is_err(), "a second stream: {next:?}");
        peer.answer(held).await;
        peer.oblige(true).await;
    });
    let first = tokio::spawn(client.send(request("GET", 0), Timeouts::default()));
    settle().await;
    let second = tokio::spawn(client.send(request("GET", 0), Timeouts::default()));
    assert_eq!(body_of(first.await.expect("no panic")).await, "1");
    assert_eq!(body_of(second.await.expect("no panic")).await, "1");
    assert_eq!(dials.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_request_is_reset_at_once() {
    let resets = Arc::new(Mutex::new(Vec::new()));
    let noted = resets.clone();
    let (client, dials) = client(limits(), move |mut peer| {
        let noted = noted.clone();
        async move {
            // A window of nothing: uploads starve.
            peer.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]).await;
            while let Some((kind, flags, stream, content)) = peer.next().await {
                match kind {
                    RST_STREAM => noted.lock().expect("no panic").push((stream, Instant::now(), content)),
                    PING if flags == 0 => peer.send(PING, 1, 0, &content).await,
                    HEADERS if stream > 3 => peer.answer(stream).await,
                    _ => {}
                }
            }
        }
    });
    for (body, stream) in [(0, 1), (100_000, 3)] {
        let sending = tokio::spawn(client.send(request("POST", body), Timeouts::default()));
        sleep(Duration::from_secs(1)).await;
        sending.abort();
        let cancelled = Instant::now();
        settle().await;
        assert_eq!(resets.lock().expect("no panic").pop(), Some((stream, cancelled, CANCEL.to_vec())));
    }
    assert_eq!(send(&client, "GET").await, "1");
    assert_eq!(dials.load(Relaxed), 1);
}

/// The second request comes after an hour without a word.
async fn check_pings(while_idle: bool, answers: bool, expected: &'static str) {
    let pinging = Limits {
        ping_interval: Some(Duration::from_secs(10)),
        ping_timeout: Duration::from_secs(3),
        ping_while_idle: while_idle,
        idle: Duration::MAX,
        lifetime: Duration::MAX,
        ..limits()
    };
    let (client, _) = client(pinging, move |mut peer| async move { peer.oblige(answers).await });
    assert_eq!(send(&client, "GET").await, "1");
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(send(&client, "GET").await, expected);
}

#[tokio::test(start_paused = true)]
async fn pings_find_the_dead_while_idle_if_wanted() {
    check_pings(true, true, "1").await;
    check_pings(true, false, "2").await;
    check_pings(false, false, "1").await;
}

#[tokio::test(start_paused = true)]
async fn a_request_on_a_dead_connection_is_ended_by_its_ping() {
    let pinging = Limits {
        ping_interval: Some(Duration::from_secs(10)),
        ping_timeout: Duration::from_secs(3),
        ..limits()
    };
    let (client, _) = client(pinging, |mut peer| async move { while peer.next().await.is_some() {} });
    let start = Instant::now();
    let error = client.send(request("GET", 0), Timeouts::default()).await.expect_err("a dead connection");
    assert!(matches!(error.cause, Cause::Unresponsive), "{error:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(13));
}

/// A first request is given up after a second without a word.
async fn check_doubt(answers: bool, expected: &'static str, waited: Duration) {
    let (client, _) = client(limits(), move |mut peer| async move {
        if peer.number == 1 && answers {
            peer.request().await;
            while let Some((kind, flags, stream, content)) = peer.next().await {
                match (kind, flags) {
                    (PING, 0) => {
                        sleep(Duration::from_millis(20)).await;
                        peer.send(PING, 1, 0, &content).await;
                    }
                    (HEADERS, _) => peer.answer(stream).await,
                    _ => {}
                }
            }
        } else if peer.number == 1 {
            while peer.next().await.is_some() {}
        }
        peer.oblige(true).await;
    });
    let limit = Timeouts { read: Some(Duration::from_secs(1)), ..Timeouts::default() };
    assert!(client.send(request("GET", 0), limit).await.is_err());
    let start = Instant::now();
    assert_eq!(send(&client, "GET").await, expected);
    assert_eq!(start.elapsed(), waited);
}

#[tokio::test(start_paused = true)]
async fn silence_casts_doubt_until_something_is_read() {
    check_doubt(true, "1", Duration::from_millis(20)).await;
    check_doubt(false, "2", Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_dial_is_told_to_all_who_wait() {
    struct Refused(AtomicU32);
    impl Dial for Arc<Refused> {
        fn dial(&self) -> BoxFuture<'static, io::Result<Dialled>> {
            self.0.fetch_add(1, Relaxed);
            Box::pin(async {
                sleep(Duration::from_secs(1)).await;
                Err(io::ErrorKind::ConnectionRefused.into())
            })
        }
    }
    let dialer = Arc::new(Refused(AtomicU32::new(0)));
    let transport = PooledTransport::new(dialer.clone(), limits());
    let owner = tokio::spawn(transport.send(request("GET", 0), Timeouts::default()));
    settle().await;
    let others = [(); 2].map(|()| tokio::spawn(transport.send(request("GET", 0), Timeouts::default())));
    settle().await;
    owner.abort();
    for other in others {
        let error = other.await.expect("no panic").expect_err("nobody listens");
        assert!(matches!(error.cause, Cause::Connect(_)), "{error:?}");
    }
    assert_eq!(dialer.0.load(Relaxed), 1, "a dial goes on for those who wait for it too");
}

#[tokio::test(start_paused = true)]
async fn a_close_drains_and_then_aborts() {
    for (slow, whole) in [(1, true), (60, false)] {
        let (client, _) = client(limits(), move |mut peer| async move {
            let stream = peer.request().await.expect("a request");
            sleep(Duration::from_secs(slow)).await;
            peer.answer(stream).await;
            peer.oblige(true).await;
        });
        let sending = tokio::spawn(client.send(request("GET", 0), Timeouts::default()));
        settle().await;
        let closing = tokio::spawn(client.close(Duration::from_secs(10)));
        let answer = sending.await.expect("no panic");
        assert_eq!(answer.is_ok(), whole);
        if let Ok(response) = answer {
            body_of(Ok(response)).await;
        }
        closing.await.expect("no panic");
    }
}
