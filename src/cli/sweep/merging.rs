//! The shards of a sweep, put together.

use std::path::PathBuf;

use closewait::explore::sweep;

use super::args::SweepArgs;
use super::paths;
use super::results::{Accepted, report};
use crate::cli::exit::Done;

/// Merges.
pub fn run(args: &SweepArgs, shards: &[PathBuf]) -> Done {
    let accepted = Accepted::load(args)?;
    let (header, records) = sweep::merge(shards)?;
    let mut record_file = paths::open(args)?;
    record_file.begin(&header, &[])?;
    records.iter().try_for_each(|record| record_file.keep(record))?;
    record_file.finish()?;
    report(args, &header, &records, &accepted)
}
