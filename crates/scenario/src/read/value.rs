//! A value that was read, and what the model takes it for.

use std::time::Duration;

use crate::{Alpn, Certificate, Cut, Direction, ErrorCode, Handshake, LastStream, When};

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Texts(Vec<String>),
    Time(Duration),
    Count(u32),
    Flag(bool),
    Word(&'static str),
    Pair(String, String),
    Pairs(Vec<(String, String)>),
    Cut(Cut),
    LastStream(LastStream),
    When(When),
    /// A table or a list, which is read elsewhere.
    Nested,
}

/// What a [`Value`] is read as.
pub(super) trait FromValue: Sized {
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($pattern:pat => $type:ty = $result:expr;)*) => {$(
        impl FromValue for $type {
            fn from_value(value: Value) -> Option<Self> {
                match value { $pattern => Some($result), _ => None }
            }
        }
    )*};
}

from_value! {
    Value::Text(text) => String = text;
    Value::Texts(texts) => Vec<String> = texts;
    Value::Time(time) => Duration = time;
    Value::Count(count) => u32 = count;
    Value::Flag(flag) => bool = flag;
    Value::Word(word) => &'static str = word;
    Value::Pair(first, second) => (String, String) = (first, second);
    Value::Pairs(pairs) => Vec<(String, String)> = pairs;
    Value::Cut(cut) => Cut = cut;
    Value::LastStream(last) => LastStream = last;
    Value::Word(word) => ErrorCode = ErrorCode::of_word(word)?;
    Value::When(when) => When = when;
    Value::Word(word) => Certificate = *named(&Certificate::ALL, word)?;
    Value::Word(word) => Alpn = *named(&Alpn::ALL, word)?;
    Value::Word(word) => Handshake = if word == "stall" { Handshake::Stall } else { Handshake::Answer };
    Value::Word(word) => Direction = if word == "to-origin" { Direction::ToOrigin } else { Direction::ToClient };
}

fn named<'t, T>(all: &'t [(T, &str)], word: &str) -> Option<&'t T> {
    all.iter().find(|(_, name)| *name == word).map(|(value, _)| value)
}
