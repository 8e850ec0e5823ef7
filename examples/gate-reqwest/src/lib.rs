//! The HTTP client of a service, with the settings that it uses in production.

use std::time::Duration;

/// Connections that were idle for this long are closed, before the load balancer's 60 s.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// For a connection to be there.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two reads.
pub const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// The builder that production and tests share.
pub fn client_builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .pool_idle_timeout(IDLE_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
}
