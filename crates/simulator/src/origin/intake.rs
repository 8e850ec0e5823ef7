//! How much the origin takes out of a socket, and when.

use std::io;
use std::sync::{Mutex, MutexGuard};

use bytes::BytesMut;
use closewait_scenario::ReadPace;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::timer;

use crate::net::Stream;

#[derive(Default)]
pub(super) struct Intake {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    pace: ReadPace,
    /// When the current interval of a slow pace ends, and how much may be read until then.
    interval: Option<(Instant, usize)>,
}

impl Intake {
    pub fn change(&self, pace: ReadPace) {
        *self.state() = State { pace, interval: None };
        self.changed.notify_waiters();
    }

    /// Reads what the pace allows. 0 is the end.
    pub async fn read(&self, stream: &Stream, buffer: &mut BytesMut) -> io::Result<usize> {
        loop {
            let changed = self.changed.notified();
            let allowance = self.allowance();
            let read = tokio::select! {
                biased;
                () = changed => None,
                read = self.take(allowance, stream, buffer) => read,
            };
            if let Some(read) = read {
                return read;
            }
        }
    }

    /// `None` where the allowance is to be looked at again.
    async fn take(
        &self,
        allowance: Allowance,
        stream: &Stream,
        buffer: &mut BytesMut,
    ) -> Option<io::Result<usize>> {
        let most = match allowance {
            Allowance::Now(most) => most,
            Allowance::From(instant) => {
                timer::sleep_until(instant).await;
                return None;
            }
            Allowance::Never => std::future::pending().await,
        };
        let read = stream.read_into(buffer, most).await;
        if let (Ok(read), Some((_, left))) = (&read, &mut self.state().interval) {
            *left = left.saturating_sub(*read);
        }
        Some(read)
    }

    fn allowance(&self) -> Allowance {
        let mut state = self.state();
        let (bytes, every) = match state.pace {
            ReadPace::Freely => return Allowance::Now(usize::MAX),
            ReadPace::Stopped => return Allowance::Never,
            ReadPace::Slowly { bytes, every } => (bytes as usize, every),
        };
        let now = Instant::now();
        match state.interval {
            Some((end, 0)) if now < end => Allowance::From(end),
            Some((end, left)) if now < end => Allowance::Now(left),
            _ => {
                state.interval = Some((now + every, bytes));
                Allowance::Now(bytes)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with this lock")
    }
}

enum Allowance {
    /// So many bytes.
    Now(usize),
    From(Instant),
    Never,
}
