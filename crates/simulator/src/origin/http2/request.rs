//! A request, as far as the origin cares.

use closewait_trace::http2::Field;

use crate::origin::REQUEST_ID;

/// A request, as far as the origin cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// The `x-request-id`, or the path where there is none.
    pub id: String,
    pub is_head: bool,
    /// It asks for gRPC over HTTP/2: the answer is a message and its trailers.
    pub is_grpc: bool,
}

impl Request {
    pub fn of(fields: &[Field]) -> Self {
        let value = |name: &str| {
            let field = fields.iter().find(|field| field.name == name.as_bytes())?;
            std::str::from_utf8(&field.value).ok()
        };
        Self {
            id: value(REQUEST_ID).or(value(":path")).unwrap_or_default().to_owned(),
            is_head: value(":method") == Some("HEAD"),
            is_grpc: value("content-type").is_some_and(|kind| kind.starts_with("application/grpc")),
        }
    }
}
