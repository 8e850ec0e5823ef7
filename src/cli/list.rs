//! `closewait list`.

use clap::Args;
use clap_complete::ArgValueCandidates;
use closewait::report::listing;

use super::args::ScenariosDir;
use super::complete;
use super::exit::{Done, Exit};
use super::output::{print, print_exactly};

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Which scenarios: ids, patterns such as `half-close/*`, or files; all if none is given
    #[arg(value_name = "PATTERN", add = ArgValueCandidates::new(complete::scenarios))]
    patterns: Vec<String>,
    /// As JSON, with everything that `show` tells
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    scenarios: ScenariosDir,
}

/// Lists.
pub fn run(args: &ListArgs) -> Done {
    let (catalogue, patterns) = args.scenarios.load_with(&args.patterns)?;
    let scenarios = args.scenarios.found(catalogue.select(&patterns))?;
    if args.json { print_exactly(&listing::json(scenarios)?) } else { print(&listing::text(scenarios)) }?;
    Ok(Exit::AsAccepted)
}
