//! Families as rows, clients as columns.

use closewait_oracle::Mark;

use super::layout::Layout;
use super::style::{self, FAINT, HEADING, paint};
use crate::results::{ClientVersion, Entry, Results};

/// Families that a screen has room for beside the rest of the brief report.
const FAMILIES: usize = 12;

/// The matrix; `scenarios` adds a row for each of them.
pub fn section(results: &Results<'_>, scenarios: bool, width: Option<usize>) -> String {
    rows(results, &families(results), scenarios, width)
}

/// The families in which most is violated, and how many more there are.
pub fn brief(results: &Results<'_>, width: Option<usize>) -> String {
    let count = |family: &str, is_wanted: fn(Mark) -> bool| {
        let marks = results.entries.iter().filter(|entry| entry.result.family() == family);
        marks.filter(|entry| is_wanted(entry.result.mark())).count()
    };
    let broken = |family: &str| count(family, |mark| matches!(mark, Mark::Stopped | Mark::Violated));
    let advised = |family: &str| count(family, |mark| mark == Mark::Advised);
    let all = families(results);
    let mut worst: Vec<&str> = all.iter().copied().filter(|family| broken(family) > 0).collect();
    worst.sort_by_key(|family| std::cmp::Reverse(broken(family)));
    worst.truncate(FAMILIES);
    let shown: Vec<&str> = all.iter().copied().filter(|family| worst.contains(family)).collect();
    let left = |is_so: &dyn Fn(&str) -> bool| all.iter().filter(|f| !worst.contains(f) && is_so(f)).count();
    let others = [
        (left(&|family| broken(family) > 0), "less"),
        (left(&|family| broken(family) == 0 && advised(family) > 0), "only advice"),
        (left(&|family| broken(family) + advised(family) == 0), "nothing"),
    ];
    rows(results, &shown, false, width) + &told(&others)
}

fn told(others: &[(usize, &str)]) -> String {
    let some = others.iter().filter(|(count, _)| *count > 0);
    let some: Vec<String> = some.map(|(count, what)| format!("in {count} {what}")).collect();
    if some.is_empty() {
        String::new()
    } else {
        format!("{}\n", paint(FAINT, format!("of the other families, {} is violated", some.join(", "))))
    }
}

fn rows(results: &Results<'_>, families: &[&str], scenarios: bool, width: Option<usize>) -> String {
    let first = first_column(results, scenarios);
    let need = |client: &ClientVersion, layout: &Layout<'_>| {
        let of_client = results.entries.iter().filter(|entry| entry.result.client == client.name);
        let of_client: Vec<_> = of_client.filter(|entry| families.contains(&entry.result.family())).collect();
        let cells = families.iter().map(|family| {
            let of_family = of_client.iter().copied().filter(|entry| entry.result.family() == *family);
            layout.counts(&of_family.collect::<Vec<_>>()).1
        });
        let marks = of_client.iter().filter(|_| scenarios).map(|entry| cell(results, entry).1);
        cells.chain(marks).max().unwrap_or(0)
    };
    let blocks = Layout::blocks(&results.clients, first, width, need);
    let blocks: Vec<String> =
        blocks.iter().map(|layout| block(results, layout, families, scenarios, first)).collect();
    blocks.join("\n")
}

fn block(
    results: &Results<'_>,
    layout: &Layout<'_>,
    families: &[&str],
    scenarios: bool,
    first: usize,
) -> String {
    let mut text = String::new();
    for title in layout.titles(first) {
        text += &(paint(HEADING, title) + "\n");
    }
    for family in families {
        let of_family = |client: &str| {
            let entries = results.entries.iter().filter(|entry| entry.result.client == client);
            layout.counts(&entries.filter(|entry| entry.result.family() == *family).collect::<Vec<_>>())
        };
        text += &layout.row(format!("{family:first$}"), of_family);
        if scenarios {
            text += &scenario_rows(results, layout, family, first);
        }
    }
    text
}

fn scenario_rows(results: &Results<'_>, layout: &Layout<'_>, family: &str, first: usize) -> String {
    let mut of_family: Vec<&str> = Vec::new();
    for entry in results.entries.iter().filter(|entry| entry.result.family() == family) {
        if !of_family.contains(&entry.scenario.id.as_str()) {
            of_family.push(&entry.scenario.id);
        }
    }
    let row = |id: &&str| {
        let name = id.split_once('/').map_or(*id, |(_, name)| name);
        let mark = |client: &str| {
            let entry = results.entries.iter().find(|e| e.scenario.id == *id && e.result.client == client);
            entry.map_or_else(Default::default, |entry| cell(results, entry))
        };
        layout.row(paint(FAINT, format!("  {name:<0$}", first - 2)), mark)
    };
    of_family.iter().map(row).collect()
}

/// One cell with its width, and whether it is not what is accepted.
fn cell(results: &Results<'_>, Entry { scenario, result }: &Entry<'_>) -> (String, usize) {
    let mark = result.mark();
    let differs =
        results.differences.iter().flatten().any(|d| d.scenario == scenario.id && d.client == result.client);
    let text = format!("{}{}", mark.sign(), if differs { " differs" } else { "" });
    let width = text.chars().count();
    (paint(style::of(mark), text), width)
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
