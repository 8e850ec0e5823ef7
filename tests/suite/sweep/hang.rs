//! A client that hangs, or panics, in some of the runs: each is a mark, and the sweep goes on.

use std::time::Duration;

use bytes::Bytes;
use closewait::client::{BoxFuture, Client, Environment, Failure, Response, Timeouts, UnderTest, Wiring};
use closewait::explore::sweep::{self, Judged, Mark, Plan, Shard, Share, Wanted};
use closewait::explore::workloads;
use closewait::lab::Limits;
use closewait::scenario::Scenario;
use closewait::trace::ErrorKind;
use libtest_mimic::Trial;

use super::super::played::reference;
use super::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("a_hang_is_a_mark", || check(Broken { hangs: true }, "hang")),
        trial("a_panic_is_a_mark", || check(Broken { hangs: false }, "panic: broken")),
    ]
}

/// The reference client until a request fails; then it breaks.
#[derive(Clone, Copy)]
struct Broken {
    hangs: bool,
}

fn check(client: Broken, words: &str) {
    let client: &'static Broken = Box::leak(Box::new(client));
    let results = if client.hangs { swept_until_the_first_is_sound(client) } else { swept(client, PATIENT) };
    assert_eq!(results[0].mark, Mark::Ok, "{:?}", results[0]);
    let broken: Vec<_> = results.iter().filter(|judged| judged.why.as_deref() == Some(words)).collect();
    assert!(!broken.is_empty(), "{results:?}");
    assert!(broken.iter().all(|judged| judged.mark == Mark::Violation), "{broken:?}");
}

/// No machine is so busy that a correct run takes longer.
const PATIENT: Duration = Duration::from_secs(60);

/// The limit has to pass in full for each run that hangs, so it begins short; the first run, which has no fault, says
/// whether it was too short for this machine.
fn swept_until_the_first_is_sound(client: &'static Broken) -> Vec<Judged> {
    let mut limit = Duration::from_millis(500);
    loop {
        let results = swept(client, limit);
        if results[0].mark == Mark::Ok || limit > PATIENT {
            return results;
        }
        limit *= 4;
    }
}

fn swept(client: &'static Broken, wall_clock: Duration) -> Vec<Judged> {
    let limits = Limits { wall_clock, ..Limits::default() };
    let keep_alive = workloads().iter().filter(|workload| workload.name == "keep-alive").collect();
    let faults = vec!["cut-close".to_owned()];
    let wanted = Wanted { workloads: keep_alive, clients: vec![client], faults, pairs: false };
    let plan = Plan::new(&wanted, &limits);
    let runs = sweep::choose(plan.len(), Share { budget: Some(4), shard: Shard::WHOLE });
    let mut results: Vec<Judged> = Vec::new();
    sweep::play(&plan, &runs, 2, &limits, |_, judged| {
        results.push(judged);
        true
    });
    assert_eq!(results.len(), runs.len());
    results
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
        Ok(Box::new(BrokenClient { correct: reference().build(environment)?, hangs: self.hangs }))
    }
}

struct BrokenClient {
    correct: Box<dyn Client>,
    hangs: bool,
}

impl Client for BrokenClient {
    fn send(
        &self,
        request: http::Request<Bytes>,
        timeouts: Timeouts,
    ) -> BoxFuture<Result<Response, Failure>> {
        let sending = self.correct.send(request, timeouts);
        let hangs = self.hangs;
        Box::pin(async move {
            match sending.await {
                Err(Failure { kind: ErrorKind::Closed | ErrorKind::Protocol | ErrorKind::Other, .. })
                    if hangs =>
                {
                    loop {
                        std::thread::park();
                    }
                }
                Err(_) => std::panic::resume_unwind(Box::new("broken")),
                answered => answered,
            }
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<()> {
        self.correct.close()
    }
}
