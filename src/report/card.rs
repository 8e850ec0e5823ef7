//! One scenario on one page.

use anstyle::Style;

use super::accepted::{SnapshotError, Snapshots};
use super::words::{span, step};
use crate::scenario::{ClientSettings, ConnectionKind, Expectation, NetworkSettings, Scenario};

const HEADING: Style = Style::new().bold();

/// Everything about a scenario: what it stands for, its script in plain words, what is expected,
/// and what is accepted of each client. With ANSI colours.
///
/// # Errors
/// If an accepted snapshot cannot be read.
pub fn render(scenario: &Scenario, clients: &[&str], snapshots: &Snapshots) -> Result<String, SnapshotError> {
    let mut page = format!("{}\n{}\n\n{}\n", heading(&scenario.id), scenario.title, scenario.about.trim());
    page += &list("Sources", &scenario.sources);
    page += &list("In a log", &scenario.signatures);
    page += &list("Settings", &settings(scenario));
    let numbered: Vec<_> =
        scenario.script.iter().enumerate().map(|(i, s)| format!("{:>2}. {}", i + 1, step(s))).collect();
    page += &list("Script", &numbered);
    let expected: Vec<_> =
        scenario.expect.iter().map(|(id, e)| format!("{id}: {}", expectation(e))).collect();
    page += &list("A client that behaves", &expected);
    let mut accepted = Vec::new();
    for client in clients {
        accepted.extend(verdict(client, snapshots.read(client, &scenario.id)?));
    }
    page += &list("Accepted", &accepted);
    page += &list("Replay", &[format!("closewait run {} --transcript", scenario.id)]);
    Ok(page)
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
    let ClientSettings { idle_timeout, max_idle, max_connections, connect_timeout, read_timeout } =
        &scenario.client;
    let spans = [
        ("client closes idle connections after", idle_timeout),
        ("client gives up connecting after", connect_timeout),
        ("client gives up reading after", read_timeout),
        ("origin closes idle connections after", &scenario.origin.idle_timeout),
    ];
    let limits =
        [("client's idle connections at most", max_idle), ("client's connections at most", max_connections)];
    let mut lines: Vec<_> = spans
        .iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name} {}", span(value))))
        .collect();
    lines.extend(limits.iter().filter_map(|(name, value)| value.map(|value| format!("{name} {value}"))));
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

fn expectation(Expectation { outcome, connection }: &Expectation) -> String {
    let outcome = if outcome.is_empty() { "any outcome".to_owned() } else { outcome.join(" or ") };
    match connection {
        Some(ConnectionKind::Fresh) => format!("{outcome}, on a fresh connection"),
        Some(ConnectionKind::Reused) => format!("{outcome}, on a reused connection"),
        None => outcome,
    }
}

/// The outcomes and violations that an accepted snapshot holds.
fn verdict(client: &str, body: Option<String>) -> Vec<String> {
    let Some(body) = body else { return vec![format!("{client}: no snapshot yet")] };
    if let Some(reason) = body.lines().find_map(|line| line.strip_prefix("unsupported: ")) {
        return vec![format!("{client}: unsupported: {reason}")];
    }
    let violated: Vec<_> = body.lines().filter(|line| line.contains(" VIOLATED · ")).collect();
    if violated.is_empty() {
        return vec![format!("{client}: holds")];
    }
    let mut lines = vec![format!("{client}:")];
    lines.extend(violated.iter().map(|line| format!("  {}", squeezed(line))));
    lines
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
