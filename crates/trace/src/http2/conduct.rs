//! What an origin may not say, though every frame for itself can be read.

use std::collections::BTreeSet;

use super::Setting;
use super::wire::{FrameKind, WireFrame};

/// What the client has said that decides what the origin may say, and what the origin has said so far.
#[derive(Debug, Default)]
pub(super) struct Conduct {
    /// SETTINGS_ENABLE_PUSH in each SETTINGS of the client, in order.
    pushes: Vec<Option<u32>>,
    /// How many of them the origin has acknowledged.
    acknowledged: usize,
    /// Streams that the origin has reserved.
    promised: BTreeSet<u32>,
    /// How much the client may send on the connection, were all that it ever sends sent by now.
    window: i64,
}

/// The largest window (RFC 9113 section 6.9.1), and the largest SETTINGS_INITIAL_WINDOW_SIZE (section 6.5.2).
const MAX_WINDOW: u32 = (1 << 31) - 1;
const DEFAULT_WINDOW: i64 = 65_535;

impl Conduct {
    /// Towards a client that sends these frames.
    pub fn towards(client: &[WireFrame]) -> Self {
        let pushes = client.iter().filter_map(|frame| match &frame.kind {
            FrameKind::Settings { values } => Some(last(values, Setting::ENABLE_PUSH)),
            _ => None,
        });
        let sent = client.iter().map(|frame| match &frame.kind {
            FrameKind::Data { content, .. } => i64::try_from(content.len()).unwrap_or(i64::MAX),
            _ => 0,
        });
        let window = sent.fold(DEFAULT_WINDOW, i64::saturating_sub);
        Self { pushes: pushes.collect(), window, ..Self::default() }
    }

    /// Whether the origin has reserved a stream for an answer to nothing.
    pub fn has_promised(&self, stream: u32) -> bool {
        self.promised.contains(&stream)
    }

    /// Takes the next frame of the origin. What in it is a connection error.
    pub fn take(&mut self, frame: &WireFrame) -> Option<&'static str> {
        match &frame.kind {
            FrameKind::SettingsAck => {
                self.acknowledged += 1;
                None
            }
            FrameKind::Settings { values } => values.iter().find_map(|value| forbidden(*value)),
            FrameKind::PushPromise { promised } => self.promise(*promised),
            FrameKind::WindowUpdate { increment } if frame.stream == 0 => {
                self.window = self.window.saturating_add(i64::from(*increment));
                (i64::from(MAX_WINDOW) < self.window).then_some("a window update beyond 2^31-1")
            }
            _ => None,
        }
    }

    /// A client that has turned push off, and whose SETTINGS were acknowledged, takes no promise (RFC 9113 sections 6.6 and 8.4). Streams
    /// of the origin are even, and each has a higher number than those before it (section 5.1.1).
    fn promise(&mut self, stream: u32) -> Option<&'static str> {
        let known = self.pushes.iter().take(self.acknowledged);
        let enabled = known.filter_map(|value| *value).next_back();
        let is_next = self.promised.last().is_none_or(|last| *last < stream);
        self.promised.insert(stream);
        if enabled == Some(0) {
            return Some("a PUSH_PROMISE though push is off");
        }
        let is_right = stream != 0 && stream.is_multiple_of(2) && is_next;
        (!is_right).then_some("a PUSH_PROMISE of a stream that cannot be promised")
    }
}

/// Values that a client takes from no origin (RFC 9113 section 6.5.2).
fn forbidden((setting, value): (Setting, u32)) -> Option<&'static str> {
    match setting {
        Setting::ENABLE_PUSH if value != 0 => Some("SETTINGS_ENABLE_PUSH other than 0"),
        Setting::INITIAL_WINDOW_SIZE if MAX_WINDOW < value => {
            Some("SETTINGS_INITIAL_WINDOW_SIZE beyond 2^31-1")
        }
        Setting::MAX_FRAME_SIZE if !(1 << 14..1 << 24).contains(&value) => {
            Some("SETTINGS_MAX_FRAME_SIZE out of its range")
        }
        _ => None,
    }
}

fn last(values: &[(Setting, u32)], wanted: Setting) -> Option<u32> {
    values.iter().rfind(|(setting, _)| *setting == wanted).map(|(_, value)| *value)
}
