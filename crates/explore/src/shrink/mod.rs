//! From a schedule that violates an oracle to the smallest scenario that still does.

mod candidates;
mod found;
mod known;
mod reproducer;
mod steps;
mod tidy;
mod weight;

pub(super) use found::EXPECTATIONS;
pub use found::{FAMILY, Found, found};
pub use known::{Known, SaveError, can_save};
pub use reproducer::{Reproducer, shrink};
pub use weight::Weight;
