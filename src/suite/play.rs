//! Runs a scenario and its control, and has both judged.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, Scope};

use closewait_oracle::{Control, RunOutcome, RunResult};
use closewait_scenario::Scenario;
use closewait_simulator::client::{UnderTest, Wiring};
use closewait_simulator::lab::{self, Limits};
use closewait_simulator::origin::Application;
use closewait_trace::Trace;

/// Every scenario against every client, scenarios first. `progress` is called before each run.
pub fn play_all<'a>(
    scenarios: impl IntoIterator<Item = &'a Scenario>,
    clients: &[&'static dyn UnderTest],
    limits: &Limits,
    mut progress: impl FnMut(&Scenario, &dyn UnderTest),
) -> Vec<RunResult> {
    let plays: Vec<Play> =
        scenarios.into_iter().flat_map(|scenario| Play::with_each(scenario, clients)).collect();
    let (apart, within): (Vec<usize>, Vec<usize>) =
        (0..plays.len()).partition(|index| plays[*index].client.wiring() == Wiring::Kernel);
    let mut results: Vec<Option<RunResult>> = plays.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let played = play_apart(scope, &plays, &apart, limits);
        let mut traces = lab::run_all(within.iter().flat_map(|index| plays[*index].runs()), limits);
        let within = within.iter().map(|index| {
            let play = &plays[*index];
            progress(&play.scenario, play.client);
            (*index, play.judge(&mut traces))
        });
        within.for_each(|(index, result)| results[index] = Some(result));
        for (index, result) in played {
            progress(&plays[index].scenario, plays[index].client);
            results[index] = Some(result);
        }
    });
    results.into_iter().map(|result| result.expect("every play has a result")).collect()
}

/// So many programs are under test at once: what they mostly do is wait, and each takes some 50 MiB.
const AT_ONCE: usize = 32;

/// Plays those with these indexes, whose client is a program with a kernel of its own, many at once. The results come as they are done.
fn play_apart<'scope>(
    scope: &'scope Scope<'scope, '_>,
    plays: &'scope [Play],
    apart: &'scope [usize],
    limits: &'scope Limits,
) -> Receiver<(usize, RunResult)> {
    let (done, results) = mpsc::channel();
    let next = Arc::new(AtomicUsize::new(0));
    for _ in 0..AT_ONCE.min(apart.len()) {
        let (done, next) = (done.clone(), next.clone());
        scope.spawn(move || {
            while let Some(index) = apart.get(next.fetch_add(1, Relaxed)) {
                let play = &plays[*index];
                let mut traces = play.runs().map(|run| lab::run_here(&run.scenario, run.client, limits));
                let _ = done.send((*index, play.judge(&mut traces)));
            }
        });
    }
    results
}

/// One scenario against one client.
pub fn play(scenario: &Scenario, client: &'static dyn UnderTest, limits: &Limits) -> RunResult {
    let mut results = play_all([scenario], &[client], limits, |_, _| ());
    results.pop().expect("one scenario and one client give one result")
}

/// One scenario against one client, with an application as the origin if there is one. `run` plays its runs: the first is that of the
/// scenario, the second that of its control.
pub fn play_by(
    scenario: &Scenario,
    client: &'static dyn UnderTest,
    application: Option<&'static Application>,
    mut run: impl FnMut(usize, lab::Play) -> Trace,
) -> RunResult {
    let play = Play::before(scenario, client, application);
    let mut traces = play.runs().enumerate().map(|(index, play)| run(index, play));
    play.judge(&mut traces)
}

/// The run of [`play_by`] with this index.
pub fn run_of(
    scenario: &Scenario,
    client: &'static dyn UnderTest,
    application: Option<&'static Application>,
    index: usize,
) -> Option<lab::Play> {
    Play::before(scenario, client, application).runs().nth(index)
}

/// A result that is to be played.
struct Play {
    scenario: Arc<Scenario>,
    control: Option<Arc<Scenario>>,
    client: &'static dyn UnderTest,
    application: Option<&'static Application>,
    unsupported: Option<String>,
}

impl Play {
    fn with_each(scenario: &Scenario, clients: &[&'static dyn UnderTest]) -> Vec<Self> {
        let control = scenario.control().map(Arc::new);
        let scenario = Arc::new(scenario.clone());
        let play = |client: &&'static dyn UnderTest| Self {
            scenario: scenario.clone(),
            control: control.clone(),
            client: *client,
            application: None,
            unsupported: client.unsupported(&scenario),
        };
        clients.iter().map(play).collect()
    }

    fn before(
        scenario: &Scenario,
        client: &'static dyn UnderTest,
        application: Option<&'static Application>,
    ) -> Self {
        let mut play = Self::with_each(scenario, &[client]).pop().expect("one client gives one play");
        if application.is_some() {
            play.application = application;
            play.unsupported = play.unsupported.or_else(|| Application::unsupported(scenario));
        }
        play
    }

    /// The run and its control; nothing for a client that cannot play the scenario.
    fn runs(&self) -> impl Iterator<Item = lab::Play> {
        let scenarios = [Some(self.scenario.clone()), self.control.clone()];
        let supported = self.unsupported.is_none();
        let Self { client, application, .. } = *self;
        let play = move |scenario| lab::Play { scenario, client, application };
        scenarios.into_iter().flatten().filter(move |_| supported).map(play)
    }

    /// Takes the traces of [`Play::runs`] off the front, and has them judged.
    fn judge(&self, traces: &mut impl Iterator<Item = Trace>) -> RunResult {
        let mut next = || traces.next().expect("every run gives a trace");
        let outcome = match &self.unsupported {
            Some(reason) => RunOutcome::Unsupported { reason: reason.clone() },
            None => {
                let trace = next();
                let control = self.control.as_ref().map(|quiet| (quiet, next()));
                self.findings(trace, control)
            }
        };
        RunResult { scenario: self.scenario.id.clone(), client: self.client.name(), outcome }
    }

    fn findings(&self, trace: Trace, control: Option<(&Arc<Scenario>, Trace)>) -> RunOutcome {
        if let Some(reason) = trace.unsupported {
            return RunOutcome::Unsupported { reason };
        }
        let findings = closewait_oracle::judge(&self.scenario, &trace);
        let control = control.map(|(quiet, trace)| {
            let findings = closewait_oracle::judge(quiet, &trace);
            Box::new(Control { trace, findings })
        });
        RunOutcome::Ran { trace, findings, control }
    }
}
