//! The course of one request: until its outcome is known, or the application gives it up.

use std::pin::pin;
use std::time::Duration;

use closewait_trace::{Outcome, Recorder, What};
use tokio::sync::oneshot;

use super::request::Performed;
use crate::net::Wire;

/// What the application may yet do to a request that is under way.
pub(super) struct Handle {
    /// Drop its future.
    pub cancel: Option<oneshot::Sender<()>>,
    /// Read on in the response that it keeps.
    pub read: Option<oneshot::Sender<()>>,
}

/// A request under way, and what it hears of the application.
pub(super) struct Course {
    pub id: String,
    /// How long the application waits, for the outcome or for the response that it keeps, and again for the rest of that.
    pub deadline: Duration,
    pub wire: Wire,
    pub recorder: Recorder,
    pub cancel: oneshot::Receiver<()>,
    pub read: oneshot::Receiver<()>,
}

impl Course {
    pub fn handle() -> (Handle, oneshot::Receiver<()>, oneshot::Receiver<()>) {
        let ((cancel, cancelled), (read, reads)) = (oneshot::channel(), oneshot::channel());
        (Handle { cancel: Some(cancel), read: Some(read) }, cancelled, reads)
    }

    /// Follows it to its outcome, which is recorded.
    pub async fn run(self, performing: impl Future<Output = Performed>) {
        let Self { id, deadline, wire, recorder, cancel, read } = self;
        let record = |what| recorder.push(wire.now(), what);
        let cancelled = || What::RequestCancelled { request: id.clone() };
        let mut patience = Patience { cancel: pin!(told(cancel)), give_up: || record(cancelled()) };
        let course = async {
            let kept = match patience.waits_for(Some(deadline), performing).await? {
                Performed::Over(outcome) => return Ok(outcome),
                Performed::Kept(kept) => kept,
            };
            record(What::ResponseKept { request: id.clone() });
            patience.waits_for(None, told(read)).await?;
            record(What::ResponseReadOn { request: id.clone() });
            patience.waits_for(Some(deadline), kept.read_on()).await
        };
        let outcome = course.await.unwrap_or_else(|given_up| given_up);
        record(What::RequestFinished { request: id.clone(), outcome });
    }
}

/// Until when the application waits, and what is recorded as it gives up.
struct Patience<C, G> {
    cancel: C,
    give_up: G,
}

impl<C: Future<Output = ()> + Unpin, G: Fn()> Patience<C, G> {
    /// The error is the outcome of a request that is given up. That is recorded before what was waited for is dropped: what
    /// the client does about it comes after.
    async fn waits_for<T>(
        &mut self,
        deadline: Option<Duration>,
        awaited: impl Future<Output = T>,
    ) -> Result<T, Outcome> {
        let mut awaited = pin!(awaited);
        let expired = async {
            match deadline {
                Some(deadline) => crate::timer::sleep(deadline).await,
                None => std::future::pending().await,
            }
        };
        let given_up = tokio::select! {
            biased;
            () = &mut self.cancel => Outcome::Cancelled,
            done = &mut awaited => return Ok(done),
            () = expired => Outcome::Deadline,
        };
        (self.give_up)();
        Err(given_up)
    }
}

/// Waits to be told; for ever, if nobody is left to say so.
async fn told(receiver: oneshot::Receiver<()>) {
    if receiver.await.is_err() {
        std::future::pending().await
    }
}
