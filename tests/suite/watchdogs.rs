//! Clients that never come to an end: each is found out, with its trace, and the next run goes on.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use closewait::client::{
    BoxFuture, Client, Environment, Failure, Response, Timeouts, UnderTest, Upload, Wiring,
};
use closewait::lab::{Limits, run_all};
use closewait::net::{Stream, Wire};
use closewait::oracle::{Severity, Verdict, judge};
use closewait::scenario::{Scenario, parse};
use closewait::trace::{End, ErrorKind, Outcome, Trace, What};
use libtest_mimic::Trial;
use tokio::io::{AsyncRead, ReadBuf};

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("watchdog::{name}"), move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("livelock_by_waking_itself", || check(&Broken::WakesItself, &End::Livelock, "livelock")),
        trial("livelock_in_a_task_nobody_awaits", || {
            check(&Broken::SpinsInATask, &End::Livelock, "livelock")
        }),
        trial("livelock_inside_one_poll", || check(&Broken::LoopsInsideOnePoll, &End::Livelock, "livelock")),
        trial("livelock_inside_close", || check(&Broken::LoopsInsideClose, &End::Livelock, "livelock")),
        trial("stall_in_close", || check(&Broken::NeverCloses, &End::Stall, "stall")),
        trial("hang_without_a_socket", || {
            let did = "real time ran out; until then the client opened 1 connection and sent 2 segments";
            check(&Broken::Hangs, &End::Hang, did);
        }),
        trial("panic_in_send", || check(&Broken::PanicsInSend, &panic("send is broken"), "send is broken")),
        trial("panic_while_sending", || check(&Broken::PanicsWhileSending, &panic("oh no"), "oh no")),
        trial("panic_in_build", || check_build(&panic("build is broken"))),
        trial("panic_in_a_task_is_the_requests_outcome", panic_in_a_task_is_the_requests_outcome),
        trial("a_long_wait_is_no_stall", a_long_wait_is_no_stall),
    ]
}

fn panic(message: &str) -> End {
    End::Panic { message: message.to_owned() }
}

/// The run ends so, its trace says how far it came, and it is a violation; the run after it is whole.
fn check(client: &'static Broken, end: &End, words: &str) {
    let scenario = scenario();
    let [trace, next] = play([client, &Broken::Not]);
    assert_ends(&trace, end);
    assert!(trace.events.iter().any(|event| matches!(event.what, What::RequestStarted { .. })), "{trace:?}");
    let violated = judge(&scenario, &trace).into_iter().find(|finding| finding.oracle == "bounded-wait");
    let Some(Verdict::Violated { violations }) = violated.map(|finding| finding.verdict) else {
        panic!("{:?} is no violation of bounded-wait", trace.end);
    };
    let found = violations.iter().any(|v| v.severity == Severity::HangOrLeak && v.message.contains(words));
    assert!(found, "{violations:?}");
    assert_eq!(next.end, End::Completed);
}

fn check_build(end: &End) {
    let [trace, next] = play([&Broken::PanicsInBuild, &Broken::Not]);
    assert_ends(&trace, end);
    assert_eq!(next.end, End::Completed);
}

/// A panic says where it was as well.
fn assert_ends(trace: &Trace, expected: &End) {
    match (&trace.end, expected) {
        (End::Panic { message: found }, End::Panic { message }) => {
            let place = found.strip_prefix(&format!("{message}, at tests/suite/watchdogs.rs:"));
            assert!(place.is_some_and(|line| line.parse::<u32>().is_ok()), "{found}");
        }
        (found, expected) => assert_eq!(found, expected),
    }
    assert_eq!(trace.panics, Vec::<String>::new(), "what ended the run is not told twice");
}

fn panic_in_a_task_is_the_requests_outcome() {
    let [trace, _] = play([&Broken::PanicsInATask, &Broken::Not]);
    let outcome = trace.events.iter().find_map(|event| match &event.what {
        What::RequestFinished { outcome, .. } => Some(outcome),
        _ => None,
    });
    assert!(matches!(outcome, Some(Outcome::Error { kind: ErrorKind::Other, .. })), "{outcome:?}");
    assert_eq!(trace.end, End::Completed);
    let [panic] = trace.panics.as_slice() else { panic!("one panic is kept: {:?}", trace.panics) };
    assert!(panic.starts_with("in a task, at tests/suite/watchdogs.rs:"), "{panic}");
}

/// The limit of virtual time is for what the script does not ask for.
fn a_long_wait_is_no_stall() {
    let patient = text(
        "{ wait = \"24h\" }, { wait = \"24h\" }, { client = \"send\", id = \"b\", request = \"GET /b\" },",
    );
    let plays = [(Arc::new(patient), &Broken::Not as &'static dyn UnderTest)];
    let trace = run_all(plays, &Limits::default()).next().expect("one run gives one trace");
    assert_eq!(trace.end, End::Completed);
}

fn play(clients: [&'static Broken; 2]) -> [Trace; 2] {
    let limits = Limits { wall_clock: limit(clients[0]), ..Limits::default() };
    let plays = clients.map(|client| (scenario(), client as &'static dyn UnderTest));
    let traces: Vec<Trace> = run_all(plays, &limits).collect();
    traces.try_into().expect("two runs give two traces")
}

/// Short only where it has to pass: a busy machine is no hang.
fn limit(client: &Broken) -> Duration {
    if matches!(client, Broken::Hangs) { Duration::from_millis(700) } else { Duration::from_secs(60) }
}

fn scenario() -> Arc<Scenario> {
    Arc::new(text(""))
}

fn text(more: &str) -> Scenario {
    let text = format!(
        r#"
        title = "One request"
        about = "For clients that never come to its end."
        sources = ["RFC 9112"]
        script = [ {{ client = "send", id = "a", request = "GET /a" }}, {more} ]
        "#
    );
    parse("watchdogs/one-request", "one-request.toml", &text).unwrap_or_else(|error| panic!("{error}"))
}

/// A client, and what is wrong with it.
#[derive(Debug, Clone, Copy)]
enum Broken {
    Not,
    WakesItself,
    SpinsInATask,
    LoopsInsideOnePoll,
    LoopsInsideClose,
    NeverCloses,
    Hangs,
    PanicsInBuild,
    PanicsInSend,
    PanicsWhileSending,
    PanicsInATask,
}

impl UnderTest for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn version(&self) -> &'static str {
        "0"
    }

    fn wiring(&self) -> Wiring {
        Wiring::Streams
    }

    fn unsupported(&self, _: &Scenario) -> Option<String> {
        None
    }

    fn build(&self, environment: &Environment) -> Result<Box<dyn Client>, Failure> {
        if matches!(self, Broken::PanicsInBuild) {
            fail("build is broken");
        }
        Ok(Box::new(Running { how: *self, wire: environment.wire.clone() }))
    }
}

struct Running {
    how: Broken,
    wire: Wire,
}

impl Client for Running {
    fn send(&self, _: http::Request<Upload>, _: Timeouts) -> BoxFuture<Result<Response, Failure>> {
        if matches!(self.how, Broken::PanicsInSend) {
            fail("send is broken");
        }
        let (how, dialling) = (self.how, self.wire.connect());
        Box::pin(async move {
            let stream = dialling.await.map_err(|error| Failure::of(&error))?;
            misbehave(how, stream).await
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<()> {
        match self.how {
            Broken::NeverCloses => Box::pin(std::future::pending()),
            Broken::LoopsInsideClose => Box::pin(async move {
                if let Ok(mut stream) = self.wire.connect().await {
                    poll_without_end(&mut stream).await;
                }
            }),
            _ => Box::pin(std::future::ready(())),
        }
    }
}

async fn misbehave(how: Broken, mut stream: Stream) -> Result<Response, Failure> {
    match how {
        Broken::WakesItself => poll_again_and_again(stream).await,
        Broken::SpinsInATask => {
            tokio::spawn(poll_again_and_again(stream));
            std::future::pending::<()>().await;
        }
        Broken::LoopsInsideOnePoll => poll_without_end(&mut stream).await,
        Broken::Hangs => loop {
            // Left behind by the test, it must not take a core with it.
            std::thread::park();
        },
        Broken::PanicsWhileSending => fail("oh no"),
        Broken::PanicsInATask => {
            let task = tokio::spawn(async { fail("in a task") });
            task.await.map_err(|error| Failure::of(&error))?;
        }
        _ => {}
    }
    Err(Failure { kind: ErrorKind::Other, message: "it never answers".to_owned() })
}

/// Takes a pending read for one that may succeed at once, and an error for nothing.
async fn poll_again_and_again(mut stream: Stream) {
    poll_fn(|cx| {
        let _ = poll_read(&mut stream, cx);
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    })
    .await;
}

async fn poll_without_end(stream: &mut Stream) {
    poll_fn(|cx| {
        loop {
            let _ = poll_read(stream, cx);
        }
    })
    .await
}

fn poll_read(stream: &mut Stream, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
    Pin::new(stream).poll_read(cx, &mut ReadBuf::new(&mut [0; 16]))
}

/// A bug: it is kept in the result, and not printed.
fn fail(message: &'static str) -> ! {
    panic!("{message}")
}
