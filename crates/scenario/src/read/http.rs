//! Strings that have to do with HTTP: request ids, request lines, header lines, places in a message.

use super::refusal::{Refusal, refuse};
use crate::Cut;
use crate::nearest::{nearest, quoted};

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "QUERY"];

/// A request id: it becomes a header value and a key of `[expect]`.
pub(super) fn id(text: &str) -> Result<String, Refusal> {
    let fit = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    if text.is_empty() || text.len() > 32 || !text.chars().all(fit) {
        let what = if text.is_empty() { "an empty string".to_owned() } else { quoted(text) };
        return refuse(
            format!("{what} is not a request id"),
            "an id is 1 to 32 lower-case letters, digits and hyphens",
        );
    }
    Ok(text.to_owned())
}

/// Method and path of `GET /a`.
pub(super) fn request(text: &str) -> Result<(String, String), Refusal> {
    let Some((method, path)) = text.split_once(' ') else {
        return refuse(
            format!("{} is not a method and a path", quoted(text)),
            if text.starts_with('/') {
                format!("write \"GET {text}\"")
            } else {
                "write e.g. \"GET /a\"".to_owned()
            },
        );
    };
    if !is_token(method) {
        return refuse(
            format!("{} is not a method", quoted(method)),
            "a method is a token (RFC 9110 section 5.6.2)",
        );
    }
    if !METHODS.contains(&method) {
        if let Some(meant) = METHODS.iter().find(|known| **known == method.to_uppercase()) {
            return refuse(
                format!("{} is not a method", quoted(method)),
                format!("methods are case-sensitive: write {meant}"),
            );
        }
        if method == "CONNECT" {
            return refuse("CONNECT is not a request for a path", "tunnels cannot be described yet");
        }
    }
    if !path.starts_with('/') {
        return refuse(format!("the path {} does not start with `/`", quoted(path)), "write e.g. \"GET /a\"");
    }
    if path.len() > LONGEST_PATH {
        return refuse(
            format!("the path is {} characters long; the most is {LONGEST_PATH}", path.len()),
            "so long a request line every recipient takes (RFC 9112 section 3)",
        );
    }
    if let Some(at) = path.match_indices('%').map(|(at, _)| at).find(|at| !is_encoded(&path[*at..])) {
        let code: String = path[at..].chars().take(3).collect();
        return refuse(
            format!("the path contains {}, which encodes nothing", quoted(&code)),
            "two hexadecimal digits follow a %; the character itself is %25",
        );
    }
    if let Some(bad) = path.chars().find(|char| !is_of_a_path(*char)) {
        let help = if bad == ' ' {
            "the HTTP version is not part of it; a space in a path is %20"
        } else {
            "percent-encode it"
        };
        return refuse(format!("the path {} contains {}", quoted(path), quoted(&bad.to_string())), help);
    }
    Ok((method.to_owned(), path.to_owned()))
}

/// What every recipient has to take of a request line (RFC 9112 section 3).
const LONGEST_PATH: usize = 8_000;

/// `pchar`, `/` and `?` (RFC 3986 section 3.3 and 3.4).
fn is_of_a_path(char: char) -> bool {
    char.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?%".contains(char)
}

fn is_encoded(text: &str) -> bool {
    text.as_bytes().get(1..3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// Name and value of `Name: value`.
pub(super) fn header(text: &str) -> Result<(String, String), Refusal> {
    let Some((name, value)) = text.split_once(':') else {
        return refuse(format!("the header line {} has no colon", quoted(text)), "write \"Name: value\"");
    };
    if !is_token(name) {
        return refuse(
            format!("{} is not the name of a header", quoted(name)),
            "a name is a token (RFC 9110 section 5.6.2), and the colon follows it at once",
        );
    }
    if name.eq_ignore_ascii_case("x-request-id") {
        return refuse(
            "the header `x-request-id` is reserved",
            "it carries the id of the request, on which every judgement rests",
        );
    }
    if value.chars().any(|char| char.is_control() && char != '\t') {
        return refuse(
            format!("the value of the header {} contains a control character", quoted(name)),
            "each entry of the list is one line, without its line end",
        );
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

/// A URL, an RFC with perhaps a section, or the command that found the scenario.
pub(super) fn source(text: &str) -> Result<(), Refusal> {
    let is_url = ["https://", "http://"].iter().any(|scheme| {
        text.strip_prefix(scheme)
            .is_some_and(|rest| rest.contains('.') && rest.chars().all(|char| char.is_ascii_graphic()))
    });
    if is_url || is_rfc(text) || is_command(text) {
        return Ok(());
    }
    refuse(
        format!("{} is neither a URL nor an RFC", quoted(text)),
        "write e.g. \"https://github.com/encode/httpx/issues/346\" or \"RFC 9112 section 9.5\"",
    )
}

/// `closewait explore --seed 7`: how this scenario was found.
fn is_command(text: &str) -> bool {
    let arguments =
        ["closewait explore ", "closewait sweep "].iter().find_map(|command| text.strip_prefix(command));
    arguments.is_some_and(|rest| rest.starts_with("--") && rest.chars().all(|char| matches!(char, ' '..='~')))
}

fn is_rfc(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("RFC ") else { return false };
    let (number, section) = rest.split_once(' ').unwrap_or((rest, "section 1"));
    let digits = |text: &str| !text.is_empty() && text.chars().all(|char| char.is_ascii_digit());
    digits(number)
        && number.len() <= 5
        && section.strip_prefix("section ").is_some_and(|section| section.split('.').all(digits))
}

/// A status code, `error` or `cancelled`.
pub(super) fn outcome(text: &str) -> Result<(), Refusal> {
    let is_status = text.len() == 3 && text.parse().is_ok_and(|status: u16| (100..600).contains(&status));
    if is_status || matches!(text, "error" | "cancelled") {
        return Ok(());
    }
    let help = match nearest(text, ["error", "cancelled"]) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => "an outcome is a status code such as \"200\", \"error\" or \"cancelled\"".to_owned(),
    };
    refuse(format!("{} is not an outcome", quoted(text)), help)
}

/// A place in a message, after which nothing more of it is written.
pub(super) fn cut(text: &str) -> Result<Cut, Refusal> {
    const PLACES: [&str; 7] = ["status-line", "header", "head", "body", "last-chunk", "byte", "record"];
    let (place, number) = match text.split_once(' ') {
        Some((place, number)) => (place, Some(number)),
        None => (text, None),
    };
    let count = number.map(|number| if number.starts_with('+') { None } else { number.parse::<u32>().ok() });
    match (place, count) {
        ("status-line", None) => Ok(Cut::StatusLine),
        ("head", None) => Ok(Cut::Head),
        ("last-chunk", None) => Ok(Cut::LastChunk),
        ("header", Some(Some(n))) if n > 0 => Ok(Cut::Header(n)),
        ("body", Some(Some(n))) if n > 0 => Ok(Cut::Body(n)),
        ("byte", Some(Some(n))) => Ok(Cut::Byte(n)),
        ("record", Some(Some(n))) if n > 0 => Ok(Cut::Record(n)),
        ("record", Some(Some(0))) => refuse("nothing of a record is no record", "write e.g. \"record 3\""),
        ("body", Some(Some(0))) => refuse("nothing of the body is the whole head", "write \"head\""),
        ("header", Some(Some(0))) => refuse("there is no header line 0", "header lines are numbered from 1"),
        ("header" | "body" | "byte" | "record", _) => refuse(
            format!("{} does not say where in the message", quoted(text)),
            format!("write e.g. \"{place} 3\""),
        ),
        ("status-line" | "head" | "last-chunk", Some(_)) => refuse(
            format!("{} is one place and takes no number", quoted(place)),
            format!("write \"{place}\""),
        ),
        _ => {
            let help = match nearest(place, PLACES) {
                Some(meant) => format!("did you mean \"{}\"?", text.replacen(place, meant, 1)),
                None => "a place is status-line, header N, head, body N, last-chunk, byte N or record N"
                    .to_owned(),
            };
            refuse(format!("{} is not a place in a message", quoted(text)), help)
        }
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
