//! Whose a source is.

/// Projects whose repository has another name than the client that people know.
const NAMES: [(&str, &str); 10] = [
    ("golang/go", "Go net/http"),
    ("nodejs/node", "Node.js http"),
    ("square/okhttp", "OkHttp"),
    ("oven-sh/bun", "Bun"),
    ("scylladb/seastar", "Seastar"),
    ("fatedier/frp", "frp"),
    ("pydantic/httpx2", "httpcore2"),
    ("514-labs/moosestack", "users of Node.js http"),
    ("juspay/hyperswitch", "hyperswitch, on reqwest"),
    ("durch/rust-s3", "rust-s3, on reqwest"),
];

/// The client or project that a URL is about; `None` for an RFC.
pub(super) fn project(source: &str) -> Option<String> {
    let address = source.strip_prefix("https://").or_else(|| source.strip_prefix("http://"))?;
    let mut parts = address.split('/');
    let host = parts.next()?;
    let known = match (host, parts.next(), parts.next()) {
        ("github.com", Some(owner), Some(repository)) => {
            let path = format!("{owner}/{repository}");
            let name = NAMES.iter().find(|(known, _)| *known == path).map(|(_, name)| *name);
            name.unwrap_or(repository).to_owned()
        }
        ("issues.apache.org", ..) if address.contains("HTTPCLIENT") => "Apache HttpClient".to_owned(),
        ("docs.aws.amazon.com", ..) => "AWS".to_owned(),
        _ => host.to_owned(),
    };
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: Option<&str>) {
        assert_eq!(project(source).as_deref(), expected, "{source}");
    }

    #[test]
    fn urls_name_their_project() {
        check("https://github.com/encode/httpx/issues/346", Some("httpx"));
        check("https://github.com/golang/go/issues/23399", Some("Go net/http"));
        check("https://issues.apache.org/jira/browse/HTTPCLIENT-2221", Some("Apache HttpClient"));
        check("http://example.org", Some("example.org"));
        check("https://github.com", Some("github.com"));
        check("RFC 9112 section 9.5", None);
    }
}
