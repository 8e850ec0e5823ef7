//! How far one stream has come, and for how long it has stood still: what the connection does for others says nothing
//! of it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use closewait_simulator::client::{Timeouts, Upload};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, sleep_until};

use super::super::outgoing::Outgoing;
use super::super::watchdog::timeout;
use super::lease::{Report, StreamLease};
use super::link::Link;
use crate::defect::Defect;
use crate::{Cause, Phase};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// When a stream last moved.
#[derive(Debug, Clone)]
pub(super) struct Clock(Arc<Mutex<Moved>>);

/// Who is to move next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The peer, to take a part of the request's body.
    Taker,
    /// The application, to give a part of it.
    Giver,
    /// The peer, to answer.
    Answerer,
}

#[derive(Debug)]
struct Moved {
    last: Instant,
    /// What is waited for.
    waits_for: Side,
    /// The response was read whole: nobody waits for the rest of the request.
    answered: bool,
    /// The upload, while it waits for the application.
    upload: Option<Waker>,
}

impl Clock {
    pub fn start() -> Self {
        let moved = Moved { last: Instant::now(), waits_for: Side::Answerer, answered: false, upload: None };
        Self(Arc::new(Mutex::new(moved)))
    }

    pub fn moved(&self) {
        self.set(|moved| moved.last = Instant::now());
    }

    /// The response was read whole. What the application would still give is not waited for: a stream stays open, and counts
    /// against the peer's limit, until both sides have ended it (RFC 9113 sections 5.1.2 and 8.1).
    pub fn answered(&self) {
        let upload = self.set(|moved| {
            moved.answered = true;
            moved.upload.take()
        });
        upload.into_iter().for_each(Waker::wake);
    }

    fn set<T>(&self, change: impl FnOnce(&mut Moved) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Resolves when the stream has stood still for too long, counted from now at the earliest.
    pub async fn stands_still(self, timeouts: Timeouts) -> Cause {
        let since = Instant::now();
        loop {
            let (last, waits_for) = self.set(|moved| (moved.last, moved.waits_for));
            let last = last.max(since);
            let (phase, limit) = match waits_for {
                Side::Taker => (Phase::Write, timeouts.write),
                Side::Giver => (Phase::Read, None),
                Side::Answerer => (Phase::Read, timeouts.read),
            };
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
pub(in super::super) struct Paced {
    source: Outgoing,
    /// What the application has given, and hyper has not got.
    left: Bytes,
    clock: Clock,
    link: Arc<Link>,
    _report: Arc<Report>,
}

impl Paced {
    pub(super) fn new(upload: Upload, clock: Clock, lease: &StreamLease) -> Self {
        let source = Outgoing { upload, ends_broken: lease.has_defect(Defect::EndsBrokenBody) };
        let body =
            Self { source, left: Bytes::new(), clock, link: lease.link.clone(), _report: lease.report() };
        body.clock.set(|moved| moved.waits_for = body.next());
        body
    }

    fn next(&self) -> Side {
        match (self.left.is_empty(), self.source.is_end_stream()) {
            (false, _) => Side::Taker,
            (true, false) => Side::Giver,
            (true, true) => Side::Answerer,
        }
    }

    /// Takes what the application gives.
    fn refill(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), BoxError>>> {
        while self.left.is_empty() {
            let is_answered = self.clock.set(|moved| {
                moved.upload = Some(cx.waker().clone());
                moved.answered
            });
            if is_answered && !self.source.is_end_stream() {
                return Poll::Ready(Some(Err(cancelled())));
            }
            let frame = match ready!(Pin::new(&mut self.source).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                end => {
                    self.clock.set(|moved| moved.waits_for = Side::Answerer);
                    return Poll::Ready(end.map(|end| end.map(|_| ()).map_err(BoxError::from)));
                }
            };
            self.left = frame.into_data().unwrap_or_default();
            self.clock.set(|moved| moved.waits_for = self.next());
        }
        Poll::Ready(Some(Ok(())))
    }
}

/// What hyper resets the stream with CANCEL for.
fn cancelled() -> BoxError {
    ::h2::Error::from(::h2::Reason::CANCEL).into()
}

/// How much of a body is handed over at a time, bytes: little, as what waits for the socket with it cannot be taken back.
pub(in super::super) const PIECE: usize = 4_096;

impl Body for Paced {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match ready!(self.refill(cx)) {
            Some(Ok(())) => {}
            Some(Err(failed)) => return Poll::Ready(Some(Err(failed))),
            None => return Poll::Ready(None),
        }
        ready!(self.link.poll_sent(cx));
        let length = self.left.len().min(PIECE);
        let piece = self.left.split_to(length);
        let waits_for = self.next();
        self.clock.set(|moved| (moved.last, moved.waits_for) = (Instant::now(), waits_for));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.source.size_hint().exact().map(|more| more + self.left.len() as u64);
        length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
