//! The service's own client against half-closed sockets, silent deaths and retries.

use closewait::harness::{ClientSettings, Environment, Retries, Suite, service_of};
use gate_reqwest::{CONNECT_TIMEOUT, IDLE_TIMEOUT, READ_TIMEOUT, client_builder};

fn main() {
    Suite::with_bridge("gate-reqwest", build, service_of::<_, reqwest::Request, reqwest::Body>)
        .version_of("reqwest")
        .retries(Retries::Attempts(2))
        .fixed_settings(ClientSettings {
            idle_timeout: Some(IDLE_TIMEOUT),
            connect_timeout: Some(CONNECT_TIMEOUT),
            read_timeout: Some(READ_TIMEOUT),
            ..ClientSettings::default()
        })
        .main()
}

fn build(environment: &Environment) -> reqwest::Result<reqwest::Client> {
    client_builder().resolve("origin.test", environment.address()).build()
}
