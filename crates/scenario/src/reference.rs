//! The reference of the format in Markdown, from the grammar.

use std::fmt::Write;

use super::field::{Field, Need};
use super::grammar::{
    ACTORS, CLIENT, EXPECTATION, NETWORK, ORIGIN, TOP, VERBS, WAIT, WHEN_AFTER, WHEN_PACKET,
};

/// Every key and every step of a scenario file: the generated part of `docs/writing-a-scenario.md`.
pub fn reference() -> String {
    let mut page = String::new();
    for (title, table) in [
        ("The top level", &TOP),
        ("`[client]`", &CLIENT),
        ("`[origin]`", &ORIGIN),
        ("`[network]`", &NETWORK),
        ("`[expect]`", &EXPECTATION),
    ] {
        section(&mut page, 3, title, table.doc, table.fields);
    }
    for actor in ACTORS {
        for verb in VERBS.iter().filter(|verb| verb.actor == *actor) {
            section(&mut page, 4, &format!("`{{ {actor} = \"{}\" }}`", verb.word), verb.doc, verb.fields);
        }
        if *actor == WAIT.name {
            section(&mut page, 4, "`{ wait = \"10s\" }`", WAIT.doc, &[]);
        }
    }
    section(&mut page, 4, "`when = { after = … }`", WHEN_AFTER.doc, WHEN_AFTER.fields);
    section(&mut page, 4, "`when = { packet = … }`", WHEN_PACKET.doc, WHEN_PACKET.fields);
    page
}

fn section(page: &mut String, level: usize, title: &str, doc: &str, fields: &[Field]) {
    let _ = writeln!(page, "{} {title}\n\n{doc}\n", "#".repeat(level));
    if fields.is_empty() {
        return;
    }
    let _ = writeln!(page, "| key | takes | if left out | |\n|---|---|---|---|");
    for field in fields {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            field.name,
            field.kind.expected(),
            left_out(field.need),
            field.doc
        );
    }
    page.push('\n');
}

fn left_out(need: Need) -> String {
    match need {
        Need::Required => "an error".into(),
        Need::Optional => "".into(),
        Need::Default(text) => format!("`{text}`"),
    }
}
