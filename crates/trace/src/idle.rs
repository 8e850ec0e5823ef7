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

impl Connection {
    /// Every time in which the connection lay idle after an exchange, in order. An exchange of HTTP/1.1 that
    /// never came to its end leaves nothing idle behind; a stream of HTTP/2 that was reset does.
    pub fn idle(&self) -> Vec<Idle<'_>> {
        if self.http2.is_some() { self.idle_between_streams() } else { self.idle_between_exchanges() }
    }

    fn idle_between_exchanges(&self) -> Vec<Idle<'_>> {
        let exchanges = self.exchanges.iter().enumerate();
        let idle = exchanges.filter_map(|(index, after)| {
            let until = self.exchanges.get(index + 1).map(|next| next.request.first_sent);
            after.complete().map(|since| Idle { since, until, after })
        });
        idle.collect()
    }

    fn idle_between_streams(&self) -> Vec<Idle<'_>> {
        let ends: BTreeMap<Moment, &Exchange> =
            self.exchanges.iter().filter_map(|exchange| Some((exchange.ended()?, exchange))).collect();
        let idle =
            ends.into_iter().filter(|(since, _)| self.open_streams(*since) == 0).map(|(since, after)| {
                let later = self.exchanges.iter().map(|exchange| exchange.request.first_sent);
                Idle { since, until: later.filter(|first| since < *first).min(), after }
            });
        idle.collect()
    }

    /// How many exchanges were under way just after a moment.
    pub fn open_streams(&self, moment: Moment) -> usize {
        let open = |exchange: &&Exchange| {
            exchange.request.first_sent <= moment && exchange.ended().is_none_or(|ended| moment < ended)
        };
        self.exchanges.iter().filter(open).count()
    }
}
