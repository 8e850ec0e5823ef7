//! What the script draws cells from: a results file without what no reader of the page needs.

use std::collections::BTreeMap;

use closewait_oracle::Mark;
use closewait_oracle::{Level, Severity};
use closewait_trace::{Millis, SocketAtEnd};
use serde::Serialize;

use super::timeline::{self, ShownTimeline};
use crate::document::{self, Document};
use crate::ladder::Ladder;

/// A client of one document: a column of the grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What stands above it.
    pub name: String,
    /// The client's name on the command line.
    pub client: String,
    /// The version under test.
    pub version: String,
    /// Index of the document.
    pub document: usize,
}

/// Everything that the page shows.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    pub columns: Vec<ShownColumn<'a>>,
    pub scenarios: Vec<Scenario<'a>>,
    pub cells: Vec<Cell<'a>>,
    #[serde(rename = "strips")]
    timelines: Vec<ShownTimeline<'a>>,
    signs: BTreeMap<&'static str, char>,
}

#[derive(Serialize)]
pub(super) struct ShownColumn<'a> {
    pub name: &'a str,
    pub client: &'a str,
    pub version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Scenario<'a> {
    pub id: &'a str,
    pub title: &'a str,
    about: &'a str,
    sources: &'a [String],
    #[serde(skip)]
    pub signatures: &'a [String],
}

/// A scenario on a client; `scenario` and `column` are indexes.
#[derive(Serialize)]
pub(super) struct Cell<'a> {
    scenario: usize,
    column: usize,
    pub mark: &'a str,
    #[serde(skip)]
    pub differs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsupported: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Run<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    control: Option<Run<'a>>,
}

#[derive(Serialize)]
struct Run<'a> {
    end: &'a str,
    findings: Vec<Finding<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ladder: Option<&'a Ladder>,
    transcript: Vec<Line<'a>>,
    sockets: &'a [SocketAtEnd],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    panics: &'a [String],
}

#[derive(Serialize)]
struct Finding<'a> {
    oracle: &'a str,
    level: Level,
    verdict: &'static str,
    /// The note, or the reason for which it was not exercised.
    text: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Violation<'a>>,
}

#[derive(Serialize)]
struct Violation<'a> {
    /// What lines of the transcript call it.
    index: usize,
    severity: Severity,
    message: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    at: Millis,
    text: &'a str,
    /// The violations that the line proves.
    proves: Vec<usize>,
}

/// Brings the documents together. A cell of a scenario or client that its document does not list is left out.
pub(super) fn collect<'a>(documents: &[(&str, &'a Document)], columns: &'a [Column]) -> Shown<'a> {
    let mut shown = Shown {
        columns: columns
            .iter()
            .map(|column| ShownColumn {
                name: &column.name,
                client: &column.client,
                version: &column.version,
                test: documents[column.document].1.test.as_deref(),
            })
            .collect(),
        scenarios: scenarios(documents),
        cells: Vec::new(),
        timelines: timeline::shown(documents),
        signs: Mark::ALL.iter().map(|mark| (mark.name(), mark.sign())).collect(),
    };
    let places: BTreeMap<&str, usize> =
        shown.scenarios.iter().enumerate().map(|(index, scenario)| (scenario.id, index)).collect();
    for (column, of) in columns.iter().enumerate() {
        let document: &'a Document = documents[of.document].1;
        for cell in document.results.iter().filter(|cell| cell.client == of.client) {
            if let Some(&scenario) = places.get(cell.scenario.as_str()) {
                shown.cells.push(self::cell(document, cell, scenario, column));
            }
        }
    }
    shown
}

/// Of all documents, families together, each in the order in which it first comes.
fn scenarios<'a>(documents: &[(&str, &'a Document)]) -> Vec<Scenario<'a>> {
    let mut scenarios: Vec<Scenario<'a>> = Vec::new();
    for (_, document) in documents {
        for info in &document.scenarios {
            if !scenarios.iter().any(|known| known.id == info.id) {
                scenarios.push(Scenario {
                    id: &info.id,
                    title: &info.title,
                    about: &info.about,
                    sources: &info.sources,
                    signatures: &info.signatures,
                });
            }
        }
    }
    let mut order: Vec<&str> = Vec::new();
    for scenario in &scenarios {
        if !order.contains(&family(scenario.id)) {
            order.push(family(scenario.id));
        }
    }
    scenarios.sort_by_key(|scenario| order.iter().position(|known| *known == family(scenario.id)));
    scenarios
}

fn family(id: &str) -> &str {
    id.split_once('/').map_or(id, |(family, _)| family)
}

fn cell<'a>(
    document: &'a Document,
    cell: &'a document::RunResult,
    scenario: usize,
    column: usize,
) -> Cell<'a> {
    let differences = document.differences.iter().flatten();
    let mut differences = differences.filter(|d| d.scenario == cell.scenario && d.client == cell.client);
    Cell {
        scenario,
        column,
        mark: &cell.mark,
        differs: differences.next().is_some(),
        unsupported: cell.unsupported.as_deref(),
        run: cell.run.as_ref().map(run),
        control: cell.control.as_ref().map(run),
    }
}

fn run(run: &document::Run) -> Run<'_> {
    let mut proofs: Vec<&[usize]> = Vec::new();
    let findings = run.findings.iter().map(|finding| self::finding(finding, &mut proofs)).collect();
    let line = |line: &'_ document::Line| -> Vec<usize> {
        let proves = |proof: &&[usize]| proof.iter().any(|event| line.events.contains(event));
        (0..proofs.len()).filter(|index| proves(&proofs[*index])).collect()
    };
    let transcript = run
        .transcript
        .iter()
        .map(|told| Line { at: told.at_ms, text: &told.text, proves: line(told) })
        .collect();
    Run {
        end: end(run),
        findings,
        ladder: run.ladder.as_ref(),
        transcript,
        sockets: &run.sockets,
        panics: &run.panics,
    }
}

fn finding<'a>(finding: &'a document::Finding, proofs: &mut Vec<&'a [usize]>) -> Finding<'a> {
    let (verdict, text, violations) = match &finding.verdict {
        document::Verdict::Holds { note, .. } => ("holds", note.as_str(), &[][..]),
        document::Verdict::NotExercised { reason } => ("not-exercised", reason.as_str(), &[][..]),
        document::Verdict::Violated { violations } => ("violated", "", violations.as_slice()),
    };
    let violation = |violation: &'a document::Violation| {
        proofs.push(&violation.evidence);
        Violation { index: proofs.len() - 1, severity: violation.severity, message: &violation.message }
    };
    Finding {
        oracle: &finding.oracle,
        level: finding.level,
        verdict,
        text,
        violations: violations.iter().map(violation).collect(),
    }
}

/// In the words of the transcript.
fn end(run: &document::Run) -> &str {
    let stopped = run.transcript.iter().find_map(|line| line.text.strip_prefix("run stopped, "));
    stopped.unwrap_or("completed")
}

impl Shown<'_> {
    pub fn count(&self, mark: &str) -> usize {
        self.cells.iter().filter(|cell| cell.mark == mark).count()
    }

    pub fn sign(&self, mark: &str) -> char {
        self.signs.get(mark).copied().unwrap_or('?')
    }

    /// Families, and the scenarios of each.
    pub fn families(&self) -> Vec<(&str, Vec<usize>)> {
        let mut families: Vec<(&str, Vec<usize>)> = Vec::new();
        for (index, scenario) in self.scenarios.iter().enumerate() {
            let family = family(scenario.id);
            match families.last_mut().filter(|(last, _)| *last == family) {
                Some((_, members)) => members.push(index),
                None => families.push((family, vec![index])),
            }
        }
        families
    }

    /// The indexes of a scenario's cells on a client, of all results.
    pub fn cells_of(&self, scenario: &str, client: &str) -> Vec<usize> {
        let of = |cell: &Cell<'_>| {
            self.scenarios[cell.scenario].id == scenario && self.columns[cell.column].client == client
        };
        let cells = self.cells.iter().enumerate().filter(|(_, cell)| of(cell));
        cells.map(|(index, _)| index).collect()
    }

    /// The cell of a scenario in a column, and its index.
    pub fn cell(&self, scenario: usize, column: usize) -> Option<(usize, &Cell<'_>)> {
        self.cells.iter().enumerate().find(|(_, cell)| (cell.scenario, cell.column) == (scenario, column))
    }
}
