//! From a plan to a scenario: what was left open is decided by what there is by then.

use std::collections::BTreeMap;
use std::time::Duration;

use closewait_scenario::{
    Action, ClientAction, DEFAULT_DEADLINE, NetworkAction, OriginAction, Path, ReadBody, Reply, Scenario,
    SendRequest, Step, Until, When,
};
use closewait_simulator::net::retransmission_timeout;

use super::plan::{Answer, Ending, Fault, Move, Pause, Pick, Plan, Sending, StreamReset, Timing, millis};
use crate::kind;

/// Makes the scenario. The parser has the last word on whether it makes sense.
pub(super) fn assemble(plan: &Plan) -> Scenario {
    let mut assembly = Assembly {
        limits: limits(plan),
        faults_left: plan.faults,
        script: Vec::new(),
        sent: 0,
        under_way: Vec::new(),
        held: Vec::new(),
    };
    for next in &plan.moves {
        assembly.take(next);
    }
    assembly.end(plan.ending);
    Scenario {
        id: "explore/random".to_owned(),
        title: "A random schedule".to_owned(),
        about: "Drawn at random.".to_owned(),
        sources: vec!["RFC 9112".to_owned()],
        signatures: Vec::new(),
        protocol: plan.protocol,
        client: plan.client.clone(),
        origin: plan.origin.clone(),
        network: plan.network.clone(),
        script: assembly.script,
        expect: BTreeMap::new(),
    }
}

/// More requests than anybody wants to read about.
const MOST_REQUESTS: usize = 12;

struct Assembly {
    /// Milliseconds at which something happens by itself.
    limits: Vec<u64>,
    faults_left: usize,
    script: Vec<Step>,
    sent: usize,
    /// Requests in the background that were neither awaited nor cancelled.
    under_way: Vec<String>,
    /// Those of them that the origin does not answer until told so, with the answer that was planned.
    held: Vec<(String, Option<Answer>)>,
}

fn limits(plan: &Plan) -> Vec<u64> {
    let there = plan.network.latency_to_origin;
    let back = plan.network.latency_to_client;
    let client = &plan.client;
    let set = [
        client.idle_timeout,
        plan.origin.idle_timeout,
        client.read_timeout,
        client.connect_timeout,
        client.ping_interval,
        client.ping_timeout,
    ];
    let hints = plan.moves.iter().filter_map(|next| match next {
        Move::Send(sending) => hint(sending.answer.as_ref()?),
        _ => None,
    });
    let deadlines = plan.moves.iter().filter_map(|next| match next {
        Move::Send(sending) => sending.deadline.map(millis),
        _ => None,
    });
    // The limits that were set count twice as often as those that are always there.
    let chosen: Vec<Duration> = set.into_iter().flatten().chain(hints).chain(deadlines).collect();
    let retransmission = Duration::from_millis(retransmission_timeout(&plan.network));
    let always = [there, there + back, retransmission];
    let all = chosen.iter().chain(&chosen).copied().chain(always);
    all.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)).collect()
}

/// What the answer says of how long the origin keeps the connection.
fn hint(answer: &Answer) -> Option<Duration> {
    let (_, value) = answer.reply.headers.iter().find(|(name, _)| name == "Keep-Alive")?;
    let seconds = value.strip_prefix("timeout=")?.split(',').next()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl Assembly {
    fn take(&mut self, next: &Move) {
        match next {
            Move::Send(sending) => self.send(sending),
            Move::Pause(pause) => self.wait(*pause),
            Move::Settle(until) => self.push(Action::Until(until.clone())),
            Move::Cancel(pick) => self.cancel(*pick),
            Move::Await(pick) => self.wait_for(*pick),
            Move::Answer(pick) => self.answer_held(*pick),
            Move::Fault(timing, fault) => self.fault(*timing, fault),
        }
    }

    fn push(&mut self, action: Action) {
        self.push_at(action, When::Now);
    }

    fn push_at(&mut self, action: Action, when: When) {
        let line = self.script.len() + 1;
        self.script.push(Step { action, when, may_miss: false, line });
    }

    fn resolve(&self, pause: Pause) -> Duration {
        let millis = match pause {
            Pause::Exactly(millis) => millis,
            Pause::Near(pick, offset) => {
                let limit = pick.among(self.limits.len()).map_or(1000, |index| self.limits[index]);
                limit.saturating_add_signed(offset)
            }
        };
        Duration::from_millis(millis.max(1))
    }

    fn wait(&mut self, pause: Pause) {
        let time = self.resolve(pause);
        self.push(Action::Wait(time));
    }

    fn send(&mut self, sending: &Sending) {
        if self.sent == MOST_REQUESTS {
            return;
        }
        let id = id(self.sent);
        self.sent += 1;
        let answer = sending.answer.clone().filter(|answer| self.affords(answer));
        if let Some(reset) = sending.reset.filter(|_| self.faults_left > 0) {
            self.faults_left -= 1;
            let StreamReset { error, times } = reset;
            self.push(Action::Origin(OriginAction::ResetStream { id: id.clone(), error, times }));
        }
        if sending.hold {
            self.push(Action::Origin(OriginAction::Hold { id: id.clone() }));
            self.held.push((id.clone(), answer));
        } else if let Some(answer) = answer {
            self.reply(&id, &answer, sending.body);
        }
        if sending.background {
            self.under_way.push(id.clone());
        }
        self.push(Action::Client(ClientAction::Send(self.request(id, sending))));
    }

    fn request(&self, id: String, sending: &Sending) -> SendRequest {
        let close = ("Connection".to_owned(), "close".to_owned());
        SendRequest {
            path: format!("/{id}"),
            id,
            method: sending.method.to_owned(),
            headers: if sending.asks_to_close { vec![close] } else { Vec::new() },
            body: sending.body,
            source: sending.source,
            background: sending.background,
            deadline: sending.deadline.map_or(DEFAULT_DEADLINE, millis),
            read: sending.read.map_or(ReadBody::All, ReadBody::First),
        }
    }

    /// An answer may be a fault, and those are counted.
    fn affords(&mut self, answer: &Answer) -> bool {
        if !kind::is_fault_of_reply(&answer.reply) {
            return true;
        }
        let affords = self.faults_left > 0;
        self.faults_left = self.faults_left.saturating_sub(1);
        affords
    }

    fn reply(&mut self, id: &str, answer: &Answer, body: u32) {
        let delay = answer.delay.map_or(Duration::ZERO, |delay| self.resolve(delay));
        // Without a body there is nothing that an answer could be ahead of.
        let early = answer.reply.early && body > 0;
        let large = answer.large.map(|length| closewait_scenario::filler(id, length as usize));
        let body = large.or_else(|| answer.reply.body.clone());
        let reply = Reply { id: id.to_owned(), delay, early, body, ..answer.reply.clone() };
        self.push(Action::Origin(OriginAction::Reply(reply)));
    }

    fn cancel(&mut self, pick: Pick) {
        if let Some(index) = pick.among(self.under_way.len()) {
            let id = self.under_way.remove(index);
            self.push(Action::Client(ClientAction::Cancel { id }));
        }
    }

    fn wait_for(&mut self, pick: Pick) {
        if let Some(index) = pick.among(self.under_way.len()) {
            let id = self.under_way.remove(index);
            self.held.retain(|(held, _)| *held != id);
            self.push(Action::Client(ClientAction::Await { id }));
        }
    }

    fn answer_held(&mut self, pick: Pick) {
        if let Some(index) = pick.among(self.held.len()) {
            let (id, answer) = self.held.remove(index);
            let answer =
                answer.unwrap_or_else(|| Answer { reply: Reply::default_for(&id), delay: None, large: None });
            self.reply(&id, &answer, 0);
        }
    }

    fn fault(&mut self, timing: Timing, fault: &Fault) {
        if self.faults_left == 0 || self.sent == 0 {
            return;
        }
        self.faults_left -= 1;
        let when = match timing {
            Timing::InTurn => When::Now,
            Timing::After(pause) => When::After(self.resolve(pause)),
            Timing::OnSegment { n, direction } => When::Packet { n, connection: self.latest(), direction },
        };
        let (action, undo) = self.action(fault);
        self.push_at(action, when);
        if let Some((action, pause)) = undo {
            self.push_at(action, When::After(self.resolve(pause)));
        }
    }

    /// The fault, and what ends it how much later.
    fn action(&self, fault: &Fault) -> (Action, Option<(Action, Pause)>) {
        let origin = |action| (Action::Origin(action), None);
        let network = |action| (Action::Network(action), None);
        match fault {
            Fault::Fin(on) => origin(OriginAction::Fin { connection: self.connection(*on) }),
            Fault::Rst(on) => origin(OriginAction::Rst { connection: self.connection(*on) }),
            Fault::Close(on) => origin(OriginAction::Close { connection: self.connection(*on) }),
            Fault::Bytes(on, bytes) => origin(OriginAction::Send {
                connection: self.connection(*on),
                bytes: bytes.as_bytes().to_vec(),
            }),
            Fault::Goaway(on, last_stream, error) => origin(OriginAction::Goaway {
                connection: self.connection(*on),
                last_stream: last_stream.clone(),
                error: *error,
            }),
            Fault::ResetStream(of, error) => {
                let under_way = of.among(self.under_way.len()).map(|index| self.under_way[index].clone());
                let id = under_way.unwrap_or_else(|| id(self.sent));
                origin(OriginAction::ResetStream { id, error: *error, times: 1 })
            }
            Fault::MaxStreams(on, streams, end) => {
                self.settings(*on, [Some(*streams), None], [Some(100), None], *end)
            }
            Fault::InitialWindow(on, bytes, end) => {
                self.settings(*on, [None, Some(*bytes)], [None, Some(65_535)], *end)
            }
            Fault::Ping(on) => origin(OriginAction::Ping { connection: self.connection(*on) }),
            Fault::Pings(on, pings) => {
                origin(OriginAction::Pings { connection: on.map(|on| self.connection(on)), pings: *pings })
            }
            Fault::CloseNotify(on) => origin(OriginAction::CloseNotify { connection: self.connection(*on) }),
            Fault::Alert(on, description) => origin(OriginAction::Alert {
                connection: self.connection(*on),
                description: (*description).to_owned(),
            }),
            Fault::Refuse(end) => (
                Action::Origin(OriginAction::StopListening),
                end.map(|end| (Action::Origin(OriginAction::Listen), end)),
            ),
            Fault::Crash(end) => (
                Action::Origin(OriginAction::Crash),
                end.map(|end| (Action::Origin(OriginAction::Restart), end)),
            ),
            Fault::Lose { on, direction, packets, heal } => {
                let path = Path { connection: on.map(|on| self.connection(on)), direction: *direction };
                let heal = heal.filter(|_| packets.is_none());
                let heal = heal.map(|heal| (Action::Network(NetworkAction::Heal { path }), heal));
                (Action::Network(NetworkAction::Drop { path, packets: *packets }), heal)
            }
            Fault::Slow { on, direction, packets, by } => {
                let path = Path { connection: on.map(|on| self.connection(on)), direction: *direction };
                network(NetworkAction::Delay { path, by: self.resolve(*by), packets: *packets })
            }
            Fault::Double { on, direction, by, packets } => {
                let path = Path { connection: on.map(|on| self.connection(on)), direction: *direction };
                network(NetworkAction::Duplicate { path, by: millis(*by), packets: *packets })
            }
            Fault::Forget(on, answer) => {
                network(NetworkAction::Forget { connection: self.connection(*on), answer: *answer })
            }
            Fault::Reset(on, direction) => {
                network(NetworkAction::Rst { connection: self.connection(*on), direction: *direction })
            }
        }
    }

    /// Streams and window as they change, and as they were.
    fn settings(
        &self,
        on: Pick,
        [max_streams, initial_window]: [Option<u32>; 2],
        [max_before, window_before]: [Option<u32>; 2],
        end: Option<Pause>,
    ) -> (Action, Option<(Action, Pause)>) {
        let connection = self.connection(on);
        let settings = |max_streams, initial_window| {
            Action::Origin(OriginAction::Settings { connection, max_streams, initial_window })
        };
        let end = end.map(|end| (settings(max_before, window_before), end));
        (settings(max_streams, initial_window), end)
    }

    /// Mostly one of the first: how many there are depends on the client.
    fn connection(&self, pick: Pick) -> u32 {
        let many = self.sent.clamp(1, 3);
        let index = if pick.0.is_multiple_of(2) { 0 } else { pick.among(many).unwrap_or_default() };
        u32::try_from(index).unwrap_or_default() + 1
    }

    fn latest(&self) -> u32 {
        u32::try_from(self.sent.clamp(1, 2)).unwrap_or(1)
    }

    fn end(&mut self, ending: Ending) {
        while !self.held.is_empty() {
            self.answer_held(Pick(0));
        }
        match ending {
            Ending::Open => {}
            Ending::Close => self.push(Action::Client(ClientAction::Close)),
            Ending::Drop => self.push(Action::Client(ClientAction::Drop)),
        }
        // A wait at the very end only delays the end.
        while matches!(self.script.last(), Some(Step { action: Action::Until(Until::Arrived), .. })) {
            self.script.pop();
        }
    }
}

/// `a` to `z`, then `a1`.
fn id(index: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(index % 26).unwrap_or_default());
    if index < 26 { letter.to_string() } else { format!("{letter}{}", index / 26) }
}
