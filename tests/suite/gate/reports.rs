//! Markdown, annotations, JUnit and SARIF of a real regression.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use closewait::client::reference::{Defect, with_defect};
use closewait::gate::{GateVerdict, Known, Rules, compare, decide, parse};
use closewait::oracle::ORACLES;
use closewait::report::document::Document;
use closewait::report::gate::{Input, annotations, junit, markdown, sarif, terminal};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use super::super::json_schema::Schema;
use super::super::planted_bugs::accept;
use super::super::played::{catalogue, document, reference, results, results_with, selected, selected_with};

const SCENARIO: &str = "half-close/fin-while-idle";

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("gate::report::is_as_accepted", is_as_accepted),
        Trial::test("gate::report::sarif_is_valid_by_the_official_schema", sarif_is_valid),
        Trial::test("gate::report::sarif_has_the_structure_of_2_1_0", sarif_has_the_structure),
        Trial::test("gate::report::markdown_is_cut_honestly", markdown_is_cut_honestly),
        Trial::test("gate::report::annotations_are_few_and_most_important_first", annotations_are_few),
        Trial::test("gate::report::nothing_changed_is_quiet", nothing_changed_is_quiet),
    ]
}

/// One scenario that regressed.
fn regression(rules: &Rules) -> Result<(Document, GateVerdict), Failed> {
    let scenarios = [catalogue().get(SCENARIO)?];
    let before = document(&selected(&scenarios, &[reference()])).facts();
    let now = document(&selected_with(&scenarios, &[with_defect(Defect::NoStaleCheck)]));
    let verdict = decide(compare(&before, &now.facts()), rules, true);
    Ok((now, verdict))
}

/// A defect that shows in many scenarios: much to tell.
fn many() -> &'static (Document, GateVerdict) {
    static MANY: LazyLock<(Document, GateVerdict)> = LazyLock::new(|| {
        let before = document(&results(&[reference()])).facts();
        let now = document(&results_with(with_defect(Defect::NeverReuses)));
        let verdict = decide(compare(&before, &now.facts()), &Rules::default(), true);
        (now, verdict)
    });
    &MANY
}

fn input<'a>((document, verdict): &'a (Document, GateVerdict)) -> Input<'a> {
    Input {
        document,
        verdict,
        baseline: "snapshots",
        unlike: None,
        is_accepted: true,
        rules: "closewait.toml",
    }
}

fn is_as_accepted() -> Result<(), Failed> {
    let known = Known { scenarios: vec![SCENARIO], clients: vec!["reference"] };
    let text = "[[rule]]\nlevel = \"allow\"\nreason = \"a retry is new here\"\noracle = \"bounded-retries\"\n\
                [[rule]]\nlevel = \"allow\"\nreason = \"not ours\"\noracle = \"no-leak\"\n";
    let rules = parse("closewait.toml", text, &known)?;
    let regression = regression(&rules)?;
    let input = input(&regression);
    let plain = anstream::adapter::strip_str(&terminal(&input)).to_string();
    let page = format!(
        "{plain}\n=== annotations\n{}\n=== markdown\n{}\n=== junit\n{}",
        annotations(&input),
        markdown(&input, 65_000),
        junit(&input)?
    );
    accept("gate-report", &page);
    Ok(())
}

fn sarif_is_valid() -> Result<(), Failed> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendored/sarif-schema-2.1.0.json");
    // As published, the pattern of a language tag has a bracket too many, and is no regular expression for ECMA 262.
    let schema = fs::read_to_string(schema)?.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let validator = Schema::new(&serde_json::from_str(&schema)?)?;
    let known = Known { scenarios: vec![SCENARIO], clients: vec!["reference"] };
    let allow = "[[rule]]\nlevel = \"allow\"\nreason = \"known\"\nscenario = \"*\"\n";
    for changed in [many(), &regression(&parse("closewait.toml", allow, &known)?)?] {
        let mut log: Value = serde_json::from_str(&sarif(&input(changed))?)?;
        validator.check(&log)?;
        log["runs"][0]["results"][0]["level"] = Value::from("bad");
        assert!(validator.check(&log).is_err(), "the schema refuses a level that is none");
    }
    Ok(())
}

fn sarif_has_the_structure() -> Result<(), Failed> {
    let many = many();
    let log: Value = serde_json::from_str(&sarif(&input(many))?)?;
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().is_some_and(|uri| uri.ends_with("sarif-schema-2.1.0.json")));
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "closewait");
    let rules = driver["rules"].as_array().ok_or("rules")?;
    assert_eq!(rules.len(), ORACLES.len() + 1);
    let results = run["results"].as_array().ok_or("results")?;
    assert!(!results.is_empty());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().ok_or("an index")?)?;
        assert_eq!(rules[index]["id"], result["ruleId"], "{result}");
        let level = result["level"].as_str().ok_or("a level")?;
        assert!(["none", "note", "warning", "error"].contains(&level), "{level}");
        let state = result["baselineState"].as_str().ok_or("a state")?;
        assert!(["new", "unchanged", "updated", "absent"].contains(&state), "{state}");
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line >= 1), "{place}");
        let uri = place["artifactLocation"]["uri"].as_str().ok_or("a uri")?;
        assert!(uri.starts_with("scenarios/") && uri.ends_with(".toml"), "{uri}");
        assert!(result["partialFingerprints"]["closewait/v1"].is_string());
    }
    let prints: std::collections::BTreeSet<_> =
        results.iter().map(|r| r["partialFingerprints"]["closewait/v1"].to_string()).collect();
    assert_eq!(prints.len(), results.len(), "each result has a fingerprint of its own");
    Ok(())
}

fn markdown_is_cut_honestly() -> Result<(), Failed> {
    let many = many();
    let changed = many.1.changed().count();
    for limit in [3_000, 10_000, 65_000, 1_000_000] {
        let page = markdown(&input(many), limit);
        assert!(page.len() <= limit, "{} > {limit}", page.len());
        let sections = page.matches("\n### ").count() - page.matches("\n### Also changed").count();
        let lines = page.lines().filter(|line| line.starts_with("- 🟡") || line.starts_with("- 🟢"));
        let shown = sections + lines.count();
        let told = page.lines().find_map(|line| {
            line.strip_prefix("**")?.split_once(" more changed results")?.0.parse::<usize>().ok()
        });
        assert_eq!(shown + told.unwrap_or(0), changed, "at {limit}");
        assert_eq!(page.matches("```").count() % 2, 0, "no block is left open at {limit}");
    }
    assert!(changed > 10, "there is enough to cut");
    Ok(())
}

fn annotations_are_few() -> Result<(), Failed> {
    let many = many();
    let lines = annotations(&input(many));
    let errors: Vec<&str> = lines.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(errors.len(), 10, "{lines}");
    assert!(errors[0].contains("file=scenarios/") && errors[0].contains("regressed::"), "{}", errors[0]);
    assert!(errors[9].contains("more changes"), "{}", errors[9]);
    Ok(())
}

fn nothing_changed_is_quiet() -> Result<(), Failed> {
    let scenarios = [catalogue().get(SCENARIO)?];
    let now = document(&selected(&scenarios, &[reference()]));
    let verdict = decide(compare(&now.facts(), &now.facts()), &Rules::default(), true);
    let quiet = (now, verdict);
    let input = input(&quiet);
    assert_eq!(annotations(&input), "");
    assert!(!markdown(&input, 65_000).contains("###"));
    assert!(junit(&input)?.contains("failures=\"0\""));
    let log: Value = serde_json::from_str(&sarif(&input)?)?;
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    Ok(())
}
