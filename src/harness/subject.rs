//! The client of another crate, as the lab wants it.

use std::error::Error;
use std::future::{Future, ready};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use closewait_scenario::Scenario;
use closewait_simulator::client::{
    BoxFuture, Client, Environment, Failure, Response, Timeouts, UnderTest, Wiring,
};
use http_body::Body;
use http_body_util::BodyExt;

type BoxError = Box<dyn Error + Send + Sync>;
type Build = Box<dyn Fn(&Environment) -> Result<Box<dyn Client>, Failure> + Send + Sync>;

/// A client made of a function that builds it and one that sends.
pub(super) struct Subject {
    name: &'static str,
    wiring: Wiring,
    build: Build,
}

impl Subject {
    pub fn new<C, S, F, B, E, X>(
        name: &'static str,
        wiring: Wiring,
        build: impl Fn(&Environment) -> Result<C, X> + Send + Sync + 'static,
        send: S,
    ) -> Self
    where
        C: Clone + Send + Sync + 'static,
        X: Into<BoxError>,
        S: Fn(C, http::Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<http::Response<B>, E>> + Send + 'static,
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
        E: Into<BoxError>,
    {
        let send = Arc::new(send);
        let build = move |environment: &Environment| -> Result<Box<dyn Client>, Failure> {
            let client = build(environment).map_err(failure)?;
            Ok(Box::new(Sender { client, send: send.clone() }))
        };
        Self { name, wiring, build: Box::new(build) }
    }
}

impl UnderTest for Subject {
    fn name(&self) -> &'static str {
        self.name
    }

    /// The suite knows it.
    fn version(&self) -> &'static str {
        ""
    }

    fn wiring(&self) -> Wiring {
        self.wiring
    }

    fn unsupported(&self, _: &Scenario) -> Option<String> {
        None
    }

    fn build(&self, environment: &Environment) -> Result<Box<dyn Client>, Failure> {
        (self.build)(environment)
    }
}

struct Sender<C, S> {
    client: C,
    send: Arc<S>,
}

impl<C, S, F, B, E> Client for Sender<C, S>
where
    C: Clone + Send + Sync,
    S: Fn(C, http::Request<Bytes>) -> F + Send + Sync,
    F: Future<Output = Result<http::Response<B>, E>> + Send + 'static,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
    E: Into<BoxError>,
{
    fn send(&self, request: http::Request<Bytes>, _: Timeouts) -> BoxFuture<Result<Response, Failure>> {
        let sending = (self.send)(self.client.clone(), request);
        Box::pin(async move {
            let response = sending.await.map_err(failure)?;
            Ok(response.map(|body| {
                let body =
                    body.map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
                body.map_err(failure).boxed_unsync()
            }))
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<()> {
        // Dropping the last handle is the close of clients that have no other.
        drop(self);
        Box::pin(ready(()))
    }
}

fn failure(error: impl Into<BoxError>) -> Failure {
    let error: BoxError = error.into();
    Failure::of(&*error)
}
