//! What the gate says, above the grid: a sentence for each cell that changed.

use closewait_oracle::gate::{DecidedCell, GateVerdict, Level, State};
use maud::{Markup, html};

use super::data::Shown;
use crate::words::one_line;

/// Most important first. A click opens the cell, beside what was before where that is known. Empty if nothing changed.
pub(super) fn section(shown: &Shown<'_>, verdict: &GateVerdict) -> Markup {
    let changed: Vec<&DecidedCell> = verdict.changed().collect();
    html! {
        section #changed aria-labelledby="changed-head" {
            h2 #changed-head { (heading(verdict)) }
            @if !changed.is_empty() {
                ul {
                    @for cell in changed { li { (item(shown, cell)) } }
                }
            }
            @let control: Vec<&DecidedCell> = verdict.changed_control().collect();
            @if let Some(first) = control.first() {
                details {
                    summary {
                        "The " (one_line(&first.cell.client)) " client, built on the same hyper, changes: "
                        (control.len()) ". It is the control and closes no gate."
                    }
                    ul { @for cell in control { li { (item(shown, cell)) } } }
                }
            }
        }
    }
}

fn heading(verdict: &GateVerdict) -> String {
    let counts = State::ALL.iter().map(|state| (verdict.count(*state), state.name()));
    let told: Vec<String> =
        counts.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    if told.is_empty() {
        "Nothing to compare".to_owned()
    } else {
        format!("What changed: {}", told.join(", "))
    }
}

fn item(shown: &Shown<'_>, cell: &DecidedCell) -> Markup {
    let headline = cell.lead().map(|lead| one_line(&lead.headline())).unwrap_or_default();
    let open = shown.cells_of(&cell.cell.scenario, &cell.cell.client);
    let open: Vec<String> = open.iter().map(usize::to_string).collect();
    let level = match cell.level() {
        Level::Deny => "deny",
        Level::Warn => "warn",
        Level::Allow => "allow",
    };
    html! {
        p.what {
            span class=(format!("state {level} {}", cell.cell.state.name())) { (cell.cell.state.name()) }
            " "
            @if open.is_empty() {
                strong { (one_line(&cell.cell.scenario)) }
            } @else {
                button type="button" data-open=(open.join(" ")) { (one_line(&cell.cell.scenario)) }
            }
            span.faint { " on " (one_line(&cell.cell.client)) }
        }
        p.headline { (headline) }
        @if cell.others().next().is_some() {
            details {
                summary { (cell.others().count()) " more" }
                ul { @for change in cell.others() { li { (one_line(&change.sentence)) } } }
            }
        }
        @for rule in cell.rules() {
            p.faint { (rule.level.name()) " by a rule: " (one_line(&rule.reason)) }
        }
    }
}
