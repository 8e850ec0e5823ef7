//! `docs/oracles.md` against the oracles themselves.

use closewait::oracle::{Level, ORACLES, Oracle, Verdict, judge};
use closewait::scenario::{Protocol, Scenario, parse};
use closewait::trace::{End, Trace};
use libtest_mimic::Failed;

use super::super::scenario_parser::committed;
use super::pages::{page, root, sections};

const PAGE: &str = "docs/oracles.md";

pub(super) fn table_is_committed() -> Result<(), Failed> {
    const START: &str = "<!-- table: start -->\n";
    const END: &str = "<!-- table: end -->";
    let text = page(PAGE)?.text;
    let (before, rest) = text.split_once(START).ok_or("the page has a mark where the table starts")?;
    let (_, after) = rest.split_once(END).ok_or("the page has a mark where the table ends")?;
    committed(&root().join(PAGE), &format!("{before}{START}\n{}\n{END}{after}", table()?))
}

pub(super) fn every_oracle_has_its_section() -> Result<(), Failed> {
    let text = page(PAGE)?.text;
    let headings: Vec<_> = sections(&text).filter_map(|(heading, _)| heading.strip_prefix('`')).collect();
    let expected: Vec<_> = ORACLES.iter().map(|oracle| format!("{}`", oracle.name)).collect();
    assert_eq!(headings, expected, "the headings of {PAGE} are the oracles, in their order");
    Ok(())
}

fn table() -> Result<String, Failed> {
    let mut table =
        "| oracle | | violated when | not exercised when | source |\n|---|---|---|---|---|\n".to_owned();
    for (oracle, unseen) in ORACLES.iter().zip(reasons_when_nothing_happens()?) {
        let level = match oracle.level {
            Level::Required => "required",
            Level::Advised => "advised",
        };
        let (name, meaning, source) = (oracle.name, oracle.meaning, oracle.source);
        table += &format!("| `{name}` | {level} | {meaning} | {unseen} | {source} |\n");
    }
    Ok(table)
}

/// What each oracle says of a run in which nothing happened: the condition under which it judges nothing.
fn reasons_when_nothing_happens() -> Result<Vec<String>, Failed> {
    let text = r#"
        title = "Nothing"
        about = "No event."
        sources = ["RFC 9112 section 9"]
        script = [{ client = "send", id = "a", request = "GET /a" }]
    "#;
    let scenario = parse("none/nothing", "nothing.toml", text)?;
    let trace = Trace {
        events: Vec::new(),
        records: Vec::new(),
        end: End::Completed,
        sockets: Vec::new(),
        panics: Vec::new(),
        retries: None,
        untried: Vec::new(),
        unsupported: None,
    };
    let reason = |verdict| match verdict {
        Verdict::NotExercised { reason } => Ok(reason),
        judged => Err(format!("an empty trace was judged: {judged:?}").into()),
    };
    let verdict = |oracle: &Oracle| {
        let protocols = Protocol::ALL.iter().map(|(protocol, _)| *protocol);
        let protocol = protocols.into_iter().find(|protocol| (oracle.concerns)(*protocol));
        let scenario = Scenario { protocol: protocol.ok_or("no protocol concerns it")?, ..scenario.clone() };
        let finding = judge(&scenario, &trace).into_iter().find(|finding| finding.oracle == oracle.name);
        reason(finding.ok_or("it says nothing")?.verdict)
    };
    ORACLES.iter().map(verdict).collect()
}
