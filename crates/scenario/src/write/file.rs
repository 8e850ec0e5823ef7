//! The whole of a scenario file.

use std::time::Duration;

use super::Unwritable;
use super::keys::{Keys, written};
use super::{step, toml};
use crate::field::Table;
use crate::grammar::{CLIENT, EXPECTATION, NETWORK, ORIGIN, TOP};
use crate::read::Value;
use crate::{
    ClientSettings, ConnectionKind, Expectation, NetworkSettings, OriginSettings, Pings, Protocol, Scenario,
    Step,
};

/// The text of a scenario file that reads as this scenario: what is as by default is left out. The lines of
/// the steps are those of the text, whatever they were.
///
/// # Errors
/// If the scenario has what no file can say: bytes that are no text, or a key that this writer does not know.
pub fn write(scenario: &Scenario) -> Result<String, Unwritable> {
    let Scenario {
        id: _,
        title,
        about,
        sources,
        signatures,
        protocol,
        client,
        origin,
        network,
        script,
        expect,
    } = scenario;
    let mut blocks = Vec::new();
    for field in TOP.fields {
        let name = field.name;
        blocks.extend(match name {
            "title" => Some(entry(name, &toml::string(title))),
            "about" => Some(entry(name, &toml::paragraph(about))),
            "sources" => Some(entry(name, &toml::lines(sources))),
            "signature" => signature(signatures).map(|text| entry(name, &text)),
            "protocol" => (*protocol != Protocol::Http1).then(|| entry(name, &toml::string(protocol.word()))),
            "script" => Some(entry(name, &self::script(script)?)),
            "client" => section(name, &CLIENT, self::client(client))?,
            "origin" => section(name, &ORIGIN, self::origin(origin))?,
            "network" => section(name, &NETWORK, self::network(network))?,
            "expect" => expectations(name, expect)?,
            unknown => return Err(Unwritable::key(TOP.name, unknown, "the writer does not know this key")),
        });
    }
    Ok(format!("#:schema ../../docs/scenario.schema.json\n{}", blocks.concat()))
}

fn entry(name: &str, value: &str) -> String {
    format!("{name} = {value}\n")
}

fn signature(signatures: &[String]) -> Option<String> {
    match signatures {
        [] => None,
        [one] => Some(toml::string(one)),
        several => Some(toml::lines(several)),
    }
}

fn script(script: &[Step]) -> Result<String, Unwritable> {
    let mut text = "[\n".to_owned();
    for step in script {
        text += &format!("  {},\n", step::line(step)?);
    }
    Ok(text + "]")
}

/// A section, unless it says nothing.
fn section(name: &str, grammar: &'static Table, keys: Keys) -> Result<Option<String>, Unwritable> {
    let entries = written(grammar.name, grammar.fields, keys)?;
    let lines: String = entries.iter().map(|(key, value)| entry(key, value)).collect();
    Ok((!entries.is_empty()).then(|| format!("\n[{name}]\n{lines}")))
}

fn client(settings: &ClientSettings) -> Keys {
    let ClientSettings {
        idle_timeout,
        max_idle,
        max_connections,
        connect_timeout,
        read_timeout,
        ping_interval,
        ping_timeout,
        ping_while_idle,
        stream_window,
        connection_window,
    } = settings;
    vec![
        ("idle_timeout", idle_timeout.map(Value::Time)),
        ("max_idle", max_idle.map(Value::Count)),
        ("max_connections", max_connections.map(Value::Count)),
        ("connect_timeout", connect_timeout.map(Value::Time)),
        ("read_timeout", read_timeout.map(Value::Time)),
        ("ping_interval", ping_interval.map(Value::Time)),
        ("ping_timeout", ping_timeout.map(Value::Time)),
        ("ping_while_idle", Some(Value::Flag(*ping_while_idle))),
        ("stream_window", stream_window.map(Value::Count)),
        ("connection_window", connection_window.map(Value::Count)),
    ]
}

fn origin(settings: &OriginSettings) -> Keys {
    let OriginSettings { idle_timeout, max_streams, initial_window, pings, certificate, alpn, handshake } =
        settings;
    let (word, delay) = match pings {
        Pings::Answer { after } => ("answer", Some(Value::Time(*after))),
        Pings::Ignore => ("ignore", None),
    };
    let default = OriginSettings::default();
    let certificate = Some(*certificate).filter(|certificate| *certificate != default.certificate);
    let handshake = Some(*handshake).filter(|handshake| *handshake != default.handshake);
    let mut keys = vec![
        ("idle_timeout", idle_timeout.map(Value::Time)),
        ("max_streams", max_streams.map(Value::Count)),
        ("initial_window", initial_window.map(Value::Count)),
        ("pings", Some(Value::Word(word))),
        ("ping_delay", delay),
    ];
    keys.extend(step::terms(certificate, *alpn, handshake));
    keys
}

fn network(settings: &NetworkSettings) -> Keys {
    let NetworkSettings { latency_to_origin, latency_to_client, send_buffer, receive_buffer } = settings;
    let default = NetworkSettings::default();
    let unless = |value: Duration, default: Duration| (value != default).then_some(Value::Time(value));
    let to_origin = unless(*latency_to_origin, default.latency_to_origin);
    let to_client = unless(*latency_to_client, default.latency_to_client);
    let (both, to_origin, to_client) =
        if to_origin == to_client { (to_origin, None, None) } else { (None, to_origin, to_client) };
    vec![
        ("latency", both),
        ("latency_to_origin", to_origin),
        ("latency_to_client", to_client),
        ("send_buffer", Some(Value::Count(*send_buffer))),
        ("receive_buffer", Some(Value::Count(*receive_buffer))),
    ]
}

fn expectations<'a>(
    name: &str,
    expect: impl IntoIterator<Item = (&'a String, &'a Expectation)>,
) -> Result<Option<String>, Unwritable> {
    let mut lines = String::new();
    for (id, expectation) in expect {
        let entries = written(EXPECTATION.name, EXPECTATION.fields, self::expectation(expectation))?;
        lines += &entry(id, &toml::table(&entries));
    }
    Ok((!lines.is_empty()).then(|| format!("\n[{name}]\n{lines}")))
}

fn expectation(expectation: &Expectation) -> Keys {
    let Expectation { outcome, connection } = expectation;
    let kind = |kind: &ConnectionKind| match kind {
        ConnectionKind::Fresh => Value::Word("fresh"),
        ConnectionKind::Reused => Value::Word("reused"),
    };
    vec![
        ("outcome", (!outcome.is_empty()).then(|| Value::Texts(outcome.clone()))),
        ("connection", connection.as_ref().map(kind)),
    ]
}
