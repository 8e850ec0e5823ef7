//! What no file can say.

/// A scenario that no file can say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write `{key}` of {table}: {why}")]
pub struct Unwritable {
    /// Which key.
    pub key: String,
    /// Of which table or step.
    pub table: String,
    /// Why not.
    pub why: &'static str,
}

impl Unwritable {
    pub(super) fn key(table: &str, key: &str, why: &'static str) -> Self {
        Self { key: key.to_owned(), table: table.to_owned(), why }
    }
}
