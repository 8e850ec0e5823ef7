//! The strip: for each workload, client and fault a row with one mark for each place in the order of time.

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
    /// Fault and what it strikes, e.g. `fin/1`.
    pub fault: String,
    /// One for each place, in the order of time.
    pub marks: Vec<Place>,
}

/// A mark, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The place, e.g. `120ms`, `out3`, `header2`; empty for the run without a fault.
    pub place: String,
    /// Milliseconds of virtual time, if it has an instant.
    pub at: Option<u64>,
    /// What the fault did there.
    pub mark: Mark,
}

/// The strips of a sweep of single faults, in its order.
pub fn strips(records: &[Record]) -> Vec<Row> {
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
        let place = record.fault.split_once('@').map_or("", |(_, place)| place).to_owned();
        let mark = Place { place, at: record.at, mark: record.mark };
        rows.last_mut().expect("a row was just pushed if there was none").marks.push(mark);
    }
    rows
}

impl Row {
    /// The worst mark of the row.
    pub fn worst(&self) -> Option<Mark> {
        self.marks.iter().map(|place| place.mark).min()
    }
}
