//! What is compared of a result. No version, no port, no wording of an error: what changes in here is behaviour.

use closewait_trace::Millis;
use serde::{Deserialize, Serialize};

use crate::Severity;

/// What is known of one scenario on one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultFacts {
    /// Scenario id, `family/name`.
    pub scenario: String,
    /// Client name.
    pub client: String,
    /// What came out.
    pub outcome: OutcomeFacts,
}

/// What came out of one scenario on one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutcomeFacts {
    /// The client cannot play the scenario.
    Unsupported {
        /// Why not.
        reason: String,
    },
    /// It was played and judged.
    Ran {
        /// The run with its fault.
        run: Box<RunFacts>,
        /// The run without it, as far as snapshots tell: outcomes and violations; `None` if there was none.
        control: Option<Box<RunFacts>>,
    },
}

/// What is known of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// What stopped it, e.g. `livelock`; `None` if it came to its end.
    pub stopped: Option<String>,
    /// What of the scenario was not tried, and why: steps that had no effect.
    pub untried: Vec<String>,
    /// In the order of their start.
    pub requests: Vec<RequestFacts>,
    /// How many connections the client opened, or tried to.
    pub opened: u32,
    /// What went over its connections; `None` where that is not known: snapshots do not tell.
    pub bytes: Option<Bytes>,
    /// Sockets that were left, e.g. `connection 1 in CLOSE_WAIT`.
    pub sockets: Vec<String>,
    /// What the oracles said. Of a control: only what is violated.
    pub findings: Vec<FindingFacts>,
    /// The transcript without its times and without the words of errors.
    pub lines: Vec<String>,
    /// What was done to the client or by the application, in the order of time: `the origin half-closes connection 1
    /// (FIN)`. Names causes; it is not compared.
    pub causes: Vec<String>,
}

/// Payload of the segments of a run, each counted once, however often it was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// From the client to the origin.
    pub sent: u64,
    /// From the origin to the client.
    pub received: u64,
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestFacts {
    /// Request id.
    pub id: String,
    /// Its method, e.g. `POST`; `None` in results files that do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A status code, `error`, `deadline` or `cancelled`; `None` if it never came to an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The kind of error, of the request or of its response's body, e.g. `connection closed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Each time it was written, in order.
    pub attempts: Vec<Attempt>,
    /// How often the origin carried it out.
    pub executed: u32,
    /// From the application's call to the outcome, milliseconds of virtual time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<Millis>,
}

/// A request was written on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Connection number, from 1, in the order of the SYNs.
    pub connection: u32,
    /// HTTP/2 stream identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// Whether it was the first request on the connection.
    pub fresh: bool,
}

/// What one oracle said, as far as results and snapshots both tell it: of a snapshot neither level nor evidence is known, and
/// they are not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingFacts {
    /// Name of the oracle.
    pub oracle: String,
    /// What it said.
    pub verdict: VerdictFacts,
}

/// The judgement of one oracle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerdictFacts {
    /// The client did right.
    Holds,
    /// There was nothing to judge.
    NotExercised {
        /// Why.
        reason: String,
    },
    /// The client did wrong. Never empty.
    Violated(Vec<ViolationFacts>),
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViolationFacts {
    /// One sentence that names request, connection and cause.
    pub message: String,
    /// What kind of harm; snapshots do not tell.
    pub severity: Option<Severity>,
}

impl RunFacts {
    /// What this run says, if it is a control, to a comparison: what snapshots keep of it.
    #[must_use]
    pub fn of_control(self) -> Self {
        let kept = |request: RequestFacts| RequestFacts {
            method: None,
            attempts: Vec::new(),
            executed: 0,
            took_ms: None,
            ..request
        };
        let violated = |finding: &FindingFacts| matches!(finding.verdict, VerdictFacts::Violated(_));
        let mut requests: Vec<RequestFacts> = self.requests.into_iter().map(kept).collect();
        // Snapshots list them in the order of their ends, runs in that of their starts.
        requests.sort_by(|one, other| one.id.cmp(&other.id));
        Self {
            requests,
            findings: self.findings.into_iter().filter(violated).collect(),
            opened: 0,
            bytes: None,
            lines: Vec::new(),
            causes: Vec::new(),
            ..self
        }
    }

    /// The request of this id.
    pub fn request(&self, id: &str) -> Option<&RequestFacts> {
        self.requests.iter().find(|request| request.id == id)
    }

    /// What the oracle of this name said.
    pub fn finding(&self, oracle: &str) -> Option<&VerdictFacts> {
        self.findings.iter().find(|finding| finding.oracle == oracle).map(|finding| &finding.verdict)
    }
}

impl RequestFacts {
    /// Whether to carry it out twice is another thing than to do so once (RFC 9110 section 9.2.2). Not where the method is
    /// not known.
    pub fn is_unsafe_to_repeat(&self) -> bool {
        let idempotent =
            |method: &str| matches!(method, "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE");
        self.method.as_deref().is_some_and(|method| !idempotent(method))
    }
}

/// A text without its times: `2 000 ms` and `17 ms` both become `… ms`.
pub fn timeless(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(" ms") {
        let before = &rest[..place];
        let kept = before.trim_end_matches(|char: char| char.is_ascii_digit() || char == ' ');
        let number = before[kept.len()..].trim_start();
        let starts_number = number.starts_with(|char: char| char.is_ascii_digit());
        if starts_number {
            result += &before[..before.len() - number.len()];
            result.push('…');
        } else {
            result += before;
        }
        result += " ms";
        rest = &rest[place + " ms".len()..];
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_left_out() {
        let check = |text, expected: &str| assert_eq!(timeless(text), expected);
        check("b, 2 000 ms after its FIN (W0)", "b, … ms after its FIN (W0)");
        check("0 ms", "… ms");
        check("retransmits b until 45 020 ms", "retransmits b until … ms");
        check("connection 1, 17 ms or 3 ms", "connection 1, … ms or … ms");
        check("no ms at all", "no ms at all");
        check("nothing", "nothing");
    }
}
