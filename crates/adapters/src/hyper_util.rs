//! hyper-util's legacy client over the simulated connector, with both of its timers.

use closewait_scenario::{ClientSettings, Protocol, Scenario};
use closewait_simulator::client::{
    BoxFuture, Client, Connector, Environment, Failure, Response, Retries, Timeouts, UnderTest, Upload,
    Wiring,
};
use closewait_simulator::tls::{Offer, client_config};
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::Connect;
use hyper_util::client::legacy::{Builder, Client as Legacy, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// `hyper_util::client::legacy::Client`.
#[derive(Debug, Clone, Copy)]
pub struct HyperUtil {
    /// The version of the package under test: the one that the build is locked to.
    pub version: &'static str,
}

impl UnderTest for HyperUtil {
    fn name(&self) -> &'static str {
        "hyper-util"
    }

    fn version(&self) -> &'static str {
        self.version
    }

    fn wiring(&self) -> Wiring {
        Wiring::Streams
    }

    /// h2 does, to forget streams that it has reset.
    fn reads_std_time(&self, protocol: Protocol) -> bool {
        protocol.is_http2()
    }

    fn uses_entropy(&self) -> bool {
        false
    }

    /// What was written is never written again: the pool gives back only what it did not begin to send, and tries that on the next connection.
    fn retries(&self) -> Option<Retries> {
        Some(Retries::Attempts(0))
    }

    fn unsupported(&self, scenario: &Scenario) -> Option<String> {
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
            // Over TLS, ALPN decides for each connection.
            builder.http2_only(!environment.protocol.is_tls());
            speak_http2(&mut builder, settings);
        }
        let connector = environment.connector();
        Ok(if environment.protocol.is_tls() {
            Box::new(Pooled(builder.build(over_tls(connector, environment.protocol))))
        } else {
            Box::new(Pooled(builder.build(connector)))
        })
    }
}

fn speak_http2(builder: &mut Builder, settings: &ClientSettings) {
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

struct Pooled<C>(Legacy<C, Upload>);

impl<C: Connect + Clone + Send + Sync + 'static> Client for Pooled<C> {
    fn send(&self, request: http::Request<Upload>, _: Timeouts) -> BoxFuture<Result<Response, Failure>> {
        let response: ResponseFuture = self.0.request(request);
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

/// As hyper-rustls has it: ALPN only for more than one protocol.
fn over_tls(connector: Connector, protocol: Protocol) -> HttpsConnector<Connector> {
    let builder =
        HttpsConnectorBuilder::new().with_tls_config(client_config(Offer::Blank)).https_only().enable_http1();
    if protocol.is_http2() {
        builder.enable_http2().wrap_connector(connector)
    } else {
        builder.wrap_connector(connector)
    }
}
