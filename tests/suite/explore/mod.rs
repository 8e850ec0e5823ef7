//! Random schedules: the same on any number of threads, no violation by the reference client, every planted bug found.

mod cli;
mod false_alarms;
mod planted;

use std::collections::BTreeSet;
use std::path::Path;

use closewait::client::{self, UnderTest};
use closewait::explore::random::{self, Budget, ClientState, Coverage, Draw, Exploration, Schedules};
use closewait::explore::shrink::{Known, Weight, Witness, found, shrink};
use closewait::scenario::{self, Catalogue, Protocol, Scenario, Step};
use libtest_mimic::{Failed, Trial};

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
    for (protocol, runs) in
        [(Protocol::Http1, 500), (Protocol::Https1, 300), (Protocol::H2, 500), (Protocol::Https2, 300)]
    {
        let name = format!("explore::reference_holds_every_oracle_over_{}", protocol.word());
        trials.push(Trial::test(name, move || reference_holds_every_oracle(protocol, runs)));
    }
    trials.extend(cli::trials());
    trials.extend(planted::trials());
    trials.extend(false_alarms::trials());
    trials
}

fn client(name: &str) -> &'static dyn UnderTest {
    *client::built_in().iter().find(|client| client.name() == name).expect("a built-in client")
}

fn exploration(name: &str, protocol: Protocol, runs: u64, threads: usize) -> Exploration {
    let kept = random::seeds().into_iter().filter(|seed| seed.protocol == protocol);
    let first = kept.map(|seed| seed.draw).collect();
    Exploration { client: client(name), protocol, first, seed: 1, budget: Budget::Runs(runs), threads }
}

/// The long version: `closewait explore --client reference --runs 100000`.
fn reference_holds_every_oracle(protocol: Protocol, runs: u64) -> Result<(), Failed> {
    let exploration = exploration("reference", protocol, runs, 2);
    let explored = random::explore(&exploration, &|_| ());
    assert!(explored.runs >= runs, "{} runs", explored.runs);
    let findings = random::findings(&exploration, &explored);
    if findings.sightings.is_empty() { Ok(()) } else { Err(format!("{findings:#?}").into()) }
}

fn threads_make_no_difference() -> Result<(), Failed> {
    let on = |threads| {
        let exploration = exploration("hyper-util", Protocol::Http1, 300, threads);
        let explored = random::explore(&exploration, &|_| ());
        let findings = random::findings(&exploration, &explored);
        (explored, findings)
    };
    let (one, three) = (on(1), on(3));
    assert!(!one.0.suspects.is_empty(), "nothing was found that could differ");
    assert_eq!(one, three);
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
        let explored = random::explore(&exploration("reference", protocol, 1000, 2), &|_| ());
        let universe = Coverage::universe(&[protocol]);
        let replies = explored.coverage.situations().filter(|there| there.fault.starts_with("reply-"));
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
    let witness = Witness { client: client("hyper-util"), oracle: "no-leak", sound: None };
    assert!(witness.violation(&noisy).is_some(), "the noise has drowned the violation");
    let small = shrink(&noisy, &witness);
    let weight = Weight::of(&small);
    assert!(weight.requests <= 1 && weight.faults <= 1, "{}", scenario::write(&small)?);
    assert!(witness.violation(&small).is_some());
    assert_eq!(small.requests().map(|request| request.id.clone()).collect::<Vec<_>>(), ["a"]);
    let again = shrink(&small, &witness);
    assert_eq!(scenario::write(&again)?, scenario::write(&small)?);
    Ok(())
}

/// The steps of one scenario, then those of another, in the setting of the other.
fn noisy(noise: &str, essence: &str) -> Result<Scenario, Failed> {
    let catalogue = catalogue()?;
    let essence = catalogue.get(essence)?;
    let renamed = rename(catalogue.get(noise)?)?;
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
    let exploration = exploration("hyper-util", Protocol::Http1, 300, 2);
    let explored = random::explore(&exploration, &|_| ());
    let sightings = random::findings(&exploration, &explored).sightings;
    let sighting = sightings.first().ok_or("something is found")?;
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
    let witness = Witness { client, oracle: sighting.found.oracle, sound: None };
    assert!(witness.violation(scenario).is_some(), "the file alone shows the violation");
    let mut reloaded = Known::of(&saved);
    reloaded.play(client);
    assert_eq!(reloaded.scenario_of(&sighting.found), Some(scenario.id.as_str()));
    assert_eq!(reloaded.save(&sighting.found, &folder)?, None, "nor is it saved by another run");
    assert_eq!(std::fs::read_to_string(&path)?, before);
    let described =
        found(scenario, &witness, "closewait explore --seed 1").ok_or("it is found in the file")?;
    assert_eq!(described.faults, sighting.found.faults);
    Ok(())
}

fn coverage_says_what_was_never_reached() -> Result<(), Failed> {
    for protocol in [Protocol::Http1, Protocol::H2] {
        let few = Exploration { first: Vec::new(), ..exploration("reference", protocol, 20, 1) };
        let few = random::explore(&few, &|_| ());
        let more = random::explore(&exploration("reference", protocol, 150, 2), &|_| ());
        let ((few, all), (more, same)) =
            (few.coverage.reached(&[protocol]), more.coverage.reached(&[protocol]));
        assert_eq!(all, same);
        assert!(0 < few && few < more && more < all, "{few} {more} {all}");
    }
    Ok(())
}

fn catalogue() -> Result<Catalogue, Failed> {
    Ok(Catalogue::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"))?)
}
