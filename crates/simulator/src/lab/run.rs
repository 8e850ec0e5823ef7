//! One run: a scenario, a client, a fresh network.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use closewait_scenario::{Action, ClientAction, Protocol, Scenario, When};
use closewait_trace::{End, Event, Recorder, SocketAtEnd, Trace};
use tokio::runtime::{Builder, Runtime};

use super::panics::{Panics, located};
use super::peer::{Peer, Play};
use super::script::{Script, strike_on_segments};
use super::watchdog::{Ended, Limits, Supervisor, words_of};
use crate::client::{Environment, Failure, UnderTest, Wiring};
use crate::net::{Bridge, Network, OneCore, Pace, Wire};
use crate::tls::{mask, unseal};

/// Plays a scenario against a fresh client on a fresh network. Two runs give the same trace.
///
/// A client that spins, stalls or panics ends the run, not the caller: see [`Trace::end`].
pub fn run(scenario: &Scenario, client: &'static dyn UnderTest, limits: &Limits) -> Trace {
    let trace = run_all([(Arc::new(scenario.clone()), client)], limits).next();
    trace.expect("one run gives one trace")
}

/// As [`run`], on this thread and without a limit on wall-clock time: for callers that supervise themselves,
/// or know their client. A client that hangs, hangs the caller; a panic of the lab passes through.
pub fn run_here(scenario: &Arc<Scenario>, client: &'static dyn UnderTest, limits: &Limits) -> Trace {
    let recorder = Recorder::default();
    let job = Job { play: (scenario.clone(), client).into(), limits: *limits, recorder };
    let report = catch_unwind(AssertUnwindSafe(|| simulate(&job))).unwrap_or_else(|panic| {
        eprintln!("closewait: a run panicked: {}", words_of(&*panic));
        resume_unwind(panic)
    });
    report.into_trace(scenario.protocol, &job.recorder)
}

/// Plays many, one after the other on one thread: as [`run`], without its cost of starting a thread each time.
pub fn run_all(
    plays: impl IntoIterator<Item = impl Into<Play>>,
    limits: &Limits,
) -> impl Iterator<Item = Trace> {
    let limits = *limits;
    let job = |play: Play| Job { play, limits, recorder: Recorder::default() };
    let jobs: Vec<Job> = plays.into_iter().map(Into::into).map(job).collect();
    let recorders: Vec<(Protocol, Recorder)> =
        jobs.iter().map(|job| (job.play.scenario.protocol, job.recorder.clone())).collect();
    let ended = Supervisor::new(jobs, |job| simulate(&job), limits.wall_clock);
    ended.zip(recorders).map(|(ended, (protocol, recorder))| {
        let report = match ended {
            Ended::Done(report) => report,
            Ended::Hung => Report::of(End::Hang),
            Ended::Panicked(message) => Report::of(End::Panic { message }),
        };
        report.into_trace(protocol, &recorder)
    })
}

/// What a run is made of.
#[derive(Clone)]
struct Job {
    play: Play,
    limits: Limits,
    recorder: Recorder,
}

/// What a run leaves.
struct Report {
    /// `None` where the run did not come to its end: then what was recorded until now counts.
    events: Option<Vec<Event>>,
    end: End,
    sockets: Vec<SocketAtEnd>,
    /// What panicked meanwhile, and was caught.
    panics: Vec<String>,
    unsupported: Option<String>,
}

impl Report {
    fn into_trace(self, protocol: Protocol, recorder: &Recorder) -> Trace {
        let Self { events, end, sockets, mut panics, unsupported } = self;
        let mut events = events.unwrap_or_else(|| recorder.take());
        let mut records = Vec::new();
        if protocol.is_tls() {
            records = unseal(&events, &recorder.secrets());
            mask(&mut events);
        }
        panics.retain(|panic| !matches!(&end, End::Panic { message } if message == panic));
        Trace { events, records, end, sockets, panics, unsupported }
    }

    fn of(end: End) -> Self {
        Self { events: None, end, sockets: Vec::new(), panics: Vec::new(), unsupported: None }
    }
}

fn simulate(Job { play: cast, limits, recorder }: &Job) -> Report {
    let Play { scenario, client, .. } = cast;
    let panics = Panics::keep();
    let _one_core = (client.wiring() == Wiring::Bridge).then(OneCore::stay);
    let pace = match client.wiring() {
        Wiring::Streams => None,
        Wiring::Bridge => Some(Arc::new(Pace::new().expect("the system has a loopback port to give"))),
    };
    let runtime = runtime(pace.as_ref());
    let network = {
        let _context = runtime.enter();
        Network::install(scenario.network.clone(), recorder.clone())
    };
    let wire = network.wire();
    let playing = || runtime.block_on(play(cast, limits, recorder, wire.clone(), pace));
    let played = catch_unwind(AssertUnwindSafe(playing)).map_err(|panic| {
        // The stream unwinds the stack of a client that loops inside one poll: that is no panic of its own.
        let livelocked = wire.livelocked();
        (livelocked.then(|| Report { events: Some(recorder.take()), ..Report::of(End::Livelock) }), panic)
    });
    // Clients leave tasks behind that hold streams: they go first, while the network is there to close them on.
    drop(runtime);
    drop(network);
    match played {
        Ok(report) | Err((Some(report), _)) => Report { panics: panics.so_far(), ..report },
        // It was not printed where it happened: what is thrown says where that was.
        Err((None, panic)) => resume_unwind(Box::new(located(words_of(&*panic)))),
    }
}

fn runtime(pace: Option<&Arc<Pace>>) -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    if let Some(pace) = pace.cloned() {
        builder.enable_io().on_thread_park(move || pace.before_idle());
    }
    builder.build().expect("the system has an epoll instance to give")
}

async fn play(
    cast: &Play,
    limits: &Limits,
    recorder: &Recorder,
    wire: Wire,
    pace: Option<Arc<Pace>>,
) -> Report {
    let scenario = &*cast.scenario;
    let origin = Peer::start(cast, wire.clone(), recorder.clone()).await;
    let origin = origin.expect("the simulated port is free");
    let bridge = match &pace {
        None => None,
        Some(pace) => {
            let bridge = Bridge::open(wire.clone(), pace.clone()).await;
            Some(bridge.expect("the system has a loopback port to give"))
        }
    };
    let environment = Environment {
        wire: wire.clone(),
        bridge: bridge.as_ref().map(Bridge::address),
        protocol: scenario.protocol,
        settings: scenario.client.clone(),
    };
    let client = match cast.client.build(&environment) {
        Ok(client) => client,
        Err(Failure { message, .. }) => {
            let unsupported = Some(format!("the client refuses its settings: {message}"));
            return Report { unsupported, ..Report::of(End::Completed) };
        }
    };
    let script = Script::new(scenario, wire.clone(), origin.clone(), client, recorder.clone());
    let end = conduct(script, scenario, limits, &wire, &origin, recorder, pace).await;
    Report {
        // Taken now: what the tear-down of the runtime does to sockets is not the client's doing.
        events: Some(recorder.take()),
        end,
        sockets: wire.client_sockets(),
        panics: Vec::new(),
        unsupported: bridge.and_then(|bridge| bridge.distortion()).map(str::to_owned),
    }
}

/// Polls the wire, then the script: the order that [`crate::net`] promises.
async fn conduct(
    script: Script<'_>,
    scenario: &Scenario,
    limits: &Limits,
    wire: &Wire,
    origin: &Peer,
    recorder: &Recorder,
    pace: Option<Arc<Pace>>,
) -> End {
    let mut driving = pin!(wire.drive());
    let strikes = scenario.script.iter().any(|step| matches!(step.when, When::Packet { .. }));
    let mut striking = pin!(strike_on_segments(scenario, wire, origin, recorder));
    let patience = limits.virtual_time.saturating_add(scripted_time(scenario));
    let mut playing = pin!(tokio::time::timeout(patience, script.play()));
    let mut pacing = pin!(async {
        match pace {
            Some(pace) => pace.keep().await,
            None => std::future::pending().await,
        }
    });
    poll_fn(|cx| {
        let _ = pacing.as_mut().poll(cx);
        let _ = driving.as_mut().poll(cx);
        if strikes {
            let _ = striking.as_mut().poll(cx);
        }
        if wire.livelocked() {
            return Poll::Ready(End::Livelock);
        }
        playing.as_mut().poll(cx).map(|ended| match ended {
            Ok(Ok(())) => End::Completed,
            Ok(Err(message)) => End::Panic { message },
            Err(_) => End::Stall,
        })
    })
    .await
}

/// How much time the script itself takes at most: waits, and requests until their deadlines.
fn scripted_time(scenario: &Scenario) -> Duration {
    let steps = scenario.script.iter().map(|step| match &step.action {
        Action::Wait(duration) => *duration,
        Action::Client(ClientAction::Send(send)) => send.deadline,
        _ => Duration::ZERO,
    });
    steps.sum()
}
