//! One scenario as a trial.

use std::sync::{Arc, Mutex, PoisonError};

use closewait_report::accepted::Snapshots;
use closewait_scenario::{Catalogue, Scenario};
use closewait_simulator::client::{Retries, UnderTest};
use closewait_simulator::lab::{self, Limits};
use closewait_simulator::origin::Application;
use closewait_trace::Trace;
use libtest_mimic::{Completion, Failed, Trial};

use super::environment::{Acceptance, crate_folder};
use super::lock;
use super::outcome::{self, Passed};
use super::processes::{Processes, Which};
use super::settings;
use super::suite::{Suite, Version};
use crate::built_in;
use crate::suite::{RunOutcome, RunResult, play_by, run_of};

/// A suite with everything that it says looked up.
pub(super) struct Prepared {
    pub client: &'static dyn UnderTest,
    pub version: &'static str,
    pub snapshots: Snapshots,
    /// Scenarios that are chosen, whether the client can play them or not.
    pub parts: Vec<Part>,
    /// How many scenarios are of protocols that were not chosen.
    pub left_out: usize,
    /// What came out so far.
    pub results: Mutex<Vec<RunResult>>,
    /// The scenarios of which only times or words differ from the accepted snapshot.
    pub reworded: Mutex<Vec<String>>,
    application: Option<&'static Application>,
    retries: Option<Retries>,
    known: Vec<String>,
}

/// A scenario as this client gets it.
pub(super) struct Part {
    pub scenario: Scenario,
    refusal: Option<String>,
    is_ignored: bool,
}

type AnyError = Box<dyn std::error::Error>;

impl Prepared {
    /// # Errors
    /// A scenario file that is not valid, or a pattern that describes no scenario.
    pub fn new(suite: Suite) -> Result<Self, AnyError> {
        let catalogue = catalogue(&suite)?;
        let known = catalogue.iter().map(|scenario| scenario.id.clone()).collect();
        let chosen = catalogue.select(&suite.only)?;
        let is_wanted = |scenario: &&&Scenario| suite.protocols.contains(&scenario.protocol);
        let (wanted, others): (Vec<_>, Vec<_>) = chosen.iter().partition(is_wanted);
        let ignored = if suite.ignored.is_empty() { Vec::new() } else { catalogue.select(&suite.ignored)? };
        let part = |scenario: &&Scenario| {
            let is_ignored = ignored.iter().any(|ignored| ignored.id == scenario.id);
            Part::new(&suite, (*scenario).clone(), is_ignored)
        };
        let parts = wanted.into_iter().map(part).collect();
        let version = version(&suite);
        let left_out = others.len();
        let root = crate_folder();
        let snapshots = Snapshots::at(root.join(&suite.snapshots)).written_by(outcome::SOURCE);
        // A test's process ends soon: what its trials share may live as long as it.
        let client: &'static dyn UnderTest = Box::leak(suite.client);
        let application = suite.application.map(|application| &*Box::leak(Box::new(application)));
        let (results, reworded, retries) = (Mutex::default(), Mutex::default(), suite.retries);
        Ok(Self {
            client,
            version,
            snapshots,
            parts,
            left_out,
            results,
            reworded,
            application,
            retries,
            known,
        })
    }

    /// `<client>::<family>/<name>`, and one trial for snapshots that no scenario has. `index` is that of this suite.
    pub fn trials(
        self: &Arc<Self>,
        index: usize,
        acceptance: Acceptance,
        processes: Option<&Arc<Processes>>,
    ) -> Vec<Trial> {
        let each = (0..self.parts.len()).map(|part| {
            let which = Which { suite: index, part, run: 0 };
            self.trial(which, acceptance, processes.cloned())
        });
        each.chain([self.trial_of_orphans(acceptance)]).collect()
    }

    fn trial(
        self: &Arc<Self>,
        which: Which,
        acceptance: Acceptance,
        processes: Option<Arc<Processes>>,
    ) -> Trial {
        let Part { scenario, is_ignored, .. } = &self.parts[which.part];
        let name = format!("{}::{}", self.client.name(), scenario.id);
        let (suite, shown) = (self.clone(), name.clone());
        let run = move || {
            // Without a result: nothing is there that could be accepted.
            let result = lab::attempt(|| suite.play(which, processes.as_deref()))?;
            let judged = outcome::of(
                (&suite.snapshots, suite.version),
                &suite.parts[which.part].scenario,
                &result,
                acceptance,
                &shown,
            );
            let ignored = match &result.outcome {
                RunOutcome::Unsupported { reason } => {
                    Completion::ignored_with(format!("unsupported: {reason}"))
                }
                RunOutcome::Ran { .. } => Completion::Completed,
            };
            if judged.as_ref().is_ok_and(|passed| *passed == Passed::Reworded) {
                suite.reworded.lock().unwrap_or_else(PoisonError::into_inner).push(result.scenario.clone());
            }
            suite.results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
            judged.map(|_| ignored)
        };
        Trial::ignorable_test(name, run).with_ignored_flag(*is_ignored)
    }

    fn play(&self, which: Which, processes: Option<&Processes>) -> RunResult {
        let Part { scenario, refusal, .. } = &self.parts[which.part];
        match refusal {
            Some(reason) => RunResult {
                scenario: scenario.id.clone(),
                client: self.client.name(),
                outcome: RunOutcome::Unsupported { reason: reason.clone() },
            },
            None => play_by(scenario, self.client, self.application, |run, play| {
                let trace = match processes {
                    Some(processes) => {
                        processes.play(Which { run, ..which }).unwrap_or_else(|broken| lab::throw(broken))
                    }
                    None => play_here(play),
                };
                // A process that was lost had no chance to say it.
                let retries = self.retries.or_else(|| self.client.retries());
                Trace { retries, ..trace }
            }),
        }
    }

    /// Plays a run in this process.
    ///
    /// # Panics
    /// If there is no such run.
    pub fn run(&self, which: Which) -> Trace {
        let Part { scenario, .. } = &self.parts[which.part];
        let run = run_of(scenario, self.client, self.application, which.run);
        play_here(run.expect("there is such a run"))
    }

    fn trial_of_orphans(self: &Arc<Self>, acceptance: Acceptance) -> Trial {
        let suite = self.clone();
        let name = format!("{}::every-snapshot-has-a-scenario", self.client.name());
        Trial::test(name, move || -> Result<(), Failed> {
            let known: Vec<&str> = suite.known.iter().map(String::as_str).collect();
            let orphans = suite.snapshots.orphans(suite.client.name(), &known)?;
            outcome::of_orphans((&suite.snapshots, suite.version), orphans, acceptance)
        })
    }
}

impl Part {
    fn new(suite: &Suite, mut scenario: Scenario, is_ignored: bool) -> Self {
        let asked = suite.refusals.iter().find_map(|refusal| refusal(&scenario));
        let fixed = suite.fixed.as_ref().and_then(|own| settings::fix(&mut scenario, own));
        let refusal = asked.or(fixed).or_else(|| suite.client.unsupported(&scenario));
        Self { scenario, refusal, is_ignored }
    }
}

fn play_here(play: lab::Play) -> Trace {
    lab::run_all([play], &Limits::default()).next().expect("one run gives one trace")
}

fn catalogue(suite: &Suite) -> Result<Catalogue, AnyError> {
    let mut catalogue = if suite.built_in { built_in::catalogue() } else { Catalogue::default() };
    for folder in &suite.scenarios {
        catalogue.add(Catalogue::load(&crate_folder().join(folder))?)?;
    }
    Ok(catalogue)
}

fn version(suite: &Suite) -> &'static str {
    let version = match &suite.version {
        Version::OfTheClient => return suite.client.version(),
        Version::Said(version) => version.clone(),
        Version::Locked(package) => {
            let version = lock::version(&crate_folder(), package);
            format!("({package} {})", version.as_deref().unwrap_or("of unknown version"))
        }
    };
    String::leak(version)
}
