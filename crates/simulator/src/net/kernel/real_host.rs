//! The host of a program under test: a real kernel; and the rule for when time goes on there.
//!
//! The lab has virtual time also here, and the program has real time. Virtual time stands while anything of the program runs, and while
//! the lab does; otherwise it is as fast as real time. So a segment and what the program does about it bear one instant, as
//! in a simulation, however busy the machine is; and what the program waits for is never late, though it may be early by the time that
//! the program has taken.

use std::io;
use std::pin::pin;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Waker};
use std::thread::sleep;
use std::time::{Duration, Instant};

use closewait_kernel::{Host, Look, Obstacle, Program};
use tokio::sync::{Notify, mpsc};
use turmoil_net::Packet;

use super::frames::{encode, parse};
use crate::net::outside::OutsideHost;
use crate::net::{ProgramFault as Fault, ProgramLine as Line, Wire};
use crate::timer;

/// A network namespace with a program in it.
pub struct RealHost {
    parts: Arc<Mutex<Parts>>,
    /// The wire, once there is one.
    wire: OnceLock<Wire>,
    /// How the program ended the run, if it did.
    fault: OnceLock<Fault>,
    /// Why what the program did means nothing, if so.
    distortion: OnceLock<String>,
    woken: Notify,
}

struct Parts {
    host: Host,
    program: Option<Program>,
    lines: Option<mpsc::UnboundedSender<Line>>,
    /// The program has had something since it last was at rest: how long its threads had run then, ns.
    stirred: Stirred,
    /// When the program was last seen at rest; `None` if something has come to it or from it since.
    seen_at_rest: Option<Instant>,
    /// Real time that has passed while the program rested, and virtual time has not followed.
    credit: Duration,
    /// How far virtual time was when that was last counted.
    counted: Option<tokio::time::Instant>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stirred {
    #[default]
    No,
    /// Since this instant; the threads had run so long at the first look after it, ns.
    Since(Instant, Option<u64>),
}

/// The longest that virtual time jumps at once.
const STRIDE: Duration = Duration::from_millis(100);
/// A look at the threads of a program costs some 100 µs, of the processor that the program may be waiting for.
const SHORTEST_NAP: Duration = Duration::from_micros(50);
const LONGEST_NAP: Duration = Duration::from_millis(2);
/// A program that has run this long without a pause does not come to rest: processor time, all threads together.
const SPIN: Duration = Duration::from_secs(5);
/// The same for one that does not sleep and does not run either.
const STUCK: Duration = Duration::from_secs(120);

impl RealHost {
    /// A fresh one, on this thread: what it starts is in its network.
    ///
    /// # Errors
    /// What the system lacks.
    pub fn new() -> Result<Arc<Self>, Obstacle> {
        let parts = Parts {
            host: Host::new()?,
            program: None,
            lines: None,
            stirred: Stirred::No,
            seen_at_rest: None,
            credit: Duration::ZERO,
            counted: None,
        };
        let host = Self {
            parts: Arc::new(Mutex::new(parts)),
            wire: OnceLock::new(),
            fault: OnceLock::new(),
            distortion: OnceLock::new(),
            woken: Notify::new(),
        };
        Ok(Arc::new(host))
    }

    /// Puts the host at the client's end of the wire.
    pub fn attach(&self, wire: Wire) {
        let end = End(self.parts.clone());
        wire.with(|state| state.outside = Some(Box::new(end)));
        let _ = self.wire.set(wire);
    }

    /// Starts the program. What it says comes out of what is returned.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, command: Command) -> io::Result<mpsc::UnboundedReceiver<Line>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let program = Program::start(command)?;
        let mut parts = self.parts();
        parts.program = Some(program);
        parts.lines = Some(sender);
        Ok(receiver)
    }

    /// Writes a line to the program. If it does not read any more, it is over, and that is heard of.
    pub fn tell(&self, line: &str) {
        let mut parts = self.parts();
        parts.act();
        if let Some(program) = &mut parts.program {
            let _ = program.tell(line);
        }
    }

    /// Waits in real time until the program has said something, for so long at most.
    pub fn wait_for_line(&self, limit: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            let mut parts = self.parts();
            if parts.hear() {
                return;
            }
            parts.wait(Duration::from_millis(20));
        }
    }

    /// To be called whenever the runtime is about to go idle: then its clock would jump to the next timer. Returns when it may, or
    /// when a task has been woken.
    pub fn before_idle(&self) {
        let mut nap = SHORTEST_NAP;
        self.parts().debit();
        loop {
            if self.take() {
                self.woken.notify_one();
                return;
            }
            let mut parts = self.parts();
            let rest = until_next_timer();
            match parts.look() {
                Rest::Never => {
                    self.set(Fault::Hung);
                    return;
                }
                Rest::NotYet => {
                    drop(parts);
                    sleep(nap);
                    nap = (nap * 2).min(LONGEST_NAP);
                }
                Rest::Now => {
                    if rest <= parts.credit {
                        return;
                    }
                    parts.wait(rest - parts.credit);
                }
            }
        }
    }

    /// Lets virtual time go on in small steps, until the program hangs. To be polled in the main task of the runtime.
    pub async fn keep(&self) -> Fault {
        let mut stride = pin!(timer::sleep(STRIDE));
        loop {
            if let Some(fault) = self.fault.get() {
                return fault.clone();
            }
            tokio::select! {
                biased;
                () = self.woken.notified() => {}
                () = &mut stride => stride.set(timer::sleep(STRIDE)),
            }
        }
    }

    /// The program does not keep to the protocol, or has ended: that ends the run.
    pub fn fail(&self, why: String) {
        self.set(Fault::Broken(why));
    }

    /// The run means nothing, for this reason: it ends.
    pub fn distort(&self, why: String) {
        let _ = self.distortion.set(why);
        self.set(Fault::Distorted);
    }

    /// Why the run means nothing, if so.
    pub fn distortion(&self) -> Option<String> {
        self.distortion.get().cloned()
    }

    fn set(&self, fault: Fault) {
        let _ = self.fault.set(fault);
        self.woken.notify_one();
    }

    /// Takes what has come from the program. What it sent over the network before it wrote a line is on the wire before. True if
    /// there was something.
    fn take(&self) -> bool {
        let mut parts = self.parts();
        let heard = parts.collect();
        let comes = !heard.is_empty() || parts.has_packets();
        if comes {
            parts.catch_up();
        }
        drop(parts);
        let sent = self.wire.get().and_then(|wire| wire.act(|state, now| state.take_from_outside(now)));
        let mut parts = self.parts();
        let any = !heard.is_empty() || sent == Some(true);
        if any {
            parts.stir();
        }
        for line in heard {
            parts.forward(line);
        }
        any
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        locked(&self.parts)
    }
}

/// Moves virtual time on, here and now.
fn advance(by: Duration) {
    let mut advancing = pin!(tokio::time::advance(by));
    // The first poll does it; the second would let other tasks run before, which they do as soon as the runtime goes on.
    let _ = advancing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

/// How much virtual time there is until somebody in the lab goes on.
fn until_next_timer() -> Duration {
    let now = tokio::time::Instant::now();
    timer::next_due().map_or(STRIDE, |due| due.saturating_duration_since(now))
}

enum Rest {
    Now,
    NotYet,
    Never,
}

impl Parts {
    /// The lab does something to the program, now. By how much it is late is forgotten: what the program does about it would seem late.
    fn act(&mut self) {
        self.stir();
        self.credit = Duration::ZERO;
    }

    /// The program runs, or is about to.
    fn stir(&mut self) {
        self.credit_rest();
        if self.stirred == Stirred::No {
            self.stirred = Stirred::Since(Instant::now(), None);
        }
    }

    /// Virtual time has gone on, in as many steps as the runtime likes.
    fn debit(&mut self) {
        let now = tokio::time::Instant::now();
        let before = self.counted.replace(now).unwrap_or(now);
        self.credit = self.credit.saturating_sub(now - before);
    }

    fn credit_rest(&mut self) {
        self.credit += self.seen_at_rest.take().map_or(Duration::ZERO, |since| since.elapsed());
    }

    /// Whether nothing of the program runs.
    fn look(&mut self) -> Rest {
        let look = self.program.as_mut().map_or(Look::Ended, Program::look);
        match look {
            Look::AtRest | Look::Ended => {
                self.stirred = Stirred::No;
                // It has not run since the last look, whatever the lab, or the machine, did meanwhile.
                self.credit_rest();
                self.seen_at_rest = Some(Instant::now());
                Rest::Now
            }
            Look::Busy(ran) => {
                self.stir();
                let Stirred::Since(begun, first) = &mut self.stirred else { return Rest::NotYet };
                let spun = Duration::from_nanos(ran.saturating_sub(*first.get_or_insert(ran)));
                if spun > SPIN || begun.elapsed() > STUCK { Rest::Never } else { Rest::NotYet }
            }
        }
    }

    /// Something comes from the program: as much time has passed as it waited, but nothing that is due is left out. What the lab was
    /// late by is forgotten, so that nothing of the program seems late.
    fn catch_up(&mut self) {
        self.credit_rest();
        let passed = self.credit.min(until_next_timer());
        // Timers have whole milliseconds.
        let whole = Duration::from_millis(passed.as_millis() as u64);
        advance(whole);
        self.credit = passed;
        self.debit();
    }

    /// Whether the kernel has sent something.
    fn has_packets(&self) -> bool {
        self.host.has_packets()
    }

    /// Waits in real time for a packet or a line.
    fn wait(&self, limit: Duration) {
        // At the end of its output a pipe is always readable.
        let program = self.program.as_ref().filter(|_| self.lines.is_some());
        self.host.wait(program, limit);
    }

    fn hear(&mut self) -> bool {
        let heard = self.collect();
        let any = !heard.is_empty();
        for line in heard {
            self.forward(line);
        }
        any
    }

    /// The lines that have come.
    fn collect(&mut self) -> Vec<Line> {
        let Some(program) = self.program.as_mut().filter(|_| self.lines.is_some()) else { return Vec::new() };
        let mut lines = Vec::new();
        loop {
            match program.hear() {
                Ok(Some(text)) => lines.push(Line::Text(text)),
                Ok(None) if program.is_over() => {
                    break lines.push(Line::Over(with_complaints("it has ended", program)));
                }
                Ok(None) => break,
                Err(error) => break lines.push(Line::Over(with_complaints(&error.to_string(), program))),
            }
        }
        lines
    }

    fn forward(&mut self, line: Line) {
        let is_last = matches!(line, Line::Over(_));
        if let Some(lines) = &self.lines {
            let _ = lines.send(line);
        }
        if is_last {
            self.lines = None;
        }
    }
}

fn locked(parts: &Mutex<Parts>) -> MutexGuard<'_, Parts> {
    parts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with_complaints(why: &str, program: &Program) -> String {
    let complaints: Vec<&str> = program.complaints().collect();
    if complaints.is_empty() {
        why.to_owned()
    } else {
        format!("{why}; its last words: {}", complaints.join(" / "))
    }
}

/// The wire's view of the kernel.
struct End(Arc<Mutex<Parts>>);

impl OutsideHost for End {
    fn sent(&mut self) -> Option<Packet> {
        let mut parts = locked(&self.0);
        loop {
            // The device goes with the namespace, which is there as long as this thread.
            let bytes = parts.host.take().expect("the packet socket is open")?;
            if let Some(packet) = parse(bytes) {
                return Some(packet);
            }
        }
    }

    fn receive(&mut self, packet: &Packet) {
        let mut parts = locked(&self.0);
        parts.act();
        parts.host.put(&encode(packet)).expect("the packet socket is open");
    }

    fn sockets(&self) -> Vec<(u16, &'static str)> {
        let sockets = locked(&self.0).host.sockets().expect("/proc is there");
        sockets.into_iter().map(|socket| (socket.port, socket.state)).collect()
    }
}
