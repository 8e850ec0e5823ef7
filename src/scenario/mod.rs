//! Scenario files: the model and its text form. Knows no client and no socket.

mod model;

pub use model::*;
