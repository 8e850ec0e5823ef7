//! One clock and one source of entropy in a run: what `std` says is what tokio says, and chance is the same each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use closewait::client::{
    BoxFuture, Client, Environment, Failure, Response, Timeouts, UnderTest, Upload, Wiring,
};
use closewait::lab::{Limits, run_all, run_here};
use closewait::scenario::{Scenario, parse};
use closewait::trace::{End, Outcome, Trace, What};
use http_body_util::{BodyExt, Full};
use libtest_mimic::Trial;
use tokio::time::sleep;

const HOUR: Duration = Duration::from_secs(3600);
/// Far more than a run takes on any machine, and less than a run's virtual time here.
const SOON: Duration = Duration::from_secs(600);

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("clocks::{name}"), move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("all_say_the_same", all_say_the_same),
        trial("agree_at_every_instant", agree_at_every_instant),
        trial("are_real_on_other_threads_and_afterwards", are_real_on_other_threads_and_afterwards),
        trial("begin_anew_with_each_run", begin_anew_with_each_run),
        trial("chance_is_the_same_in_every_run", chance_is_the_same_in_every_run),
        trial("chance_is_another_in_another_scenario", chance_is_another_in_another_scenario),
    ]
}

fn all_say_the_same() {
    check("clocks/hour", "3600s 3600s 3600s", || async {
        let (std, date, tokio) = (Instant::now(), SystemTime::now(), tokio::time::Instant::now());
        sleep(HOUR).await;
        let date = date.elapsed().expect("virtual time does not go back");
        format!("{:?} {date:?} {:?}", std.elapsed(), tokio.elapsed())
    });
}

fn agree_at_every_instant() {
    check("clocks/steps", "they do", || async {
        for step in 0..500 {
            let task = tokio::spawn(async move {
                let before = Instant::now();
                sleep(Duration::from_micros(700 * step)).await;
                assert_eq!(Instant::now(), tokio::time::Instant::now().into_std());
                before.elapsed() >= Duration::from_micros(700 * step)
            });
            assert!(task.await.expect("the clocks agree"));
        }
        "they do".to_owned()
    });
}

fn are_real_on_other_threads_and_afterwards() {
    let before = Instant::now();
    let there = Arc::new(Mutex::new(None));
    let told = there.clone();
    check("clocks/threads", "told", move || {
        let told = told.clone();
        async move {
            sleep(HOUR).await;
            let now = thread::spawn(Instant::now).join().expect("it does not panic");
            *told.lock().expect("nobody panics with this lock") = Some(now);
            "told".to_owned()
        }
    });
    let there = there.lock().expect("nobody panics with this lock").expect("the client has told");
    assert!(there >= before && there - before < SOON, "another thread is in real time while a run is on");
    assert!(Instant::now() >= there && before.elapsed() < SOON, "so is the thread of the run, after it");
}

fn begin_anew_with_each_run() {
    let now = || async {
        sleep(HOUR).await;
        format!("{:?} {:?}", Instant::now(), SystemTime::now())
    };
    let (client, scenario) = (leak(now, false), scenario("clocks/now"));
    let said: Vec<String> = (0..3).map(|_| said(&run_here(&scenario, client, &Limits::default()))).collect();
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
}

/// In every way that runs are played, and beside others.
fn chance_is_the_same_in_every_run() {
    let (client, scenario) = (leak(by_chance, true), scenario("clocks/chance"));
    let first = run_here(&scenario, client, &Limits::default());
    assert_eq!(first.end, End::Completed);
    let check = |trace: Trace| assert_eq!(said(&trace), said(&first));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                run_all((0..50).map(|_| (scenario.clone(), client)), &Limits::default()).for_each(check)
            });
        }
    });
    (0..50).for_each(|_| check(run_here(&scenario, client, &Limits::default())));
}

fn chance_is_another_in_another_scenario() {
    let client = leak(by_chance, true);
    let play = |id| said(&run_here(&scenario(id), client, &Limits::default()));
    assert_ne!(play("clocks/chance"), play("clocks/other"));
}

/// Goes through a `HashMap` in its order, and waits for as long as chance will have it.
async fn by_chance() -> String {
    let start = Instant::now();
    let keys: HashMap<u32, ()> = (0..50).map(|key| (key, ())).collect();
    for key in keys.keys() {
        sleep(Duration::from_millis(rand::random_range(0..1000))).await;
        if rand::random_ratio(1, 10) {
            return format!("gave up at {key} after {:?}", start.elapsed());
        }
    }
    format!("{keys:?} after {:?}", start.elapsed())
}

/// What the client answers, and that the run cost no more than a run does.
fn check<F>(id: &str, expected: &str, work: impl Fn() -> F + Send + Sync + 'static)
where
    F: Future<Output = String> + Send + 'static,
{
    let begun = Instant::now();
    assert_eq!(said(&run_here(&scenario(id), leak(work, false), &Limits::default())), expected);
    assert!(begun.elapsed() < SOON, "virtual time passes in no time: {:?}", begun.elapsed());
}

fn scenario(id: &str) -> Arc<Scenario> {
    let text = r#"
        title = "One request"
        about = "For a client that asks for the time."
        sources = ["RFC 9112"]
        script = [ { client = "send", id = "a", request = "GET /a", deadline = "24h" } ]
    "#;
    Arc::new(parse(id, "clocks.toml", text).unwrap_or_else(|error| panic!("{error}")))
}

/// What the client answered.
fn said(trace: &Trace) -> String {
    let answer = trace.events.iter().find_map(|event| match &event.what {
        What::RequestFinished { outcome: Outcome::Response { body, .. }, .. } => {
            Some(String::from_utf8_lossy(body).into_owned())
        }
        _ => None,
    });
    answer.unwrap_or_else(|| panic!("no answer: {trace:?}"))
}

/// A client that answers by itself, without a connection.
struct Alone {
    work: Work,
    uses_entropy: bool,
}

type Work = Arc<dyn Fn() -> BoxFuture<String> + Send + Sync>;

/// It lives as long as the tests.
fn leak<F>(work: impl Fn() -> F + Send + Sync + 'static, uses_entropy: bool) -> &'static dyn UnderTest
where
    F: Future<Output = String> + Send + 'static,
{
    Box::leak(Box::new(Alone { work: Arc::new(move || Box::pin(work())), uses_entropy }))
}

impl UnderTest for Alone {
    fn name(&self) -> &'static str {
        "alone"
    }

    fn version(&self) -> &'static str {
        "0"
    }

    fn wiring(&self) -> Wiring {
        Wiring::Streams
    }

    fn uses_entropy(&self) -> bool {
        self.uses_entropy
    }

    fn unsupported(&self, _: &Scenario) -> Option<String> {
        None
    }

    fn build(&self, _: &Environment) -> Result<Box<dyn Client>, Failure> {
        Ok(Box::new(Answering(self.work.clone())))
    }
}

struct Answering(Work);

impl Client for Answering {
    fn send(&self, _: http::Request<Upload>, _: Timeouts) -> BoxFuture<Result<Response, Failure>> {
        let answer = (self.0)();
        Box::pin(async move {
            let body = Full::new(Bytes::from(answer.await)).map_err(|never| match never {});
            Ok(http::Response::new(body.boxed_unsync()))
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }
}
