//! Whether a connection persists after an exchange (RFC 9112 section 9.3), and for how long.

use std::time::Duration;

use http::header::{CONNECTION, HeaderMap};
use http::{StatusCode, Version};

use super::pool::Poison;

/// What request and response say about their connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    /// It may be used again.
    Keep { keep_alive: Option<Duration> },
    /// It may not.
    End(Poison),
}

pub(super) fn of(request: &HeaderMap, response: &http::response::Parts) -> Persistence {
    if response.status == StatusCode::SWITCHING_PROTOCOLS {
        return Persistence::End(Poison::Broken);
    }
    if has_token(request, "close") || has_token(&response.headers, "close") {
        return Persistence::End(Poison::ConnectionClose);
    }
    if response.version < Version::HTTP_11 && !has_token(&response.headers, "keep-alive") {
        return Persistence::End(Poison::Http10);
    }
    Persistence::Keep { keep_alive: keep_alive(&response.headers) }
}

fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let values = headers.get_all(CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// The smallest `timeout` of all `Keep-Alive` lines.
fn keep_alive(headers: &HeaderMap) -> Option<Duration> {
    parameter(headers, "timeout").map(Duration::from_secs)
}

/// The smallest `max` of all `Keep-Alive` lines: so many more requests the connection is to carry.
pub(super) fn requests_left(headers: &HeaderMap) -> Option<u64> {
    parameter(headers, "max")
}

fn parameter(headers: &HeaderMap, wanted: &str) -> Option<u64> {
    let values = headers.get_all("keep-alive").into_iter().filter_map(|value| value.to_str().ok());
    let parameters = values.flat_map(|value| value.split(',')).filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_wanted = name.trim().eq_ignore_ascii_case(wanted);
        is_wanted.then(|| value.trim().trim_matches('"').parse().ok())?
    });
    parameters.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: Version, headers: &[(&'static str, &'static str)], expected: Persistence) {
        let mut response = http::Response::builder().version(version);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let (parts, ()) = response.body(()).expect("a valid response").into_parts();
        assert_eq!(of(&HeaderMap::new(), &parts), expected);
    }

    #[test]
    fn a_response_says_whether_its_connection_persists() {
        let keep = |seconds: Option<u64>| Persistence::Keep { keep_alive: seconds.map(Duration::from_secs) };
        check(Version::HTTP_11, &[], keep(None));
        check(
            Version::HTTP_11,
            &[("connection", "upgrade, Close")],
            Persistence::End(Poison::ConnectionClose),
        );
        check(Version::HTTP_10, &[], Persistence::End(Poison::Http10));
        check(Version::HTTP_10, &[("connection", "Keep-Alive")], keep(None));
        check(Version::HTTP_11, &[("keep-alive", "timeout=5, max=100")], keep(Some(5)));
        check(
            Version::HTTP_11,
            &[("keep-alive", "timeout=9"), ("keep-alive", "max=2,timeout=\"7\"")],
            keep(Some(7)),
        );
        check(Version::HTTP_11, &[("keep-alive", "timeout=soon")], keep(None));
    }

    #[test]
    fn a_request_may_end_persistence_too() {
        let (parts, ()) = http::Response::new(()).into_parts();
        let mut request = HeaderMap::new();
        request.insert(CONNECTION, "close".parse().expect("a valid value"));
        assert_eq!(of(&request, &parts), Persistence::End(Poison::ConnectionClose));
    }
}
