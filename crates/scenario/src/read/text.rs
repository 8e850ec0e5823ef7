//! The whole of a scenario file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::flow;
use super::keys::{Form, Record};
use super::problems::Problems;
use super::protocol;
use super::script::{self, Lines, Scripted};
use super::values::type_name;
use crate::field::Table;
use crate::grammar::{CLIENT, EXPECTATION, NETWORK, ORIGIN, TOP};
use crate::{
    ClientSettings, ConnectionKind, Expectation, Invalid, NetworkSettings, OriginSettings, Pings, Protocol,
    Scenario,
};

/// Longer texts are refused unread.
const LONGEST: usize = 256 * 1024;

/// Reads a scenario. `id` is taken as it is; `path` is only what the errors call the text.
///
/// # Errors
///
/// Everything that is wrong with the text, not only the first. Errors of TOML itself come alone, and the sense
/// of the script is judged only when each of its steps could be read.
pub fn parse(id: &str, path: &str, text: &str) -> Result<Scenario, Invalid> {
    let mut problems = Problems::default();
    let scenario = read(id, text, &mut problems);
    match scenario {
        Some(scenario) if problems.is_empty() => Ok(scenario),
        _ => {
            if problems.is_empty() {
                problems
                    .add(0..0, "this file cannot be read, for a reason that got lost")
                    .help("this is a bug in closewait: please report it with the file");
            }
            Err(problems.into_invalid(path, text))
        }
    }
}

fn read(id: &str, text: &str, problems: &mut Problems) -> Option<Scenario> {
    if text.len() > LONGEST {
        problems
            .add(
                0..0,
                format!(
                    "the file is {} KiB long; at most {} KiB are read",
                    text.len().div_ceil(1024),
                    LONGEST / 1024
                ),
            )
            .help("a scenario is one situation: split it into several files");
        return None;
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        report_toml(&errors, text, problems);
        return None;
    }
    let top = section(&TOP, root.get_ref(), 0..0, problems);
    let protocol = top.get("protocol").map_or(Protocol::Http1, protocol_of);
    let client = client(&top, protocol, problems);
    let origin = origin(&top, protocol, problems);
    let network = network(&top, problems);
    let expect = expectations(&top, problems);
    let script = top.raw("script").and_then(|raw| script::read(raw, text, protocol, problems));
    if let Some(script) = &script {
        let setting = flow::Setting {
            protocol,
            client: &client,
            origin: &origin,
            expect: &expect,
            span: top.span_of("script"),
        };
        flow::check(script, &setting, problems);
    }
    Some(Scenario {
        id: id.to_owned(),
        title: top.get("title")?,
        about: top.get("about")?,
        sources: top.get("sources")?,
        signatures: top.get("signature").unwrap_or_default(),
        protocol,
        client,
        origin,
        network,
        script: script?.into_iter().map(Scripted::into_step).collect(),
        expect: expect.into_iter().map(|(id, expected)| (id, expected.expectation)).collect(),
    })
}

/// Errors of TOML itself. One mistake often makes several on a line: the first of them says it best.
fn report_toml(errors: &[toml::de::Error], text: &str, problems: &mut Problems) {
    let lines = Lines::of(text);
    let mut seen = BTreeSet::new();
    for error in errors {
        let span = error.span().unwrap_or(text.len()..text.len());
        if seen.insert(lines.number(span.start)) {
            problems.add(span, format!("this is not TOML: {}", error.message()));
        }
    }
}

fn section<'t>(
    grammar: &'static Table,
    table: &'t DeTable<'t>,
    span: Range<usize>,
    problems: &mut Problems,
) -> Record<'t> {
    Record::read(&Form { name: grammar.name, fields: grammar.fields, known: None }, table, span, problems)
}

/// A section of the top level, if the file has it.
fn subsection<'t>(
    top: &Record<'t>,
    name: &str,
    grammar: &'static Table,
    problems: &mut Problems,
) -> Option<Record<'t>> {
    match top.raw(name)?.get_ref() {
        DeValue::Table(table) => Some(section(grammar, table, top.span_of(name), problems)),
        _ => None,
    }
}

fn client(top: &Record, protocol: Protocol, problems: &mut Problems) -> ClientSettings {
    let Some(record) = subsection(top, "client", &CLIENT, problems) else { return ClientSettings::default() };
    protocol::check_client(&record, protocol, problems);
    ClientSettings {
        idle_timeout: record.get("idle_timeout"),
        max_idle: record.get("max_idle"),
        max_connections: record.get("max_connections"),
        connect_timeout: record.get("connect_timeout"),
        read_timeout: record.get("read_timeout"),
        ping_interval: record.get("ping_interval"),
        ping_timeout: record.get("ping_timeout"),
        ping_while_idle: record.get("ping_while_idle").unwrap_or_default(),
        stream_window: record.get("stream_window"),
        connection_window: record.get("connection_window"),
    }
}

fn origin(top: &Record, protocol: Protocol, problems: &mut Problems) -> OriginSettings {
    let Some(record) = subsection(top, "origin", &ORIGIN, problems) else { return OriginSettings::default() };
    protocol::check_origin(&record, protocol, problems);
    for key in ["certificate", "alpn", "handshake"] {
        if record.says(key) && !protocol.is_tls() {
            flow::tls::needs_tls(record.span_of(key), &format!("`{key}`"), protocol, problems);
        }
    }
    let ignores = record.get("pings") == Some("ignore");
    let after: Duration = record.get("ping_delay").unwrap_or_default();
    OriginSettings {
        idle_timeout: record.get("idle_timeout"),
        max_streams: record.get("max_streams"),
        initial_window: record.get("initial_window"),
        pings: if ignores { Pings::Ignore } else { Pings::Answer { after } },
        certificate: record.get("certificate").unwrap_or_default(),
        alpn: record.get("alpn"),
        handshake: record.get("handshake").unwrap_or_default(),
    }
}

fn network(top: &Record, problems: &mut Problems) -> NetworkSettings {
    let default = NetworkSettings::default();
    let Some(record) = subsection(top, "network", &NETWORK, problems) else { return default };
    let both = record.get("latency");
    for one_way in ["latency_to_origin", "latency_to_client"] {
        if both.is_some() && record.says(one_way) {
            problems
                .add(record.span_of(one_way), format!("`latency` has set `{one_way}` before"))
                .help("keep `latency` for both ways, or say each way by itself");
        }
    }
    NetworkSettings {
        latency_to_origin: record.get("latency_to_origin").or(both).unwrap_or(default.latency_to_origin),
        latency_to_client: record.get("latency_to_client").or(both).unwrap_or(default.latency_to_client),
        send_buffer: record.get("send_buffer").unwrap_or(default.send_buffer),
        receive_buffer: record.get("receive_buffer").unwrap_or(default.receive_buffer),
    }
}

fn expectations(top: &Record, problems: &mut Problems) -> BTreeMap<String, flow::Expected> {
    let mut expect = BTreeMap::new();
    let Some(DeValue::Table(table)) = top.raw("expect").map(Spanned::get_ref) else { return expect };
    for (id, raw) in table {
        let DeValue::Table(entry) = raw.get_ref() else {
            problems
                .add(raw.span(), format!("an expectation is a table, not {}", type_name(raw.get_ref())))
                .help("write e.g. { outcome = \"200\", connection = \"fresh\" }");
            continue;
        };
        let record = section(&EXPECTATION, entry, raw.span(), problems);
        if entry.is_empty() {
            problems
                .add(raw.span(), "this expectation says nothing")
                .help("give it an `outcome`, a `connection` or both");
        }
        let expectation = Expectation {
            outcome: record.get("outcome").unwrap_or_default(),
            connection: record.get("connection").map(connection_kind),
        };
        let expected = flow::Expected { expectation, key: id.span(), outcome: record.span_of("outcome") };
        expect.insert(id.get_ref().to_string(), expected);
    }
    expect
}

fn protocol_of(word: &str) -> Protocol {
    let named = Protocol::ALL.into_iter().find(|(_, name)| *name == word);
    named.map_or(Protocol::Http1, |(protocol, _)| protocol)
}

fn connection_kind(word: &str) -> ConnectionKind {
    if word == "fresh" { ConnectionKind::Fresh } else { ConnectionKind::Reused }
}
