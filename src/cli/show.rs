//! `closewait show`.

use clap::Args;
use clap_complete::ArgValueCandidates;
use closewait::client;
use closewait::report::accepted::Snapshots;
use closewait::report::card;

use super::args::{ScenariosDir, SnapshotsDir};
use super::complete;
use super::exit::{Done, Exit};
use super::output::print;

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The scenario, e.g. `half-close/fin-while-idle`, or its file
    #[arg(value_name = "ID", add = ArgValueCandidates::new(complete::ids))]
    id: String,
    #[command(flatten)]
    scenarios: ScenariosDir,
    #[command(flatten)]
    snapshots: SnapshotsDir,
}

/// Shows.
pub fn run(args: &ShowArgs) -> Done {
    let (catalogue, ids) = args.scenarios.load_with(std::slice::from_ref(&args.id))?;
    let scenario = args.scenarios.found(catalogue.get(&ids[0]))?;
    let clients: Vec<_> = client::built_in().iter().map(|client| client.name()).collect();
    print(&card::render(scenario, &clients, &Snapshots::at(&args.snapshots.snapshots))?)?;
    Ok(Exit::AsAccepted)
}
