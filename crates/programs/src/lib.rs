//! Clients that are programs of their own, in any language, on a real kernel.
//!
//! Such a client is a folder: `client.toml` says how it is installed and started and what it can play ([`Manifest`]), and a small
//! program in it, the shim, sends the requests that it is told to. Both sides speak lines of JSON ([`protocol`]).

mod built_in;
mod checks;
mod client;
mod install;
mod manifest;
pub mod protocol;
mod running;
mod starts;

pub use built_in::{manifest, names as built_in};
pub use checks::checks;
pub use client::{Program, choose};
pub use closewait_simulator::net::become_root_here;
pub use install::cache;
pub use manifest::{Ability, Manifest};

/// Why a client that is a program cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such folder, and none of that name comes with closewait.
    #[error("no client is called `{name}`: it is no folder with a `client.toml`, and closewait comes with {}", .known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The clients that closewait comes with.
        known: Vec<&'static str>,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: String,
        /// Why not.
        error: std::io::Error,
    },
    /// `client.toml` is not as it has to be.
    #[error("{path}: {error}")]
    Manifest {
        /// Which file.
        path: String,
        /// What is wrong, and where.
        error: String,
    },
    /// A version is asked for, and `client.toml` does not say how one is installed.
    #[error("`{name}@{version}`: its client.toml has no [install], so there is but one version of it")]
    OneVersion {
        /// The client.
        name: String,
        /// The version that was asked for.
        version: String,
    },
    /// A step of the installation fails.
    #[error("{name} {version} cannot be installed: `{step}` {why}{needs}")]
    Install {
        /// The client.
        name: String,
        /// Which version of it.
        version: String,
        /// The command.
        step: String,
        /// What came of it, with its last words.
        why: String,
        /// What the client needs, as `client.toml` says it.
        needs: String,
    },
}
