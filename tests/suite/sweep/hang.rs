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
    // Long enough for a busy machine to play one sound run, short enough to wait for a few that hang.
    let limits = Limits { wall_clock: Duration::from_millis(1500), ..Limits::default() };
    let client: &'static Broken = Box::leak(Box::new(client));
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
    assert_eq!(results[0].mark, Mark::Ok, "{:?}", results[0]);
    let broken: Vec<_> = results.iter().filter(|judged| judged.why.as_deref() == Some(words)).collect();
    assert!(!broken.is_empty(), "{results:?}");
    assert!(broken.iter().all(|judged| judged.mark == Mark::Violation), "{broken:?}");
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
        Ok(Box::new(BrokenClient { sound: reference().build(environment)?, hangs: self.hangs }))
    }
}

struct BrokenClient {
    sound: Box<dyn Client>,
    hangs: bool,
}

impl Client for BrokenClient {
    fn send(
        &self,
        request: http::Request<Bytes>,
        timeouts: Timeouts,
    ) -> BoxFuture<Result<Response, Failure>> {
        let sending = self.sound.send(request, timeouts);
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
        self.sound.close()
    }
}
