//! The body of a request, as the application hands it over.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use closewait_scenario::{BodySource, SourceEnd};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// The application's body has failed: what was to follow is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the application's body failed")]
pub struct UploadFailed;

/// The body of a request: whole, or in pieces with pauses between them, with a length that is known beforehand or not, which may
/// fail or stand still before its end. Pauses are virtual time.
#[derive(Debug)]
pub struct Upload {
    whole: Bytes,
    source: BodySource,
    /// How much of it was handed over, bytes.
    given: usize,
    pause: Option<Pin<Box<Sleep>>>,
    failed: bool,
}

impl Upload {
    /// `whole`, handed over as `source` says.
    pub fn new(whole: Bytes, source: BodySource) -> Self {
        Self { whole, source, given: 0, pause: None, failed: false }
    }

    /// All of it, for a client that takes nothing else; `None` if it comes in pieces, without a length, or not to its end.
    pub fn whole(&self) -> Option<Bytes> {
        (self.source == BodySource::WHOLE).then(|| self.whole.clone())
    }

    /// The bytes that are handed over before it ends, fails or stands still.
    fn end(&self) -> usize {
        match self.source.end {
            SourceEnd::Complete => self.whole.len(),
            SourceEnd::Fails(after) | SourceEnd::Stalls(after) => (after as usize).min(self.whole.len()),
        }
    }

    fn next_piece(&mut self) -> Bytes {
        let left = self.end() - self.given;
        let length = self.source.piece.map_or(left, |piece| left.min(piece as usize));
        let piece = self.whole.slice(self.given..self.given + length);
        self.given += length;
        if self.source.pause > Duration::ZERO && !self.is_end_stream() {
            self.pause = Some(Box::pin(sleep(self.source.pause)));
        }
        piece
    }
}

impl From<Bytes> for Upload {
    fn from(whole: Bytes) -> Self {
        Self::new(whole, BodySource::WHOLE)
    }
}

/// Begins anew: an application that repeats a request has its body again.
impl Clone for Upload {
    fn clone(&self) -> Self {
        Self::new(self.whole.clone(), self.source)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = UploadFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadFailed>>> {
        let upload = &mut *self;
        if let Some(pause) = &mut upload.pause {
            ready!(pause.as_mut().poll(cx));
            upload.pause = None;
        }
        if upload.given < upload.end() {
            return Poll::Ready(Some(Ok(Frame::data(upload.next_piece()))));
        }
        match upload.source.end {
            SourceEnd::Stalls(_) => Poll::Pending,
            SourceEnd::Fails(_) if !std::mem::replace(&mut upload.failed, true) => {
                Poll::Ready(Some(Err(UploadFailed)))
            }
            SourceEnd::Complete | SourceEnd::Fails(_) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.source.end == SourceEnd::Complete && self.given == self.whole.len()
    }

    fn size_hint(&self) -> SizeHint {
        match self.source.content_length {
            true => SizeHint::with_exact((self.whole.len() - self.given) as u64),
            false => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::time::Instant;

    use super::*;

    /// When each piece of a body of ten bytes comes, ms, and how long it is; and what comes last.
    async fn pieces(source: BodySource) -> (Vec<(u128, usize)>, &'static str) {
        let mut upload = Upload::new(Bytes::from_static(b"0123456789"), source);
        let (begun, mut pieces) = (Instant::now(), Vec::new());
        loop {
            let next = tokio::time::timeout(Duration::from_secs(3_600), upload.frame());
            match next.await {
                Err(_) => return (pieces, "nothing"),
                Ok(None) => return (pieces, "its end"),
                Ok(Some(Err(UploadFailed))) => return (pieces, "a failure"),
                Ok(Some(Ok(frame))) => {
                    let data = frame.into_data().expect("there are no trailers");
                    pieces.push((begun.elapsed().as_millis(), data.len()));
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn comes_as_the_source_says() {
        let whole = BodySource::WHOLE;
        assert_eq!(pieces(whole).await, (vec![(0, 10)], "its end"));
        let slowly = BodySource { piece: Some(4), pause: Duration::from_millis(5), ..whole };
        assert_eq!(pieces(slowly).await, (vec![(0, 4), (5, 4), (10, 2)], "its end"));
        let fails = BodySource { end: SourceEnd::Fails(6), ..slowly };
        assert_eq!(pieces(fails).await, (vec![(0, 4), (5, 2)], "a failure"));
        let stalls = BodySource { end: SourceEnd::Stalls(0), ..whole };
        assert_eq!(pieces(stalls).await, (vec![], "nothing"));
    }

    #[test]
    fn says_what_is_known_of_it() {
        let whole = Upload::from(Bytes::from_static(b"0123456789"));
        assert_eq!((whole.size_hint().exact(), whole.is_end_stream()), (Some(10), false));
        assert_eq!(whole.whole().as_deref(), Some(&b"0123456789"[..]));
        assert!(Upload::from(Bytes::new()).is_end_stream());
        let unknown = BodySource { content_length: false, ..BodySource::WHOLE };
        let unknown = Upload::new(Bytes::from_static(b"0123456789"), unknown);
        assert_eq!((unknown.size_hint().exact(), unknown.whole()), (None, None));
    }
}
