//! What is said to a shim, and what it answers: a line of JSON each. Version 1.
//!
//! The shim reads commands from its standard input until that ends, and then ends itself. What it writes to its standard error is kept
//! for the report of a failure. Times are milliseconds.
//!
//! ```text
//! -> {"op":"configure","protocol":1,"speaks":"http1","base":"http://origin.test","authority":null,"settings":{"idle_timeout":null,…}}
//! <- {"n":0,"version":"0.28.1"}
//! -> {"op":"send","n":1,"method":"POST","path":"/a","headers":[["x-request-id","a"]],"body":100,"read":null}
//! <- {"n":1,"status":200,"body":"a on connection 1","end":"complete"}
//! -> {"op":"send","n":2,…}
//! <- {"n":2,"kind":"reset","message":"ReadError: [Errno 104] Connection reset by peer"}
//! -> {"op":"cancel","n":3}
//! -> {"op":"close","n":4}
//! <- {"n":4}
//! ```

use closewait_trace::ErrorKind;
use serde::{Deserialize, Serialize};

/// What a shim is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Command {
    /// The first command: make a client. Answered with [`Answer::version`] by the number 0, once it is ready.
    Configure {
        /// The version of this protocol: 1.
        protocol: u32,
        /// What the client has to speak: `http1`, `h2`, `https1` or `https2`.
        speaks: &'static str,
        /// The beginning of every URI.
        base: &'static str,
        /// The authority to be trusted, PEM; only over TLS.
        authority: Option<String>,
        /// How the client is to be configured. What is `null` is not to end in a test: no idle timeout, no limit on connections.
        settings: Settings,
    },
    /// Send a request, without waiting for others. Answered with its outcome.
    Send {
        /// What the answer bears.
        n: u64,
        /// The method.
        method: String,
        /// The path, with its query.
        path: String,
        /// Names and values of header fields. What the client adds by itself stays.
        headers: Vec<(String, String)>,
        /// The length of the body, of the letter `x`; `null` is none.
        body: Option<u64>,
        /// Read so much of the response, and drop it; `null` is all of it.
        read: Option<u64>,
    },
    /// Give a request up, as an application does. It has no answer any more.
    Cancel {
        /// The request.
        n: u64,
    },
    /// Close the client in the orderly way that it offers, and answer. The program goes on.
    Close {
        /// What the answer bears.
        n: u64,
    },
    /// Let the client go without closing it, and answer nothing. The program goes on.
    Drop,
}

/// The settings of a scenario, ms and counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Close connections that have been idle for so long.
    pub idle_timeout: Option<u64>,
    /// Keep so many idle connections.
    pub max_idle: Option<u32>,
    /// Have so many connections at once.
    pub max_connections: Option<u32>,
    /// Give up on connecting.
    pub connect_timeout: Option<u64>,
    /// Give up when nothing was read.
    pub read_timeout: Option<u64>,
    /// HTTP/2: send a PING when nothing was read for so long.
    pub ping_interval: Option<u64>,
    /// HTTP/2: how long a PING may go unanswered.
    pub ping_timeout: Option<u64>,
}

/// What a shim says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// To which command.
    pub n: u64,
    /// The version of the client, with the answer 0.
    pub version: Option<String>,
    /// The status of a response.
    pub status: Option<u16>,
    /// Its body, as far as it was read.
    #[serde(default)]
    pub body: String,
    /// How reading it ended.
    pub end: Option<End>,
    /// The kind of an error.
    pub kind: Option<ErrorKind>,
    /// The client's words for it: type and message.
    pub message: Option<String>,
}

/// How reading a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The client said: this was all of it.
    Complete,
    /// It failed: `kind` and `message` say how.
    Failed,
    /// So much was to be read, and was; then it was dropped.
    Dropped,
}
