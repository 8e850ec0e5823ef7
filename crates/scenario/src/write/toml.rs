//! TOML values, as the files in `scenarios/` write them.

use std::time::Duration;

use toml_writer::{ToTomlValue, TomlStringBuilder};

use crate::{Cut, Direction, When};

/// A basic string.
pub(super) fn string(text: &str) -> String {
    TomlStringBuilder::new(text).as_basic().to_toml_value()
}

/// A string over several lines if it has them, else a basic one.
pub(super) fn paragraph(text: &str) -> String {
    let is_paragraph = text.len() > 1 && text.ends_with('\n');
    if is_paragraph { TomlStringBuilder::new(text).as_ml_basic().to_toml_value() } else { string(text) }
}

/// A list on one line.
pub(super) fn list(entries: &[String]) -> String {
    format!("[{}]", entries.iter().map(|entry| string(entry)).collect::<Vec<_>>().join(", "))
}

/// A list with a line for each entry.
pub(super) fn lines(entries: &[String]) -> String {
    let entries: String = entries.iter().map(|entry| format!("  {},\n", string(entry))).collect();
    format!("[\n{entries}]")
}

/// A duration in the largest unit in which it is whole; zero is `0ms`.
pub(super) fn duration(time: Duration) -> String {
    let millis = time.as_millis();
    let units = [(3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let unit = units.into_iter().find(|(scale, _)| millis > 0 && millis.is_multiple_of(*scale));
    let (scale, unit) = unit.unwrap_or((1, "ms"));
    format!("{}{unit}", millis / scale)
}

/// An inline table.
pub(super) fn table(entries: &[(&str, String)]) -> String {
    let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", entries.join(", "))
}

/// A place in a message.
pub(super) fn cut(cut: Cut) -> String {
    match cut {
        Cut::Byte(n) => format!("byte {n}"),
        Cut::StatusLine => "status-line".to_owned(),
        Cut::Header(n) => format!("header {n}"),
        Cut::Head => "head".to_owned(),
        Cut::Body(n) => format!("body {n}"),
        Cut::LastChunk => "last-chunk".to_owned(),
        Cut::Record(n) => format!("record {n}"),
    }
}

/// The word for a direction.
pub(super) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ToOrigin => "to-origin",
        Direction::ToClient => "to-client",
    }
}

/// The table of a `when`; `None` is in its turn, which is not written.
pub(super) fn when(when: &When) -> Option<String> {
    match when {
        When::Now => None,
        When::After(after) => Some(table(&[("after", string(&duration(*after)))])),
        When::Packet { n, connection, direction: way } => Some(table(&[
            ("packet", n.to_string()),
            ("connection", connection.to_string()),
            ("direction", string(direction(*way))),
        ])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_the_largest_whole_unit() {
        let check = |millis, text: &str| assert_eq!(duration(Duration::from_millis(millis)), text);
        check(0, "0ms");
        check(1, "1ms");
        check(999, "999ms");
        check(1000, "1s");
        check(1500, "1500ms");
        check(90_000, "90s");
        check(120_000, "2m");
        check(3_600_000, "1h");
    }

    #[test]
    fn strings_come_back_as_they_were() {
        let check = |text: &str| {
            for written in [string(text), paragraph(text)] {
                let read = ::toml::de::DeValue::parse(&written).expect("it is TOML");
                assert_eq!(read.get_ref().as_str(), Some(text), "{written}");
            }
        };
        check("");
        check("plain");
        check("a \"quoted\" word and a \\ in it\n");
        check("three \"\"\" quotes\nand one \" more\n");
        check("ends with a quote\"\n");
        check("\u{0}\u{1b}\u{7f}\u{85}\r\n\tä\n");
        check("\n");
        check("two\n\nparagraphs\n\n");
    }
}
