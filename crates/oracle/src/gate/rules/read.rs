//! From the text of a `closewait.toml` to [`Rules`].

use closewait_scenario::{Invalid, Problems, glob, nearest, quoted, type_name};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::model::{Known, Level, Rule, Rules};
use crate::ORACLES;
use crate::gate::change::Kind;

const KEYS: [&str; 6] = ["level", "reason", "oracle", "scenario", "client", "change"];
/// Longer texts are refused unread, bytes.
const LONGEST: usize = 256 * 1024;

/// Reads rules. `path` is only what the errors call the text.
///
/// # Errors
/// Everything that is wrong with the text, each with line, column and how to fix it.
pub fn parse(path: &str, text: &str, known: &Known<'_>) -> Result<Rules, Invalid> {
    let mut problems = Problems::default();
    let rules = read(text, known, &mut problems);
    if problems.is_empty() { Ok(rules) } else { Err(problems.into_invalid(path, text)) }
}

fn read(text: &str, known: &Known<'_>, problems: &mut Problems) -> Rules {
    if text.len() > LONGEST {
        problems.add(0..0, format!("the file is {} KiB long", text.len() / 1024));
        return Rules::default();
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        let span = error.span().unwrap_or(text.len()..text.len());
        problems.add(span, format!("this is not TOML: {}", error.message()));
        return Rules::default();
    }
    let mut rules = Vec::new();
    for (key, value) in root.get_ref() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("rule", DeValue::Array(entries)) => {
                rules.extend(entries.iter().filter_map(|entry| rule(entry, text, known, problems)));
            }
            ("rule", _) => problems
                .add(key.span(), "`rule` is a list of tables")
                .help("write [[rule]] with two brackets on each side"),
            (word, _) => problems
                .add(key.span(), format!("unknown key {}", quoted(word)))
                .help("closewait.toml has only [[rule]] tables"),
        }
    }
    Rules { rules }
}

fn rule(
    entry: &Spanned<DeValue<'_>>,
    text: &str,
    known: &Known<'_>,
    problems: &mut Problems,
) -> Option<Rule> {
    let DeValue::Table(table) = entry.get_ref() else {
        problems.add(entry.span(), format!("a rule is a table, not {}", type_name(entry.get_ref())));
        return None;
    };
    for key in table.keys() {
        let word = key.get_ref().as_ref();
        if !KEYS.contains(&word) {
            let problem = problems.add(key.span(), format!("unknown key {}", quoted(word)));
            problem.help(meant(word, &KEYS, "a rule takes"));
        }
    }
    let level = required(table, entry, "level", "how serious it is: deny, warn or allow", problems);
    let reason = required(table, entry, "reason", "why, in words for whoever reads the report", problems);
    let levels = Level::ALL.map(|(_, word)| word);
    let kinds = Kind::ALL.map(|(_, word)| word);
    let oracles = ORACLES.map(|oracle| oracle.name);
    let level = level.and_then(|value| one_of(value, "level", &levels, problems));
    let change = string(table, "change", problems).and_then(|v| one_of(v, "change", &kinds, problems));
    let oracle = string(table, "oracle", problems).and_then(|v| one_of(v, "oracle", &oracles, problems));
    let client =
        string(table, "client", problems).and_then(|v| one_of(v, "client", &known.clients, problems));
    let scenario = string(table, "scenario", problems).and_then(|v| scenario(v, known, problems));
    let change = change.and_then(|word| Some(Kind::ALL.iter().find(|(_, name)| *name == word)?.0));
    if let (Some(oracle), Some(change)) = (&oracle, change) {
        matchable(table, oracle, change, problems);
    }
    Some(Rule {
        level: Level::ALL.iter().find(|(_, word)| level.as_deref() == Some(word))?.0,
        reason: reason?.1,
        oracle,
        scenario,
        client,
        change,
        line: 1 + text[..entry.span().start.min(text.len())].matches('\n').count(),
    })
}

/// A rule that can never match would allow nothing, silently.
fn matchable(table: &DeTable<'_>, name: &str, change: Kind, problems: &mut Problems) {
    let is_advice = ORACLES.iter().any(|oracle| oracle.name == name && oracle.level == crate::Level::Advised);
    let (why, help) = match change {
        Kind::New | Kind::Gone => {
            ("a result is new or gone as a whole, not by the verdict of an oracle", "leave out `oracle`")
        }
        Kind::Trade if !is_advice => (
            "a trade is the price of a repair, and only advice is that",
            "name an oracle that advises, or leave it out",
        ),
        _ => return,
    };
    let Some((_, value)) = table.iter().find(|(key, _)| key.get_ref().as_ref() == "change") else { return };
    problems.add(value.span(), format!("this rule can never match: {why}")).help(help);
}

/// A string and where it is.
type Found = (std::ops::Range<usize>, String);

fn string(table: &DeTable<'_>, name: &str, problems: &mut Problems) -> Option<Found> {
    let (_, value) = table.iter().find(|(key, _)| key.get_ref().as_ref() == name)?;
    match value.get_ref() {
        DeValue::String(word) if word.trim().is_empty() => {
            problems.add(value.span(), format!("`{name}` is empty"));
            None
        }
        DeValue::String(word) => Some((value.span(), word.to_string())),
        other => {
            problems.add(value.span(), format!("`{name}` takes a string, not {}", type_name(other)));
            None
        }
    }
}

fn required(
    table: &DeTable<'_>,
    entry: &Spanned<DeValue<'_>>,
    name: &str,
    what: &str,
    problems: &mut Problems,
) -> Option<Found> {
    if !table.keys().any(|key| key.get_ref().as_ref() == name) {
        problems.add(entry.span(), format!("missing key `{name}`")).help(format!("`{name}` says {what}"));
    }
    string(table, name, problems)
}

fn one_of((span, word): Found, name: &str, words: &[&str], problems: &mut Problems) -> Option<String> {
    if words.contains(&word.as_str()) {
        return Some(word);
    }
    let problem = problems.add(span, format!("there is no {name} {}", quoted(&word)));
    problem.help(meant(&word, words, "there are"));
    None
}

/// A pattern must describe a scenario that exists: a rule for a renamed one would allow nothing, silently.
fn scenario((span, pattern): Found, known: &Known<'_>, problems: &mut Problems) -> Option<String> {
    if known.scenarios.iter().any(|id| glob::matches(&pattern, id)) {
        return Some(pattern);
    }
    let family = pattern.split('/').next().unwrap_or_default();
    let families = || known.scenarios.iter().filter_map(|id| id.split('/').next());
    let near = nearest(&pattern.replace('*', ""), known.scenarios.iter().copied())
        .map(str::to_owned)
        .or_else(|| nearest(family, families()).map(|family| format!("{family}/*")));
    let problem = problems.add(span, format!("no scenario matches {}", quoted(&pattern)));
    problem.help(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`closewait list` names the scenarios; in a pattern * stands for any characters".to_owned(),
    });
    None
}

fn meant(word: &str, words: &[&str], otherwise: &str) -> String {
    match nearest(word, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{otherwise} {}", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known<'static> {
        Known { scenarios: vec!["half-close/fin-while-idle", "retry/x"], clients: vec!["reqwest", "mine"] }
    }

    /// Each text is found in the message.
    fn refused(text: &str, words: &[&str]) {
        let error = parse("closewait.toml", text, &known()).expect_err(text).to_string();
        for word in words {
            assert!(error.contains(word), "{word} is not in\n{error}");
        }
    }

    #[test]
    fn a_rule_is_read() {
        let text = "[[rule]]\nlevel = \"allow\"\nreason = \"see #1\"\noracle = \"no-stale-reuse\"\n\
                    scenario = \"half-close/*\"\nclient = \"mine\"\nchange = \"regressed\"\n\
                    [[rule]]\nlevel = \"deny\"\nreason = \"all of it\"\n";
        let rules = parse("closewait.toml", text, &known()).expect("it is valid").rules;
        assert_eq!(rules.len(), 2);
        assert_eq!(
            (rules[0].level, rules[0].change, rules[0].line),
            (Level::Allow, Some(Kind::Regressed), 1)
        );
        assert_eq!(rules[0].subject(), "no-stale-reuse in half-close/* on mine where regressed");
        assert_eq!(
            (rules[1].level, rules[1].line, rules[1].subject().as_str()),
            (Level::Deny, 8, "any change")
        );
    }

    #[test]
    fn mistakes_are_shown_with_the_nearest_name() {
        let rule = |rest: &str| format!("[[rule]]\nlevel = \"warn\"\nreason = \"r\"\n{rest}\n");
        refused(
            &rule("oracel = \"x\""),
            &["closewait.toml:4:1", "unknown key `oracel`", "did you mean `oracle`?"],
        );
        refused(&rule("oracle = \"no-stale-reus\""), &["4:10", "did you mean `no-stale-reuse`?", "^^^"]);
        refused(&rule("scenario = \"half-clos/*\""), &["4:12", "did you mean `half-close/*`?"]);
        refused(&rule("scenario = \"nothing/*\""), &["no scenario matches", "closewait list"]);
        refused(&rule("client = \"reqwst\""), &["did you mean `reqwest`?"]);
        refused(&rule("change = \"worse\""), &["there are regressed, trade, drifted"]);
        let of = |oracle, change| rule(&format!("oracle = \"{oracle}\"\nchange = \"{change}\""));
        refused(&of("no-leak", "new"), &["5:10", "can never match", "leave out `oracle`"]);
        refused(&of("no-leak", "gone"), &["can never match"]);
        refused(&of("no-stale-reuse", "trade"), &["only advice"]);
        for (oracle, change) in [("prompt-close", "trade"), ("no-leak", "drifted"), ("no-leak", "fixed")] {
            assert!(parse("closewait.toml", &of(oracle, change), &known()).is_ok(), "{oracle} {change}");
        }
        refused("[[rule]]\nlevel = \"warn\"\n", &["missing key `reason`"]);
        refused("[[rule]]\nlevel = \"warn\"\nreason = \" \"\n", &["`reason` is empty"]);
        refused("[[rule]]\nlevel = \"forbid\"\nreason = \"r\"\n", &["deny, warn, allow"]);
        refused("[[rule]]\nlevel = 3\nreason = \"r\"\n", &["takes a string, not a number"]);
        refused("[rule]\nlevel = \"warn\"\n", &["[[rule]] with two brackets"]);
        refused("rules = 1\n", &["unknown key `rules`"]);
        refused("[[rule]\n", &["this is not TOML"]);
    }
}
