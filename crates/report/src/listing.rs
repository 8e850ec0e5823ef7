//! The list of scenarios.

use closewait_scenario::Scenario;
use serde::Serialize;

use super::words::{one_line, step};

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    title: &'a str,
    about: &'a str,
    sources: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    signatures: &'a [String],
    script: Vec<String>,
}

/// One line for each scenario: id and title.
pub fn text<'a>(scenarios: impl IntoIterator<Item = &'a Scenario>) -> String {
    let scenarios: Vec<_> = scenarios.into_iter().collect();
    let width = scenarios.iter().map(|scenario| scenario.id.len()).max().unwrap_or(0);
    scenarios
        .iter()
        .map(|scenario| format!("{:<width$}  {}\n", scenario.id, one_line(&scenario.title)))
        .collect()
}

/// A JSON array, indented; ends with a line break.
///
/// # Errors
/// Never in practice: every key is a string.
pub fn json<'a>(scenarios: impl IntoIterator<Item = &'a Scenario>) -> serde_json::Result<String> {
    let items: Vec<_> = scenarios.into_iter().map(item).collect();
    Ok(serde_json::to_string_pretty(&items)? + "\n")
}

fn item(scenario: &Scenario) -> Item<'_> {
    Item {
        id: &scenario.id,
        title: &scenario.title,
        about: &scenario.about,
        sources: &scenario.sources,
        signatures: &scenario.signatures,
        script: scenario.script.iter().map(step).collect(),
    }
}
