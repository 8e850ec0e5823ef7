//! One scenario on one page.

use anstyle::Style;
use closewait_oracle::gate::{OutcomeFacts, VerdictFacts};
use closewait_scenario::{
    ClientSettings, ConnectionKind, Expectation, NetworkSettings, Pings, Scenario, SendRequest,
};

use super::accepted::{SnapshotError, Snapshots};
use super::snapshot::Snapshot;
use super::source::project;
use super::words::{one_line, pings, span, step};

const HEADING: Style = Style::new().bold();

/// Everything about a scenario: what breaks and why, who had it, how a client should behave, which clients do,
/// and how to see it happen. With ANSI colours.
///
/// # Errors
/// If an accepted snapshot cannot be read.
pub fn render(scenario: &Scenario, clients: &[&str], snapshots: &Snapshots) -> Result<String, SnapshotError> {
    let mut page =
        format!("{}\n{}\n\n{}\n", heading(&scenario.id), one_line(&scenario.title), scenario.about.trim());
    let (had_it, rules): (Vec<_>, Vec<_>) = scenario.sources.iter().partition(|s| project(s).is_some());
    page += &list("Who had it", &had_it.into_iter().map(|s| attributed(s)).collect::<Vec<_>>());
    page += &list("What the standard says", &rules.into_iter().cloned().collect::<Vec<_>>());
    page += &list("In a log", &scenario.signatures);
    page += &list("Settings", &settings(scenario));
    page += &list("Script", &script(scenario));
    page += &list("A client that behaves", &expectations(scenario));
    let mut accepted = Vec::new();
    for client in clients {
        accepted.extend(verdict(client, snapshots.read(client, &scenario.id)?));
    }
    page += &list("Built-in clients, as accepted", &accepted);
    page += &list("Replay", &[format!("closewait run {} --transcript", scenario.id)]);
    Ok(page)
}

/// `httpx  https://…`
fn attributed(source: &str) -> String {
    format!("{:<18} {source}", project(source).unwrap_or_default())
}

fn script(scenario: &Scenario) -> Vec<String> {
    scenario.script.iter().enumerate().map(|(i, s)| format!("{:>2}. {}", i + 1, step(s))).collect()
}

fn heading(text: &str) -> String {
    format!("{HEADING}{text}{HEADING:#}")
}

fn list(title: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("\n{}\n{lines}", heading(title))
}

fn settings(scenario: &Scenario) -> Vec<String> {
    let ClientSettings { idle_timeout, max_idle, max_connections, connect_timeout, read_timeout, .. } =
        &scenario.client;
    let spans = [
        ("client closes idle connections after", idle_timeout),
        ("client gives up connecting after", connect_timeout),
        ("client gives up reading after", read_timeout),
        ("client sends PING after silence of", &scenario.client.ping_interval),
        ("client waits for the answer to a PING for", &scenario.client.ping_timeout),
        ("origin closes idle connections after", &scenario.origin.idle_timeout),
    ];
    let limits = [
        ("client's idle connections at most", max_idle),
        ("client's connections at most", max_connections),
        ("client's window of a stream, bytes", &scenario.client.stream_window),
        ("client's window of a connection, bytes", &scenario.client.connection_window),
        ("origin's streams at a time at most", &scenario.origin.max_streams),
        ("origin's initial window, bytes", &scenario.origin.initial_window),
    ];
    let mut lines: Vec<_> = spans
        .iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name} {}", span(value))))
        .collect();
    lines.extend(limits.iter().filter_map(|(name, value)| value.map(|value| format!("{name} {value}"))));
    if scenario.client.ping_while_idle {
        lines.push("client sends PINGs also while no stream is open".to_owned());
    }
    if scenario.origin.pings != Pings::default() {
        lines.push(format!("origin {}", pings(scenario.origin.pings)));
    }
    let default = NetworkSettings::default();
    let network = &scenario.network;
    if *network != default {
        lines.push(format!(
            "one way to the origin takes {}, back {}; buffers of {} and {} bytes",
            span(network.latency_to_origin),
            span(network.latency_to_client),
            network.send_buffer,
            network.receive_buffer
        ));
    }
    lines
}

/// What `[expect]` says, in the order in which the requests are sent.
fn expectations(scenario: &Scenario) -> Vec<String> {
    let expected = |request: &SendRequest| {
        let expectation = scenario.expect.get(&request.id)?;
        Some(format!("{} ({} {}) {}", request.id, request.method, request.path, behaviour(expectation)))
    };
    scenario.requests().filter_map(expected).collect()
}

fn behaviour(Expectation { outcome, connection }: &Expectation) -> String {
    let outcomes: Vec<String> = outcome.iter().map(|word| becomes(word)).collect();
    let outcome = if outcomes.is_empty() { "may end in any way".to_owned() } else { outcomes.join(" or ") };
    match connection {
        Some(ConnectionKind::Fresh) => format!("{outcome}, on a connection that carried no request before"),
        Some(ConnectionKind::Reused) => format!("{outcome}, on a connection that carried a request before"),
        None => outcome,
    }
}

fn becomes(outcome: &str) -> String {
    match outcome {
        "error" => "fails with an error".to_owned(),
        "cancelled" => "is cancelled by the application".to_owned(),
        status => format!("is answered with {status}"),
    }
}

/// The violations that an accepted snapshot holds, in the run and in its control.
fn verdict(client: &str, accepted: Option<Snapshot>) -> Vec<String> {
    let Some(accepted) = accepted else { return vec![format!("{client}: nothing is accepted yet")] };
    let (run, control) = match accepted.facts() {
        Ok(Some(OutcomeFacts::Ran { run, control })) => (run, control),
        Ok(Some(OutcomeFacts::Unsupported { reason })) => {
            return vec![format!("{client} cannot play it: {reason}")];
        }
        Ok(None) => return vec![format!("{client}: its snapshot has no facts yet; accept it once again")],
        Err(problem) => return vec![format!("{client}: its snapshot cannot be read: {problem}")],
    };
    let mut lines = vec![format!("{client} does not hold:")];
    for finding in run.findings.iter().chain(control.iter().flat_map(|control| &control.findings)) {
        if let VerdictFacts::Violated(violations) = &finding.verdict {
            lines.extend(
                violations.iter().map(|v| format!("  {} · {}", finding.oracle, squeezed(&v.message))),
            );
        }
    }
    if lines.len() == 1 { vec![format!("{client} holds")] } else { lines }
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
