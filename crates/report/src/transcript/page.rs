//! The finished transcript: lines, and which events each of them stands for.

use std::fmt;

use closewait_trace::Millis;

use crate::words::stamp;

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When, in milliseconds of virtual time.
    pub at: Millis,
    /// What, in plain words.
    pub text: String,
    /// Indexes into `Trace::events` of what the line stands for.
    pub events: Vec<usize>,
    /// What a later event may add to.
    pub(super) mark: Mark,
}

/// What a line tells of, where a later event may belong to the same line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// The answer to this request is delivered.
    Delivery(String),
    /// This request is executed.
    Execution(String),
    /// The client sends PING on this connection.
    Ping(u32),
    /// PINGs on this connection, and their answers.
    Answered(u32),
    /// Anything else.
    Other,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", stamp(self.at), self.text)
    }
}

/// A trace in plain words, one line an event. It says nothing that changes without the behaviour
/// changing: no ports, sequence numbers, addresses, header order, segment counts or versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    pub(super) lines: Vec<Line>,
    pub(super) unlisted: Vec<Line>,
    pub(super) causes: Vec<String>,
}

impl Transcript {
    /// All lines, in order of time.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What was done to the client or by the application, in the order of time.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// The lines that stand for these events, in order, each once. A segment that has no line in the
    /// transcript, such as one that belongs to the orderly end of the run, gets one here.
    pub fn evidence(&self, events: &[usize]) -> Vec<&Line> {
        let proves = |line: &&Line| line.events.iter().any(|event| events.contains(event));
        let mut lines: Vec<_> = self.lines.iter().chain(&self.unlisted).filter(proves).collect();
        lines.sort_by_key(|line| (line.at, line.events.first().copied()));
        lines
    }

    /// How the run ended, where it did not end well: watchdogs, sockets that were left.
    pub fn endings(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.events.is_empty())
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
