//! From checked keys to the actions of the model.

use super::keys::Record;
use super::problems::Problems;
use super::{reply, upload};
use crate::field::Verb;
use crate::{
    Action, ClientAction, Direction, NatAnswer, NetworkAction, OriginAction, Path, Pings, ReadBody, ReadPace,
    SendRequest, Until, WindowTarget,
};

/// `None` if a key that nothing can stand in for is missing or wrong; that was reported before.
pub(super) fn action(verb: &Verb, record: &Record, problems: &mut Problems) -> Option<Action> {
    Some(match verb.actor {
        "client" => Action::Client(client(verb.word, record, problems)?),
        "origin" => Action::Origin(origin(verb.word, record, problems)?),
        "network" => Action::Network(network(verb.word, record)?),
        _ => Action::Until(until(verb.word, record)?),
    })
}

fn client(word: &str, record: &Record, problems: &mut Problems) -> Option<ClientAction> {
    Some(match word {
        "send" => ClientAction::Send(send(record, problems)?),
        "cancel" => ClientAction::Cancel { id: record.get("id")? },
        "read" => ClientAction::Read { id: record.get("id")? },
        "await" => ClientAction::Await { id: record.get("id")? },
        "close" => ClientAction::Close,
        "drop" => ClientAction::Drop,
        _ => return None,
    })
}

fn send(record: &Record, problems: &mut Problems) -> Option<SendRequest> {
    let (method, path) = record.get("request")?;
    let headers: Vec<(String, String)> = record.get("headers")?;
    check_headers(&headers, record, problems);
    Some(SendRequest {
        id: record.get("id")?,
        method,
        path,
        headers,
        body: record.get("body")?,
        source: upload::source(record, problems)?,
        background: record.get("background")?,
        deadline: record.get("deadline")?,
        read: read(record)?,
    })
}

/// Where the body of a request ends is for the client to say (RFC 9112 section 6.3).
fn check_headers(headers: &[(String, String)], record: &Record, problems: &mut Problems) {
    let is_own = |name: &str| {
        ["content-length", "transfer-encoding"].into_iter().find(|own| own.eq_ignore_ascii_case(name))
    };
    for own in headers.iter().filter_map(|(name, _)| is_own(name)) {
        problems
            .add(record.span_of("headers"), format!("the client itself sends the header `{own}`"))
            .help("say `body = N` for a body of that length, and `content_length = false` for one in chunks");
    }
}

fn read(record: &Record) -> Option<ReadBody> {
    let bytes = record.get("read");
    Some(match record.get("keep")? {
        true => ReadBody::Keep(bytes.unwrap_or(0)),
        false => bytes.map_or(ReadBody::All, ReadBody::First),
    })
}

fn origin(word: &str, record: &Record, problems: &mut Problems) -> Option<OriginAction> {
    let connection = record.get("connection");
    Some(match word {
        "reply" => OriginAction::Reply(reply::read(record, problems)?),
        "hold" => OriginAction::Hold { id: record.get("id")? },
        "send" => {
            OriginAction::Send { connection: connection?, bytes: record.get::<String>("bytes")?.into_bytes() }
        }
        "goaway" => OriginAction::Goaway {
            connection: connection?,
            last_stream: record.get("last_stream")?,
            error: record.get("error")?,
        },
        "reset-stream" => OriginAction::ResetStream {
            id: record.get("id")?,
            error: record.get("error")?,
            times: record.get("times")?,
        },
        "settings" => settings(record, connection?, problems),
        "ping" => OriginAction::Ping { connection: connection? },
        "answer-pings" => {
            OriginAction::Pings { connection, pings: Pings::Answer { after: record.get("delay")? } }
        }
        "ignore-pings" => OriginAction::Pings { connection, pings: Pings::Ignore },
        "window" => OriginAction::Window { target: window(record, problems)?, by: record.get("by")? },
        "stop-reading" => OriginAction::Read { connection, pace: ReadPace::Stopped },
        "read" => OriginAction::Read { connection, pace: pace(record, problems) },
        "fin" => OriginAction::Fin { connection: connection? },
        "rst" => OriginAction::Rst { connection: connection? },
        "close" => OriginAction::Close { connection: connection? },
        "close-notify" => OriginAction::CloseNotify { connection: connection? },
        "alert" => {
            let description: &str = record.get("description")?;
            OriginAction::Alert { connection: connection?, description: description.to_owned() }
        }
        "tls" => OriginAction::Tls {
            certificate: record.get("certificate"),
            alpn: record.get("alpn"),
            handshake: record.get("handshake"),
        },
        "stop-listening" => OriginAction::StopListening,
        "listen" => OriginAction::Listen,
        "crash" => OriginAction::Crash,
        "restart" => OriginAction::Restart,
        _ => return None,
    })
}

fn settings(record: &Record, connection: u32, problems: &mut Problems) -> OriginAction {
    let (max_streams, initial_window) = (record.get("max_streams"), record.get("initial_window"));
    if max_streams.is_none() && initial_window.is_none() {
        problems
            .add(record.span.clone(), "these settings change nothing")
            .help("give them `max_streams`, `initial_window` or both");
    }
    OriginAction::Settings { connection, max_streams, initial_window }
}

/// Both keys, or neither.
fn pace(record: &Record, problems: &mut Problems) -> ReadPace {
    match (record.get("bytes"), record.get("every")) {
        (Some(bytes), Some(every)) => ReadPace::Slowly { bytes, every },
        (None, None) => ReadPace::Freely,
        (bytes, _) => {
            let (said, lacking) = if bytes.is_some() { ("bytes", "every") } else { ("every", "bytes") };
            problems
                .add(record.span_of(said), format!("`{said}` says nothing without `{lacking}`"))
                .help(format!("add `{lacking}`, or remove `{said}` to read as it comes"));
            ReadPace::Freely
        }
    }
}

fn window(record: &Record, problems: &mut Problems) -> Option<WindowTarget> {
    match (record.get("id"), record.get("connection")) {
        (Some(id), None) => Some(WindowTarget::Stream(id)),
        (None, Some(connection)) => Some(WindowTarget::Connection(connection)),
        (one, _) => {
            let message = match one {
                Some(_) => "a window is that of a stream or that of a connection, not both",
                None => "this does not say whose window grows",
            };
            problems
                .add(record.span.clone(), message)
                .help("give the `id` of a request, or the number of a `connection`");
            None
        }
    }
}

fn network(word: &str, record: &Record) -> Option<NetworkAction> {
    let direction: Option<Direction> = record.get("direction");
    let connection = record.get("connection");
    let path = Path { connection, direction };
    Some(match word {
        "drop" => NetworkAction::Drop { path, packets: record.get("packets") },
        "heal" => NetworkAction::Heal { path },
        "delay" => NetworkAction::Delay { path, by: record.get("by")?, packets: record.get("packets") },
        "duplicate" => {
            NetworkAction::Duplicate { path, by: record.get("by")?, packets: record.get("packets")? }
        }
        "forget" => NetworkAction::Forget { connection: connection?, answer: answer(record.get("answer")?) },
        "rst" => NetworkAction::Rst { connection: connection?, direction },
        _ => return None,
    })
}

fn answer(word: &str) -> NatAnswer {
    if word == "rst" { NatAnswer::Rst } else { NatAnswer::Silence }
}

fn until(word: &str, record: &Record) -> Option<Until> {
    Some(match word {
        "arrived" => Until::Arrived,
        "delivered" => Until::Delivered,
        "received" => Until::Received { id: record.get("id")? },
        _ => return None,
    })
}
