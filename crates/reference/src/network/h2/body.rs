//! A response body that gives its stream back at its end.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use closewait_simulator::client::Timeouts;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::lease::StreamLease;
use super::progress::Clock;
use crate::defect::Defect;
use crate::pool::Finish;
use crate::transport::BoxFuture;
use crate::{Cause, TransportError};

/// Dropped before its end, it resets its stream: that gives back what it holds of the connection's window.
pub(super) struct StreamBody {
    inner: Option<Incoming>,
    /// `None` after the end.
    lease: Option<StreamLease>,
    clock: Clock,
    timeouts: Timeouts,
    /// Runs while a frame is awaited.
    watchdog: Option<BoxFuture<'static, Cause>>,
}

impl StreamBody {
    pub fn new(inner: Incoming, lease: StreamLease, clock: Clock, timeouts: Timeouts) -> Self {
        let mut body = Self { inner: Some(inner), lease: Some(lease), clock, timeouts, watchdog: None };
        body.finish_if_empty();
        body
    }

    /// There is nothing to read: the stream is over, though the caller may hold on to the response.
    fn finish_if_empty(&mut self) {
        if self.inner.as_ref().is_none_or(Body::is_end_stream) {
            self.finish(Finish::Done);
        }
    }

    fn finish(&mut self, how: Finish) {
        if let Some(lease) = self.lease.take() {
            self.clock.answered();
            lease.finish(how);
        }
    }

    fn fail(&mut self, cause: Cause, how: Finish) -> Option<TransportError> {
        let lease = self.lease.take()?;
        let cause = if lease.link.is_unresponsive() { Cause::Unresponsive } else { cause };
        let mut error = TransportError::new(cause, lease.progress(false, true));
        error.connection = Some(lease.id);
        lease.finish(how);
        self.inner = None;
        Some(error)
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Option<TransportError>> {
        let (clock, timeouts) = (self.clock.clone(), self.timeouts);
        let watchdog = self.watchdog.get_or_insert_with(|| Box::pin(clock.stands_still(timeouts)));
        watchdog.as_mut().poll(cx).map(|cause| self.fail(cause, Finish::Abandoned))
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = &mut *self;
        let Some(inner) = this.inner.as_mut().filter(|_| this.lease.is_some()) else {
            return Poll::Ready(None);
        };
        match Pin::new(inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.watchdog = None;
                this.clock.moved();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                Poll::Ready(this.fail(Cause::Http(error), Finish::Done).map(Err))
            }
            Poll::Ready(None) if is_cut_short(this.inner.as_ref()) => {
                Poll::Ready(this.fail(Cause::Truncated, Finish::Done).map(Err))
            }
            Poll::Ready(None) => {
                this.finish(Finish::Done);
                Poll::Ready(None)
            }
            Poll::Pending => this.poll_silence(cx).map(|error| error.map(Err)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.lease.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

/// hyper takes NO_ERROR, of RST_STREAM or GOAWAY, for the end of the body. It ends with END_STREAM (RFC 9113 section 8.1).
fn is_cut_short(body: Option<&Incoming>) -> bool {
    body.is_some_and(|body| !body.is_end_stream())
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        // The caller may have all of it and not have asked for more.
        self.finish_if_empty();
        let holds = self.lease.as_ref().is_some_and(|lease| {
            lease.has_defect(Defect::AbandonedHoldsWindow) || lease.has_defect(Defect::CancelNotTold)
        });
        if holds {
            self.inner.take().into_iter().for_each(std::mem::forget);
        }
    }
}
