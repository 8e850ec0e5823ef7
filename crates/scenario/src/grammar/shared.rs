//! Keys and kinds that several tables have.

use crate::field::{
    Field, Kind,
    Need::{self, Optional, Required},
    Verb,
};

pub(super) const CERTIFICATE: Field = field(
    "certificate",
    Kind::Word(&["sound", "expired", "wrong-host", "unknown-authority"]),
    Optional,
    "TLS: which certificate the origin shows; `sound` when nothing is said.",
);
pub(super) const ALPN: Field = field(
    "alpn",
    Kind::Word(&["h2", "http/1.1", "both", "none"]),
    Optional,
    "TLS: the protocols that the origin lets clients choose from; when nothing is said, `http/1.1` for https1 and `both` for https2. With `none` it knows no ALPN.",
);
pub(super) const HANDSHAKE: Field = field(
    "handshake",
    Kind::Word(&["answer", "stall"]),
    Optional,
    "TLS: whether the origin answers the ClientHello; `answer` when nothing is said.",
);

pub(super) const TIME: Kind = Kind::Time { zero: false };
pub(super) const PACKETS: Kind = Kind::Count { least: 1, most: 1_000_000 };
pub(super) const BUFFER: Kind = Kind::Count { least: 256, most: MAX_BYTES };
pub(super) const WINDOW: Kind = Kind::Count { least: 0, most: MAX_WINDOW };
pub(super) const MAX_WINDOW: u32 = 0x7fff_ffff;
pub(super) const MAX_BYTES: u32 = 16 * 1024 * 1024;
pub(super) const DIRECTIONS: Kind = Kind::Word(&["to-origin", "to-client"]);

pub(super) const BACKGROUND_ID: Field =
    field("id", Kind::Id, Required, "A request that was sent in the background.");
pub(super) const CONNECTION: Field =
    field("connection", Kind::Connection, Required, "Connection number, from 1, in the order of their SYNs.");
pub(super) const ON_CONNECTION: Field = field(
    "connection",
    Kind::Connection,
    Optional,
    "Connection number; left out, every connection, also later ones.",
);
pub(super) const DIRECTION: Field = field("direction", DIRECTIONS, Optional, "Which way; left out, both.");
pub(super) const UNTIL_HEALED: Field =
    field("packets", PACKETS, Optional, "Stop after this many segments; left out, go on until `heal`.");
pub(super) const WHEN: Field = field("when", Kind::When, Optional, "When, if not in its turn in the script.");

pub(super) const MAY_MISS: Field = field(
    "may_miss",
    Kind::Flag,
    Need::Default("false"),
    "The step may have no effect on some clients: the result is not called not tried for it.",
);

pub(super) const MAX_STREAMS: Field = field(
    "max_streams",
    Kind::Count { least: 0, most: 1_000_000 },
    Optional,
    "HTTP/2: SETTINGS_MAX_CONCURRENT_STREAMS. Streams above it are refused once the client has acknowledged it.",
);

pub(super) const fn field(name: &'static str, kind: Kind, need: Need, doc: &'static str) -> Field {
    Field { name, kind, need, doc }
}

pub(super) const fn verb(
    actor: &'static str,
    word: &'static str,
    doc: &'static str,
    fields: &'static [Field],
) -> Verb {
    Verb { actor, word, doc, fields }
}
