//! A sweep as one JSON document.

use closewait_explore::sweep::{Header, Mark, Record, Row, timelines};
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    /// The form of the document.
    version: u32,
    sweep: &'a Header,
    /// Sign and meaning of each mark.
    legend: Vec<Sign>,
    #[serde(rename = "strips")]
    timelines: Vec<Row>,
    violations: Vec<&'a Record>,
}

#[derive(Serialize)]
struct Sign {
    mark: Mark,
    sign: char,
    meaning: &'static str,
}

/// The timelines (of single faults) and every violation.
///
/// # Errors
/// If it cannot be written as JSON: not with strings and numbers alone.
pub fn json(header: &Header, records: &[Record]) -> serde_json::Result<String> {
    let legend = Mark::ALL.map(|mark| Sign { mark, sign: mark.sign(), meaning: mark.meaning() });
    let document = Document {
        version: 1,
        sweep: header,
        legend: legend.into(),
        timelines: if header.pairs { Vec::new() } else { timelines(records) },
        violations: records.iter().filter(|record| record.mark == Mark::Violation).collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
