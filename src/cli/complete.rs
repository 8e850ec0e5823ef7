//! What a shell offers to complete: the names that only closewait knows.

use clap_complete::CompletionCandidate;
use closewait::client::reference::Defect;
use closewait::explore::{FAULTS, workloads};
use closewait::scenario::{self, Catalogue, Scenario};
use closewait::suite;

use super::args::HERE;

/// Ids of the scenarios of here, or of the built-in ones, with their titles; and each family as a pattern.
pub fn scenarios() -> Vec<CompletionCandidate> {
    // Files that cannot be used offer nothing: the command itself says what is wrong with them.
    let here = Catalogue::load(HERE.as_ref()).ok().filter(|catalogue| catalogue.iter().next().is_some());
    let catalogue = here.unwrap_or_else(scenario::catalogue);
    let mut families: Vec<&str> = catalogue.iter().map(Scenario::family).collect();
    families.dedup();
    let families =
        families.into_iter().map(|family| candidate(&format!("{family}/*"), "every scenario of the family"));
    families.chain(catalogue.iter().map(|scenario| candidate(&scenario.id, &scenario.title))).collect()
}

/// Ids alone.
pub fn ids() -> Vec<CompletionCandidate> {
    scenarios().into_iter().filter(|offer| !offer.get_value().to_string_lossy().ends_with('*')).collect()
}

/// The clients.
pub fn clients() -> Vec<CompletionCandidate> {
    suite::built_in().iter().map(|client| candidate(client.name(), client.version())).collect()
}

/// The workloads of a sweep.
pub fn workloads_of_sweeps() -> Vec<CompletionCandidate> {
    workloads().iter().map(|workload| candidate(workload.name, &workload.scenario.title)).collect()
}

/// The faults of a sweep.
pub fn faults() -> Vec<CompletionCandidate> {
    FAULTS.iter().map(|fault| CompletionCandidate::new(fault.name)).collect()
}

/// The planted bugs.
pub fn planted() -> Vec<CompletionCandidate> {
    let all = std::iter::once(candidate("all", "each of them"));
    all.chain(Defect::ALL.iter().map(|defect| CompletionCandidate::new(defect.to_string()))).collect()
}

fn candidate(value: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(help.to_owned().into()))
}
