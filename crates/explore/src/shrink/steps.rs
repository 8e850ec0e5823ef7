//! Single steps, made plainer.

use std::time::Duration;

use closewait_scenario::{
    Action, AfterReply, BodySource, ClientAction, Cut, DEFAULT_DEADLINE, ErrorCode, Framing, HttpVersion,
    LastStream, NetworkAction, OriginAction, Path, ReadBody, Reply, Scenario, SendRequest, SourceEnd, Step,
    Until, When, WindowTarget,
};

/// Whether a step is about this request.
pub(super) fn concerns(step: &Step, id: &str) -> bool {
    step.request().as_deref() == Some(id)
}

/// The same with each connection above `gone` counted one lower; `None` if there is none.
pub(super) fn renumbered(scenario: &Scenario, gone: u32) -> Option<Scenario> {
    let mut changed = scenario.clone();
    let mut any = false;
    for step in &mut changed.script {
        for number in numbers(step).into_iter().filter(|number| **number > gone) {
            *number -= 1;
            any = true;
        }
    }
    any.then_some(changed)
}

/// Every connection number of a step.
fn numbers(step: &mut Step) -> Vec<&mut u32> {
    let mut numbers = Vec::new();
    if let When::Packet { connection, .. } = &mut step.when {
        numbers.push(connection);
    }
    match &mut step.action {
        Action::Origin(
            OriginAction::Send { connection, .. }
            | OriginAction::Fin { connection }
            | OriginAction::Rst { connection }
            | OriginAction::Close { connection }
            | OriginAction::CloseNotify { connection }
            | OriginAction::Alert { connection, .. }
            | OriginAction::Goaway { connection, .. }
            | OriginAction::Settings { connection, .. }
            | OriginAction::Ping { connection }
            | OriginAction::Pings { connection: Some(connection), .. }
            | OriginAction::Read { connection: Some(connection), .. }
            | OriginAction::Window { target: WindowTarget::Connection(connection), .. },
        )
        | Action::Network(NetworkAction::Forget { connection, .. } | NetworkAction::Rst { connection, .. }) =>
        {
            numbers.push(connection);
        }
        Action::Network(
            NetworkAction::Drop { path, .. }
            | NetworkAction::Heal { path }
            | NetworkAction::Delay { path, .. }
            | NetworkAction::Duplicate { path, .. },
        ) => numbers.extend(path.connection.as_mut()),
        _ => {}
    }
    numbers
}

/// One step at a time.
pub(super) fn plainer_steps(scenario: &Scenario) -> Vec<Scenario> {
    let with = |index: usize, step: Step| {
        let mut script = scenario.script.clone();
        script[index] = step;
        Scenario { script, ..scenario.clone() }
    };
    let steps = scenario.script.iter().enumerate();
    steps.flat_map(|(index, step)| plainer(step).into_iter().map(move |step| with(index, step))).collect()
}

fn plainer(step: &Step) -> Vec<Step> {
    let at = |when| Step { when, ..step.clone() };
    let mut all = Vec::new();
    if step.when != When::Now {
        all.push(at(When::Now));
        // The instant of a segment can often be said in a plainer way.
        all.extend([1000, 100, 10, 20, 30].map(|after| at(When::After(Duration::from_millis(after)))));
    }
    if let When::After(after) = step.when {
        all.extend(rounder(after).into_iter().map(|after| at(When::After(after))));
    }
    if let When::Packet { n, connection, direction } = step.when {
        all.extend((1..n).map(|n| at(When::Packet { n, connection, direction })));
    }
    all.extend(actions(&step.action).into_iter().map(|action| Step { action, ..step.clone() }));
    all
}

fn actions(action: &Action) -> Vec<Action> {
    match action {
        Action::Wait(time) => rounder(*time).into_iter().map(Action::Wait).collect(),
        Action::Client(ClientAction::Send(send)) => {
            requests(send).into_iter().map(|send| Action::Client(ClientAction::Send(send))).collect()
        }
        Action::Origin(OriginAction::Reply(reply)) => {
            replies(reply).into_iter().map(|reply| Action::Origin(OriginAction::Reply(reply))).collect()
        }
        Action::Origin(action) => origin(action).into_iter().map(Action::Origin).collect(),
        Action::Network(action) => network(action).into_iter().map(Action::Network).collect(),
        Action::Until(Until::Arrived) => vec![Action::Until(Until::Delivered)],
        Action::Client(_) | Action::Until(_) => Vec::new(),
    }
}

fn requests(send: &SendRequest) -> Vec<SendRequest> {
    const WHOLE: BodySource = BodySource::WHOLE;
    let with = |source| SendRequest { source, ..send.clone() };
    let plain = SendRequest {
        method: "GET".to_owned(),
        headers: Vec::new(),
        body: 0,
        source: WHOLE,
        background: false,
        deadline: DEFAULT_DEADLINE,
        read: ReadBody::All,
        ..send.clone()
    };
    let mut all = vec![
        plain,
        SendRequest { method: "GET".to_owned(), body: 0, source: WHOLE, ..send.clone() },
        SendRequest { method: "POST".to_owned(), ..send.clone() },
        SendRequest { body: 0, source: WHOLE, ..send.clone() },
        SendRequest { body: 1, source: WHOLE, ..send.clone() },
        SendRequest { body: 100, source: WHOLE, ..send.clone() },
        SendRequest { body: 10_000, source: WHOLE, ..send.clone() },
        with(WHOLE),
        with(BodySource { end: SourceEnd::Complete, ..send.source }),
        with(BodySource { content_length: true, ..send.source }),
        with(BodySource { piece: None, pause: Duration::ZERO, ..send.source }),
        SendRequest { headers: Vec::new(), ..send.clone() },
        SendRequest { background: false, ..send.clone() },
        SendRequest { deadline: DEFAULT_DEADLINE, ..send.clone() },
        SendRequest { read: ReadBody::All, ..send.clone() },
    ];
    if send.deadline != DEFAULT_DEADLINE {
        all.extend(
            rounder(send.deadline).into_iter().map(|deadline| SendRequest { deadline, ..send.clone() }),
        );
    }
    all
}

fn replies(reply: &Reply) -> Vec<Reply> {
    let plain = Reply::default_for(&reply.id);
    let with = |change: &dyn Fn(&mut Reply)| {
        let mut changed = reply.clone();
        change(&mut changed);
        changed
    };
    let mut all = vec![
        plain.clone(),
        Reply { delay: reply.delay, ..plain.clone() },
        with(&|reply| reply.times = 1),
        with(&|reply| reply.times = 2),
        with(&|reply| reply.status = 200),
        with(&|reply| reply.version = HttpVersion::Http11),
        with(&|reply| reply.headers.clear()),
        with(&|reply| reply.headers.truncate(1)),
        with(&|reply| {
            reply.body = None;
            reply.cut = reply.cut.map(|_| Cut::Byte(0));
        }),
        with(&|reply| reply.body = None),
        with(&|reply| reply.framing = Framing::Length),
        with(&|reply| reply.early = false),
        with(&|reply| reply.delay = Duration::ZERO),
        with(&|reply| reply.cut = None),
        with(&|reply| reply.then = AfterReply::Keep),
        with(&|reply| reply.trailers.clear()),
        with(&|reply| reply.surplus.clear()),
        with(&|reply| reply.surplus = if reply.surplus.is_empty() { Vec::new() } else { b"x".to_vec() }),
        with(&|reply| reply.status = if reply.cut.is_some() { 200 } else { reply.status }),
    ];
    if !reply.delay.is_zero() {
        all.extend(rounder(reply.delay).into_iter().map(|delay| with(&|reply| reply.delay = delay)));
    }
    all
}

fn origin(action: &OriginAction) -> Vec<OriginAction> {
    match action {
        OriginAction::Send { connection, bytes } if bytes.len() > 1 => {
            vec![OriginAction::Send { connection: *connection, bytes: b"x".to_vec() }]
        }
        OriginAction::Goaway { connection, last_stream, error } => {
            let with =
                |last_stream, error| OriginAction::Goaway { connection: *connection, last_stream, error };
            vec![with(LastStream::Seen, *error), with(last_stream.clone(), ErrorCode::NoError)]
        }
        OriginAction::ResetStream { id, error, times } => {
            let with = |error, times| OriginAction::ResetStream { id: id.clone(), error, times };
            vec![with(*error, 1), with(*error, 2), with(ErrorCode::InternalError, *times)]
        }
        OriginAction::Pings { connection: Some(_), pings } => {
            vec![OriginAction::Pings { connection: None, pings: *pings }]
        }
        _ => Vec::new(),
    }
}

fn network(action: &NetworkAction) -> Vec<NetworkAction> {
    let paths = |path: &Path| {
        [Path { connection: None, ..*path }, Path { direction: None, ..*path }, Path::default()]
    };
    match action {
        NetworkAction::Drop { path, packets } => {
            let forever = NetworkAction::Drop { path: *path, packets: None };
            let wider = paths(path).map(|path| NetworkAction::Drop { path, packets: *packets });
            std::iter::once(forever).chain(wider).collect()
        }
        NetworkAction::Delay { path, by, packets } => {
            let forever = NetworkAction::Delay { path: *path, by: *by, packets: None };
            let wider = paths(path).map(|path| NetworkAction::Delay { path, by: *by, packets: *packets });
            let rounder = rounder(*by).into_iter().map(|by| NetworkAction::Delay {
                path: *path,
                by,
                packets: *packets,
            });
            std::iter::once(forever).chain(wider).chain(rounder).collect()
        }
        NetworkAction::Duplicate { path, by, packets } => {
            let once = NetworkAction::Duplicate { path: *path, by: *by, packets: 1 };
            let at_once = NetworkAction::Duplicate { path: *path, by: Duration::ZERO, packets: *packets };
            let wider = paths(path).map(|path| NetworkAction::Duplicate { path, by: *by, packets: *packets });
            [once, at_once].into_iter().chain(wider).collect()
        }
        NetworkAction::Heal { path } => paths(path).map(|path| NetworkAction::Heal { path }).to_vec(),
        NetworkAction::Rst { connection, direction: Some(_) } => {
            vec![NetworkAction::Rst { connection: *connection, direction: None }]
        }
        _ => Vec::new(),
    }
}

/// Times that are easier to read, the roundest first, then those close by.
pub(super) fn rounder(time: Duration) -> Vec<Duration> {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let mut times = vec![1000, 100, 10, 10_000, 1, 2000, 5000, 20, 50, 200, 500, 20_000, 50_000, 60_000];
    let mut unit = 1;
    while unit <= millis {
        times.extend([millis / unit * unit, millis.div_ceil(unit) * unit]);
        unit *= 10;
    }
    times.retain(|round| *round > 0 && *round != millis);
    times.into_iter().map(Duration::from_millis).collect()
}
