//! What the lab asks of a client: the transport API.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use closewait_scenario::{ClientSettings, Protocol, Scenario};
use closewait_trace::Retries;
use http_body_util::combinators::UnsyncBoxBody;

use super::{Connector, Failure, Upload};
use crate::net::{RealHost, Wire};

/// A boxed future.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A response body: read it to its end to give the connection back, drop it to stop.
pub type ResponseBody = UnsyncBoxBody<Bytes, Failure>;

/// A response whose body has not been read.
pub type Response = http::Response<ResponseBody>;

/// A client that can be put under test.
pub trait UnderTest: Sync {
    /// Short name, as in file names and on the command line.
    fn name(&self) -> &'static str;

    /// The version under test.
    fn version(&self) -> &'static str;

    /// How it is connected to the simulated network.
    fn wiring(&self) -> Wiring;

    /// Why the client cannot play the scenario, if so: a setting it does not have.
    fn unsupported(&self, scenario: &Scenario) -> Option<String>;

    /// Whether it asks `std::time` what time it is when it speaks this protocol. On a platform where that cannot be made virtual, such a
    /// client is unsupported. A client that says nothing may.
    fn reads_std_time(&self, _: Protocol) -> bool {
        true
    }

    /// Whether chance has a part in what it does: the order of a `HashMap`, jitter, a random choice. Generators belong to threads, so
    /// each run of such a client has a thread of its own. A client that says nothing may.
    fn uses_entropy(&self) -> bool {
        true
    }

    /// How often it sends one request again, as it is configured or documented: `bounded-retries` judges by that, and judges no
    /// retry of a client that does not say.
    fn retries(&self) -> Option<Retries> {
        None
    }

    /// A fresh client. Called inside the runtime of the run.
    ///
    /// # Errors
    /// When the client refuses its settings.
    fn build(&self, environment: &Environment) -> Result<Box<dyn Client>, Failure>;
}

/// How a client is connected to the simulated network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wiring {
    /// It is handed simulated streams.
    Streams,
    /// It dials a real loopback port, and a gateway carries on from there.
    Bridge,
    /// It is a program of its own, on a real kernel: see [`Environment::real_host`].
    Kernel,
}

/// What a client is built from.
pub struct Environment {
    /// The simulated network, for clients that take streams.
    pub wire: Wire,
    /// Where `origin.test` is, for clients that dial a real port; `None` for [`Wiring::Streams`].
    pub bridge: Option<SocketAddr>,
    /// What to start the program on; `None` for a client within this process.
    pub real_host: Option<Arc<RealHost>>,
    /// What it is to speak.
    pub protocol: Protocol,
    /// How to configure it.
    pub settings: ClientSettings,
}

impl Environment {
    /// A connector for clients that take one, with the connect timeout of the settings.
    pub fn connector(&self) -> Connector {
        Connector::new(self.wire.clone()).with_timeout(self.settings.connect_timeout)
    }

    /// Where a client that dials is to find `origin.test`.
    ///
    /// # Panics
    /// For a client that said [`Wiring::Streams`]: it has no port to dial.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        self.bridge.expect("only a client behind the bridge has a port to dial")
    }
}

/// Limits on the phases of one request. `None` is no limit of the client's own. A client whose limits
/// are fixed when it is built has them from [`Environment::settings`], with the same values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// On establishing a connection.
    pub connect: Option<Duration>,
    /// On the time between two reads.
    pub read: Option<Duration>,
    /// On the time between two writes.
    pub write: Option<Duration>,
    /// On waiting for a connection of the pool.
    pub pool: Option<Duration>,
}

/// A client, ready to send.
pub trait Client: Send + Sync {
    /// Sends a request. Resolves with the head of the response. Dropping the future cancels the request.
    fn send(
        &self,
        request: http::Request<Upload>,
        timeouts: Timeouts,
    ) -> BoxFuture<Result<Response, Failure>>;

    /// Closes the client in the most orderly way it offers, and with it its idle connections.
    fn close(self: Box<Self>) -> BoxFuture<()>;
}
