//! The pooled network transport: a thin rim around the [pool](super::pool), with hyper on its sockets.

mod body;
mod checkout;
mod dial;
mod exchange;
mod gate;
mod h2;
mod lease;
mod outgoing;
mod shared;
mod tls;
mod transport;
mod watchdog;

pub use dial::{Dial, Dialled, Io, PriorKnowledge};
pub use shared::Windows;
pub use tls::TlsDial;
pub use transport::PooledTransport;
