//! One step of a script as a sentence.

use closewait_scenario::{
    Action, BodySource, ClientAction, DEFAULT_DEADLINE, Direction, NatAnswer, NetworkAction, Path, ReadBody,
    SendRequest, SourceEnd, Step, Until, When,
};

use super::{grouped, origin, span};

/// What a step does, and when, for somebody who reads the script.
pub fn step(step: &Step) -> String {
    let what = match &step.action {
        Action::Client(action) => client(action),
        Action::Origin(action) => format!("origin: {}", origin::action(action)),
        Action::Network(action) => format!("network: {}", network(action)),
        Action::Wait(duration) => format!("wait {}", span(*duration)),
        Action::Until(until) => format!("wait until {}", awaited(until)),
    };
    what + &when(&step.when)
}

/// What the origin or the network is told to do, for a transcript. `None` for steps that show in
/// what follows from them: those of the application and the clock, and arranged replies.
pub fn fault(action: &Action) -> Option<String> {
    match action {
        Action::Origin(action) => origin::fault(action).map(|words| format!("origin: {words}")),
        Action::Network(action) => Some(format!("network: {}", network(action))),
        Action::Client(_) | Action::Wait(_) | Action::Until(_) => None,
    }
}

/// What a step does to a client, as the cause of what follows. `None` for what only repairs, or tells the client of it.
pub fn cause(action: &Action) -> Option<String> {
    match action {
        Action::Origin(action) => origin::cause(action).map(|words| format!("the origin {words}")),
        Action::Network(NetworkAction::Heal { .. }) => None,
        Action::Network(by_middlebox @ (NetworkAction::Forget { .. } | NetworkAction::Rst { .. })) => {
            Some(network(by_middlebox))
        }
        Action::Network(action) => Some(format!("the network {}", network(action))),
        Action::Client(_) | Action::Wait(_) | Action::Until(_) => None,
    }
}

fn when(when: &When) -> String {
    match when {
        When::Now => String::new(),
        When::After(delay) => format!(", {} later", span(*delay)),
        When::Packet { n, connection, direction } => {
            format!(", as segment {n} of connection {connection} leaves {}", towards(*direction))
        }
    }
}

fn client(action: &ClientAction) -> String {
    match action {
        ClientAction::Send(request) => send(request),
        ClientAction::Cancel { id } => format!("application: cancels {id}"),
        ClientAction::Read { id } => format!("application: reads on in the answer of {id}"),
        ClientAction::Await { id } => format!("application: waits for the outcome of {id}"),
        ClientAction::Close => "application: closes the client".to_owned(),
        ClientAction::Drop => "application: drops the client".to_owned(),
    }
}

fn send(request: &SendRequest) -> String {
    let mut words = format!("application: sends {} ({} {})", request.id, request.method, request.path);
    for (name, value) in &request.headers {
        words += &format!(", {name}: {value}");
    }
    if request.body > 0 {
        words += &format!(", with a body of {} bytes", grouped(request.body.into()));
        words += &source(&request.source);
    }
    match request.read {
        ReadBody::All => {}
        ReadBody::First(bytes) => {
            words += &format!(", reads {} bytes of the answer and drops it", grouped(bytes.into()));
        }
        ReadBody::Keep(0) => words += ", keeps the answer unread",
        ReadBody::Keep(bytes) => {
            words +=
                &format!(", reads {} bytes of the answer and keeps the rest unread", grouped(bytes.into()));
        }
    }
    if request.deadline != DEFAULT_DEADLINE {
        words += &format!(", gives up after {}", span(request.deadline));
    }
    words + if request.background { ", goes on meanwhile" } else { ", waits for the outcome" }
}

/// How the application hands a body over.
fn source(source: &BodySource) -> String {
    let BodySource { piece, pause, content_length, end } = source;
    let mut words = String::new();
    if let Some(piece) = piece {
        words += &format!(" in pieces of {}", grouped((*piece).into()));
    }
    if !pause.is_zero() {
        words += &format!(" every {}", span(*pause));
    }
    if !content_length {
        words += ", its length not known beforehand";
    }
    match end {
        SourceEnd::Complete => {}
        SourceEnd::Fails(after) => {
            words += &format!(", which fails after {} bytes", grouped((*after).into()))
        }
        SourceEnd::Stalls(after) => {
            words += &format!(", which stands still after {} bytes", grouped((*after).into()));
        }
    }
    words
}

/// What the network does, for somebody who reads the script.
pub fn network(action: &NetworkAction) -> String {
    match action {
        NetworkAction::Drop { path, packets: None } => format!("loses everything{}", on(*path)),
        NetworkAction::Drop { path, packets: Some(n) } => format!("loses {}{}", segments(*n), on(*path)),
        NetworkAction::Heal { path } => format!("works again{}", on(*path)),
        NetworkAction::Delay { path, by, packets: None } => {
            format!("delays everything{} by {}", on(*path), span(*by))
        }
        NetworkAction::Delay { path, by, packets: Some(n) } => {
            format!("delays {}{} by {}", segments(*n), on(*path), span(*by))
        }
        NetworkAction::Duplicate { path, by, packets } => {
            format!("delivers {}{} twice, {} apart", segments(*packets), on(*path), span(*by))
        }
        NetworkAction::Forget { connection, answer } => format!(
            "a middlebox forgets connection {connection} and answers {}",
            match answer {
                NatAnswer::Rst => "with RST",
                NatAnswer::Silence => "nothing",
            }
        ),
        NetworkAction::Rst { connection, direction } => format!(
            "a middlebox sends RST on connection {connection} {}",
            direction.map_or("both ways", towards)
        ),
    }
}

fn segments(n: u32) -> String {
    if n == 1 { "the next segment".to_owned() } else { format!("the next {n} segments") }
}

fn on(path: Path) -> String {
    let direction = path.direction.map_or("both ways", towards);
    match path.connection {
        Some(connection) => format!(" on connection {connection}, {direction}"),
        None => format!(" {direction}"),
    }
}

fn towards(direction: Direction) -> &'static str {
    match direction {
        Direction::ToOrigin => "to the origin",
        Direction::ToClient => "to the client",
    }
}

fn awaited(until: &Until) -> String {
    match until {
        Until::Arrived => "everything in flight is in the client's sockets, unread".to_owned(),
        Until::Delivered => "everything in flight has been delivered and seen".to_owned(),
        Until::Received { id } => format!("the origin has received {id}"),
    }
}
