//! Families as rows, clients as columns.

use closewait_oracle::Mark;

use super::style::{self, FAINT, HEADING, paint};
use crate::results::{Entry, Results};

/// The least width of a client's column.
const COLUMN: usize = 26;

/// The matrix; `scenarios` adds a row for each of them.
pub fn section(results: &Results<'_>, scenarios: bool) -> String {
    rows(results, &families(results), scenarios)
}

/// The families in which something is violated, and how many more there are.
pub fn brief(results: &Results<'_>) -> String {
    let is_bad =
        |entry: &&Entry<'_>| matches!(entry.result.mark(), Mark::Stopped | Mark::Violated | Mark::Advised);
    let bad: Vec<&str> = results.entries.iter().filter(is_bad).map(|entry| entry.result.family()).collect();
    let (shown, others): (Vec<&str>, Vec<&str>) =
        families(results).into_iter().partition(|family| bad.contains(family));
    let text = rows(results, &shown, false);
    match others.len() {
        0 => text,
        1 => text + &format!("{}\n", paint(FAINT, "in one more family nothing is violated")),
        n => text + &format!("{}\n", paint(FAINT, format!("in {n} more families nothing is violated"))),
    }
}

fn rows(results: &Results<'_>, families: &[&str], scenarios: bool) -> String {
    let width = first_column(results, scenarios);
    let mut titles = format!("{:width$}", "scenarios");
    for client in &results.clients {
        let title = format!("{} {}", client.name, client.version);
        titles += &format!("  {title:<COLUMN$}");
    }
    let mut text = paint(HEADING, titles.trim_end()) + "\n";
    for family in families {
        text += &family_row(results, family, width);
        if scenarios {
            text += &scenario_rows(results, family, width);
        }
    }
    text
}

fn family_row(results: &Results<'_>, family: &str, width: usize) -> String {
    let mut row = format!("{family:width$}");
    for client in &results.clients {
        let of_client =
            results.entries.iter().filter(|e| e.result.client == client.name && e.result.family() == family);
        row += "  ";
        row += &counts(&of_client.collect::<Vec<_>>());
    }
    trim(&mut row);
    row
}

/// `✗ 2  ~ 1  ✓ 3`: worst first, so that the first sign is the family's.
fn counts(entries: &[&Entry<'_>]) -> String {
    let mut text = String::new();
    let mut printed = 0;
    for mark in Mark::ALL {
        let count = entries.iter().filter(|entry| entry.result.mark() == mark).count();
        if count > 0 {
            let part = format!("{} {count}", mark.sign());
            printed += part.chars().count() + 2;
            text += &paint(style::of(mark), part);
            text += "  ";
        }
    }
    text + &" ".repeat(COLUMN.saturating_sub(printed))
}

fn scenario_rows(results: &Results<'_>, family: &str, width: usize) -> String {
    let mut text = String::new();
    let mut of_family: Vec<&str> = Vec::new();
    for entry in results.entries.iter().filter(|entry| entry.result.family() == family) {
        if !of_family.contains(&entry.scenario.id.as_str()) {
            of_family.push(&entry.scenario.id);
        }
    }
    for id in of_family {
        let name = id.split_once('/').map_or(id, |(_, name)| name);
        let mut row = paint(FAINT, format!("  {name:<0$}", width - 2));
        for client in &results.clients {
            row += &format!("  {}", mark(results, id, client.name));
        }
        trim(&mut row);
        text += &row;
    }
    text
}

/// One cell, and whether it is not what is accepted.
fn mark(results: &Results<'_>, scenario: &str, client: &str) -> String {
    let entry = results.entries.iter().find(|e| e.scenario.id == scenario && e.result.client == client);
    let Some(entry) = entry else { return " ".repeat(COLUMN) };
    let mark = entry.result.mark();
    let differs = results.differences.iter().flatten().any(|d| d.scenario == scenario && d.client == client);
    let text = format!("{}{}", mark.sign(), if differs { " differs" } else { "" });
    let space = COLUMN.saturating_sub(text.chars().count());
    paint(style::of(mark), text) + &" ".repeat(space)
}

fn families<'a>(results: &'a Results<'_>) -> Vec<&'a str> {
    let mut families: Vec<&str> = results.entries.iter().map(|entry| entry.result.family()).collect();
    families.dedup();
    families
}

fn first_column(results: &Results<'_>, scenarios: bool) -> usize {
    let name = |entry: &Entry<'_>| {
        let (family, name) = entry.scenario.id.split_once('/').unwrap_or((&entry.scenario.id, ""));
        if scenarios { family.len().max(name.len() + 2) } else { family.len() }
    };
    results.entries.iter().map(name).max().unwrap_or(0).max("scenarios".len())
}

fn trim(row: &mut String) {
    row.truncate(row.trim_end().len());
    row.push('\n');
}
