//! The scripted peer: an origin that does exactly what the script says, byte for byte.
//!
//! It knows no client. Unless told otherwise it answers each request with `200` and a body that names
//! the request and the connection, and it writes down what it executed.
//!
//! `server` accepts and carries out steps, `plan` knows how each request is to be answered, `connection` writes bytes.
//! `http1` and `http2` turn bytes into requests and replies into bytes.

mod application;
mod asker;
mod connection;
mod hosted;
mod http1;
mod http2;
mod intake;
mod plan;
mod served;
mod server;
mod tls;

pub use application::Application;
pub use hosted::Hosted;
pub use server::Origin;

/// The header by which requests tell whose they are.
pub const REQUEST_ID: &str = "x-request-id";
