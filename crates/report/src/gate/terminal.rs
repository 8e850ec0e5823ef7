//! What the gate says, for a terminal.

use anstyle::{AnsiColor, Style};
use closewait_oracle::gate::{DecidedCell, Level, Outcome, State};

use super::escape::one_line;
use super::input::Input;
use crate::ladder;

const HEADING: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();

/// Diagrams that are shown; the Markdown report has one for each regression.
const DIAGRAMS: usize = 3;

/// What changed, most important first, with ANSI colours.
pub fn terminal(input: &Input<'_>) -> String {
    let mut page = String::new();
    let mut diagrams = 0;
    for cell in input.verdict.changed() {
        page += &shown(input, cell);
        if cell.cell.state == State::Regressed && diagrams < DIAGRAMS {
            diagrams += 1;
            page += &diagram(input, cell);
        }
    }
    page += &control(input);
    for rule in &input.verdict.stale {
        page += &format!(
            "{WARN}stale rule{WARN:#}  {}:{}: {} {} matches nothing any more; remove it\n",
            one_line(input.rules),
            rule.line,
            rule.level.name(),
            one_line(&rule.subject())
        );
    }
    page += &format!("\ncompared with {}: {}\n", one_line(input.baseline), input.counts());
    if input.verdict.changed().next().is_some() {
        page +=
            &format!("if this is as it should be: {}, and commit the snapshots\n", one_line(&input.accept()));
    }
    page + &ending(input)
}

fn ending(input: &Input<'_>) -> String {
    match input.verdict.outcome() {
        Outcome::Passed => format!("{GOOD}the gate is open: {}{GOOD:#}\n", input.open()),
        Outcome::Regressed => format!("{BAD}the gate is closed: a verdict got worse{BAD:#}\n"),
        Outcome::Denied => format!("{BAD}the gate is closed: a change is denied by a rule{BAD:#}\n"),
    }
}

fn shown(input: &Input<'_>, cell: &DecidedCell) -> String {
    let style = match (cell.level(), cell.cell.state) {
        (_, State::Fixed) => GOOD,
        (Level::Deny, _) => BAD,
        (Level::Warn, _) => WARN,
        (Level::Allow, _) => FAINT,
    };
    let state = cell.cell.state.name();
    let allowed =
        if cell.level() == Level::Allow && cell.cell.state != State::Fixed { ", allowed" } else { "" };
    let client = one_line(&input.client(&cell.cell.client));
    let scenario = one_line(&cell.cell.scenario);
    let mut text = format!(
        "\n{style}{state}{allowed}{style:#}  {HEADING}{scenario}{HEADING:#}  {FAINT}{client}{FAINT:#}\n"
    );
    if let Some(lead) = cell.lead() {
        text += &format!("  {}\n", one_line(&lead.headline()));
    }
    for change in cell.others() {
        text += &format!("    {FAINT}{}{FAINT:#}\n", one_line(&change.sentence));
    }
    for panic in input.panics(cell) {
        text += &format!("    {FAINT}{}{FAINT:#}\n", one_line(&panic));
    }
    for rule in cell.rules() {
        text += &format!(
            "  {FAINT}{} by {}:{}: {}{FAINT:#}\n",
            rule.level.name(),
            one_line(input.rules),
            rule.line,
            one_line(&rule.reason)
        );
    }
    text
}

/// The control: that it changes, and a line for each of its cells.
fn control(input: &Input<'_>) -> String {
    let Some(words) = input.control() else { return String::new() };
    let line = |cell: &DecidedCell| {
        let headline = cell.lead().map(|lead| one_line(&lead.headline())).unwrap_or_default();
        let scenario = one_line(&cell.cell.scenario);
        format!("  {FAINT}{} {scenario}: {headline}{FAINT:#}\n", cell.cell.state.name())
    };
    format!("\n{}\n{}", one_line(&words), input.verdict.changed_control().map(line).collect::<String>())
}

fn diagram(input: &Input<'_>, cell: &DecidedCell) -> String {
    let ladder = input.result(cell).and_then(|result| result.run.as_ref()?.ladder.as_ref());
    let Some(ladder) = ladder else { return String::new() };
    let drawn = ladder::text(ladder);
    let lines: String = drawn.lines().map(|line| format!("    {line}\n")).collect();
    format!("{lines}    {}\n", input.replay(cell))
}

/// The same text where GitHub reads workflow commands from it: between two marks it reads none.
pub fn disarmed(text: &str) -> String {
    let token = (0..).map(|n| format!("closewait-{n}")).find(|token| !text.contains(token.as_str()));
    let token = token.unwrap_or_default();
    format!("::stop-commands::{token}\n{text}::{token}::\n")
}
