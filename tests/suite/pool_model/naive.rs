//! What a pool may do, told from outside: from what went in and what came out.

use std::time::Duration;

use closewait::client::reference::pool::{
    Action, CloseReason, ConnectionId, Event, Limits, Poison, Refusal, Return, Ticket,
};

/// A connection, as far as its user can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Dialing,
    Looking(Ticket),
    Leased(Ticket, Duration),
    Idle,
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
}

/// Plain lists, searched from end to end.
pub struct Naive {
    limits: Limits,
    connections: Vec<Connection>,
    /// Who waits, in order, and whether only a fresh connection will do.
    waiting: Vec<(Ticket, bool)>,
    /// Whose connection is being closed under its eyes.
    robbed: Option<Ticket>,
    dialled: u64,
    closing: bool,
    drained: bool,
}

impl Naive {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            connections: Vec::new(),
            waiting: Vec::new(),
            robbed: None,
            dialled: 0,
            closing: false,
            drained: false,
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

    /// An event that ends something, if anything is still going on.
    pub fn next_to_finish(&self) -> Option<Event> {
        let connection = self.connections.iter().find(|connection| connection.seen != Seen::Idle)?;
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
        let idle = self.ids(|seen| seen == Seen::Idle).len();
        assert!(open <= self.limits.max_connections, "{open} connections after {event:?}");
        assert!(idle <= self.limits.max_idle, "{idle} idle connections after {event:?}");
        assert!(!self.drained || open == 0 && self.waiting.is_empty(), "drained too early");
    }

    /// Takes note of an event; the connections that it must be the end of.
    fn enter(&mut self, now: Duration, event: &Event) -> Vec<ConnectionId> {
        match *event {
            Event::Wanted { ticket, fresh } => self.waiting.push((ticket, fresh)),
            Event::GivenUp { ticket } => return self.forget(now, ticket),
            Event::Ended { connection } => return self.end(connection),
            Event::Looked { connection, clean: false } => return vec![connection],
            Event::Returned { connection, how } => return self.take_back(now, connection, how),
            Event::Close | Event::Abort => {
                self.closing = true;
                let all = *event == Event::Abort;
                return self.ids(|seen| all || seen == Seen::Idle);
            }
            Event::Tick => return self.expired(now),
            Event::Connected { .. } | Event::ConnectFailed { .. } | Event::Looked { .. } => {}
        }
        Vec::new()
    }

    fn expired(&self, now: Duration) -> Vec<ConnectionId> {
        let expired = |c: &&Connection| c.seen == Seen::Idle && now >= c.expires;
        self.connections.iter().filter(expired).map(|connection| connection.id).collect()
    }

    fn forget(&mut self, now: Duration, ticket: Ticket) -> Vec<ConnectionId> {
        self.waiting.retain(|(waiting, _)| *waiting != ticket);
        let holds = |seen| match seen {
            Seen::Looking(holder) | Seen::Leased(holder, _) => holder == ticket,
            Seen::Dialing | Seen::Idle => false,
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
            Seen::Idle | Seen::Looking(_) => vec![id],
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
                let doubtful = |c: &&Connection| c.seen == Seen::Idle && c.quiet_since <= since;
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
        assert!(self.waiting.iter().any(|(waiting, _)| *waiting == ticket), "{ticket:?} does not wait");
        self.dialled = id.0;
        let expires = now + self.limits.lifetime;
        let connection =
            Connection { id, seen: Seen::Dialing, quiet_since: now, expires, born: now, ended: false };
        self.connections.push(connection);
    }

    fn look(&mut self, now: Duration, id: ConnectionId, ticket: Ticket) {
        let place = self.waiting.iter().position(|(waiting, _)| *waiting == ticket);
        let place = place.expect("who is served has waited");
        let ahead = self.waiting[..place].iter().filter(|(_, fresh)| !fresh).count();
        assert!(ahead <= self.dialing().len(), "{ticket:?} is served before its turn");
        let (_, fresh) = self.waiting.remove(place);
        assert!(!fresh, "{ticket:?} wanted a fresh connection");
        let connection = self.find(id).expect("a connection that is there");
        assert_eq!(connection.seen, Seen::Idle, "{id:?} is not free");
        assert!(!connection.ended && now < connection.expires, "{id:?} is stale");
        connection.seen = Seen::Looking(ticket);
    }

    fn lease(&mut self, now: Duration, event: &Event, id: ConnectionId, ticket: Ticket, reused: bool) {
        let seen = self.find(id).expect("a connection that is there").seen;
        if reused {
            assert_eq!(*event, Event::Looked { connection: id, clean: true }, "reused without a look");
            assert_eq!(seen, Seen::Looking(ticket), "looked at for somebody else");
        } else {
            assert_eq!(*event, Event::Connected { connection: id }, "not connected");
            assert_eq!(seen, Seen::Dialing, "not a new connection");
            let place = self.waiting.iter().position(|(waiting, _)| *waiting == ticket);
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
        let waited = self.waiting.iter().any(|(waiting, _)| *waiting == ticket);
        let looked = self.connections.iter().any(|connection| connection.seen == Seen::Looking(ticket));
        assert!(waited || looked, "{ticket:?} is refused what it did not ask for");
        self.waiting.retain(|(waiting, _)| *waiting != ticket);
        if let Refusal::ConnectFailed(id) = why {
            // There is no socket to close.
            self.connections.retain(|connection| connection.id != id);
        }
    }

    fn close(&mut self, now: Duration, event: &Event, id: ConnectionId, why: CloseReason) {
        assert!(self.is_justified(now, event, id, why), "{id:?} is closed after {event:?} as {why:?}");
        self.connections.retain(|connection| connection.id != id);
        if let Some(ticket) = self.robbed.take_if(|_| why != CloseReason::Closed) {
            let place = self.waiting.partition_point(|(waiting, _)| *waiting < ticket);
            self.waiting.insert(place, (ticket, false));
        }
    }

    fn is_justified(&mut self, now: Duration, event: &Event, id: ConnectionId, why: CloseReason) -> bool {
        let idle = self.ids(|seen| seen == Seen::Idle).len();
        let (max_idle, closing) = (self.limits.max_idle, self.closing);
        let fresh = self.waiting.iter().any(|(_, fresh)| *fresh);
        let connection = self.find(id).expect("what is closed was open").clone();
        self.robbed = match connection.seen {
            Seen::Looking(ticket) => Some(ticket),
            _ => None,
        };
        match why {
            CloseReason::Poisoned(poison) => {
                *event == Event::Returned { connection: id, how: Return::Poisoned(poison) }
            }
            CloseReason::Stale => *event == Event::Looked { connection: id, clean: false },
            CloseReason::Ended => connection.ended,
            // No more than the margin too early.
            CloseReason::Idle | CloseReason::Lifetime => {
                connection.seen == Seen::Idle && now + Duration::from_millis(500) >= connection.expires
            }
            CloseReason::TooManyIdle => connection.seen == Seen::Idle && idle > max_idle,
            CloseReason::Replaced => connection.seen == Seen::Idle && fresh,
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

    fn ids(&self, which: impl Fn(Seen) -> bool) -> Vec<ConnectionId> {
        self.connections.iter().filter(|connection| which(connection.seen)).map(|c| c.id).collect()
    }
}
