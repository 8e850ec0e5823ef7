//! The bytes of a reply, whole or cut short.

use bytes::Bytes;
use closewait_scenario::{Cut, Framing, HttpVersion, Reply};

/// A reply as it goes on the wire.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// What is written: the message up to its cut, and the surplus.
    pub bytes: Vec<u8>,
    /// The whole content that belongs to the reply.
    pub body: Bytes,
    /// Whether the message is written whole.
    pub complete: bool,
}

/// The places in a message where it can be cut.
struct Parts {
    head_lines: Vec<String>,
    /// Pieces of the body on the wire; content is what a piece contributes to the content.
    pieces: Vec<Piece>,
    /// What ends the body on the wire: the zero chunk.
    last: &'static str,
}

struct Piece {
    before: String,
    content: Vec<u8>,
    after: &'static str,
}

/// Renders the reply to a request that arrived on `connection`.
pub(super) fn render(reply: &Reply, connection: u32, is_head: bool) -> Message {
    let body = match &reply.body {
        Some(body) => body.clone(),
        None if reply.framing == Framing::None => String::new(),
        None => format!("{} on connection {connection}", reply.id),
    };
    let parts = parts(reply, &body, is_head);
    let whole = parts.whole();
    let mut bytes = match reply.cut {
        Some(cut) => parts.until(cut),
        None => whole.clone(),
    };
    let complete = bytes.len() == whole.len() && !matches!(reply.cut, Some(Cut::Record(_)));
    bytes.extend_from_slice(&reply.surplus);
    Message { bytes, body: Bytes::from(if is_head { String::new() } else { body }), complete }
}

fn parts(reply: &Reply, body: &str, is_head: bool) -> Parts {
    let version = match reply.version {
        HttpVersion::Http10 => "HTTP/1.0",
        HttpVersion::Http11 => "HTTP/1.1",
    };
    let status = http::StatusCode::from_u16(reply.status).ok();
    let reason = status.and_then(|status| status.canonical_reason()).unwrap_or("Unknown");
    let mut head_lines = vec![format!("{version} {} {reason}\r\n", reply.status)];
    head_lines.extend(reply.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    match reply.framing {
        Framing::Length => head_lines.push(format!("content-length: {}\r\n", body.len())),
        Framing::Chunked => head_lines.push("transfer-encoding: chunked\r\n".to_owned()),
        Framing::Close | Framing::None => {}
    }
    let (pieces, last) = match reply.framing {
        _ if is_head => (Vec::new(), ""),
        Framing::Chunked => (chunks(body.as_bytes()), "0\r\n\r\n"),
        _ => (vec![Piece { before: String::new(), content: body.as_bytes().to_vec(), after: "" }], ""),
    };
    Parts { head_lines, pieces, last }
}

/// The content in two chunks, so that there is a boundary to cut at.
fn chunks(body: &[u8]) -> Vec<Piece> {
    let (first, second) = body.split_at(body.len() / 2);
    [first, second]
        .into_iter()
        .filter(|content| !content.is_empty())
        .map(|content| Piece {
            before: format!("{:x}\r\n", content.len()),
            content: content.to_vec(),
            after: "\r\n",
        })
        .collect()
}

impl Parts {
    fn head(&self) -> String {
        self.head_lines.concat() + "\r\n"
    }

    fn whole(&self) -> Vec<u8> {
        let mut bytes = self.until(Cut::LastChunk);
        bytes.extend_from_slice(self.last.as_bytes());
        bytes
    }

    fn until(&self, cut: Cut) -> Vec<u8> {
        match cut {
            Cut::StatusLine => self.head_lines[0].clone().into_bytes(),
            Cut::Header(n) => {
                let line = &self.head_lines[n as usize];
                (self.head_lines[..n as usize].concat() + &line[..line.len() / 2]).into_bytes()
            }
            Cut::Head => self.head().into_bytes(),
            Cut::Body(n) => self.until_body(n as usize),
            Cut::LastChunk => self.until_body(usize::MAX),
            // Cut once it is sealed.
            Cut::Record(_) => self.whole(),
            Cut::Byte(n) => {
                let mut whole = self.whole();
                whole.truncate(n as usize);
                whole
            }
        }
    }

    /// The message up to `n` bytes of content.
    fn until_body(&self, n: usize) -> Vec<u8> {
        let mut bytes = self.head().into_bytes();
        let mut left = n;
        for piece in &self.pieces {
            if left == 0 {
                break;
            }
            bytes.extend_from_slice(piece.before.as_bytes());
            let taken = left.min(piece.content.len());
            bytes.extend_from_slice(&piece.content[..taken]);
            if taken < piece.content.len() {
                break;
            }
            bytes.extend_from_slice(piece.after.as_bytes());
            left -= taken;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Reply), expected: &str, complete: bool) {
        let mut reply = Reply { body: Some("abcdef".into()), ..Reply::default_for("a") };
        change(&mut reply);
        let message = render(&reply, 1, false);
        assert_eq!(String::from_utf8(message.bytes).unwrap(), expected);
        assert_eq!(message.complete, complete);
        assert_eq!(message.body, reply.body.unwrap());
    }

    const LENGTH: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

    #[test]
    fn whole_messages() {
        check(|_| (), &format!("{LENGTH}abcdef"), true);
        check(|r| r.framing = Framing::Chunked, &format!("{CHUNKED}3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"), true);
        check(|r| r.framing = Framing::Close, "HTTP/1.1 200 OK\r\n\r\nabcdef", true);
        check(|r| r.surplus = b"HTTP".to_vec(), &format!("{LENGTH}abcdefHTTP"), true);
        check(
            |r| r.version = HttpVersion::Http10,
            "HTTP/1.0 200 OK\r\ncontent-length: 6\r\n\r\nabcdef",
            true,
        );
    }

    #[test]
    fn cut_in_the_head() {
        check(|r| r.cut = Some(Cut::StatusLine), "HTTP/1.1 200 OK\r\n", false);
        check(|r| r.cut = Some(Cut::Header(1)), "HTTP/1.1 200 OK\r\ncontent-l", false);
        check(|r| r.cut = Some(Cut::Head), LENGTH, false);
        check(|r| r.cut = Some(Cut::Byte(4)), "HTTP", false);
    }

    #[test]
    fn cut_in_the_body() {
        check(|r| r.cut = Some(Cut::Body(2)), &format!("{LENGTH}ab"), false);
        check(|r| r.cut = Some(Cut::Body(6)), &format!("{LENGTH}abcdef"), true);
        let chunked = |cut| {
            move |r: &mut Reply| {
                r.framing = Framing::Chunked;
                r.cut = Some(cut);
            }
        };
        check(chunked(Cut::Body(2)), &format!("{CHUNKED}3\r\nab"), false);
        check(chunked(Cut::Body(3)), &format!("{CHUNKED}3\r\nabc\r\n"), false);
        check(chunked(Cut::Body(4)), &format!("{CHUNKED}3\r\nabc\r\n3\r\nd"), false);
        check(chunked(Cut::LastChunk), &format!("{CHUNKED}3\r\nabc\r\n3\r\ndef\r\n"), false);
    }
}
