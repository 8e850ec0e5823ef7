//! One request of the application: sent, awaited, its body read.

use bytes::{Bytes, BytesMut};
use closewait_scenario::{Protocol, ReadBody, Scenario, SendRequest};
use closewait_trace::{BodyEnd, Outcome};
use http_body_util::BodyExt;

use crate::client::{Client, Failure, Response, ResponseBody, Timeouts, Upload};
use crate::origin::REQUEST_ID;

/// The request as the application hands it over.
pub(super) fn compose(send: &SendRequest, protocol: Protocol) -> http::Request<Upload> {
    let scheme = if protocol.is_tls() { "https" } else { "http" };
    let mut request = http::Request::builder()
        .method(send.method.as_str())
        .uri(format!("{scheme}://origin.test{}", send.path))
        .header(REQUEST_ID, &send.id);
    for (name, value) in &send.headers {
        request = request.header(name, value);
    }
    request
        .body(Upload::new(Bytes::from(vec![b'x'; send.body as usize]), send.source))
        .expect("the scenario's requests are well-formed")
}

/// Hands the request to the client. What comes back resolves with the outcome.
pub(super) fn perform(
    client: &dyn Client,
    scenario: &Scenario,
    send: &SendRequest,
) -> impl Future<Output = Outcome> + Send + 'static {
    let (connect, read) = (scenario.client.connect_timeout, scenario.client.read_timeout);
    let timeouts = Timeouts { connect, read, ..Timeouts::default() };
    let sending = client.send(compose(send, scenario.protocol), timeouts);
    let read = send.read;
    async move {
        match sending.await {
            Ok(response) => finish(response, read).await,
            Err(Failure { kind, message }) => Outcome::Error { kind, message },
        }
    }
}

async fn finish(response: Response, read: ReadBody) -> Outcome {
    let status = response.status().as_u16();
    let (body, end) = read_body(response.into_body(), read).await;
    Outcome::Response { status, body, end }
}

async fn read_body(mut body: ResponseBody, read: ReadBody) -> (Bytes, BodyEnd) {
    let limit = match read {
        ReadBody::All => usize::MAX,
        ReadBody::First(n) => n as usize,
    };
    let mut content = BytesMut::new();
    while content.len() < limit {
        match body.frame().await {
            None => return (content.freeze(), BodyEnd::Complete),
            Some(Ok(frame)) => content.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
            Some(Err(Failure { kind, message })) => {
                return (content.freeze(), BodyEnd::Failed { kind, message });
            }
        }
    }
    content.truncate(limit);
    (content.freeze(), BodyEnd::Dropped)
}
