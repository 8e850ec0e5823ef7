//! The JSON Schema of a results file.

use serde_json::{Value, json};

use super::known;
use super::model::{FORMAT, VERSION};

/// JSON Schema (draft 2020-12) of a results file of this version. Keys that it does not name may be added.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "closewait results",
        "description": "What `closewait run --out` and `closewait sweep --out` write. Times are milliseconds of virtual time.",
        "type": "object",
        "properties": {
            "format": { "const": FORMAT },
            "version": { "const": VERSION, "description": "Raised when a key changes its meaning or goes away." },
            "closewait": { "type": "string", "description": "The version of closewait that wrote the file." },
            "test": {
                "description": "The test of another crate that wrote the file, as in `cargo test --test NAME`.",
                "type": "string"
            },
            "selection": {
                "description": "The patterns that selected the scenarios; empty if all were played.",
                "type": "array", "items": { "type": "string" }
            },
            "clients": list(object(json!({ "name": text(), "version": text() }), &["name", "version"])),
            "scenarios": list(reference("scenario")),
            "cells": list(reference("cell")),
            "differences": list(object(
                json!({ "scenario": text(), "client": text(), "kind": words(&known::KINDS) }),
                &["scenario", "client", "kind"],
            )),
            "strips": list(reference("strip"))
        },
        "required": ["format", "version", "closewait", "clients", "scenarios", "cells"],
        "$defs": {
            "scenario": scenario(),
            "cell": result(),
            "run": run(),
            "request": request(),
            "finding": finding(),
            "ladder": ladder(),
            "strip": strip()
        }
    })
}

fn scenario() -> Value {
    object(
        json!({
            "id": text(),
            "title": text(),
            "about": text(),
            "sources": list(text()),
            "signatures": list(text()),
            "file": { "type": "string", "description": "As seen from where closewait ran." },
            "lines": {
                "description": "Request id to the line of the file in which it is sent, from 1.",
                "type": "object", "additionalProperties": count()
            }
        }),
        &["id", "title", "about"],
    )
}

fn result() -> Value {
    object(
        json!({
            "scenario": text(),
            "client": text(),
            "mark": words(&known::marks()),
            "unsupported": { "type": "string", "description": "Why the client cannot play the scenario." },
            "run": reference("run"),
            "control": reference("run")
        }),
        &["scenario", "client", "mark"],
    )
}

fn run() -> Value {
    let ends = words(&["completed", "livelock", "stall", "hang", "panic"]);
    object(
        json!({
            "end": object(json!({ "end": ends, "message": text() }), &["end"]),
            "findings": list(reference("finding")),
            "untried": {
                "description": "The steps that had no effect, so that the scenario was not tried.",
                "type": "array",
                "items": object(json!({ "step": count(), "reason": text() }), &["step", "reason"])
            },
            "connections": { "type": "integer", "minimum": 0, "description": "How many the client opened, or tried to." },
            "bytes": bytes(),
            "requests": list(reference("request")),
            "transcript": list(object(
                json!({ "at_ms": count(), "text": text(), "events": list(count()) }),
                &["at_ms", "text", "events"],
            )),
            "causes": {
                "description": "What was done to the client or by the application, in the order of time.",
                "type": "array", "items": { "type": "string" }
            },
            "sockets": list(object(
                json!({ "connection": { "type": ["integer", "null"] }, "state": text() }),
                &["state"],
            )),
            "panics": list(text()),
            "ladder": reference("ladder")
        }),
        &["end", "findings", "connections", "requests", "transcript"],
    )
}

fn bytes() -> Value {
    let mut bytes = object(json!({ "sent": count(), "received": count() }), &["sent", "received"]);
    bytes["description"] = json!("Payload from the client and to it, without what was sent again.");
    bytes
}

fn request() -> Value {
    object(
        json!({
            "id": text(),
            "method": text(),
            "outcome": {
                "description": "A status code, or how it ended otherwise; absent if it never came to an end.",
                "type": "string", "pattern": "^([0-9]{3}|error|deadline|cancelled)$"
            },
            "error": { "type": "string", "description": "The kind of error, e.g. `connection closed`." },
            "attempts": list(object(
                json!({ "connection": count(), "stream": count(), "fresh": { "type": "boolean" } }),
                &["connection", "fresh"],
            )),
            "executed": { "type": "integer", "minimum": 0, "description": "How often the origin carried it out." },
            "took_ms": count(),
            "retries": count(),
            "message": { "type": "string", "description": "The client's words for the error." }
        }),
        &["id", "attempts", "executed", "retries"],
    )
}

fn finding() -> Value {
    let severities = words(&[
        "wrong-response",
        "unsafe-duplicate",
        "silent-truncation",
        "stale-reuse",
        "hang-or-leak",
        "avoidable-failure",
        "retry-storm",
        "needless-connections",
    ]);
    let violation = object(
        json!({
            "severity": severities,
            "message": text(),
            "evidence": list(count()),
            "requests": {
                "description": "The requests that show it, where they are several.",
                "type": "array", "items": text()
            }
        }),
        &["severity", "message", "evidence"],
    );
    let verdict = object(
        json!({
            "verdict": words(&["holds", "violated", "not-exercised"]),
            "note": text(),
            "notes": {
                "description": "All that was seen, one by one, where the note is cut short.",
                "type": "array", "items": text()
            },
            "reason": text(),
            "violations": list(violation)
        }),
        &["verdict"],
    );
    object(
        json!({ "oracle": text(), "level": words(&["required", "advised"]), "verdict": verdict }),
        &["oracle", "level", "verdict"],
    )
}

fn ladder() -> Value {
    let arrow = object(
        json!({
            "connection": count(),
            "stream": count(),
            "to": words(&["to-origin", "to-client"]),
            "sent_ms": count(),
            "sent_event": count(),
            "arrived_ms": count(),
            "arrived_event": count(),
            "label": text(),
            "kind": words(&["open", "request", "answer", "unasked", "bytes", "tls", "frame", "fin", "rst"]),
            "forged": { "type": "boolean" },
            "again": { "type": "boolean" },
            "folded": { "type": "boolean" },
            "segments": count(),
            "stale": { "type": "boolean" },
            "proof": { "type": "boolean" }
        }),
        &["connection", "to", "sent_ms", "sent_event", "label", "kind", "segments"],
    );
    let note = object(
        json!({
            "at_ms": count(),
            "event": count(),
            "side": words(&["client", "origin", "network"]),
            "kind": words(&["request", "outcome", "served", "fault", "closing"]),
            "label": text(),
            "proof": { "type": "boolean" }
        }),
        &["at_ms", "event", "side", "kind", "label"],
    );
    let stale = object(
        json!({ "connection": count(), "from_ms": count(), "until_ms": count(), "reason": text() }),
        &["connection", "from_ms", "until_ms", "reason"],
    );
    let gap = object(json!({ "from_ms": count(), "until_ms": count() }), &["from_ms", "until_ms"]);
    object(
        json!({
            "end_ms": count(),
            "arrows": list(arrow),
            "notes": list(note),
            "stale": list(stale),
            "gaps": list(gap)
        }),
        &["end_ms", "arrows", "notes", "stale", "gaps"],
    )
}

fn strip() -> Value {
    let marks = ["violation", "surfaced", "retried", "new-connection", "ok", "not-reached", "unsupported"];
    object(
        json!({
            "workload": text(),
            "client": text(),
            "version": text(),
            "fault": { "type": "string", "description": "Fault and what it acts on; `none` is the run without." },
            "places": list(text()),
            "marks": list(words(&marks))
        }),
        &["workload", "client", "version", "fault", "places", "marks"],
    )
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn words(words: &[&str]) -> Value {
    json!({ "enum": words })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}
