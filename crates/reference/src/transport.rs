//! The transport API: what sends a request, with or without a network.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use closewait_simulator::client::{Timeouts, Upload};
use http_body_util::combinators::UnsyncBoxBody;

use super::TransportError;

/// A boxed future.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A response whose body has not been read. Reading it to its end gives the connection back.
pub type Response = http::Response<UnsyncBoxBody<Bytes, TransportError>>;

/// Sends requests. Implemented by the pool of connections, by services without a network, and by wrappers around
/// other transports.
pub trait Transport: Send + Sync {
    /// Sends a request; resolves with the head of the response. Dropping the future cancels the request.
    fn send(
        &self,
        request: http::Request<Upload>,
        timeouts: Timeouts,
    ) -> BoxFuture<'static, Result<Response, TransportError>>;

    /// Takes no more requests, waits for those under way, and aborts what is left of them at the deadline.
    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(
        &self,
        request: http::Request<Upload>,
        timeouts: Timeouts,
    ) -> BoxFuture<'static, Result<Response, TransportError>> {
        (**self).send(request, timeouts)
    }

    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        (**self).close(deadline)
    }
}
