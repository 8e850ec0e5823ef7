//! The JSON Schema of a scenario file, from the grammar.

use serde_json::{Map, Value, json};

use super::field::{Field, Kind, Need, Table, Verb};
use super::grammar::{EXPECTATION, TOP, VERBS, WAIT, WHEN_AFTER, WHEN_PACKET};

/// JSON Schema (draft 2020-12) of a scenario file, for editors. It knows keys, words and the form of values; what
/// the steps mean together only the parser knows.
pub fn schema() -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("title".into(), "closewait scenario".into());
    schema.extend(object(TOP.doc, TOP.fields, None));
    Value::Object(schema)
}

fn object(doc: &str, fields: &[Field], actor: Option<&Verb>) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if let Some(verb) = actor {
        properties.insert(verb.actor.into(), json!({ "const": verb.word, "description": verb.doc }));
        required.push(verb.actor);
    }
    for field in fields {
        properties.insert(field.name.into(), property(field));
        if matches!(field.need, Need::Required) {
            required.push(field.name);
        }
    }
    let mut object = Map::new();
    object.insert("description".into(), doc.into());
    object.insert("type".into(), "object".into());
    object.insert("properties".into(), Value::Object(properties));
    object.insert("required".into(), required.into());
    object.insert("additionalProperties".into(), false.into());
    object
}

fn table(table: &Table) -> Value {
    Value::Object(object(table.doc, table.fields, None))
}

fn property(field: &Field) -> Value {
    let mut schema = kind(field.kind);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".into(), field.doc.into());
        if let Need::Default(text) = field.need {
            // What the grammar writes as defaults is the same in JSON and TOML.
            schema.insert("default".into(), serde_json::from_str(text).unwrap_or(Value::Null));
        }
    }
    schema
}

fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string", "pattern": r"\S" }),
        Kind::Texts => {
            let text = json!({ "type": "string", "pattern": r"\S" });
            json!({ "oneOf": [text, { "type": "array", "minItems": 1, "items": text }] })
        }
        Kind::Body => json!({ "type": "string" }),
        Kind::Bytes => json!({ "type": "string", "minLength": 1 }),
        Kind::Sources => json!({ "type": "array", "minItems": 1, "items": {
            "type": "string", "pattern": r"^(https?://[!-~]+|RFC [0-9]{1,5}( section [0-9]+(\.[0-9]+)*)?|closewait (explore|sweep) --[ -~]*)$" } }),
        Kind::Time { zero: true } => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h)$" }),
        Kind::Time { zero: false } => json!({ "type": "string", "pattern": "^0*[1-9][0-9]*(ms|s|m|h)$" }),
        Kind::Count { .. } | Kind::Connection | Kind::Status => {
            let (least, most) = kind.range().unwrap_or_default();
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Request => json!({ "type": "string", "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]+ /[!-~]*$" }),
        Kind::Headers => json!({ "type": "array", "items": {
            "type": "string", "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]+:" } }),
        Kind::NewId | Kind::Id => json!({ "type": "string", "pattern": ID }),
        Kind::Cut => json!({ "type": "string",
            "pattern": "^(status-line|head|last-chunk|(header|body|record) 0*[1-9][0-9]*|byte [0-9]+)$" }),
        Kind::LastStream => json!({ "oneOf": [
            { "type": "string", "pattern": ID },
            { "type": "integer", "minimum": 0, "maximum": 0x7fff_ffff },
        ] }),
        Kind::When => json!({ "oneOf": [table(&WHEN_AFTER), table(&WHEN_PACKET)] }),
        Kind::Outcomes => {
            let outcome = json!({ "type": "string", "pattern": "^([1-5][0-9][0-9]|error|cancelled)$" });
            json!({ "oneOf": [outcome, { "type": "array", "minItems": 1, "items": outcome }] })
        }
        Kind::Script => json!({ "type": "array", "minItems": 1, "items": { "oneOf": steps() } }),
        Kind::Section(section) => table(section),
        Kind::Expectations => json!({ "type": "object", "propertyNames": { "pattern": ID },
            "additionalProperties": table(&EXPECTATION) }),
    }
}

const ID: &str = "^[a-z0-9-]{1,32}$";

fn steps() -> Vec<Value> {
    let wait = Value::Object(object(WAIT.doc, std::slice::from_ref(&WAIT), None));
    VERBS.iter().map(|verb| Value::Object(object(verb.doc, verb.fields, Some(verb)))).chain([wait]).collect()
}
