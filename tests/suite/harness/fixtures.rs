//! The `main` of tests of other crates. This binary plays one where the environment names it.

use std::convert::Infallible;
use std::future::ready;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use bytes::Bytes;
use closewait::harness::{
    ClientSettings, Connector, Environment, Retries, Setting, Suite, Upload, service, service_of,
};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::sleep;

/// Names the fixture.
pub const FIXTURE: &str = "CLOSEWAIT_TEST_FIXTURE";

type Legacy = Client<Connector, Upload>;

/// Plays a fixture, and ends the process.
pub fn play(fixture: &str) -> ! {
    let half_close = ["half-close/*"];
    let suite = match fixture {
        "plain" => plain().only(half_close),
        "locked" => plain().only(half_close).version_of("hyper-util"),
        "ignoring" => plain().only(half_close).ignore(["half-close/fin-while-idle"]),
        "retrying" => Suite::with_streams("plain", build, retrying).version("1.2.3").only(half_close),
        "storm" => storm(),
        "storm-of-three" => storm().retries(Retries::Attempts(3)),
        "storm-of-two" => storm().retries(Retries::Attempts(2)),
        "chance" => Suite::with_streams("plain", build, by_chance).only(half_close),
        "aborting" => Suite::with_streams("plain", build, aborting).only(half_close),
        "panicking" => Suite::with_streams("plain", build, panicking).version("1.2.3").only(half_close),
        "rewording" => Suite::with_streams("plain", build, rewording).version("1.2.3").only(half_close),
        "incapable" => plain()
            .without(Setting::IdleTimeout, "plain has no idle timeout")
            .unsupported(|scenario| (scenario.family() == "reset").then(|| "not on a Sunday".to_owned())),
        "fixed" => {
            let idle_timeout = Some(Duration::from_secs(5));
            plain().fixed_settings(ClientSettings { idle_timeout, ..ClientSettings::default() })
        }
        "own" => plain().scenarios("tests/scenarios"),
        "own-only" => plain().scenarios("tests/scenarios").without_built_in(),
        "misspelled" => plain().only(["half-clos/*"]),
        "axum" => Suite::with_streams("axum", build, service).origin(application),
        "bridged" => Suite::with_bridge("bridged", bridged, service_of::<_, reqwest::Request, reqwest::Body>)
            .only(half_close)
            .version_of("reqwest"),
        other => panic!("there is no fixture {other}"),
    };
    suite.main()
}

fn plain() -> Suite {
    Suite::with_streams("plain", build, service).version("1.2.3")
}

/// A client that sends a request four times before it gives up.
fn storm() -> Suite {
    Suite::with_streams("storm", build, four_times).version("1.2.3").only(["retry/every-connection-dies"])
}

fn build(environment: &Environment) -> Result<Legacy, Infallible> {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new());
    Ok(builder.build(environment.connector()))
}

/// What a well-meant wrapper does: whatever failed is sent again.
async fn retrying(
    client: Legacy,
    request: http::Request<Upload>,
) -> Result<http::Response<hyper::body::Incoming>, Error> {
    match service(client.clone(), request.clone()).await {
        Ok(response) => Ok(response),
        Err(_) => service(client, request).await,
    }
}

async fn four_times(
    client: Legacy,
    request: http::Request<Upload>,
) -> Result<http::Response<hyper::body::Incoming>, Error> {
    for _ in 0..3 {
        if let Ok(response) = service(client.clone(), request.clone()).await {
            return Ok(response);
        }
    }
    service(client, request).await
}

/// A client that leaves to chance what it does, in every way that another crate may.
async fn by_chance(
    client: Legacy,
    request: http::Request<Upload>,
) -> Result<http::Response<hyper::body::Incoming>, Error> {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let wait = tokio::select! {
        () = ready(()) => rand::random_range(0..100),
        () = ready(()) => fastrand::u64(100..200),
        () = ready(()) => 300 + REQUESTS.fetch_add(1, Relaxed),
        () = ready(()) => 400 + RandomState::new().hash_one(0) % 100,
    };
    sleep(Duration::from_millis(wait)).await;
    service(client, request).await
}

/// A client that takes the process with it.
async fn aborting(
    client: Legacy,
    request: http::Request<Upload>,
) -> Result<http::Response<hyper::body::Incoming>, Error> {
    if request.uri().path() == "/b" {
        std::process::abort();
    }
    service(client, request).await
}

/// A client with a bug of the worst kind.
async fn panicking(
    _: Legacy,
    request: http::Request<Upload>,
) -> Result<http::Response<hyper::body::Incoming>, Error> {
    panic!("cannot send {}", request.uri().path())
}

/// The same client, and its errors have other words: they are not behaviour.
async fn rewording(
    client: Legacy,
    request: http::Request<Upload>,
) -> Result<http::Response<hyper::body::Incoming>, Reworded> {
    service(client, request).await.map_err(Reworded)
}

#[derive(Debug, thiserror::Error)]
#[error("the request came to nothing")]
struct Reworded(#[source] Error);

fn bridged(environment: &Environment) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(without_roots());
    builder.resolve("origin.test", environment.address()).build()
}

/// Loading the system's roots for each run costs more than the run.
fn without_roots() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has suites for them")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// Answers everything, with a body that comes in two pieces where the path says so.
fn application() -> Router {
    let hello = || async { "hello" };
    let pieces = || async {
        let pieces = http_body_util::Full::new(Bytes::from_static(b"in pieces"));
        Body::new(pieces)
    };
    Router::new().route("/pieces", any(pieces)).fallback(any(hello))
}
