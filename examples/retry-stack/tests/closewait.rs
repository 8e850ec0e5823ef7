//! The client with its retries against half-closed sockets, silent deaths and resets.

use bytes::Bytes;
use closewait::harness::{ClientSettings, Environment, Retries, Suite};
use reqwest_middleware::{ClientWithMiddleware, Error};
use retry_stack::{CONNECT_TIMEOUT, IDLE_TIMEOUT, RETRIES, client_builder, with_retries};

fn main() {
    Suite::with_bridge("retry-stack", build, send)
        .version_of("reqwest-retry")
        .retries(Retries::Attempts(RETRIES))
        .fixed_settings(ClientSettings {
            idle_timeout: Some(IDLE_TIMEOUT),
            connect_timeout: Some(CONNECT_TIMEOUT),
            ..ClientSettings::default()
        })
        .main()
}

fn build(environment: &Environment) -> reqwest::Result<ClientWithMiddleware> {
    let client = client_builder().resolve("origin.test", environment.address()).build()?;
    Ok(with_retries(client))
}

async fn send(
    client: ClientWithMiddleware,
    request: http::Request<Bytes>,
) -> Result<http::Response<reqwest::Body>, Error> {
    let request = request.try_into().map_err(Error::Reqwest)?;
    client.execute(request).await.map(Into::into)
}
