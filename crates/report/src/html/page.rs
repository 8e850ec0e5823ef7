//! The page: heading, filter, grid, and the data that the script draws cells from.

use std::io::Write;

use base64::prelude::{BASE64_STANDARD, Engine};
use closewait_oracle::Mark;
use closewait_oracle::gate::GateVerdict;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::data::{self, Column, Shown};
use super::{changed, timeline};
use crate::document::Document;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Nothing is loaded: neither what a scenario names nor what a client says can make the page ask for anything.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The report of one or more results, each with a word for it, such as `before` and `after`; with one result the word is
/// not shown. Clients of the same name stand beside each other. With a verdict, what changed stands above the grid.
///
/// # Errors
/// Never in practice: every key of the data is a string.
pub fn render(documents: &[(&str, &Document)], verdict: Option<&GateVerdict>) -> serde_json::Result<String> {
    let columns = columns(documents);
    let shown = data::collect(documents, &columns);
    let data = packed(&serde_json::to_vec(&shown)?);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "closewait report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (heading(&shown, documents))
                main {
                    @if let Some(verdict) = verdict { (changed::section(&shown, verdict)) }
                    @if !shown.scenarios.is_empty() {
                        (filter(&shown))
                        div.panes {
                            (grid(&shown))
                            section.cells aria-label="The chosen result" {}
                        }
                    }
                    (timeline::section(documents))
                }
                p #status role="status" style="position:absolute;left:-999rem" {}
                script #report type="text/plain" { (data) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

/// As the script unpacks it: zlib (RFC 1950) in base64. Most of the data is repeated, and a whole catalogue of it too
/// large to attach to anything.
fn packed(json: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json).expect("a vector takes every byte");
    BASE64_STANDARD.encode(encoder.finish().expect("a vector takes every byte"))
}

fn columns(documents: &[(&str, &Document)]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let with_cells = documents.iter().filter(|(_, document)| !document.clients.is_empty()).count();
    for (document, (word, results)) in documents.iter().enumerate() {
        for client in &results.clients {
            let name = match with_cells {
                1 => client.name.clone(),
                _ => format!("{} {word}", client.name),
            };
            let beside = columns.iter().rposition(|column| column.client == client.name);
            let column =
                Column { name, client: client.name.clone(), version: client.version.clone(), document };
            columns.insert(beside.map_or(columns.len(), |before| before + 1), column);
        }
    }
    columns
}

fn heading(shown: &Shown<'_>, documents: &[(&str, &Document)]) -> Markup {
    let writer = documents.first().map_or("", |(_, document)| document.closewait.as_str());
    let swept = timeline::runs(documents);
    if shown.scenarios.is_empty() && swept > 0 {
        return html! {
            header {
                h1 { "closewait: a sweep of " (swept) " runs" }
                p.faint { "Written by closewait " (writer) "." }
            }
        };
    }
    html! {
        header {
            h1 {
                (title(shown, documents))
                @if swept > 0 { ", a sweep of " (swept) " runs" }
            }
            p.faint {
                "Written by closewait " (writer) ". "
                span.keys {
                    "Arrow keys move in the grid, " kbd { "Enter" } " opens a result, " kbd { "Esc" } " closes it, "
                    kbd { "/" } " goes to the filter."
                }
            }
            noscript { p { "Cells open only where scripts are allowed; the grid is complete without." } }
        }
    }
}

/// What was played, and the words for the results if there are several.
fn title(shown: &Shown<'_>, documents: &[(&str, &Document)]) -> String {
    let mut clients: Vec<&str> = shown.columns.iter().map(|column| column.client).collect();
    clients.sort_unstable();
    clients.dedup();
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let played = [count(shown.scenarios.len(), "scenario"), count(clients.len(), "client")];
    let words: Vec<&str> = documents.iter().map(|(word, _)| *word).collect();
    let words = if words.len() > 1 { format!(", {}", words.join(" and ")) } else { String::new() };
    format!("closewait: {}{words}", played.join(", "))
}

/// What it offers is the legend too: each mark that there is, and how often.
fn filter(shown: &Shown<'_>) -> Markup {
    html! {
        div.filter role="search" {
            input #words type="search" placeholder="Filter by words of the scenario" aria-label="Filter by words of the scenario";
            @for mark in Mark::ALL.into_iter().filter(|mark| shown.count(mark.name()) > 0) {
                label class=(mark.name()) {
                    input type="checkbox" value=(mark.name()) checked;
                    " " (mark.sign()) " " (shown.count(mark.name())) " " (mark.name())
                }
            }
        }
    }
}

fn grid(shown: &Shown<'_>) -> Markup {
    html! {
        div.grid {
            table {
                thead {
                    tr {
                        th scope="col" { "scenario" }
                        @for column in &shown.columns {
                            th scope="col" { (column.name) " " span.version { (column.version) } }
                        }
                    }
                }
                @for (family, scenarios) in shown.families() {
                    tbody {
                        tr.family { th scope="rowgroup" colspan=(shown.columns.len() + 1) { (family) } }
                        @for scenario in scenarios {
                            (row(shown, scenario))
                        }
                    }
                }
            }
        }
    }
}

fn row(shown: &Shown<'_>, scenario: usize) -> Markup {
    let told = &shown.scenarios[scenario];
    let name = told.id.split_once('/').map_or(told.id, |(_, name)| name);
    html! {
        tr data-words=(format!("{} {} {}", told.id, told.title, told.signatures.join(" "))) {
            th.scenario scope="row" title=(told.title) { (name) }
            @for column in 0..shown.columns.len() {
                td {
                    @if let Some((index, cell)) = shown.cell(scenario, column) {
                        button type="button" data-cell=(index) data-mark=(cell.mark) aria-pressed="false"
                            class=(format!("{}{}", cell.mark, if cell.differs { " differs" } else { "" }))
                            aria-label=(format!("{} on {}: {}", told.id, shown.columns[column].name, cell.mark)) {
                            (shown.sign(cell.mark)) " " span.word { (cell.mark) }
                        }
                    }
                }
            }
        }
    }
}
