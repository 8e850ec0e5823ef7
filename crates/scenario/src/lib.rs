//! Scenario files: the model and its text form. Knows no client and no socket.

mod catalogue;
mod control;
mod excerpt;
mod faults;
mod field;
pub mod glob;
mod grammar;
mod http2;
mod invalid;
pub mod method;
mod model;
mod nearest;
mod read;
mod reference;
mod response;
mod schema;
mod search;
mod settings;
mod step;
mod write;

pub use catalogue::{Catalogue, FileProblem, IdTaken, LoadError, NoSuchScenario, describes};
pub use faults::*;
pub use grammar::ALERTS;
pub use http2::{ErrorCode, LastStream, Pings};
pub use invalid::{Invalid, Problem};
pub use model::*;
pub use nearest::{did_you_mean, most_alike, nearest, quoted};
pub use read::{Problems, filler, parse, type_name};
pub use reference::reference;
pub use response::*;
pub use schema::schema;
pub use search::Hit;
pub use settings::*;
pub use step::*;
pub use write::{Unwritable, step_words, write};
