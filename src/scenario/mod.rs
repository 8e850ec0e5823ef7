//! Scenario files: the model and its text form. Knows no client and no socket.

mod built_in;
mod catalogue;
mod control;
mod excerpt;
mod field;
mod glob;
mod grammar;
mod http2;
mod invalid;
mod model;
mod nearest;
mod read;
mod reference;
mod schema;
mod search;
mod write;

pub use catalogue::{Catalogue, FileProblem, IdTaken, LoadError, NoSuchScenario};
pub use http2::{ErrorCode, LastStream, Pings};
pub use invalid::{Invalid, Problem};
pub use model::*;
pub use read::parse;
pub use reference::reference;
pub use schema::schema;
pub use search::Hit;
pub use write::{Unwritable, write};
