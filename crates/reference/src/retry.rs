//! Retries, when and only when they are safe.

use std::sync::Arc;
use std::time::Duration;

use closewait_scenario::method::is_idempotent;
use closewait_simulator::client::{Timeouts, Upload};

use super::defect::{Defect, Defects};
use super::pool::ConnectionId;
use super::transport::BoxFuture;
use super::{Cause, Progress, Response, RetryReason, Transport, TransportError};

/// In the extensions of a request: only a connection that carried no request before will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreshConnection;

/// In the extensions of a request, beside [`FreshConnection`]: or a shared connection that was dialled after this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DialledAfter(pub ConnectionId);

/// In the extensions of a response: why the attempts before the last one were repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retried(pub Vec<RetryReason>);

/// How often a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Attempts, the first one included.
    pub attempts: u32,
}

impl Default for Budget {
    /// A dead connection of the pool, and one more chance.
    fn default() -> Self {
        Self { attempts: 3 }
    }
}

/// Sends a request again when that is safe, on a fresh connection.
pub struct Retry<T> {
    inner: Arc<T>,
    budget: Budget,
    defects: Defects,
}

impl<T: Transport + 'static> Retry<T> {
    /// Wraps a transport.
    pub fn new(inner: T, budget: Budget) -> Self {
        Self::with_defects(inner, budget, Defects::default())
    }

    pub(super) fn with_defects(inner: T, budget: Budget, defects: Defects) -> Self {
        Self { inner: Arc::new(inner), budget, defects }
    }
}

impl<T: Transport + 'static> Transport for Retry<T> {
    fn send(
        &self,
        request: http::Request<Upload>,
        timeouts: Timeouts,
    ) -> BoxFuture<'static, Result<Response, TransportError>> {
        let (inner, budget, defects) = (self.inner.clone(), self.budget, self.defects);
        Box::pin(async move {
            let mut retried = Vec::new();
            let mut attempt = request.clone();
            let mut after = None;
            loop {
                let number = retried.len() as u32 + 1;
                match inner.send(attempt, timeouts).await {
                    Ok(mut response) => {
                        response.extensions_mut().insert(Retried(retried));
                        return Ok(response);
                    }
                    Err(mut error) => {
                        error.attempt = number;
                        error.retried.clone_from(&retried);
                        after = error.connection.or(after);
                        retried.push(reason(&request, &error, budget, defects).ok_or(error)?);
                    }
                }
                attempt = request.clone();
                if retried.last() == Some(&RetryReason::Refused) {
                    // The connection is healthy, or it drains and is passed over.
                    continue;
                }
                attempt.extensions_mut().insert(FreshConnection);
                if let Some(connection) = after {
                    attempt.extensions_mut().insert(DialledAfter(connection));
                }
            }
        })
    }

    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.inner.close(deadline)
    }
}

/// Why the request may be sent again, if it may.
fn reason(
    request: &http::Request<Upload>,
    error: &TransportError,
    budget: Budget,
    defects: Defects,
) -> Option<RetryReason> {
    let lost = match &error.cause {
        // What the application gave would be the same again.
        Cause::Http(error) => !error.is_user() && !is_own_reset(error),
        cause => matches!(cause, Cause::Stale | Cause::Unresponsive),
    };
    let Progress { reused, written, received } = error.progress;
    if lost && defects.has(Defect::RetriesWithoutLimit) && is_idempotent(request.method().as_str()) {
        return Some(RetryReason::Idempotent);
    }
    if !lost || error.attempt >= budget.attempts {
        return None;
    }
    if let Cause::Http(cause) = &error.cause
        && (is_refused(cause) || defects.has(Defect::RetriesProcessed))
    {
        return (!defects.has(Defect::SurfacesRefused)).then_some(RetryReason::Refused);
    }
    if is_peers_reset(&error.cause) {
        return None;
    }
    if !written {
        return (!defects.has(Defect::FailsUnsent)).then_some(RetryReason::NeverWritten);
    }
    // What kills a fresh connection may well be the request.
    if received || !reused {
        return None;
    }
    if is_idempotent(request.method().as_str()) || defects.has(Defect::RetriesPost) {
        return Some(RetryReason::Idempotent);
    }
    request.headers().contains_key("idempotency-key").then_some(RetryReason::IdempotencyKey)
}

/// Whether the peer said that it did not process the stream (RFC 9113 section 8.7). hyper hands GOAWAY only to the
/// streams above its last one.
pub(super) fn is_refused(error: &hyper::Error) -> bool {
    h2_error(error).is_some_and(|error| {
        error.is_remote()
            && (error.is_go_away() || error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}

/// Whether the peer reset the stream, and nothing but the stream.
pub(super) fn is_reset(error: &hyper::Error) -> bool {
    h2_error(error).is_some_and(|error| error.is_remote() && error.is_reset())
}

/// Whether the application's body failed, and the stream was reset for it.
fn is_own_reset(error: &hyper::Error) -> bool {
    h2_error(error).is_some_and(|error| error.is_reset() && !error.is_remote() && !error.is_library())
}

/// A reset is an answer to this request: it would be the same again.
fn is_peers_reset(cause: &Cause) -> bool {
    matches!(cause, Cause::Http(error) if is_reset(error))
}

fn h2_error(error: &hyper::Error) -> Option<&h2::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::RetryReason::{IdempotencyKey, Idempotent, NeverWritten};
    use bytes::Bytes;

    use super::*;

    const REUSED: Progress = Progress { reused: true, written: true, received: false };

    fn check(method: &str, key: bool, progress: Progress, attempt: u32, expected: Option<RetryReason>) {
        let mut request = http::Request::builder().method(method);
        if key {
            request = request.header("Idempotency-Key", "k");
        }
        let request = request.body(Upload::from(Bytes::new())).expect("a valid request");
        let error = TransportError { attempt, ..TransportError::new(Cause::Stale, progress) };
        assert_eq!(reason(&request, &error, Budget { attempts: 3 }, Defects::default()), expected);
    }

    #[test]
    fn a_request_is_sent_again_only_where_that_is_safe() {
        check("GET", false, REUSED, 1, Some(Idempotent));
        check("POST", false, REUSED, 1, None);
        check("POST", true, REUSED, 1, Some(IdempotencyKey));
        check("PATCH", false, Progress { written: false, ..REUSED }, 1, Some(NeverWritten));
        check("GET", false, Progress { received: true, ..REUSED }, 1, None);
        check("GET", false, Progress { reused: false, ..REUSED }, 1, None);
        check("GET", false, REUSED, 3, None);
    }

    #[test]
    fn a_timeout_is_the_end() {
        let request = http::Request::new(Upload::from(Bytes::new()));
        let cause = Cause::Timeout { phase: super::super::Phase::Read, after: Duration::from_secs(1) };
        let error = TransportError::new(cause, REUSED);
        assert_eq!(reason(&request, &error, Budget::default(), Defects::default()), None);
    }
}
