//! The reference client: the executable specification of a pool that never reuses a stale connection.
//!
//! [`pool`] decides and knows no socket; `network` carries out and decides nothing. Around them stand [`Transport`]s
//! that wrap other transports.

mod adapter;
mod defect;
mod error;
mod network;
mod persistence;
pub mod pool;
mod retry;
mod transport;

pub use adapter::with_defect;
pub(super) use adapter::Reference;
pub use defect::Defect;
pub use error::{Cause, Phase, Progress, TransportError};
pub use network::{Dial, Io, PooledTransport};
pub use retry::{Budget, FreshConnection, Retried, Retry, RetryReason};
pub use transport::{BoxFuture, Response, Transport};
