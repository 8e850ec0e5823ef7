//! Connection numbers: what the script can have opened by then, and what the origin can still do to it.
//!
//! How many connections there will be depends on the client. The most that a script can cause: one for each request
//! sent, and one more for each step that may cost the client a connection or an attempt, since it may dial again.

use std::collections::BTreeMap;

use super::{Problems, Scripted};
use crate::{Action, AfterReply, ClientAction, NetworkAction, OriginAction, Path, When, WindowTarget};

pub(super) fn check(script: &[Scripted], problems: &mut Problems) {
    let most_ever: u32 = script.iter().map(most_opened).fold(0, u32::saturating_add);
    let mut by_now = 0u32;
    let mut ended = BTreeMap::new();
    for step in script {
        if let Some(place) = place(step) {
            check_opened(step, &place, if place.later { most_ever } else { by_now }, problems);
        }
        check_when(step, most_ever, problems);
        check_end(step, &mut ended, problems);
        by_now = by_now.saturating_add(most_opened(step));
    }
}

/// How many connections the client may open because of a step.
fn most_opened(step: &Scripted) -> u32 {
    match &step.action {
        Action::Client(ClientAction::Send(_)) => 1,
        Action::Origin(
            OriginAction::Hold { .. }
            | OriginAction::Listen
            | OriginAction::Restart
            | OriginAction::Tls { .. },
        ) => 0,
        Action::Origin(OriginAction::ResetStream { times, .. }) => *times,
        Action::Origin(OriginAction::Reply(reply)) => {
            let harmless = reply.then == AfterReply::Keep && reply.cut.is_none();
            if harmless && reply.status < 400 && reply.headers.is_empty() { 0 } else { reply.times }
        }
        Action::Origin(_) => 1,
        Action::Network(NetworkAction::Heal { .. }) => 0,
        Action::Network(_) => 1,
        _ => 0,
    }
}

/// Which connection a step is about.
struct Place {
    number: u32,
    /// Whether the connection may be opened after the step's turn.
    later: bool,
}

fn place(step: &Scripted) -> Option<Place> {
    let timed = step.when != When::Now;
    let (number, rule) = match &step.action {
        Action::Origin(
            OriginAction::Send { connection, .. }
            | OriginAction::Goaway { connection, .. }
            | OriginAction::Settings { connection, .. }
            | OriginAction::Ping { connection }
            | OriginAction::Window { target: WindowTarget::Connection(connection), .. }
            | OriginAction::Fin { connection }
            | OriginAction::Rst { connection }
            | OriginAction::CloseNotify { connection }
            | OriginAction::Alert { connection, .. }
            | OriginAction::Close { connection },
        ) => (*connection, false),
        Action::Origin(OriginAction::Pings { connection, .. } | OriginAction::Read { connection, .. }) => {
            ((*connection)?, true)
        }
        Action::Network(NetworkAction::Forget { connection, .. } | NetworkAction::Rst { connection, .. }) => {
            (*connection, false)
        }
        Action::Network(
            NetworkAction::Drop { path: Path { connection, .. }, .. }
            | NetworkAction::Heal { path: Path { connection, .. } }
            | NetworkAction::Delay { path: Path { connection, .. }, .. }
            | NetworkAction::Duplicate { path: Path { connection, .. }, .. },
        ) => ((*connection)?, true),
        _ => return None,
    };
    Some(Place { number, later: timed || rule })
}

fn check_opened(step: &Scripted, place: &Place, most: u32, problems: &mut Problems) {
    if place.number <= most {
        return;
    }
    let span = step.span_of("connection");
    if place.later {
        problems
            .add(span, format!("the script never opens connection {}", place.number))
            .help(at_most(most, ""));
    } else if most == 0 {
        problems
            .add(span, format!("connection {} is not open yet", place.number))
            .help("a connection is opened by a request: move this step below a `send`, or give it a `when`");
    } else {
        problems
            .add(span, format!("the script cannot have opened connection {} by now", place.number))
            .help(at_most(most, " before this step"));
    }
}

fn check_when(step: &Scripted, most: u32, problems: &mut Problems) {
    if let When::Packet { connection, .. } = step.when
        && connection > most
    {
        problems
            .add(step.span_of("when"), format!("the script never opens connection {connection}"))
            .help(at_most(most, ""));
    }
}

fn at_most(most: u32, until: &str) -> String {
    let connections = if most == 1 { "connection" } else { "connections" };
    format!("its requests and faults can open at most {most} {connections}{until}")
}

/// What the origin did to its end of a connection, and on which line.
struct End {
    line: usize,
    half: bool,
}

/// The origin ends a connection once; after a half-close it can still abort or close it.
fn check_end(step: &Scripted, ended: &mut BTreeMap<u32, End>, problems: &mut Problems) {
    let Action::Origin(action) = &step.action else { return };
    let (connection, half, writes) = match action {
        OriginAction::Send { connection, .. }
        | OriginAction::Goaway { connection, .. }
        | OriginAction::Settings { connection, .. }
        | OriginAction::Ping { connection }
        | OriginAction::Window { target: WindowTarget::Connection(connection), .. } => {
            (*connection, false, true)
        }
        OriginAction::Fin { connection } => (*connection, true, true),
        OriginAction::Rst { connection } | OriginAction::Close { connection } => (*connection, false, false),
        _ => return,
    };
    if step.when != When::Now {
        return;
    }
    match ended.get(&connection) {
        Some(end) if end.half && writes => problems
            .add(
                step.span_of("origin"),
                format!("the origin has sent its FIN on connection {connection} on line {}", end.line),
            )
            .help("after FIN it can send nothing; it can still `rst` or `close`"),
        Some(end) if !end.half => problems
            .add(
                step.span_of("origin"),
                format!("the origin has given up connection {connection} on line {}", end.line),
            )
            .help("remove one of the two steps"),
        _ if writes && !half => {}
        _ => drop(ended.insert(connection, End { line: step.line, half })),
    }
}
