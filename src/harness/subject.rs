//! The client of another crate, as the lab wants it.

use std::error::Error;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Buf;
use closewait_scenario::{BodySource, Scenario};
use closewait_simulator::client::{
    BoxFuture, Client, Environment, Failure, Response, Timeouts, UnderTest, Upload, Wiring,
};
use http_body::Body;
use http_body_util::BodyExt;

use super::body::RequestBody;

type BoxError = Box<dyn Error + Send + Sync>;
type Build = Box<dyn Fn(&Environment) -> Result<Box<dyn Client>, Failure> + Send + Sync>;

/// A client made of a function that builds it and one that sends.
pub(super) struct Subject {
    name: &'static str,
    wiring: Wiring,
    /// Bodies of requests need not be whole.
    streams: bool,
    build: Build,
}

impl Subject {
    pub fn new<C, S, F, B, E, X, U>(
        name: &'static str,
        wiring: Wiring,
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
        let send = Arc::new(send);
        let build = move |environment: &Environment| -> Result<Box<dyn Client>, Failure> {
            let client = build(environment).map_err(failure)?;
            Ok(Box::new(Sender { client, send: send.clone(), takes: PhantomData::<fn(U)> }))
        };
        Self { name, wiring, streams: U::STREAMS, build: Box::new(build) }
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

    fn unsupported(&self, scenario: &Scenario) -> Option<String> {
        let whole = scenario.requests().all(|request| request.source == BodySource::WHOLE);
        (!self.streams && !whole).then(|| {
            "its test hands it bodies whole: `http::Request<Upload>` in place of `Bytes` or `Full`".to_owned()
        })
    }

    fn build(&self, environment: &Environment) -> Result<Box<dyn Client>, Failure> {
        (self.build)(environment)
    }
}

struct Sender<C, S, U> {
    client: C,
    send: Arc<S>,
    takes: PhantomData<fn(U)>,
}

impl<C, S, F, B, E, U> Client for Sender<C, S, U>
where
    C: Clone + Send + Sync,
    S: Fn(C, http::Request<U>) -> F + Send + Sync,
    U: RequestBody,
    F: Future<Output = Result<http::Response<B>, E>> + Send + 'static,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
    E: Into<BoxError>,
{
    fn send(&self, request: http::Request<Upload>, _: Timeouts) -> BoxFuture<Result<Response, Failure>> {
        let sending = (self.send)(self.client.clone(), request.map(U::of));
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
