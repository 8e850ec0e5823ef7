//! The body of a request, as hyper takes it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use closewait_simulator::client::{Upload, UploadFailed};
use http_body::{Body, Frame, SizeHint};

/// An upload. A defect takes its failure for its end.
pub(super) struct Outgoing {
    pub upload: Upload,
    pub ends_broken: bool,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = UploadFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadFailed>>> {
        match ready!(Pin::new(&mut self.upload).poll_frame(cx)) {
            Some(Err(UploadFailed)) if self.ends_broken => Poll::Ready(None),
            frame => Poll::Ready(frame),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.upload.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.upload.size_hint()
    }
}
