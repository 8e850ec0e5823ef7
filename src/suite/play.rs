//! Runs a scenario and its control, and has both judged.

use super::cell::{Cell, CellResult, Control};
use crate::client::UnderTest;
use crate::lab::{self, Limits};
use crate::oracle;
use crate::scenario::Scenario;

/// Every scenario against every client, scenarios first. `progress` is told before each cell.
pub fn play_all<'a>(
    scenarios: impl IntoIterator<Item = &'a Scenario>,
    clients: &[&'static dyn UnderTest],
    limits: &Limits,
    mut progress: impl FnMut(&Scenario, &dyn UnderTest),
) -> Vec<Cell> {
    let mut cells = Vec::new();
    for scenario in scenarios {
        for client in clients {
            progress(scenario, *client);
            cells.push(play(scenario, *client, limits));
        }
    }
    cells
}

/// One scenario against one client.
pub fn play(scenario: &Scenario, client: &'static dyn UnderTest, limits: &Limits) -> Cell {
    Cell { scenario: scenario.id.clone(), client: client.name(), result: result(scenario, client, limits) }
}

fn result(scenario: &Scenario, client: &'static dyn UnderTest, limits: &Limits) -> CellResult {
    if let Some(reason) = client.unsupported(scenario) {
        return CellResult::Unsupported { reason };
    }
    let trace = lab::run(scenario, client, limits);
    if let Some(reason) = trace.unsupported {
        return CellResult::Unsupported { reason };
    }
    let findings = oracle::judge(scenario, &trace);
    let control = scenario.control().map(|quiet| {
        let trace = lab::run(&quiet, client, limits);
        let findings = oracle::judge(&quiet, &trace);
        Control { trace, findings }
    });
    CellResult::Ran { trace, findings, control }
}
