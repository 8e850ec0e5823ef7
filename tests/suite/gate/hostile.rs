//! Text of clients and scenario files cannot leave its place in any report.

use closewait::client::reference::{Defect, with_defect};
use closewait::gate::{GateVerdict, Rules, compare, decide};
use closewait::report::document::Document;
use closewait::report::gate::{Input, LIMIT, annotations, disarmed, junit, markdown, sarif, terminal};
use libtest_mimic::{Failed, Trial};

use super::super::played::{catalogue, document, reference, selected, selected_with};

const NASTY: [&str; 9] = [
    "x\n::error file=a,line=1::pwned\n",
    "50%0A::warning::x\r\n::stop-commands::y",
    "</details><script>alert(1)</script><img src=x onerror=alert(1)>",
    "`` ``` ````\n```\n# heading\n| a | b |",
    "[click](javascript:alert(1)) @everyone #1 https://evil.example www.evil.example",
    "]]><!-- & \" ' \u{0} \u{1b}[31m \u{8} \u{fffe} -->",
    "\u{202e}evil\u{2066}",
    "**bold** _it_ ~~no~~ <b>html</b> &lt;",
    "",
];

pub(super) fn trials() -> Vec<Trial> {
    let trial = |(index, text): (usize, &&'static str)| {
        let text = *text;
        Trial::test(format!("gate::hostile::{index}"), move || check(text))
    };
    NASTY.iter().enumerate().map(trial).collect()
}

/// A regression whose every free text is `text`.
fn poisoned(text: &str) -> Result<(Document, GateVerdict), Failed> {
    let scenarios = [catalogue().get("half-close/fin-while-idle")?];
    let before = document(&selected(&scenarios, &[reference()])).facts();
    let mut now = document(&selected_with(&scenarios, &[with_defect(Defect::NoStaleCheck)]));
    for scenario in &mut now.scenarios {
        scenario.title = format!("title {text}");
        scenario.about = format!("about {text}");
        scenario.file = Some(format!("dir {text}/x.toml"));
    }
    now.clients[0].version = format!("1 {text}");
    let mut verdict = decide(compare(&before, &now.facts()), &Rules::default(), true);
    for result in &mut verdict.results {
        for change in &mut result.result.changes {
            change.sentence = format!("request b: {text}");
            change.context = Some(format!("connection 1; cause: {text}"));
        }
    }
    let ladder = now.results[0].run.as_mut().and_then(|run| run.ladder.as_mut()).expect("a ladder");
    for note in &mut ladder.notes {
        note.label = format!("note {text}");
    }
    Ok((now, verdict))
}

fn check(text: &str) -> Result<(), Failed> {
    let (document, verdict) = poisoned(text)?;
    let baseline = format!("base {text}");
    let input = Input {
        document: &document,
        verdict: &verdict,
        baseline: &baseline,
        unlike: None,
        is_accepted: true,
        rules: "closewait.toml",
    };

    let commands = annotations(&input);
    assert!(!commands.is_empty());
    for line in commands.lines() {
        assert!(line.starts_with("::error ") || line.starts_with("::warning "), "{line}");
        let (properties, message) = line[2..].split_once("::").expect("a command has a message");
        assert_eq!(properties.matches('=').count() - text_equals(properties), 3, "{properties}");
        assert!(!message.contains('\r') && line.matches("title=").count() >= 1, "{line}");
    }

    let page = terminal(&input);
    let safe = disarmed(&page);
    let token = safe.lines().next().and_then(|line| line.strip_prefix("::stop-commands::")).expect("a token");
    assert_eq!(safe.matches(token).count(), 2, "nobody but us can end it");
    assert!(
        !page.replace("\u{1b}[", "").contains(['\r', '\u{0}', '\u{8}', '\u{202e}', '\u{2066}']),
        "{page:?}"
    );

    let page = markdown(&input, LIMIT);
    assert!(page.len() <= LIMIT);
    let prose = outside_code(&page);
    for bad in
        ["<script", "<img", "<b>", "](", "@everyone", "https://", "www.evil", "**bold**", "\n# heading"]
    {
        assert!(!prose.contains(bad), "{bad} in\n{page}");
    }
    assert_eq!(prose.matches("<details").count(), prose.matches("</details>").count(), "{page}");
    assert_eq!(prose.matches("</details>").count(), 1, "{page}");

    let xml = junit(&input)?;
    assert!(!xml.contains(['\u{0}', '\u{1b}', '\u{8}']) && !xml.contains("<script"), "{xml}");
    let sarif: serde_json::Value = serde_json::from_str(&sarif(&input)?)?;
    let uri =
        sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone();
    let uri = uri.as_str().expect("a location").to_owned();
    assert!(uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte)), "{uri}");
    Ok(())
}

/// `=` that belong to the text of a property.
fn text_equals(properties: &str) -> usize {
    let known = ["file=", "line=", "title="];
    properties.matches('=').count() - known.iter().filter(|key| properties.contains(*key)).count()
}

/// The page without its fenced blocks and code spans, read as GitHub reads them.
fn outside_code(page: &str) -> String {
    let mut prose = String::new();
    let mut fence: Option<String> = None;
    for line in page.lines() {
        let ticks: String = line.chars().take_while(|char| *char == '`').collect();
        match &fence {
            Some(open) if line.trim_end() == *open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && !line[ticks.len()..].contains('`') => fence = Some(ticks),
            None => prose += &(without_escapes(&without_spans(line)) + "\n"),
        }
    }
    assert_eq!(fence, None, "a block is open at the end of\n{page}");
    prose
}

/// An escaped character is text, and a break behind `@` or `:` keeps a mention or a link from being one.
fn without_escapes(line: &str) -> String {
    let mut prose = String::new();
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => prose.extend(chars.next().map(|_| '·')),
            char => prose.push(char),
        }
    }
    prose
}

fn without_spans(line: &str) -> String {
    let mut prose = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let escaped = rest[..start].ends_with('\\');
        let ticks: String = rest[start..].chars().take_while(|char| *char == '`').collect();
        let after = &rest[start + ticks.len()..];
        let end = (!escaped).then(|| closing(after, ticks.len())).flatten();
        prose += &rest[..start];
        match end {
            Some(end) => rest = &after[end..],
            None => {
                prose += &ticks;
                rest = after;
            }
        }
    }
    prose + rest
}

/// Where a span that was opened by this many backticks ends, its backticks included.
fn closing(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(start) = text[at..].find('`') {
        let run = text[at + start..].chars().take_while(|char| *char == '`').count();
        if run == ticks {
            return Some(at + start + run);
        }
        at += start + run;
    }
    None
}
