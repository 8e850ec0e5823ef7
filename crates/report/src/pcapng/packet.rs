//! A segment with its IP and TCP headers.

use std::io;

use closewait_trace::Direction;
use etherparse::PacketBuilder;

use super::run::Packet;

/// The addresses of one run's hosts. Every run has its own, so that no capture mixes two of them up.
pub(super) struct Hosts {
    pub client: [u8; 4],
    pub origin: [u8; 4],
}

/// The client's port of connection 0; numbers of connections are added.
const FIRST_PORT: u16 = 40_000;
const HOPS: u8 = 64;

impl Hosts {
    pub fn of_run(index: usize) -> io::Result<Self> {
        let net = u16::try_from(index).map_err(|_| {
            io::Error::other("a capture holds at most 65536 runs: choose fewer scenarios or clients")
        })?;
        let [high, low] = net.to_be_bytes();
        Ok(Self { client: [10, high, low, 1], origin: [10, high, low, 2] })
    }

    /// The IP packet, with correct lengths and checksums.
    pub fn datagram(&self, origin_port: u16, packet: &Packet) -> io::Result<Vec<u8>> {
        let segment = packet.segment;
        let connection =
            u16::try_from(packet.connection % u32::from(u16::MAX - FIRST_PORT)).unwrap_or_default();
        let client = (self.client, FIRST_PORT + connection);
        let origin = (self.origin, origin_port);
        let (source, destination) = match packet.direction {
            Direction::ToOrigin => (client, origin),
            Direction::ToClient => (origin, client),
        };
        // Without the window scale option no more can be said: RFC 9293 section 3.1.
        let window = u16::try_from(segment.window).unwrap_or(u16::MAX);
        let mut tcp = PacketBuilder::ipv4(source.0, destination.0, HOPS).tcp(
            source.1,
            destination.1,
            segment.seq,
            window,
        );
        if segment.ack {
            tcp = tcp.ack(segment.ack_seq);
        }
        for (set, flag) in [
            (segment.syn, PacketBuilderStep::syn as fn(_) -> _),
            (segment.fin, PacketBuilderStep::fin),
            (segment.rst, PacketBuilderStep::rst),
            (!segment.payload.is_empty(), PacketBuilderStep::psh),
        ] {
            if set {
                tcp = flag(tcp);
            }
        }
        let mut bytes = Vec::with_capacity(tcp.size(segment.payload.len()));
        tcp.write(&mut bytes, &segment.payload).map_err(io::Error::other)?;
        Ok(bytes)
    }
}

type PacketBuilderStep = etherparse::PacketBuilderStep<etherparse::TcpHeader>;
