//! Random schedules: what a sweep of single faults cannot reach. Drawn by proptest, the same for a seed everywhere.

mod assemble;
mod client_state;
mod coverage;
mod exploration;
mod findings;
mod http1;
mod http2;
mod plan;
mod planted;
mod schedules;
mod seeds;
mod state;
mod strategy;
mod times;

pub use client_state::ClientState;
pub use coverage::{Coverage, NO_FAULT, Situation};
pub use exploration::{
    Budget, Exploration, Explored, Reached, Suspect, Suspicion, explore, explore_on, violated,
};
pub use findings::{Findings, Sighting, findings};
pub use planted::{Unmasked, unmask};
pub(super) use schedules::sensible;
pub use schedules::{Draw, Schedules, played_by};
pub use seeds::{Seed, seeds};
