//! Random schedules: the same on any number of threads, no violation by the reference client, every planted bug found.

mod cli;
mod false_alarms;
mod planted;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{LazyLock, OnceLock};

use closewait::explore::random::{
    self, Budget, ClientState, Coverage, Draw, Exploration, Explored, Findings, Schedules,
};
use closewait::explore::shrink::{Known, Reproducer, Weight, found, shrink};
use closewait::scenario::{self, Catalogue, Protocol, Scenario, Step};
use libtest_mimic::{Failed, Trial};

use super::played::{catalogue, client};

pub fn trials() -> Vec<Trial> {
    let trial =
        |name: &str, check: fn() -> Result<(), Failed>| Trial::test(format!("explore::{name}"), check);
    let mut trials = vec![
        trial("threads_make_no_difference", threads_make_no_difference),
        trial("schedules_come_back_from_their_files", schedules_come_back_from_their_files),
        trial("shrinking_leaves_what_it_takes", shrinking_leaves_what_it_takes),
        trial("a_finding_is_saved_once_and_reproduces", a_finding_is_saved_once_and_reproduces),
        trial("a_kept_schedule_is_played_once", a_kept_schedule_is_played_once),
        trial("coverage_leaves_out_what_cannot_be", coverage_leaves_out_what_cannot_be),
        trial("coverage_says_what_was_never_reached", coverage_says_what_was_never_reached),
    ];
    for (protocol, word) in Protocol::ALL {
        let name = format!("explore::reference_holds_every_oracle_over_{word}");
        trials.push(Trial::test(name, move || reference_holds_every_oracle(protocol)));
    }
    trials.extend(cli::trials());
    trials.extend(planted::trials());
    trials.extend(false_alarms::trials());
    trials
}

fn exploration(name: &str, protocol: Protocol, runs: u64, threads: usize) -> Exploration {
    let kept = random::seeds().into_iter().filter(|seed| seed.protocol == protocol);
    let first = kept.map(|seed| seed.draw).collect();
    Exploration { client: client(name), protocol, first, seed: 1, budget: Budget::Runs(runs), threads }
}

/// The reference client's schedules of a protocol, explored once for every trial that looks at them.
fn of_reference(protocol: Protocol) -> &'static (Exploration, Explored) {
    static EXPLORED: [OnceLock<(Exploration, Explored)>; Protocol::ALL.len()] =
        [const { OnceLock::new() }; Protocol::ALL.len()];
    let place = Protocol::ALL.iter().position(|(known, _)| *known == protocol).expect("it is one of all");
    EXPLORED[place].get_or_init(|| {
        let runs = if protocol.is_tls() { 300 } else { 500 };
        let exploration = exploration("reference", protocol, runs, 2);
        let explored = random::explore(&exploration, &|_| ());
        assert!(explored.runs >= runs, "{} runs", explored.runs);
        (exploration, explored)
    })
}

/// The long version: `closewait explore --client reference --runs 100000`.
fn reference_holds_every_oracle(protocol: Protocol) -> Result<(), Failed> {
    let (exploration, explored) = of_reference(protocol);
    let findings = random::findings(exploration, explored);
    if findings.sightings.is_empty() { Ok(()) } else { Err(format!("{findings:#?}").into()) }
}

/// What hyper-util's schedules show, on one thread.
fn of_hyper_util() -> &'static (Explored, Findings) {
    static FOUND: LazyLock<(Explored, Findings)> = LazyLock::new(|| explored_on(1));
    &FOUND
}

/// Schedules are handed out 64 at a time: this is a batch for each of three threads, and part of another. Five things
/// are found in it that could differ; the first of them after 2 schedules.
fn explored_on(threads: usize) -> (Explored, Findings) {
    let exploration = exploration("hyper-util", Protocol::Http1, 200, threads);
    let explored = random::explore(&exploration, &|_| ());
    let findings = random::findings(&exploration, &explored);
    (explored, findings)
}

fn threads_make_no_difference() -> Result<(), Failed> {
    let one = of_hyper_util();
    assert!(!one.0.suspects.is_empty(), "nothing was found that could differ");
    assert_eq!(*one, explored_on(3));
    Ok(())
}

fn a_kept_schedule_is_played_once() -> Result<(), Failed> {
    for protocol in [Protocol::Http1, Protocol::H2] {
        let exploration = exploration("reference", protocol, 200, 2);
        let drawn = (0..200).map(|run| Draw { seed: 1, run });
        let all: BTreeSet<Draw> = exploration.first.iter().copied().chain(drawn).collect();
        assert!(all.len() < exploration.first.len() + 200, "none is kept of those that are drawn anyway");
        let explored = random::explore(&exploration, &|_| ());
        assert_eq!(explored.runs + explored.unsupported, all.len() as u64);
    }
    Ok(())
}

/// Over HTTP/1.1 an answer begins before any of it has arrived, and not before the request has, unless it is early.
fn coverage_leaves_out_what_cannot_be() -> Result<(), Failed> {
    let check = |protocol: Protocol, fault: &str, state: ClientState, there: bool| {
        let universe = Coverage::universe(&[protocol]);
        let found = universe.iter().any(|situation| situation.fault == fault && situation.state == state);
        assert_eq!(found, there, "{} {fault} {state}", protocol.word());
    };
    for protocol in [Protocol::Http1, Protocol::Https1] {
        check(protocol, "reply-cut", ClientState::Receiving, false);
        check(protocol, "reply-then-fin", ClientState::Receiving, false);
        check(protocol, "reply-then-fin", ClientState::Sending, false);
        check(protocol, "reply-early", ClientState::Sending, true);
        check(protocol, "reply-then-fin", ClientState::Waiting, true);
        check(protocol, "origin-fin", ClientState::Receiving, true);
    }
    check(Protocol::H2, "reply-cut", ClientState::Receiving, true);
    for protocol in [Protocol::Http1, Protocol::Https1] {
        let universe = Coverage::universe(&[protocol]);
        let replies =
            of_reference(protocol).1.coverage.situations().filter(|there| there.fault.starts_with("reply-"));
        let outside: Vec<_> = replies.filter(|there| !universe.contains(there)).collect();
        assert!(outside.is_empty(), "reached, and yet not counted: {outside:?}");
    }
    Ok(())
}

fn schedules_come_back_from_their_files() -> Result<(), Failed> {
    for (protocol, _) in Protocol::ALL {
        let schedules = Schedules::of(protocol);
        for run in 0..100 {
            let schedule = schedules.draw(Draw { seed: 5, run }, client("reference"));
            let text = scenario::write(&schedule)?;
            assert_eq!(scenario::parse(&schedule.id, "written", &text)?, schedule, "{text}");
        }
    }
    Ok(())
}

/// What surrounds the essence of `half-close/fin-in-flight-post` on hyper-util goes away, and shrinking again
/// changes nothing.
fn shrinking_leaves_what_it_takes() -> Result<(), Failed> {
    let noisy = noisy("silent-death/every-idle-connection", "upload/early-401-kept-alive")?;
    let reproducer = Reproducer { client: client("hyper-util"), oracle: "no-leak", correct: None };
    assert!(reproducer.violation(&noisy).is_some(), "the noise has drowned the violation");
    let small = shrink(&noisy, &reproducer);
    let weight = Weight::of(&small);
    assert!(weight.requests <= 1 && weight.faults <= 1, "{}", scenario::write(&small)?);
    assert!(reproducer.violation(&small).is_some());
    assert_eq!(small.requests().map(|request| request.id.clone()).collect::<Vec<_>>(), ["a"]);
    let again = shrink(&small, &reproducer);
    assert_eq!(scenario::write(&again)?, scenario::write(&small)?);
    Ok(())
}

/// The steps of one scenario, then those of another, in the setting of the other.
fn noisy(noise: &str, essence: &str) -> Result<Scenario, Failed> {
    let essence = catalogue().get(essence)?;
    let renamed = rename(catalogue().get(noise)?)?;
    let noise = renamed.script.into_iter().take_while(|step| step.words().0 != "network");
    let script: Vec<Step> = noise.chain(essence.script.iter().cloned()).collect();
    Ok(Scenario { script, ..essence.clone() })
}

/// With ids that the other scenario does not have.
fn rename(scenario: &Scenario) -> Result<Scenario, Failed> {
    let mut text = scenario::write(scenario)?;
    for request in scenario.requests() {
        let (old, new) = (format!("id = \"{}\"", request.id), format!("id = \"n{}\"", request.id));
        text = text.replace(&old, &new);
    }
    let text = text.split("\n[expect]").next().unwrap_or_default().to_owned();
    Ok(scenario::parse("noise/noise", "noise", &text)?)
}

fn a_finding_is_saved_once_and_reproduces() -> Result<(), Failed> {
    let client = client("hyper-util");
    let sighting = of_hyper_util().1.sightings.first().ok_or("something is found")?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explore-saves");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let mut known = Known::default();
    let path = known.save(&sighting.found, &folder)?.ok_or("the first time it is saved")?;
    let before = std::fs::read_to_string(&path)?;
    assert_eq!(known.save(&sighting.found, &folder)?, None, "the second time it is known");

    let saved = Catalogue::load(&folder)?;
    let scenario = saved.iter().next().ok_or("a file was saved")?;
    assert_eq!(scenario.id, sighting.found.scenario.id);
    let reproducer = Reproducer { client, oracle: sighting.found.oracle, correct: None };
    assert!(reproducer.violation(scenario).is_some(), "the file alone shows the violation");
    let mut reloaded = Known::of(&saved);
    reloaded.play(client);
    assert_eq!(reloaded.scenario_of(&sighting.found), Some(scenario.id.as_str()));
    assert_eq!(reloaded.save(&sighting.found, &folder)?, None, "nor is it saved by another run");
    assert_eq!(std::fs::read_to_string(&path)?, before);
    let described =
        found(scenario, &reproducer, "closewait explore --seed 1").ok_or("it is found in the file")?;
    assert_eq!(described.faults, sighting.found.faults);
    Ok(())
}

fn coverage_says_what_was_never_reached() -> Result<(), Failed> {
    for protocol in [Protocol::Http1, Protocol::H2] {
        let few = Exploration { first: Vec::new(), ..exploration("reference", protocol, 20, 1) };
        let few = random::explore(&few, &|_| ());
        let ((few, all), (more, same)) =
            (few.coverage.reached(&[protocol]), of_reference(protocol).1.coverage.reached(&[protocol]));
        assert_eq!(all, same);
        assert!(0 < few && few < more && more < all, "{few} {more} {all}");
    }
    Ok(())
}
