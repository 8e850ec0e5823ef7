//! The origin: accepts, carries out the steps of the script, answers as the script planned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use closewait_scenario::{
    AfterReply, ErrorCode, OriginAction, OriginSettings, Pings, Protocol, ReadPace, Reply, Scenario,
    WindowTarget,
};
use closewait_trace::{Recorder, What};
use tokio::sync::Notify;

use super::asker::{Asker, Written};
use super::connection::Connection;
use super::plan::Plans;
use super::tls::{Session, Terms};
use super::{http1, http2};
use crate::net::{Listener, Stream, Wire};

/// A handle on the origin. It serves until the runtime ends.
#[derive(Clone)]
pub struct Origin {
    shared: Arc<Shared>,
}

struct Shared {
    wire: Wire,
    protocol: Protocol,
    settings: OriginSettings,
    recorder: Recorder,
    state: Mutex<State>,
    /// A request has been received.
    received: Notify,
}

#[derive(Default)]
struct State {
    connections: BTreeMap<u32, Served>,
    plans: Plans<Asker>,
    /// What connections from now on do about PINGs.
    pings: Pings,
    /// How connections from now on are read.
    reading: ReadPace,
    /// What the handshakes of connections from now on meet; `None` without TLS.
    terms: Option<Terms>,
}

/// A connection, and what HTTP/2 knows of it.
#[derive(Clone)]
struct Served {
    connection: Arc<Connection>,
    session: Arc<OnceLock<Arc<http2::Session>>>,
}

impl Origin {
    /// Opens the port and serves it in the background.
    ///
    /// # Errors
    /// When the simulated port is taken: not in a run, which has one origin.
    pub async fn start(wire: Wire, scenario: &Scenario, recorder: Recorder) -> std::io::Result<Self> {
        let listener = wire.listen().await?;
        let (protocol, settings) = (scenario.protocol, scenario.origin.clone());
        let terms = Terms::of(protocol, &settings);
        let state = Mutex::new(State { pings: settings.pings, terms, ..State::default() });
        let shared = Shared { wire, protocol, settings, recorder, state, received: Notify::new() };
        let origin = Self { shared: Arc::new(shared) };
        tokio::spawn(origin.clone().accept(listener));
        Ok(origin)
    }

    /// Does what a step says, of which this is the index. False if it names a connection, or a stream, that does not exist.
    pub fn perform(&self, action: &OriginAction, step: usize) -> bool {
        match action {
            OriginAction::Reply(reply) => self.plan_reply(reply, step),
            OriginAction::Hold { id } => self.state().plans.hold(id, step),
            OriginAction::Goaway { connection, last_stream, error } => {
                return self.session(*connection).is_some_and(|session| session.goaway(last_stream, *error));
            }
            OriginAction::ResetStream { id, error, times } => self.reset_stream(id, *error, *times, step),
            OriginAction::Settings { connection, max_streams, initial_window } => {
                return self.on_session(*connection, |it| it.change_settings(*max_streams, *initial_window));
            }
            OriginAction::Ping { connection } => return self.on_session(*connection, http2::Session::ping),
            OriginAction::Pings { connection, pings } => return self.change_pings(*connection, *pings),
            OriginAction::Window { target: WindowTarget::Connection(connection), by } => {
                return self.on_session(*connection, |session| session.grant(*by));
            }
            OriginAction::Window { target: WindowTarget::Stream(id), by } => {
                return self.sessions().any(|session| session.grant_to(id, *by));
            }
            OriginAction::Send { connection, bytes } => {
                return self.write(*connection, bytes, AfterReply::Keep);
            }
            OriginAction::Read { connection, pace } => return self.change_reading(*connection, *pace),
            OriginAction::Fin { connection } => return self.write(*connection, b"", AfterReply::Fin),
            OriginAction::Rst { connection } => return self.reset(*connection),
            OriginAction::Close { connection } => return self.write(*connection, b"", AfterReply::Close),
            OriginAction::CloseNotify { connection } => {
                return self.write(*connection, b"", AfterReply::CloseNotify);
            }
            OriginAction::Alert { connection, description } => {
                return self.on(*connection, |connection| connection.alert(description));
            }
            OriginAction::Tls { certificate, alpn, handshake } => {
                if let Some(terms) = &mut self.state().terms {
                    terms.certificate = certificate.unwrap_or(terms.certificate);
                    terms.alpn = alpn.unwrap_or(terms.alpn);
                    terms.handshake = handshake.unwrap_or(terms.handshake);
                }
            }
            OriginAction::StopListening => self.shared.wire.refuse_connections(true),
            OriginAction::Listen => self.shared.wire.refuse_connections(false),
            OriginAction::Crash => self.crash(),
            OriginAction::Restart => self.shared.wire.restart_origin(),
        }
        true
    }

    /// The steps that no request has met yet, by their indexes.
    pub fn unmet(&self) -> BTreeSet<usize> {
        self.state().plans.unmet().clone()
    }

    /// Waits until a request was received whole, once at least.
    pub async fn received(&self, id: &str) {
        loop {
            let changed = self.shared.received.notified();
            if self.state().plans.was_received(id) {
                return;
            }
            changed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("nobody panics with this lock")
    }

    fn connection(&self, number: u32) -> Option<Arc<Connection>> {
        self.state().connections.get(&number).map(|served| served.connection.clone())
    }

    fn session(&self, number: u32) -> Option<Arc<http2::Session>> {
        self.state().connections.get(&number)?.session.get().cloned()
    }

    /// Every session, the newest first.
    fn sessions(&self) -> impl Iterator<Item = Arc<http2::Session>> {
        let served: Vec<Served> = self.state().connections.values().rev().cloned().collect();
        served.into_iter().filter_map(|served| served.session.get().cloned())
    }

    fn on_session(&self, number: u32, act: impl FnOnce(&http2::Session)) -> bool {
        self.session(number).map(|session| act(&session)).is_some()
    }

    fn write(&self, connection: u32, bytes: &[u8], then: AfterReply) -> bool {
        self.on(connection, |connection| connection.write(bytes, then))
    }

    /// False if there is no such connection.
    fn on(&self, number: u32, act: impl FnOnce(&Connection)) -> bool {
        self.connection(number).map(|connection| act(&connection)).is_some()
    }

    fn reset(&self, connection: u32) -> bool {
        self.on(connection, Connection::reset)
    }

    fn plan_reply(&self, reply: &Reply, step: usize) {
        let held = self.state().plans.reply(reply, step);
        for asker in held {
            self.answer(&reply.id, asker);
        }
    }

    /// Resets the stream that is open now, which counts as one arrival, else those to come.
    fn reset_stream(&self, id: &str, error: ErrorCode, times: u32, step: usize) {
        let is_open = self.sessions().any(|session| session.reset_stream_of(id, error));
        self.state().plans.reset(id, error, times, (is_open, step));
    }

    fn change_pings(&self, connection: Option<u32>, pings: Pings) -> bool {
        let Some(number) = connection else {
            self.state().pings = pings;
            self.sessions().for_each(|session| session.change_pings(pings));
            return true;
        };
        self.on_session(number, |session| session.change_pings(pings))
    }

    fn change_reading(&self, connection: Option<u32>, pace: ReadPace) -> bool {
        if let Some(number) = connection {
            return self.on(number, |connection| connection.change_reading(pace));
        }
        let mut state = self.state();
        state.reading = pace;
        state.connections.values().for_each(|served| served.connection.change_reading(pace));
        true
    }

    fn crash(&self) {
        let mut state = self.state();
        state.connections.clear();
        state.plans.forget_held();
        drop(state);
        self.shared.wire.crash_origin();
    }

    async fn accept(self, listener: Listener) {
        while let Ok(stream) = listener.accept().await {
            let served = self.admit(stream);
            let origin = self.clone();
            tokio::spawn(async move {
                tokio::join!(origin.serve(&served), served.connection.keep_flushing());
            });
        }
    }

    fn admit(&self, stream: Stream) -> Served {
        let State { terms, reading, .. } = *self.state();
        let tls = terms.map(|terms| Session::new(terms, self.shared.recorder.clone(), stream.connection()));
        let served = Served { connection: Arc::new(Connection::new(stream, tls)), session: Arc::default() };
        served.connection.change_reading(reading);
        if self.shared.protocol == Protocol::H2 {
            self.begin_http2(&served);
        }
        self.state().connections.insert(served.connection.number(), served.clone());
        served
    }

    fn begin_http2(&self, served: &Served) -> Arc<http2::Session> {
        let pings = self.state().pings;
        let begin = || Arc::new(http2::Session::new(served.connection.clone(), &self.shared.settings, pings));
        served.session.get_or_init(begin).clone()
    }

    /// Serves until there is no more to read; then closes, as soon as every request has its answer.
    async fn serve(&self, served: &Served) {
        let http2 = match self.shared.protocol {
            Protocol::Http1 | Protocol::Https1 => false,
            Protocol::H2 => true,
            Protocol::Https2 => served.connection.agrees_on_http2().await,
        };
        if http2 {
            http2::serve(self, &self.begin_http2(served)).await;
        } else {
            http1::serve(self, &served.connection).await;
        }
        served.connection.close_when_answered();
    }

    pub(super) fn idle_timeout(&self) -> Option<Duration> {
        self.shared.settings.idle_timeout
    }

    /// Whether the request is to be answered before its body is there.
    pub(super) fn is_early(&self, id: &str) -> bool {
        self.state().plans.is_early(id)
    }

    /// Whether this arrival of the request is to be reset, and why.
    pub(super) fn take_reset(&self, id: &str) -> Option<ErrorCode> {
        self.state().plans.take_reset(id)
    }

    /// The request is there: carry it out, and answer unless it is held.
    pub(super) fn execute(&self, id: &str, asker: Asker) {
        let executed = What::Executed { request: id.to_owned(), connection: asker.connection().number() };
        self.shared.recorder.push(self.shared.wire.now(), executed);
        let asker = self.state().plans.receive(id, asker);
        self.shared.received.notify_waiters();
        if let Some(asker) = asker {
            self.answer(id, asker);
        }
    }

    /// Answers as planned, or with the default answer where nothing (more) is planned.
    pub(super) fn answer(&self, id: &str, asker: Asker) {
        let reply = self.state().plans.take_reply(id);
        if reply.delay.is_zero() {
            self.write_reply(&reply, &asker);
            return;
        }
        let origin = self.clone();
        tokio::spawn(async move {
            crate::timer::sleep(reply.delay).await;
            if origin.still_serves(asker.connection()) {
                origin.write_reply(&reply, &asker);
            }
        });
    }

    /// Whether no crash has come between.
    fn still_serves(&self, connection: &Arc<Connection>) -> bool {
        let known = self.connection(connection.number());
        known.is_some_and(|known| Arc::ptr_eq(&known, connection))
    }

    fn write_reply(&self, reply: &Reply, asker: &Asker) {
        if reply.is_interim() {
            asker.interim(reply);
            if reply.then == AfterReply::Keep {
                self.answer(&reply.id, asker.clone());
            }
            return;
        }
        asker.answer(reply, |Written { body, complete }| {
            let replied = What::Replied {
                request: reply.id.clone(),
                connection: asker.connection().number(),
                status: reply.status,
                body,
                complete,
            };
            self.shared.recorder.push(self.shared.wire.now(), replied);
        });
    }
}
