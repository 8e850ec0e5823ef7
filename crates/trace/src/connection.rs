//! The view per connection.

use std::collections::BTreeMap;

use super::http2::{self, Http2};
use super::idle::Occupation;
use super::{
    Direction, Exchange, Fate, Flow, Millis, Moment, Passage, Segment, Tls, TlsRecord, Trace, Unsolicited,
    What, exchange,
};

/// The connections of a run, in the order of their SYNs.
#[derive(Debug, Clone, Default)]
pub struct Connections(BTreeMap<u32, Connection>);

/// One connection.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// From 1, in the order of the SYNs.
    pub number: u32,
    /// The client's first SYN.
    pub syn: Option<Moment>,
    /// The origin's SYN-ACK reached the client, whose host took it: one that the client had given up is answered with RST.
    pub established: Option<Moment>,
    /// From the client to the origin.
    pub to_origin: Flow,
    /// From the origin to the client.
    pub to_client: Flow,
    /// What TLS makes of the bytes; `None` for a connection without TLS.
    pub tls: Option<Tls>,
    /// The frames of a connection that speaks HTTP/2; `None` for HTTP/1.
    pub http2: Option<Http2>,
    /// The requests written on it, in order, with what came back for them.
    pub exchanges: Vec<Exchange>,
    /// What came back for none of them.
    pub unsolicited: Vec<Unsolicited>,
    /// When exchanges were under way.
    pub(super) occupation: Occupation,
    /// What told the client not to use it.
    signals: Vec<Signal>,
    /// The client closed its socket, or shut down the sending side.
    closed: Option<Moment>,
    /// The client's host has sent anything but SYN and RST.
    spoke: bool,
    /// The client's host has answered a SYN-ACK with RST.
    given_up: bool,
    /// When bytes last reached the client's host.
    heard: Option<Millis>,
    /// The client's RST came upon bytes of that instant.
    answered_with_rst: bool,
}

/// Something that tells a client not to use the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// What it is.
    pub kind: SignalKind,
    /// When the origin (or a middlebox) put it on the wire.
    pub sent: Option<Moment>,
    /// When it reached the client; `None` if it did not.
    pub delivered: Option<Moment>,
}

/// What tells a client not to use the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalKind {
    /// FIN from the origin.
    Fin,
    /// RST from the origin or a middlebox.
    Rst,
    /// close_notify or a fatal alert of the origin.
    Alert,
    /// Bytes that answer no request.
    Unsolicited,
    /// GOAWAY from the origin (RFC 9113 section 6.8).
    GoAway,
    /// A frame that is a connection error (RFC 9113 section 5.4.1).
    Malformed,
}

impl Connections {
    /// Reads the connections out of a trace.
    pub fn of(trace: &Trace) -> Self {
        let mut connections = Self::default();
        for (event, entry) in trace.events.iter().enumerate() {
            let now = Moment { event, at: entry.at };
            match &entry.what {
                What::Segment { connection, direction, fate, segment } => {
                    connections.entry(*connection).observe(*direction, *fate, segment, now);
                }
                What::SocketClosed { connection, .. } => connections.entry(*connection).closed = Some(now),
                _ => {}
            }
        }
        let mut records: BTreeMap<u32, Vec<&TlsRecord>> = BTreeMap::new();
        for record in &trace.records {
            records.entry(record.connection).or_default().push(record);
        }
        for connection in connections.0.values_mut() {
            let records = records.remove(&connection.number).unwrap_or_default();
            connection.tls = Tls::of(records.into_iter(), &connection.to_origin, &connection.to_client);
            connection.read_messages();
        }
        connections
    }

    fn entry(&mut self, number: u32) -> &mut Connection {
        self.0.entry(number).or_insert_with(|| Connection { number, ..Connection::default() })
    }

    /// The connection with this number.
    pub fn get(&self, number: u32) -> Option<&Connection> {
        self.0.get(&number)
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.0.values()
    }
}

impl Connection {
    /// From when on requests can be written: TCP is established and, where there is TLS, its handshake is done.
    pub fn ready(&self) -> Option<Moment> {
        match &self.tls {
            Some(tls) => tls.established,
            None => self.established,
        }
    }

    /// The id of the request on a stream of HTTP/2, if it has one.
    pub fn request_on(&self, stream: u32) -> Option<&str> {
        let exchange = self.http2.as_ref()?.exchange_on(stream)?;
        self.exchanges.get(exchange)?.request.id.as_deref()
    }

    /// Whether the origin accepted the connection when the client did not want it any more.
    pub fn was_given_up(&self) -> bool {
        self.given_up
    }

    /// The client's own end of the connection: it closed the socket. Its FIN may leave later, behind what waits to be sent. Where
    /// nobody saw the socket, its first FIN or RST.
    pub fn client_close(&self) -> Option<Moment> {
        let segments = first(self.to_origin.fin.sent, self.to_origin.own_rst);
        first(self.closed, segments)
    }

    /// From here on the client's host has no use for the connection: its own FIN or RST, or an RST that arrived.
    pub fn ended(&self) -> Option<Moment> {
        first(self.client_close(), self.to_client.rst.delivered)
    }

    /// Whether it was not over in an earlier turn of the client than that of `moment`.
    pub fn lasts_until(&self, moment: Moment) -> bool {
        self.ended().is_none_or(|ended| moment.may_precede(ended))
    }

    /// When the client next had something to read after a moment.
    pub fn heard_after(&self, moment: Moment) -> Option<Moment> {
        self.data().1.delivered.first_after(moment)
    }

    /// When the client last had something to read, up to a moment.
    pub fn heard_until(&self, moment: Moment) -> Option<Moment> {
        self.data().1.delivered.last_until(moment)
    }

    /// Whether the client had nothing to read from one moment until another.
    pub fn is_silent(&self, from: Moment, until: Moment) -> bool {
        self.heard_after(from).is_none_or(|next| until < next)
    }

    /// The origin's FIN or RST, whichever arrived first, unless the client had closed before.
    pub fn death(&self) -> Option<Moment> {
        let death = first(self.to_client.fin.delivered, self.to_client.rst.delivered)?;
        self.client_close().is_none_or(|close| death < close).then_some(death)
    }

    /// The first that told the client that nothing more will come, as a name and when it was delivered: FIN or RST;
    /// under TLS close_notify or a fatal alert (RFC 8446 section 6).
    pub fn hang_up(&self) -> Option<(&'static str, Moment)> {
        let death = self.death();
        let is_rst = death.is_some() && death == self.to_client.rst.delivered;
        let tls = self.tls.iter();
        let close_notify = tls.clone().filter_map(|tls| tls.to_client.fin.delivered);
        let alert = tls.filter_map(|tls| tls.alert.as_ref()?.passage.delivered);
        let alerts = close_notify.map(|at| ("close_notify", at)).chain(alert.map(|at| ("an alert", at)));
        let heard = alerts.filter(|(_, at)| self.client_close().is_none_or(|close| *at < close));
        let death = death.map(|at| (if is_rst { "an RST" } else { "the FIN" }, at));
        death.into_iter().chain(heard).min_by_key(|(_, at)| *at)
    }

    /// Everything that came, or was on its way, to tell the client not to use the connection. What the origin sent after the client
    /// had closed answers that.
    pub fn signals(&self) -> &[Signal] {
        &self.signals
    }

    fn read_signals(&self) -> Vec<Signal> {
        let flags = [(SignalKind::Fin, self.to_client.fin), (SignalKind::Rst, self.to_client.rst)];
        let alerts = self.alerts().map(|passage| (SignalKind::Alert, passage));
        let flags = flags.into_iter().chain(alerts).map(|(kind, Passage { sent, delivered })| Signal {
            kind,
            sent,
            delivered,
        });
        let unsolicited = self.unsolicited.iter().filter(|bytes| !bytes.only_crlf);
        let unsolicited = unsolicited.map(|bytes| (bytes.sent, Some(bytes.delivered)));
        let premature = self.exchanges.iter().filter(|exchange| exchange.is_premature());
        let premature = premature.filter_map(|exchange| exchange.response.as_ref());
        let premature = premature.map(|response| (response.first_sent, Some(response.first_delivered)));
        let bytes = unsolicited.chain(premature);
        let bytes = bytes.map(|(sent, delivered)| Signal { kind: SignalKind::Unsolicited, sent, delivered });
        let mut signals: Vec<_> = flags
            .chain(bytes)
            .chain(self.frame_signals())
            .filter(|signal| signal.sent.or(signal.delivered).is_some_and(|at| !self.is_after_close(at)))
            .collect();
        signals.sort_by_key(|signal| signal.delivered.map_or(usize::MAX, |delivered| delivered.event));
        signals
    }

    fn is_after_close(&self, moment: Moment) -> bool {
        self.client_close().is_some_and(|close| close.precedes(moment))
    }

    /// When a GOAWAY reached the client whose last stream is an earlier one than that of an exchange (RFC 9113 section 6.8).
    pub fn excluded(&self, exchange: &Exchange) -> Option<Moment> {
        let stream = exchange.stream.as_ref()?.id;
        let mut goaways = self.http2.iter().flat_map(Http2::goaways);
        goaways.find_map(|goaway| goaway.delivered.filter(|_| goaway.last_stream < stream))
    }

    /// Whether the client's end is an RST in the instant in which bytes arrived: so does a host answer whose application has
    /// closed, and an application that closes without reading them (RFC 9293 section 3.10.7.1, RFC 2525 section 2.17).
    pub fn answered_with_rst(&self) -> bool {
        self.answered_with_rst
    }

    fn frame_signals(&self) -> impl Iterator<Item = Signal> {
        let goaways = self.http2.iter().flat_map(Http2::goaways);
        let goaways = goaways.map(|goaway| Signal {
            kind: SignalKind::GoAway,
            sent: goaway.sent,
            delivered: goaway.delivered,
        });
        let fault = self.http2.iter().filter_map(|http2| http2.fault);
        let kind = SignalKind::Malformed;
        goaways.chain(fault.map(move |fault| Signal {
            kind,
            sent: fault.sent,
            delivered: Some(fault.delivered),
        }))
    }

    /// What HTTP wrote either way, to the origin first: the connection's bytes, or what TLS carried in them.
    pub fn data(&self) -> (&Flow, &Flow) {
        match &self.tls {
            Some(tls) => (&tls.to_origin, &tls.to_client),
            None => (&self.to_origin, &self.to_client),
        }
    }

    /// The origin's close_notify, and its first fatal alert.
    fn alerts(&self) -> impl Iterator<Item = Passage> {
        let tls = self.tls.iter();
        tls.flat_map(|tls| [Some(tls.to_client.fin), tls.alert.as_ref().map(|alert| alert.passage)]).flatten()
    }

    fn observe(&mut self, direction: Direction, fate: Fate, segment: &Segment, now: Moment) {
        let (flow, reverse) = match direction {
            Direction::ToOrigin => (&mut self.to_origin, &mut self.to_client),
            Direction::ToClient => (&mut self.to_client, &mut self.to_origin),
        };
        flow.observe(fate, segment, now);
        if fate == Fate::Sent && segment.ack {
            reverse.on_acknowledged(segment.ack_seq, now);
        }
        self.note_answer(direction, fate, segment, now);
        if direction == Direction::ToOrigin && fate == Fate::Sent && segment.syn {
            self.syn.get_or_insert(now);
        }
        if direction == Direction::ToOrigin && fate == Fate::Sent && !segment.syn {
            self.spoke |= !segment.rst;
            if !self.spoke {
                // The host refuses a handshake that nobody waits for any more (RFC 9293 section 3.10.7.1).
                self.given_up |= self.established.take().is_some();
            }
        }
        if direction == Direction::ToClient && fate == Fate::Delivered && segment.syn && segment.ack {
            self.established.get_or_insert(now);
        }
    }

    fn note_answer(&mut self, direction: Direction, fate: Fate, segment: &Segment, now: Moment) {
        if (direction, fate) == (Direction::ToClient, Fate::Delivered) && !segment.payload.is_empty() {
            self.heard = Some(now.at);
        }
        if self.to_origin.own_rst == Some(now) && self.to_origin.fin.sent.is_none() {
            self.answered_with_rst = self.heard == Some(now.at);
        }
    }

    fn read_messages(&mut self) {
        let (to_origin, to_client) = self.data();
        if http2::is_spoken(to_origin, to_client) {
            let (http2, exchanges) = http2::read(to_origin, to_client);
            (self.http2, self.exchanges) = (Some(http2), exchanges);
        } else {
            let (exchanges, unsolicited) = exchange::read(to_origin, to_client);
            (self.exchanges, self.unsolicited) = (exchanges, unsolicited);
        }
        self.occupation = Occupation::of(&self.exchanges, self.http2.is_some());
        self.signals = self.read_signals();
    }
}

fn first(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    a.into_iter().chain(b).min()
}
