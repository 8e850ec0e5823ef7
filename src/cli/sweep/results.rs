//! What a sweep says at its end, and how it ends.

use std::collections::BTreeSet;
use std::error::Error;

use closewait::explore::sweep::{self, Header, Mark, Record};
use closewait::report;

use super::args::{Format, SweepArgs};
use crate::cli::exit::{Done, Exit};
use crate::cli::files::{Output, is_stdout, write_all};
use crate::cli::output::{print, print_exactly};

/// At most so many columns, unless told otherwise.
const WIDTH: usize = 120;

/// At most so many kinds of violations are shown.
const MOST_KINDS: usize = 40;

/// Prints the sweep, and judges it.
pub fn report(args: &SweepArgs, header: &Header, records: &[Record], accepted: &Accepted) -> Done {
    let beyond = accepted.beyond(records);
    if let Some(path) = &args.out {
        if header.pairs {
            return Err("pairs of faults have no timelines: --out is for single ones".into());
        }
        let bytes = report::document::of_sweep(header, records).to_json()?.into_bytes();
        write_all(&[Output { path: path.clone(), bytes }])?;
    }
    let on_stdout = args.out.as_deref().is_some_and(is_stdout);
    let text = match args.format {
        Format::Json => report::sweep::json(header, records)?,
        Format::Text => {
            let width = (!args.wide).then_some(WIDTH);
            let timelines = match header.pairs {
                true => String::new(),
                false => report::sweep::timelines_as_text(&sweep::timelines(records), width) + "\n",
            };
            let accepted =
                records.iter().filter(|record| record.mark == Mark::Violation).count() - beyond.len();
            let verdict = match (beyond.len(), accepted) {
                (0, 0) => "nothing is violated\n".to_owned(),
                (0, accepted) => format!("nothing is violated beyond {accepted} runs that are accepted\n"),
                (n, 0) => format!("{n} of {} runs violate something\n", records.len()),
                (n, accepted) => format!(
                    "{n} of {} runs violate something beyond the {accepted} accepted\n",
                    records.len()
                ),
            };
            let violations = report::sweep::violations(&beyond, MOST_KINDS);
            timelines + &report::sweep::totals(records) + "\n" + &violations + &verdict
        }
    };
    match args.format {
        _ if on_stdout => {}
        Format::Json => print_exactly(&text)?,
        Format::Text => print(&text)?,
    }
    Ok(if beyond.is_empty() { Exit::AsAccepted } else { Exit::Differs })
}

/// Violations of an earlier sweep that are accepted.
pub struct Accepted(BTreeSet<Violated>);

/// What makes two violations the same.
type Violated = (String, String, String, Vec<String>);

impl Accepted {
    /// Reads the file that the arguments name, before anything is played or written.
    pub fn load(args: &SweepArgs) -> Result<Self, Box<dyn Error>> {
        let records = match &args.accepted {
            Some(path) => sweep::read_results(path)?.1,
            None => Vec::new(),
        };
        Ok(Self(records.iter().filter(is_violation).map(violated).collect()))
    }

    /// The violations that are not among them.
    fn beyond(&self, records: &[Record]) -> Vec<Record> {
        let beyond =
            records.iter().filter(|record| is_violation(record) && !self.0.contains(&violated(record)));
        beyond.cloned().collect()
    }
}

fn is_violation(record: &&Record) -> bool {
    record.mark == Mark::Violation
}

fn violated(record: &Record) -> Violated {
    let Record { workload, client, fault, violated, .. } = record.clone();
    (workload, client, fault, violated)
}
