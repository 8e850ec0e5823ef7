//! How much of a frame and of a header block an endpoint takes.

use super::frame::DEFAULT_MAX_FRAME_SIZE;
use super::wire::longer;
use super::{Next, Payload, Setting, next_frame};
use crate::Flow;

/// What an endpoint takes, by what it has announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The longest payload of a frame (RFC 9113 section 4.2).
    pub frame: usize,
    /// The longest header block that may go on.
    block: usize,
}

/// The longest that a length of 24 bits can say.
const ANY_LENGTH: usize = (1 << 24) - 1;

/// SETTINGS_MAX_HEADER_LIST_SIZE is advice (RFC 9113 section 6.5.2), and what is a little too long is the matter of its stream. A block that
/// goes on beyond several times the size, or this, will never end (section 10.5.1).
const GENEROUS: usize = 4;
const LONG_BLOCK: usize = 1 << 20;

/// Where no size was announced.
const LONGEST_BLOCK: usize = 16 << 20;

/// So many CONTINUATION frames are of no use to anybody: one takes 16 KiB.
const MANY_CONTINUATIONS: usize = 1_000;

impl Bounds {
    /// For what the client sends: the origin knows itself what it takes.
    pub const NONE: Self = Self { frame: ANY_LENGTH, block: usize::MAX };

    /// Of the endpoint whose frames are in `flow` from an offset on. The largest value of a setting counts: by when the peer
    /// must know of another, it has to acknowledge.
    pub fn announced(flow: &Flow, start: usize) -> Self {
        let mut bounds = Self { frame: DEFAULT_MAX_FRAME_SIZE, block: LONGEST_BLOCK };
        let mut list = None;
        let mut rest = longer(flow).get(start..).unwrap_or_default();
        while let Next::Frame(frame) = next_frame(rest, ANY_LENGTH) {
            rest = &rest[frame.len..];
            let Payload::Settings { values, .. } = frame.payload else { continue };
            for (setting, value) in values {
                let value = usize::try_from(value).unwrap_or(usize::MAX);
                match setting {
                    Setting::MAX_FRAME_SIZE => bounds.frame = bounds.frame.max(value.min(ANY_LENGTH)),
                    Setting::MAX_HEADER_LIST_SIZE => list = list.max(Some(value)),
                    _ => {}
                }
            }
        }
        if let Some(list) = list {
            bounds.block = list.saturating_mul(GENEROUS).clamp(LONG_BLOCK, LONGEST_BLOCK);
        }
        bounds
    }

    /// Whether a header block that is not whole has gone on for too long.
    pub fn are_passed_by(&self, block: usize, continuations: usize) -> bool {
        self.block < block || MANY_CONTINUATIONS < continuations
    }
}
