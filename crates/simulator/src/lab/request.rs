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
        .header(REQUEST_ID, &send.id)
        // For clients that read the response themselves; others never look.
        .extension(send.read);
    for (name, value) in &send.headers {
        request = request.header(name, value);
    }
    request
        .body(Upload::new(Bytes::from(vec![b'x'; send.body as usize]), send.source))
        .expect("the scenario's requests are well-formed")
}

/// Hands the request to the client. What comes back resolves with what came of it.
pub(super) fn perform(
    client: &dyn Client,
    scenario: &Scenario,
    send: &SendRequest,
) -> impl Future<Output = Performed> + Send + 'static {
    let (connect, read) = (scenario.client.connect_timeout, scenario.client.read_timeout);
    let timeouts = Timeouts { connect, read, ..Timeouts::default() };
    let sending = client.send(compose(send, scenario.protocol), timeouts);
    let read = send.read;
    async move {
        match sending.await {
            Ok(response) => begin(response, read).await,
            Err(Failure { kind, message }) => Performed::Over(Outcome::Error { kind, message }),
        }
    }
}

/// What came of a request.
pub(super) enum Performed {
    /// It has an outcome.
    Over(Outcome),
    /// Its response is kept.
    Kept(Kept),
}

/// A response that the application keeps: what it has read of it, and the rest.
pub(super) struct Kept {
    status: u16,
    content: BytesMut,
    body: ResponseBody,
}

impl Kept {
    /// Reads the rest.
    pub async fn read_on(mut self) -> Outcome {
        let end = read_up_to(usize::MAX, &mut self.body, &mut self.content).await;
        let end = end.expect("no body is as long as that");
        Outcome::Response { status: self.status, body: self.content.freeze(), end }
    }
}

async fn begin(response: Response, read: ReadBody) -> Performed {
    let status = response.status().as_u16();
    let (mut body, mut content) = (response.into_body(), BytesMut::new());
    let limit = match read {
        ReadBody::All => usize::MAX,
        ReadBody::First(n) | ReadBody::Keep(n) => n as usize,
    };
    let end = match (read_up_to(limit, &mut body, &mut content).await, read) {
        (Some(end), _) => end,
        (None, ReadBody::Keep(_)) => return Performed::Kept(Kept { status, content, body }),
        (None, _) => {
            content.truncate(limit);
            BodyEnd::Dropped
        }
    };
    Performed::Over(Outcome::Response { status, body: content.freeze(), end })
}

/// Reads until there are at least so many bytes: `None`, or until the body ends.
async fn read_up_to(limit: usize, body: &mut ResponseBody, content: &mut BytesMut) -> Option<BodyEnd> {
    while content.len() < limit {
        match body.frame().await {
            None => return Some(BodyEnd::Complete),
            Some(Ok(frame)) => content.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
            Some(Err(Failure { kind, message })) => return Some(BodyEnd::Failed { kind, message }),
        }
    }
    None
}
