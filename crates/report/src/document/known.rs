//! Words of a results file that stand for one of a few things. Reports look signs and colours up by them, so that any other is refused.

use serde::de::{Deserialize, Deserializer, Error};

use closewait_oracle::Mark;

/// How a result is not the accepted snapshot.
pub(super) const KINDS: [&str; 3] = ["new", "changed", "gone"];
/// As much of a word as a message shows.
const SHOWN: usize = 32;

/// The verdicts on one result.
pub(super) fn marks() -> [&'static str; 6] {
    Mark::ALL.map(Mark::name)
}

pub(super) fn mark<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    one_of(deserializer, "mark", &marks())
}

pub(super) fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    one_of(deserializer, "kind", &KINDS)
}

fn one_of<'de, D: Deserializer<'de>>(deserializer: D, key: &str, words: &[&str]) -> Result<String, D::Error> {
    let word = String::deserialize(deserializer)?;
    if words.contains(&word.as_str()) {
        return Ok(word);
    }
    let shown: String = word.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    Err(D::Error::custom(format!("\"{key}\" is `{shown}`, and not one of {}", words.join(", "))))
}
