//! `closewait schema`.

use closewait::scenario;

use super::exit::{Done, Exit};
use super::output::print_exactly;

/// Prints the JSON Schema.
pub fn run() -> Done {
    print_exactly(&(serde_json::to_string_pretty(&scenario::schema())? + "\n"))?;
    Ok(Exit::AsAccepted)
}
