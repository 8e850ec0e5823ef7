//! The report for machines. Version 1: keys are only ever added.

use serde::Serialize;

use super::results::{Difference, DifferenceKind, Entry, Results};
use super::transcript::Transcript;
use crate::oracle::Finding;
use crate::scenario::Scenario;
use crate::suite::CellResult;
use crate::trace::{End, Trace};

/// Raised whenever a key changes its meaning or goes away.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    clients: Vec<Client>,
    cells: Vec<Cell<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<Vec<Differing<'a>>>,
}

#[derive(Serialize)]
struct Client {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Cell<'a> {
    scenario: &'a str,
    client: &'static str,
    mark: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsupported: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Run<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    control: Option<Run<'a>>,
}

#[derive(Serialize)]
struct Run<'a> {
    end: &'a End,
    findings: &'a [Finding],
    transcript: Vec<Line>,
}

/// `events` are the indexes that the evidence of violations refers to.
#[derive(Serialize)]
struct Line {
    at_ms: u64,
    text: String,
    events: Vec<usize>,
}

#[derive(Serialize)]
struct Differing<'a> {
    scenario: &'a str,
    client: &'a str,
    kind: &'static str,
}

/// The report as JSON, indented, in the order of the run; ends with a line break.
///
/// # Errors
/// Never in practice: every key is a string.
pub fn render(results: &Results<'_>) -> serde_json::Result<String> {
    let clients = results.clients.iter().map(|c| Client { name: c.name, version: c.version }).collect();
    let differences = results.differences.as_ref().map(|all| all.iter().map(differing).collect());
    let cells = results.entries.iter().map(cell).collect();
    let document = Document { version: VERSION, clients, cells, differences };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn cell<'a>(Entry { scenario, cell }: &'a Entry<'_>) -> Cell<'a> {
    let (unsupported, run, control) = match &cell.result {
        CellResult::Unsupported { reason } => (Some(reason.as_str()), None, None),
        CellResult::Ran { trace, findings, control } => {
            let quiet = scenario.control();
            let control = control
                .as_ref()
                .map(|control| run(quiet.as_ref().unwrap_or(scenario), &control.trace, &control.findings));
            (None, Some(run(scenario, trace, findings)), control)
        }
    };
    Cell { scenario: &scenario.id, client: cell.client, mark: cell.mark().name(), unsupported, run, control }
}

fn run<'a>(scenario: &Scenario, trace: &'a Trace, findings: &'a [Finding]) -> Run<'a> {
    let transcript = Transcript::of(scenario, trace);
    let line = |line: &super::transcript::Line| Line {
        at_ms: line.at,
        text: line.text.clone(),
        events: line.events.clone(),
    };
    Run { end: &trace.end, findings, transcript: transcript.lines().iter().map(line).collect() }
}

fn differing(difference: &Difference) -> Differing<'_> {
    let kind = match difference.kind {
        DifferenceKind::New { .. } => "new",
        DifferenceKind::Changed { .. } => "changed",
        DifferenceKind::Gone => "gone",
    };
    Differing { scenario: &difference.scenario, client: &difference.client, kind }
}
