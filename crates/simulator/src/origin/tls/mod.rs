//! The origin's end of TLS.

#[cfg(not(feature = "tls"))]
mod absent;
#[cfg(feature = "tls")]
mod session;

use closewait_scenario::{Alpn, Certificate, Handshake, OriginSettings, Protocol};

#[cfg(not(feature = "tls"))]
pub(super) use absent::Session;
#[cfg(feature = "tls")]
pub(super) use session::Session;

/// What the handshakes of new connections meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    pub certificate: Certificate,
    pub alpn: Alpn,
    pub handshake: Handshake,
}

impl Terms {
    /// `None` for a protocol without TLS.
    pub fn of(protocol: Protocol, settings: &OriginSettings) -> Option<Self> {
        let OriginSettings { certificate, alpn, handshake, .. } = *settings;
        protocol.is_tls().then_some(Self { certificate, alpn: alpn.unwrap_or(Alpn::of(protocol)), handshake })
    }
}
