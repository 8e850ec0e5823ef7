//! The report for machines: the results file. Version 1: keys are only ever added.

use super::document::{About, of_results};
use super::results::Results;

/// The report as JSON, indented, in the order of the run; ends with a line break.
///
/// # Errors
/// Never in practice: every key is a string.
pub fn render(results: &Results<'_>, about: About<'_>) -> serde_json::Result<String> {
    of_results(results, about).to_json()
}
