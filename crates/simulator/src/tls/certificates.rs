//! Certificates made for the process: valid, expired, for another name, of an unknown authority.

use std::sync::{Arc, LazyLock};

use closewait_scenario::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    PKCS_ED25519, SanType, SerialNumber, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::CertifiedKey;

const HOST: &str = "origin.test";

/// The name under which every scenario's origin is reached.
pub fn host() -> ServerName<'static> {
    ServerName::try_from(HOST).expect("it is a name")
}

/// All certificates. Keys differ from process to process; names, serials, dates and with them all lengths do not.
pub(super) struct Certificates {
    pub roots: Arc<RootCertStore>,
    authority: CertificateDer<'static>,
    valid: Arc<CertifiedKey>,
    expired: Arc<CertifiedKey>,
    wrong_host: Arc<CertifiedKey>,
    unknown_authority: Arc<CertifiedKey>,
}

pub(super) static CERTIFICATES: LazyLock<Certificates> =
    LazyLock::new(|| make().expect("names, dates and algorithm are fixed, and ring supports them"));

/// Makes the certificates unless they are there: outside of runs, so that no run has more entropy left than another.
pub fn make_certificates() {
    LazyLock::force(&CERTIFICATES);
}

impl Certificates {
    pub fn get(&self, certificate: Certificate) -> Arc<CertifiedKey> {
        match certificate {
            Certificate::Valid => self.valid.clone(),
            Certificate::Expired => self.expired.clone(),
            Certificate::WrongHost => self.wrong_host.clone(),
            Certificate::UnknownAuthority => self.unknown_authority.clone(),
        }
    }
}

/// The certificate of the authority that clients trust, DER.
pub fn trusted_authority() -> &'static [u8] {
    &CERTIFICATES.authority
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn make() -> Result<Certificates, Box<dyn std::error::Error>> {
    let known = authority("closewait test authority", 1)?;
    let unknown = authority("closewait other authority", 2)?;
    let mut roots = RootCertStore::empty();
    roots.add(known.der().clone())?;
    Ok(Certificates {
        roots: Arc::new(roots),
        authority: known.der().clone(),
        valid: leaf(&known, HOST, 2035, 3)?,
        expired: leaf(&known, HOST, 2025, 4)?,
        wrong_host: leaf(&known, "another.test", 2035, 5)?,
        unknown_authority: leaf(&unknown, HOST, 2035, 6)?,
    })
}

fn authority(name: &str, serial: u8) -> Result<Authority, Box<dyn std::error::Error>> {
    let mut params = params(name, 2035, serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(CertifiedIssuer::self_signed(params, key()?)?)
}

/// Valid from the first day of 2024 to the first day of `end`.
fn leaf(
    authority: &Authority,
    host: &str,
    end: i32,
    serial: u8,
) -> Result<Arc<CertifiedKey>, Box<dyn std::error::Error>> {
    let mut params = params(host, end, serial);
    params.subject_alt_names = vec![SanType::DnsName(host.try_into()?)];
    let key = key()?;
    let certificate: CertificateDer<'static> = params.signed_by(&key, authority)?.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = rustls::crypto::ring::sign::any_supported_type(&key)?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate], key)))
}

fn params(name: &str, end: i32, serial: u8) -> CertificateParams {
    let mut distinguished_name = DistinguishedName::new();
    distinguished_name.push(DnType::CommonName, name);
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(end, 1, 1);
    params.serial_number = Some(SerialNumber::from_slice(&[serial]));
    params.distinguished_name = distinguished_name;
    params
}

/// Ed25519: its signatures have one length, and need no randomness.
fn key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_for(&PKCS_ED25519)
}
