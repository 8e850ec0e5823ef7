//! The bodies that a client of another crate takes.

use bytes::Bytes;
use closewait_simulator::client::Upload;
use http_body_util::Full;

/// The body of a request in the form that a client takes: [`Upload`], which comes in pieces or whole as the scenario has it; or
/// bytes that are all there. A client that takes bytes cannot play scenarios in which they are not.
pub trait RequestBody: Sized {
    /// Whether it can come in pieces, without a length, and not to its end.
    const STREAMS: bool;

    /// In this form.
    ///
    /// # Panics
    /// If it does not come whole and this form cannot say so.
    fn of(upload: Upload) -> Self;
}

impl RequestBody for Upload {
    const STREAMS: bool = true;

    fn of(upload: Upload) -> Self {
        upload
    }
}

impl RequestBody for Bytes {
    const STREAMS: bool = false;

    fn of(upload: Upload) -> Self {
        upload.whole().expect("scenarios with other bodies are unsupported")
    }
}

impl RequestBody for Full<Bytes> {
    const STREAMS: bool = false;

    fn of(upload: Upload) -> Self {
        Self::new(Bytes::of(upload))
    }
}
