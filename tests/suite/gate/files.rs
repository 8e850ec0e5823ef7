//! The results file and its schema.

use std::path::Path;

use closewait::client;
use closewait::client::reference::{Defect, with_defect};
use closewait::report::document::{read, schema};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use super::super::json_schema::Schema;
use super::super::played::{document, results, results_with};
use super::super::scenario_parser::committed;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("gate::results::schema_is_committed", schema_is_committed),
        Trial::test("gate::results::are_valid_and_every_key_is_documented", are_valid),
        Trial::test("gate::results::are_read_back_whole", are_read_back_whole),
    ]
}

fn schema_is_committed() -> Result<(), Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/results.schema.json");
    committed(&path, &(serde_json::to_string_pretty(&schema())? + "\n"))
}

/// Every built-in client, and a defect that brings violations and watchdogs.
fn documents() -> Result<Vec<Value>, Failed> {
    let correct = document(&results(client::built_in()));
    let defective = document(&results_with(with_defect(Defect::NoStaleCheck)));
    [correct, defective].iter().map(|d| Ok(serde_json::from_str(&d.to_json()?)?)).collect()
}

fn are_valid() -> Result<(), Failed> {
    // The committed schema lets keys be added; here nothing may be there that it does not name.
    let mut strict = schema();
    close(&mut strict);
    let validator = Schema::new(&strict)?;
    for document in documents()? {
        validator.check(&document)?;
    }
    assert!(validator.check(&serde_json::json!({})).is_err(), "the schema refuses what is no results file");
    Ok(())
}

/// No object may have keys that its schema does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") && map.get("type").is_some_and(|t| t == "object") {
                map.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            map.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

fn are_read_back_whole() -> Result<(), Failed> {
    let written = document(&results(client::built_in()));
    let json = written.to_json()?;
    let back = read("results.json", &json)?;
    assert!(written == back, "something is lost on the way through a results file");
    for length in [0, 1, json.len() / 2, json.len() - 3] {
        let end = (0..=length).rev().find(|end| json.is_char_boundary(*end)).unwrap_or(0);
        let error = read("results.json", &json[..end]).expect_err("it is cut").to_string();
        assert!(error.contains("half-written"), "{error}");
    }
    Ok(())
}
