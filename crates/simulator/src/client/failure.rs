//! What a client reports when it has no response, brought to one form.

use std::error::Error;
use std::io;

use closewait_trace::ErrorKind;

use super::connector::DialFailed;
use crate::machine;

/// A client's error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of error, as far as the client tells.
    pub kind: ErrorKind,
    /// The client's words, innermost cause last.
    pub message: String,
}

impl Failure {
    /// Describes an error by its chain of sources.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let chain: Vec<_> = std::iter::successors(Some(error), |&error| error.source()).collect();
        let system = chain.iter().filter_map(|error| error.downcast_ref::<io::Error>());
        // What the machine does not give it gives to no client.
        system.for_each(|error| _ = machine::note(error));
        let kind = chain.iter().rev().find_map(|error| kind_of(*error)).unwrap_or(ErrorKind::Other);
        Self { kind, message: words(&chain) }
    }
}

/// The chain in one line. A layer that merely repeats its source is left out.
fn words(chain: &[&(dyn Error + 'static)]) -> String {
    let mut words: Vec<String> = Vec::new();
    for layer in chain.iter().map(ToString::to_string) {
        match words.last_mut() {
            Some(last) if last.ends_with(&layer) => {}
            _ => words.push(layer),
        }
    }
    words.join(": ")
}

fn kind_of(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return kind_of_hyper(error);
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return kind_of_io(error);
    }
    if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
        return error.is_connect().then_some(ErrorKind::Connect);
    }
    // Some clients hide the type of their timeouts; their words are all there is. reqwest is one.
    let timed_out = error.source().is_none() && error.to_string() == "operation timed out";
    timed_out.then_some(ErrorKind::Timeout)
}

fn kind_of_hyper(error: &hyper::Error) -> Option<ErrorKind> {
    match error {
        e if e.is_incomplete_message() => Some(ErrorKind::Closed),
        e if e.is_canceled() => Some(ErrorKind::Canceled),
        e if e.is_timeout() => Some(ErrorKind::Timeout),
        e if e.is_parse() => Some(ErrorKind::Protocol),
        _ => None,
    }
}

fn kind_of_io(error: &io::Error) -> Option<ErrorKind> {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe if DialFailed::marks(error) => {
            Some(ErrorKind::Connect)
        }
        io::ErrorKind::ConnectionRefused => Some(ErrorKind::Connect),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Some(ErrorKind::Reset),
        io::ErrorKind::TimedOut => Some(ErrorKind::Timeout),
        io::ErrorKind::UnexpectedEof => Some(ErrorKind::Closed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<dyn Error + Send + Sync>>);

    fn check(error: impl Error + 'static, kind: ErrorKind, message: &str) {
        assert_eq!(Failure::of(&error), Failure { kind, message: message.to_owned() });
    }

    #[test]
    fn the_innermost_cause_tells_the_kind() {
        let reset = io::Error::new(io::ErrorKind::ConnectionReset, "reset");
        check(Layer("outer", Some(reset.into())), ErrorKind::Reset, "outer: reset");
        check(Layer("alone", None), ErrorKind::Other, "alone");
    }

    #[test]
    fn a_dial_that_was_reset_is_no_connection() {
        let reset = DialFailed::mark(&io::ErrorKind::ConnectionReset.into());
        check(Layer("outer", Some(reset.into())), ErrorKind::Connect, "outer: connection reset");
    }

    #[test]
    fn repeated_words_are_left_out() {
        let inner = Layer("gone", None);
        check(Layer("lost: gone", Some(Box::new(inner))), ErrorKind::Other, "lost: gone");
    }
}
