//! A response body that gives its connection back at its end.

use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use closewait_simulator::client::Timeouts;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::lease::Lease;
use super::watchdog::silence;
use crate::defect::Defect;
use crate::persistence::Persistence;
use crate::pool::Poison;
use crate::transport::BoxFuture;
use crate::{Cause, TransportError};

/// Dropped before its end, it takes its connection with it.
pub(super) struct LeasedBody {
    inner: Incoming,
    /// `None` after the end.
    lease: Option<Lease>,
    persistence: Persistence,
    timeouts: Timeouts,
    /// Runs while a frame is awaited.
    watchdog: Option<BoxFuture<'static, Cause>>,
}

impl LeasedBody {
    pub fn new(inner: Incoming, lease: Lease, persistence: Persistence, timeouts: Timeouts) -> Self {
        Self { inner, lease: Some(lease), persistence, timeouts, watchdog: None }
    }

    /// There is nothing to read: the connection is free, though the caller may hold on to the response.
    pub fn finish_if_empty(&mut self) {
        if self.inner.is_end_stream() {
            self.finish(&mut Context::from_waker(Waker::noop()));
        }
    }

    fn finish(&mut self, cx: &mut Context<'_>) {
        if let Some(lease) = self.lease.take() {
            lease.finish(cx, self.persistence);
        }
    }

    fn fail(&mut self, error: hyper::Error) -> Option<TransportError> {
        let lease = self.lease.take()?;
        let hidden = lease.has_defect(Defect::HidesTruncation)
            || lease.has_defect(Defect::TakesMalformedChunks) && is_of_chunks(&error);
        let error = TransportError::new(Cause::Http(error), lease.gate.progress());
        lease.poison(Poison::Broken);
        (!hidden).then_some(error)
    }

    /// No frame is there: is it time to give up?
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<TransportError> {
        let Some(lease) = &self.lease else { return Poll::Pending };
        let timeouts = self.timeouts;
        let watchdog = self.watchdog.get_or_insert_with(|| Box::pin(silence(lease.gate.clone(), timeouts)));
        let cause = ready!(watchdog.as_mut().poll(cx));
        let error = TransportError::new(cause, lease.gate.progress());
        if let Some(lease) = self.lease.take() {
            lease.poison_by_timeout();
        }
        Poll::Ready(error)
    }
}

/// Whether hyper could not make sense of the chunks.
fn is_of_chunks(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    cause
        .is_some_and(|cause| matches!(cause.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
}

impl Body for LeasedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = &mut *self;
        if this.lease.is_none() {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.watchdog = None;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(this.fail(error).map(Err)),
            Poll::Ready(None) => {
                this.finish(cx);
                Poll::Ready(None)
            }
            Poll::Pending => this.poll_silence(cx).map(|error| Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.lease.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for LeasedBody {
    fn drop(&mut self) {
        // The caller may have all of it and not have asked for more.
        self.finish_if_empty();
    }
}
