//! A shared connection, as far as its users can tell.

use std::time::Duration;

use closewait::client::reference::pool::{Limits, Ticket};

/// Plain facts: what was put in, and what follows at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streams {
    /// Who has a place: `None` until it became a stream, then since when.
    pub held: Vec<(Ticket, Option<Duration>)>,
    /// Whose request is still being sent, behind its response.
    pub sending: Vec<Ticket>,
    pub limit: u32,
    pub draining: bool,
    pub heard: Duration,
    pub asked: Option<Duration>,
    pub in_doubt: bool,
    pub refused: u32,
}

impl Streams {
    pub fn new(now: Duration) -> Self {
        Self {
            held: Vec::new(),
            sending: Vec::new(),
            limit: 100,
            draining: false,
            heard: now,
            asked: None,
            in_doubt: false,
            refused: 0,
        }
    }

    pub fn hear(&mut self, now: Duration) {
        (self.heard, self.asked, self.in_doubt) = (now, None, false);
    }

    pub fn looking(&self) -> Vec<Ticket> {
        self.held.iter().filter(|(_, since)| since.is_none()).map(|(ticket, _)| *ticket).collect()
    }

    pub fn open(&self) -> Vec<Ticket> {
        self.held.iter().filter(|(_, since)| since.is_some()).map(|(ticket, _)| *ticket).collect()
    }

    /// Gives up the places that are no streams yet; whose they were.
    pub fn turn_away(&mut self) -> Vec<Ticket> {
        let looking = self.looking();
        self.held.retain(|(_, since)| since.is_some());
        looking
    }

    /// Those of them, the last first, for whom there is no room any more.
    pub fn turn_away_surplus(&mut self) -> Vec<Ticket> {
        let surplus = self.taken().saturating_sub(self.limit as usize);
        let mut looking = self.looking();
        looking.sort_unstable();
        let turned_away = looking.split_off(looking.len().saturating_sub(surplus));
        self.held.retain(|(ticket, _)| !turned_away.contains(ticket));
        turned_away
    }

    /// Since when the request had its stream, which it has no more.
    pub fn release(&mut self, ticket: Ticket) -> Option<Duration> {
        let place = self.held.iter().position(|(holder, since)| *holder == ticket && since.is_some())?;
        self.held.remove(place).1
    }

    /// How many streams are open or promised.
    fn taken(&self) -> usize {
        self.held.len() + self.sending.len()
    }

    pub fn assert_takes_one_more(&self) {
        assert!(!self.draining, "a stream after GOAWAY");
        assert!(!self.in_doubt, "a stream on a connection in doubt");
        assert!(self.taken() < self.limit as usize, "more streams than the peer takes");
    }

    pub fn assert_may_be_asked(&self, now: Duration, given_up: bool, limits: &Limits) {
        assert!(self.asked.is_none(), "a ping while one is outstanding");
        let wanted = limits.ping_while_idle || !self.held.is_empty();
        let due = limits.ping_interval.is_some_and(|interval| wanted && now >= self.heard + interval);
        assert!(due || given_up, "a ping without need");
    }

    pub fn is_dead(&self, now: Duration, limits: &Limits) -> bool {
        self.asked.is_some_and(|asked| now >= asked + limits.ping_timeout)
    }
}
