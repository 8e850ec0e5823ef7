//! What a client can know, and by when it must. It knows what reached its host once it had its turn: in virtual time that is
//! over with the instant.

use closewait_scenario::{Action, NetworkAction, OriginAction};
use closewait_trace::http2::Setting;
use closewait_trace::{Connection, Direction, Fate, Millis, Moment, StaleReason, Staleness, What};

use super::case::Case;
use super::interval::Known;

/// What a client knows of a connection that it is not to use any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stale<'a> {
    pub known: Known,
    pub reason: &'a StaleReason,
    /// The event that made it so, or from which the time counts that did.
    pub event: usize,
}

impl<'a> Case<'a> {
    /// When the client knew what reached its host at a moment.
    pub fn known(&self, moment: Moment) -> Known {
        Known { earliest: moment, latest: self.turn_end(moment.at) }
    }

    /// Since when the connection was stale for the client. It must know by the end of its turn, or as soon as it
    /// reports to a caller what came with the signal or behind it.
    pub fn stale(&self, connection: &Connection) -> Option<Stale<'a>> {
        self.staleness(connection).next()
    }

    /// Every reason why the connection was stale for the client, in order. See [`stale`](Self::stale).
    pub fn staleness(&self, connection: &Connection) -> impl Iterator<Item = Stale<'a>> {
        let stale = self.views.staleness(connection.number).iter();
        let is_news = move |stale: &&Staleness| {
            !matches!(stale.reason, StaleReason::PingOmitted { .. }) || !self.answers_pings(stale.at)
        };
        stale.filter(is_news).map(move |stale| self.known_stale(connection, stale))
    }

    /// Whether nothing has happened, up to an instant, that keeps a PING from its answer: then one that was not sent would have told
    /// the client nothing, however long a response is held back.
    fn answers_pings(&self, until: Millis) -> bool {
        let mut steps = self.trace.events.iter().take_while(|event| event.at <= until);
        !steps.any(|event| match event.what {
            What::Step { step } => self.scenario.script.get(step).is_some_and(|step| silences(&step.action)),
            _ => false,
        })
    }

    fn known_stale(&self, connection: &Connection, stale: &'a Staleness) -> Stale<'a> {
        let by_event = self.trace.events.get(stale.event).is_some_and(|event| event.at == stale.at);
        // Where time alone made it so, that was before anything else in the instant.
        let earliest =
            if by_event { Moment { event: stale.event, at: stale.at } } else { self.turn_start(stale.at) };
        let reports = connection.exchanges.iter().filter_map(|exchange| {
            let response = exchange.response.as_ref()?.complete?;
            let (finished, _) = self.request_of(exchange)?.finished.as_ref()?;
            (stale.event <= response.event && response < *finished).then(|| earliest.max(*finished))
        });
        let known = self.known(earliest);
        let latest = reports.chain([known.latest]).min().unwrap_or(known.latest);
        Stale { known: Known { latest, ..known }, reason: &stale.reason, event: stale.event }
    }

    /// An instant, before anything happened in it.
    pub fn turn_start(&self, at: Millis) -> Moment {
        let first = self.trace.events.partition_point(|event| event.at < at);
        Moment { event: first.saturating_sub(1), at }
    }

    /// An instant, after everything that happened in it.
    pub fn turn_end(&self, at: Millis) -> Moment {
        let events = self.trace.events.partition_point(|event| event.at <= at);
        Moment { event: events.saturating_sub(1), at }
    }

    /// The end of the client's turn before that of a moment.
    pub fn turn_before(&self, moment: Moment) -> Moment {
        Moment { at: moment.at.saturating_sub(1), ..self.turn_start(moment.at) }
    }

    /// Whether not even an acknowledgement reached the client's host from one moment until another. A connection that
    /// brings those is not dead, however long the origin thinks.
    pub fn is_cut_off(&self, connection: &Connection, from: Moment, until: Moment) -> bool {
        let events = self.trace.events.get(from.event..=until.event).unwrap_or_default();
        from <= until && !events.iter().any(|event| reaches_the_client(&event.what, connection))
    }
}

/// Whether a step may keep PINGs, or their answers, from their receiver.
fn silences(action: &Action) -> bool {
    match action {
        Action::Network(action) => !matches!(action, NetworkAction::Heal { .. }),
        Action::Origin(OriginAction::Pings { .. } | OriginAction::Read { .. } | OriginAction::Crash) => true,
        Action::Origin(_) | Action::Client(_) | Action::Wait(_) | Action::Until(_) => false,
    }
}

fn reaches_the_client(what: &What, connection: &Connection) -> bool {
    let What::Segment { connection: number, direction, fate, .. } = what else { return false };
    (*number, *direction, *fate) == (connection.number, Direction::ToClient, Fate::Delivered)
}

/// How many streams the origin permits, as far as the client knows. `None`: as many as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamLimit {
    /// A client that is careful opens no more.
    pub least: Option<u32>,
    /// More than these no client may open.
    pub most: Option<u32>,
}

/// SETTINGS_MAX_CONCURRENT_STREAMS from one moment to another: what arrives within the instants of these may
/// count already, or not yet (RFC 9113 section 6.5.3).
pub(super) fn stream_limit(connection: &Connection, from: Moment, to: Moment) -> StreamLimit {
    let http2 = connection.http2.iter();
    let limits: Vec<_> = http2.flat_map(|http2| http2.setting(Setting::MAX_CONCURRENT_STREAMS)).collect();
    let known = limits.iter().rfind(|(delivered, _)| delivered.precedes(from));
    let meanwhile =
        limits.iter().filter(|(delivered, _)| from.may_precede(*delivered) && delivered.may_precede(to));
    let possible = || meanwhile.clone().chain(known).map(|(_, limit)| *limit);
    StreamLimit { least: possible().min(), most: possible().max().filter(|_| known.is_some()) }
}
