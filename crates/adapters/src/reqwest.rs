//! reqwest, unmodified: it dials the bridge's loopback port as it would dial any origin.

use ::reqwest::ClientBuilder;
use closewait_scenario::{ClientSettings, Protocol, Scenario};
use closewait_simulator::client::{
    BoxFuture, Client, Environment, Failure, Response, Retries, Timeouts, UnderTest, Upload, Wiring,
};
use closewait_simulator::tls::{Offer, client_config};
use http_body_util::BodyExt;

/// `reqwest::Client`.
#[derive(Debug, Clone, Copy)]
pub struct Reqwest {
    /// The version of the package under test: the one that the build is locked to.
    pub version: &'static str,
}

impl UnderTest for Reqwest {
    fn name(&self) -> &'static str {
        "reqwest"
    }

    fn version(&self) -> &'static str {
        self.version
    }

    fn wiring(&self) -> Wiring {
        Wiring::Bridge
    }

    /// h2 does, to forget streams that it has reset.
    fn reads_std_time(&self, protocol: Protocol) -> bool {
        protocol.is_http2()
    }

    fn uses_entropy(&self) -> bool {
        false
    }

    /// Its default policy (`reqwest::retry`): two more attempts where HTTP/2 says that the request was not processed.
    fn retries(&self) -> Option<Retries> {
        Some(Retries::Attempts(2))
    }

    fn unsupported(&self, scenario: &Scenario) -> Option<String> {
        let limit = scenario.client.max_connections;
        limit.map(|_| "reqwest has no limit on connections, only on idle ones".to_owned())
    }

    fn build(&self, environment: &Environment) -> Result<Box<dyn Client>, Failure> {
        let settings = &environment.settings;
        let mut builder =
            ::reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls(environment.protocol));
        if let Some(address) = environment.bridge {
            // By name, so that the port of this run, which is different each time, is not in the Host header.
            builder = builder.resolve("origin.test", address);
        }
        if let Some(limit) = settings.idle_timeout {
            builder = builder.pool_idle_timeout(limit);
        }
        if let Some(limit) = settings.max_idle {
            builder = builder.pool_max_idle_per_host(limit as usize);
        }
        if let Some(limit) = settings.connect_timeout {
            builder = builder.connect_timeout(limit);
        }
        if let Some(limit) = settings.read_timeout {
            builder = builder.read_timeout(limit);
        }
        if environment.protocol == Protocol::H2 {
            builder = builder.http2_prior_knowledge();
        }
        if environment.protocol.is_http2() {
            builder = speak_http2(builder, settings);
        }
        let client = builder.build().map_err(|error| Failure::of(&error))?;
        Ok(Box::new(Pooled(client)))
    }
}

fn speak_http2(builder: ClientBuilder, settings: &ClientSettings) -> ClientBuilder {
    let mut builder = builder.http2_keep_alive_while_idle(settings.ping_while_idle);
    if settings.ping_interval.is_some() {
        builder = builder.http2_keep_alive_interval(settings.ping_interval);
    }
    if let Some(limit) = settings.ping_timeout {
        builder = builder.http2_keep_alive_timeout(limit);
    }
    if settings.stream_window.is_some() {
        builder = builder.http2_initial_stream_window_size(settings.stream_window);
    }
    if settings.connection_window.is_some() {
        builder = builder.http2_initial_connection_window_size(settings.connection_window);
    }
    builder
}

struct Pooled(::reqwest::Client);

impl Client for Pooled {
    fn send(&self, request: http::Request<Upload>, _: Timeouts) -> BoxFuture<Result<Response, Failure>> {
        let client = self.0.clone();
        Box::pin(async move {
            let request = request.map(body).try_into();
            let request: ::reqwest::Request = request.map_err(describe)?;
            let response: http::Response<::reqwest::Body> =
                client.execute(request).await.map_err(describe)?.into();
            Ok(response.map(|body| body.map_err(describe).boxed_unsync()))
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<()> {
        // It has no close: dropping the last handle closes the idle connections.
        drop(self);
        Box::pin(std::future::ready(()))
    }
}

/// What reqwest could send again it is given so.
fn body(upload: Upload) -> ::reqwest::Body {
    match upload.whole() {
        Some(bytes) => bytes.into(),
        None => ::reqwest::Body::wrap(upload),
    }
}

fn describe(error: ::reqwest::Error) -> Failure {
    Failure::of(&error.without_url())
}

/// Loading the system's roots for each run would cost more than the run, and the origin's authority is not among them.
fn tls(protocol: Protocol) -> rustls::ClientConfig {
    client_config(Offer::Of(protocol))
}
