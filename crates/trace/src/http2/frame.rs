//! Frames out of bytes (RFC 9113 sections 4.1 and 6).

use super::{ErrorCode, Setting};

/// What a client sends first on a connection (RFC 9113 section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    /// 0 is the connection itself.
    pub stream: u32,
    /// What it says.
    pub payload: Payload<'a>,
    /// Bytes that the frame takes on the wire, header included.
    pub len: usize,
}

/// The content of a frame, padding and priority removed (RFC 9113 section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload<'a> {
    /// DATA.
    Data {
        /// The content.
        data: &'a [u8],
        /// Nothing follows on the stream.
        end_stream: bool,
    },
    /// HEADERS.
    Headers {
        /// The start of the field block, or all of it.
        fragment: &'a [u8],
        /// Nothing follows on the stream but the rest of the block.
        end_stream: bool,
        /// The block is whole.
        end_headers: bool,
    },
    /// PRIORITY.
    Priority,
    /// RST_STREAM.
    RstStream {
        /// Why.
        code: ErrorCode,
    },
    /// SETTINGS.
    Settings {
        /// It acknowledges the peer's.
        ack: bool,
        /// In the order of the frame.
        values: Vec<(Setting, u32)>,
    },
    /// PUSH_PROMISE.
    PushPromise {
        /// The stream that is reserved.
        promised: u32,
        /// The start of the field block, or all of it.
        fragment: &'a [u8],
        /// The block is whole.
        end_headers: bool,
    },
    /// PING.
    Ping {
        /// It answers the peer's.
        ack: bool,
        /// What the answer has to repeat.
        opaque: [u8; 8],
    },
    /// GOAWAY.
    GoAway {
        /// The last stream that was or may be processed.
        last_stream: u32,
        /// Why.
        code: ErrorCode,
        /// Additional debug data.
        debug: &'a [u8],
    },
    /// WINDOW_UPDATE.
    WindowUpdate {
        /// Bytes.
        increment: u32,
    },
    /// CONTINUATION.
    Continuation {
        /// More of the field block.
        fragment: &'a [u8],
        /// The block is whole.
        end_headers: bool,
    },
    /// What obliges the receiver to end the stream, and the stream alone (RFC 9113 section 5.4.2).
    StreamError {
        /// What is wrong.
        reason: &'static str,
    },
    /// Of a type that RFC 9113 does not know: to be ignored (section 5.5).
    Unknown,
}

/// What came of looking for a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<'a> {
    /// A whole frame.
    Frame(Frame<'a>),
    /// More bytes are needed.
    Partial,
    /// A connection error, whatever follows.
    Malformed {
        /// What is wrong.
        reason: &'static str,
        /// How many bytes tell.
        len: usize,
    },
}

/// The longest payload that an endpoint takes before it has announced anything else (RFC 9113 section 6.5.2,
/// SETTINGS_MAX_FRAME_SIZE).
pub const DEFAULT_MAX_FRAME_SIZE: usize = 16_384;

const HEADER: usize = 9;

const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// The frame at the front of `bytes`, for a receiver that takes payloads up to `max_frame_size`. What is longer is an error as soon as
/// its header is there (RFC 9113 section 4.2): the rest may never come, as where the bytes are no frame at all.
pub fn next_frame(bytes: &[u8], max_frame_size: usize) -> Next<'_> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else { return Next::Partial };
    let [l2, l1, l0, kind, flags, stream @ ..] = *header;
    let length = usize::from(l2) << 16 | usize::from(l1) << 8 | usize::from(l0);
    if length > max_frame_size {
        let reason = if header.starts_with(b"HTTP/1.") { HTTP1 } else { TOO_LONG };
        return Next::Malformed { reason, len: HEADER };
    }
    let Some(body) = rest.get(..length) else { return Next::Partial };
    let (stream, len) = (number(stream), HEADER + length);
    match read(kind, flags, stream, body) {
        Ok(payload) => Next::Frame(Frame { stream, payload, len }),
        Err(reason) => Next::Malformed { reason, len },
    }
}

/// 31 bits; the first of the 32 is reserved and ignored.
fn number(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes) & 0x7fff_ffff
}

type Read<T> = Result<T, &'static str>;

fn read(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Read<Payload<'_>> {
    place(kind, stream)?;
    let has = |flag| flags & flag != 0;
    let (end_stream, end_headers) = (has(END_STREAM), has(END_HEADERS));
    Ok(match kind {
        0x0 => Payload::Data { data: unpadded(flags, body)?, end_stream },
        0x1 => {
            let fragment = without_priority(flags, unpadded(flags, body)?)?;
            Payload::Headers { fragment, end_stream, end_headers }
        }
        0x2 if body.len() != 5 => Payload::StreamError { reason: "a PRIORITY frame of the wrong size" },
        0x2 => Payload::Priority,
        0x3 => Payload::RstStream { code: ErrorCode(u32::from_be_bytes(exact(body)?)) },
        0x4 => settings(has(ACK), body)?,
        0x5 => {
            let (promised, fragment) = leading(unpadded(flags, body)?)?;
            Payload::PushPromise { promised: number(promised), fragment, end_headers }
        }
        0x6 => Payload::Ping { ack: has(ACK), opaque: exact(body)? },
        0x7 => {
            let (last_stream, rest) = leading(body)?;
            let (code, debug) = leading(rest)?;
            let code = ErrorCode(u32::from_be_bytes(code));
            Payload::GoAway { last_stream: number(last_stream), code, debug }
        }
        0x8 => match number(exact(body)?) {
            0 if stream == 0 => return Err("a window update of 0 for the connection"),
            0 => Payload::StreamError { reason: "a window update of 0" },
            increment => Payload::WindowUpdate { increment },
        },
        0x9 => Payload::Continuation { fragment: body, end_headers },
        _ => Payload::Unknown,
    })
}

/// Whether a frame of this type belongs to a stream or to the connection.
fn place(kind: u8, stream: u32) -> Read<()> {
    match kind {
        0x0..=0x3 | 0x5 | 0x9 if stream == 0 => Err("a frame of a stream on stream 0"),
        0x4 | 0x6 | 0x7 if stream != 0 => Err("a frame of the connection on a stream"),
        _ => Ok(()),
    }
}

fn unpadded(flags: u8, body: &[u8]) -> Read<&[u8]> {
    if flags & PADDED == 0 {
        return Ok(body);
    }
    let (padding, rest) = body.split_first().ok_or(WRONG_SIZE)?;
    let len = rest.len().checked_sub(usize::from(*padding)).ok_or("more padding than payload")?;
    Ok(&rest[..len])
}

fn without_priority(flags: u8, body: &[u8]) -> Read<&[u8]> {
    if flags & PRIORITY == 0 { Ok(body) } else { body.get(5..).ok_or(WRONG_SIZE) }
}

fn settings(ack: bool, body: &[u8]) -> Read<Payload<'_>> {
    if !body.len().is_multiple_of(6) || (ack && !body.is_empty()) {
        return Err(WRONG_SIZE);
    }
    let value = |entry: &[u8; 6]| {
        let [i1, i0, value @ ..] = *entry;
        (Setting(u16::from_be_bytes([i1, i0])), u32::from_be_bytes(value))
    };
    Ok(Payload::Settings { ack, values: body.as_chunks::<6>().0.iter().map(value).collect() })
}

const WRONG_SIZE: &str = "a frame of the wrong size";
const TOO_LONG: &str = "a frame above SETTINGS_MAX_FRAME_SIZE";
const HTTP1: &str = "HTTP/1.1 in place of a frame";

fn exact<const N: usize>(body: &[u8]) -> Read<[u8; N]> {
    body.try_into().map_err(|_| WRONG_SIZE)
}

fn leading(body: &[u8]) -> Read<([u8; 4], &[u8])> {
    body.split_first_chunk().map(|(first, rest)| (*first, rest)).ok_or(WRONG_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next_frame(bytes: &[u8]) -> Next<'_> {
        super::next_frame(bytes, DEFAULT_MAX_FRAME_SIZE)
    }

    fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
    }

    #[track_caller]
    fn check(bytes: &[u8], payload: Payload) {
        let Next::Frame(frame) = next_frame(bytes) else { panic!("{:?}", next_frame(bytes)) };
        assert_eq!((frame.payload, frame.len), (payload, bytes.len()));
        for cut in 0..bytes.len() {
            assert_eq!(next_frame(&bytes[..cut]), Next::Partial);
        }
    }

    #[track_caller]
    fn check_malformed(bytes: &[u8], expected: &str) {
        let Next::Malformed { reason, len } = next_frame(bytes) else { panic!("{:?}", next_frame(bytes)) };
        assert_eq!((reason, len), (expected, bytes.len()));
    }

    #[test]
    fn every_type_is_read() {
        let data = Payload::Data { data: b"abc", end_stream: true };
        check(&frame(0, 1, 1, b"abc"), data.clone());
        check(&frame(0, 9, 1, b"\x02abc\0\0"), data);
        let headers = |end_stream| Payload::Headers { fragment: b"\x82", end_stream, end_headers: true };
        check(&frame(1, 5, 1, b"\x82"), headers(true));
        check(&frame(1, 0x2c, 1, b"\x01\0\0\0\0\x10\x82\0"), headers(false));
        check(&frame(2, 0, 1, &[0; 5]), Payload::Priority);
        check(&frame(3, 0, 1, &[0, 0, 0, 8]), Payload::RstStream { code: ErrorCode::CANCEL });
        let values = vec![(Setting::MAX_CONCURRENT_STREAMS, 1), (Setting::INITIAL_WINDOW_SIZE, 256)];
        check(
            &frame(4, 0, 0, &[0, 3, 0, 0, 0, 1, 0, 4, 0, 0, 1, 0]),
            Payload::Settings { ack: false, values },
        );
        check(&frame(4, 1, 0, &[]), Payload::Settings { ack: true, values: Vec::new() });
        let promise = Payload::PushPromise { promised: 2, fragment: b"\x82", end_headers: true };
        check(&frame(5, 4, 1, b"\0\0\0\x02\x82"), promise);
        check(&frame(6, 1, 0, b"12345678"), Payload::Ping { ack: true, opaque: *b"12345678" });
        let goaway = Payload::GoAway { last_stream: 5, code: ErrorCode::NO_ERROR, debug: b"bye" };
        check(&frame(7, 0, 0, b"\x80\0\0\x05\0\0\0\0bye"), goaway);
        check(&frame(8, 0, 0, &[0x80, 0, 0, 9]), Payload::WindowUpdate { increment: 9 });
        check(&frame(9, 0, 1, b"x"), Payload::Continuation { fragment: b"x", end_headers: false });
        check(&frame(0x42, 0xff, 7, b"x"), Payload::Unknown);
    }

    #[test]
    fn the_reserved_bit_of_a_stream_is_ignored() {
        let bytes = frame(0, 0, 0x8000_0003, b"");
        assert!(matches!(next_frame(&bytes), Next::Frame(Frame { stream: 3, .. })));
    }

    #[test]
    fn malformed_frames_are_told() {
        for kind in [4, 6, 7] {
            check_malformed(&frame(kind, 0, 1, &[0; 8]), "a frame of the connection on a stream");
        }
        for kind in [0, 1, 2, 3, 5, 9] {
            check_malformed(&frame(kind, 0, 0, &[0; 5]), "a frame of a stream on stream 0");
        }
        check_malformed(&frame(0, 8, 1, b"\x04abc"), "more padding than payload");
        check_malformed(&frame(8, 0, 0, &[0; 4]), "a window update of 0 for the connection");
        let wrong = [
            frame(0, 8, 1, b""),
            frame(1, 0x20, 1, &[0; 4]),
            frame(3, 0, 1, &[0; 5]),
            frame(4, 0, 0, &[0; 5]),
            frame(4, 1, 0, &[0; 6]),
            frame(5, 0, 1, &[0; 3]),
            frame(6, 0, 0, &[0; 7]),
            frame(7, 0, 0, &[0; 7]),
            frame(8, 0, 0, &[0; 3]),
        ];
        for frame in wrong {
            check_malformed(&frame, WRONG_SIZE);
        }
    }

    #[test]
    fn errors_of_a_stream_are_no_errors_of_the_connection() {
        let error = |reason| Payload::StreamError { reason };
        check(&frame(8, 0, 1, &[0; 4]), error("a window update of 0"));
        check(&frame(2, 0, 1, &[0; 4]), error("a PRIORITY frame of the wrong size"));
    }

    #[test]
    fn the_header_tells_that_a_frame_is_too_long() {
        let check = |bytes: &[u8], max, reason| {
            for end in 0..HEADER {
                assert_eq!(super::next_frame(&bytes[..end], max), Next::Partial);
            }
            assert_eq!(super::next_frame(bytes, max), Next::Malformed { reason, len: HEADER });
        };
        check(&frame(0, 0, 1, &[0; 16_385]), DEFAULT_MAX_FRAME_SIZE, TOO_LONG);
        check(&frame(0, 0, 1, &[0; 20_001])[..HEADER], 20_000, TOO_LONG);
        check(b"HTTP/1.1 400 Bad Request\r\n\r\n", DEFAULT_MAX_FRAME_SIZE, HTTP1);
        check(b"HTTP/1.0 400 Bad Request\r\n\r\n", 4_740_179, HTTP1);
        let longest = frame(0, 0, 1, &[0; 16_384]);
        assert!(matches!(next_frame(&longest), Next::Frame(_)));
        assert_eq!(next_frame(&longest[..HEADER]), Next::Partial);
        assert_eq!(super::next_frame(b"HTTP/1.1 400", 0xff_ffff), Next::Partial);
    }
}
