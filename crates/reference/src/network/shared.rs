//! Tells the pool what happened, and carries out what it answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hyper::client::conn::http1::{self, SendRequest};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::runtime::Handle as Runtime;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::dial::{Dial, Dialled, Io};
use super::gate::Gate;
use super::h2::{self, Link, LinkIo, Notice};
use super::outgoing::Outgoing;
use super::watchdog::timeout;
use crate::defect::{Defect, Defects};
use crate::pool::{Action, CloseReason, ConnectionId, Event, Limits, Pool, Refusal, Ticket};
use crate::{Cause, Phase};

/// hyper's handle on one connection.
pub(super) type Sender = SendRequest<Outgoing>;

/// What all parts of one transport share. Requests hold it, and what hyper still sends of them; tasks that outlive both do
/// not.
pub(super) struct Shared {
    state: Mutex<State>,
    dialer: Arc<dyn Dial>,
    runtime: Runtime,
    start: Instant,
    /// The pool has another deadline.
    touched: Arc<Notify>,
    drained: Notify,
    windows: Windows,
    pub defects: Defects,
}

struct State {
    pool: Pool,
    tickets: u64,
    handles: BTreeMap<ConnectionId, Handle>,
    dials: BTreeMap<ConnectionId, AbortHandle>,
    failures: BTreeMap<ConnectionId, Cause>,
    waiting: BTreeMap<Ticket, Waiting>,
    drained: bool,
}

/// How much is taken of responses before they are read, bytes. `None` leaves it to hyper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Windows {
    /// Of one response over HTTP/2.
    pub stream: Option<u32>,
    /// Of all responses on one connection together.
    pub connection: Option<u32>,
}

/// An open connection.
pub(super) enum Handle {
    /// For one request at a time. The sender is with the request while one has it.
    Whole(Arc<Gate>, Option<Sender>),
    /// For several.
    Shared(Arc<Link>, h2::Sender),
}

impl Handle {
    fn shut(&self, why: Option<CloseReason>) {
        match (self, why) {
            (Self::Whole(gate, _), _) => gate.shut(),
            (Self::Shared(link, _), Some(CloseReason::NoPong)) => link.give_up(),
            (Self::Shared(link, _), _) => link.shut(),
        }
    }
}

struct Waiting {
    grants: mpsc::UnboundedSender<Grant>,
    connect: Option<Duration>,
}

/// What a request that waits is told.
pub(super) enum Grant {
    Look(ConnectionId),
    Lease(ConnectionId, bool),
    Refused(Cause),
}

impl Shared {
    pub fn new(dialer: Arc<dyn Dial>, limits: Limits, windows: Windows, defects: Defects) -> Arc<Self> {
        let shared = Arc::new(Self {
            state: Mutex::new(State {
                pool: Pool::with_defects(limits, defects),
                tickets: 0,
                handles: BTreeMap::new(),
                dials: BTreeMap::new(),
                failures: BTreeMap::new(),
                waiting: BTreeMap::new(),
                drained: false,
            }),
            dialer,
            runtime: Runtime::current(),
            start: Instant::now(),
            touched: Arc::default(),
            drained: Notify::new(),
            windows,
            defects,
        });
        shared.runtime.spawn(keep_time(Arc::downgrade(&shared), shared.touched.clone()));
        shared
    }

    /// Puts a request in the queue.
    pub fn enter(
        self: &Arc<Self>,
        fresh: bool,
        after: Option<ConnectionId>,
        connect: Option<Duration>,
    ) -> (Ticket, mpsc::UnboundedReceiver<Grant>) {
        let (grants, granted) = mpsc::unbounded_channel();
        let ticket = {
            let mut state = self.lock();
            state.tickets += 1;
            let ticket = Ticket(state.tickets);
            state.waiting.insert(ticket, Waiting { grants, connect });
            ticket
        };
        self.tell(Event::Wanted { ticket, fresh, after });
        (ticket, granted)
    }

    /// A request has what it waited for, or does not want it any more.
    pub fn leave(&self, ticket: Ticket) {
        self.lock().waiting.remove(&ticket);
    }

    pub fn is_queued(&self, ticket: Ticket) -> bool {
        self.lock().pool.is_queued(ticket)
    }

    pub fn tell(self: &Arc<Self>, event: Event) {
        let now = self.since_start(Instant::now());
        let mut state = self.lock();
        for action in state.pool.handle(now, event) {
            self.carry_out(&mut state, action);
        }
        drop(state);
        self.touched.notify_one();
    }

    pub fn since_start(&self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.start)
    }

    pub fn gate(&self, id: ConnectionId) -> Option<Arc<Gate>> {
        match self.lock().handles.get(&id) {
            Some(Handle::Whole(gate, _)) => Some(gate.clone()),
            _ => None,
        }
    }

    pub fn link(&self, id: ConnectionId) -> Option<(Arc<Link>, h2::Sender)> {
        match self.lock().handles.get(&id) {
            Some(Handle::Shared(link, sender)) => Some((link.clone(), sender.clone())),
            _ => None,
        }
    }

    pub fn take_sender(&self, id: ConnectionId) -> Option<Sender> {
        match self.lock().handles.get_mut(&id) {
            Some(Handle::Whole(_, sender)) => sender.take(),
            _ => None,
        }
    }

    pub fn put_sender(&self, id: ConnectionId, sender: Sender) {
        if let Some(Handle::Whole(_, place)) = self.lock().handles.get_mut(&id) {
            *place = Some(sender);
        }
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.runtime.spawn(task).abort_handle()
    }

    /// Resolves when nothing is left after a close.
    pub async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            if self.lock().drained {
                return;
            }
            drained.await;
        }
    }

    /// Has hyper talk on the gate's socket.
    pub async fn handshake(self: &Arc<Self>, id: ConnectionId, gate: &Arc<Gate>) -> hyper::Result<Sender> {
        let (sender, connection) = http1::handshake(TokioIo::new(gate.io())).await?;
        let shared = Arc::downgrade(self);
        let gate = Arc::downgrade(gate);
        self.spawn(async move {
            // How it ended, the request has learnt; an idle connection has nobody to tell.
            let _ = connection.await;
            let survives = gate.upgrade().is_some_and(|gate| gate.survives_hyper());
            if let Some(shared) = shared.upgrade().filter(|_| !survives) {
                shared.tell(Event::Ended { connection: id });
            }
        });
        Ok(sender)
    }

    /// Has hyper talk HTTP/2 on the socket.
    async fn handshake_http2(self: &Arc<Self>, id: ConnectionId, io: Box<dyn Io>) -> hyper::Result<Handle> {
        let shared = Arc::downgrade(self);
        let listener = move |notice| {
            let Some(shared) = shared.upgrade() else { return };
            shared.tell(match notice {
                Notice::Heard => Event::Heard { connection: id },
                Notice::Capacity(streams) => Event::Capacity { connection: id, streams },
                Notice::Goaway => Event::GoneAway { connection: id },
                Notice::Ended => Event::Ended { connection: id },
            });
        };
        let link = Link::new(io, self.defects, listener);
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(self.windows.stream)
            .initial_connection_window_size(self.windows.connection)
            .max_send_buf_size(h2::PIECE)
            .handshake(TokioIo::new(LinkIo(link.clone())))
            .await?;
        let shared = Arc::downgrade(self);
        self.spawn(async move {
            // It takes no more requests; those that it has may still end well, and have learnt it otherwise.
            let _ = connection.await;
            let Some(shared) = shared.upgrade() else { return };
            shared.tell(match shared.defects.has(Defect::IgnoresGoaway) {
                true => Event::Ended { connection: id },
                false => Event::GoneAway { connection: id },
            });
        });
        Ok(Handle::Shared(link, sender))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(self: &Arc<Self>, state: &mut State, action: Action) {
        match action {
            Action::Dial { connection, ticket } => {
                let connect = state.waiting.get(&ticket).and_then(|waiting| waiting.connect);
                let task = self.spawn(dial(Arc::downgrade(self), connection, connect, self.dialer.clone()));
                state.dials.insert(connection, task);
            }
            Action::Ping { connection } => {
                if let Some(Handle::Shared(link, _)) = state.handles.get(&connection) {
                    link.ping();
                }
            }
            Action::Look { connection, ticket } => state.grant(ticket, Grant::Look(connection)),
            Action::Lease { connection, ticket, reused } => {
                state.grant(ticket, Grant::Lease(connection, reused));
            }
            Action::Refuse { ticket, why } => {
                let cause = match why {
                    Refusal::Closed => Cause::Closed,
                    Refusal::ConnectFailed(id) => {
                        state.failures.get(&id).map_or(Cause::Closed, Cause::for_another)
                    }
                };
                state.grant(ticket, Grant::Refused(cause));
            }
            Action::Close { connection, why } => {
                if let Some(handle) = state.handles.remove(&connection) {
                    handle.shut(Some(why));
                }
                if let Some(dial) = state.dials.remove(&connection) {
                    dial.abort();
                }
            }
            Action::Drained => {
                state.drained = true;
                self.drained.notify_waiters();
            }
        }
    }

    async fn connected(self: Arc<Self>, id: ConnectionId, Dialled { io, http2 }: Dialled) {
        let opened = if http2 { self.handshake_http2(id, io).await } else { self.open(id, io).await };
        match opened {
            Ok(handle) => {
                {
                    let mut state = self.lock();
                    if state.dials.remove(&id).is_none() {
                        return;
                    }
                    state.handles.insert(id, handle);
                }
                self.tell(match http2 {
                    true => Event::Multiplexed { connection: id },
                    false => Event::Connected { connection: id },
                });
            }
            Err(error) => self.connect_failed(id, Cause::Http(error)),
        }
    }

    async fn open(self: &Arc<Self>, id: ConnectionId, io: Box<dyn Io>) -> hyper::Result<Handle> {
        let gate = Gate::new(io, self.defects);
        let sender = self.handshake(id, &gate).await?;
        Ok(Handle::Whole(gate, Some(sender)))
    }

    fn connect_failed(self: &Arc<Self>, id: ConnectionId, cause: Cause) {
        let mut state = self.lock();
        state.dials.remove(&id);
        state.failures.insert(id, cause);
        drop(state);
        self.tell(Event::ConnectFailed { connection: id });
        self.lock().failures.remove(&id);
    }
}

impl State {
    fn grant(&self, ticket: Ticket, grant: Grant) {
        if let Some(waiting) = self.waiting.get(&ticket) {
            // The request may be gone: its guard has told the pool, or will.
            let _ = waiting.grants.send(grant);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.handles.values().for_each(|handle| handle.shut(None));
        state.dials.values().for_each(AbortHandle::abort);
        self.touched.notify_one();
    }
}

async fn dial(shared: Weak<Shared>, id: ConnectionId, limit: Option<Duration>, dialer: Arc<dyn Dial>) {
    let dialling = dialer.dial();
    let result = match limit {
        Some(limit) => match tokio::time::timeout(limit, dialling).await {
            Ok(result) => result.map_err(Cause::Connect),
            Err(_) => Err(timeout(Phase::Connect, limit)),
        },
        None => dialling.await.map_err(Cause::Connect),
    };
    if let Some(shared) = shared.upgrade() {
        match result {
            Ok(dialled) => shared.connected(id, dialled).await,
            Err(cause) => shared.connect_failed(id, cause),
        }
    }
}

/// Sends [`Event::Tick`] when a deadline of the pool has come. Ends with the transport.
async fn keep_time(shared: Weak<Shared>, touched: Arc<Notify>) {
    loop {
        let Some(deadline) = shared.upgrade().map(|shared| {
            let deadline = shared.lock().pool.next_deadline();
            deadline.map(|deadline| shared.start + deadline)
        }) else {
            return;
        };
        tokio::select! {
            biased;
            () = touched.notified() => {}
            () = until(deadline) => {
                if let Some(shared) = shared.upgrade() {
                    shared.tell(Event::Tick);
                }
            }
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
