//! The retrying client against half-closed sockets, silent deaths and retries.

use std::convert::Infallible;

use closewait::harness::{Connector, Environment, Retries, Setting, Suite, service};
use hyper_retry::RetryingClient;

fn main() {
    Suite::with_streams("hyper-retry", build, service)
        .version_of("hyper-util")
        .retries(Retries::Attempts(1))
        .without(Setting::MaxIdle, "this client does not limit idle connections")
        .without(Setting::MaxConnections, "hyper-util's legacy pool has no limit on connections")
        .without(Setting::ReadTimeout, "hyper-util's legacy client has no read timeout")
        .main()
}

fn build(environment: &Environment) -> Result<RetryingClient<Connector>, Infallible> {
    Ok(hyper_retry::client(environment.connector(), environment.settings.idle_timeout))
}
