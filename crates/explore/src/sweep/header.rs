//! The first line of a file of results: which sweep it is of.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::hash;
use super::plan::{Plan, Wanted};
use super::share::Share;

/// Which sweep a file of results is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The form of the file.
    pub sweep: u32,
    /// Version of closewait.
    pub closewait: String,
    /// A hash of each workload's file.
    pub workloads: BTreeMap<String, String>,
    /// The version of each client.
    pub clients: BTreeMap<String, String>,
    /// Only these faults, in alphabetical order; all of them if none is named.
    pub faults: Vec<String>,
    /// Whether each run has two faults.
    pub pairs: bool,
    /// How many runs there are to do.
    pub runs: usize,
    /// How many of them the budget left, over all shards.
    pub chosen: usize,
    /// A hash of the names of all runs.
    pub plan: String,
    /// Which part this file is: `1/1` is all of it.
    pub shard: String,
}

/// The form that this version writes and reads.
pub(super) const FORM: u32 = 1;

impl Header {
    /// The header of a sweep.
    pub fn of(wanted: &Wanted, plan: &Plan, share: Share) -> Self {
        let clients = wanted.clients.iter();
        let workloads = wanted.workloads.iter();
        Self {
            sweep: FORM,
            closewait: env!("CARGO_PKG_VERSION").to_owned(),
            workloads: workloads.map(|w| (w.name.to_owned(), hash::of([w.text]))).collect(),
            clients: clients.map(|c| (c.name().to_owned(), c.version().to_owned())).collect(),
            faults: wanted.faults.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
            pairs: wanted.pairs,
            runs: plan.len(),
            chosen: share.budget.map_or(plan.len(), |budget| budget.min(plan.len())),
            plan: plan.fingerprint(),
            shard: share.shard.to_string(),
        }
    }

    /// In what another header differs, the shard left aside: the first key.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let keys = [
            ("form", self.sweep == other.sweep),
            ("version of closewait", self.closewait == other.closewait),
            ("workloads", self.workloads == other.workloads),
            ("clients or their versions", self.clients == other.clients),
            ("faults", self.faults == other.faults),
            ("number of faults in a run", self.pairs == other.pairs),
            ("budget", self.chosen == other.chosen),
            ("plan", (self.runs, &self.plan) == (other.runs, &other.plan)),
        ];
        keys.into_iter().find(|(_, same)| !same).map(|(key, _)| key)
    }
}
