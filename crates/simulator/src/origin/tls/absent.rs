//! What stands for TLS in a build without the feature `tls`. There is never one: the lab plays no scenario over TLS then.

use bytes::BytesMut;
use closewait_trace::Recorder;

use super::Terms;

/// TLS of one connection.
pub enum Session {}

impl Session {
    pub fn new(_: Terms, _: Recorder, _: u32) -> Self {
        unreachable!("the lab plays no scenario over TLS in a build without the feature `tls`")
    }

    pub fn has_ended(&self) -> bool {
        match *self {}
    }

    pub fn is_handshaking(&self) -> bool {
        match *self {}
    }

    pub fn speaks_http2(&self) -> bool {
        match *self {}
    }

    pub fn take(&mut self, _: &mut BytesMut) -> usize {
        match *self {}
    }

    pub fn receive(&mut self, _: &[u8], _: &mut Vec<u8>) {
        match *self {}
    }

    pub fn send(&mut self, _: &[u8], _: &mut Vec<u8>) {
        match *self {}
    }

    pub fn close_notify(&mut self, _: &mut Vec<u8>) {
        match *self {}
    }

    pub fn alert(&mut self, _: &str, _: &mut Vec<u8>) {
        match *self {}
    }

    pub fn fall_silent(&mut self) {
        match *self {}
    }
}
