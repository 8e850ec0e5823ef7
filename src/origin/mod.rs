//! The scripted peer: an HTTP/1.1 origin that does exactly what the script says, byte for byte.
//!
//! It knows no client. Unless told otherwise it answers each request with `200` and a body that names
//! the request and the connection, and it writes down what it executed.

mod connection;
mod message;
mod request;
mod server;
mod tls;

pub use server::Origin;

/// The header by which requests tell whose they are.
pub const REQUEST_ID: &str = "x-request-id";
