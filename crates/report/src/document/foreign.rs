//! What a file is that is no results file, where that can be told: most often another one of closewait's own.

use serde_json::Value;

/// What a text is, and what takes it. `None` if it is nothing we know.
pub fn kind(text: &str) -> Option<&'static str> {
    let start = text.trim_start();
    if start.starts_with("<?xml") || start.starts_with("<testsuite") {
        return Some("XML, such as a JUnit report");
    }
    if start.get(..14).is_some_and(|head| head.eq_ignore_ascii_case("<!DOCTYPE html")) {
        return Some("HTML, such as a report for people");
    }
    if start.starts_with("---\n") {
        return Some("a snapshot; the gate takes the folder of all of them");
    }
    let first = start.lines().next().and_then(|line| serde_json::from_str::<Value>(line).ok());
    if first.is_some_and(|line| line.get("sweep").is_some_and(Value::is_u64)) {
        return Some(SWEEP_RUNS);
    }
    serde_json::from_str(start).ok().and_then(|value| of_json(&value))
}

const SWEEP_RUNS: &str =
    "what `closewait sweep --results` writes, and sweeps are compared by `closewait sweep --accepted FILE`";

fn of_json(value: &Value) -> Option<&'static str> {
    let has = |keys: &[&str]| keys.iter().all(|key| value.get(key).is_some());
    if has(&["sweep", "strips"]) {
        Some(
            "what `closewait sweep --format json` prints, and sweeps are compared by `closewait sweep --accepted FILE`",
        )
    } else if has(&["$schema", "runs", "version"]) {
        Some("a SARIF log")
    } else if has(&["$schema"]) {
        Some("a JSON Schema")
    } else if value.get("clients").and_then(|clients| clients.get(0)?.get("findings")).is_some() {
        Some("what `closewait explore --format json` prints")
    } else if value.get(0).is_some_and(|first| first.get("id").is_some() && first.get("script").is_some()) {
        Some("what `closewait list --json` prints")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_are_recognised() {
        let check = |text, words: Option<&str>| match (kind(text), words) {
            (Some(kind), Some(words)) => assert!(kind.contains(words), "{text}: {kind}"),
            (kind, words) => assert_eq!(kind, words, "{text}"),
        };
        check("{\"sweep\":1,\"closewait\":\"0.1.0\"}\n{\"run\":0}\n", Some("closewait sweep --results"));
        check("{\"sweep\": {}, \"strips\": []}", Some("closewait sweep --format json"));
        check("{\"$schema\": \"x\", \"version\": \"2.1.0\", \"runs\": []}", Some("SARIF"));
        check("<?xml version=\"1.0\"?>", Some("JUnit"));
        check("<!doctype html>", Some("HTML"));
        check("---\nsource: x\n", Some("snapshot"));
        check("{}", None);
        check("[]", None);
        check("hello", None);
        check("<!é", None);
    }
}
