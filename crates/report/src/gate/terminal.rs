//! What the gate says, for a terminal.

use anstyle::{AnsiColor, Style};
use closewait_oracle::gate::{DecidedResult, Level, Outcome, State};

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
    for result in input.verdict.changed() {
        page += &shown(input, result);
        if result.result.state == State::Regressed && diagrams < DIAGRAMS {
            diagrams += 1;
            page += &diagram(input, result);
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
    if let Some(accept) = input.accept() {
        page += &format!("if this is as it should be: {}, and commit the snapshots\n", one_line(&accept));
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

fn shown(input: &Input<'_>, result: &DecidedResult) -> String {
    let style = match (result.level(), result.result.state) {
        (_, State::Fixed) => GOOD,
        (Level::Deny, _) => BAD,
        (Level::Warn, _) => WARN,
        (Level::Allow, _) => FAINT,
    };
    let state = result.result.state.name();
    let allowed =
        if result.level() == Level::Allow && result.result.state != State::Fixed { ", allowed" } else { "" };
    let client = one_line(&input.client(&result.result.client));
    let scenario = one_line(&result.result.scenario);
    let mut text = format!(
        "\n{style}{state}{allowed}{style:#}  {HEADING}{scenario}{HEADING:#}  {FAINT}{client}{FAINT:#}\n"
    );
    if let Some(lead) = result.lead() {
        text += &format!("  {}\n", one_line(&lead.headline()));
    }
    for change in result.others() {
        text += &format!("    {FAINT}{}{FAINT:#}\n", one_line(&change.sentence));
    }
    for panic in input.panics(result) {
        text += &format!("    {FAINT}{}{FAINT:#}\n", one_line(&panic));
    }
    for rule in result.rules() {
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

/// The control: that it changes, and a line for each of its results.
fn control(input: &Input<'_>) -> String {
    let Some(words) = input.control() else { return String::new() };
    let line = |result: &DecidedResult| {
        let headline = result.lead().map(|lead| one_line(&lead.headline())).unwrap_or_default();
        let scenario = one_line(&result.result.scenario);
        format!("  {FAINT}{} {scenario}: {headline}{FAINT:#}\n", result.result.state.name())
    };
    format!("\n{}\n{}", one_line(&words), input.verdict.changed_control().map(line).collect::<String>())
}

fn diagram(input: &Input<'_>, result: &DecidedResult) -> String {
    let ladder = input.played(result).and_then(|result| result.run.as_ref()?.ladder.as_ref());
    let Some(ladder) = ladder else { return String::new() };
    let drawn = ladder::text(ladder);
    let lines: String = drawn.lines().map(|line| format!("    {line}\n")).collect();
    format!("{lines}    {}\n", input.replay(result))
}

/// The same text where GitHub reads workflow commands from it: between two marks it reads none.
pub fn disarmed(text: &str) -> String {
    let token = (0..).map(|n| format!("closewait-{n}")).find(|token| !text.contains(token.as_str()));
    let token = token.unwrap_or_default();
    format!("::stop-commands::{token}\n{text}::{token}::\n")
}
