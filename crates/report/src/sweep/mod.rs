//! A sweep for people and machines: strips, totals, violations.

mod fold;
mod json;
mod run;
mod strip;
mod totals;
mod violations;

pub use json::json;
pub use run::run;
pub use strip::strips_as_text;
pub use totals::totals;
pub use violations::violations;
