//! What happened in a run, and the views over it. Depends on no clock, socket or client.

mod broken;
mod chunks;
mod connection;
mod effort;
mod event;
mod exchange;
mod http1;
pub mod http2;
mod idle;
mod label;
mod moment;
mod recorder;
mod requests;
mod retries;
#[doc(hidden)]
pub mod sealing;
mod staleness;
mod stream;
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
mod tls;
mod views;
mod window;

pub use broken::Broken;
pub use connection::*;
pub use effort::Effort;
pub use event::*;
pub use exchange::*;
pub use http1::BodyFraming;
pub use http1::is_bodiless;
pub use idle::*;
pub use label::{Carried, Content, Label, Labels};
pub use moment::*;
pub use recorder::{Recorder, Secret};
pub use requests::*;
pub use retries::Retries;
pub use staleness::*;
pub use stream::*;
pub use tls::*;
pub use views::*;
pub use window::*;
