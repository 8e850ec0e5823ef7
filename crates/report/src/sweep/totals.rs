//! How many runs of each workload and client got which mark.

use std::collections::BTreeMap;

use closewait_explore::sweep::{Mark, Record};

use super::timeline::style_of;
use crate::terminal::style::{HEADING, paint};

/// A row for each workload and client.
pub fn totals(records: &[Record]) -> String {
    let mut counts: BTreeMap<(&str, &str), BTreeMap<Mark, usize>> = BTreeMap::new();
    let mut order: Vec<(&str, &str)> = Vec::new();
    for record in records {
        let key = (record.workload.as_str(), record.client.as_str());
        if !counts.contains_key(&key) {
            order.push(key);
        }
        *counts.entry(key).or_default().entry(record.mark).or_default() += 1;
    }
    let width =
        |name: fn(&(&str, &str)) -> usize| order.iter().map(name).max().unwrap_or(0).max("workload".len());
    let (first, second) = (width(|key| key.0.len()), width(|key| key.1.len()));
    let mut text =
        format!("{}\n", paint(HEADING, format!("{:first$}  {:second$}  runs", "workload", "client")));
    for key in order {
        let marks = &counts[&key];
        let parts: Vec<String> =
            marks.iter().map(|(mark, n)| paint(style_of(*mark), format!("{} {n}", mark.sign()))).collect();
        let runs: usize = marks.values().sum();
        text += &format!("{:first$}  {:second$}  {runs:>7}  {}\n", key.0, key.1, parts.join("  "));
    }
    text
}
