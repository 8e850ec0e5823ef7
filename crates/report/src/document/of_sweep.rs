//! From a sweep to its results file.

use closewait_explore::sweep::{Header, Record, Row, timelines};

use super::model::{Document, FORMAT, Timeline, VERSION};

/// Brings a sweep of single faults into the form that is written. It has timelines and no results.
pub fn of_sweep(header: &Header, records: &[Record]) -> Document {
    Document {
        format: FORMAT.to_owned(),
        version: VERSION,
        closewait: header.closewait.clone(),
        selection: Vec::new(),
        test: None,
        clients: Vec::new(),
        scenarios: Vec::new(),
        results: Vec::new(),
        differences: None,
        timelines: timelines(records).into_iter().map(|row| timeline(header, row)).collect(),
    }
}

fn timeline(header: &Header, row: Row) -> Timeline {
    let version = header.clients.get(&row.client).cloned().unwrap_or_default();
    let Row { workload, client, fault, marks } = row;
    let (points, marks) = marks.into_iter().map(|point| (point.point, point.mark)).unzip();
    Timeline { workload, client, version, fault, points, marks }
}
