//! What no RFC puts into a number, and what is assumed of hosts: how long, how many, how large, and why so much.

use closewait_trace::Millis;
use closewait_trace::http2::ErrorCode;

/// How long a connection may be in CLOSE_WAIT, or be kept though no stream can be opened on it, ms. RFC 9112 section 9.5
/// asks for a close without a delay; a client may look after its pool once a second.
pub(super) const PROMPT: Millis = 1_000;

/// A client whose own idle timeout the scenario does not set owes the reuse of a connection only this long, ms. A client with
/// a shorter default needs scenarios that set it.
pub(super) const UNKNOWN_IDLE_TIMEOUT: Millis = 30_000;

/// So much earlier than a limit a careful client may let a connection go, ms: a request takes time to arrive.
pub(super) const MARGIN: Millis = 1_000;

/// A request that got nothing for as long as this, or for the client's read timeout, casts doubt on more than its own
/// connection, ms. No round trip of a scenario takes as long.
pub(super) const LONG_SILENCE: Millis = 1_000;

/// A client whose dial is younger than this need not look for a connection that came free meanwhile, ms: the SYN may just be
/// on its way, and is not even repeated before (RFC 6298 section 2.1).
pub(super) const SLOW_DIAL: Millis = FIRST_TIMEOUT;

/// How long a SYN waits for its answer before it is repeated, ms (RFC 6298 section 2.1).
pub(super) const FIRST_TIMEOUT: Millis = 1_000;

/// The least that a client writes and an oracle waits for: RST_STREAM, bytes (RFC 9113 section 6.4).
pub(super) const LEAST_FRAME: usize = 13;

/// What TLS adds to it, bytes (RFC 8446 section 5.2).
pub(super) const SEAL: usize = 22;

/// What a client can hold of what it has encoded, and cannot take back either: two frames of the largest size
/// (RFC 9113 section 4.2), bytes.
pub(super) const WRITE_BUFFER: usize = 2 * 16_384;

/// So often a request may be sent again because its answer asks for that: browsers follow twenty redirects, curl fifty.
pub(super) const MOST_TURNS: usize = 50;

/// Connections opened on behalf of one request and never used for any: a client may dial ahead. One whose budget is larger may
/// also dial in vain as often as it may try.
pub(super) const MOST_UNUSED_CONNECTIONS: usize = 3;

/// So many streams refused in a row, and a client may look for another connection: one may be chance.
pub(super) const REFUSALS: usize = 2;

/// States in which an application still holds the socket. What comes after its own close is the host's affair.
pub(super) const HELD: [&str; 3] = ["SYN_SENT", "ESTABLISHED", "CLOSE_WAIT"];

/// Codes that say what was wrong with the peer's frames or messages (RFC 9113 section 7).
pub(super) const OBJECTIONS: [ErrorCode; 5] = [
    ErrorCode::PROTOCOL_ERROR,
    ErrorCode::FLOW_CONTROL_ERROR,
    ErrorCode::STREAM_CLOSED,
    ErrorCode::FRAME_SIZE_ERROR,
    ErrorCode::COMPRESSION_ERROR,
];
