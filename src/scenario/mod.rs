//! Scenario files: the model and its text form. Knows no client and no socket.

mod built_in;
mod catalogue;
mod control;
mod excerpt;
mod field;
pub(crate) mod glob;
mod grammar;
mod http2;
mod invalid;
mod model;
mod nearest;
mod read;
mod reference;
mod schema;
mod search;
mod settings;
mod write;

pub use catalogue::{Catalogue, FileProblem, IdTaken, LoadError, NoSuchScenario, describes};
#[cfg(test)]
pub(crate) use grammar::ALERTS;
pub use http2::{ErrorCode, LastStream, Pings};
pub use invalid::{Invalid, Problem};
pub use model::*;
pub(crate) use nearest::{nearest, quoted};
#[cfg(feature = "cli")]
pub(crate) use read::filler;
pub use read::parse;
pub(crate) use read::{Problems, type_name};
pub use reference::reference;
pub use schema::schema;
pub use search::Hit;
pub use settings::*;
pub use write::{Unwritable, step_words, write};
