//! How often a client sends a request again.

use serde::{Deserialize, Serialize};

/// The budget of a client for one request, as it is configured or documented. Counted is what was written: a request that never
/// left the client's host may go to as many connections as there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retries {
    /// So many attempts after the first one, on whatever connection.
    Attempts(u32),
    /// So many new connections after the first one. Connections that carried a request before do not count: such a client tries
    /// the pool until it is empty.
    Connections(u32),
}

impl Retries {
    /// How often the request may be tried on what counts, the first time included.
    pub fn tries(self) -> usize {
        let (Self::Attempts(again) | Self::Connections(again)) = self;
        usize::try_from(again).unwrap_or(usize::MAX).saturating_add(1)
    }
}
