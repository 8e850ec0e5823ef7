//! One attempt: a request on a stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use closewait_simulator::client::{Timeouts, Upload};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;

use super::body::StreamBody;
use super::lease::StreamLease;
use super::progress::{Clock, Paced};
use crate::defect::Defect;
use crate::pool::Finish;
use crate::retry::{is_refused, is_reset};
use crate::transport::BoxFuture;
use crate::{Cause, Response, TransportError};

/// Sends the request once.
pub(in super::super) async fn exchange(
    mut lease: StreamLease,
    request: http::Request<Upload>,
    timeouts: Timeouts,
) -> Result<Response, TransportError> {
    let clock = Clock::start();
    let request = request.map(|body| Paced::new(body, clock.clone(), &lease));
    let keep = lease.has_defect(Defect::CancelNotTold);
    let mut answer = Answer { sent: Some(Box::pin(lease.sender.try_send_request(request))), keep };
    let waiting = clock.clone();
    let answered = tokio::select! {
        biased;
        answered = &mut answer => answered,
        cause = waiting.stands_still(timeouts) => {
            return Err(failed(cause, lease, false, Finish::Abandoned));
        }
    };
    match answered {
        Ok(response) => {
            clock.moved();
            Ok(response.map(|body| StreamBody::new(body, lease, clock, timeouts).boxed_unsync()))
        }
        Err(mut error) => {
            let returned = error.take_message().is_some();
            let cause = match lease.link.is_unresponsive() {
                true => Cause::Unresponsive,
                false => Cause::Http(error.into_error()),
            };
            let how = match &cause {
                Cause::Http(error) if is_refused(error) && is_reset(error) => Finish::Refused,
                _ => Finish::Done,
            };
            Err(failed(cause, lease, returned, how))
        }
    }
}

fn failed(cause: Cause, lease: StreamLease, returned: bool, how: Finish) -> TransportError {
    let mut error = TransportError::new(cause, lease.progress(returned, false));
    error.connection = Some(lease.id);
    lease.finish(how);
    error
}

type Answered = Result<http::Response<Incoming>, TrySendError<http::Request<Paced>>>;

/// hyper's answer. Dropped before it is there, hyper resets the stream.
struct Answer {
    sent: Option<BoxFuture<'static, Answered>>,
    /// A defect does not drop it.
    keep: bool,
}

impl Future for Answer {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered> {
        let Some(sent) = &mut self.sent else { return Poll::Pending };
        let answered = sent.as_mut().poll(cx);
        if answered.is_ready() {
            self.sent = None;
        }
        answered
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(sent) = self.sent.take().filter(|_| self.keep) {
            tokio::spawn(async move {
                let kept = sent.await;
                std::future::pending::<()>().await;
                drop(kept);
            });
        }
    }
}
