//! What the gate says, for people and for machines: terminal, Markdown, GitHub annotations, JUnit, SARIF. No score.
//! Text from clients and scenario files is untrusted: each format escapes it in its own way.

mod annotations;
mod changes;
mod escape;
mod input;
#[cfg(feature = "command")]
mod junit;
mod markdown;
mod sarif;
mod terminal;

pub use annotations::annotations;
pub use changes::{Meaning, meaning};
pub use input::Input;
#[cfg(feature = "command")]
pub use junit::junit;
pub use markdown::{LIMIT, markdown};
pub use sarif::sarif;
pub use terminal::{disarmed, terminal};
