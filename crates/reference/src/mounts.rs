//! Several transports behind one, chosen by the prefix of the URL.

use std::sync::Arc;
use std::time::Duration;

use closewait_simulator::client::{Timeouts, Upload};
use http::Uri;

use super::transport::BoxFuture;
use super::{Cause, Progress, Response, Transport, TransportError};

/// Sends each request by the transport whose prefix is the longest that its URL begins with.
#[derive(Default)]
pub struct Mounts {
    /// Longest prefix first.
    mounted: Vec<(String, Arc<dyn Transport>)>,
}

impl Mounts {
    /// Nothing is mounted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Mounts a transport. `http://` takes every such URL, `http://origin.test` one host on its default port,
    /// `http://origin.test/api` a part of its paths: a prefix ends where a segment ends.
    #[must_use]
    pub fn mount(mut self, prefix: &str, transport: impl Transport + 'static) -> Self {
        self.mounted.push((prefix.to_ascii_lowercase_origin(), Arc::new(transport)));
        self.mounted.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        self
    }

    fn find(&self, uri: &Uri) -> Option<Arc<dyn Transport>> {
        let url = uri.to_string().to_ascii_lowercase_origin();
        let found = self.mounted.iter().find(|(prefix, _)| is_prefix(prefix, &url));
        found.map(|(_, transport)| transport.clone())
    }
}

impl Transport for Mounts {
    fn send(
        &self,
        request: http::Request<Upload>,
        timeouts: Timeouts,
    ) -> BoxFuture<'static, Result<Response, TransportError>> {
        match self.find(request.uri()) {
            Some(transport) => transport.send(request, timeouts),
            None => {
                let error =
                    TransportError::new(Cause::Invalid("nothing is mounted for it"), Progress::default());
                Box::pin(std::future::ready(Err(error)))
            }
        }
    }

    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let closing: Vec<_> = self.mounted.iter().map(|(_, transport)| transport.close(deadline)).collect();
        Box::pin(async move {
            // Side by side: one deadline is for all.
            let closing: Vec<_> = closing.into_iter().map(tokio::spawn).collect();
            for closed in closing {
                let _ = closed.await;
            }
        })
    }
}

fn is_prefix(prefix: &str, url: &str) -> bool {
    url.strip_prefix(prefix)
        .is_some_and(|rest| prefix.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

/// Scheme and host are the same in any case (RFC 9110 section 4.2.3), paths are not.
trait AsciiLowercaseOrigin {
    fn to_ascii_lowercase_origin(&self) -> String;
}

impl AsciiLowercaseOrigin for str {
    fn to_ascii_lowercase_origin(&self) -> String {
        let host = self.find("://").map_or(0, |scheme| scheme + 3);
        let path = self[host..].find(['/', '?', '#']).map_or(self.len(), |path| host + path);
        self[..path].to_ascii_lowercase() + &self[path..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prefix: &str, url: &str, expected: bool) {
        let (prefix, url) = (prefix.to_ascii_lowercase_origin(), url.to_ascii_lowercase_origin());
        assert_eq!(is_prefix(&prefix, &url), expected, "{prefix} of {url}");
    }

    #[test]
    fn a_prefix_ends_where_a_segment_ends() {
        check("http://", "http://origin.test/", true);
        check("http://", "https://origin.test/", false);
        check("http://origin.test", "http://origin.test/a", true);
        check("http://origin.test", "http://origin.test.evil.example/", false);
        check("http://origin.test", "http://origin.test:8080/", false);
        check("http://ORIGIN.test/api", "http://origin.test/api?q", true);
        check("http://origin.test/api", "http://origin.test/apis", false);
        check("http://origin.test/API", "http://origin.test/api", false);
    }
}
