//! A random schedule before it is a scenario: what is chosen, with choices that depend on others left open.

use std::time::Duration;

use closewait_scenario::{
    ClientSettings, Direction, ErrorCode, LastStream, NatAnswer, NetworkSettings, OriginSettings, Pings,
    Protocol, Reply, Until,
};

/// A schedule. Every plan can be made into a scenario, whatever was drawn.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub protocol: Protocol,
    pub client: ClientSettings,
    pub origin: OriginSettings,
    pub network: NetworkSettings,
    /// What happens, in order.
    pub moves: Vec<Move>,
    /// At most this many faults: later ones are left out.
    pub faults: usize,
    pub ending: Ending,
}

/// What happens next.
#[derive(Debug, Clone)]
pub(super) enum Move {
    Send(Box<Sending>),
    Pause(Pause),
    Settle(Until),
    /// Cancel a request that is under way, if there is one.
    Cancel(Pick),
    /// Wait for one that is under way.
    Await(Pick),
    /// Answer one that is held.
    Answer(Pick),
    Fault(Timing, Fault),
}

/// One of those that there will be: the number modulo how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pick(pub u16);

impl Pick {
    /// The first of them.
    pub const FIRST: Self = Self(0);
    /// The last of them.
    pub const LAST: Self = Self(u16::MAX);

    /// The index of the choice among `many`; `None` if there are none.
    pub fn among(self, many: usize) -> Option<usize> {
        match self {
            Self::LAST => many.checked_sub(1),
            Self(number) => usize::from(number).checked_rem(many),
        }
    }
}

/// A time: a round one, or close to a limit that the schedule has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pause {
    Exactly(u64),
    /// So many milliseconds off one of the limits.
    Near(Pick, i64),
}

/// A request, and how the origin means to answer it.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    pub method: &'static str,
    pub body: u32,
    pub asks_to_close: bool,
    pub background: bool,
    pub deadline: Option<u64>,
    pub read: Option<u32>,
    pub answer: Option<Answer>,
    pub hold: bool,
    /// HTTP/2: the origin resets the stream when the request arrives.
    pub reset: Option<StreamReset>,
}

/// How the origin resets the stream of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamReset {
    pub error: ErrorCode,
    pub times: u32,
}

/// How a request is answered: a reply without its id.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub reply: Reply,
    pub delay: Option<Pause>,
    /// A body of so many bytes.
    pub large: Option<u32>,
}

/// When a fault is injected.
#[derive(Debug, Clone, Copy)]
pub(super) enum Timing {
    InTurn,
    After(Pause),
    OnSegment { n: u32, direction: Direction },
}

/// What goes wrong on its own, not as part of an answer.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    Fin(Pick),
    Rst(Pick),
    Close(Pick),
    Bytes(Pick, &'static str),
    Goaway(Pick, LastStream, ErrorCode),
    /// Of a request that is under way, or else of the next one.
    ResetStream(Pick, ErrorCode),
    MaxStreams(Pick, u32, Option<Pause>),
    InitialWindow(Pick, u32, Option<Pause>),
    Ping(Pick),
    Pings(Option<Pick>, Pings),
    CloseNotify(Pick),
    Alert(Pick, &'static str),
    /// Until the pause is over; `None` is for good.
    Refuse(Option<Pause>),
    Crash(Option<Pause>),
    Lose {
        on: Option<Pick>,
        direction: Option<Direction>,
        packets: Option<u32>,
        heal: Option<Pause>,
    },
    Slow {
        on: Option<Pick>,
        direction: Option<Direction>,
        packets: Option<u32>,
        by: Pause,
    },
    Double {
        on: Option<Pick>,
        direction: Option<Direction>,
        by: u64,
        packets: u32,
    },
    Forget(Pick, NatAnswer),
    Reset(Pick, Option<Direction>),
}

/// How the schedule ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    /// As the lab ends every run.
    Open,
    Close,
    Drop,
}

/// Milliseconds as the model has them.
pub(super) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
