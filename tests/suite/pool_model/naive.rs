//! What a pool may do, told from outside: from what went in and what came out.

use std::time::Duration;

use closewait::client::reference::pool::{
    Action, CloseReason, ConnectionId, Event, Finish, Limits, Poison, Refusal, Return, Ticket,
};

use super::streams::Streams;

/// A connection, as far as its user can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Dialing,
    Looking(Ticket),
    Leased(Ticket, Duration),
    Idle,
    Shared,
}

#[derive(Debug, Clone)]
struct Connection {
    id: ConnectionId,
    seen: Seen,
    /// Since when it lies idle, and from when on it must not be used.
    quiet_since: Duration,
    expires: Duration,
    born: Duration,
    /// Something arrived on it that no request had asked for.
    ended: bool,
    /// Of a shared one.
    streams: Option<Streams>,
}

impl Connection {
    fn is_idle(&self) -> bool {
        self.seen == Seen::Idle || self.streams.as_ref().is_some_and(|streams| streams.held.is_empty())
    }
}

/// Plain lists, searched from end to end.
pub struct Naive {
    limits: Limits,
    connections: Vec<Connection>,
    /// Who waits, in order, and whether only a fresh connection will do, or a shared one after this one.
    waiting: Vec<(Ticket, bool, Option<ConnectionId>)>,
    /// Whose connection is being closed under their eyes.
    robbed: Vec<Ticket>,
    /// A stream was given up during which nothing was read.
    given_up: bool,
    dialled: u64,
    closing: bool,
    drained: bool,
    shared_once: bool,
}

impl Naive {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            connections: Vec::new(),
            waiting: Vec::new(),
            robbed: Vec::new(),
            given_up: false,
            dialled: 0,
            closing: false,
            drained: false,
            shared_once: false,
        }
    }

    pub fn dialled(&self) -> u64 {
        self.dialled
    }

    pub fn dialing(&self) -> Vec<ConnectionId> {
        self.ids(|seen| seen == Seen::Dialing)
    }

    pub fn looking(&self) -> Vec<ConnectionId> {
        self.ids(|seen| matches!(seen, Seen::Looking(_)))
    }

    pub fn leased(&self) -> Vec<ConnectionId> {
        self.ids(|seen| matches!(seen, Seen::Leased(..)))
    }

    pub fn shared(&self) -> Vec<ConnectionId> {
        self.ids(|seen| seen == Seen::Shared)
    }

    /// Who has a place on a shared connection that is no stream yet.
    pub fn turning(&self) -> Vec<Ticket> {
        let streams = self.connections.iter().filter_map(|connection| connection.streams.as_ref());
        streams.flat_map(Streams::looking).collect()
    }

    pub fn open_streams(&self) -> Vec<(ConnectionId, Ticket)> {
        let shared =
            self.connections.iter().filter_map(|c| c.streams.as_ref().map(|streams| (c.id, streams)));
        shared.flat_map(|(id, streams)| streams.open().into_iter().map(move |ticket| (id, ticket))).collect()
    }

    pub fn sending(&self) -> Vec<(ConnectionId, Ticket)> {
        let shared =
            self.connections.iter().filter_map(|c| c.streams.as_ref().map(|streams| (c.id, streams)));
        shared.flat_map(|(id, streams)| streams.sending.iter().map(move |ticket| (id, *ticket))).collect()
    }

    /// An event that ends something, if anything is still going on.
    pub fn next_to_finish(&self) -> Option<Event> {
        if let Some(ticket) = self.turning().first() {
            return Some(Event::Turned { ticket: *ticket });
        }
        if let Some((connection, ticket)) = self.open_streams().first().copied() {
            return Some(Event::Finished { connection, ticket, how: Finish::Done });
        }
        let connection = self.connections.iter().find(|connection| !connection.is_idle())?;
        let id = connection.id;
        Some(match connection.seen {
            Seen::Dialing => Event::ConnectFailed { connection: id },
            Seen::Looking(_) => Event::Looked { connection: id, clean: false },
            _ => Event::Returned { connection: id, how: Return::Poisoned(Poison::Cancelled) },
        })
    }

    pub fn assert_over(&self) {
        assert!(self.drained, "the pool never said that it was drained");
        assert!(self.waiting.is_empty(), "left behind: {:?}", self.waiting);
        assert!(self.connections.is_empty(), "left open: {:?}", self.connections);
    }

    /// Checks that the actions are a lawful answer to the event.
    pub fn observe(&mut self, now: Duration, event: &Event, actions: &[Action]) {
        let doomed = self.enter(now, event);
        for action in actions {
            self.obey(now, event, action);
        }
        for id in doomed {
            assert!(self.find(id).is_none(), "{id:?} lives on after {event:?}: {actions:?}");
        }
        let open = self.connections.len();
        let idle = self.idle().len();
        assert!(open <= self.limits.max_connections, "{open} connections after {event:?}");
        assert!(idle <= self.limits.max_idle, "{idle} idle connections after {event:?}");
        let shared = self.connections.iter().filter_map(|connection| connection.streams.as_ref());
        for streams in shared {
            assert!(!streams.is_dead(now, &self.limits), "a dead connection lives on after {event:?}");
        }
        assert!(!self.drained || open == 0 && self.waiting.is_empty(), "drained too early");
    }

    /// Takes note of an event; the connections that it must be the end of.
    fn enter(&mut self, now: Duration, event: &Event) -> Vec<ConnectionId> {
        self.given_up = false;
        self.retire(now);
        match *event {
            Event::Wanted { ticket, fresh, after } => self.waiting.push((ticket, fresh, after)),
            Event::Finished { connection, ticket, how } => return self.finish(now, connection, ticket, how),
            Event::GoneAway { connection } => return self.drain(connection),
            Event::Capacity { connection, streams } => {
                if let Some(known) = self.streams(connection) {
                    known.limit = streams;
                    self.robbed = known.turn_away_surplus();
                    self.readmit();
                }
            }
            Event::Heard { connection } => {
                self.streams(connection).into_iter().for_each(|known| known.hear(now));
            }
            Event::GivenUp { ticket } => return self.forget(now, ticket),
            Event::Ended { connection } => return self.end(connection),
            Event::Looked { connection, clean: false } => return vec![connection],
            Event::Returned { connection, how } => return self.take_back(now, connection, how),
            Event::Close | Event::Abort => {
                self.closing = true;
                let all = *event == Event::Abort;
                return if all { self.ids(|_| true) } else { self.idle() };
            }
            Event::Tick => return self.expired(now),
            Event::Multiplexed { .. } => self.shared_once = true,
            Event::Connected { .. }
            | Event::Turned { .. }
            | Event::ConnectFailed { .. }
            | Event::Looked { .. } => {}
        }
        Vec::new()
    }

    fn expired(&self, now: Duration) -> Vec<ConnectionId> {
        let expired = |c: &&Connection| c.is_idle() && now >= c.expires;
        self.connections.iter().filter(expired).map(|connection| connection.id).collect()
    }

    /// What is too old takes no more streams.
    fn retire(&mut self, now: Duration) {
        let lifetime = self.limits.lifetime;
        for connection in &mut self.connections {
            let old = now >= connection.born + lifetime && !connection.is_idle();
            if let Some(streams) = connection.streams.as_mut().filter(|streams| old && !streams.draining) {
                streams.draining = true;
                let turned_away = streams.turn_away();
                self.waiting.extend(turned_away.into_iter().map(|ticket| (ticket, false, None)));
            }
        }
        self.waiting.sort_unstable_by_key(|(ticket, ..)| *ticket);
    }

    fn drain(&mut self, id: ConnectionId) -> Vec<ConnectionId> {
        let Some(streams) = self.streams(id) else { return Vec::new() };
        streams.draining = true;
        let turned_away = streams.turn_away();
        let over = streams.held.is_empty();
        self.robbed = turned_away;
        self.readmit();
        if over { vec![id] } else { Vec::new() }
    }

    fn finish(&mut self, now: Duration, id: ConnectionId, ticket: Ticket, how: Finish) -> Vec<ConnectionId> {
        let (closing, idle, lifetime) = (self.closing, self.limits.idle, self.limits.lifetime);
        let Some(connection) = self.find(id) else { return Vec::new() };
        let Some(streams) = &mut connection.streams else { return Vec::new() };
        streams.sending.retain(|sending| *sending != ticket);
        let Some(since) = streams.release(ticket) else { return Vec::new() };
        match how {
            Finish::Done => streams.refused = 0,
            Finish::Answered => {
                streams.refused = 0;
                streams.sending.push(ticket);
            }
            Finish::Refused => streams.refused += 1,
            Finish::Abandoned => {}
        }
        streams.draining |= streams.refused > 1;
        let silent = how == Finish::Abandoned && since < now && streams.heard <= since;
        streams.in_doubt |= silent;
        let over = streams.held.is_empty() && (streams.draining || closing);
        connection.quiet_since = now;
        connection.expires = (now + idle).min(connection.born + lifetime);
        let over = over || connection.is_idle() && now >= connection.expires;
        self.given_up = silent;
        if over { vec![id] } else { Vec::new() }
    }

    fn forget(&mut self, now: Duration, ticket: Ticket) -> Vec<ConnectionId> {
        self.waiting.retain(|(waiting, ..)| *waiting != ticket);
        let mut over = Vec::new();
        for connection in &mut self.connections {
            let Some(streams) = &mut connection.streams else { continue };
            let held = streams.held.len();
            streams.held.retain(|(holder, _)| *holder != ticket);
            let gone = streams.held.is_empty() && streams.held.len() < held;
            let expired = now >= connection.expires;
            if gone && (streams.draining || self.closing || expired) {
                over.push(connection.id);
            }
        }
        if !over.is_empty() {
            return over;
        }
        let holds = |seen| match seen {
            Seen::Looking(holder) | Seen::Leased(holder, _) => holder == ticket,
            Seen::Dialing | Seen::Idle | Seen::Shared => false,
        };
        let closing = self.closing;
        let Some(connection) = self.connections.iter_mut().find(|c| holds(c.seen)) else { return Vec::new() };
        connection.seen = Seen::Idle;
        let over = connection.ended || closing || now >= connection.expires;
        if over { vec![connection.id] } else { Vec::new() }
    }

    fn end(&mut self, id: ConnectionId) -> Vec<ConnectionId> {
        let Some(connection) = self.find(id) else { return Vec::new() };
        connection.ended |= connection.seen != Seen::Dialing;
        match connection.seen {
            Seen::Idle | Seen::Looking(_) | Seen::Shared => vec![id],
            Seen::Dialing | Seen::Leased(..) => Vec::new(),
        }
    }

    fn take_back(&mut self, now: Duration, id: ConnectionId, how: Return) -> Vec<ConnectionId> {
        let (idle, closing) = (self.limits.idle, self.closing);
        let lifetime = self.limits.lifetime;
        let Some(connection) = self.find(id) else { return Vec::new() };
        let Seen::Leased(_, since) = connection.seen else { return Vec::new() };
        match how {
            Return::Reusable { keep_alive, quiet_since } => {
                let longest = keep_alive.map_or(idle, |advertised| advertised.min(idle));
                connection.seen = Seen::Idle;
                connection.quiet_since = quiet_since;
                connection.expires = (quiet_since + longest).min(connection.born + lifetime);
                if connection.ended || closing || now >= connection.expires { vec![id] } else { Vec::new() }
            }
            Return::Poisoned(Poison::Silence) => {
                let doubtful = |c: &&Connection| c.is_idle() && c.quiet_since <= since;
                let doubtful = self.connections.iter().filter(doubtful).map(|connection| connection.id);
                doubtful.chain([id]).collect()
            }
            Return::Poisoned(_) => vec![id],
        }
    }

    fn obey(&mut self, now: Duration, event: &Event, action: &Action) {
        match *action {
            Action::Dial { connection, ticket } => self.dial(now, connection, ticket),
            Action::Look { connection, ticket } => self.look(now, connection, ticket),
            Action::Ping { connection } => self.ping(now, connection),
            Action::Lease { connection, ticket, reused } => {
                self.lease(now, event, connection, ticket, reused)
            }
            Action::Refuse { ticket, why } => self.refuse(ticket, why),
            Action::Close { connection, why } => self.close(now, event, connection, why),
            Action::Drained => {
                assert!(self.closing && !self.drained, "drained without a close, or twice");
                self.drained = true;
            }
        }
    }

    fn dial(&mut self, now: Duration, id: ConnectionId, ticket: Ticket) {
        assert!(id.0 > self.dialled, "{id:?} is used twice");
        assert!(self.waiting.iter().any(|(waiting, ..)| *waiting == ticket), "{ticket:?} does not wait");
        self.dialled = id.0;
        let expires = now + self.limits.lifetime;
        let connection = Connection {
            id,
            seen: Seen::Dialing,
            quiet_since: now,
            expires,
            born: now,
            ended: false,
            streams: None,
        };
        self.connections.push(connection);
    }

    fn look(&mut self, now: Duration, id: ConnectionId, ticket: Ticket) {
        let place = self.waiting.iter().position(|(waiting, ..)| *waiting == ticket);
        let place = place.expect("who is served has waited");
        let ahead = self.waiting[..place].iter().filter(|(_, fresh, _)| !fresh).count();
        let dials = self.dialing().len();
        // Several may wait for one dial.
        assert!(ahead <= dials || self.is_sharing() && dials > 0, "{ticket:?} is served before its turn");
        let (_, fresh, after) = self.waiting.remove(place);
        let full = self.connections.len() >= self.limits.max_connections;
        let old = self.limits.lifetime;
        let connection = self.find(id).expect("a connection that is there");
        if let Some(streams) = &mut connection.streams {
            assert!(!fresh || after.is_some_and(|after| id > after || full), "{ticket:?} came from there");
            streams.assert_takes_one_more();
            assert!(now < connection.born + old, "{id:?} is too old");
            assert!(!streams.held.is_empty() || now < connection.expires, "{id:?} was idle for too long");
            streams.held.push((ticket, None));
            return;
        }
        assert!(!fresh, "{ticket:?} wanted a fresh connection");
        let connection = self.find(id).expect("a connection that is there");
        assert_eq!(connection.seen, Seen::Idle, "{id:?} is not free");
        assert!(!connection.ended && now < connection.expires, "{id:?} is stale");
        connection.seen = Seen::Looking(ticket);
    }

    fn ping(&mut self, now: Duration, id: ConnectionId) {
        let (limits, given_up) = (self.limits.clone(), self.given_up);
        let streams = self.streams(id).expect("what is pinged is shared");
        streams.assert_may_be_asked(now, given_up, &limits);
        streams.asked = Some(now);
    }

    fn open(&mut self, now: Duration, event: &Event, id: ConnectionId, ticket: Ticket, reused: bool) {
        let lifetime = self.limits.lifetime;
        let idle = self.limits.idle;
        let waited = self.waiting.iter().position(|(waiting, ..)| *waiting == ticket);
        let connection = self.find(id).expect("a connection that is there");
        if reused {
            assert_eq!(*event, Event::Turned { ticket }, "a stream before the loop has turned");
            let streams = connection.streams.as_mut().expect("a shared connection");
            let place = streams.held.iter_mut().find(|(holder, since)| *holder == ticket && since.is_none());
            place.expect("a place").1 = Some(now);
            return;
        }
        assert_eq!(*event, Event::Multiplexed { connection: id }, "not connected");
        connection.seen = Seen::Shared;
        connection.quiet_since = now;
        connection.expires = (now + idle).min(connection.born + lifetime);
        let streams = connection.streams.get_or_insert_with(|| Streams::new(now));
        streams.assert_takes_one_more();
        streams.held.push((ticket, Some(now)));
        self.waiting.remove(waited.expect("who is served has waited"));
    }

    fn lease(&mut self, now: Duration, event: &Event, id: ConnectionId, ticket: Ticket, reused: bool) {
        let seen = self.find(id).expect("a connection that is there").seen;
        if seen == Seen::Shared || matches!(event, Event::Multiplexed { .. }) {
            return self.open(now, event, id, ticket, reused);
        }
        if reused {
            assert_eq!(*event, Event::Looked { connection: id, clean: true }, "reused without a look");
            assert_eq!(seen, Seen::Looking(ticket), "looked at for somebody else");
        } else {
            assert_eq!(*event, Event::Connected { connection: id }, "not connected");
            assert_eq!(seen, Seen::Dialing, "not a new connection");
            let place = self.waiting.iter().position(|(waiting, ..)| *waiting == ticket);
            self.waiting.remove(place.expect("who is served has waited"));
        }
        let idle = self.limits.idle;
        let lifetime = self.limits.lifetime;
        if let Some(connection) = self.find(id) {
            connection.seen = Seen::Leased(ticket, now);
            if !reused {
                connection.quiet_since = now;
                connection.expires = (now + idle).min(connection.born + lifetime);
            }
        }
    }

    fn refuse(&mut self, ticket: Ticket, why: Refusal) {
        let waited = self.waiting.iter().any(|(waiting, ..)| *waiting == ticket);
        let looked = self.connections.iter().any(|connection| connection.seen == Seen::Looking(ticket));
        let looked = looked || self.turning().contains(&ticket);
        assert!(waited || looked, "{ticket:?} is refused what it did not ask for");
        self.waiting.retain(|(waiting, ..)| *waiting != ticket);
        if let Refusal::ConnectFailed(id) = why {
            // There is no socket to close.
            self.connections.retain(|connection| connection.id != id);
        }
    }

    fn close(&mut self, now: Duration, event: &Event, id: ConnectionId, why: CloseReason) {
        assert!(self.is_justified(now, event, id, why), "{id:?} is closed after {event:?} as {why:?}");
        self.connections.retain(|connection| connection.id != id);
        if why == CloseReason::Closed {
            self.robbed.clear();
        }
        self.readmit();
    }

    /// Who was about to get a connection that is gone waits again, in the old place.
    fn readmit(&mut self) {
        for ticket in std::mem::take(&mut self.robbed) {
            let place = self.waiting.partition_point(|(waiting, ..)| *waiting < ticket);
            self.waiting.insert(place, (ticket, false, None));
        }
    }

    fn is_justified(&mut self, now: Duration, event: &Event, id: ConnectionId, why: CloseReason) -> bool {
        let idle = self.idle().len();
        let limits = self.limits.clone();
        let (max_idle, closing) = (self.limits.max_idle, self.closing);
        let fresh = self.waiting.iter().any(|(_, fresh, _)| *fresh);
        let connection = self.find(id).expect("what is closed was open").clone();
        self.robbed = match (connection.seen, &connection.streams) {
            (Seen::Looking(ticket), _) => vec![ticket],
            (_, Some(streams)) => streams.looking(),
            _ => Vec::new(),
        };
        match why {
            CloseReason::Poisoned(poison) => {
                *event == Event::Returned { connection: id, how: Return::Poisoned(poison) }
            }
            CloseReason::Stale => *event == Event::Looked { connection: id, clean: false },
            CloseReason::Ended => connection.ended,
            CloseReason::GoneAway => connection.streams.is_some_and(|s| s.draining && s.held.is_empty()),
            CloseReason::NoPong => connection.streams.is_some_and(|s| s.is_dead(now, &limits)),
            // No more than the margin too early.
            CloseReason::Idle | CloseReason::Lifetime => {
                connection.is_idle() && now + Duration::from_millis(500) >= connection.expires
            }
            CloseReason::TooManyIdle => connection.is_idle() && idle > max_idle,
            CloseReason::Replaced => connection.is_idle() && fresh,
            CloseReason::Doubt => {
                matches!(event, Event::Returned { how: Return::Poisoned(Poison::Silence), .. })
            }
            CloseReason::Unwanted => connection.seen == Seen::Dialing,
            CloseReason::Closed => closing,
        }
    }

    fn find(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.id == id)
    }

    fn streams(&mut self, id: ConnectionId) -> Option<&mut Streams> {
        self.find(id)?.streams.as_mut()
    }

    fn idle(&self) -> Vec<ConnectionId> {
        self.connections.iter().filter(|connection| connection.is_idle()).map(|c| c.id).collect()
    }

    /// The origin takes, or is expected to take, several requests on a connection.
    fn is_sharing(&self) -> bool {
        self.limits.shares || self.shared_once
    }

    fn ids(&self, which: impl Fn(Seen) -> bool) -> Vec<ConnectionId> {
        self.connections.iter().filter(|connection| which(connection.seen)).map(|c| c.id).collect()
    }
}
