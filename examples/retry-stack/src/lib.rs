//! The HTTP client of a service that tries transient failures again: reqwest below reqwest-middleware and reqwest-retry.

use std::time::Duration;

use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;

/// Connections that were idle for this long are closed.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// For a connection to be there.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Of each request, after the first attempt.
pub const RETRIES: u32 = 3;

/// What production and tests share below the layers.
pub fn client_builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().pool_idle_timeout(IDLE_TIMEOUT).connect_timeout(CONNECT_TIMEOUT)
}

/// Tries again whatever reqwest-retry takes for transient, after a back-off that doubles and has its default jitter.
pub fn with_retries(client: reqwest::Client) -> ClientWithMiddleware {
    let backoff = ExponentialBackoff::builder().build_with_max_retries(RETRIES);
    ClientBuilder::new(client).with(RetryTransientMiddleware::new_with_policy(backoff)).build()
}
