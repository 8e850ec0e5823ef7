//! Schedules that are worth playing first.

use closewait_scenario::Protocol;
use toml::de::{DeTable, DeValue};

use super::schedules::Draw;

/// A schedule that found something once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// Which protocol's schedule.
    pub protocol: Protocol,
    /// Which schedule.
    pub draw: Draw,
    /// The planted bug that it finds, if that is why it is kept.
    pub finds: Option<String>,
    /// Why it is kept.
    pub reason: String,
}

const FILE: &str = include_str!("seeds.toml");

/// Every kept schedule, in the order of the file.
///
/// # Panics
/// If the file, which is part of the program, is not as it should be.
pub fn seeds() -> Vec<Seed> {
    read(FILE).unwrap_or_else(|problem| panic!("seeds.toml: {problem}"))
}

fn read(text: &str) -> Result<Vec<Seed>, String> {
    let root = DeTable::parse(text).map_err(|error| error.to_string())?;
    let Some(entries) = root.get_ref().get("seed").map(|entries| entries.get_ref()) else {
        return Ok(Vec::new());
    };
    let DeValue::Array(entries) = entries else { return Err("`seed` is a list of tables".to_owned()) };
    entries.iter().map(|entry| seed(entry.get_ref())).collect()
}

fn seed(entry: &DeValue) -> Result<Seed, String> {
    let DeValue::Table(table) = entry else { return Err("a seed is a table".to_owned()) };
    let value = |key: &str| table.get(key).map(|value| value.get_ref());
    let number = |key: &str| match value(key) {
        Some(DeValue::Integer(number)) => {
            number.as_str().parse::<u64>().map_err(|error| format!("{key}: {error}"))
        }
        _ => Err(format!("a seed needs the number `{key}`")),
    };
    let text = |key: &str| match value(key) {
        Some(DeValue::String(text)) => Ok(text.to_string()),
        _ => Err(format!("a seed needs the text `{key}`")),
    };
    let word = text("protocol").unwrap_or_else(|_| "http1".to_owned());
    let protocol = Protocol::ALL.into_iter().find(|(_, known)| *known == word);
    Ok(Seed {
        protocol: protocol.ok_or_else(|| format!("no protocol `{word}`"))?.0,
        draw: Draw { seed: number("seed")?, run: number("run")? },
        finds: text("finds").ok(),
        reason: text("reason")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use closewait_reference::Defect;

    #[test]
    fn the_file_can_be_read_and_names_bugs_that_there_are() {
        for seed in seeds() {
            let known = |name: &String| Defect::ALL.iter().any(|defect| defect.to_string() == *name);
            assert!(seed.finds.iter().all(known), "{seed:?}");
            assert!(!seed.reason.trim().is_empty(), "{seed:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let check = |text: &str, problem: &str| assert_eq!(read(text), Err(problem.to_owned()));
        check("[[seed]]\nseed = 1\nreason = \"r\"", "a seed needs the number `run`");
        check("[[seed]]\nseed = 1\nrun = 2", "a seed needs the text `reason`");
        check("[[seed]]\nprotocol = \"gopher\"\nseed = 1\nrun = 2\nreason = \"r\"", "no protocol `gopher`");
    }
}
