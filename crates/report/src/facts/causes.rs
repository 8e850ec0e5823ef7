//! What a line of a transcript tells of causes: what was done to the client, or by the application.

/// A step of the script. `None` for what only mends, or does nothing.
pub fn scripted(text: &str) -> Option<String> {
    const MENDS: [&str; 6] =
        ["listens again", "works again", "answers PINGs", "answers handshakes", "sends PING", "grants "];
    const NOTHING: &str = "nothing happens)";
    let mends = |words: &str| MENDS.iter().any(|start| words.starts_with(start)) || words.ends_with(NOTHING);
    if let Some(words) = text.strip_prefix("origin: ") {
        return (!mends(words)).then(|| format!("the origin {words}"));
    }
    let words = text.strip_prefix("network: ").filter(|words| !mends(words))?;
    Some(if words.starts_with("a middlebox ") { words.to_owned() } else { format!("the network {words}") })
}

/// What shows where no step of the script is the cause: an answer that was arranged to end badly, or the application.
pub fn shown(text: &str) -> Option<String> {
    let (subject, words) = text.split_once(": ")?;
    if let Some(number) = subject.strip_prefix("connection ") {
        return on_connection(number, words);
    }
    match subject {
        "application" => Some(format!("the application {words}")),
        "client" | "origin" | "network" => None,
        id => of_request(id, words),
    }
}

fn on_connection(number: &str, words: &str) -> Option<String> {
    if words == "refused" {
        return Some(format!("connection {number} is refused"));
    }
    if let Some(signal) = words.strip_suffix(" delivered to the client") {
        return Some(format!("{signal} delivered on connection {number}"));
    }
    words.strip_prefix("origin sends ").map(|what| format!("the origin sends {what} on connection {number}"))
}

fn of_request(id: &str, words: &str) -> Option<String> {
    if words.ends_with(", cut short") {
        Some(format!("the answer to {id} is cut short"))
    } else if words.contains(", followed, unasked, by: ") {
        Some(format!("unasked bytes follow the answer to {id}"))
    } else if words == "cancelled by the application" {
        Some(format!("the application cancels {id}"))
    } else if words == "no outcome; the application's deadline passed" {
        Some(format!("the application's deadline of {id} passes"))
    } else if words.contains(", dropped after ") {
        Some(format!("the application drops the body of {id}"))
    } else {
        words.strip_prefix("origin sends ").map(|what| format!("the origin sends {what} for {id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_the_script() {
        let check = |line, expected: Option<&str>| assert_eq!(scripted(line).as_deref(), expected, "{line}");
        check("origin: half-closes connection 1 (FIN)", Some("the origin half-closes connection 1 (FIN)"));
        check("network: loses everything both ways", Some("the network loses everything both ways"));
        check(
            "network: a middlebox sends RST on connection 1 both ways",
            Some("a middlebox sends RST on connection 1 both ways"),
        );
        check("network: works again both ways", None);
        check("origin: listens again", None);
        check(
            "network: a middlebox sends RST on connection 3 to the client (there is no such connection: nothing happens)",
            None,
        );
        check("b: GET /b", None);
    }

    #[test]
    fn what_shows() {
        let check = |line, expected: Option<&str>| assert_eq!(shown(line).as_deref(), expected, "{line}");
        check("a: executed by the origin, answered 200, cut short", Some("the answer to a is cut short"));
        check("b: cancelled by the application", Some("the application cancels b"));
        check(
            "b: origin sends RST_STREAM (REFUSED_STREAM)",
            Some("the origin sends RST_STREAM (REFUSED_STREAM) for b"),
        );
        check("connection 1: FIN delivered to the client", Some("FIN delivered on connection 1"));
        check("connection 1: origin sends FIN", Some("the origin sends FIN on connection 1"));
        check("connection 1: open", None);
        check("a: answer delivered to the client", None);
        check("a: written on connection 1 (fresh)", None);
    }
}
