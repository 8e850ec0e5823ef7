//! IPv4 packets of a real kernel, and the same as the simulation has them.

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TcpOptionElement, TransportSlice};
use turmoil_net::{Packet, TcpFlags, TcpSegment, Transport};

use std::net::IpAddr;

/// Data that fits into a frame of 1,500 bytes (RFC 9293 section 3.7.1). Told to the kernel, which would send 536 bytes at a time.
const MSS: u16 = 1_460;
const HOPS: u8 = 64;

/// The TCP segment in an IPv4 packet; `None` if something else is in it. Options are left out: the origin offers none, so
/// that none is in force. Checksums are not looked at: the kernel leaves them to a device that there is not.
pub(super) fn parse(bytes: &[u8]) -> Option<Packet> {
    let sliced = SlicedPacket::from_ip(bytes).ok()?;
    let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) = (&sliced.net, &sliced.transport) else {
        return None;
    };
    let header = ip.header();
    let segment = TcpSegment {
        src_port: tcp.source_port(),
        dst_port: tcp.destination_port(),
        seq: tcp.sequence_number(),
        ack: tcp.acknowledgment_number(),
        flags: TcpFlags {
            syn: tcp.syn(),
            ack: tcp.ack(),
            fin: tcp.fin(),
            rst: tcp.rst(),
            ..TcpFlags::default()
        },
        window: tcp.window_size(),
        payload: tcp.payload().to_vec().into(),
    };
    Some(Packet {
        src: header.source_addr().into(),
        dst: header.destination_addr().into(),
        ttl: header.ttl(),
        payload: Transport::Tcp(segment),
    })
}

/// A segment as an IPv4 packet. A SYN says how much data a segment may have.
pub(super) fn encode(packet: &Packet) -> Vec<u8> {
    let Transport::Tcp(segment) = &packet.payload else { unreachable!("no UDP socket is ever opened") };
    let octets = |address| match address {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(_) => unreachable!("both hosts have IPv4 addresses"),
    };
    let builder = PacketBuilder::ipv4(octets(packet.src), octets(packet.dst), HOPS);
    let mut tcp = builder.tcp(segment.src_port, segment.dst_port, segment.seq, segment.window);
    let flags = segment.flags;
    tcp = if flags.syn { tcp.syn() } else { tcp };
    tcp = if flags.fin { tcp.fin() } else { tcp };
    tcp = if flags.rst { tcp.rst() } else { tcp };
    tcp = if segment.payload.is_empty() { tcp } else { tcp.psh() };
    tcp = if flags.ack { tcp.ack(segment.ack) } else { tcp };
    if flags.syn {
        tcp = tcp.options(&[TcpOptionElement::MaximumSegmentSize(MSS)]).expect("one option fits");
    }
    let mut bytes = Vec::with_capacity(tcp.size(segment.payload.len()));
    tcp.write(&mut bytes, &segment.payload).expect("a vector takes all");
    bytes
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::net::state::{CLIENT, ORIGIN};

    #[test]
    fn what_is_encoded_is_parsed() {
        let flags = TcpFlags { ack: true, fin: true, ..TcpFlags::default() };
        let segment = TcpSegment {
            src_port: 80,
            dst_port: 40_000,
            seq: u32::MAX,
            ack: 7,
            flags,
            window: 1_000,
            payload: Bytes::from_static(b"HTTP/1.1"),
        };
        let packet = Packet { src: ORIGIN, dst: CLIENT, ttl: 64, payload: Transport::Tcp(segment) };
        let parsed = parse(&encode(&packet)).expect("it is TCP over IPv4");
        assert_eq!(format!("{parsed:?}"), format!("{packet:?}"));
    }

    #[test]
    fn what_is_not_tcp_is_left_out() {
        let datagram = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(1, 2);
        let mut bytes = Vec::new();
        datagram.write(&mut bytes, b"x").expect("a vector takes all");
        assert!(parse(&bytes).is_none());
        assert!(parse(&[0x60; 40]).is_none());
        assert!(parse(&[]).is_none());
    }
}
