//! What only TLS has, and what it forbids.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Problems, Scripted};
use crate::{Action, AfterReply, Cut, OriginAction, Protocol, When};

pub(super) fn check(script: &[Scripted], protocol: Protocol, problems: &mut Problems) {
    for step in script {
        match only_tls(step) {
            Some((key, what)) if !protocol.is_tls() => {
                needs_tls(step.span_of(key), what, protocol, problems);
            }
            _ => {}
        }
        check_change(step, problems);
    }
    check_end_of_data(script, problems);
}

/// The part of a step that makes sense under TLS only, and the key that says it.
fn only_tls(step: &Scripted) -> Option<(&'static str, &'static str)> {
    let Action::Origin(action) = &step.action else { return None };
    match action {
        OriginAction::CloseNotify { .. } => Some(("origin", "`close-notify`")),
        OriginAction::Alert { .. } => Some(("origin", "`alert`")),
        OriginAction::Tls { .. } => Some(("origin", "`tls`")),
        OriginAction::Reply(reply) if reply.then == AfterReply::CloseNotify => {
            Some(("then", "`close-notify`"))
        }
        OriginAction::Reply(reply) if matches!(reply.cut, Some(Cut::Record(_))) => {
            Some(("cut", "a cut inside a record"))
        }
        _ => None,
    }
}

/// Reports a word that means nothing without TLS.
pub(in crate::read) fn needs_tls(
    span: Range<usize>,
    what: &str,
    protocol: Protocol,
    problems: &mut Problems,
) {
    let secured = if protocol.is_http2() { Protocol::Https2 } else { Protocol::Https1 };
    problems
        .add(span, format!("{what} is part of TLS, and the protocol is {}", protocol.word()))
        .help(format!("write protocol = \"{}\"", secured.word()));
}

fn check_change(step: &Scripted, problems: &mut Problems) {
    let nothing =
        Action::Origin(OriginAction::Tls { certificate: None, alpn: None, handshake: None }) == step.action;
    if nothing {
        problems
            .add(step.span_of("origin"), "this step changes nothing")
            .help("say what changes: `certificate`, `alpn` or `handshake`");
    }
}

/// After close_notify or an alert an origin can still end the connection, but it has nothing more to say on it.
fn check_end_of_data(script: &[Scripted], problems: &mut Problems) {
    let mut silent: BTreeMap<u32, usize> = BTreeMap::new();
    for step in script.iter().filter(|step| step.when == When::Now) {
        let Action::Origin(action) = &step.action else { continue };
        let (connection, ends) = match action {
            OriginAction::CloseNotify { connection } | OriginAction::Alert { connection, .. } => {
                (*connection, true)
            }
            OriginAction::Send { connection, .. } => (*connection, false),
            _ => continue,
        };
        if let Some(line) = silent.get(&connection) {
            problems
                .add(
                    step.span_of("origin"),
                    format!("the origin has said on line {line} that it sends nothing more on connection {connection}"),
                )
                .help("it can still `fin`, `rst` or `close`");
        } else if ends {
            silent.insert(connection, step.line);
        }
    }
}
