//! The streams of a connection, or its exchanges, in an order in which the answer is found without going through all of them.

use closewait_trace::http2::{ErrorCode, Setting};
use closewait_trace::{Connection, Exchange, Moment, Request};

use super::case::Case;
use super::doubts::{answered, is_since};
use super::order::{Lives, before};
use super::policy::REFUSALS;

/// What became of the exchanges of a connection.
pub(super) struct Slots {
    /// From when each may have been written until when it ended.
    pub written: Lives,
    /// When the number of streams to spare may have become larger, in order.
    pub changes: Vec<Moment>,
    /// When each left, in order, and when it was over as far as the client must know.
    opened: Vec<(Moment, Option<Moment>)>,
    /// The later of the two, in order.
    over: Vec<Moment>,
    /// Since when nobody used any of those up to here; `None` if one is in use for ever.
    unused: Vec<Option<Moment>>,
    /// The last of each row of refusals without a request that ended well between them.
    refused: Vec<Moment>,
    /// When each was written that was given up, and the first end of those that were written no earlier.
    first_end: Vec<(Moment, Moment)>,
    /// When the requests that used it ended.
    ended: Vec<Moment>,
}

impl<'a> Case<'a> {
    /// What became of the exchanges of a connection; `None` if there was none.
    pub fn streams(&self, connection: &Connection) -> Option<&Slots> {
        self.book(connection).map(|book| book.streams.get_or_init(|| Slots::of(self, connection)))
    }
}

impl Slots {
    fn of(case: &Case, connection: &Connection) -> Self {
        let exchanges = || connection.exchanges.iter();
        let given_up = |exchange: &Exchange| case.request_of(exchange).and_then(Request::ended);
        let over = |exchange: &Exchange| exchange.ended().into_iter().chain(given_up(exchange)).min();
        let opened: Vec<_> =
            exchanges().map(|exchange| (exchange.request.first_sent, over(exchange))).collect();
        let mut over: Vec<Moment> =
            opened.iter().filter_map(|(opened, over)| Some((*opened).max((*over)?))).collect();
        over.sort_unstable();
        let written = |exchange: &Exchange| (case.written(connection, exchange).earliest, exchange.ended());
        let users = case.book(connection).map_or(&[][..], |book| &book.users);
        let mut ended: Vec<Moment> = users.iter().filter_map(|request| request.ended()).collect();
        ended.sort_unstable();
        Self {
            written: Lives::of(exchanges().map(written)),
            changes: changes(case, connection),
            opened,
            over,
            unused: unused(case, connection),
            refused: refused(case, connection),
            first_end: first_end(users, connection),
            ended,
        }
    }

    /// How many of those that left before `left` were not over by a moment.
    pub fn open_at(&self, left: Moment, moment: Moment) -> usize {
        let counted = self.opened.partition_point(|(opened, _)| *opened < left);
        let by_then = self.opened.partition_point(|(opened, _)| opened.may_precede(moment));
        let is_over =
            |(_, over): &&(Moment, Option<Moment>)| over.is_some_and(|over| over.may_precede(moment));
        let among = |from: usize, to: usize| {
            self.opened.get(from..to).map_or(0, |some| some.iter().filter(is_over).count())
        };
        // Of those that had left by then, as many are over as are in order; the others are few, and looked at.
        let over = self.over.partition_point(|over| over.may_precede(moment));
        counted - (over + among(by_then, counted) - among(counted, by_then))
    }

    /// Since when nobody used any that had left before a moment.
    pub fn unused_since(&self, moment: Moment) -> Option<Moment> {
        let last = self.opened.partition_point(|(opened, _)| *opened < moment).checked_sub(1)?;
        self.unused[last].filter(|ended| *ended < moment)
    }

    /// When the last of a row of streams was refused before a moment.
    pub fn refused_before(&self, moment: Moment) -> Option<Moment> {
        self.refused[..before(&self.refused, moment)].last().copied()
    }

    /// The first end of a request that was written on it since something came last.
    pub fn first_end_of_what_was_written_since(&self, heard: Option<Moment>) -> Option<Moment> {
        let since = self.first_end.partition_point(|(written, _)| !is_since(*written, heard));
        self.first_end.get(since).map(|(_, ended)| *ended)
    }

    /// When requests that used it ended, since something came last.
    pub fn ended_since(&self, heard: Option<Moment>) -> impl Iterator<Item = Moment> {
        let since = self.ended.partition_point(|ended| !is_since(*ended, heard));
        self.ended[since..].iter().copied()
    }
}

fn changes(case: &Case, connection: &Connection) -> Vec<Moment> {
    let ended = connection.exchanges.iter().filter_map(Exchange::ended);
    let given_up = connection.exchanges.iter().filter_map(|exchange| case.request_of(exchange)?.ended());
    let settings = connection.http2.iter().flat_map(|http2| http2.setting(Setting::MAX_CONCURRENT_STREAMS));
    // From the next instant on a new limit must be known.
    let raised = settings.flat_map(|(delivered, _)| [delivered, delivered.later_by(1)]);
    let mut changes: Vec<Moment> = ended.chain(given_up).chain(raised).collect();
    changes.sort_unstable();
    changes
}

/// A stream whose upload goes on behind an early response is nobody's any more.
fn unused(case: &Case, connection: &Connection) -> Vec<Option<Moment>> {
    let ended = |exchange: &Exchange| {
        let answered = exchange.answered();
        exchange.ended().or_else(|| {
            let ended = case.request_of(exchange)?.ended()?;
            answered.map(|answered| answered.max(ended))
        })
    };
    let mut last = None;
    let mut until = |(index, exchange): (usize, &Exchange)| {
        let ended = ended(exchange);
        last = if index == 0 {
            ended
        } else {
            last.zip(ended).map(|(last, ended): (Moment, Moment)| last.max(ended))
        };
        last
    };
    connection.exchanges.iter().enumerate().map(&mut until).collect()
}

fn refused(case: &Case, connection: &Connection) -> Vec<Moment> {
    let exchanges = || connection.exchanges.iter();
    let well = exchanges().filter(|exchange| exchange.complete().is_some());
    let mut well: Vec<Moment> = well.filter_map(|exchange| answered(case.request_of(exchange)?)).collect();
    well.sort_unstable();
    let refused = exchanges().filter_map(|exchange| exchange.stream.as_ref()?.reset_by_origin);
    let refused = refused.filter(|reset| reset.code == ErrorCode::REFUSED_STREAM);
    let mut refused: Vec<Moment> = refused.filter_map(|reset| reset.delivered).collect();
    refused.sort_unstable();
    let rows = refused.windows(REFUSALS).map(|row| (row[0], row[REFUSALS - 1]));
    let is_whole = |(first, last): &(Moment, Moment)| {
        let next = well.get(well.partition_point(|end| end.may_precede(*first)));
        next.is_none_or(|end| last.may_precede(*end))
    };
    rows.filter(is_whole).map(|(_, last)| last).collect()
}

fn first_end(users: &[&Request], connection: &Connection) -> Vec<(Moment, Moment)> {
    let written = users.iter().filter_map(|request| Some((request, request.ended()?)));
    let on_it = written.flat_map(|(request, ended)| {
        let attempts = request.attempts.iter().filter(|attempt| attempt.connection == connection.number);
        attempts.map(move |attempt| (attempt.first_sent, ended))
    });
    let mut first_end: Vec<(Moment, Moment)> = on_it.collect();
    first_end.sort_unstable();
    for later in (1..first_end.len()).rev() {
        first_end[later - 1].1 = first_end[later - 1].1.min(first_end[later].1);
    }
    first_end
}
