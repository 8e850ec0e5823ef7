//! From a sweep to its results file.

use closewait_explore::sweep::{Header, Record, Row, strips};

use super::model::{Document, FORMAT, Strip, VERSION};

/// Brings a sweep of single faults into the form that is written. It has strips and no cells.
pub fn of_sweep(header: &Header, records: &[Record]) -> Document {
    Document {
        format: FORMAT.to_owned(),
        version: VERSION,
        closewait: header.closewait.clone(),
        selection: Vec::new(),
        test: None,
        clients: Vec::new(),
        scenarios: Vec::new(),
        cells: Vec::new(),
        differences: None,
        strips: strips(records).into_iter().map(|row| strip(header, row)).collect(),
    }
}

fn strip(header: &Header, row: Row) -> Strip {
    let version = header.clients.get(&row.client).cloned().unwrap_or_default();
    let Row { workload, client, fault, marks } = row;
    let (places, marks) = marks.into_iter().map(|place| (place.place, place.mark)).unzip();
    Strip { workload, client, version, fault, places, marks }
}
