//! Reading requests off a connection (RFC 9112): heads by httparse, bodies by Content-Length or chunked.

use bytes::{Buf, BytesMut};

use crate::origin::REQUEST_ID;

/// The head of a request, as far as the origin cares.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The `x-request-id`, or the path where there is none.
    pub id: String,
    pub is_head: bool,
    body: Body,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Length(usize),
    Chunked,
}

/// The bytes are not HTTP/1.1.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an HTTP/1.1 request")]
pub(super) struct NotHttp;

/// Takes a head off the front of the buffer once it is complete.
pub(super) fn take_head(buffer: &mut BytesMut) -> Result<Option<Head>, NotHttp> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(buffer).map_err(|_| NotHttp)? else {
        return Ok(None);
    };
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let body = match (header("transfer-encoding"), header("content-length")) {
        (Some(_), _) => Body::Chunked,
        (None, Some(length)) => Body::Length(length.parse().map_err(|_| NotHttp)?),
        (None, None) => Body::Length(0),
    };
    let id = header(REQUEST_ID).or(request.path).unwrap_or_default().to_owned();
    let head = Head { id, is_head: request.method == Some("HEAD"), body };
    buffer.advance(length);
    Ok(Some(head))
}

/// Takes the body of a request off the front of the buffer, bit by bit. True once it is all there.
pub(super) fn take_body(head: &mut Head, buffer: &mut BytesMut) -> Result<bool, NotHttp> {
    match &mut head.body {
        Body::Length(left) => {
            let taken = buffer.len().min(*left);
            buffer.advance(taken);
            *left -= taken;
            Ok(*left == 0)
        }
        Body::Chunked => loop {
            let (header, size) = match httparse::parse_chunk_size(buffer).map_err(|_| NotHttp)? {
                httparse::Status::Complete(chunk) => chunk,
                httparse::Status::Partial => return Ok(false),
            };
            let whole = usize::try_from(size).ok().and_then(|size| size.checked_add(header + 2));
            let whole = whole.ok_or(NotHttp)?;
            if buffer.len() < whole {
                return Ok(false);
            }
            buffer.advance(whole);
            if size == 0 {
                return Ok(true);
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the bytes one by one: where a request ends must not depend on how it was cut into segments.
    fn check(bytes: &str, id: &str, surplus: &str) {
        let mut buffer = BytesMut::new();
        let mut head = None;
        let mut done = 0;
        for (at, byte) in bytes.bytes().enumerate() {
            if done == 0 {
                buffer.extend_from_slice(&[byte]);
            }
            if head.is_none() {
                head = take_head(&mut buffer).unwrap();
            }
            if let Some(head) = &mut head
                && done == 0
                && take_body(head, &mut buffer).unwrap()
            {
                done = at + 1;
            }
        }
        assert_eq!(head.unwrap().id, id);
        assert_eq!(&bytes[done..], surplus);
    }

    #[test]
    fn requests_end_where_their_framing_says() {
        check("GET /a HTTP/1.1\r\nx-request-id: a\r\n\r\n", "a", "");
        check("GET /a HTTP/1.1\r\n\r\nGET", "/a", "GET");
        check("POST /b HTTP/1.1\r\nX-Request-ID: b\r\ncontent-length: 3\r\n\r\nabcGET", "b", "GET");
        check("POST /c HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nP", "/c", "P");
    }

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(take_head(&mut BytesMut::from("\u{0}\u{1}\r\n\r\n")), Err(NotHttp));
        let mut buffer = BytesMut::from("POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n");
        assert_eq!(take_head(&mut buffer), Err(NotHttp));
    }
}
