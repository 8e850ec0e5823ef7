//! SARIF 2.1.0, for code scanning: each result that changed is a result, each oracle a rule.

use closewait_oracle::ORACLES;
use closewait_oracle::gate::{Change, DecidedResult, Level, Rule, State};
use serde::Serialize;

use super::escape::one_line;
use super::input::Input;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The rule of what concerns no oracle.
const BEHAVIOUR: &str = "behaviour";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    semantic_version: &'a str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    help: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    baseline_state: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "closewait/v1")]
    closewait: String,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

/// The log, indented; ends with a line break.
///
/// # Errors
/// Never in practice: every key is a string.
pub fn sarif(input: &Input<'_>) -> serde_json::Result<String> {
    let results = input.verdict.changed().filter_map(|result| Some(outcome(input, result, result.lead()?)));
    let driver =
        Driver { name: "closewait", semantic_version: &input.document.closewait, rules: descriptors() };
    let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results: results.collect() };
    Ok(serde_json::to_string_pretty(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })? + "\n")
}

fn descriptors() -> Vec<Descriptor> {
    let message = |text: &str| Message { text: text.to_owned() };
    let of_oracle = |oracle: &closewait_oracle::Oracle| Descriptor {
        id: oracle.name,
        short_description: message(oracle.meaning),
        help: message(&format!("{} ({})", oracle.meaning, oracle.source)),
        default_configuration: Configuration {
            level: match oracle.level {
                closewait_oracle::Level::Required => "error",
                closewait_oracle::Level::Advised => "warning",
            },
        },
    };
    let behaviour = Descriptor {
        id: BEHAVIOUR,
        short_description: message("the behaviour of a client changed"),
        help: message("a request moved, failed otherwise, or was written more or less often than accepted"),
        default_configuration: Configuration { level: "warning" },
    };
    ORACLES.iter().map(of_oracle).chain([behaviour]).collect()
}

/// The first sentence stands alone; the others follow line by line.
fn outcome(input: &Input<'_>, result: &DecidedResult, lead: &Change) -> Outcome {
    let rule = lead.oracle.as_deref().unwrap_or(BEHAVIOUR);
    let (scenario, client) = (one_line(&result.result.scenario), one_line(&result.result.client));
    let headline = lead.headline();
    let location = input.place(result, &headline).map(|at| Location {
        physical_location: Physical {
            artifact_location: Artifact { uri: uri(at.file) },
            region: Region { start_line: at.line },
        },
    });
    let others = result.others().map(|change| format!("\n- {}", one_line(&change.sentence)));
    let text = format!("{scenario} on {client}: {}{}", one_line(&headline), others.collect::<String>());
    let allowed = if result.level() == Level::Allow { result.rules() } else { Vec::new() };
    let suppression = |rule: &Rule| Suppression { kind: "external", justification: one_line(&rule.reason) };
    Outcome {
        rule_id: rule.to_owned(),
        rule_index: position(rule),
        level: match result.level() {
            Level::Deny => "error",
            Level::Warn => "warning",
            Level::Allow => "note",
        },
        message: Message { text },
        baseline_state: match result.result.state {
            State::Regressed | State::New => "new",
            State::Trade | State::Drifted | State::Same => "updated",
            State::Fixed | State::Gone => "absent",
        },
        locations: location.into_iter().collect(),
        partial_fingerprints: Fingerprints { closewait: format!("{scenario}/{client}/{rule}") },
        suppressions: allowed
            .into_iter()
            .filter(|rule| rule.level == Level::Allow)
            .map(suppression)
            .collect(),
    }
}

fn position(rule: &str) -> Option<usize> {
    if rule == BEHAVIOUR {
        return Some(ORACLES.len());
    }
    ORACLES.iter().position(|oracle| oracle.name == rule)
}

/// A path as a relative URI reference (RFC 3986): everything that is not plain is encoded.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let path = path.strip_prefix("./").unwrap_or(path);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
