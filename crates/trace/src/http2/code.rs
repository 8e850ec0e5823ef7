//! The numbers of RFC 9113 that have names.

use std::fmt;

use serde::Serialize;

/// Why a stream or a connection was ended (RFC 9113 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ErrorCode(pub u32);

/// What a setting is about (RFC 9113 section 6.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Setting(pub u16);

impl ErrorCode {
    /// `NO_ERROR`: nothing is wrong; of a GOAWAY, the connection is being shut down in order.
    pub const NO_ERROR: Self = Self(0);
    /// `PROTOCOL_ERROR`: something that the protocol does not allow.
    pub const PROTOCOL_ERROR: Self = Self(1);
    /// `FLOW_CONTROL_ERROR`: more than the window permits, or a window beyond its bounds.
    pub const FLOW_CONTROL_ERROR: Self = Self(3);
    /// `STREAM_CLOSED`: a frame on a stream that was closed.
    pub const STREAM_CLOSED: Self = Self(5);
    /// `FRAME_SIZE_ERROR`: a frame of a length that its type cannot have.
    pub const FRAME_SIZE_ERROR: Self = Self(6);
    /// `REFUSED_STREAM`: the request was not processed (RFC 9113 section 8.7).
    pub const REFUSED_STREAM: Self = Self(7);
    /// `CANCEL`: the stream is no longer needed.
    pub const CANCEL: Self = Self(8);
    /// `COMPRESSION_ERROR`: a header block that cannot be decoded.
    pub const COMPRESSION_ERROR: Self = Self(9);

    const NAMES: [&'static str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match usize::try_from(self.0).ok().and_then(|code| Self::NAMES.get(code)) {
            Some(name) => f.write_str(name),
            None => write!(f, "error {:#x}", self.0),
        }
    }
}

impl Setting {
    /// `SETTINGS_HEADER_TABLE_SIZE`, bytes.
    pub const HEADER_TABLE_SIZE: Self = Self(1);
    /// `SETTINGS_ENABLE_PUSH`: 0 or 1.
    pub const ENABLE_PUSH: Self = Self(2);
    /// `SETTINGS_MAX_CONCURRENT_STREAMS`.
    pub const MAX_CONCURRENT_STREAMS: Self = Self(3);
    /// `SETTINGS_INITIAL_WINDOW_SIZE`, bytes.
    pub const INITIAL_WINDOW_SIZE: Self = Self(4);
    /// `SETTINGS_MAX_FRAME_SIZE`, bytes.
    pub const MAX_FRAME_SIZE: Self = Self(5);
    /// `SETTINGS_MAX_HEADER_LIST_SIZE`, bytes.
    pub const MAX_HEADER_LIST_SIZE: Self = Self(6);

    const NAMES: [&'static str; 6] = [
        "HEADER_TABLE_SIZE",
        "ENABLE_PUSH",
        "MAX_CONCURRENT_STREAMS",
        "INITIAL_WINDOW_SIZE",
        "MAX_FRAME_SIZE",
        "MAX_HEADER_LIST_SIZE",
    ];
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = usize::from(self.0).checked_sub(1).and_then(|index| Self::NAMES.get(index));
        match name {
            Some(name) => f.write_str(name),
            None => write!(f, "setting {:#x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_names_of_the_rfc() {
        let check = |code, name: &str| assert_eq!(ErrorCode(code).to_string(), name);
        check(0, "NO_ERROR");
        check(ErrorCode::REFUSED_STREAM.0, "REFUSED_STREAM");
        check(ErrorCode::CANCEL.0, "CANCEL");
        check(13, "HTTP_1_1_REQUIRED");
        check(14, "error 0xe");
        let check = |setting: Setting, name: &str| assert_eq!(setting.to_string(), name);
        check(Setting::HEADER_TABLE_SIZE, "HEADER_TABLE_SIZE");
        check(Setting::MAX_CONCURRENT_STREAMS, "MAX_CONCURRENT_STREAMS");
        check(Setting::INITIAL_WINDOW_SIZE, "INITIAL_WINDOW_SIZE");
        check(Setting::MAX_FRAME_SIZE, "MAX_FRAME_SIZE");
        check(Setting(0), "setting 0x0");
        check(Setting(8), "setting 0x8");
    }
}
