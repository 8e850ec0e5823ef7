//! What the gate says, as a job summary or a comment on a pull request.

use super::escape::{block, code, markdown as safe};
use super::input::Input;
use crate::gate::{DecidedCell, Level, Outcome, State};
use crate::report::ladder;

/// No more bytes than this: GitHub refuses a comment of more than 65,536 characters.
pub const LIMIT: usize = 65_000;
/// Kept free for the end of the page.
const RESERVE: usize = 2_000;
/// A diagram is cut after this many lines.
const DIAGRAM: usize = 60;

/// What changed, most important first: one sentence for each cell, and what it rests on below it. Never longer than `limit`
/// bytes: what is left out is counted.
pub fn markdown(input: &Input<'_>, limit: usize) -> String {
    let mut page = head(input);
    let room = limit.saturating_sub(RESERVE);
    let mut left_out: Vec<&DecidedCell> = Vec::new();
    for (place, cell) in input.verdict.changed().enumerate() {
        // One is open, so that there is something to look at; many would hide the sentences of each other.
        let sections =
            [Detail::Whole { open: place == 0 }, Detail::None].map(|detail| section(input, cell, detail));
        match sections.iter().find(|text| left_out.is_empty() && page.len() + text.len() <= room) {
            Some(text) => page += text,
            None => left_out.push(cell),
        }
    }
    if !left_out.is_empty() {
        let regressed = left_out.iter().filter(|cell| cell.cell.state == State::Regressed).count();
        page += &format!(
            "\n**{} more changed cells, {regressed} of them regressed, do not fit here.** The results file has them.\n",
            left_out.len()
        );
    }
    page += &foot(input, limit.saturating_sub(page.len()));
    cut(page, limit)
}

/// How much of a cell is told.
#[derive(Clone, Copy)]
enum Detail {
    /// Every change, the diagram, and how to see it.
    Whole { open: bool },
    /// One sentence.
    None,
}

fn head(input: &Input<'_>) -> String {
    let worse = input
        .verdict
        .changed()
        .filter(|cell| cell.cell.state == State::Regressed && cell.level() == Level::Deny);
    let verdict = match (input.verdict.outcome(), worse.count()) {
        (Outcome::Passed, _) => "✅ closewait: nothing is worse than what is accepted".to_owned(),
        (Outcome::Regressed, 1) => "❌ closewait: 1 result is worse than what is accepted".to_owned(),
        (Outcome::Regressed, n) => format!("❌ closewait: {n} results are worse than what is accepted"),
        (Outcome::Denied, _) => "❌ closewait: a change is denied".to_owned(),
    };
    const CLIENTS: usize = 20;
    let clients: Vec<String> = input
        .document
        .clients
        .iter()
        .take(CLIENTS)
        .map(|c| code(&format!("{} {}", c.name, c.version)))
        .collect();
    format!(
        "## {verdict}\n\n{}, compared with {}: **{}**\n",
        clients.join(", "),
        code(input.baseline),
        input.counts()
    )
}

fn section(input: &Input<'_>, cell: &DecidedCell, detail: Detail) -> String {
    let sign = match (cell.level(), cell.cell.state) {
        (_, State::Fixed) => "🟢",
        (Level::Deny, _) => "🔴",
        (Level::Warn, _) => "🟡",
        (Level::Allow, _) => "⚪",
    };
    let mut text = format!(
        "\n### {sign} {}: {} on {}\n\n",
        cell.cell.state.name(),
        code(&cell.cell.scenario),
        code(&input.client(&cell.cell.client))
    );
    if let Some(scenario) = input.scenario(cell) {
        text += &format!("*{}*\n\n", safe(&scenario.title).trim());
    }
    if let Some(lead) = cell.lead() {
        text += &format!("**{}**\n", safe(&lead.headline()).trim());
    }
    let rules = cell.rules();
    if !rules.is_empty() {
        text += "\n";
    }
    for rule in rules {
        text += &format!(
            "- *{} by {}:* {}\n",
            rule.level.name(),
            code(&place(input, rule.line)),
            safe(&rule.reason)
        );
    }
    match detail {
        Detail::Whole { open } => text + &details(input, cell, open),
        Detail::None => text,
    }
}

/// What a click opens: the other changes, and of a regression the diagram and what is known of the situation.
fn details(input: &Input<'_>, cell: &DecidedCell, open: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    let others: String = cell.others().map(|change| format!("- {}\n", safe(&change.sentence))).collect();
    if !others.is_empty() {
        parts.push(others);
    }
    if cell.cell.state == State::Regressed {
        parts.extend(diagram(input, cell));
        parts.extend(input.scenario(cell).map(|scenario| format!("{}\n", safe(&scenario.about))));
        parts.push(block(&input.replay(cell)));
    }
    if parts.is_empty() {
        return String::new();
    }
    let open = if open { " open" } else { "" };
    let what = if cell.cell.state == State::Regressed { "What happened" } else { "What else changed" };
    format!("\n<details{open}><summary>{what}</summary>\n\n{}\n</details>\n", parts.join("\n"))
}

fn diagram(input: &Input<'_>, cell: &DecidedCell) -> Option<String> {
    let drawn = ladder::text(input.result(cell)?.run.as_ref()?.ladder.as_ref()?);
    let mut lines: Vec<&str> = drawn.lines().collect();
    let more = lines.len().saturating_sub(DIAGRAM);
    let cut = format!("… {more} more lines");
    if more > 0 {
        lines.truncate(DIAGRAM);
        lines.push(&cut);
    }
    Some(block(&lines.join("\n")))
}

/// Rules that match nothing any more, and how to accept.
fn foot(input: &Input<'_>, room: usize) -> String {
    let mut text = String::new();
    for rule in &input.verdict.stale {
        let line = format!(
            "- stale rule at {}: {} matches nothing any more; remove it\n",
            code(&place(input, rule.line)),
            code(&rule.subject())
        );
        if text.len() + line.len() + RESERVE / 2 <= room {
            text += &line;
        }
    }
    if !text.is_empty() {
        text.insert(0, '\n');
    }
    if input.verdict.changed().next().is_some() {
        text +=
            &format!("\nIf this is as it should be: {}, and commit the snapshots.\n", code(&input.accept()));
    }
    text
}

fn place(input: &Input<'_>, line: usize) -> String {
    format!("{}:{line}", input.rules)
}

/// A last resort, for a name or a title without measure.
fn cut(mut page: String, limit: usize) -> String {
    if page.len() > limit {
        let end = (0..=limit.saturating_sub(8)).rev().find(|end| page.is_char_boundary(*end)).unwrap_or(0);
        page.truncate(end);
        page += "\n…\n";
    }
    page
}
