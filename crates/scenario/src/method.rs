//! What a method promises: the registry of HTTP methods (RFC 9110 section 16.1.1,
//! <https://www.iana.org/assignments/http-methods>).

/// Methods that ask for no change (RFC 9110 section 9.2.1).
const SAFE: [&str; 9] = ["GET", "HEAD", "OPTIONS", "PRI", "PROPFIND", "QUERY", "REPORT", "SEARCH", "TRACE"];

/// Methods that ask for a change, and for no other if they come twice (RFC 9110 section 9.2.2).
const IDEMPOTENT: [&str; 27] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "DELETE",
    "LABEL",
    "LINK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PROPPATCH",
    "PUT",
    "REBIND",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

/// Whether the method asks for no change. Methods are case-sensitive (RFC 9110 section 9.1).
pub fn is_safe(method: &str) -> bool {
    SAFE.contains(&method)
}

/// Whether sending the request twice asks for the same as sending it once. A method that is not registered, POST, PATCH, CONNECT and
/// LOCK do not say so.
pub fn is_idempotent(method: &str) -> bool {
    is_safe(method) || IDEMPOTENT.contains(&method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_promise_what_the_registry_says() {
        let check = |method, safe, idempotent| {
            assert_eq!((is_safe(method), is_idempotent(method)), (safe, idempotent), "{method}");
        };
        for method in ["GET", "PROPFIND", "QUERY", "REPORT", "SEARCH"] {
            check(method, true, true);
        }
        for method in ["PUT", "DELETE", "MKCOL", "COPY", "MOVE", "UNLOCK", "VERSION-CONTROL"] {
            check(method, false, true);
        }
        for method in ["POST", "PATCH", "CONNECT", "LOCK", "get", "BREW"] {
            check(method, false, false);
        }
    }
}
