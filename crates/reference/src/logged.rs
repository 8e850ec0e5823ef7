//! A transport that reports what it sends.

use std::sync::Arc;
use std::time::Duration;

use closewait_simulator::client::{Timeouts, Upload};
use http::{Method, StatusCode, Uri};
use tokio::time::Instant;

use super::RetryReason;
use super::retry::Retried;
use super::transport::BoxFuture;
use super::{Response, Transport, TransportError};

/// One request that has an outcome.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its URL.
    pub uri: &'a Uri,
    /// From the call to the head of the response, or the error.
    pub took: Duration,
    /// What came of it.
    pub outcome: Result<StatusCode, &'a TransportError>,
    /// Why it was sent again, once for each time.
    pub retried: &'a [RetryReason],
}

/// Hands an [`Entry`] to a function for every request.
pub struct Logged<T, F> {
    inner: T,
    log: Arc<F>,
}

impl<T, F: Fn(&Entry<'_>)> Logged<T, F> {
    /// Wraps a transport.
    pub fn new(inner: T, log: F) -> Self {
        Self { inner, log: Arc::new(log) }
    }
}

impl<T: Transport, F: Fn(&Entry<'_>) + Send + Sync + 'static> Transport for Logged<T, F> {
    fn send(
        &self,
        request: http::Request<Upload>,
        timeouts: Timeouts,
    ) -> BoxFuture<'static, Result<Response, TransportError>> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let (sending, log) = (self.inner.send(request, timeouts), self.log.clone());
        Box::pin(async move {
            let start = Instant::now();
            let result = sending.await;
            let retried = match &result {
                Ok(response) => response.extensions().get::<Retried>().map_or(&[][..], |retried| &retried.0),
                Err(error) => &error.retried,
            };
            let outcome = result.as_ref().map(|response| response.status());
            log(&Entry { method: &method, uri: &uri, took: start.elapsed(), outcome, retried });
            result
        })
    }

    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.inner.close(deadline)
    }
}
