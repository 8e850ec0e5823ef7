//! When a connection lay idle: no request on it was under way.

use std::collections::BTreeMap;

use super::{Connection, Exchange, Moment};

/// A time in which no request was under way on a connection.
#[derive(Debug, Clone, Copy)]
pub struct Idle<'a> {
    /// The end of the last exchange.
    pub since: Moment,
    /// The beginning of the next one; `None` if none followed.
    pub until: Option<Moment>,
    /// The last exchange.
    pub after: &'a Exchange,
}

/// When the exchanges of a connection began and ended, in order, and when none was under way: read once, and asked for by each request.
#[derive(Debug, Clone, Default)]
pub(super) struct Occupation {
    begun: Vec<Moment>,
    /// One that ended before it began was never under way.
    ended: Vec<Moment>,
    idle: Vec<Gap>,
}

#[derive(Debug, Clone, Copy)]
struct Gap {
    since: Moment,
    until: Option<Moment>,
    /// Index of the last exchange.
    after: usize,
}

impl Occupation {
    pub fn of(exchanges: &[Exchange], are_streams: bool) -> Self {
        let mut begun: Vec<Moment> = exchanges.iter().map(|exchange| exchange.request.first_sent).collect();
        let ends =
            exchanges.iter().filter_map(|exchange| Some(exchange.ended()?.max(exchange.request.first_sent)));
        let mut ended: Vec<Moment> = ends.collect();
        begun.sort_unstable();
        ended.sort_unstable();
        let mut occupation = Self { begun, ended, idle: Vec::new() };
        occupation.idle = match are_streams {
            true => occupation.between_streams(exchanges),
            false => between_exchanges(exchanges),
        };
        occupation
    }

    /// How many exchanges were under way just after a moment.
    fn open(&self, moment: Moment) -> usize {
        up_to(&self.begun, moment) - up_to(&self.ended, moment)
    }

    fn between_streams(&self, exchanges: &[Exchange]) -> Vec<Gap> {
        let ends = exchanges.iter().enumerate();
        let ends: BTreeMap<Moment, usize> =
            ends.filter_map(|(index, exchange)| Some((exchange.ended()?, index))).collect();
        let idle = ends.into_iter().filter(|(since, _)| self.open(*since) == 0);
        let gap =
            |(since, after)| Gap { since, until: self.begun.get(up_to(&self.begun, since)).copied(), after };
        idle.map(gap).collect()
    }
}

/// An exchange of HTTP/1.1 that never came to its end leaves nothing idle behind.
fn between_exchanges(exchanges: &[Exchange]) -> Vec<Gap> {
    let gaps = exchanges.iter().enumerate().filter_map(|(after, exchange)| {
        let until = exchanges.get(after + 1).map(|next| next.request.first_sent);
        exchange.complete().map(|since| Gap { since, until, after })
    });
    gaps.collect()
}

/// How many of these moments, which are in order, are not after another.
fn up_to(moments: &[Moment], moment: Moment) -> usize {
    moments.partition_point(|earlier| *earlier <= moment)
}

impl Connection {
    /// Every time in which the connection lay idle after an exchange, in order. An exchange of HTTP/1.1 that
    /// never came to its end leaves nothing idle behind; a stream of HTTP/2 that was reset does.
    pub fn idle(&self) -> impl DoubleEndedIterator<Item = Idle<'_>> {
        let idle = self.occupation.idle.iter();
        idle.map(|gap| Idle { since: gap.since, until: gap.until, after: &self.exchanges[gap.after] })
    }

    /// The last time before a moment since when the connection lay idle, with streams or without.
    pub fn idle_before(&self, moment: Moment) -> Option<Moment> {
        let idle = &self.occupation.idle;
        let before = idle.partition_point(|gap| gap.since < moment);
        idle[..before].last().map(|gap| gap.since)
    }

    /// How many exchanges were under way just after a moment.
    pub fn open_streams(&self, moment: Moment) -> usize {
        self.occupation.open(moment)
    }
}
