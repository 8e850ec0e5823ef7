//! The program that is under test: its process, and the lines that go in and come out.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::threads;

/// A program with lines of text on its standard input and output. It ends with the thread that started it, whatever happens.
pub struct Program {
    child: Child,
    stdin: ChildStdin,
    output: Lines<std::process::ChildStdout>,
    errors: Lines<std::process::ChildStderr>,
    /// The last lines of its standard error.
    complaints: VecDeque<String>,
    before: Option<Vec<(i32, char, u64)>>,
}

/// What a look at a program finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Every thread waits, as it did at the look before, and none has run in between.
    AtRest,
    /// Something runs, or has run since the last look. So long has all of it run, ns.
    Busy(u64),
    /// The process has ended.
    Ended,
}

/// How many lines of its standard error are kept.
const COMPLAINTS: usize = 20;

impl Program {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no such program, or no process to be had.
    pub fn start(mut command: Command) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        closewait_system::end_with_this_thread(&mut command);
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().expect("it is a pipe");
        let output = Lines::of(child.stdout.take().expect("it is a pipe"))?;
        let errors = Lines::of(child.stderr.take().expect("it is a pipe"))?;
        Ok(Self { child, stdin, output, errors, complaints: VecDeque::new(), before: None })
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    /// When it does not read any more.
    pub fn tell(&mut self, line: &str) -> io::Result<()> {
        self.before = None;
        self.stdin.write_all(format!("{line}\n").as_bytes())
    }

    /// The next whole line of its standard output; `None` if there is none yet, or none any more.
    ///
    /// # Errors
    /// When a line is longer than 16 MiB, or is no UTF-8.
    pub fn hear(&mut self) -> io::Result<Option<String>> {
        while let Some(line) = self.errors.next()? {
            self.complaints.push_back(line);
            if self.complaints.len() > COMPLAINTS {
                self.complaints.pop_front();
            }
        }
        self.output.next()
    }

    /// Whether it has closed its standard output: nothing more is to be heard.
    pub fn is_over(&self) -> bool {
        self.output.is_over
    }

    /// How it has ended, if it has.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last lines of its standard error.
    pub fn complaints(&self) -> impl Iterator<Item = &str> {
        self.complaints.iter().map(String::as_str)
    }

    /// The descriptor that is readable when there is a line to hear.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.output.pipe.as_fd()
    }

    /// Looks at its threads.
    pub fn look(&mut self) -> Look {
        let Some(now) = threads::of(self.child.id().cast_signed()) else { return Look::Ended };
        let ran = threads::ran(&now);
        let at_rest = threads::are_waiting(&now) && self.before.as_ref() == Some(&now);
        self.before = Some(now);
        if at_rest { Look::AtRest } else { Look::Busy(ran) }
    }

    fn signal(&self, signal: Signal) {
        // It may have ended.
        let _ = killpg(Pid::from_raw(self.child.id().cast_signed()), signal);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// Lines out of a pipe, without waiting for any.
struct Lines<P> {
    pipe: P,
    buffer: Vec<u8>,
    is_over: bool,
}

/// A body of a response is in one line.
const LONGEST_LINE: usize = 16 << 20;

impl<P: Read + AsFd> Lines<P> {
    fn of(pipe: P) -> io::Result<Self> {
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self { pipe, buffer: Vec::new(), is_over: false })
    }

    fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                line.truncate(end);
                return String::from_utf8(line).map(Some).map_err(io::Error::other);
            }
            if self.buffer.len() > LONGEST_LINE {
                return Err(io::Error::other("a line of more than 16 MiB"));
            }
            let mut chunk = [0; 65_536];
            match self.pipe.read(&mut chunk) {
                Ok(0) => {
                    self.is_over = true;
                    return Ok(None);
                }
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}
