//! Why a value is refused.

/// Why a string is not what it should be, and how to fix it.
pub(super) struct Refusal {
    pub message: String,
    pub help: Option<String>,
}

/// Shorthand for a [`Refusal`].
pub(super) fn refuse<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { message: message.into(), help: Some(help.into()).filter(|help| !help.is_empty()) })
}
