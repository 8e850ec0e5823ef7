//! Just enough of HTTP/2's framing (RFC 9113 section 4.1) to overhear a connection.

use bytes::{Buf, BytesMut};

const HEADER: usize = 9;
const PREFACE: usize = 24;

const HEADERS: u8 = 0x1;
const SETTINGS: u8 = 0x4;
const PING: u8 = 0x6;
const GOAWAY: u8 = 0x7;
const ACK: u8 = 0x1;

/// SETTINGS_ENABLE_PUSH.
const ENABLE_PUSH: u16 = 0x2;
/// SETTINGS_MAX_CONCURRENT_STREAMS.
const MAX_STREAMS: u16 = 0x3;

/// A frame of which the pool must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overheard {
    /// SETTINGS; the value of MAX_CONCURRENT_STREAMS if there is one.
    Settings(Option<u32>),
    Goaway,
    /// A value of SETTINGS_ENABLE_PUSH that no server may send (RFC 9113 section 6.5.2), and that h2 takes.
    Push,
}

/// Listens to what the peer sends.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// The head of the frame, then as much of its content as is needed.
    frame: BytesMut,
    /// How much of a frame's content is still to be skipped.
    skip: usize,
}

impl Incoming {
    /// Takes note of bytes, cut anywhere.
    pub fn hear(&mut self, mut bytes: &[u8], overheard: &mut Vec<Overheard>) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            bytes.advance(skipped);
            self.skip -= skipped;
            let wanted = self.wanted().saturating_sub(self.frame.len()).min(bytes.len());
            self.frame.extend_from_slice(&bytes[..wanted]);
            bytes.advance(wanted);
            if self.frame.len() >= HEADER && self.frame.len() == self.wanted() {
                self.skip = length(&self.frame) - (self.frame.len() - HEADER);
                overheard.extend(meaning(&self.frame));
                self.frame.clear();
            }
        }
    }

    /// How much of the frame that has begun is worth keeping.
    fn wanted(&self) -> usize {
        match self.frame.get(3) {
            Some(&SETTINGS) if self.frame.len() >= HEADER => HEADER + length(&self.frame),
            _ => HEADER,
        }
    }
}

fn length(frame: &[u8]) -> usize {
    usize::from(frame[0]) << 16 | usize::from(frame[1]) << 8 | usize::from(frame[2])
}

fn meaning(frame: &[u8]) -> Option<Overheard> {
    match (frame[3], frame[4]) {
        (GOAWAY, _) => Some(Overheard::Goaway),
        (SETTINGS, flags) if flags & ACK == 0 => {
            let settings = frame[HEADER..].chunks_exact(6);
            let value = |setting: &[u8]| u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
            let values =
                |of: u16| settings.clone().filter(move |setting| setting[..2] == of.to_be_bytes()).map(value);
            if values(ENABLE_PUSH).any(|value| value != 0) {
                return Some(Overheard::Push);
            }
            Some(Overheard::Settings(values(MAX_STREAMS).next_back()))
        }
        _ => None,
    }
}

/// Follows what hyper writes.
#[derive(Debug)]
pub(super) struct Outgoing {
    head: BytesMut,
    skip: usize,
    headers: u64,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self { head: BytesMut::new(), skip: PREFACE, headers: 0 }
    }
}

impl Outgoing {
    /// Takes note of bytes that were written, cut anywhere.
    pub fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            bytes.advance(skipped);
            self.skip -= skipped;
            let wanted = (HEADER - self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..wanted]);
            bytes.advance(wanted);
            if self.head.len() >= 4 && self.head.len() - wanted < 4 {
                self.headers += u64::from(self.head[3] == HEADERS);
            }
            if self.head.len() == HEADER {
                self.skip = length(&self.head);
                self.head.clear();
            }
        }
    }

    /// HEADERS frames that were begun: the requests that the peer may have seen.
    pub fn requests(&self) -> u64 {
        self.headers
    }
}

/// A PING frame (RFC 9113 section 6.7).
pub(super) const fn ping() -> [u8; HEADER + 8] {
    [0, 0, 8, PING, 0, 0, 0, 0, 0, b'a', b'l', b'i', b'v', b'e', b' ', b' ', b'?']
}

/// A GOAWAY frame (RFC 9113 section 6.8) that says PROTOCOL_ERROR.
pub(super) const fn goaway_for_protocol_error() -> [u8; HEADER + 8] {
    [0, 0, 8, GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
}

/// What defects keep from hyper, so that it does as they say. Takes whole frames from `bytes`, leaves the rest there.
pub(super) fn censor(bytes: &mut BytesMut, hides_goaway: bool, hides_limit: bool) -> BytesMut {
    let mut passed = BytesMut::new();
    while bytes.len() >= HEADER && bytes.len() >= HEADER + length(bytes) {
        let mut frame = bytes.split_to(HEADER + length(bytes));
        if hides_goaway && frame[3] == GOAWAY {
            continue;
        }
        if hides_limit && frame[3] == SETTINGS {
            for setting in frame[HEADER..].chunks_exact_mut(6) {
                if setting[..2] == MAX_STREAMS.to_be_bytes() {
                    // An identifier that nobody knows is ignored (RFC 9113 section 6.5.2).
                    setting[..2].copy_from_slice(&[0xff, 0xff]);
                }
            }
        }
        passed.unsplit(frame);
    }
    passed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len() as u32;
        let mut frame = length.to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, 1]);
        frame.extend(content);
        frame
    }

    fn check_heard(frames: &[Vec<u8>], expected: &[Overheard]) {
        let bytes = frames.concat();
        for cut in 1..=bytes.len() {
            let (mut incoming, mut overheard) = (Incoming::default(), Vec::new());
            bytes.chunks(cut).for_each(|bytes| incoming.hear(bytes, &mut overheard));
            assert_eq!(overheard, expected, "in pieces of {cut}");
        }
    }

    #[test]
    fn what_matters_is_heard_however_it_is_cut() {
        let limit = [0, 4, 0, 0, 255, 255, 0, 3, 0, 0, 0, 7];
        check_heard(&[frame(SETTINGS, 0, &limit)], &[Overheard::Settings(Some(7))]);
        check_heard(&[frame(SETTINGS, 0, &[]), frame(SETTINGS, ACK, &[])], &[Overheard::Settings(None)]);
        check_heard(
            &[frame(0, 1, b"data"), frame(GOAWAY, 0, &[0; 11]), frame(PING, ACK, &[7; 8])],
            &[Overheard::Goaway],
        );
        check_heard(&[frame(SETTINGS, 0, &[0, 2, 0, 0, 0, 0])], &[Overheard::Settings(None)]);
        check_heard(&[frame(SETTINGS, 0, &[0, 3, 0, 0, 0, 7, 0, 2, 0, 0, 0, 1])], &[Overheard::Push]);
    }

    #[test]
    fn what_is_written_is_followed_however_it_is_cut() {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(SETTINGS, 0, &[]));
        let between = bytes.len();
        bytes.extend([frame(HEADERS, 4, b"abc"), frame(0, 1, b"body"), frame(HEADERS, 5, b"")].concat());
        for cut in 1..=bytes.len() {
            let mut outgoing = Outgoing::default();
            bytes[..between].chunks(cut).for_each(|bytes| outgoing.follow(bytes));
            assert_eq!(outgoing.requests(), 0);
            bytes[between..].chunks(cut).for_each(|bytes| outgoing.follow(bytes));
            assert_eq!(outgoing.requests(), 2);
        }
    }

    #[test]
    fn a_censor_passes_whole_frames_only() {
        let mut bytes = BytesMut::from(&frame(GOAWAY, 0, &[0; 8])[..]);
        bytes.extend_from_slice(&frame(SETTINGS, 0, &[0, 3, 0, 0, 0, 1]));
        bytes.extend_from_slice(&[0, 0]);
        let passed = censor(&mut bytes, true, true);
        assert_eq!(passed, frame(SETTINGS, 0, &[0xff, 0xff, 0, 0, 0, 1]));
        assert_eq!(bytes, [0, 0][..]);
    }
}
