//! The vocabulary in which `grammar.rs` describes the format.

/// A TOML table with fixed keys.
pub(super) struct Table {
    /// As messages call it, e.g. `[client]`.
    pub name: &'static str,
    pub doc: &'static str,
    pub fields: &'static [Field],
}

/// A kind of script step: `{ actor = "word", … }`.
pub(super) struct Verb {
    pub actor: &'static str,
    pub word: &'static str,
    pub doc: &'static str,
    pub fields: &'static [Field],
}

/// One key of a table or a step.
pub(super) struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub need: Need,
    pub doc: &'static str,
}

/// Whether a key must be there.
#[derive(Clone, Copy)]
pub(super) enum Need {
    Required,
    Optional,
    /// Left out, it is this TOML value.
    Default(&'static str),
}

/// What a key takes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Any string that is not blank.
    Text,
    /// A string that is not blank, or a list of them.
    Texts,
    /// A string, perhaps empty: the body of a reply.
    Body,
    /// A string that is written byte for byte; not empty.
    Bytes,
    /// URLs and RFC sections.
    Sources,
    /// `"10s"`; zero only where that means something.
    Time {
        zero: bool,
    },
    Count {
        least: u32,
        most: u32,
    },
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `"GET /a"`.
    Request,
    /// `["Name: value"]`.
    Headers,
    /// A request id that this step introduces.
    NewId,
    /// The id of a request that is sent somewhere in the script.
    Id,
    Connection,
    Status,
    Cut,
    /// A request id, `seen`, `all`, `none`, or a number.
    LastStream,
    When,
    Outcomes,
    Script,
    Section(&'static Table),
    Expectations,
}

impl Kind {
    /// What an error says that the key takes.
    pub fn expected(self) -> String {
        match self {
            Kind::Text | Kind::Body | Kind::Bytes => "a string".into(),
            Kind::Texts => "a string, or a list of them".into(),
            Kind::Sources => "a list of URLs and RFC sections".into(),
            Kind::Time { .. } => "a duration such as \"10s\"".into(),
            Kind::Count { .. } | Kind::Connection | Kind::Status => {
                let (least, most) = self.range().unwrap_or_default();
                format!("a whole number from {least} to {most}")
            }
            Kind::Flag => "true or false".into(),
            Kind::Word(words) => one_of(words),
            Kind::Request => "a method and a path such as \"GET /a\"".into(),
            Kind::Headers => "a list of header lines such as [\"Name: value\"]".into(),
            Kind::NewId | Kind::Id => "a request id such as \"a\"".into(),
            Kind::Cut => "a place in the message such as \"body 12\"".into(),
            Kind::LastStream => "a request id, \"seen\", \"all\", \"none\" or a number".into(),
            Kind::When => {
                "{ after = \"5ms\" } or { packet = 3, connection = 1, direction = \"to-client\" }".into()
            }
            Kind::Outcomes => "an outcome such as \"200\", or a list of them".into(),
            Kind::Script => "a list of steps".into(),
            Kind::Section(_) | Kind::Expectations => "a table".into(),
        }
    }

    /// The least and the most that a number may be.
    pub fn range(self) -> Option<(u32, u32)> {
        match self {
            Kind::Count { least, most } => Some((least, most)),
            Kind::Connection => Some((1, 1000)),
            Kind::Status => Some((100, 599)),
            _ => None,
        }
    }
}

/// `"a", "b" or "c"`.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
