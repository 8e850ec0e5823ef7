//! From a run to its results file.

use std::path::Path;

use closewait_scenario::Scenario;

use super::model::{Client, Differing, Document, FORMAT, RunResult, ScenarioInfo, VERSION};
use super::of_result::form;
use crate::accepted::{Difference, DifferenceKind};
use crate::results::{Entry, Results};

/// What a run was about.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// The patterns that selected the scenarios; empty if all were played.
    pub selection: &'a [String],
    /// The folder of the scenario files, as reports shall name it.
    pub folder: Option<&'a Path>,
    /// The test of another crate that it was, if it was one.
    pub test: Option<&'a str>,
}

/// Brings the results of a run into the form that is written.
pub fn of_results(results: &Results<'_>, about: About<'_>) -> Document {
    let client =
        |c: &crate::results::ClientVersion| Client { name: c.name.into(), version: c.version.into() };
    let mut scenarios: Vec<ScenarioInfo> = Vec::new();
    for entry in &results.entries {
        // Scenarios come one after the other, each with all its clients.
        if scenarios.last().is_none_or(|last| last.id != entry.scenario.id) {
            scenarios.push(scenario(entry.scenario, about.folder));
        }
    }
    Document {
        format: FORMAT.to_owned(),
        version: VERSION,
        closewait: env!("CARGO_PKG_VERSION").to_owned(),
        test: about.test.map(str::to_owned),
        selection: about.selection.to_vec(),
        clients: results.clients.iter().map(client).collect(),
        scenarios,
        results: results.entries.iter().map(result).collect(),
        differences: results.differences.as_ref().map(|all| all.iter().map(differing).collect()),
        #[cfg(feature = "command")]
        timelines: Vec::new(),
    }
}

fn scenario(scenario: &Scenario, folder: Option<&Path>) -> ScenarioInfo {
    let line = |step: &closewait_scenario::Step| match &step.action {
        closewait_scenario::Action::Client(closewait_scenario::ClientAction::Send(send)) => {
            Some((send.id.clone(), step.line))
        }
        _ => None,
    };
    ScenarioInfo {
        id: scenario.id.clone(),
        title: scenario.title.clone(),
        about: scenario.about.trim().to_owned(),
        sources: scenario.sources.clone(),
        signatures: scenario.signatures.clone(),
        file: folder.map(|folder| format!("{}/{}.toml", folder.display(), scenario.id)),
        lines: scenario.script.iter().filter_map(line).collect(),
    }
}

fn result(Entry { scenario, result }: &Entry<'_>) -> RunResult {
    form(scenario, result, true)
}

fn differing(difference: &Difference) -> Differing {
    let kind = match difference.kind {
        DifferenceKind::New { .. } => "new",
        DifferenceKind::Changed { .. } => "changed",
        DifferenceKind::Gone => "gone",
    };
    Differing {
        scenario: difference.scenario.clone(),
        client: difference.client.clone(),
        kind: kind.to_owned(),
    }
}
