//! Every fault at every instant of every workload: plans the runs, plays them on every core, keeps what came out.

mod hash;
mod header;
mod mark;
mod merge;
mod plan;
mod planning;
mod play;
mod record;
mod replay;
mod resume;
mod share;
mod timeline;

pub use header::Header;
pub use mark::{Checks, Mark};
pub use merge::{MergeError, merge};
pub use plan::{Plan, PlannedRun, Wanted};
pub use play::{CHUNK, Judged, play};
pub use record::{Record, line};
pub use replay::{Replay, ReplayError, replay};
pub use resume::{ResumeError, read_results, resume};
pub use share::{Shard, Share, choose};
pub use timeline::{Row, timelines};
