//! The same two requests of the same client without closewait: over an in-memory pipe, and on turmoil.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use closewait::scenario::{Alpn, Certificate, Protocol};
use closewait::tls::{KeyLogger, Offer, client_config, host, server_config};
use closewait::trace::Recorder;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::rt::ReadBufCursor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The client over an in-memory pipe to hyper's server: no packets, no trace.
pub fn over_duplex(protocol: Protocol) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        if protocol.is_tls() {
            two_requests(protocol, Dial::new(move || dial_tls(protocol))).await;
        } else {
            two_requests(protocol, Dial::new(move || async move { Ok(dial(protocol)) })).await;
        }
    });
}

fn dial(protocol: Protocol) -> DuplexStream {
    let (ours, theirs) = duplex(64 * 1024);
    tokio::spawn(serve(theirs, protocol));
    ours
}

/// With closewait's certificates and settings of rustls: the handshake is as long as in a scenario.
async fn dial_tls(protocol: Protocol) -> io::Result<TlsStream<DuplexStream>> {
    let (ours, theirs) = duplex(64 * 1024);
    let keys = KeyLogger::new(Recorder::default(), 1);
    let acceptor = TlsAcceptor::from(Arc::new(server_config(Certificate::Valid, Alpn::of(protocol), keys)));
    tokio::spawn(async move {
        let stream = acceptor.accept(theirs).await.expect("the client trusts the certificate");
        serve(stream, protocol).await;
    });
    TlsConnector::from(Arc::new(client_config(Offer::Of(protocol)))).connect(host(), ours).await
}

/// The same on turmoil, which advances time by ticks of 1 ms.
pub fn on_turmoil() {
    let mut sim = turmoil::Builder::new()
        .tick_duration(Duration::from_millis(1))
        .simulation_duration(Duration::from_secs(600))
        .build();
    sim.host("origin", || async {
        let listener = turmoil::net::TcpListener::bind("0.0.0.0:80").await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(serve(stream, Protocol::Http1));
        }
    });
    sim.client("client", async {
        two_requests(Protocol::Http1, Dial::new(|| turmoil::net::TcpStream::connect("origin:80"))).await;
        Ok(())
    });
    sim.run().expect("the simulation ends");
}

async fn two_requests<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(protocol: Protocol, dial: Dial<S>) {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.http2_only(protocol.is_http2());
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

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, protocol: Protocol) {
    let (stream, answer) = (TokioIo::new(stream), service_fn(answer));
    if protocol.is_http2() {
        let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(stream, answer).await;
    } else {
        let _ = http1::Builder::new().serve_connection(stream, answer).await;
    }
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
