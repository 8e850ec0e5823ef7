//! A process that is copied for each piece of work.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use crate::lost::{Lost, TRAILER};

/// A process that stays as it was when it was forked, and does each piece of work in a child of its own. So no work sees what another
/// left behind: numbers of threads, counters, statics. A child that crashes, exits or hangs takes nothing with it.
pub struct Zygote {
    socket: UnixStream,
}

impl Zygote {
    /// Forks it. `work` makes an answer of a request, in a process with one thread; a child that takes longer than `limit`, real time, is
    /// killed. `None` if this process has other threads already: what they hold locked would stay so in a copy.
    ///
    /// # Errors
    /// If the system has no socket or no process to give.
    pub fn start(limit: Duration, work: impl Fn(&[u8]) -> Vec<u8>) -> io::Result<Option<Self>> {
        if std::fs::read_dir("/proc/self/task")?.count() != 1 {
            return Ok(None);
        }
        let (ours, theirs) = UnixStream::pair()?;
        // SAFETY: this process has one thread, so its copy is whole and may do what this process may.
        match unsafe { fork() }? {
            ForkResult::Parent { .. } => Ok(Some(Self { socket: ours })),
            ForkResult::Child => {
                drop(ours);
                serve(theirs, limit, &work)
            }
        }
    }

    /// Has a piece of work done in a fresh copy.
    ///
    /// # Errors
    /// If the copy came to no answer, or the zygote is gone.
    pub fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>, Lost> {
        write_frame(&mut self.socket, request)?;
        let mut answer = read_frame(&mut self.socket)?;
        let trailer = answer.split_off(answer.len().saturating_sub(TRAILER));
        Lost::read(&trailer).map_or(Ok(answer), Err)
    }
}

/// Until nobody can ask any more.
fn serve(mut socket: UnixStream, limit: Duration, work: &impl Fn(&[u8]) -> Vec<u8>) -> ! {
    while let Ok(request) = read_frame(&mut socket) {
        let (mut answer, lost) = match in_a_child(&request, limit, work) {
            Ok(answer) => (answer, None),
            Err(lost) => (Vec::new(), Some(lost)),
        };
        answer.extend(Lost::written(lost.as_ref()));
        if write_frame(&mut socket, &answer).is_err() {
            break;
        }
    }
    exit(0)
}

fn in_a_child(request: &[u8], limit: Duration, work: &impl Fn(&[u8]) -> Vec<u8>) -> Result<Vec<u8>, Lost> {
    let (reader, writer) = io::pipe()?;
    // SAFETY: a zygote has one thread, so its copy is whole and may do what it may.
    match unsafe { fork() }.map_err(io::Error::from)? {
        ForkResult::Child => {
            drop(reader);
            do_it(request, writer, work)
        }
        ForkResult::Parent { child } => {
            drop(writer);
            answer_of(child, reader, limit)
        }
    }
}

/// In the child.
fn do_it(request: &[u8], mut writer: PipeWriter, work: &impl Fn(&[u8]) -> Vec<u8>) -> ! {
    let answered = catch_unwind(AssertUnwindSafe(|| write_frame(&mut writer, &work(request)).is_ok()));
    let _ = io::stdout().flush();
    exit(if answered.unwrap_or(false) { 0 } else { 101 })
}

fn answer_of(child: Pid, mut reader: PipeReader, limit: Duration) -> Result<Vec<u8>, Lost> {
    let deadline = Instant::now() + limit;
    let mut written = Vec::new();
    let in_time = read_until(&mut reader, &mut written, deadline)?;
    if !in_time {
        kill(child, Signal::SIGKILL).map_err(io::Error::from)?;
    }
    let status = waitpid(child, None).map_err(io::Error::from)?;
    match (in_time, status, read_frame(&mut written.as_slice())) {
        (false, ..) => Err(Lost::Late),
        (true, WaitStatus::Exited(_, 0), Ok(answer)) => Ok(answer),
        (true, WaitStatus::Exited(_, code), _) => Err(Lost::Exited(code)),
        (true, WaitStatus::Signaled(_, signal, _), _) => Err(Lost::Killed(signal as i32)),
        (true, ..) => Err(Lost::Exited(-1)),
    }
}

/// Reads what the child writes, to its end. False if that is after the deadline.
fn read_until(reader: &mut PipeReader, written: &mut Vec<u8>, deadline: Instant) -> io::Result<bool> {
    let mut chunk = [0; 64 * 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        if poll(&mut [PollFd::new(reader.as_fd(), PollFlags::POLLIN)], timeout)? == 0 {
            if left.is_zero() {
                return Ok(false);
            }
            continue;
        }
        match reader.read(&mut chunk)? {
            0 => return Ok(true),
            length => written.extend_from_slice(&chunk[..length]),
        }
    }
}

/// Without the handlers of `atexit`, which are the first process's.
fn exit(code: i32) -> ! {
    // SAFETY: `_exit` asks for nothing.
    unsafe { libc::_exit(code) }
}

/// The length, then so many bytes.
fn write_frame(writer: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    writer.write_all(&(bytes.len() as u64).to_le_bytes())?;
    writer.write_all(bytes)
}

fn read_frame(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    reader.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let mut bytes = Vec::new();
    let read = reader.take(length).read_to_end(&mut bytes)?;
    if read as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
