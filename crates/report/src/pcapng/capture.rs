//! The file: one interface for each run, in virtual time from 0.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::name_resolution::{Ipv4Record, NameResolutionBlock, Record};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriter};
use pcap_file::{DataLink, PcapError};

use super::packet::Hosts;
use super::run::{Packet, Run};
use crate::results::Results;

/// Nanoseconds: the unit that [`PcapNgWriter`] writes timestamps in.
const NANOSECONDS: u8 = 9;

/// All runs as one pcapng file (draft-ietf-opsawg-pcapng). Each packet is there once, when it was put on the wire; one that
/// the network lost or forged says so in its comment, and so does one that proves a violation.
///
/// A control is there if something is violated in it.
///
/// # Errors
/// If a segment does not fit into an IP packet, or there are more runs than addresses for them.
pub fn render(results: &Results<'_>) -> io::Result<Vec<u8>> {
    let runs: Vec<Run> = results.entries.iter().flat_map(Run::of).collect();
    let mut writer = PcapNgWriter::new(Vec::new()).map_err(failed)?;
    let hosts: Vec<Hosts> = (0..runs.len()).map(Hosts::of_run).collect::<Result<_, _>>()?;
    writer.write_block(&names(&hosts).into_block()).map_err(failed)?;
    for run in &runs {
        writer.write_block(&interface(run).into_block()).map_err(failed)?;
    }
    for (id, (run, hosts)) in (0..).zip(runs.iter().zip(&hosts)) {
        for packet in run.packets() {
            writer
                .write_pcapng_block(block(id, &packet, hosts.datagram(run.port(), &packet)?))
                .map_err(failed)?;
        }
    }
    Ok(writer.into_inner())
}

fn names(hosts: &[Hosts]) -> NameResolutionBlock<'_> {
    let record = |address: [u8; 4], name| {
        Record::Ipv4(Ipv4Record { ip_addr: Cow::Owned(address.to_vec()), names: vec![Cow::Borrowed(name)] })
    };
    let both = |hosts: &Hosts| [record(hosts.client, "client"), record(hosts.origin, "origin.test")];
    NameResolutionBlock { records: hosts.iter().flat_map(both).collect(), options: Vec::new() }
}

fn interface<'a>(run: &Run<'a>) -> InterfaceDescriptionBlock<'a> {
    let mut options = vec![
        InterfaceDescriptionOption::IfName(run.name().into()),
        InterfaceDescriptionOption::IfDescription(run.title().into()),
        InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
    ];
    let comments = run.violations_without_packet();
    options.extend(comments.into_iter().map(|text| InterfaceDescriptionOption::Comment(text.into())));
    InterfaceDescriptionBlock { linktype: DataLink::RAW, snaplen: 0, options }
}

fn block<'a>(interface_id: u32, packet: &Packet, data: Vec<u8>) -> EnhancedPacketBlock<'a> {
    let comment = |text: &String| EnhancedPacketOption::Comment(text.clone().into());
    EnhancedPacketBlock {
        interface_id,
        timestamp: Duration::from_millis(packet.at),
        original_len: u32::try_from(data.len()).expect("an IP packet has at most 65535 bytes"),
        data: data.into(),
        options: packet.comments.iter().map(comment).collect(),
    }
}

fn failed(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other),
    }
}
