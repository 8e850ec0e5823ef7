//! The pool of the reference client against a naive model, over random histories.

mod naive;
mod player;
mod streams;
mod table;

use closewait::client::reference::pool::Limits;
use libtest_mimic::Trial;
use player::{Player, Step};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

/// `pool::…`.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("pool::any_history_is_sound", any_history_keeps_the_invariants),
        Trial::test("pool::table", || {
            super::planted_bugs::accept("pool-transitions", &table::render());
            Ok(())
        }),
    ]
}

fn any_history_keeps_the_invariants() -> Result<(), libtest_mimic::Failed> {
    let histories = 1..40;
    let config = Config { cases: 512, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config.clone(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let run = |(state, steps, seen)| {
        Histories::test_sequential(config.clone(), state, steps, seen);
        Ok(())
    };
    runner.run(&Wishes::sequential_strategy(histories), run).map_err(|error| error.to_string().into())
}

/// What may happen does not depend on the pool: steps name their connections by number among those there are.
struct Wishes;

impl ReferenceStateMachine for Wishes {
    type State = Limits;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Limits> {
        (1usize..4, 0usize..4, any::<(bool, bool)>(), proptest::option::of(1u64..30))
            .prop_map(|(max_connections, max_idle, (shares, ping_while_idle), interval)| Limits {
                max_connections,
                max_idle,
                shares,
                ping_while_idle,
                ping_interval: interval.map(std::time::Duration::from_secs),
                ping_timeout: std::time::Duration::from_secs(3),
                ..Limits::default()
            })
            .boxed()
    }

    fn transitions(_: &Limits) -> BoxedStrategy<Step> {
        let pick = || any::<u8>();
        prop_oneof![
            6 => (any::<bool>(), any::<u8>()).prop_map(|(fresh, after)| Step::Want { fresh, after }),
            1 => pick().prop_map(Step::GiveUp),
            4 => pick().prop_map(Step::Connect),
            1 => pick().prop_map(Step::FailConnect),
            3 => pick().prop_map(Step::Multiplex),
            4 => pick().prop_map(Step::Turn),
            4 => (pick(), pick()).prop_map(|(pick, how)| Step::Finish(pick, how)),
            1 => pick().prop_map(Step::Sent),
            1 => (pick(), pick()).prop_map(|(pick, streams)| Step::Capacity(pick, streams)),
            2 => pick().prop_map(Step::Hear),
            1 => pick().prop_map(Step::GoAway),
            4 => (pick(), proptest::bool::weighted(0.8)).prop_map(|(pick, clean)| Step::Look(pick, clean)),
            4 => (pick(), any::<u8>()).prop_map(|(pick, seconds)| Step::GiveBack(pick, seconds)),
            2 => (pick(), any::<u8>()).prop_map(|(pick, poison)| Step::Poison(pick, poison)),
            1 => pick().prop_map(Step::End),
            2 => (0u32..60_000).prop_map(Step::Wait),
            1 => pick().prop_map(Step::Close),
            1 => pick().prop_map(Step::Abort),
        ]
        .boxed()
    }

    fn apply(state: Limits, _: &Step) -> Limits {
        state
    }
}

struct Histories;

impl StateMachineTest for Histories {
    type SystemUnderTest = Player;
    type Reference = Wishes;

    fn init_test(limits: &Limits) -> Player {
        Player::new(limits.clone())
    }

    fn apply(mut player: Player, _: &Limits, step: Step) -> Player {
        player.play(step);
        player
    }

    fn teardown(player: Player, _: Limits) {
        player.finish();
    }
}
