//! An application's own server as the origin, behind the same simulated network as the scripted one.
//!
//! It answers what it likes. What it executed and answered is written down on the way through, so that the oracles see
//! as much as they see of the scripted origin.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::Pin;

use bytes::Bytes;
use closewait_scenario::{Action, OriginAction, Protocol, Scenario};
use http::header::{DATE, HeaderValue};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::REQUEST_ID;
use super::served::{Answer, Log};
use crate::net::SharedStream;

/// An application, as the origin of every run.
pub struct Application {
    start: Box<dyn Fn() -> Serve + Send + Sync>,
}

/// Serves one connection of one run, until it ends.
pub(super) type Serve =
    Box<dyn Fn(SharedStream, Log) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

type BoxError = Box<dyn Error + Send + Sync>;

impl Application {
    /// Serves a `tower` service, an axum `Router` for example, with hyper's HTTP/1.1 server. `service` is called for each
    /// run, so that no run sees what another left behind; every connection of a run gets a clone. Requests reach the
    /// service whole.
    pub fn http1<S, B>(service: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let start = move || -> Serve {
            let service = service();
            Box::new(move |stream, log| Box::pin(serve(service.clone(), stream, log)))
        };
        Self { start: Box::new(start) }
    }

    /// Why a scenario cannot be played with an application as the origin, if so.
    pub fn unsupported(scenario: &Scenario) -> Option<String> {
        if scenario.protocol != Protocol::Http1 {
            return Some(format!("an application as the origin does not speak {}", scenario.protocol.word()));
        }
        if scenario.origin.idle_timeout.is_some() {
            return Some("an application as the origin keeps its own idle timeout".to_owned());
        }
        let scripted = scenario.script.iter().find_map(|step| match &step.action {
            Action::Origin(action) => scripted_only(action),
            _ => None,
        });
        scripted.map(|what| format!("only the scripted origin can {what}, and the origin is an application"))
    }

    pub(super) fn start(&self) -> Serve {
        (self.start)()
    }
}

fn scripted_only(action: &OriginAction) -> Option<&'static str> {
    match action {
        OriginAction::Fin { .. }
        | OriginAction::Rst { .. }
        | OriginAction::Close { .. }
        | OriginAction::StopListening
        | OriginAction::Listen
        | OriginAction::Crash
        | OriginAction::Restart => None,
        OriginAction::Reply(_) => Some("answer as the script says"),
        OriginAction::Hold { .. } => Some("hold an answer back"),
        OriginAction::Read { .. } => Some("read as the script says"),
        OriginAction::Send { .. } => Some("send bytes of the script"),
        _ => Some("do what the script says of HTTP/2"),
    }
}

async fn serve<S, B>(service: S, stream: SharedStream, log: Log)
where
    S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body + 'static,
    B::Error: Into<BoxError>,
{
    let answer = service_fn(|request| {
        let (service, log) = (service.clone(), log.clone());
        async move { Ok::<_, Infallible>(answer(service, request, log).await) }
    });
    // An error is the end of the connection, which the trace shows.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

/// Has a request answered once it is there whole.
async fn answer<S, B>(mut service: S, request: http::Request<Incoming>, log: Log) -> http::Response<Answer<B>>
where
    S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>>,
    S::Error: Into<BoxError>,
    B: Body,
{
    let (head, body) = request.into_parts();
    let id = head.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let id = id.unwrap_or(head.uri.path()).to_owned();
    let Ok(body) = body.collect().await else {
        // The client went away in the middle: there is nobody to answer.
        return std::future::pending().await;
    };
    log.executed(&id);
    let request = http::Request::from_parts(head, Full::new(body.to_bytes()));
    let answered = async {
        poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::<BoxError>::into)?;
        service.call(request).await.map_err(Into::<BoxError>::into)
    };
    let mut response = match answered.await {
        Ok(response) => Answer::of(response, id, log),
        Err(error) => Answer::failure(&*error, id, log),
    };
    // The server would read the system's clock.
    response.headers_mut().entry(DATE).or_insert(HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"));
    response
}
