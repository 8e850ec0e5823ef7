//! What TLS takes on either side of the wire: certificates, settings without chance, and reading what was recorded.
//!
//! One version, one cipher suite, one group and certificates of fixed length: so every length on the wire is the
//! same in every run, whatever the keys are.

mod certificates;
mod record;
mod secrets;
mod settings;
mod unseal;

pub use certificates::{host, make_certificates, trusted_authority};
pub use record::{alert, early_alert};
pub use secrets::KeyLogger;
pub use settings::{Offer, client_config, server_config};
pub use unseal::{mask, unseal};
