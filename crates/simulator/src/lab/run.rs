//! One run: a scenario, a client, a fresh network.

use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use closewait_scenario::{Action, ClientAction, Protocol, Scenario, When};
use closewait_trace::{Broken, End, Event, Recorder, Retries, SocketAtEnd, TlsRecord, Trace, Untried};

use super::broken::throw;
use super::clock::Clock;
use super::panics::{Panics, located};
use super::peer::{Peer, Play};
use super::script::{Script, inject_on_segments};
use super::untried::untried;
use super::watchdog::{Ended, Limits, Supervisor, THREAD, words_of};
use crate::client::{Environment, Failure, UnderTest, Wiring};
use crate::machine;
use crate::net::{Bridge, Network, Waited, Wire};
#[cfg(feature = "tls")]
use crate::tls::{make_certificates, mask, unseal};

/// Plays a scenario against a fresh client on a fresh network. Two runs give the same trace.
///
/// A client that spins, stalls or panics ends the run, not the caller: see [`Trace::end`]. A run that the machine or closewait
/// itself broke has no trace: it unwinds to [`attempt`](super::attempt).
pub fn run(scenario: &Scenario, client: &'static dyn UnderTest, limits: &Limits) -> Trace {
    let trace = run_all([(Arc::new(scenario.clone()), client)], limits).next();
    trace.expect("one run gives one trace")
}

/// As [`run`], on this thread and without a limit on wall-clock time: for callers that supervise themselves,
/// or know their client. A client that hangs, hangs the caller; a panic of the lab passes through.
pub fn run_here(scenario: &Arc<Scenario>, client: &'static dyn UnderTest, limits: &Limits) -> Trace {
    let recorder = Recorder::default();
    let job =
        Job { play: (scenario.clone(), client).into(), limits: *limits, recorder, waited: Waited::default() };
    let report = catch_unwind(AssertUnwindSafe(|| play_apart(&job))).unwrap_or_else(|panic| {
        eprintln!("closewait: a run panicked: {}", words_of(&*panic));
        resume_unwind(panic)
    });
    report.unwrap_or_else(|broken| throw(broken)).into_trace(Told::of(&job), &job.recorder)
}

/// Plays many, one after the other on one thread: as [`run`], without its cost of starting a thread each time.
pub fn run_all(
    plays: impl IntoIterator<Item = impl Into<Play>>,
    limits: &Limits,
) -> impl Iterator<Item = Trace> {
    let limits = *limits;
    let waited = Waited::default();
    let job = |play: Play| Job { play, limits, recorder: Recorder::default(), waited: waited.clone() };
    let jobs: Vec<Job> = plays.into_iter().map(Into::into).map(job).collect();
    let recorders: Vec<(Told, Recorder)> =
        jobs.iter().map(|job| (Told::of(job), job.recorder.clone())).collect();
    let ended = Supervisor::new(jobs, |job| play_apart(&job), limits.wall_clock, waited);
    ended.zip(recorders).map(|(ended, (told, recorder))| {
        let report = match ended {
            Ended::Done(Ok(report)) => report,
            Ended::Done(Err(broken)) => throw(broken),
            Ended::Hung => Report::of(End::Hang),
            Ended::Panicked(message) => Report::of(End::Panic { message }),
        };
        report.into_trace(told, &recorder)
    })
}

const STD_TIME_IS_REAL: &str =
    "on this platform `std::time` cannot be made virtual, and the client asks it or may ask it for the time";

/// What a run is made of.
#[derive(Clone)]
struct Job {
    play: Play,
    limits: Limits,
    recorder: Recorder,
    /// Real time that the lab waited, and the client is not to be blamed for.
    waited: Waited,
}

/// What was known of a run before it began, and belongs to its trace.
struct Told {
    protocol: Protocol,
    retries: Option<Retries>,
}

impl Told {
    fn of(Job { play, .. }: &Job) -> Self {
        Self { protocol: play.scenario.protocol, retries: play.client.retries() }
    }
}

/// What a run leaves.
struct Report {
    /// `None` where the run did not come to its end: then what was recorded until now counts.
    events: Option<Vec<Event>>,
    end: End,
    sockets: Vec<SocketAtEnd>,
    /// What panicked meanwhile, and was caught.
    panics: Vec<String>,
    untried: Vec<Untried>,
    unsupported: Option<String>,
}

impl Report {
    fn into_trace(self, Told { protocol, retries }: Told, recorder: &Recorder) -> Trace {
        let Self { events, end, sockets, mut panics, untried, unsupported } = self;
        let events = events.unwrap_or_else(|| recorder.take());
        let (events, records) = if protocol.is_tls() { open(events, recorder) } else { (events, Vec::new()) };
        panics.retain(|panic| !matches!(&end, End::Panic { message } if message == panic));
        Trace { events, records, end, sockets, panics, retries, untried, unsupported }
    }

    fn unsupported(reason: String) -> Self {
        Self { unsupported: Some(reason), ..Self::of(End::Completed) }
    }

    fn of(end: End) -> Self {
        Self {
            events: None,
            end,
            sockets: Vec::new(),
            panics: Vec::new(),
            untried: Vec::new(),
            unsupported: None,
        }
    }
}

/// On a thread of its own where generators of random numbers, which belong to threads, would go on from the run before.
fn play_apart(job: &Job) -> Result<Report, Broken> {
    if !job.play.client.uses_entropy() {
        return simulate(job);
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(THREAD.to_owned()).spawn_scoped(scope, || simulate(job));
        let thread = thread.map_err(|error| machine::no_thread(&error))?;
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// The events without ciphertext, and the records in plain text.
#[cfg(feature = "tls")]
fn open(mut events: Vec<Event>, recorder: &Recorder) -> (Vec<Event>, Vec<TlsRecord>) {
    let records = unseal(&events, &recorder.secrets());
    mask(&mut events);
    (events, records)
}

#[cfg(not(feature = "tls"))]
fn open(events: Vec<Event>, _: &Recorder) -> (Vec<Event>, Vec<TlsRecord>) {
    (events, Vec::new())
}

fn simulate(job: &Job) -> Result<Report, Broken> {
    let Play { scenario, client, .. } = &job.play;
    if scenario.protocol.is_tls() && !cfg!(feature = "tls") {
        return Ok(Report::unsupported("closewait was built without its feature `tls`".to_owned()));
    }
    let shares_clock = client.wiring() != Wiring::Kernel && client.reads_std_time(scenario.protocol);
    if shares_clock && !closewait_system::is_virtual() {
        return Ok(Report::unsupported(STD_TIME_IS_REAL.to_owned()));
    }
    #[cfg(feature = "tls")]
    if scenario.protocol.is_tls() {
        make_certificates();
    }
    let (panics, troubles) = (Panics::keep(), machine::Watch::start());
    let played = catch_unwind(AssertUnwindSafe(|| on_a_network(job, &panics)));
    if let Some(trouble) = troubles.trouble() {
        return Err(trouble);
    }
    if let Some(panic) = panics.ours() {
        return Err(Broken::Lab(format!("{panic}, in {} on {}", scenario.id, client.name())));
    }
    // It was not printed where it happened: what is thrown says where that was.
    played.unwrap_or_else(|panic| resume_unwind(Box::new(located(words_of(&*panic)))))
}

fn on_a_network(
    Job { play: cast, limits, recorder, waited }: &Job,
    panics: &Panics,
) -> Result<Report, Broken> {
    let Play { scenario, client, .. } = cast;
    // Before the runtime is built, and until it is dropped: tokio's clock is based on that of `std`. A program of its own has real time.
    let is_virtual = client.wiring() != Wiring::Kernel;
    let _run = is_virtual.then(|| closewait_system::Run::start(&scenario.id));
    let of_the_machine = |error: io::Error| machine::broken(&error);
    let clock = match Clock::of(*client, waited).map_err(of_the_machine)? {
        Ok(clock) => clock,
        Err(obstacle) => return Ok(Report::unsupported(obstacle)),
    };
    let runtime = clock.runtime().map_err(of_the_machine)?;
    let network = {
        let _context = runtime.enter();
        Network::install(scenario.network.clone(), recorder.clone())
    };
    let wire = network.wire();
    let playing = || runtime.block_on(play(cast, limits, recorder, wire.clone(), clock));
    let played = catch_unwind(AssertUnwindSafe(playing)).map_err(|panic| {
        // The stream unwinds the stack of a client that loops inside one poll: that is no panic of its own.
        let livelocked = wire.livelocked();
        (livelocked.then(|| Report { events: Some(recorder.take()), ..Report::of(End::Livelock) }), panic)
    });
    // Clients leave tasks behind that hold streams: they go first, while the network is there to close them on.
    drop(runtime);
    drop(network);
    match played {
        Ok(report) | Err((Some(report), _)) => Ok(Report { panics: panics.so_far(), ..report }),
        Err((None, panic)) => resume_unwind(panic),
    }
}

async fn play(cast: &Play, limits: &Limits, recorder: &Recorder, wire: Wire, clock: Clock) -> Report {
    let scenario = &*cast.scenario;
    let origin = Peer::start(cast, wire.clone(), recorder.clone()).await;
    let origin = origin.expect("the simulated port is free");
    let bridge = clock.bridge().map(|pace| Bridge::open(wire.clone(), pace.clone()));
    if let Some(host) = clock.real_host() {
        host.attach(wire.clone());
    }
    let environment = Environment {
        wire: wire.clone(),
        bridge: clock.bridge().map(|pace| pace.address()),
        real_host: clock.real_host().cloned(),
        protocol: scenario.protocol,
        settings: scenario.client.clone(),
    };
    let client = match cast.client.build(&environment) {
        Ok(client) => client,
        // The program does not even start.
        Err(Failure { message, .. }) if clock.real_host().is_some() => {
            return Report::of(End::Panic { message });
        }
        Err(Failure { message, .. }) => {
            return Report::unsupported(format!("the client refuses its settings: {message}"));
        }
    };
    let script = Script::new(scenario, wire.clone(), origin.clone(), client, recorder.clone());
    let unmet = script.unmet();
    let end = conduct(script, scenario, limits, &wire, &origin, recorder, &clock).await;
    // Taken now: what the tear-down of the runtime does to sockets is not the client's doing.
    let events = recorder.take();
    // How far a run that was stopped would have come is not known.
    let untried = match end {
        End::Completed => untried(scenario, &events, &unmet.borrow()),
        _ => Vec::new(),
    };
    Report {
        events: Some(events),
        end,
        untried,
        sockets: wire.client_sockets(),
        panics: Vec::new(),
        unsupported: bridge
            .and_then(|bridge| bridge.distortion())
            .or_else(|| clock.real_host().and_then(|host| host.distortion())),
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
    clock: &Clock,
) -> End {
    let mut driving = pin!(wire.drive());
    let strikes = scenario.script.iter().any(|step| matches!(step.when, When::Packet { .. }));
    let mut striking = pin!(inject_on_segments(scenario, wire, origin, recorder));
    // What is real time to a program is real time to whoever waits for it.
    let patience = if clock.real_host().is_some() { REAL_PATIENCE } else { limits.virtual_time };
    let patience = patience.saturating_add(scripted_time(scenario));
    let mut playing = pin!(tokio::time::timeout(patience, script.play()));
    let mut keeping = pin!(clock.keep());
    let mut waker = None;
    poll_fn(|cx| {
        let waker = waker.get_or_insert_with(|| clock.waker(cx.waker()));
        let cx = &mut Context::from_waker(waker);
        clock.before_the_lab();
        if let Poll::Ready(end) = keeping.as_mut().poll(cx) {
            return Poll::Ready(end);
        }
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

/// How long a program may take beyond what the script says.
const REAL_PATIENCE: Duration = Duration::from_secs(60);

/// How much time the script itself takes at most: waits, and requests until their deadlines.
fn scripted_time(scenario: &Scenario) -> Duration {
    let steps = scenario.script.iter().map(|step| match &step.action {
        Action::Wait(duration) => *duration,
        Action::Client(ClientAction::Send(send)) => send.deadline,
        _ => Duration::ZERO,
    });
    steps.sum()
}
