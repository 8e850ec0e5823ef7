//! When virtual time goes on: at once, or once real sockets or a real program are at rest.

use std::io;
use std::sync::Arc;
use std::task::Waker;

use closewait_trace::End;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::client::{UnderTest, Wiring};
use crate::net::{Pace, ProgramFault, RealHost, Waited};

/// What the clock of a run waits for.
#[derive(Clone)]
pub(super) enum Clock {
    /// Nothing: all there is, is simulated.
    Simulated,
    /// The loopback connections of the bridge.
    Bridged(Arc<Pace>),
    /// A program with a kernel of its own.
    Real(Arc<RealHost>),
}

impl Clock {
    /// The clock that a client takes. The inner error says why it cannot be had here.
    ///
    /// # Errors
    /// What the machine does not give.
    pub fn of(client: &dyn UnderTest, waited: &Waited) -> io::Result<Result<Self, String>> {
        Ok(match client.wiring() {
            Wiring::Streams => Ok(Self::Simulated),
            Wiring::Bridge => match Pace::obstacle()? {
                Some(obstacle) => Err(obstacle.to_owned()),
                None => Ok(Self::Bridged(Arc::new(Pace::new(waited.clone())?))),
            },
            Wiring::Kernel => RealHost::new().map(Self::Real).map_err(|obstacle| obstacle.to_string()),
        })
    }

    /// A runtime whose time is this clock's.
    ///
    /// # Errors
    /// When there is no epoll instance to be had.
    pub fn runtime(&self) -> io::Result<Runtime> {
        let mut builder = Builder::new_current_thread();
        builder.enable_time().start_paused(true);
        // Time goes on while the runtime is idle, and nowhere else.
        let start = Instant::now();
        let after = self.bridge().cloned();
        builder.on_thread_unpark(move || {
            closewait_system::set(start.elapsed());
            if let Some(pace) = &after {
                pace.after_idle();
            }
        });
        match self.clone() {
            Self::Simulated => {}
            Self::Bridged(pace) => {
                builder.enable_io().on_thread_park(move || pace.before_idle());
            }
            Self::Real(host) => {
                builder.on_thread_park(move || host.before_idle());
            }
        }
        builder.build()
    }

    pub fn bridge(&self) -> Option<&Arc<Pace>> {
        match self {
            Self::Bridged(pace) => Some(pace),
            Self::Simulated | Self::Real(_) => None,
        }
    }

    pub fn real_host(&self) -> Option<&Arc<RealHost>> {
        match self {
            Self::Real(host) => Some(host),
            Self::Simulated | Self::Bridged(_) => None,
        }
    }

    /// Keeps the clock going, until that has to be given up: then this is how the run ends. Poll it in the main task of the runtime.
    pub async fn keep(&self) -> End {
        match self {
            Self::Simulated => std::future::pending().await,
            Self::Bridged(pace) => {
                pace.keep().await;
                // Why is said apart from how the run ended.
                End::Completed
            }
            Self::Real(host) => match host.keep().await {
                ProgramFault::Hung => End::Hang,
                ProgramFault::Broken(message) => End::Panic { message },
                // Why is said apart.
                ProgramFault::Distorted => End::Completed,
            },
        }
    }

    /// The waker of the lab's task.
    pub fn waker(&self, lab: &Waker) -> Waker {
        self.bridge().map_or_else(|| lab.clone(), |pace| pace.waker(lab))
    }

    /// To be called before the lab goes on.
    pub fn before_the_lab(&self) {
        if let Some(pace) = self.bridge() {
            pace.before_the_lab();
        }
    }
}
