//! Why there is no trace.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a run came to nothing that says anything of its client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Broken {
    /// The machine had no descriptor, port, thread or loopback to give: what it said, and what to raise.
    Machine(String),
    /// closewait itself panicked: what, where, and in which run.
    Lab(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(trouble) => {
                write!(f, "this machine gave out, so that no client is judged: {trouble}")
            }
            Self::Lab(panic) => write!(
                f,
                "closewait itself failed, so that no client is judged: {panic}\nThis is a fault of closewait. Please report it with \
                 these lines, `closewait --version`, and the scenario if it is your own"
            ),
        }
    }
}

impl std::error::Error for Broken {}
