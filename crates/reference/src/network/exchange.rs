//! One attempt: a request on a connection.

use std::sync::Arc;

use closewait_simulator::client::{Timeouts, Upload};
use http::header::{HOST, HeaderMap, HeaderValue};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::body::LeasedBody;
use super::checkout::{Leased, checkout};
use super::h2;
use super::lease::Lease;
use super::outgoing::Outgoing;
use super::shared::Shared;
use super::watchdog::silence;
use crate::defect::Defect;
use crate::persistence::Persistence;
use crate::pool::Poison;
use crate::retry::{DialledAfter, FreshConnection};
use crate::{Cause, Progress, Response, TransportError, persistence};

/// Sends the request once.
pub(super) async fn exchange(
    shared: Arc<Shared>,
    request: http::Request<Upload>,
    timeouts: Timeouts,
) -> Result<Response, TransportError> {
    let unsent = |cause| TransportError::new(cause, Progress::default());
    let fresh = request.extensions().get::<FreshConnection>().is_some();
    let after = request.extensions().get::<DialledAfter>().map(|DialledAfter(connection)| *connection);
    if request.uri().authority().is_none() && !request.headers().contains_key(HOST) {
        return Err(unsent(Cause::Invalid("no authority")));
    }
    match checkout(&shared, fresh, after, timeouts).await.map_err(unsent)? {
        Leased::Whole(lease) => exchange_whole(lease, request, timeouts).await,
        Leased::Stream(lease) => h2::exchange(lease, request, timeouts).await,
    }
}

async fn exchange_whole(
    mut lease: Lease,
    request: http::Request<Upload>,
    timeouts: Timeouts,
) -> Result<Response, TransportError> {
    let request = match in_origin_form(request) {
        Ok(request) => request,
        Err(cause) => return Err(TransportError::new(cause, Progress::default())),
    };
    if lease.gate.is_http_10() && request.body().size_hint().exact().is_none() {
        lease.give_back(None);
        let cause = Cause::Invalid("a body of unknown length, for an origin that speaks HTTP/1.0");
        return Err(TransportError::new(cause, Progress::default()));
    }
    let timeouts = if lease.has_defect(Defect::IgnoresReadTimeout) {
        Timeouts { read: None, ..timeouts }
    } else {
        timeouts
    };
    let headers = request.headers().clone();
    match converse(&mut lease, request, timeouts).await {
        Ok(response) => Ok(leased(response, &headers, lease, timeouts)),
        Err(cause) => {
            let error = TransportError::new(cause, lease.gate.progress());
            match error.cause {
                Cause::Timeout { .. } => lease.poison_by_timeout(),
                _ => lease.poison(Poison::Broken),
            }
            Err(error)
        }
    }
}

async fn converse(
    lease: &mut Lease,
    request: http::Request<Upload>,
    timeouts: Timeouts,
) -> Result<http::Response<Incoming>, Cause> {
    let gate = lease.gate.clone();
    let ends_broken = lease.has_defect(Defect::EndsBrokenBody);
    let sender = lease.sender().ok_or(Cause::Closed)?;
    let answer = sender.try_send_request(request.map(|upload| Outgoing { upload, ends_broken }));
    tokio::select! {
        biased;
        answer = answer => answer.map_err(|error| match gate.is_spoiled() {
            true => Cause::Stale,
            false => Cause::Http(error.into_error()),
        }),
        cause = silence(gate.clone(), timeouts) => Err(cause),
    }
}

fn leased(
    response: http::Response<Incoming>,
    request: &HeaderMap,
    lease: Lease,
    timeouts: Timeouts,
) -> Response {
    let (parts, body) = response.into_parts();
    let is_last = lease.gate.note_response(parts.version, persistence::requests_left(&parts.headers));
    let persistence =
        if is_last { Persistence::End(Poison::ConnectionClose) } else { persistence::of(request, &parts) };
    let mut body = LeasedBody::new(body, lease, persistence, timeouts);
    body.finish_if_empty();
    http::Response::from_parts(parts, body.boxed_unsync())
}

/// RFC 9112 section 3.2.1: path and query in the request line, authority in `Host`.
fn in_origin_form(mut request: http::Request<Upload>) -> Result<http::Request<Upload>, Cause> {
    if !request.headers().contains_key(HOST) {
        let authority = request.uri().authority().ok_or(Cause::Invalid("no authority"))?;
        // User information is no part of it (RFC 9110 section 7.2).
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        let host = HeaderValue::from_str(host).map_err(|_| Cause::Invalid("authority"))?;
        request.headers_mut().insert(HOST, host);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| Cause::Invalid("path"))?;
    Ok(request)
}
