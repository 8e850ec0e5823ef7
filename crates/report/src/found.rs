//! What a search has found.

use std::fmt::Write;

use anstyle::Style;
use closewait_scenario::Hit;
use serde::Serialize;

use crate::words::one_line;

const NAME: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// What to try if nothing is found.
const ADVICE: &str = "\
nothing is found
  try fewer words: the message alone, without time, address and stack
  try words that describe it, such as `idle`, `reset`, `timeout`, `upload`
  `closewait list` shows every scenario";

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    title: &'a str,
    score: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
}

/// The hits, the best first, and what to do next; `all` is how many there are. With ANSI styles.
pub fn text(hits: &[Hit], all: usize) -> String {
    let Some(first) = hits.first() else { return format!("{ADVICE}\n") };
    let mut page = String::new();
    for Hit { scenario, signature, .. } in hits {
        let _ = writeln!(page, "{NAME}{}{NAME:#}\n  {}", scenario.id, one_line(&scenario.title));
        if let Some(signature) = signature {
            let _ = writeln!(page, "  {QUIET}in a log: {}{QUIET:#}", one_line(signature));
        }
    }
    if all > hits.len() {
        let _ = writeln!(page, "\n{} more: add `--limit 0` to see them", all - hits.len());
    }
    let _ = writeln!(page, "\n`closewait show {}` tells what breaks, and why", first.scenario.id);
    page
}

/// A JSON array, indented; ends with a line break.
///
/// # Errors
/// Never in practice: every key is a string.
pub fn json(hits: &[Hit]) -> serde_json::Result<String> {
    let items = hits.iter().map(|&Hit { scenario, score, signature }| Item {
        id: &scenario.id,
        title: &scenario.title,
        score,
        signature,
    });
    Ok(serde_json::to_string_pretty(&items.collect::<Vec<_>>())? + "\n")
}
