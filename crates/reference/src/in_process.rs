//! A transport without a network: it calls a service in the same process.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use closewait_simulator::client::{Timeouts, Upload};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, TryAcquireError};
use tower_service::Service;

use super::transport::BoxFuture;
use super::{Cause, Phase, Progress, Response, Transport, TransportError};

/// Sends requests to a [`Service`], such as an axum `Router`. A clone of the service handles each request. Of the
/// timeouts only `read` means anything here: it bounds the wait for the head of the response.
pub struct InProcess<S> {
    service: Mutex<S>,
    /// A permit for each request under way.
    running: Arc<Semaphore>,
}

const MOST_RUNNING: u32 = 1 << 20;

impl<S> InProcess<S> {
    /// A transport that calls the service.
    pub fn new(service: S) -> Self {
        Self { service: Mutex::new(service), running: Arc::new(Semaphore::new(MOST_RUNNING as usize)) }
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl<S, B> Transport for InProcess<S>
where
    S: Service<http::Request<Upload>, Response = http::Response<B>> + Clone + Send + 'static,
    S::Error: Into<Error>,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Error>,
{
    fn send(
        &self,
        request: http::Request<Upload>,
        timeouts: Timeouts,
    ) -> BoxFuture<'static, Result<Response, TransportError>> {
        let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let running = self.running.clone();
        Box::pin(async move {
            let _running = running.try_acquire().map_err(|error| match error {
                TryAcquireError::Closed => failed(Cause::Closed),
                TryAcquireError::NoPermits => failed(Cause::Invalid("too many requests at once")),
            })?;
            let answer = async {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(request).await
            };
            let answer = match timeouts.read {
                Some(limit) => tokio::time::timeout(limit, answer)
                    .await
                    .map_err(|_| failed(Cause::Timeout { phase: Phase::Read, after: limit }))?,
                None => answer.await,
            };
            let response = answer.map_err(|error| failed(Cause::Service(error.into())))?;
            Ok(response.map(|body| body.map_err(|error| failed(Cause::Service(error.into()))).boxed_unsync()))
        })
    }

    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let running = self.running.clone();
        Box::pin(async move {
            // What the deadline cuts off belongs to its caller, who may drop it.
            let _ = tokio::time::timeout(deadline, running.acquire_many(MOST_RUNNING)).await;
            running.close();
        })
    }
}

/// The service has seen the request.
fn failed(cause: Cause) -> TransportError {
    TransportError::new(cause, Progress { written: true, ..Progress::default() })
}
