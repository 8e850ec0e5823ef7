//! What is to be played against a client of another crate.

use std::error::Error;
use std::future::Future;
use std::path::PathBuf;

use bytes::Bytes;
use closewait_scenario::{ClientSettings, Protocol, Scenario};
use closewait_simulator::client::{Environment, Retries, UnderTest, Wiring};
use closewait_simulator::origin::Application;
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::body::RequestBody;
use super::settings::Setting;
use super::subject::Subject;

type BoxError = Box<dyn Error + Send + Sync>;
type Refusal = Box<dyn Fn(&Scenario) -> Option<String> + Send + Sync>;

/// A client of this crate, and the scenarios to run against it.
///
/// Without further ado: every built-in scenario over HTTP/1.1 in clear text, the scripted origin, snapshots in
/// `tests/closewait-snapshots/`.
pub struct Suite {
    pub(super) client: Box<dyn UnderTest + Send>,
    pub(super) version: Version,
    pub(super) protocols: Vec<Protocol>,
    pub(super) only: Vec<String>,
    pub(super) ignored: Vec<String>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) fixed: Option<ClientSettings>,
    pub(super) retries: Option<Retries>,
    pub(super) application: Option<Application>,
    pub(super) scenarios: Vec<PathBuf>,
    pub(super) built_in: bool,
    pub(super) snapshots: PathBuf,
}

/// Which version is under test: what the header of a snapshot says, and what a report shows.
pub(super) enum Version {
    /// That of a package in `Cargo.lock`.
    Locked(String),
    Said(String),
    /// What the client says.
    OfTheClient,
}

impl Suite {
    /// A client that is handed simulated streams: `build` makes it from [`Environment::connector`]. `send` sends one
    /// request with a clone of it; [`service`](super::service) is one for hyper-util's client and for `tower` services.
    pub fn with_streams<C, S, F, B, E, X, U>(
        name: impl Into<String>,
        build: impl Fn(&Environment) -> Result<C, X> + Send + Sync + 'static,
        send: S,
    ) -> Self
    where
        C: Clone + Send + Sync + 'static,
        X: Into<BoxError>,
        S: Fn(C, http::Request<U>) -> F + Send + Sync + 'static,
        U: RequestBody + 'static,
        F: Future<Output = Result<http::Response<B>, E>> + Send + 'static,
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
        E: Into<BoxError>,
    {
        let name = String::leak(name.into());
        Self::of(Subject::new(name, Wiring::Streams, build, send))
    }

    /// A client that cannot be handed a stream: it resolves `origin.test` to [`Environment::address`], a port of
    /// loopback, and a gateway carries on from there. Otherwise as [`Suite::with_streams`].
    pub fn with_bridge<C, S, F, B, E, X, U>(
        name: impl Into<String>,
        build: impl Fn(&Environment) -> Result<C, X> + Send + Sync + 'static,
        send: S,
    ) -> Self
    where
        C: Clone + Send + Sync + 'static,
        X: Into<BoxError>,
        S: Fn(C, http::Request<U>) -> F + Send + Sync + 'static,
        U: RequestBody + 'static,
        F: Future<Output = Result<http::Response<B>, E>> + Send + 'static,
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
        E: Into<BoxError>,
    {
        let name = String::leak(name.into());
        Self::of(Subject::new(name, Wiring::Bridge, build, send))
    }

    /// A client with an adapter of its own: one that must be closed in a way of its own, for example.
    pub fn of(client: impl UnderTest + Send + 'static) -> Self {
        Self {
            client: Box::new(client),
            version: Version::OfTheClient,
            protocols: vec![Protocol::Http1],
            only: Vec::new(),
            ignored: Vec::new(),
            refusals: Vec::new(),
            fixed: None,
            retries: None,
            application: None,
            scenarios: Vec::new(),
            built_in: true,
            snapshots: PathBuf::from("tests/closewait-snapshots"),
        }
    }

    /// The version under test is that of this package in the `Cargo.lock` of the crate or its workspace.
    #[must_use]
    pub fn version_of(self, package: impl Into<String>) -> Self {
        Self { version: Version::Locked(package.into()), ..self }
    }

    /// The version under test.
    #[must_use]
    pub fn version(self, version: impl Into<String>) -> Self {
        Self { version: Version::Said(version.into()), ..self }
    }

    /// Only scenarios over these protocols. HTTP/1.1 in clear text if this is not called.
    #[must_use]
    pub fn protocols(self, protocols: impl IntoIterator<Item = Protocol>) -> Self {
        Self { protocols: protocols.into_iter().collect(), ..self }
    }

    /// Only scenarios that a pattern describes: `half-close/*`, or an id.
    #[must_use]
    pub fn only<P: Into<String>>(self, patterns: impl IntoIterator<Item = P>) -> Self {
        Self { only: patterns.into_iter().map(Into::into).collect(), ..self }
    }

    /// Scenarios that a pattern describes are ignored, as `#[ignore]` does it: `-- --ignored` plays them.
    #[must_use]
    pub fn ignore<P: Into<String>>(self, patterns: impl IntoIterator<Item = P>) -> Self {
        Self { ignored: patterns.into_iter().map(Into::into).collect(), ..self }
    }

    /// The client lacks a setting: scenarios that ask for it are unsupported, with this reason.
    #[must_use]
    pub fn without(self, setting: Setting, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        self.unsupported(move |scenario| setting.is_in(&scenario.client).then(|| reason.clone()))
    }

    /// Why the client cannot play a scenario, where it cannot.
    #[must_use]
    pub fn unsupported(
        mut self,
        reason: impl Fn(&Scenario) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.refusals.push(Box::new(reason));
        self
    }

    /// The client is built with its own settings, whatever a scenario asks: these. Results are judged by them, and
    /// scenarios that ask for other values are unsupported.
    #[must_use]
    pub fn fixed_settings(self, settings: ClientSettings) -> Self {
        Self { fixed: Some(settings), ..self }
    }

    /// How often the client, with all of its layers, sends one request again: the oracle `bounded-retries` judges by that. Of a client
    /// for which nothing is said no retry is judged.
    #[must_use]
    pub fn retries(self, retries: Retries) -> Self {
        Self { retries: Some(retries), ..self }
    }

    /// An application is the origin, behind the same simulated network: a `tower` service such as an axum `Router`,
    /// made anew for each run. Scenarios in which the origin answers to order are unsupported.
    #[must_use]
    pub fn origin<S, B>(self, service: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Self { application: Some(Application::http1(service)), ..self }
    }

    /// Also the scenario files in a folder of the crate, `<family>/<name>.toml`.
    #[must_use]
    pub fn scenarios(mut self, folder: impl Into<PathBuf>) -> Self {
        self.scenarios.push(folder.into());
        self
    }

    /// Without the scenarios that closewait comes with.
    #[must_use]
    pub fn without_built_in(self) -> Self {
        Self { built_in: false, ..self }
    }

    /// The folder of the accepted snapshots, in the crate.
    #[must_use]
    pub fn snapshots(self, folder: impl Into<PathBuf>) -> Self {
        Self { snapshots: folder.into(), ..self }
    }
}
