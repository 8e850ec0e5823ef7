//! The results file: what machines read, and all that a comparison or a report needs.

mod foreign;
mod model;
mod of_cell;
mod of_results;
#[cfg(feature = "command")]
mod of_sweep;
mod read;
mod schema;

pub use closewait_oracle::{Verdict, Violation};
#[cfg(feature = "command")]
pub use model::Strip;
pub use model::{Cell, Client, Differing, Document, Finding, Line, Request, Run, ScenarioInfo};
pub use of_cell::of_cell;
pub use of_results::{About, of_results};
#[cfg(feature = "command")]
pub use of_sweep::of_sweep;
pub use read::{DocumentError, read};
pub use schema::schema;
