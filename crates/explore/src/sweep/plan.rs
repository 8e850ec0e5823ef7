//! Which runs a sweep consists of.

use std::sync::Arc;

use closewait_simulator::client::UnderTest;

use super::hash;
use super::mark::Checks;
use crate::{Injection, Workload, label};

/// The name of the run without a fault.
const CLEAN: &str = "none";

/// What is to be swept.
#[derive(Clone)]
pub struct Wanted {
    /// The workloads.
    pub workloads: Vec<&'static Workload>,
    /// The clients.
    pub clients: Vec<&'static dyn UnderTest>,
    /// Only faults of these names; all of them if there is none.
    pub faults: Vec<String>,
    /// Two faults in each run instead of one.
    pub pairs: bool,
}

/// Every run of a sweep, in order. Two plans of the same things are the same.
pub struct Plan {
    pub(super) runs: Vec<PlannedRun>,
    pub(super) clean: Vec<Clean>,
    pub(super) pairs: bool,
}

/// A run of a sweep.
#[derive(Clone)]
pub struct PlannedRun {
    /// Index into the clean runs of the plan.
    pub(super) clean: u32,
    /// None: the clean run itself. The first of two is shared by all its pairs.
    pub(super) first: Option<Arc<Injection>>,
    pub(super) second: Option<Box<Injection>>,
}

/// A workload on a client, without a fault.
pub(super) struct Clean {
    pub workload: &'static Workload,
    pub client: &'static dyn UnderTest,
    pub checks: Checks,
    pub unsupported: Option<String>,
}

impl Plan {
    /// How many runs there are.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The run of this number.
    pub fn run(&self, index: usize) -> &PlannedRun {
        &self.runs[index]
    }

    /// Whether runs have two faults.
    pub fn pairs(&self) -> bool {
        self.pairs
    }

    pub(super) fn clean(&self, run: &PlannedRun) -> &Clean {
        &self.clean[run.clean as usize]
    }

    /// The name of a run's faults; `none` for the run without.
    pub fn label(&self, index: usize) -> String {
        self.runs[index].label()
    }

    /// A hash of every run's name.
    pub(super) fn fingerprint(&self) -> String {
        hash::of(self.runs.iter().map(|run| {
            let Clean { workload, client, .. } = self.clean(run);
            format!("{} {} {}", workload.name, client.name(), run.label())
        }))
    }
}

impl PlannedRun {
    /// The faults.
    pub fn injections(&self) -> Vec<Injection> {
        let first = self.first.as_deref().cloned();
        first.into_iter().chain(self.second.as_deref().cloned()).collect()
    }

    /// The name of the faults.
    pub fn label(&self) -> String {
        if self.first.is_none() { CLEAN.to_owned() } else { label(&self.injections()) }
    }
}
