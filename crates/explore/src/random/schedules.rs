//! The schedules of a seed: run `n` of seed `s` is the same schedule everywhere.

use closewait_scenario::{ClientSettings, Protocol, Scenario};
use closewait_simulator::client::UnderTest;
use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::assemble::assemble;
use super::plan::Plan;
use super::strategy;

/// One random schedule of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Draw {
    /// The seed.
    pub seed: u64,
    /// Which schedule of the seed, from 0.
    pub run: u64,
}

/// The random schedules of one protocol.
pub struct Schedules {
    protocol: Protocol,
    plans: BoxedStrategy<Plan>,
}

/// A draw that makes no sense is drawn again; more often than this and the strategies are wrong.
const MOST_DRAWS: usize = 1000;

impl Schedules {
    /// The schedules of a protocol.
    pub fn of(protocol: Protocol) -> Self {
        Self { protocol, plans: strategy::plans(protocol) }
    }

    /// A schedule as its file reads, with only such settings as the client has.
    ///
    /// # Panics
    /// If a thousand draws in a row are refused by the parser: then the strategies are broken.
    pub fn draw(&self, Draw { seed, run }: Draw, client: &dyn UnderTest) -> Scenario {
        let mut runner = runner(seed, run);
        for _ in 0..MOST_DRAWS {
            let plan = self.plans.new_tree(&mut runner).expect("no strategy filters").current();
            let drawn = Scenario {
                title: format!("Random schedule {run} of seed {seed}"),
                ..fitted(assemble(&plan), client)
            };
            if let Some(scenario) = sensible(&drawn) {
                return scenario;
            }
        }
        panic!("no sensible schedule of {} among {MOST_DRAWS} draws", self.protocol.word());
    }
}

/// The protocols of which the client can play any schedule at all.
pub fn played_by(client: &dyn UnderTest) -> Vec<Protocol> {
    const TRIED: u64 = 50;
    let plays = |protocol: &Protocol| {
        let schedules = Schedules::of(*protocol);
        (0..TRIED).any(|run| client.unsupported(&schedules.draw(Draw { seed: 1, run }, client)).is_none())
    };
    Protocol::ALL.into_iter().map(|(protocol, _)| protocol).filter(plays).collect()
}

fn runner(seed: u64, run: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&run.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng)
}

/// The scenario as the parser reads its file; `None` if the parser refuses it.
pub(crate) fn sensible(drawn: &Scenario) -> Option<Scenario> {
    let text = closewait_scenario::write(drawn).ok()?;
    closewait_scenario::parse(&drawn.id, "a random schedule", &text).ok()
}

/// Without the settings that a client does not have, one after the other.
fn fitted(mut scenario: Scenario, client: &dyn UnderTest) -> Scenario {
    const UNSET: [fn(&mut ClientSettings); 7] = [
        |client| client.max_connections = None,
        |client| client.read_timeout = None,
        |client| client.connect_timeout = None,
        |client| client.max_idle = None,
        |client| client.idle_timeout = None,
        |client| {
            client.ping_interval = None;
            client.ping_timeout = None;
            client.ping_while_idle = false;
        },
        |client| {
            client.stream_window = None;
            client.connection_window = None;
        },
    ];
    for unset in UNSET {
        if client.unsupported(&scenario).is_none() {
            break;
        }
        unset(&mut scenario.client);
    }
    scenario
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::count_faults;
    use closewait_reference::{Defect, with_defect};

    #[test]
    fn a_schedule_depends_on_seed_and_run_alone() {
        let client = with_defect(Defect::ALL[0]);
        let (one, other) = (Schedules::of(Protocol::Http1), Schedules::of(Protocol::Http1));
        let draw = |seed, run| Draw { seed, run };
        other.draw(draw(1, 1), client);
        assert_eq!(one.draw(draw(7, 3), client), other.draw(draw(7, 3), client));
        assert_ne!(one.draw(draw(7, 3), client), one.draw(draw(7, 4), client));
        assert_ne!(one.draw(draw(7, 3), client).script, one.draw(draw(8, 3), client).script);
    }

    #[test]
    fn schedules_have_at_most_three_faults_of_the_scripts_own_and_reach_them() {
        let client = with_defect(Defect::ALL[0]);
        let schedules = Schedules::of(Protocol::Http1);
        let faults: Vec<usize> =
            (0..300).map(|run| count_faults(&schedules.draw(Draw { seed: 1, run }, client))).collect();
        // What the application cancels comes on top.
        assert!((0..=3).all(|many| faults.contains(&many)), "{faults:?}");
        assert!(faults.iter().all(|faults| *faults <= 6), "{faults:?}");
    }
}
