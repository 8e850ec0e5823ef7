//! One step of a script on one line.

use super::Unwritable;
use super::keys::{Keys, bytes, written};
use super::{reply, toml};
use crate::field::Verb;
use crate::grammar::{ALERTS, VERBS, WAIT};
use crate::read::Value;
use crate::{
    Action, Alpn, BodySource, Certificate, ClientAction, Handshake, NatAnswer, NetworkAction, OriginAction,
    Path, Pings, ReadBody, ReadPace, SendRequest, SourceEnd, Step, Until, When, WindowTarget,
};

/// `{ actor = "word", … }`.
pub(super) fn line(step: &Step) -> Result<String, Unwritable> {
    let Step { action, when, may_miss, line: _ } = step;
    if let Action::Wait(time) = action {
        return Ok(toml::table(&[(WAIT.name, toml::string(&toml::duration(*time)))]));
    }
    let Words { actor, word, mut keys } = words(action)?;
    let name = format!("{actor} = \"{word}\"");
    let verb =
        verb(actor, word).ok_or_else(|| Unwritable::key("the script", &name, "there is no such step"))?;
    let timed = verb.fields.iter().any(|field| field.name == "when");
    if timed || *when != When::Now {
        keys.push(("when", (*when != When::Now).then(|| Value::When(when.clone()))));
    }
    if *may_miss || verb.fields.iter().any(|field| field.name == "may_miss") {
        keys.push(("may_miss", Some(Value::Flag(*may_miss))));
    }
    let mut entries = vec![(actor, toml::string(word))];
    entries.extend(written(&name, verb.fields, keys)?);
    Ok(toml::table(&entries))
}

/// Actor and word of every kind of step that has a word, in the order of the grammar.
pub fn step_words() -> impl Iterator<Item = (&'static str, &'static str)> {
    VERBS.iter().map(|verb| (verb.actor, verb.word))
}

impl Step {
    /// Actor and word, as the file has them: `("origin", "fin")`. A `wait` has no word.
    pub fn words(&self) -> (&'static str, &'static str) {
        words(&self.action).map_or(("", ""), |Words { actor, word, .. }| (actor, word))
    }

    /// The connection that it names.
    pub fn connection(&self) -> Option<u32> {
        match self.value("connection")? {
            Value::Count(number) => Some(number),
            _ => None,
        }
    }

    /// The id of the request that it is about.
    pub fn request(&self) -> Option<String> {
        match self.value("id")? {
            Value::Text(id) => Some(id),
            _ => None,
        }
    }

    fn value(&self, key: &str) -> Option<Value> {
        let Words { keys, .. } = words(&self.action).ok()?;
        keys.into_iter().find(|(name, _)| *name == key)?.1
    }
}

struct Words {
    actor: &'static str,
    word: &'static str,
    keys: Keys,
}

fn verb(actor: &str, word: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.actor == actor && verb.word == word)
}

fn words(action: &Action) -> Result<Words, Unwritable> {
    let (actor, (word, keys)) = match action {
        Action::Client(action) => ("client", client(action)),
        Action::Origin(action) => ("origin", origin(action)?),
        Action::Network(action) => ("network", network(action)),
        Action::Until(until) => ("until", self::until(until)),
        Action::Wait(_) => ("wait", ("", Vec::new())),
    };
    Ok(Words { actor, word, keys })
}

fn client(action: &ClientAction) -> (&'static str, Keys) {
    match action {
        ClientAction::Send(request) => ("send", send(request)),
        ClientAction::Cancel { id } => ("cancel", vec![id_of(id)]),
        ClientAction::Read { id } => ("read", vec![id_of(id)]),
        ClientAction::Await { id } => ("await", vec![id_of(id)]),
        ClientAction::Close => ("close", Vec::new()),
        ClientAction::Drop => ("drop", Vec::new()),
    }
}

fn send(request: &SendRequest) -> Keys {
    let SendRequest { id, method, path, headers, body, source, background, deadline, read } = request;
    let BodySource { piece, pause, content_length, end } = source;
    let (fails, stalls) = match end {
        SourceEnd::Complete => (None, None),
        SourceEnd::Fails(after) => (Some(Value::Count(*after)), None),
        SourceEnd::Stalls(after) => (None, Some(Value::Count(*after))),
    };
    let (read, keep) = match read {
        ReadBody::All => (None, false),
        ReadBody::First(bytes) => (Some(Value::Count(*bytes)), false),
        ReadBody::Keep(0) => (None, true),
        ReadBody::Keep(bytes) => (Some(Value::Count(*bytes)), true),
    };
    vec![
        id_of(id),
        ("request", Some(Value::Pair(method.clone(), path.clone()))),
        ("headers", Some(Value::Pairs(headers.clone()))),
        ("body", Some(Value::Count(*body))),
        ("piece", piece.map(Value::Count)),
        ("pause", (!pause.is_zero()).then_some(Value::Time(*pause))),
        ("content_length", Some(Value::Flag(*content_length))),
        ("fails_after", fails),
        ("stalls_after", stalls),
        ("background", Some(Value::Flag(*background))),
        ("deadline", Some(Value::Time(*deadline))),
        ("read", read),
        ("keep", Some(Value::Flag(keep))),
    ]
}

fn origin(action: &OriginAction) -> Result<(&'static str, Keys), Unwritable> {
    Ok(match action {
        OriginAction::Reply(reply) => ("reply", reply::keys(reply)?),
        OriginAction::Hold { id } => ("hold", vec![id_of(id)]),
        OriginAction::Goaway { connection, last_stream, error } => {
            let last = ("last_stream", Some(Value::LastStream(last_stream.clone())));
            ("goaway", vec![on(*connection), last, word("error", error.word())])
        }
        OriginAction::ResetStream { id, error, times } => {
            let times = ("times", Some(Value::Count(*times)));
            ("reset-stream", vec![id_of(id), word("error", error.word()), times])
        }
        OriginAction::Settings { connection, max_streams, initial_window } => {
            let streams = ("max_streams", max_streams.map(Value::Count));
            let window = ("initial_window", initial_window.map(Value::Count));
            ("settings", vec![on(*connection), streams, window])
        }
        OriginAction::Ping { connection } => ("ping", vec![on(*connection)]),
        OriginAction::Pings { connection, pings: Pings::Answer { after } } => {
            let connection = ("connection", connection.map(Value::Count));
            ("answer-pings", vec![connection, ("delay", Some(Value::Time(*after)))])
        }
        OriginAction::Pings { connection, pings: Pings::Ignore } => {
            ("ignore-pings", vec![("connection", connection.map(Value::Count))])
        }
        OriginAction::Window { target, by } => ("window", window(target, *by)),
        OriginAction::Send { connection, bytes } => {
            ("send", vec![on(*connection), ("bytes", Some(self::bytes("bytes", bytes)?))])
        }
        OriginAction::Read { connection, pace } => {
            let on = ("connection", connection.map(Value::Count));
            let (bytes, every) = match pace {
                ReadPace::Stopped => return Ok(("stop-reading", vec![on])),
                ReadPace::Freely => (None, None),
                ReadPace::Slowly { bytes, every } => (Some(Value::Count(*bytes)), Some(Value::Time(*every))),
            };
            ("read", vec![on, ("bytes", bytes), ("every", every)])
        }
        OriginAction::Fin { connection } => ("fin", vec![on(*connection)]),
        OriginAction::Rst { connection } => ("rst", vec![on(*connection)]),
        OriginAction::Close { connection } => ("close", vec![on(*connection)]),
        OriginAction::CloseNotify { connection } => ("close-notify", vec![on(*connection)]),
        OriginAction::Alert { connection, description } => {
            let known = ALERTS.iter().find(|known| *known == description);
            ("alert", vec![on(*connection), ("description", known.map(|known| Value::Word(known)))])
        }
        OriginAction::Tls { certificate, alpn, handshake } => ("tls", terms(*certificate, *alpn, *handshake)),
        OriginAction::StopListening => ("stop-listening", Vec::new()),
        OriginAction::Listen => ("listen", Vec::new()),
        OriginAction::Crash => ("crash", Vec::new()),
        OriginAction::Restart => ("restart", Vec::new()),
    })
}

/// What the handshakes of the origin meet.
pub(super) fn terms(
    certificate: Option<Certificate>,
    alpn: Option<Alpn>,
    handshake: Option<Handshake>,
) -> Keys {
    let handshake = handshake.map(|handshake| match handshake {
        Handshake::Answer => "answer",
        Handshake::Stall => "stall",
    });
    vec![
        ("certificate", certificate.map(|certificate| Value::Word(certificate.word()))),
        ("alpn", alpn.map(|alpn| Value::Word(alpn.word()))),
        ("handshake", handshake.map(Value::Word)),
    ]
}

fn window(target: &WindowTarget, by: u32) -> Keys {
    let (id, connection) = match target {
        WindowTarget::Stream(id) => (Some(Value::Text(id.clone())), None),
        WindowTarget::Connection(number) => (None, Some(Value::Count(*number))),
    };
    vec![("id", id), ("connection", connection), ("by", Some(Value::Count(by)))]
}

fn network(action: &NetworkAction) -> (&'static str, Keys) {
    match action {
        NetworkAction::Drop { path, packets } => {
            ("drop", along(path, vec![("packets", packets.map(Value::Count))]))
        }
        NetworkAction::Heal { path } => ("heal", along(path, Vec::new())),
        NetworkAction::Delay { path, by, packets } => {
            let keys = vec![("by", Some(Value::Time(*by))), ("packets", packets.map(Value::Count))];
            ("delay", along(path, keys))
        }
        NetworkAction::Duplicate { path, by, packets } => {
            let keys = vec![("by", Some(Value::Time(*by))), ("packets", Some(Value::Count(*packets)))];
            ("duplicate", along(path, keys))
        }
        NetworkAction::Forget { connection, answer } => {
            let answer = match answer {
                NatAnswer::Rst => "rst",
                NatAnswer::Silence => "silence",
            };
            ("forget", vec![on(*connection), ("answer", Some(Value::Word(answer)))])
        }
        NetworkAction::Rst { connection, direction } => {
            let way = direction.map(|way| Value::Word(toml::direction(way)));
            ("rst", vec![on(*connection), ("direction", way)])
        }
    }
}

fn along(path: &Path, mut keys: Keys) -> Keys {
    let Path { connection, direction } = path;
    keys.push(("connection", connection.map(Value::Count)));
    keys.push(("direction", direction.map(|way| Value::Word(toml::direction(way)))));
    keys
}

fn until(until: &Until) -> (&'static str, Keys) {
    match until {
        Until::Arrived => ("arrived", Vec::new()),
        Until::Delivered => ("delivered", Vec::new()),
        Until::Received { id } => ("received", vec![id_of(id)]),
    }
}

fn id_of(id: &str) -> (&'static str, Option<Value>) {
    ("id", Some(Value::Text(id.to_owned())))
}

fn word(key: &'static str, word: &'static str) -> (&'static str, Option<Value>) {
    (key, Some(Value::Word(word)))
}

fn on(connection: u32) -> (&'static str, Option<Value>) {
    ("connection", Some(Value::Count(connection)))
}
