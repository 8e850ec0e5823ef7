//! What only HTTP/2 has (RFC 9113): error codes, last streams, PING.

use std::time::Duration;

/// An error code of RST_STREAM and GOAWAY (RFC 9113 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// NO_ERROR
    NoError,
    /// PROTOCOL_ERROR
    ProtocolError,
    /// INTERNAL_ERROR
    InternalError,
    /// FLOW_CONTROL_ERROR
    FlowControlError,
    /// SETTINGS_TIMEOUT
    SettingsTimeout,
    /// STREAM_CLOSED
    StreamClosed,
    /// FRAME_SIZE_ERROR
    FrameSizeError,
    /// REFUSED_STREAM
    RefusedStream,
    /// CANCEL
    Cancel,
    /// COMPRESSION_ERROR
    CompressionError,
    /// CONNECT_ERROR
    ConnectError,
    /// ENHANCE_YOUR_CALM
    EnhanceYourCalm,
    /// INADEQUATE_SECURITY
    InadequateSecurity,
    /// HTTP_1_1_REQUIRED
    Http11Required,
}

/// The words of the error codes, in the order of their numbers.
pub(super) const ERROR_CODES: &[&str] = &[
    "no-error",
    "protocol-error",
    "internal-error",
    "flow-control-error",
    "settings-timeout",
    "stream-closed",
    "frame-size-error",
    "refused-stream",
    "cancel",
    "compression-error",
    "connect-error",
    "enhance-your-calm",
    "inadequate-security",
    "http-1-1-required",
];

impl ErrorCode {
    /// Every code, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::NoError,
        Self::ProtocolError,
        Self::InternalError,
        Self::FlowControlError,
        Self::SettingsTimeout,
        Self::StreamClosed,
        Self::FrameSizeError,
        Self::RefusedStream,
        Self::Cancel,
        Self::CompressionError,
        Self::ConnectError,
        Self::EnhanceYourCalm,
        Self::InadequateSecurity,
        Self::Http11Required,
    ];

    /// The number on the wire.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The word of scenario files.
    pub fn word(self) -> &'static str {
        ERROR_CODES[self as usize]
    }

    /// As RFC 9113 spells it, e.g. `REFUSED_STREAM`.
    pub fn name(self) -> String {
        self.word().to_uppercase().replace('-', "_")
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.word() == word)
    }
}

/// The last stream that a GOAWAY names: what is above it was not, and will not be, processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastStream {
    /// The highest stream that the origin has seen.
    Seen,
    /// 2^31-1: the notice that a graceful shutdown begins (RFC 9113 section 6.8).
    All,
    /// 0: nothing was processed.
    None,
    /// The stream of this request.
    Request(String),
    /// This stream, whatever it carries.
    Number(u32),
}

/// What the origin does about PING frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pings {
    /// Acknowledge them, this long after they arrived.
    Answer {
        /// How long.
        after: Duration,
    },
    /// Say nothing.
    Ignore,
}

impl Default for Pings {
    fn default() -> Self {
        Self::Answer { after: Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_numbers_of_the_rfc() {
        let check = |word: &str, number| {
            let code = ErrorCode::of_word(word).expect("it is a code");
            assert_eq!((code.number(), code.word()), (number, word));
        };
        check("no-error", 0x0);
        check("refused-stream", 0x7);
        check("cancel", 0x8);
        check("http-1-1-required", 0xd);
        assert_eq!(ErrorCode::ALL.map(ErrorCode::number).to_vec(), (0..14).collect::<Vec<_>>());
        assert_eq!(ErrorCode::EnhanceYourCalm.name(), "ENHANCE_YOUR_CALM");
    }
}
