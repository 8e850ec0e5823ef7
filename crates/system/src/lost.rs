//! Why a piece of work came to no answer.

use std::{fmt, io};

/// Why a copy of the process came to no answer.
#[derive(Debug)]
pub enum Lost {
    /// A signal of this number ended it: an abort, a stack that overflowed.
    Killed(i32),
    /// It exited with this code before the work was done.
    Exited(i32),
    /// It took longer than the limit.
    Late,
    /// The zygote is gone, or the system has no process to give.
    Io(io::Error),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed(signal) => write!(f, "the process was ended by signal {signal}{}", name(*signal)),
            Self::Exited(code) => write!(f, "the process exited with code {code}"),
            Self::Late => f.write_str("the process took longer than the limit"),
            Self::Io(error) => write!(f, "no process could be had: {error}"),
        }
    }
}

impl std::error::Error for Lost {}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The signals by which a program ends itself; their numbers are the same on every Linux that is reached.
fn name(signal: i32) -> &'static str {
    match signal {
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        _ => "",
    }
}

/// How long the end of an answer is that says what became of the work.
#[allow(dead_code, reason = "not every platform has something taken over")]
pub(crate) const TRAILER: usize = 5;

#[allow(dead_code, reason = "not every platform has something taken over")]
impl Lost {
    /// The end of an answer.
    pub(crate) fn written(lost: Option<&Self>) -> [u8; TRAILER] {
        let (kind, number) = match lost {
            None => (0, 0),
            Some(Self::Killed(signal)) => (1, *signal),
            Some(Self::Exited(code)) => (2, *code),
            Some(Self::Late) => (3, 0),
            Some(Self::Io(error)) => (4, error.raw_os_error().unwrap_or(0)),
        };
        let [a, b, c, d] = i32::to_le_bytes(number);
        [kind, a, b, c, d]
    }

    /// What the end of an answer says; `None` if the work was done.
    pub(crate) fn read(trailer: &[u8]) -> Option<Self> {
        let Ok([kind, number @ ..]) = <[u8; TRAILER]>::try_from(trailer) else {
            return Some(Self::Io(io::ErrorKind::UnexpectedEof.into()));
        };
        let number = i32::from_le_bytes(number);
        match kind {
            0 => None,
            1 => Some(Self::Killed(number)),
            2 => Some(Self::Exited(number)),
            3 => Some(Self::Late),
            _ => Some(Self::Io(io::Error::from_raw_os_error(number))),
        }
    }
}
