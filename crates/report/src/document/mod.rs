//! The results file: what machines read, and all that a comparison or a report needs.

mod foreign;
mod known;
mod model;
mod of_result;
mod of_results;
#[cfg(feature = "command")]
mod of_sweep;
mod read;
mod schema;

pub use closewait_oracle::{Verdict, Violation};
#[cfg(feature = "command")]
pub use model::Timeline;
pub use model::{
    Client, Differing, Document, Finding, Line, Request, Run, RunResult, ScenarioInfo, UntriedStep,
};
pub use of_result::of_result;
pub use of_results::{About, of_results};
#[cfg(feature = "command")]
pub use of_sweep::of_sweep;
pub use read::{DocumentError, read};
pub use schema::schema;
