//! What the origin does, in plain words.

use closewait_scenario::{
    AfterReply, Alpn, Certificate, Cut, Framing, Handshake, HttpVersion, LastStream, OriginAction, Pings,
    ReadPace, Reply, WindowTarget,
};

use super::{grouped, span};

/// What a step of the origin does, for somebody who reads the script.
pub fn action(action: &OriginAction) -> String {
    match action {
        OriginAction::Reply(answer) => reply(answer),
        OriginAction::Hold { id } => format!("does not answer {id} yet"),
        OriginAction::Send { connection, bytes } => {
            format!("sends on connection {connection}: {}", first_line(bytes))
        }
        OriginAction::Goaway { connection, last_stream, error } => {
            format!("sends GOAWAY {} on connection {connection}, {}", error.name(), last(last_stream))
        }
        OriginAction::ResetStream { id, error, times } => {
            let times = if *times == 1 { String::new() } else { format!(" ({times} times)") };
            format!("resets the stream of {id} with {}{times}", error.name())
        }
        OriginAction::Settings { connection, max_streams, initial_window } => {
            format!(
                "changes settings on connection {connection}: {}",
                settings(*max_streams, *initial_window)
            )
        }
        OriginAction::Ping { connection } => format!("sends PING on connection {connection}"),
        OriginAction::Pings { connection, pings } => format!("{}{}", self::pings(*pings), on(*connection)),
        OriginAction::Window { target, by } => {
            format!("grants {} bytes more to {}", grouped((*by).into()), whose(target))
        }
        OriginAction::Read { connection, pace } => format!("{}{}", reading(*pace), on(*connection)),
        OriginAction::Fin { connection } => format!("half-closes connection {connection} (FIN)"),
        OriginAction::Rst { connection } => format!("resets connection {connection} (RST)"),
        OriginAction::Close { connection } => format!("closes connection {connection}"),
        OriginAction::CloseNotify { connection } => format!("sends close_notify on connection {connection}"),
        OriginAction::Alert { connection, description } => {
            format!("sends the alert {description} on connection {connection}")
        }
        OriginAction::Tls { certificate, alpn, handshake } => tls(*certificate, *alpn, *handshake),
        OriginAction::StopListening => "stops listening".to_owned(),
        OriginAction::Listen => "listens again".to_owned(),
        OriginAction::Crash => "crashes, silently".to_owned(),
        OriginAction::Restart => "restarts, with no memory of its connections".to_owned(),
    }
}

fn reading(pace: ReadPace) -> String {
    match pace {
        ReadPace::Freely => "reads again as it comes".to_owned(),
        ReadPace::Stopped => "reads nothing more".to_owned(),
        ReadPace::Slowly { bytes, every } => {
            format!("reads {} bytes every {}", grouped(bytes.into()), span(every))
        }
    }
}

fn last(last: &LastStream) -> String {
    match last {
        LastStream::Seen => "last stream the highest it has seen".to_owned(),
        LastStream::All => "last stream 2^31-1, more may come".to_owned(),
        LastStream::None => "last stream 0, nothing was processed".to_owned(),
        LastStream::Request(id) => format!("last stream that of {id}"),
        LastStream::Number(number) => format!("last stream {}", grouped((*number).into())),
    }
}

/// What SETTINGS say.
fn settings(max_streams: Option<u32>, initial_window: Option<u32>) -> String {
    let streams = max_streams.map(|most| format!("at most {} at a time", count(most, "stream")));
    let window = initial_window.map(|window| format!("an initial window of {}", count(window, "byte")));
    streams.into_iter().chain(window).collect::<Vec<_>>().join(", ")
}

fn count(number: u32, what: &str) -> String {
    format!("{} {what}{}", grouped(number.into()), if number == 1 { "" } else { "s" })
}

/// What is done about PINGs.
pub fn pings(pings: Pings) -> String {
    match pings {
        Pings::Answer { after } if after.is_zero() => "answers PINGs".to_owned(),
        Pings::Answer { after } => format!("answers PINGs after {}", span(after)),
        Pings::Ignore => "ignores PINGs".to_owned(),
    }
}

fn on(connection: Option<u32>) -> String {
    connection.map(|number| format!(" on connection {number}")).unwrap_or_default()
}

fn whose(target: &WindowTarget) -> String {
    match target {
        WindowTarget::Connection(number) => format!("the window of connection {number}"),
        WindowTarget::Stream(id) => format!("the window of the stream of {id}"),
    }
}

/// The same for a transcript: replies show when they are written, not when they are arranged.
pub fn fault(step: &OriginAction) -> Option<String> {
    match step {
        OriginAction::Reply(_) | OriginAction::Hold { .. } => None,
        other => Some(action(other)),
    }
}

/// The same for what harms: neither what repairs nor what keeps a connection going.
pub fn cause(step: &OriginAction) -> Option<String> {
    let is_harmless = matches!(
        step,
        OriginAction::Listen
            | OriginAction::Ping { .. }
            | OriginAction::Window { .. }
            | OriginAction::Pings { pings: Pings::Answer { .. }, .. }
            | OriginAction::Tls { certificate: None, alpn: None, handshake: Some(Handshake::Answer) }
    );
    if is_harmless { None } else { fault(step) }
}

fn reply(reply: &Reply) -> String {
    let Reply { id, status, .. } = reply;
    let mut words = format!("answers {id} with {status}");
    if reply.version == HttpVersion::Http10 {
        words += " in HTTP/1.0";
    }
    if reply.times != 1 {
        words += &format!(" ({} times)", reply.times);
    }
    for (name, value) in &reply.headers {
        words += &format!(", {name}: {value}");
    }
    words += framing(reply.framing);
    for (name, value) in &reply.trailers {
        words += &format!(", trailer {name}: {value}");
    }
    if reply.early {
        words += ", before the body of the request";
    }
    if !reply.delay.is_zero() {
        words += &format!(", after {}", span(reply.delay));
    }
    if let Some(place) = reply.cut {
        words += &format!(", cut short {}", cut(place));
    }
    if !reply.surplus.is_empty() {
        words += &format!(", followed in the same write by: {}", first_line(&reply.surplus));
    }
    words + &then(reply.then)
}

fn framing(framing: Framing) -> &'static str {
    match framing {
        Framing::Length => "",
        Framing::Chunked => ", chunked",
        Framing::Close => ", its length told by the close",
        Framing::None => ", without a body",
    }
}

fn cut(cut: Cut) -> String {
    match cut {
        Cut::Byte(n) => format!("after {} bytes", grouped(n.into())),
        Cut::StatusLine => "after the status line".to_owned(),
        Cut::Header(n) => format!("inside header {n}"),
        Cut::Head => "after the head".to_owned(),
        Cut::Body(n) => format!("after {} bytes of the body", grouped(n.into())),
        Cut::LastChunk => "before the last chunk".to_owned(),
        Cut::Record(n) => format!("after {} bytes of its record", grouped(n.into())),
    }
}

fn then(then: AfterReply) -> String {
    let words = match then {
        AfterReply::Keep => "",
        AfterReply::Fin => ", then half-closes (FIN)",
        AfterReply::Rst => ", then resets (RST)",
        AfterReply::Close => ", then closes",
        AfterReply::CloseNotify => ", then sends close_notify",
        AfterReply::Goaway(error) => return format!(", then sends GOAWAY {}", error.name()),
        AfterReply::ResetStream(error) => return format!(", then resets the stream with {}", error.name()),
    };
    words.to_owned()
}

fn tls(certificate: Option<Certificate>, alpn: Option<Alpn>, handshake: Option<Handshake>) -> String {
    let certificate = certificate.map(|certificate| match certificate {
        Certificate::Valid => "shows a sound certificate".to_owned(),
        Certificate::Expired => "shows an expired certificate".to_owned(),
        Certificate::WrongHost => "shows the certificate of another host".to_owned(),
        Certificate::UnknownAuthority => "shows a certificate of an unknown authority".to_owned(),
    });
    let alpn = alpn.map(|alpn| match alpn.names() {
        [] => "knows no ALPN".to_owned(),
        names => format!("offers {} by ALPN", names.join(" and ")),
    });
    let handshake = handshake.map(|handshake| match handshake {
        Handshake::Answer => "answers handshakes".to_owned(),
        Handshake::Stall => "leaves handshakes without an answer".to_owned(),
    });
    let parts: Vec<String> = certificate.into_iter().chain(alpn).chain(handshake).collect();
    format!("from now on {}", parts.join(", "))
}

/// The first line of some bytes, with what cannot be printed escaped.
pub fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() && !bytes.is_empty() {
        "an empty line".to_owned()
    } else {
        line.escape_ascii().to_string()
    }
}
