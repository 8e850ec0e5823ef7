//! What the gate says, as a job summary or a comment on a pull request.

use closewait_oracle::gate::{Change, DecidedResult, Level, Outcome, Rule, State};

use super::escape::{block, code, markdown as safe};
use super::input::Input;
use crate::ladder;

/// No more bytes than this: GitHub refuses a comment of more than 65,536 characters.
pub const LIMIT: usize = 65_000;
/// Kept free for the end of the page.
const RESERVE: usize = 2_000;
/// A diagram is cut after this many lines.
const DIAGRAM: usize = 60;

/// What changed, most important first. A result that is worse, or closes the gate, has a section: one sentence, and below it what
/// the sentence rests on, as far as there is room. Any other result has a line. Never longer than `limit` bytes: what is left
/// out is counted.
pub fn markdown(input: &Input<'_>, limit: usize) -> String {
    let mut page = head(input);
    let room = limit.saturating_sub(RESERVE + page.len());
    let is_worse =
        |result: &&DecidedResult| result.level() == Level::Deny || result.result.state == State::Regressed;
    let (worse, others): (Vec<_>, Vec<_>) = input.verdict.changed().partition(is_worse);
    let sections = fitting(worse.iter().map(|result| section(input, result)), room);
    let left = room - sections.iter().map(String::len).sum::<usize>();
    // Diagrams of what is worse say more than many lines of what is only different.
    let share = if worse.is_empty() { left } else { left / 4 };
    let share = if sections.len() < worse.len() { 0 } else { share.saturating_sub(ALSO.len()) };
    let with_all = others.len() <= FEW;
    let lines = fitting(others.iter().map(|result| line(input, result, with_all)), share);
    let left = left.saturating_sub(lines.iter().map(String::len).sum::<usize>() + ALSO.len());

    page += &in_detail(input, &worse, &sections, left);
    if !lines.is_empty() {
        page += if worse.is_empty() { "\n" } else { ALSO };
        page += &lines.concat();
    }
    page += &left_out(&worse[sections.len()..], &others[lines.len()..]);
    page += &control(input, limit.saturating_sub(RESERVE + page.len()));
    page += &foot(input, limit.saturating_sub(page.len()));
    cut(page, limit)
}

/// Between what is worse and the rest.
const ALSO: &str = "\n### Also changed\n\n";

/// Up to so many lines have all their changes with them.
const FEW: usize = 10;

/// The first ones that have room together.
fn fitting(texts: impl Iterator<Item = String>, room: usize) -> Vec<String> {
    let within = |used: &mut usize, text: String| {
        *used += text.len();
        (*used <= room).then_some(text)
    };
    texts.scan(0, within).collect()
}

/// The sections, each with its details while there is room. One is open, so that there is something to look at; many would
/// hide the sentences of each other.
fn in_detail(input: &Input<'_>, results: &[&DecidedResult], sections: &[String], room: usize) -> String {
    let all = results.iter().zip(sections).enumerate();
    let details = fitting(all.map(|(place, (result, _))| details(input, result, place == 0)), room);
    let mut details = details.into_iter();
    sections.iter().map(|section| section.clone() + &details.next().unwrap_or_default()).collect()
}

fn left_out(worse: &[&DecidedResult], others: &[&DecidedResult]) -> String {
    if worse.len() + others.len() == 0 {
        return String::new();
    }
    let regressed = worse.iter().filter(|result| result.result.state == State::Regressed).count();
    format!(
        "\n**{} more changed results, {regressed} of them regressed, do not fit here.** The results file has them.\n",
        worse.len() + others.len()
    )
}

/// The control, folded: that it changes, and a line for each of its results while there is room.
fn control(input: &Input<'_>, room: usize) -> String {
    let Some(words) = input.control() else { return String::new() };
    let line = |result: &DecidedResult| {
        format!(
            "- {} {}: {}\n",
            result.result.state.name(),
            code(&result.result.scenario),
            safe(&headline(result)).trim()
        )
    };
    let head = format!("\n<details><summary>{}</summary>\n\n", safe(&words).trim());
    let end = "\n</details>\n";
    let lines =
        fitting(input.verdict.changed_control().map(line), room.saturating_sub(head.len() + end.len()));
    format!("{head}{}{end}", lines.concat())
}

fn head(input: &Input<'_>) -> String {
    let worse = input
        .verdict
        .changed()
        .filter(|result| result.result.state == State::Regressed && result.level() == Level::Deny);
    let verdict = match (input.verdict.outcome(), worse.count()) {
        (Outcome::Passed, _) if input.unlike == Some(1) => {
            "❌ closewait: 1 result is not as accepted".to_owned()
        }
        (Outcome::Passed, _) if input.unlike.is_some_and(|unlike| unlike > 0) => {
            format!("❌ closewait: {} results are not as accepted", input.unlike.unwrap_or_default())
        }
        (Outcome::Passed, _) => format!("✅ closewait: {}", input.open()),
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

fn sign(result: &DecidedResult) -> &'static str {
    match (result.level(), result.result.state) {
        (_, State::Fixed) => "🟢",
        (Level::Deny, _) => "🔴",
        (Level::Warn, _) => "🟡",
        (Level::Allow, _) => "⚪",
    }
}

/// The situation, and the one sentence of what is wrong in it.
fn section(input: &Input<'_>, result: &DecidedResult) -> String {
    let mut text = format!(
        "\n### {} {}: {} on {}\n\n",
        sign(result),
        result.result.state.name(),
        code(&result.result.scenario),
        code(&input.client(&result.result.client))
    );
    if let Some(scenario) = input.scenario(result) {
        text += &format!("*{}*\n\n", safe(&scenario.title).trim());
    }
    text += &format!("**{}**\n", safe(&headline(result)).trim());
    let reasons = reasons(input, result);
    if reasons.is_empty() { text } else { text + "\n" + &reasons }
}

/// One that nobody has to look at.
fn line(input: &Input<'_>, result: &DecidedResult, with_all: bool) -> String {
    let count = result.others().count();
    let more = if count > 0 && !with_all { format!(" (and {count} more)") } else { String::new() };
    let mut text = format!(
        "- {} {} {} on {}: {}{more}\n",
        sign(result),
        result.result.state.name(),
        code(&result.result.scenario),
        code(&input.client(&result.result.client)),
        safe(&headline(result)).trim()
    );
    if with_all {
        text +=
            &result.others().map(|change| format!("  - {}\n", safe(&change.sentence))).collect::<String>();
    }
    text + &reasons(input, result).lines().map(|reason| format!("  {reason}\n")).collect::<String>()
}

fn headline(result: &DecidedResult) -> String {
    result.lead().map(Change::headline).unwrap_or_default()
}

/// The rules that decided.
fn reasons(input: &Input<'_>, result: &DecidedResult) -> String {
    let reason = |rule: &Rule| {
        format!("- *{} by {}:* {}\n", rule.level.name(), code(&place(input, rule.line)), safe(&rule.reason))
    };
    result.rules().into_iter().map(reason).collect()
}

/// What a click opens: the other changes, and of a regression the diagram and what is known of the situation.
fn details(input: &Input<'_>, result: &DecidedResult, open: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    let others: String = result.others().map(|change| format!("- {}\n", safe(&change.sentence))).collect();
    if !others.is_empty() {
        parts.push(others);
    }
    if result.result.state == State::Regressed {
        parts.extend(diagram(input, result));
        parts.extend(input.scenario(result).map(|scenario| format!("{}\n", safe(&scenario.about))));
        parts.push(block(&input.replay(result)));
    }
    if parts.is_empty() {
        return String::new();
    }
    let open = if open { " open" } else { "" };
    let what = if result.result.state == State::Regressed { "What happened" } else { "What else changed" };
    format!("\n<details{open}><summary>{what}</summary>\n\n{}\n</details>\n", parts.join("\n"))
}

fn diagram(input: &Input<'_>, result: &DecidedResult) -> Option<String> {
    let drawn = ladder::text(input.played(result)?.run.as_ref()?.ladder.as_ref()?);
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
    if let Some(accept) = input.accept() {
        text += &format!("\nIf this is as it should be: {}, and commit the snapshots.\n", code(&accept));
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
