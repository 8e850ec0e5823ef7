//! The origin: accepts, reads requests, answers as the script planned.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::BytesMut;
use tokio::sync::Notify;

use super::connection::Connection;
use super::message::{self, Message};
use super::request::{Head, take_body, take_head};
use super::tls::{Session, Terms};
use crate::net::{Listener, Wire};
use crate::scenario::{AfterReply, Cut, OriginAction, OriginSettings, Reply, Scenario};
use crate::trace::{Recorder, What};

/// A handle on the origin. It serves until the runtime ends.
#[derive(Clone)]
pub struct Origin {
    shared: Arc<Shared>,
}

struct Shared {
    wire: Wire,
    settings: OriginSettings,
    recorder: Recorder,
    state: Mutex<State>,
    /// A request has been received.
    received: Notify,
}

#[derive(Default)]
struct State {
    connections: BTreeMap<u32, Arc<Connection>>,
    plans: BTreeMap<String, Plan>,
    /// `None` without TLS.
    terms: Option<Terms>,
}

/// What is planned for, and known of, one request.
#[derive(Default)]
struct Plan {
    reply: Option<Reply>,
    hold: bool,
    received: bool,
    /// Where the request waits for its answer.
    held: Vec<Asker>,
}

/// Who is to be answered.
#[derive(Clone)]
struct Asker {
    connection: Arc<Connection>,
    is_head: bool,
}

impl Origin {
    /// Opens the port and serves it in the background.
    ///
    /// # Errors
    /// When the simulated port is taken: not in a run, which has one origin.
    pub async fn start(wire: Wire, scenario: &Scenario, recorder: Recorder) -> std::io::Result<Self> {
        let listener = wire.listen().await?;
        let settings = scenario.origin.clone();
        let state = State { terms: Terms::of(scenario.protocol, &settings), ..State::default() };
        let shared = Shared { wire, settings, recorder, state: Mutex::new(state), received: Notify::new() };
        let origin = Self { shared: Arc::new(shared) };
        tokio::spawn(origin.clone().accept(listener));
        Ok(origin)
    }

    /// Does what a step says. False if it names a connection that does not exist.
    pub fn perform(&self, action: &OriginAction) -> bool {
        match action {
            OriginAction::Reply(reply) => self.plan_reply(reply),
            OriginAction::Hold { id } => self.state().plans.entry(id.clone()).or_default().hold = true,
            OriginAction::Send { connection, bytes } => {
                return self.write(*connection, bytes, AfterReply::Keep);
            }
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

    /// Waits until a request was received whole, once at least.
    pub async fn received(&self, id: &str) {
        loop {
            let changed = self.shared.received.notified();
            if self.state().plans.get(id).is_some_and(|plan| plan.received) {
                return;
            }
            changed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("nobody panics with this lock")
    }

    fn write(&self, connection: u32, bytes: &[u8], then: AfterReply) -> bool {
        self.on(connection, |connection| connection.write(bytes, then))
    }

    /// False if there is no such connection.
    fn on(&self, connection: u32, act: impl FnOnce(&Connection)) -> bool {
        let connection = self.state().connections.get(&connection).cloned();
        connection.map(|connection| act(&connection)).is_some()
    }

    fn reset(&self, connection: u32) -> bool {
        self.on(connection, Connection::reset)
    }

    fn plan_reply(&self, reply: &Reply) {
        let held = {
            let mut state = self.state();
            let plan = state.plans.entry(reply.id.clone()).or_default();
            plan.hold = false;
            plan.reply = Some(reply.clone());
            std::mem::take(&mut plan.held)
        };
        for asker in held {
            self.answer(&reply.id, asker);
        }
    }

    fn crash(&self) {
        let mut state = self.state();
        state.connections.clear();
        state.plans.values_mut().for_each(|plan| plan.held.clear());
        drop(state);
        self.shared.wire.crash_origin();
    }

    async fn accept(self, listener: Listener) {
        while let Ok(stream) = listener.accept().await {
            let tls = self.state().terms;
            let tls = tls.map(|terms| Session::new(terms, self.shared.recorder.clone(), stream.connection()));
            let connection = Arc::new(Connection::new(stream, tls));
            self.state().connections.insert(connection.number(), connection.clone());
            let origin = self.clone();
            tokio::spawn(async move {
                tokio::join!(origin.serve(&connection), connection.keep_flushing());
            });
        }
    }

    /// Reads requests until the client's FIN, an error, or the origin's own idle timeout; then closes,
    /// as soon as every request has its answer.
    async fn serve(&self, connection: &Arc<Connection>) {
        self.read_requests(connection).await;
        connection.close_when_answered();
    }

    async fn read_requests(&self, connection: &Arc<Connection>) {
        let mut buffer = BytesMut::new();
        while let Some(mut head) = self.next_head(connection, &mut buffer).await {
            let asker = Asker { connection: connection.clone(), is_head: head.is_head };
            let early = self.state().plans.get(&head.id).and_then(|plan| plan.reply.clone());
            let early = early.is_some_and(|reply| reply.early && reply.times > 0);
            if early {
                connection.owe_answer();
                self.answer(&head.id, asker.clone());
            }
            if !self.read_body(connection, &mut head, &mut buffer).await {
                return;
            }
            if !early {
                self.execute(&head.id, asker);
            }
        }
    }

    async fn next_head(&self, connection: &Connection, buffer: &mut BytesMut) -> Option<Head> {
        loop {
            match take_head(buffer) {
                Ok(Some(head)) => return Some(head),
                Ok(None) => {}
                Err(_) => {
                    connection.write(b"HTTP/1.1 400 Bad Request\r\n\r\n", AfterReply::Close);
                    return None;
                }
            }
            let limit = self.shared.settings.idle_timeout.filter(|_| buffer.is_empty());
            let read = connection.read_more(buffer);
            let more = match limit {
                Some(limit) => tokio::select! {
                    biased;
                    more = read => more,
                    () = connection.idle_for(limit) => {
                        connection.write(b"", AfterReply::Close);
                        false
                    }
                },
                None => read.await,
            };
            if !more {
                return None;
            }
        }
    }

    async fn read_body(&self, connection: &Connection, head: &mut Head, buffer: &mut BytesMut) -> bool {
        loop {
            match take_body(head, buffer) {
                Ok(true) => return true,
                Ok(false) if connection.read_more(buffer).await => {}
                _ => return false,
            }
        }
    }

    /// The request is there: carry it out, and answer unless it is held.
    fn execute(&self, id: &str, asker: Asker) {
        let executed = What::Executed { request: id.to_owned(), connection: asker.connection.number() };
        self.shared.recorder.push(self.shared.wire.now(), executed);
        asker.connection.owe_answer();
        let hold = {
            let mut state = self.state();
            let plan = state.plans.entry(id.to_owned()).or_default();
            plan.received = true;
            if plan.hold {
                plan.held.push(asker.clone());
            }
            plan.hold
        };
        self.shared.received.notify_waiters();
        if !hold {
            self.answer(id, asker);
        }
    }

    /// Answers as planned, or with the default answer where nothing (more) is planned.
    fn answer(&self, id: &str, asker: Asker) {
        let reply = {
            let mut state = self.state();
            let plan = state.plans.entry(id.to_owned()).or_default();
            match &mut plan.reply {
                Some(reply) if reply.times > 0 => {
                    reply.times -= 1;
                    reply.clone()
                }
                _ => Reply::default_for(id),
            }
        };
        if reply.delay.is_zero() {
            self.write_reply(&reply, &asker);
            return;
        }
        let origin = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(reply.delay).await;
            if origin.still_serves(&asker.connection) {
                origin.write_reply(&reply, &asker);
            }
        });
    }

    /// Whether no crash has come between.
    fn still_serves(&self, connection: &Arc<Connection>) -> bool {
        let state = self.state();
        state.connections.get(&connection.number()).is_some_and(|known| Arc::ptr_eq(known, connection))
    }

    fn write_reply(&self, reply: &Reply, asker: &Asker) {
        let connection = &asker.connection;
        let Message { bytes, body, complete } = message::render(reply, connection.number(), asker.is_head);
        let replied = What::Replied {
            request: reply.id.clone(),
            connection: connection.number(),
            status: reply.status,
            body,
            complete,
        };
        self.shared.recorder.push(self.shared.wire.now(), replied);
        match reply.cut {
            Some(Cut::Record(part)) => connection.write_part_of_record(&bytes, part, reply.then),
            _ => connection.write(&bytes, reply.then),
        }
        connection.answered();
    }
}
