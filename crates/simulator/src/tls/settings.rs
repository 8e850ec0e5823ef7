//! rustls without chance: what differs from run to run are keys, and nothing that shows.

use std::sync::{Arc, LazyLock};

use closewait_scenario::{Alpn, Certificate, Protocol};
use rustls::client::Resumption;
use rustls::crypto::ring::{cipher_suite::TLS13_AES_256_GCM_SHA384, default_provider, kx_group::X25519};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, ServerConfig, Tls13CipherSuite};

use super::certificates::CERTIFICATES;
use super::secrets::KeyLogger;

/// The one cipher suite. Its key is as long as rustls lets others make one.
pub(super) fn suite() -> &'static Tls13CipherSuite {
    TLS13_AES_256_GCM_SHA384.tls13().expect("it is one of TLS 1.3")
}

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        cipher_suites: vec![TLS13_AES_256_GCM_SHA384],
        kx_groups: vec![X25519 as &dyn SupportedKxGroup],
        ..default_provider()
    })
});

/// What a client tells the origin of the protocols that it speaks (ALPN, RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Nothing: the adapter, or a library in it, fills it in.
    Blank,
    /// What the scenario's protocol is: `http/1.1`, or `h2` and `http/1.1`.
    Of(Protocol),
}

/// How a client speaks TLS: it trusts the authority of the scenarios, and resumes no session.
pub fn client_config(offer: Offer) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(PROVIDER.clone())
        .with_protocol_versions(&[&TLS13])
        .expect("the suite is one of this version")
        .with_root_certificates(CERTIFICATES.roots.clone())
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = match offer {
        Offer::Blank => Vec::new(),
        Offer::Of(protocol) if protocol.is_http2() => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Offer::Of(_) => vec![b"http/1.1".to_vec()],
    };
    config
}

/// How the origin speaks TLS on one connection. Its secrets go to `keys`.
pub fn server_config(certificate: Certificate, alpn: Alpn, keys: KeyLogger) -> ServerConfig {
    let certificate = Arc::new(Always(CERTIFICATES.get(certificate)));
    let mut config = ServerConfig::builder_with_provider(PROVIDER.clone())
        .with_protocol_versions(&[&TLS13])
        .expect("the suite is one of this version")
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = alpn.names().iter().map(|name| name.as_bytes().to_vec()).collect();
    config.key_log = Arc::new(keys);
    // To send alerts of the script's choice, which rustls does not offer.
    config.enable_secret_extraction = true;
    config
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}
