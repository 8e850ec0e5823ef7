//! Ways to send that need no code of one's own.

use std::error::Error;
use std::future::poll_fn;

use bytes::Bytes;
use tower_service::Service;

/// Sends through a `tower` service that takes `http` requests: hyper-util's legacy client, or layers around one. With
/// [`Upload`](closewait_simulator::client::Upload) as its body it can play every scenario, with `Full<Bytes>` those whose bodies are whole.
///
/// # Errors
/// Those of the service.
pub async fn service<S, B, U>(
    mut service: S,
    request: http::Request<U>,
) -> Result<http::Response<B>, S::Error>
where
    S: Service<http::Request<U>, Response = http::Response<B>>,
{
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(request).await
}

/// Sends through a `tower` service with request and response types of its own: `reqwest::Client`, or layers around one.
/// `R` and `B` are those types: `service_of::<_, reqwest::Request, reqwest::Body>`.
///
/// # Errors
/// Those of the service, and of the conversion of the request.
pub async fn service_of<S, R, B>(
    mut service: S,
    request: http::Request<Bytes>,
) -> Result<http::Response<B>, Box<dyn Error + Send + Sync>>
where
    R: TryFrom<http::Request<Bytes>>,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
    S: Service<R>,
    S::Response: Into<http::Response<B>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let request = R::try_from(request).map_err(Into::into)?;
    poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
    Ok(service.call(request).await.map_err(Into::into)?.into())
}
