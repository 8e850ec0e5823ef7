//! What the gate says, as a job summary or a comment on a pull request.

use super::escape::{block, code, markdown as safe};
use super::input::{Input, reasons};
use crate::gate::{DecidedCell, Level, Outcome, State};
use crate::report::ladder;

/// No more bytes than this: GitHub refuses a comment of more than 65,536 characters.
pub const LIMIT: usize = 65_000;
/// Kept free for the end of the page.
const RESERVE: usize = 2_000;
/// A diagram is cut after this many lines.
const DIAGRAM: usize = 60;

/// What changed in words, most important first, with a diagram for each regression. Never longer than `limit` bytes:
/// what is left out is counted.
pub fn markdown(input: &Input<'_>, limit: usize) -> String {
    let mut page = head(input);
    let room = limit.saturating_sub(RESERVE);
    let mut left_out: Vec<&DecidedCell> = Vec::new();
    for cell in input.verdict.changed() {
        let full = section(input, cell, true);
        let short = || section(input, cell, false);
        if left_out.is_empty() && page.len() + full.len() <= room {
            page += &full;
            continue;
        }
        let short = short();
        if left_out.is_empty() && page.len() + short.len() <= room {
            page += &short;
        } else {
            left_out.push(cell);
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

fn head(input: &Input<'_>) -> String {
    let verdict = match input.verdict.outcome() {
        Outcome::Passed => "✅ closewait: nothing is worse than what is accepted",
        Outcome::Regressed => "❌ closewait: a verdict got worse",
        Outcome::Denied => "❌ closewait: a change is denied",
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

fn section(input: &Input<'_>, cell: &DecidedCell, whole: bool) -> String {
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
        text += &format!("{}\n\n", safe(&scenario.title));
    }
    for (change, _) in cell.decided() {
        text += &format!("- {}\n", safe(&change.sentence));
    }
    for rule in reasons(cell) {
        text += &format!(
            "- *{} by {}:* {}\n",
            rule.level.name(),
            code(&place(input, rule.line)),
            safe(&rule.reason)
        );
    }
    if whole && cell.cell.state == State::Regressed {
        text += &details(input, cell);
    }
    text
}

fn details(input: &Input<'_>, cell: &DecidedCell) -> String {
    let ladder = input.result(cell).and_then(|result| result.run.as_ref()?.ladder.as_ref());
    let Some(ladder) = ladder else { return String::new() };
    let drawn = ladder::text(ladder);
    let mut lines: Vec<&str> = drawn.lines().collect();
    let more = lines.len().saturating_sub(DIAGRAM);
    lines.truncate(DIAGRAM);
    let cut = format!("… and {more} more lines");
    if more > 0 {
        lines.push(&cut);
    }
    let about = input.scenario(cell).map_or(String::new(), |s| format!("{}\n\n", safe(&s.about)));
    format!(
        "\n<details open><summary>What happened</summary>\n\n{}\n</details>\n\
         \n<details><summary>What breaks, and how to see it</summary>\n\n{about}{}\n</details>\n",
        block(&lines.join("\n")),
        block(&input.replay(cell))
    )
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
