//! GitHub's workflow commands, which put a message beside a line of a file.

use closewait_oracle::gate::{Change, Level};

use super::escape::{command, one_line, property};
use super::input::Input;

/// GitHub shows ten annotations of a level for each step; the most important come first.
const SHOWN: usize = 10;

/// One command a line: errors for what is denied, warnings for what is warned of. Allowed changes have none.
pub fn annotations(input: &Input<'_>) -> String {
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    for result in input.verdict.changed() {
        let level = result.level();
        let Some(headline) = result.lead().map(Change::headline) else { continue };
        let (word, list) = match level {
            Level::Deny => ("error", &mut errors),
            Level::Warn => ("warning", &mut warnings),
            Level::Allow => continue,
        };
        let mut properties = Vec::new();
        if let Some(at) = input.place(result, &headline) {
            properties.push(format!("file={}", property(&one_line(at.file))));
            properties.push(format!("line={}", at.line));
        }
        let title =
            format!("{} on {}: {}", result.result.scenario, result.result.client, result.result.state.name());
        properties.push(format!("title={}", property(&one_line(&title))));
        let sentence = command(&one_line(&headline));
        list.push(format!("::{word} {}::{sentence}\n", properties.join(",")));
    }
    rest(&mut errors, "error");
    rest(&mut warnings, "warning");
    errors.concat() + &warnings.concat()
}

/// The last one that GitHub would show says how many it does not.
fn rest(list: &mut Vec<String>, word: &str) {
    if list.len() > SHOWN {
        let more = list.len() - (SHOWN - 1);
        list.truncate(SHOWN - 1);
        list.push(format!("::{word} title=closewait::{more} more changes: see the log or the summary\n"));
    }
}
