//! Runs a scenario and its control, and has both judged.

use std::sync::Arc;

use closewait_oracle::{Control, RunOutcome, RunResult};
use closewait_scenario::Scenario;
use closewait_simulator::client::UnderTest;
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
    let mut traces = lab::run_all(plays.iter().flat_map(Play::runs), limits);
    let result = |play: &Play| {
        progress(&play.scenario, play.client);
        play.judge(&mut traces)
    };
    plays.iter().map(result).collect()
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
