//! How far one stream has come, and for how long it has stood still: what the connection does for others says nothing
//! of it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use closewait_simulator::client::Timeouts;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, sleep_until};

use super::super::watchdog::timeout;
use super::lease::{Report, StreamLease};
use super::link::Link;
use crate::{Cause, Phase};

/// When a stream last moved.
#[derive(Debug, Clone)]
pub(super) struct Clock(Arc<Mutex<Moved>>);

#[derive(Debug, Clone, Copy)]
struct Moved {
    last: Instant,
    /// A part of the request's body has not been taken.
    uploading: bool,
}

impl Clock {
    pub fn start() -> Self {
        Self(Arc::new(Mutex::new(Moved { last: Instant::now(), uploading: false })))
    }

    pub fn moved(&self) {
        self.set(|moved| moved.last = Instant::now());
    }

    fn set(&self, change: impl FnOnce(&mut Moved)) -> Moved {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut moved);
        *moved
    }

    /// Resolves when the stream has stood still for too long, counted from now at the earliest.
    pub async fn stands_still(self, timeouts: Timeouts) -> Cause {
        let since = Instant::now();
        loop {
            let Moved { last, uploading } = self.set(|_| ());
            let last = last.max(since);
            let (phase, limit) =
                if uploading { (Phase::Write, timeouts.write) } else { (Phase::Read, timeouts.read) };
            // Without a limit on this phase there may be one on the next.
            let Some(recheck) = limit.or(timeouts.read).or(timeouts.write) else {
                return std::future::pending().await;
            };
            match limit {
                Some(limit) if Instant::now() >= last + limit => return timeout(phase, limit),
                Some(limit) => sleep_until(last + limit).await,
                None => tokio::time::sleep(recheck).await,
            }
        }
    }
}

/// The body of a request, piece by piece, each when the socket has taken all before it: so it shows when the peer stops
/// taking it, and what is given up is not sent.
pub(in super::super) struct Upload {
    left: Bytes,
    clock: Clock,
    link: Arc<Link>,
    _report: Arc<Report>,
}

impl Upload {
    pub(super) fn new(body: Bytes, clock: Clock, lease: &StreamLease) -> Self {
        clock.set(|moved| moved.uploading = !body.is_empty());
        Self { left: body, clock, link: lease.link.clone(), _report: lease.report() }
    }
}

/// How much of a body is handed over at a time, bytes: little, as what waits for the socket with it cannot be taken back.
pub(in super::super) const PIECE: usize = 4_096;

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        ready!(self.link.poll_sent(cx));
        let length = self.left.len().min(PIECE);
        let piece = self.left.split_to(length);
        let is_last = self.left.is_empty();
        self.clock.set(|moved| {
            moved.last = Instant::now();
            moved.uploading = !is_last;
        });
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
