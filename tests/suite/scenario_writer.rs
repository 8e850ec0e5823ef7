//! What is written reads as what it was.

use closewait::scenario::{self, Scenario, Step};
use libtest_mimic::{Failed, Trial};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::played::catalogue;

pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, check: fn() -> Result<(), Failed>| {
        Trial::test(format!("scenario-writer::{name}"), check)
    };
    vec![
        trial("the-catalogue-comes-back", the_catalogue_comes_back),
        trial("every-key-and-step-comes-back", every_key_and_step_comes_back),
        trial("any-text-comes-back", any_text_comes_back),
        trial("writing-again-changes-nothing", writing_again_changes_nothing),
    ]
}

fn the_catalogue_comes_back() -> Result<(), Failed> {
    catalogue().iter().try_for_each(check)
}

fn every_key_and_step_comes_back() -> Result<(), Failed> {
    let text = include_str!("everything.toml");
    check(&scenario::parse("family/name", "everything.toml", text)?)?;
    check(&scenario::parse("family/name", "everything-h2.toml", include_str!("everything-h2.toml"))?)?;
    check(&scenario::parse("family/name", "everything-tls.toml", include_str!("everything-tls.toml"))?)
}

/// Titles, bodies and the like may be anything that is not blank.
fn any_text_comes_back() -> Result<(), Failed> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner =
        TestRunner::new_with_rng(Config { cases: 512, failure_persistence: None, ..Config::default() }, rng);
    let base = catalogue().iter().next().cloned().ok_or("the catalogue is not empty")?;
    let texts = ["\\PC*[!-~]", "(.|\n|\r|\t|\"|\\\\)*[!-~]\n?"]
        .map(|pattern| proptest::string::string_regex(pattern).expect("the pattern is one"));
    let [title, about] = texts;
    runner
        .run(&(title, about), |(title, about)| {
            let scenario = Scenario { title: title.clone(), about, signatures: vec![title], ..base.clone() };
            check(&scenario).map_err(|failed| TestCaseError::fail(format!("{failed:?}")))
        })
        .map_err(|error| error.to_string().into())
}

fn writing_again_changes_nothing() -> Result<(), Failed> {
    for scenario in catalogue().iter() {
        let text = scenario::write(scenario)?;
        assert_eq!(scenario::write(&scenario::parse(&scenario.id, "again", &text)?)?, text);
    }
    Ok(())
}

fn check(scenario: &Scenario) -> Result<(), Failed> {
    let text = scenario::write(scenario)?;
    let read = scenario::parse(&scenario.id, "written", &text)?;
    if without_lines(&read) == without_lines(scenario) {
        return Ok(());
    }
    Err(format!("{} comes back as something else:\n{text}\nwas {scenario:#?}\nis {read:#?}", scenario.id)
        .into())
}

/// Where a step stands in its file is the one thing that a text of its own changes.
fn without_lines(scenario: &Scenario) -> Scenario {
    let script = scenario.script.iter().map(|step| Step { line: 0, ..step.clone() }).collect();
    Scenario { script, ..scenario.clone() }
}
