//! hyper-util's pooled client below a retry layer: idempotent requests are sent twice at most.

use std::future::{Ready, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::retry::{Policy, Retry};

/// A client that retries.
pub type RetryingClient<C> = Retry<OnceMore, Client<C, Full<Bytes>>>;

/// A client over this connector. Idle connections are closed after `idle_timeout`, 90 s if there is none.
pub fn client<C>(connector: C, idle_timeout: Option<Duration>) -> RetryingClient<C>
where
    C: Connect + Clone,
{
    let mut builder = Client::builder(TokioExecutor::new());
    builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new());
    builder.pool_idle_timeout(idle_timeout.unwrap_or(Duration::from_secs(90)));
    Retry::new(OnceMore { left: 1 }, builder.build(connector))
}

/// Sends an idempotent request (RFC 9110 section 9.2.2) once more when there was no response.
#[derive(Debug, Clone)]
pub struct OnceMore {
    left: u32,
}

impl<R, E> Policy<Request<Full<Bytes>>, R, E> for OnceMore {
    type Future = Ready<()>;

    fn retry(&mut self, request: &mut Request<Full<Bytes>>, result: &mut Result<R, E>) -> Option<Ready<()>> {
        if result.is_ok() || self.left == 0 || !request.method().is_idempotent() {
            return None;
        }
        self.left -= 1;
        Some(ready(()))
    }

    fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
        Some(request.clone())
    }
}
