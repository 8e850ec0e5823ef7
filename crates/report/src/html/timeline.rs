//! The timelines of a sweep: a table for each workload and client, a row for each fault, one sign for each point.
//!
//! All of it is there without a script, which only lets a reader walk along a row.

use std::collections::BTreeMap;

use closewait_explore::sweep::Mark;
use maud::{Markup, html};
use serde::Serialize;

use crate::document::{Document, Timeline};

/// A row, for the script: what a place is called.
#[derive(Serialize)]
pub(super) struct ShownTimeline<'a> {
    workload: &'a str,
    client: &'a str,
    fault: &'a str,
    places: &'a [String],
    marks: Vec<&'static str>,
}

/// The rows of all documents, in the order of the page.
pub(super) fn shown<'a>(documents: &[(&str, &'a Document)]) -> Vec<ShownTimeline<'a>> {
    let timelines = documents.iter().flat_map(|(_, document)| &document.timelines);
    let shown = |timeline: &'a Timeline| ShownTimeline {
        workload: &timeline.workload,
        client: &timeline.client,
        fault: &timeline.fault,
        places: &timeline.points,
        marks: timeline.marks.iter().map(|mark| mark.meaning()).collect(),
    };
    timelines.map(shown).collect()
}

/// How many runs the sweeps were.
pub(super) fn runs(documents: &[(&str, &Document)]) -> usize {
    documents.iter().flat_map(|(_, document)| &document.timelines).map(|timeline| timeline.marks.len()).sum()
}

/// The timelines; nothing if no document has any.
pub(super) fn section(documents: &[(&str, &Document)]) -> Markup {
    let swept = documents.iter().filter(|(_, document)| !document.timelines.is_empty());
    let several = swept.clone().count() > 1;
    let mut first = 0;
    html! {
        @if swept.clone().next().is_some() {
            section #sweep aria-label="The sweep: every fault at every instant" {
                h2 { "Every fault at every instant" }
                p.faint {
                    "A row is a fault and what it acts on; each sign is one point of the run, in the order of time. "
                    "Arrow keys walk along a row and from row to row."
                }
                (legend())
                @for (word, document) in swept {
                    @for rows in document.timelines.chunk_by(|a, b| (&a.workload, &a.client) == (&b.workload, &b.client)) {
                        (table(rows, several.then_some(*word), first))
                        ({ first += rows.len(); "" })
                    }
                }
                p #place.place { "Choose a sign to see its point in the run and how to replay it." }
            }
        }
    }
}

fn legend() -> Markup {
    html! {
        ul.legend {
            @for mark in Mark::ALL {
                li { span class=(format!("sign {}", class(mark))) { (sign(mark)) } " " (mark.meaning()) }
            }
        }
    }
}

/// `first` is the number of its first row on the page.
fn table(rows: &[Timeline], word: Option<&str>, first: usize) -> Markup {
    let Some(Timeline { workload, client, version, .. }) = rows.first() else { return html! {} };
    let counts = counts(rows);
    let violated = counts.contains_key(&Mark::Violation);
    html! {
        details open[violated] {
            summary {
                (workload) " · " (client) " " span.faint { (version) @if let Some(word) = word { " " (word) } }
                @for (mark, count) in &counts {
                    " " span.count { span class=(format!("sign {}", class(*mark))) { (sign(*mark)) } " " (count) }
                }
            }
            div.strip {
                table {
                    @for (index, row) in rows.iter().enumerate() {
                        tr {
                            th scope="row" { (row.fault) }
                            td { (marks(row, first + index, index == 0)) }
                        }
                    }
                }
            }
        }
    }
}

/// One stop of the tab key for each table; the arrows move within.
fn marks(row: &Timeline, number: usize, is_stop: bool) -> Markup {
    let words = counts(std::slice::from_ref(row));
    let words: Vec<String> =
        words.iter().map(|(mark, count)| format!("{count} {}", mark.meaning())).collect();
    html! {
        span.marks role="slider" tabindex=(if is_stop { "0" } else { "-1" }) data-strip=(number)
            aria-label=(row.fault) aria-valuemin="1" aria-valuemax=(row.marks.len()) aria-valuenow="1"
            aria-valuetext=(words.join(", ")) {
            @for run in row.marks.chunk_by(|a, b| a == b) {
                span class=(class(run[0])) { (sign(run[0]).to_string().repeat(run.len())) }
            }
        }
    }
}

fn counts(rows: &[Timeline]) -> BTreeMap<Mark, usize> {
    let mut counts = BTreeMap::new();
    rows.iter().flat_map(|row| &row.marks).for_each(|mark| *counts.entry(*mark).or_default() += 1);
    counts
}

/// Every font has these at the width of a digit.
fn sign(mark: Mark) -> char {
    match mark {
        Mark::Violation => '×',
        Mark::Unsupported => '-',
        other => other.sign(),
    }
}

fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Violation => "m-violation",
        Mark::Surfaced => "m-surfaced",
        Mark::Retried => "m-retried",
        Mark::NewConnection => "m-new",
        Mark::Ok => "m-ok",
        Mark::NotReached | Mark::Unsupported => "m-none",
    }
}
