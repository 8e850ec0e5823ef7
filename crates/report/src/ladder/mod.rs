//! What happened between client and origin, as a diagram: two lines, and arrows in time. The model is plain data; the
//! renderings are functions of it.

mod build;
mod fold;
mod model;
mod span;
#[cfg(test)]
mod tests;
mod text;

pub use model::{Arrow, ArrowKind, Gap, Ladder, Note, NoteKind, Side, Stale};
pub use text::text;
