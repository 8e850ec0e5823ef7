//! What a scenario costs, beside the same two requests without a simulator and on a ticking one.
//!
//! Run with `cargo bench`. Compare the medians of one run: machines differ, and are noisy.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use closewait::client::UnderTest;
use closewait::lab::{Limits, run, run_here};

use closewait::oracle::judge;
use closewait::scenario::{Scenario, parse};
use closewait::trace::{End, Trace};
use divan::Bencher;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::rt::ReadBufCursor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

fn main() {
    divan::main();
}

/// Two requests, and this much idle time after each.
fn scenario(idle: &str) -> Arc<Scenario> {
    scenario_over("http1", idle)
}

fn scenario_over(protocol: &str, idle: &str) -> Arc<Scenario> {
    let text = format!(
        r#"
        title = "Two requests with idle time"
        about = "The base load of the benchmarks."
        sources = ["RFC 9112 section 9.3"]
        protocol = "{protocol}"
        script = [
          {{ client = "send", id = "a", request = "GET /a" }},
          {{ wait = "{idle}" }},
          {{ client = "send", id = "b", request = "GET /b" }},
          {{ wait = "{idle}" }},
        ]
        [client]
        idle_timeout = "2h"
        "#
    );
    Arc::new(parse("bench/two-requests", "bench.toml", &text).expect("the scenario is valid"))
}

fn client(name: &str) -> &'static dyn UnderTest {
    *closewait::client::built_in().iter().find(|client| client.name() == name).expect("it is built in")
}

fn play(scenario: &Arc<Scenario>, name: &str) -> Trace {
    let trace = run_here(scenario, client(name), &Limits::default());
    assert_eq!(trace.end, End::Completed);
    trace
}

#[divan::bench(args = ["1s", "60s", "1h"])]
fn hyper_util(bencher: Bencher, idle: &str) {
    let scenario = scenario(idle);
    bencher.bench(|| play(&scenario, "hyper-util"));
}

/// The same as streams of one HTTP/2 connection.
#[divan::bench]
fn hyper_util_60s_http2(bencher: Bencher) {
    let scenario = scenario_over("h2", "60s");
    bencher.bench(|| play(&scenario, "hyper-util"));
}

#[divan::bench]
fn hyper_util_60s_http2_judged(bencher: Bencher) {
    let scenario = scenario_over("h2", "60s");
    bencher.bench(|| judge(&scenario, &play(&scenario, "hyper-util")));
}

#[divan::bench]
fn reqwest_60s_http2_bridged(bencher: Bencher) {
    let scenario = scenario_over("h2", "60s");
    bencher.bench(|| play(&scenario, "reqwest"));
}

/// With the trace judged by every oracle.
#[divan::bench]
fn hyper_util_60s_judged(bencher: Bencher) {
    let scenario = scenario("60s");
    bencher.bench(|| judge(&scenario, &play(&scenario, "hyper-util")));
}

/// With a thread of its own, so that a hang could be survived.
#[divan::bench]
fn hyper_util_60s_supervised(bencher: Bencher) {
    let scenario = scenario("60s");
    bencher.bench(|| run(&scenario, client("hyper-util"), &Limits::default()));
}

#[divan::bench]
fn reqwest_60s_bridged(bencher: Bencher) {
    let scenario = scenario("60s");
    bencher.bench(|| play(&scenario, "reqwest"));
}

/// The same client, requests and waits over an in-memory pipe to hyper's server: no packets, no trace.
#[divan::bench]
fn duplex_60s_no_simulator() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(two_requests(
        false,
        Dial::new(|| async {
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            tokio::spawn(serve(theirs));
            Ok(ours)
        }),
    ));
}

/// The same over HTTP/2, with hyper's server at the other end.
#[divan::bench]
fn duplex_60s_http2_no_simulator() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(two_requests(
        true,
        Dial::new(|| async {
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            tokio::spawn(async {
                let server = http2::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(theirs), service_fn(answer)).await;
            });
            Ok(ours)
        }),
    ));
}

/// The same on turmoil, which advances time by ticks of 1 ms.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn turmoil_60s_1ms_ticks() {
    let mut sim = turmoil::Builder::new()
        .tick_duration(Duration::from_millis(1))
        .simulation_duration(Duration::from_secs(600))
        .build();
    sim.host("origin", || async {
        let listener = turmoil::net::TcpListener::bind("0.0.0.0:80").await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(serve(stream));
        }
    });
    sim.client("client", async {
        two_requests(false, Dial::new(|| turmoil::net::TcpStream::connect("origin:80"))).await;
        Ok(())
    });
    sim.run().expect("the simulation ends");
}

async fn two_requests<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(http2: bool, dial: Dial<S>) {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.http2_only(http2);
    builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new());
    let client = builder.pool_idle_timeout(Duration::from_secs(7200)).build(dial);
    for path in ["/a", "/b"] {
        let request = http::Request::get(format!("http://origin.test{path}"));
        let request = request.body(Full::new(Bytes::new())).expect("a request");
        let response = client.request(request).await.expect("a response");
        response.into_body().collect().await.expect("a body");
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn answer(_: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, Infallible> {
    Ok(http::Response::new(Full::new(Bytes::from_static(b"a on connection 1"))))
}

/// A connector over any stream.
struct Dial<S>(Arc<dyn Fn() -> Dialling<S> + Send + Sync>);

type Dialling<S> = Pin<Box<dyn Future<Output = io::Result<S>> + Send>>;

impl<S> Dial<S> {
    fn new<F: Future<Output = io::Result<S>> + Send + 'static>(
        dial: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move || Box::pin(dial())))
    }
}

impl<S> Clone for Dial<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> tower_service::Service<hyper::Uri> for Dial<S> {
    type Response = Plain<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Plain<S>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: hyper::Uri) -> Self::Future {
        let dialling = (self.0)();
        Box::pin(async { Ok(Plain(TokioIo::new(dialling.await?))) })
    }
}

/// A stream that says nothing about itself.
struct Plain<S>(TokioIo<S>);

impl<S> Connection for Plain<S> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl<S: AsyncRead + Unpin> hyper::rt::Read for Plain<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for Plain<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
