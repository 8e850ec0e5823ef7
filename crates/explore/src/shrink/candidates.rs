//! Everything that could be left out or made plainer, the largest cuts first.

use std::time::Duration;

use closewait_scenario::{
    Action, ClientSettings, NetworkSettings, OriginSettings, Pings, Scenario, Step, When,
};

use super::steps::{concerns, plainer_steps, renumbered, rounder};

/// Scenarios that say a little less. Whether they make sense is for the parser to say.
pub(super) fn candidates(scenario: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    all.extend(truncated(scenario));
    all.extend(without_a_request(scenario));
    all.extend(without_steps(scenario));
    all.extend(without_a_setting(scenario));
    all.extend(plainer_steps(scenario));
    all.extend(rounder_settings(scenario));
    all
}

fn with_script(scenario: &Scenario, script: Vec<Step>) -> Scenario {
    Scenario { script, ..scenario.clone() }
}

/// Only the beginning, or only the end.
fn truncated(scenario: &Scenario) -> Vec<Scenario> {
    let script = &scenario.script;
    let lengths = || [script.len() / 2, script.len() * 3 / 4, script.len().saturating_sub(2)].into_iter();
    let starts = lengths().map(|length| script[..length].to_vec());
    let ends = lengths().map(|length| script[script.len() - length..].to_vec());
    starts
        .chain(ends)
        .filter(|script| !script.is_empty())
        .map(|script| with_script(scenario, script))
        .collect()
}

/// Without one request and all that concerns it, with the connections as they are or counted anew.
fn without_a_request(scenario: &Scenario) -> Vec<Scenario> {
    let ids = scenario.requests().map(|request| request.id.clone());
    let without = |id: String| {
        let script: Vec<Step> = scenario.script.iter().filter(|step| !concerns(step, &id)).cloned().collect();
        let rest = with_script(scenario, script);
        let counted_anew = (1..=3).filter_map(|gone| renumbered(&rest, gone)).collect::<Vec<_>>();
        std::iter::once(rest).chain(counted_anew).collect::<Vec<_>>()
    };
    ids.flat_map(without).chain(pauses_for_requests(scenario)).collect()
}

/// Without one request, with a moment's pause somewhere: all that a request does for a finding may be to take time.
fn pauses_for_requests(scenario: &Scenario) -> Vec<Scenario> {
    let pause =
        Step { action: Action::Wait(Duration::from_millis(10)), when: When::Now, may_miss: false, line: 0 };
    let ids = scenario.requests().map(|request| request.id.clone());
    let paused = |id: String| {
        let rest: Vec<Step> = scenario.script.iter().filter(|step| !concerns(step, &id)).cloned().collect();
        let at = |point: usize| {
            let mut script = rest.clone();
            script.insert(point, pause.clone());
            with_script(scenario, script)
        };
        (1..rest.len()).map(at).collect::<Vec<_>>()
    };
    ids.flat_map(paused).collect()
}

/// Without one step, without two in a row, and without any two.
fn without_steps(scenario: &Scenario) -> Vec<Scenario> {
    let many = scenario.script.len();
    let without = |gone: &[usize]| {
        let kept = scenario.script.iter().enumerate().filter(|(index, _)| !gone.contains(index));
        with_script(scenario, kept.map(|(_, step)| step.clone()).collect())
    };
    let single = (0..many).map(|index| without(&[index]));
    let pairs = (0..many).flat_map(|one| (one + 1..many).map(move |other| [one, other]));
    let pairs = pairs.filter(|_| many <= 16).map(|pair| without(&pair));
    single.chain(pairs).collect()
}

fn without_a_setting(scenario: &Scenario) -> Vec<Scenario> {
    let network = NetworkSettings::default();
    let unset: [&dyn Fn(&mut Scenario); 18] = [
        &|scenario| scenario.client = ClientSettings::default(),
        &|scenario| scenario.network = NetworkSettings::default(),
        &|scenario| scenario.origin = OriginSettings::default(),
        &|scenario| scenario.client.idle_timeout = None,
        &|scenario| scenario.client.max_idle = None,
        &|scenario| scenario.client.max_connections = None,
        &|scenario| scenario.client.connect_timeout = None,
        &|scenario| scenario.client.read_timeout = None,
        &|scenario| {
            scenario.client.ping_interval = None;
            scenario.client.ping_timeout = None;
            scenario.client.ping_while_idle = false;
        },
        &|scenario| scenario.client.ping_timeout = None,
        &|scenario| scenario.client.ping_while_idle = false,
        &|scenario| scenario.client.stream_window = None,
        &|scenario| scenario.client.connection_window = None,
        &|scenario| scenario.origin.max_streams = None,
        &|scenario| scenario.origin.initial_window = None,
        &|scenario| scenario.origin.pings = Pings::default(),
        &|scenario| {
            scenario.network.latency_to_origin = network.latency_to_origin;
            scenario.network.latency_to_client = network.latency_to_client;
        },
        &|scenario| {
            scenario.network.send_buffer = network.send_buffer;
            scenario.network.receive_buffer = network.receive_buffer;
        },
    ];
    unset.into_iter().map(|unset| changed(scenario, unset)).collect()
}

fn rounder_settings(scenario: &Scenario) -> Vec<Scenario> {
    type Setting = fn(&mut Scenario) -> Option<&mut Duration>;
    const SETTINGS: [Setting; 8] = [
        |scenario| scenario.client.idle_timeout.as_mut(),
        |scenario| scenario.client.connect_timeout.as_mut(),
        |scenario| scenario.client.read_timeout.as_mut(),
        |scenario| scenario.client.ping_interval.as_mut(),
        |scenario| scenario.client.ping_timeout.as_mut(),
        |scenario| scenario.origin.idle_timeout.as_mut(),
        |scenario| Some(&mut scenario.network.latency_to_origin),
        |scenario| Some(&mut scenario.network.latency_to_client),
    ];
    let mut all = Vec::new();
    for setting in SETTINGS {
        let mut probe = scenario.clone();
        let Some(time) = setting(&mut probe).map(|time| *time) else { continue };
        for rounder in rounder(time) {
            all.push(changed(scenario, &|scenario| {
                if let Some(time) = setting(scenario) {
                    *time = rounder;
                }
            }));
        }
    }
    all
}

fn changed(scenario: &Scenario, change: &dyn Fn(&mut Scenario)) -> Scenario {
    let mut changed = scenario.clone();
    change(&mut changed);
    changed
}
