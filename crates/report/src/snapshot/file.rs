//! The file of a snapshot, as insta writes it: a header, then the text. In the header stand who made it, where that
//! changes no verdict, and the facts for the gate.

use closewait_oracle::RunResult;
use closewait_oracle::gate::OutcomeFacts;
use closewait_scenario::Scenario;

use super::body::body;
use crate::document::of_result;
use crate::facts::Record;

/// A snapshot: the text that people review, and the same for machines where the text has only words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Title, transcript, findings, control; without a line break at its end.
    pub body: String,
    /// The facts; `None` if an earlier closewait wrote the file, which kept none.
    pub record: Option<Box<Record>>,
}

/// The test that checks the snapshots, as insta names it in the header.
pub const SOURCE: &str = "tests/suite/snapshots.rs";

/// The key of insta's header that is for anything.
const INFO: &str = "info: ";

/// The line of the header that names the client and its version.
pub fn description(client: &str, version: &str) -> String {
    format!("{client} {version}").trim_end().to_owned()
}

impl Snapshot {
    /// Of what was just played.
    pub fn of(scenario: &Scenario, result: &RunResult) -> Self {
        let record = Record::of(&of_result(scenario, result));
        Self { body: body(scenario, &result.outcome), record: Some(Box::new(record)) }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Why it is no snapshot, as a fragment of a sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.replace("\r\n", "\n");
        let header = text.strip_prefix("---\n").ok_or("it does not begin with a line ---")?;
        let (header, body) = header.split_once("\n---\n").ok_or("its header does not end with a line ---")?;
        let body = body.trim_end();
        if body.is_empty() {
            return Err("nothing follows its header");
        }
        let info = header.lines().find_map(|line| line.strip_prefix(INFO));
        Ok(Self { body: body.to_owned(), record: info.and_then(record) })
    }

    /// The whole file. `source` is the test that checks it.
    pub fn file(&self, source: &str, client: &str, version: &str) -> String {
        let description = description(client, version);
        let info = self.record.as_ref().map_or(String::new(), |record| {
            format!("{INFO}{}\n", serde_json::Value::String(record.to_json()))
        });
        format!("---\nsource: {source}\ndescription: {description}\n{info}---\n{}\n", self.body)
    }

    /// What the gate compares; `None` if the file kept no facts.
    ///
    /// # Errors
    /// What is missing in the text, as a fragment of a sentence.
    pub fn facts(&self) -> Result<Option<OutcomeFacts>, &'static str> {
        self.record.as_ref().map(|record| record.facts(&self.body)).transpose()
    }
}

/// A string of YAML in double quotes, as insta writes it, is one of JSON. What is in it is JSON again.
fn record(info: &str) -> Option<Box<Record>> {
    serde_json::from_str(&serde_json::from_str::<String>(info).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_skipped() {
        let check = |text: &str, body: &str| {
            assert_eq!(Snapshot::parse(text).expect(text), Snapshot { body: body.to_owned(), record: None });
        };
        check("---\nsource: x\n---\ntitle\n\n  a\n", "title\n\n  a");
        check("---\r\nsource: x\r\n---\r\ntitle\r\n", "title");
        check("---\nsource: x\n---\na\n---\nb\n", "a\n---\nb");
        check("---\nsource: x\ninfo:\n  anything: else\n---\na\n", "a");
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        let check = |text: &str, problem| assert_eq!(Snapshot::parse(text), Err(problem), "{text:?}");
        check("", "it does not begin with a line ---");
        check("title\n", "it does not begin with a line ---");
        check("---\nsource: x\n", "its header does not end with a line ---");
        check("---\nsource: x\n---\n\n", "nothing follows its header");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let record = r#"{"unsupported":"it says \"no\""}"#;
        let record = Some(serde_json::from_str(record).expect("a record"));
        let snapshot = Snapshot { body: "title\n\n   0 ms  a: GET /a".to_owned(), record };
        assert_eq!(Snapshot::parse(&snapshot.file(SOURCE, "hyper-util", "0.1.21")), Ok(snapshot));
    }
}
