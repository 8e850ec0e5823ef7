//! hyper-util's legacy client over the simulated connector, with both of its timers.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{Builder, Client as Legacy, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::{BoxFuture, Client, Environment, Failure, Response, Timeouts, UnderTest, Wiring, locked_version};
use crate::net::{Stream, Wire};
use crate::scenario::{ClientSettings, Scenario};

/// `hyper_util::client::legacy::Client`.
pub(super) struct HyperUtil;

impl UnderTest for HyperUtil {
    fn name(&self) -> &'static str {
        "hyper-util"
    }

    fn version(&self) -> &'static str {
        locked_version("hyper-util")
    }

    fn wiring(&self) -> Wiring {
        Wiring::Streams
    }

    fn unsupported(&self, scenario: &Scenario) -> Option<String> {
        if scenario.protocol.is_tls() {
            return Some(format!("this adapter does not speak {}", scenario.protocol.word()));
        }
        let settings = &scenario.client;
        if settings.max_connections.is_some() {
            return Some(
                "hyper-util's legacy pool has no limit on connections, only on idle ones".to_owned(),
            );
        }
        settings.read_timeout.map(|_| "hyper-util's legacy client has no read timeout".to_owned())
    }

    fn build(&self, environment: &Environment) -> Result<Box<dyn Client>, Failure> {
        let settings = &environment.settings;
        let mut builder = Legacy::builder(TokioExecutor::new());
        builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new());
        if let Some(limit) = settings.idle_timeout {
            builder.pool_idle_timeout(limit);
        }
        if let Some(limit) = settings.max_idle {
            builder.pool_max_idle_per_host(limit as usize);
        }
        if environment.protocol.is_http2() {
            speak_http2(&mut builder, settings);
        }
        let connector = Connector { wire: environment.wire.clone(), timeout: settings.connect_timeout };
        Ok(Box::new(Pooled(builder.build(connector))))
    }
}

fn speak_http2(builder: &mut Builder, settings: &ClientSettings) {
    builder.http2_only(true);
    if settings.ping_interval.is_some() {
        builder.http2_keep_alive_interval(settings.ping_interval);
    }
    if let Some(limit) = settings.ping_timeout {
        builder.http2_keep_alive_timeout(limit);
    }
    builder.http2_keep_alive_while_idle(settings.ping_while_idle);
    if settings.stream_window.is_some() {
        builder.http2_initial_stream_window_size(settings.stream_window);
    }
    if settings.connection_window.is_some() {
        builder.http2_initial_connection_window_size(settings.connection_window);
    }
}

struct Pooled(Legacy<Connector, Full<Bytes>>);

impl Client for Pooled {
    fn send(&self, request: http::Request<Bytes>, _: Timeouts) -> BoxFuture<Result<Response, Failure>> {
        let response: ResponseFuture = self.0.request(request.map(Full::new));
        Box::pin(async move {
            let response = response.await.map_err(|error| Failure::of(&error))?;
            Ok(response.map(|body| body.map_err(|error| Failure::of(&error)).boxed_unsync()))
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<()> {
        // It has no close: dropping the last handle closes the idle connections.
        drop(self);
        Box::pin(std::future::ready(()))
    }
}

/// Dials the simulated origin, whatever the URI.
#[derive(Clone)]
struct Connector {
    wire: Wire,
    timeout: Option<Duration>,
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Stream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let dialling = self.wire.connect();
        let timeout = self.timeout;
        Box::pin(async move {
            let stream = match timeout {
                Some(limit) => tokio::time::timeout(limit, dialling)
                    .await
                    .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "connect timed out"))?,
                None => dialling.await,
            };
            stream.map(TokioIo::new)
        })
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}
