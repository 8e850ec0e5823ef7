//! tonic's channel over the simulated connector: a unary call whose messages are raw bytes.
//!
//! A request of a scenario becomes a call of the method with its path; its body is the message. What comes back is the
//! message with status 200, or an error that says the gRPC status. gRPC has no other methods and no other statuses.
//!
//! Over TLS the channel is given hyper-rustls' connector: tonic's own reads the wall clock to judge certificates.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use closewait_scenario::{
    Action, Alpn, BodySource, ClientAction, ClientSettings, OriginAction, Protocol, ReadBody, Reply, Scenario,
};
use closewait_simulator::client::{
    BoxFuture, Client, Connector, Environment, Failure, Response, Retries, Timeouts, UnderTest, Upload,
    Wiring,
};
use closewait_simulator::tls::{Offer, client_config};
use closewait_trace::ErrorKind;
use http::uri::PathAndQuery;
use http_body_util::{BodyExt, Full};
use hyper_rustls::HttpsConnectorBuilder;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

/// `tonic::transport::Channel`.
#[derive(Debug, Clone, Copy)]
pub struct Tonic {
    /// The version of the package under test: the one that the build is locked to.
    pub version: &'static str,
}

impl UnderTest for Tonic {
    fn name(&self) -> &'static str {
        "tonic"
    }

    fn version(&self) -> &'static str {
        self.version
    }

    fn wiring(&self) -> Wiring {
        Wiring::Streams
    }

    /// h2 does, to forget streams that it has reset.
    fn reads_std_time(&self, protocol: Protocol) -> bool {
        protocol.is_http2()
    }

    fn uses_entropy(&self) -> bool {
        false
    }

    /// A channel sends a call once.
    fn retries(&self) -> Option<Retries> {
        Some(Retries::Attempts(0))
    }

    fn unsupported(&self, scenario: &Scenario) -> Option<String> {
        if !scenario.protocol.is_http2() {
            return Some(format!("this adapter does not speak {}", scenario.protocol.word()));
        }
        lacking(scenario)
            .map(str::to_owned)
            .or_else(|| scenario.script.iter().find_map(|step| not_grpc(&step.action)))
    }

    fn build(&self, environment: &Environment) -> Result<Box<dyn Client>, Failure> {
        let settings = &environment.settings;
        // The endpoint's own timeout on connecting wraps the connector, as it would a real one.
        let connector = Connector::new(environment.wire.clone());
        Ok(Box::new(Calls(if environment.protocol.is_tls() {
            let endpoint = configured(Endpoint::from_static("https://origin.test"), settings);
            let tls = HttpsConnectorBuilder::new().with_tls_config(client_config(Offer::Blank)).https_only();
            endpoint.connect_with_connector_lazy(tls.enable_http2().wrap_connector(connector))
        } else {
            let endpoint = configured(Endpoint::from_static("http://origin.test"), settings);
            endpoint.connect_with_connector_lazy(connector)
        })))
    }
}

fn configured(mut endpoint: Endpoint, settings: &ClientSettings) -> Endpoint {
    if let Some(limit) = settings.connect_timeout {
        endpoint = endpoint.connect_timeout(limit);
    }
    if let Some(interval) = settings.ping_interval {
        endpoint = endpoint.http2_keep_alive_interval(interval);
    }
    if let Some(limit) = settings.ping_timeout {
        endpoint = endpoint.keep_alive_timeout(limit);
    }
    endpoint
        .keep_alive_while_idle(settings.ping_while_idle)
        .initial_stream_window_size(settings.stream_window)
        .initial_connection_window_size(settings.connection_window)
}

/// What the scenario asks for and tonic does not have.
fn lacking(scenario: &Scenario) -> Option<&'static str> {
    let settings = &scenario.client;
    if settings.idle_timeout.is_some_and(|limit| limit <= waits(scenario)) {
        return Some("a tonic channel keeps its connection however long it is idle");
    }
    if settings.max_idle == Some(0) {
        return Some("a tonic channel keeps one idle connection");
    }
    let starved = scenario.origin.initial_window == Some(0);
    if starved && scenario.requests().any(|request| request.body == 0) {
        return Some("a gRPC call has a message, though an empty one, and the window takes none");
    }
    if scenario.origin.alpn.is_some_and(no_h2) {
        return Some(NEEDS_H2);
    }
    settings.read_timeout.map(|_| "tonic limits the time of a whole call, not between two reads")
}

/// tonic's own connector would refuse such an origin; the one that stands in for it does not.
const NEEDS_H2: &str = "a channel over TLS is tried only where the origin chooses h2";

fn no_h2(alpn: Alpn) -> bool {
    matches!(alpn, Alpn::Http11 | Alpn::None)
}

/// How long the script lets time pass: a limit above it is never reached.
fn waits(scenario: &Scenario) -> Duration {
    let wait = |action: &Action| match action {
        Action::Wait(length) => *length,
        _ => Duration::ZERO,
    };
    scenario.script.iter().map(|step| wait(&step.action)).sum()
}

/// Why the step cannot be played with gRPC, if so.
fn not_grpc(action: &Action) -> Option<String> {
    match action {
        Action::Client(ClientAction::Send(send)) if send.read != ReadBody::All => {
            Some("a unary call reads the whole response".to_owned())
        }
        Action::Client(ClientAction::Send(send)) if send.source != BodySource::WHOLE => {
            Some("a unary call has its message whole".to_owned())
        }
        Action::Client(ClientAction::Send(send)) if send.method == "HEAD" || send.method == "CONNECT" => {
            Some(format!("gRPC has no {}", send.method))
        }
        Action::Origin(OriginAction::Reply(reply)) => not_grpc_reply(reply),
        Action::Origin(OriginAction::Tls { alpn: Some(alpn), .. }) if no_h2(*alpn) => {
            Some(NEEDS_H2.to_owned())
        }
        _ => None,
    }
}

fn not_grpc_reply(reply: &Reply) -> Option<String> {
    (reply.status != 200).then(|| format!("a gRPC response has status 200, not {}", reply.status))
}

struct Calls(Channel);

impl Client for Calls {
    fn send(&self, request: http::Request<Upload>, _: Timeouts) -> BoxFuture<Result<Response, Failure>> {
        let mut grpc = Grpc::new(self.0.clone());
        Box::pin(async move {
            let (parts, message) = request.into_parts();
            let message = message.whole().expect("a body in pieces is unsupported");
            let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
            let path = PathAndQuery::from_str(path).expect("it was one");
            let call = tonic::Request::from_parts(
                MetadataMap::from_headers(parts.headers),
                tonic::Extensions::new(),
                message,
            );
            grpc.ready().await.map_err(|error| Failure::of(&error))?;
            let answer = grpc.unary(call, path, Raw).await.map_err(|status| describe(&status))?;
            let body = Full::new(answer.into_inner()).map_err(|never| match never {});
            Ok(http::Response::new(body.boxed_unsync()))
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<()> {
        // It has no close: dropping the last handle closes the connection.
        drop(self);
        Box::pin(std::future::ready(()))
    }
}

/// The status in its own words, and what the transport says below it.
fn describe(status: &Status) -> Failure {
    let below = status.source().map(Failure::of);
    let kind = match (&below, status.code()) {
        (Some(below), _) if below.kind != ErrorKind::Other => below.kind,
        (_, Code::DeadlineExceeded) => ErrorKind::Timeout,
        _ => ErrorKind::Other,
    };
    let mut message = format!("{:?}: {}", status.code(), status.message());
    if let Some(below) = below.filter(|below| !message.ends_with(&below.message)) {
        message = format!("{message}: {}", below.message);
    }
    Failure { kind, message }
}

/// Messages as they are.
#[derive(Debug, Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
