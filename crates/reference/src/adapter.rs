//! The reference client under test.

use std::sync::Arc;
use std::time::Duration;

use closewait_scenario::{ClientSettings, Protocol, Scenario};
use closewait_simulator::client::BoxFuture;
use closewait_simulator::client::{
    Client, Environment, Failure, Response, Retries, Timeouts, UnderTest, Upload, Wiring,
};
use closewait_simulator::tls::{Offer, client_config, host};
use closewait_trace::ErrorKind;
use http_body_util::BodyExt;

use super::defect::{Defect, Defects};
use super::pool::Limits;
use super::retry::{Budget, Retry};
use super::{Cause, Dial, PooledTransport, PriorKnowledge, TlsDial, Transport, TransportError, Windows};

/// [`PooledTransport`] with [`Retry`], as it should be or with a defect.
#[derive(Debug, Clone, Copy)]
pub struct Reference(Option<Defect>);

impl Reference {
    /// As it should be.
    pub const CORRECT: Self = Self(None);
}

/// The reference client with one defect.
pub fn with_defect(defect: Defect) -> &'static dyn UnderTest {
    const CLIENTS: [Reference; Defect::ALL.len()] = {
        let mut clients = [Reference::CORRECT; Defect::ALL.len()];
        let mut index = 0;
        while index < clients.len() {
            clients[index] = Reference(Some(Defect::ALL[index]));
            index += 1;
        }
        clients
    };
    static DEFECTIVE: [Reference; Defect::ALL.len()] = CLIENTS;
    &DEFECTIVE[Defect::ALL.iter().position(|other| *other == defect).expect("ALL has them all")]
}

/// How long a close waits for requests under way.
const DRAIN: Duration = Duration::from_secs(10);

impl UnderTest for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
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

    /// [`Budget`] counts the first attempt as well.
    fn retries(&self) -> Option<Retries> {
        Some(Retries::Attempts(Budget::default().attempts - 1))
    }

    fn unsupported(&self, _: &Scenario) -> Option<String> {
        None
    }

    fn build(&self, environment: &Environment) -> Result<Box<dyn Client>, Failure> {
        let settings = &environment.settings;
        let defects = Defects::from(self.0);
        let windows = Windows { stream: settings.stream_window, connection: settings.connection_window };
        let limits = limits(settings, environment.protocol);
        let dialer = dialer(environment, defects);
        let pooled = PooledTransport::with_windows(dialer, limits, windows, defects);
        let transport = Retry::with_defects(pooled, Budget::default(), defects);
        Ok(Box::new(Adapter(Arc::new(transport))))
    }
}

fn limits(settings: &ClientSettings, protocol: Protocol) -> Limits {
    let defaults = Limits::default();
    let limit = |limit: Option<u32>| limit.map(|limit| limit as usize);
    Limits {
        max_connections: limit(settings.max_connections).unwrap_or(defaults.max_connections),
        max_idle: limit(settings.max_idle).unwrap_or(defaults.max_idle),
        idle: settings.idle_timeout.unwrap_or(defaults.idle),
        shares: protocol.is_http2(),
        ping_interval: settings.ping_interval,
        ping_timeout: settings.ping_timeout.unwrap_or(defaults.ping_timeout),
        ping_while_idle: settings.ping_while_idle,
        ..defaults
    }
}

fn dialer(environment: &Environment, defects: Defects) -> Box<dyn Dial> {
    let (wire, protocol) = (environment.wire.clone(), environment.protocol);
    if protocol.is_tls() {
        Box::new(TlsDial::with_defects(wire, client_config(Offer::Of(protocol)), host(), defects))
    } else if protocol.is_http2() {
        Box::new(PriorKnowledge(wire))
    } else {
        Box::new(wire)
    }
}

struct Adapter(Arc<Retry<PooledTransport>>);

impl Client for Adapter {
    fn send(
        &self,
        request: http::Request<Upload>,
        timeouts: Timeouts,
    ) -> BoxFuture<Result<Response, Failure>> {
        let response = self.0.send(request, timeouts);
        Box::pin(async move {
            let response = response.await.map_err(|error| describe(&error))?;
            Ok(response.map(|body| body.map_err(|error| describe(&error)).boxed_unsync()))
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<()> {
        Box::pin(async move { self.0.close(DRAIN).await })
    }
}

fn describe(error: &TransportError) -> Failure {
    let failure = Failure::of(error);
    let kind = match &error.cause {
        Cause::Timeout { .. } | Cause::Unresponsive => ErrorKind::Timeout,
        Cause::Connect(_) => ErrorKind::Connect,
        Cause::Truncated => ErrorKind::Closed,
        Cause::Stale | Cause::Closed => ErrorKind::Canceled,
        _ => failure.kind,
    };
    Failure { kind, ..failure }
}
