//! The shards of a sweep, put together.

use std::path::PathBuf;

use closewait::explore::sweep;

use super::args::SweepArgs;
use super::results::{Accepted, Keeper, report};
use crate::cli::exit::Done;

/// Merges.
pub fn run(args: &SweepArgs, shards: &[PathBuf]) -> Done {
    let accepted = Accepted::load(args)?;
    let (header, records) = sweep::merge(shards)?;
    if let Some(path) = &args.results {
        let mut keeper = Keeper::create(path, &header)?;
        records.iter().try_for_each(|record| keeper.keep(record))?;
        keeper.finish()?;
    }
    report(args, &header, &records, &accepted)
}
