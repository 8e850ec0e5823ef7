//! Plays steps on a pool and shows the naive model all that goes in and comes out.

use std::time::Duration;

use closewait::client::reference::pool::{ConnectionId, Event, Finish, Limits, Poison, Pool, Return, Ticket};

use super::naive::Naive;

/// Something that may happen. A number picks among what there is to pick from.
#[derive(Debug, Clone)]
pub enum Step {
    /// A fresh one, and if so, or a shared one after the connection of this number, if not 0.
    Want {
        fresh: bool,
        after: u8,
    },
    GiveUp(u8),
    Connect(u8),
    FailConnect(u8),
    Multiplex(u8),
    Turn(u8),
    Finish(u8, u8),
    Sent(u8),
    Capacity(u8, u8),
    Hear(u8),
    GoAway(u8),
    Look(u8, bool),
    /// With `Keep-Alive: timeout` of so many seconds, if not 0.
    GiveBack(u8, u8),
    Poison(u8, u8),
    End(u8),
    /// Milliseconds.
    Wait(u32),
    /// Rare: only the numbers that are divisible by 16.
    Close(u8),
    /// As rare.
    Abort(u8),
}

/// A pool, the model, and the time.
pub struct Player {
    pool: Pool,
    naive: Naive,
    now: Duration,
    tickets: u64,
}

const POISONS: [Poison; 7] = [
    Poison::Cancelled,
    Poison::TimedOut,
    Poison::Silence,
    Poison::Broken,
    Poison::ConnectionClose,
    Poison::Http10,
    Poison::Surplus,
];

impl Player {
    pub fn new(limits: Limits) -> Self {
        let naive = Naive::new(limits.clone());
        Self { pool: Pool::new(limits), naive, now: Duration::ZERO, tickets: 0 }
    }

    pub fn play(&mut self, step: Step) {
        match step {
            Step::Wait(millis) => self.wait(Duration::from_millis(millis.into())),
            step => {
                if let Some(event) = self.event(step) {
                    self.feed(event);
                }
            }
        }
    }

    /// Everything comes to its end: nobody is left behind.
    pub fn finish(mut self) {
        self.feed(Event::Close);
        // Each round ends a dial, a look or a lease, or serves who waits for one.
        for _ in 0..1_000 {
            let Some(event) = self.naive.next_to_finish() else { break };
            self.feed(event);
        }
        self.naive.assert_over();
    }

    fn event(&mut self, step: Step) -> Option<Event> {
        let naive = &self.naive;
        Some(match step {
            Step::Want { fresh, after } => {
                self.tickets += 1;
                let failed = ConnectionId(u64::from(after) % (naive.dialled() + 1));
                let after = Some(failed).filter(|_| fresh && after > 0);
                Event::Wanted { ticket: Ticket(self.tickets), fresh, after }
            }
            // Also of those who have it already, and those that are long gone.
            Step::GiveUp(n) => Event::GivenUp { ticket: Ticket(u64::from(n) % (self.tickets + 1)) },
            Step::Connect(n) => Event::Connected { connection: pick(&naive.dialing(), n)? },
            Step::FailConnect(n) => Event::ConnectFailed { connection: pick(&naive.dialing(), n)? },
            Step::Multiplex(n) => Event::Multiplexed { connection: pick(&naive.dialing(), n)? },
            Step::Turn(n) => Event::Turned { ticket: pick(&naive.turning(), n)? },
            Step::Finish(n, how) => {
                let (connection, ticket) = pick(&naive.open_streams(), n)?;
                let ends = [Finish::Done, Finish::Answered, Finish::Abandoned, Finish::Refused];
                Event::Finished { connection, ticket, how: ends[usize::from(how) % ends.len()] }
            }
            Step::Sent(n) => {
                let (connection, ticket) = pick(&naive.sending(), n)?;
                Event::Finished { connection, ticket, how: Finish::Done }
            }
            Step::Capacity(n, streams) => {
                Event::Capacity { connection: pick(&naive.shared(), n)?, streams: u32::from(streams % 8) }
            }
            Step::Hear(n) => Event::Heard { connection: pick(&naive.shared(), n)? },
            Step::GoAway(n) => Event::GoneAway { connection: pick(&naive.shared(), n)? },
            Step::Look(n, clean) => Event::Looked { connection: pick(&naive.looking(), n)?, clean },
            Step::GiveBack(n, seconds) => {
                let keep_alive = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
                let how = Return::Reusable { keep_alive, quiet_since: self.now };
                Event::Returned { connection: pick(&naive.leased(), n)?, how }
            }
            Step::Poison(n, poison) => {
                let how = Return::Poisoned(POISONS[usize::from(poison) % POISONS.len()]);
                Event::Returned { connection: pick(&naive.leased(), n)?, how }
            }
            // Of any connection that ever was.
            Step::End(n) => Event::Ended { connection: ConnectionId(u64::from(n) % (naive.dialled() + 1)) },
            Step::Close(n) => n.is_multiple_of(16).then_some(Event::Close)?,
            Step::Abort(n) => n.is_multiple_of(16).then_some(Event::Abort)?,
            Step::Wait(_) => return None,
        })
    }

    /// Time passes, with a tick at each of the pool's deadlines.
    fn wait(&mut self, length: Duration) {
        let until = self.now + length;
        while let Some(deadline) = self.pool.next_deadline().filter(|deadline| *deadline <= until) {
            self.now = deadline;
            self.feed(Event::Tick);
        }
        self.now = until;
    }

    fn feed(&mut self, event: Event) {
        let actions = self.pool.handle(self.now, event.clone());
        self.naive.observe(self.now, &event, &actions);
        self.pool.assert_invariants(self.now);
    }
}

fn pick<T: Copy>(from: &[T], n: u8) -> Option<T> {
    from.get(usize::from(n) % from.len().max(1)).copied()
}
