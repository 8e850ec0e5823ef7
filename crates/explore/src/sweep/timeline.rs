//! The timeline: for each workload, client and fault a row with one mark for each point in the order of time.

use serde::Serialize;

use super::mark::Mark;
use super::record::Record;

/// A row of marks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Workload.
    pub workload: String,
    /// Client.
    pub client: String,
    /// Fault and what it acts on, e.g. `fin/1`.
    pub fault: String,
    /// One for each point, in the order of time.
    pub marks: Vec<Point>,
}

/// A mark, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// The place, e.g. `120ms`, `out3`, `header2`; empty for the run without a fault.
    #[serde(rename = "place")]
    pub point: String,
    /// Milliseconds of virtual time, if it has an instant.
    pub at: Option<u64>,
    /// What the fault did there.
    pub mark: Mark,
}

/// The timelines of a sweep of single faults, in its order.
pub fn timelines(records: &[Record]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for record in records {
        let is_of = |row: &Row| {
            (row.workload.as_str(), row.client.as_str(), row.fault.as_str())
                == (record.workload.as_str(), record.client.as_str(), record.row())
        };
        if !rows.last().is_some_and(is_of) {
            rows.push(Row {
                workload: record.workload.clone(),
                client: record.client.clone(),
                fault: record.row().to_owned(),
                marks: Vec::new(),
            });
        }
        let point = record.fault.split_once('@').map_or("", |(_, point)| point).to_owned();
        let mark = Point { point, at: record.at, mark: record.mark };
        rows.last_mut().expect("a row was just pushed if there was none").marks.push(mark);
    }
    rows
}

impl Row {
    /// The worst mark of the row.
    pub fn worst(&self) -> Option<Mark> {
        self.marks.iter().map(|point| point.mark).min()
    }
}
