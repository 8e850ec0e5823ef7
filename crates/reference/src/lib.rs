//! The reference client: the executable specification of a pool that never reuses a stale connection.
//!
//! [`pool`] decides and knows no socket; `network` carries out and decides nothing. Around them stand [`Transport`]s
//! that wrap other transports.

mod adapter;
mod defect;
mod error;
mod guard;
mod in_process;
mod logged;
mod mounts;
mod network;
mod persistence;
pub mod pool;
mod retry;
mod transport;

#[cfg(test)]
mod http2_tests;
#[cfg(test)]
mod tests;

pub use adapter::{Reference, with_defect};
pub use defect::Defect;
pub use error::{Cause, Phase, Progress, RetryReason, TransportError};
pub use guard::{Abandoned, Claim, Guard, KeyStore, MemoryKeys, OnFailure, Remembered, StoreError};
pub use in_process::InProcess;
pub use logged::{Entry, Logged};
pub use mounts::Mounts;
pub use network::{Dial, Dialled, Io, PooledTransport, PriorKnowledge, TlsDial, Windows};
pub use retry::{Budget, FreshConnection, Retried, Retry};
pub use transport::{BoxFuture, Response, Transport};
