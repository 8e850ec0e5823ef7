//! The pool as a pure state machine: it takes `now` and events, and returns what is to be done.
//!
//! No sockets, no tasks, no clock. Time is the [`Duration`](std::time::Duration) since the pool was made.

mod connection;
mod event;
mod health;
mod keep_alive;
mod limits;
mod machine;
mod queue;
mod shared;
mod streams;

pub use event::{Action, CloseReason, ConnectionId, Event, Finish, Phase, Poison, Refusal, Return, Ticket};
pub use limits::Limits;
pub use machine::Pool;
