//! Which runs a sweep consists of.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::mark::{Tally, mark};
use super::{hash, record};
use crate::client::UnderTest;
use crate::explore::{Course, Grain, Strike, Struck, Workload, label, strike};
use crate::lab::{self, Limits};
use crate::oracle;
use crate::trace::Trace;

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
    cells: Vec<Cell>,
    clean: Vec<Clean>,
    pairs: bool,
}

/// A run of a sweep.
#[derive(Clone)]
pub struct Cell {
    /// Index into the clean runs of the plan.
    pub(super) clean: u32,
    /// None: the clean run itself. The first of two is shared by all its pairs.
    first: Option<Arc<Strike>>,
    second: Option<Box<Strike>>,
}

/// A workload on a client, without a fault.
pub(super) struct Clean {
    pub workload: &'static Workload,
    pub client: &'static dyn UnderTest,
    pub tally: Tally,
    pub unsupported: Option<String>,
}

impl Plan {
    /// Plays each workload once without a fault, and for pairs once with each fault, to see what there is to strike.
    pub fn new(wanted: &Wanted, limits: &Limits) -> Self {
        let mut plan = Self { cells: Vec::new(), clean: Vec::new(), pairs: wanted.pairs };
        for workload in &wanted.workloads {
            for client in &wanted.clients {
                plan.add(workload, *client, wanted, limits);
            }
        }
        plan
    }

    fn add(
        &mut self,
        workload: &'static Workload,
        client: &'static dyn UnderTest,
        wanted: &Wanted,
        limits: &Limits,
    ) {
        let unsupported = client.unsupported(&workload.scenario);
        let trace = unsupported.is_none().then(|| lab::run(&workload.scenario, client, limits));
        let unsupported = unsupported.or(trace.as_ref().and_then(|trace| trace.unsupported.clone()));
        let tally = trace.as_ref().map(Tally::of).unwrap_or_default();
        let clean = self.clean.len() as u32;
        let playable = unsupported.is_none();
        self.clean.push(Clean { workload, client, tally, unsupported });
        self.cells.push(Cell { clean, first: None, second: None });
        let Some(trace) = trace.filter(|_| playable) else { return };
        let grain = if wanted.pairs { Grain::Coarse } else { Grain::Fine };
        let singles = singles(workload, &trace, &wanted.faults, grain);
        if wanted.pairs {
            self.add_pairs(clean, singles, &wanted.faults, limits);
        } else {
            let cell = |strike| Cell { clean, first: Some(Arc::new(strike)), second: None };
            self.cells.extend(singles.into_iter().map(cell));
        }
    }

    /// The second fault strikes a place of the run with the first: also a retry, or a connection that only the
    /// first fault made necessary.
    fn add_pairs(&mut self, clean: u32, singles: Vec<Strike>, faults: &[String], limits: &Limits) {
        let Clean { workload, client, .. } = self.clean[clean as usize];
        let struck: Vec<(Arc<Strike>, Struck)> = singles
            .into_iter()
            .filter_map(|first| {
                let struck = strike(&workload.scenario, std::slice::from_ref(&first))?;
                Some((Arc::new(first), struck))
            })
            .collect();
        let plays = struck.iter().map(|(_, struck)| (Arc::new(struck.scenario.clone()), client));
        for ((first, struck), trace) in struck.iter().zip(lab::run_all(plays, limits)) {
            let findings = oracle::judge(&struck.scenario, &trace);
            if !is_worth_a_second(mark(
                &trace,
                &findings,
                &self.clean[clean as usize].tally,
                &struck.first_steps,
            )) {
                continue;
            }
            let course = Course::of(&workload.scenario, &trace, Grain::Coarse);
            let from = first.place.at().unwrap_or_default();
            let seconds = course.strikes(&workload.scenario, from).into_iter();
            let seconds = seconds.filter(|second| wants(faults, second) && is_after(first, second));
            let cell = |second| Cell { clean, first: Some(first.clone()), second: Some(Box::new(second)) };
            self.cells.extend(seconds.map(cell));
        }
    }

    /// How many runs there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The run of this number.
    pub fn cell(&self, index: usize) -> &Cell {
        &self.cells[index]
    }

    /// Whether runs have two faults.
    pub fn pairs(&self) -> bool {
        self.pairs
    }

    /// How many distinct places of a run are struck, over all workloads and clients.
    pub fn instants(&self) -> usize {
        let place = |cell: &Cell| {
            let strike = cell.first.as_ref()?;
            Some((cell.clean, strike.place.subject(), strike.place.to_string()))
        };
        self.cells.iter().filter_map(place).collect::<BTreeSet<_>>().len()
    }

    pub(super) fn clean(&self, cell: &Cell) -> &Clean {
        &self.clean[cell.clean as usize]
    }

    /// The name of a run's faults; `none` for the run without.
    pub fn label(&self, index: usize) -> String {
        self.cells[index].label()
    }

    /// A hash of every run's name.
    pub(super) fn fingerprint(&self) -> String {
        let names: Vec<String> = self
            .cells
            .iter()
            .map(|cell| {
                let Clean { workload, client, .. } = self.clean(cell);
                format!("{} {} {}", workload.name, client.name(), cell.label())
            })
            .collect();
        hash::of(names.iter().map(String::as_str))
    }
}

impl Cell {
    /// The faults.
    pub fn strikes(&self) -> Vec<Strike> {
        let first = self.first.as_deref().cloned();
        first.into_iter().chain(self.second.as_deref().cloned()).collect()
    }

    /// The name of the faults.
    pub fn label(&self) -> String {
        if self.first.is_none() { record::CLEAN.to_owned() } else { label(&self.strikes()) }
    }
}

/// The faults of this name on a workload and client.
///
/// # Errors
/// If there is nothing of that name to strike: the names there are, none for a client that cannot play the workload.
pub(super) fn find(
    workload: &'static Workload,
    client: &'static dyn UnderTest,
    name: &str,
    limits: &Limits,
) -> Result<Vec<Strike>, Vec<String>> {
    if client.unsupported(&workload.scenario).is_some() {
        return Err(Vec::new());
    }
    let mut strikes: Vec<Strike> = Vec::new();
    let mut base = workload.scenario.clone();
    for part in name.split('+') {
        let trace = lab::run(&base, client, limits);
        let course = Course::of(&workload.scenario, &trace, Grain::Fine);
        let all = course.strikes(&workload.scenario, 0);
        let Some(found) = all.iter().find(|strike| strike.to_string() == part) else {
            return Err(all.iter().map(ToString::to_string).collect());
        };
        strikes.push(found.clone());
        if let Some(struck) = strike(&workload.scenario, &strikes) {
            base = struck.scenario;
        }
    }
    Ok(strikes)
}

/// Each single fault of a workload, each scenario once.
fn singles(workload: &Workload, trace: &Trace, faults: &[String], grain: Grain) -> Vec<Strike> {
    let course = Course::of(&workload.scenario, trace, grain);
    let mut seen = BTreeSet::new();
    let mut is_new = |single: &Strike| {
        let struck = strike(&workload.scenario, std::slice::from_ref(single));
        struck.is_some_and(|struck| seen.insert(format!("{:?}", struck.scenario.script)))
    };
    let all = course.strikes(&workload.scenario, 0).into_iter();
    all.filter(|single| wants(faults, single) && is_new(single)).collect()
}

fn wants(faults: &[String], strike: &Strike) -> bool {
    faults.is_empty() || faults.iter().any(|name| name == strike.fault.name)
}

/// What is violated with one fault is not made clearer by two.
fn is_worth_a_second(mark: super::Mark) -> bool {
    use super::Mark::{NewConnection, Ok, Retried, Surfaced};
    matches!(mark, Surfaced | Retried | NewConnection | Ok)
}

/// Each pair once: the second is later, or of the same instant and later by name. A fault in a message has no
/// instant: it comes first, or after another one in a message.
fn is_after(first: &Strike, second: &Strike) -> bool {
    match (first.place.at(), second.place.at()) {
        (Some(first_at), Some(second_at)) if first_at != second_at => first_at < second_at,
        (Some(_), Some(_)) | (None, None) => first.to_string() < second.to_string(),
        (None, Some(_)) => true,
        (Some(_), None) => false,
    }
}
