//! What the gate says, above the grid: a sentence for each cell that changed.

use closewait_oracle::gate::{DecidedResult, GateVerdict, Level, State};
use maud::{Markup, html};

use super::data::Shown;
use crate::words::one_line;

/// Most important first. A click opens the cell, beside what was before where that is known. Empty if nothing changed.
pub(super) fn section(shown: &Shown<'_>, verdict: &GateVerdict) -> Markup {
    let changed: Vec<&DecidedResult> = verdict.changed().collect();
    html! {
        section #changed aria-labelledby="changed-head" {
            h2 #changed-head { (heading(verdict)) }
            @if !changed.is_empty() {
                ul {
                    @for changed in changed { li { (item(shown, changed)) } }
                }
            }
            @let control: Vec<&DecidedResult> = verdict.changed_control().collect();
            @if let Some(first) = control.first() {
                details {
                    summary {
                        "The " (one_line(&first.result.client)) " client, built on the same hyper, changes: "
                        (control.len()) ". It is the control and closes no gate."
                    }
                    ul { @for changed in control { li { (item(shown, changed)) } } }
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

fn item(shown: &Shown<'_>, changed: &DecidedResult) -> Markup {
    let headline = changed.lead().map(|lead| one_line(&lead.headline())).unwrap_or_default();
    let open = shown.cells_of(&changed.result.scenario, &changed.result.client);
    let open: Vec<String> = open.iter().map(usize::to_string).collect();
    let level = match changed.level() {
        Level::Deny => "deny",
        Level::Warn => "warn",
        Level::Allow => "allow",
    };
    html! {
        p.what {
            span class=(format!("state {level} {}", changed.result.state.name())) { (changed.result.state.name()) }
            " "
            @if open.is_empty() {
                strong { (one_line(&changed.result.scenario)) }
            } @else {
                button type="button" data-open=(open.join(" ")) { (one_line(&changed.result.scenario)) }
            }
            span.faint { " on " (one_line(&changed.result.client)) }
        }
        p.headline { (headline) }
        @if changed.others().next().is_some() {
            details {
                summary { (changed.others().count()) " more" }
                ul { @for change in changed.others() { li { (one_line(&change.sentence)) } } }
            }
        }
        @for rule in changed.rules() {
            p.faint { (rule.level.name()) " by a rule: " (one_line(&rule.reason)) }
        }
    }
}
