//! A client that is a program, while it runs.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use closewait_scenario::{ClientSettings, ReadBody};
use closewait_simulator::client::{BoxFuture, Client, Environment, Failure, Response, Timeouts, Upload};
use closewait_simulator::net::{ProgramLine, RealHost};
use closewait_simulator::tls::trusted_authority;
use closewait_trace::ErrorKind;
use http_body_util::BodyExt;
use tokio::sync::{mpsc, oneshot};

use crate::protocol::{self, Answer, End, Settings};
use crate::starts::Start;
use crate::{Ability, Manifest};

/// How long a program may take until it is ready, real time. Starting takes the processor of others as well.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program that was told how to be configured.
pub(crate) struct Running {
    told: Arc<Told>,
    next: AtomicU64,
    /// Why it cannot give a request up, if so.
    cannot_cancel: Option<String>,
    is_closed: bool,
}

/// What it was told, and has not answered yet.
struct Told {
    real_host: Arc<RealHost>,
    waiting: Mutex<BTreeMap<u64, oneshot::Sender<Answer>>>,
}

impl Running {
    pub fn start(command: Command, manifest: &Manifest, environment: &Environment) -> Result<Self, Failure> {
        let real_host = environment.real_host.clone().expect("the lab gives a host to whoever asks for one");
        let broken = |message: String| Failure { kind: ErrorKind::Other, message };
        let _start = Start::wait();
        let mut lines =
            real_host.start(command).map_err(|error| broken(format!("it does not start: {error}")))?;
        let told = Arc::new(Told { real_host: real_host.clone(), waiting: Mutex::default() });
        told.tell(&configure(environment));
        real_host.wait_for_line(PATIENCE);
        let line = lines.try_recv().map_err(|_| broken("it does not say that it is ready".to_owned()))?;
        match read(line).map_err(broken)? {
            Answer { n: 0, version: Some(_), .. } => {}
            other => return Err(broken(format!("its first answer is {other:?}"))),
        }
        tokio::spawn(listen(told.clone(), lines));
        Ok(Self {
            told,
            next: AtomicU64::new(1),
            cannot_cancel: manifest.lacks(Ability::Cancel),
            is_closed: false,
        })
    }

    /// A number, and where its answer will come.
    fn number(&self) -> (u64, oneshot::Receiver<Answer>) {
        let n = self.next.fetch_add(1, Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.told.waiting().insert(n, sender);
        (n, receiver)
    }
}

fn configure(environment: &Environment) -> protocol::Command {
    let protocol = environment.protocol;
    protocol::Command::Configure {
        protocol: 1,
        speaks: protocol.word(),
        base: if protocol.is_tls() { "https://origin.test" } else { "http://origin.test" },
        authority: protocol.is_tls().then(authority),
        settings: settings(&environment.settings),
    }
}

/// The authority that is to be trusted, PEM (RFC 7468).
fn authority() -> String {
    let text = BASE64_STANDARD.encode(trusted_authority());
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn settings(of: &ClientSettings) -> Settings {
    let ms = |duration: Option<Duration>| duration.map(|duration| duration.as_millis() as u64);
    Settings {
        idle_timeout: ms(of.idle_timeout),
        max_idle: of.max_idle,
        max_connections: of.max_connections,
        connect_timeout: ms(of.connect_timeout),
        read_timeout: ms(of.read_timeout),
        ping_interval: ms(of.ping_interval),
        ping_timeout: ms(of.ping_timeout),
    }
}

fn read(line: ProgramLine) -> Result<Answer, String> {
    match line {
        ProgramLine::Over(why) => Err(format!("the program is over: {why}")),
        ProgramLine::Text(text) => serde_json::from_str(&text).map_err(|error| {
            let begin: String = text.chars().take(200).collect();
            format!("the program writes what is no answer ({error}): {begin}")
        }),
    }
}

/// Hands answers to whom they belong. Whatever else the program says is a fault of its own.
async fn listen(told: Arc<Told>, mut lines: mpsc::UnboundedReceiver<ProgramLine>) {
    while let Some(line) = lines.recv().await {
        match read(line) {
            Ok(answer) => {
                // Nobody waits for a request that was given up.
                if let Some(waiting) = told.waiting().remove(&answer.n) {
                    let _ = waiting.send(answer);
                }
            }
            Err(fault) => return told.real_host.fail(fault),
        }
    }
}

impl Told {
    fn tell(&self, command: &protocol::Command) {
        self.real_host.tell(&serde_json::to_string(command).expect("it is plain data"));
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u64, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client for Running {
    fn send(&self, request: http::Request<Upload>, _: Timeouts) -> BoxFuture<Result<Response, Failure>> {
        let (n, answer) = self.number();
        let (parts, body) = request.into_parts();
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
        let length = body.whole().map_or(0, |whole| whole.len() as u64);
        self.told.tell(&protocol::Command::Send {
            n,
            method: parts.method.to_string(),
            path: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            headers: headers.collect(),
            body: (length > 0).then_some(length),
            read: match parts.extensions.get() {
                Some(ReadBody::First(n)) => Some((*n).into()),
                _ => None,
            },
        });
        let told = self.told.clone();
        Box::pin(Sending { n, answer, told: Some(told), cannot_cancel: self.cannot_cancel.clone() })
    }

    fn close(mut self: Box<Self>) -> BoxFuture<()> {
        self.is_closed = true;
        let (n, answer) = self.number();
        self.told.tell(&protocol::Command::Close { n });
        Box::pin(async move {
            let _ = answer.await;
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_closed {
            self.told.tell(&protocol::Command::Drop);
        }
    }
}

/// A request that has no answer yet.
struct Sending {
    n: u64,
    answer: oneshot::Receiver<Answer>,
    /// `None` once it is answered.
    told: Option<Arc<Told>>,
    cannot_cancel: Option<String>,
}

impl Future for Sending {
    type Output = Result<Response, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answer).poll(cx));
        let told = self.told.take();
        let Ok(answer) = answer else { return Poll::Pending };
        let outcome = outcome(answer);
        if let (Err(fault), Some(told)) = (&outcome, told) {
            told.real_host.fail(fault.clone());
            return Poll::Pending;
        }
        Poll::Ready(outcome.unwrap_or_else(|_| unreachable!("a fault is told above")))
    }
}

/// Dropped before it is done: the application gives it up.
impl Drop for Sending {
    fn drop(&mut self) {
        let Some(told) = self.told.take() else { return };
        if told.waiting().remove(&self.n).is_none() {
            return;
        }
        match &self.cannot_cancel {
            Some(why) => told.real_host.distort(format!("the application gives a request up, and {why}")),
            None => told.tell(&protocol::Command::Cancel { n: self.n }),
        }
    }
}

/// What came of a request. The outer error is a fault of the shim.
fn outcome(answer: Answer) -> Result<Result<Response, Failure>, String> {
    let Answer { n, status, body, end, kind, message, .. } = answer;
    let failure = message.zip(kind).map(|(message, kind)| Failure { kind, message });
    let Some(status) = status else {
        return failure.map(Err).ok_or(format!("answer {n} has neither a status nor an error"));
    };
    let body = match (end, failure) {
        (Some(End::Complete | End::Dropped), None) => Played { body: body.into(), failure: None },
        (Some(End::Failed), Some(failure)) => Played { body: body.into(), failure: Some(failure) },
        (end, failure) => return Err(format!("answer {n} ends with {end:?} and {failure:?}")),
    };
    let response = http::Response::builder().status(status).body(body.boxed_unsync());
    response.map(Ok).map_err(|error| format!("answer {n}: {error}"))
}

/// A body that the program has read already.
struct Played {
    body: Bytes,
    failure: Option<Failure>,
}

impl http_body::Body for Played {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Failure>>> {
        let body = std::mem::take(&mut self.body);
        let data = (!body.is_empty()).then(|| Ok(http_body::Frame::data(body)));
        Poll::Ready(data.or_else(|| self.failure.take().map(Err)))
    }
}
