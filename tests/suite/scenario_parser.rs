//! The scenario parser as its users meet it: whole files, the catalogue, the schema, the documentation, and noise.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use closewait::scenario::{
    self, Action, BodySource, Catalogue, Cut, Framing, LastStream, OriginAction, Pings, Protocol, Scenario,
    SourceEnd, When,
};
use libtest_mimic::{Failed, Trial};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::json_schema::Schema;

pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, check: fn() -> Result<(), Failed>| {
        Trial::test(format!("scenario-parser::{name}"), check)
    };
    vec![
        trial("reads-every-key-and-step", reads_every_key_and_step),
        trial("reads-every-key-and-step-of-http2", reads_every_key_and_step_of_http2),
        trial("accepts-sensible-scripts", accepts_sensible_scripts),
        trial("control-drops-the-fault", control_drops_the_fault),
        trial("catalogue-selects", catalogue_selects),
        trial("catalogue-reports-every-file", catalogue_reports_every_file),
        trial("schema-is-committed", schema_is_committed),
        trial("schema-accepts-what-the-parser-accepts", schema_accepts_what_the_parser_accepts),
        trial("schema-refuses-wrong-keys-and-values", schema_refuses_wrong_keys_and_values),
        trial("reference-is-committed", reference_is_committed),
        trial("arbitrary-text-is-answered", || noise(any::<String>())),
        trial("mutated-scenarios-are-answered", || noise(mutated())),
        trial("extreme-texts-are-answered", extreme_texts_are_answered),
    ]
}

/// A scenario that uses every key and every kind of step.
const EVERYTHING: &str = include_str!("everything.toml");

/// The same for what only HTTP/2 has.
const EVERYTHING_H2: &str = include_str!("everything-h2.toml");

fn reads_every_key_and_step_of_http2() -> Result<(), Failed> {
    let scenario = read(EVERYTHING_H2)?;
    assert_eq!(scenario.protocol, Protocol::H2);
    let client = &scenario.client;
    assert_eq!((client.stream_window, client.connection_window), (Some(1000), Some(65535)));
    assert!(client.ping_interval.is_some() && client.ping_timeout.is_some() && client.ping_while_idle);
    assert_eq!(scenario.origin.pings, Pings::Answer { after: Duration::from_secs(1) });
    let last_streams = scenario.script.iter().filter_map(|step| match &step.action {
        Action::Origin(OriginAction::Goaway { last_stream, .. }) => Some(last_stream.clone()),
        _ => None,
    });
    assert_eq!(
        last_streams.collect::<Vec<_>>(),
        [
            LastStream::All,
            LastStream::Request("b".to_owned()),
            LastStream::Number(7),
            LastStream::None,
            LastStream::Seen
        ]
    );
    let control = scenario.control().ok_or("it has faults")?;
    assert_eq!((control.origin.initial_window, control.origin.pings), (None, Pings::default()));
    assert_eq!(control.origin.max_streams, Some(100));
    assert_eq!(control.control(), None);
    Ok(())
}

fn reads_every_key_and_step() -> Result<(), Failed> {
    let scenario = read(EVERYTHING)?;
    assert_eq!((scenario.family(), scenario.name()), ("family", "name"));
    assert_eq!(scenario.network.latency_to_client.as_millis(), 20);
    assert_eq!(
        scenario.requests().map(|request| request.id.as_str()).collect::<Vec<_>>(),
        ["a", "b", "c", "d", "e", "f", "g", "h"]
    );
    let source = |id: &str| scenario.request(id).map(|request| request.source);
    assert_eq!(
        (source("a"), source("h").map(|h| h.end)),
        (Some(BodySource::WHOLE), Some(SourceEnd::Stalls(100)))
    );
    let g = source("g").ok_or("g is sent")?;
    assert_eq!(
        (g.piece, g.pause.as_millis(), g.content_length, g.end),
        (Some(10), 5, false, SourceEnd::Fails(50))
    );
    let a = scenario.request("a").ok_or("a is sent")?;
    assert!(a.background && a.body == 1000);
    let replies = scenario.script.iter().filter_map(|step| match &step.action {
        Action::Origin(OriginAction::Reply(reply)) => Some((reply.status, reply.framing, reply.cut)),
        _ => None,
    });
    assert_eq!(
        replies.collect::<Vec<_>>(),
        [
            (413, Framing::Length, Some(Cut::Header(2))),
            (204, Framing::None, None),
            (200, Framing::Chunked, None)
        ]
    );
    assert_eq!(scenario.script.iter().filter(|step| step.when != When::Now).count(), 2);
    let first = EVERYTHING
        .lines()
        .position(|line| line.contains("origin = \"reply\", id = \"a\""))
        .map(|line| line + 1);
    assert_eq!(Some(scenario.script[0].line), first);
    Ok(())
}

/// Scripts near the border of what makes sense, on the right side of it.
fn accepts_sensible_scripts() -> Result<(), Failed> {
    let check = |what: &str, script: &str| -> Result<(), Failed> {
        let text = format!("title = \"t\"\nabout = \"a\"\nsources = [\"RFC 9112\"]\nscript = [{script}]\n");
        read(&text).map(drop).map_err(|error| format!("{what}: {error:?}").into())
    };
    let a = r#"{ client = "send", id = "a", request = "GET /a" }"#;
    let background = r#"{ client = "send", id = "a", request = "GET /a", background = true }"#;
    let patient = r#"{ client = "send", id = "a", request = "GET /a", deadline = "1s" }"#;
    let hold = r#"{ origin = "hold", id = "a" }"#;
    let reply = r#"{ origin = "reply", id = "a" }"#;
    check(
        "numbers in every form of TOML",
        r#"{ client = "send", id = "a", request = "PUT /", body = 1_000, read = 0x10 }"#,
    )?;
    check("a late answer to a request that timed out", &format!("{hold}, {patient}, {reply}"))?;
    check(
        "a late answer to a cancelled request",
        &format!(r#"{hold}, {background}, {{ client = "cancel", id = "a" }}, {reply}"#),
    )?;
    check(
        "a held request that a timed fault ends",
        &format!(r#"{hold}, {{ origin = "rst", connection = 1, when = {{ after = "5ms" }} }}, {a}"#),
    )?;
    check(
        "a lost SYN",
        &format!(r#"{{ network = "drop", connection = 1, direction = "to-origin", packets = 1 }}, {a}"#),
    )?;
    check(
        "a second connection after a fault",
        &format!(r#"{a}, {{ origin = "rst", connection = 1 }}, {{ origin = "fin", connection = 2 }}"#),
    )?;
    check(
        "a half-close, then a close",
        &format!(r#"{a}, {{ origin = "fin", connection = 1 }}, {{ origin = "close", connection = 1 }}"#),
    )?;
    check(
        "no answer at all",
        &format!(r#"{{ origin = "reply", id = "a", cut = "byte 0", then = "fin" }}, {a}"#),
    )?;
    check(
        "a body that no rule allows",
        &format!(r#"{{ origin = "reply", id = "a", status = 204, framing = "length", body = "four" }}, {a}"#),
    )?;
    check(
        "a chunked body without its last chunk",
        &format!(
            r#"{{ origin = "reply", id = "a", framing = "chunked", body = "four", cut = "body 4" }}, {a}"#
        ),
    )?;
    check(
        "no length in an answer to HEAD",
        r#"{ origin = "reply", id = "a", framing = "none" }, { client = "send", id = "a", request = "HEAD /" }"#,
    )?;
    check(
        "an await after the client is closed",
        &format!(r#"{background}, {{ client = "close" }}, {{ client = "await", id = "a" }}"#),
    )?;
    check("a background request that nobody awaits", background)
}

fn control_drops_the_fault() -> Result<(), Failed> {
    let scenario = read(EVERYTHING)?;
    let control = scenario.control().ok_or("there is a fault")?;
    assert_eq!(control.id, scenario.id);
    assert!(control.expect.is_empty());
    assert!(!control.script.iter().any(|step| matches!(step.action, Action::Origin(_) | Action::Network(_))));
    assert_eq!(control.requests().count(), scenario.requests().count());
    assert_eq!(control.control(), None);
    Ok(())
}

fn catalogue_selects() -> Result<(), Failed> {
    let catalogue: Catalogue = ["close/rst", "half-close/fin", "half-close/fin-late"]
        .into_iter()
        .map(|id| Ok(Scenario { id: id.to_owned(), ..read(EVERYTHING)? }))
        .collect::<Result<_, Failed>>()?;
    let check = |patterns: &[&str], expected: Result<&[&str], &str>| {
        let patterns: Vec<String> = patterns.iter().map(|pattern| pattern.to_string()).collect();
        let found = catalogue.select(&patterns).map_err(|error| error.to_string());
        let found = found.map(|found| found.iter().map(|scenario| scenario.id.as_str()).collect::<Vec<_>>());
        assert_eq!(found, expected.map(<[_]>::to_vec).map_err(str::to_owned), "{patterns:?}");
    };
    check(&[], Ok(&["close/rst", "half-close/fin", "half-close/fin-late"]));
    check(&["half-close/*"], Ok(&["half-close/fin", "half-close/fin-late"]));
    check(&["*late", "close/rst"], Ok(&["close/rst", "half-close/fin-late"]));
    check(&["half-close/fni"], Err("no scenario matches `half-close/fni`; did you mean `half-close/fin`?"));
    check(&["close/*", "rst"], Err("no scenario matches `rst`; did you mean `close/rst`?"));
    check(&["nothing-like-it"], Err("no scenario matches `nothing-like-it`"));
    assert!(catalogue.get("close/rst").is_ok() && catalogue.get("close").is_err());
    Ok(())
}

fn catalogue_reports_every_file() -> Result<(), Failed> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("catalogue");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    for (file, text) in [
        ("a/bad.toml", "title = 1".as_bytes()),
        ("a/good.toml", EVERYTHING.as_bytes()),
        ("a/Upper.toml", EVERYTHING.as_bytes()),
        ("no-family.toml", EVERYTHING.as_bytes()),
        ("b/not-text.toml", b"\xff\xfe"),
        ("b/ignored.md", b"# not a scenario"),
    ] {
        let path = dir.join(file);
        fs::create_dir_all(path.parent().unwrap_or(&dir))?;
        fs::write(path, text)?;
    }
    let error = Catalogue::load(&dir).err().ok_or("four files are broken")?;
    assert_eq!(error.problems.len(), 4, "{error}");
    for part in [
        "a/bad.toml:1:9",
        "a/Upper.toml is not at",
        "no-family.toml is not at",
        "cannot read",
        "not-text.toml",
    ] {
        assert!(error.to_string().contains(part), "{part} is missing in\n{error}");
    }
    let missing = Catalogue::load(&dir.join("missing")).err().ok_or("there is no such directory")?;
    assert!(missing.to_string().contains("missing"), "{missing}");
    Ok(())
}

fn schema_is_committed() -> Result<(), Failed> {
    committed(
        &root().join("docs/scenario.schema.json"),
        &(serde_json::to_string_pretty(&scenario::schema())? + "\n"),
    )
}

fn schema_accepts_what_the_parser_accepts() -> Result<(), Failed> {
    let schema = Schema::new(&scenario::schema())?;
    let mut texts = vec![
        ("everything.toml".to_owned(), EVERYTHING.to_owned()),
        ("everything-h2.toml".to_owned(), EVERYTHING_H2.to_owned()),
        ("everything-tls.toml".to_owned(), include_str!("everything-tls.toml").to_owned()),
    ];
    for scenario in Catalogue::load(&root().join("scenarios"))?.iter() {
        let path = root().join(format!("scenarios/{}.toml", scenario.id));
        texts.push((scenario.id.clone(), fs::read_to_string(path)?));
    }
    for (name, text) in texts {
        schema.check(&json(&text)?).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn schema_refuses_wrong_keys_and_values() -> Result<(), Failed> {
    let schema = Schema::new(&scenario::schema())?;
    let check = |right: &str, wrong: &str| -> Result<(), Failed> {
        assert!(EVERYTHING.contains(right), "{right} is in everything.toml");
        assert!(schema.check(&json(&EVERYTHING.replacen(right, wrong, 1))?).is_err(), "{wrong}");
        Ok(())
    };
    check("title =", "titel =")?;
    check("connection = 1", "conection = 1")?;
    check("\"http1\"", "\"http9\"")?;
    check("wait = \"1s\"", "wait = \"1.5s\"")?;
    check("wait = \"1s\"", "wait = 1")?;
    check("packet = 3", "packet = 0")?;
    check("cut = \"header 2\"", "cut = \"header\"")
}

fn reference_is_committed() -> Result<(), Failed> {
    const START: &str = "<!-- reference: start -->\n";
    const END: &str = "<!-- reference: end -->";
    let path = root().join("docs/writing-a-scenario.md");
    let page = fs::read_to_string(&path)?;
    let (before, rest) = page.split_once(START).ok_or("the page has a mark where the reference starts")?;
    let (_, after) = rest.split_once(END).ok_or("the page has a mark where the reference ends")?;
    committed(&path, &format!("{before}{START}\n{}\n{END}{after}", scenario::reference().trim_end()))
}

/// Compares a generated file; with `UPDATE_GENERATED=1` writes it instead.
pub(super) fn committed(path: &Path, expected: &str) -> Result<(), Failed> {
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(path, expected)?;
    }
    if fs::read_to_string(path)? == expected {
        return Ok(());
    }
    Err(format!(
        "{} is out of date: run `UPDATE_GENERATED=1 cargo test --test suite committed`",
        path.display()
    )
    .into())
}

/// Whatever the text is, the parser comes back, and what it says can be shown.
fn noise(texts: impl Strategy<Value = String>) -> Result<(), Failed> {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&texts, |text| {
        answer(&text);
        Ok(())
    })?;
    Ok(())
}

fn answer(text: &str) {
    let Err(invalid) = scenario::parse("family/name", "name.toml", text) else { return };
    assert!(!invalid.problems.is_empty());
    for problem in &invalid.problems {
        assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
    }
    assert!(invalid.to_string().starts_with("error: "));
}

/// A valid scenario after some damage.
fn mutated() -> impl Strategy<Value = String> {
    let words = EVERYTHING.split_inclusive([' ', '\n', '"', ',', '=']).map(str::to_owned).collect::<Vec<_>>();
    let noise = prop_oneof![
        Just("[".repeat(200)),
        Just("{ a = ".repeat(200)),
        Just("99999999999999999999999999".to_owned()),
        Just("\"\"\"".to_owned()),
        any::<String>(),
    ];
    let damage = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4u8, noise);
    prop::collection::vec(damage, 1..6).prop_map(move |damages| {
        let mut words = words.clone();
        for (place, other, how, noise) in damages {
            let (place, other) = (place.index(words.len()), other.index(words.len()));
            match how {
                0 => words.swap(place, other),
                1 => words[place].clear(),
                2 => words[place] = noise,
                _ => words[place] = words[place].chars().skip(1).collect(),
            }
        }
        words.concat()
    })
}

fn extreme_texts_are_answered() -> Result<(), Failed> {
    for text in [
        "[".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("script = [{}", "{ a = ".repeat(40_000)),
        format!("[{}]", vec!["a"; 100_000].join(".")),
        format!("{} = 1", vec!["a"; 100_000].join(".")),
        "\"".repeat(200_000),
        "x = 1\n".repeat(40_000),
        (0..20_000).map(|key| format!("k{key} = 1\n")).collect(),
        (0..20_000).map(|key| format!("k{key}.x = 1\n")).collect(),
        format!("script = [{}]", "{}, ".repeat(60_000)),
        format!("wait = {}", "9".repeat(200_000)),
        "日".repeat(80_000),
        "x".repeat(300 * 1024),
        String::new(),
    ] {
        answer(&text);
    }
    Ok(())
}

fn read(text: &str) -> Result<Scenario, Failed> {
    Ok(scenario::parse("family/name", "name.toml", text)?)
}

/// TOML as JSON, by way of the spanned values that the parser itself reads.
fn json(text: &str) -> Result<serde_json::Value, Failed> {
    Ok(to_json(&toml::de::DeValue::Table(toml::de::DeTable::parse(text)?.into_inner())))
}

fn to_json(value: &toml::de::DeValue) -> serde_json::Value {
    use toml::de::DeValue;
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => number.as_str().parse::<i64>().unwrap_or(i64::MAX).into(),
        DeValue::Float(number) => number.as_str().parse::<f64>().unwrap_or(f64::NAN).into(),
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(date) => date.to_string().into(),
        DeValue::Array(entries) => entries.iter().map(|entry| to_json(entry.get_ref())).collect(),
        DeValue::Table(table) => {
            table.iter().map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref()))).collect()
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
