//! What the lines of a transcript tell, whether they come from a run or from a snapshot.

use closewait_oracle::gate::timeless;

use super::causes;

/// What the lines tell beside requests and findings.
#[derive(Debug, Default)]
pub struct Told {
    /// What stopped the run.
    pub stopped: Option<String>,
    /// Sockets that were left.
    pub sockets: Vec<String>,
    /// The lines without times and without the words of errors.
    pub lines: Vec<String>,
    /// What was done to the client, or by the application: what the script does, else what shows in the lines.
    pub causes: Vec<String>,
}

const STOPPED: &str = "run stopped, ";
const LEFT: &str = "client host still has ";

impl Told {
    /// Reads the texts of lines, without their times.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut told = Self::default();
        let mut shown = Vec::new();
        for text in texts {
            told.causes.extend(causes::scripted(text));
            shown.extend(causes::shown(text));
            if let Some(cause) = stopped(text) {
                told.stopped = Some(head(cause).to_owned());
            } else if let Some(socket) = text.strip_prefix(LEFT) {
                told.sockets.push(socket.to_owned());
            } else {
                told.lines.push(timeless(&wordless(text)));
            }
        }
        if told.causes.is_empty() {
            // The first: what comes later follows from it, most often.
            told.causes.extend(shown.into_iter().next());
        }
        told
    }
}

/// What stopped the run, if a line says so.
pub fn stopped(text: &str) -> Option<&str> {
    text.strip_prefix(STOPPED)
}

/// Up to the first colon: what follows are details.
fn head(text: &str) -> &str {
    text.split_once(':').map_or(text, |(head, _)| head)
}

/// A line without the client's own words for an error: they are not behaviour.
fn wordless(text: &str) -> String {
    for start in [": error, ", ", then an error in the body, "] {
        if let Some((before, after)) = text.split_once(start) {
            return format!("{before}{start}{}", head(after));
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_times_are_left_out() {
        let check = |line, kept: &str| assert_eq!(Told::of([line]).lines, [kept]);
        check("b: error, connection closed: client error: gone", "b: error, connection closed");
        check(
            "b: 200 from connection 1, then an error in the body, other: x",
            "b: 200 from connection 1, then an error in the body, other",
        );
        check(
            "connection 1: client retransmits b until 45 020 ms",
            "connection 1: client retransmits b until … ms",
        );
    }

    #[test]
    fn the_end_is_told() {
        let told = Told::of([
            "run stopped, livelock: a socket is polled",
            "client host still has connection 1 in CLOSE_WAIT",
        ]);
        assert_eq!(told.stopped.as_deref(), Some("livelock"));
        assert_eq!(told.sockets, ["connection 1 in CLOSE_WAIT"]);
        assert!(told.lines.is_empty());
    }
}
