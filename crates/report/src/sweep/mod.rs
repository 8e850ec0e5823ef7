//! A sweep for people and machines: timelines, totals, violations.

mod fold;
mod json;
mod run;
mod timeline;
mod totals;
mod violations;

pub use json::json;
pub use run::run;
pub use timeline::timelines_as_text;
pub use totals::totals;
pub use violations::violations;
