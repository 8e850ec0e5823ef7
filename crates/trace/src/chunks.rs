//! Chunked bodies (RFC 9112 section 7.1): what is whole, what is not whole yet, and what never will be.

use crate::http1::Body;

/// Reads a chunked body from its first byte on.
pub(super) fn scan_chunks(bytes: &[u8]) -> Body {
    let mut body = Body::default();
    let mut pos = 0;
    loop {
        let rest = &bytes[pos..];
        match size(rest) {
            Line::Cut => return body,
            Line::Wrong(what, len) => {
                body.malformed = Some((what, pos + len));
                return body;
            }
            Line::Whole { size: 0, len } => {
                body.len = trailers(&rest[len..]).map(|trailers| pos + len + trailers);
                return body;
            }
            Line::Whole { size, len } => {
                pos += len;
                let rest = &bytes[pos..];
                let here = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
                body.content.extend_from_slice(&rest[..here]);
                pos += here;
            }
        }
        let end = &bytes[pos..];
        if !b"\r\n".starts_with(&end[..end.len().min(2)]) {
            let len = if end[0] == b'\r' { 2 } else { 1 };
            body.malformed = Some(("a chunk that goes on behind its size", pos + len));
            return body;
        }
        if end.len() < 2 {
            return body;
        }
        pos += 2;
    }
}

/// What stands where a chunk begins.
enum Line {
    /// The size, and how long the line is.
    Whole { size: u64, len: usize },
    /// More bytes are needed.
    Cut,
    /// What is wrong, and how many bytes tell.
    Wrong(&'static str, usize),
}

/// `chunk-size [ chunk-ext ] CRLF`. What is in an extension is nobody's affair, and a line may end with LF alone (section 2.2).
fn size(bytes: &[u8]) -> Line {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let mut size: u64 = 0;
    for (index, digit) in bytes[..digits].iter().enumerate() {
        let value = char::from(*digit).to_digit(16).unwrap_or_default();
        match size.checked_mul(16) {
            Some(more) => size = more + u64::from(value),
            None => return Line::Wrong("a chunk size beyond 64 bits", index + 1),
        }
    }
    let rest = &bytes[digits..];
    match rest.first() {
        None => Line::Cut,
        Some(_) if digits == 0 => Line::Wrong("a chunk without a size", 1),
        Some(b'\r') if rest.get(1).is_some_and(|next| *next != b'\n') => {
            Line::Wrong("a bare CR behind a chunk size", digits + 2)
        }
        Some(b';' | b' ' | b'\t' | b'\r' | b'\n') => match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => Line::Whole { size, len: digits + end + 1 },
            None => Line::Cut,
        },
        Some(_) => Line::Wrong("a chunk size that is no number", digits + 1),
    }
}

/// Length of the trailer section with its empty line, whatever is in it.
fn trailers(bytes: &[u8]) -> Option<usize> {
    let mut pos = 0;
    loop {
        let line = pos + bytes[pos..].iter().position(|byte| *byte == b'\n')? + 1;
        if matches!(&bytes[pos..line], b"\n" | b"\r\n") {
            return Some(line);
        }
        pos = line;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &str, content: &str, len: Option<usize>) {
        let body = scan_chunks(bytes.as_bytes());
        assert_eq!(
            (&body.content[..], body.len, body.malformed),
            (content.as_bytes(), len, None),
            "{bytes:?}"
        );
    }

    /// Malformed by its first `len` bytes, and not by fewer.
    fn check_malformed(bytes: &str, content: &str, what: &str, len: usize) {
        let body = scan_chunks(bytes.as_bytes());
        assert_eq!(
            (&body.content[..], body.len, body.malformed),
            (content.as_bytes(), None, Some((what, len)))
        );
        for end in 0..bytes.len() {
            let tells = (end >= len).then_some((what, len));
            assert_eq!(scan_chunks(&bytes.as_bytes()[..end]).malformed, tells, "{:?}", &bytes[..end]);
        }
    }

    #[test]
    fn whole_and_cut() {
        let body = "5\r\nhello\r\n0\r\n\r\n";
        check(body, "hello", Some(body.len()));
        for end in 0..body.len() {
            check(&body[..end], &"hello"[..end.clamp(3, 8) - 3], None);
        }
        check("0\r\n\r\nsurplus", "", Some(5));
        check("A;x=y\r\n0123456789\r\n000\r\nchecksum: 1\r\n\r\n", "0123456789", Some(39));
        check("1 \r\nx\r\n0\r\n\r\n", "x", Some(12));
        check("1\nx\r\n0\n\n", "x", Some(8));
        check("00000000000000005\r\nhello\r\n", "hello", None);
        check("ffffffffffffffff\r\nhello", "hello", None);
    }

    #[test]
    fn malformed() {
        check_malformed("5\r\nhello\r\n\r\n\r\n", "hello", "a chunk without a size", 11);
        check_malformed("\r\n\r\n", "", "a chunk without a size", 1);
        check_malformed("HTTP/1.1 408", "", "a chunk without a size", 1);
        check_malformed("-1\r\n", "", "a chunk without a size", 1);
        check_malformed("5x\r\nhello", "", "a chunk size that is no number", 2);
        check_malformed("10000000000000000\r\n", "", "a chunk size beyond 64 bits", 17);
        check_malformed("5\rhello\r\n", "", "a bare CR behind a chunk size", 3);
        check_malformed("5\r\nhello world\r\n", "hello", "a chunk that goes on behind its size", 9);
        check_malformed("5\r\nhello\r0", "hello", "a chunk that goes on behind its size", 10);
        check_malformed("5\r\nhello\n0\r\n", "hello", "a chunk that goes on behind its size", 9);
    }
}
