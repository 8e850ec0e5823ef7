//! Looks at loopback: what of all that was sent over it has not arrived.

use std::io::{self, ErrorKind};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use super::at_rest::{TcpInfo, TcpState};
use super::line::Line;
use super::patience::{Motion, Patience};
use super::sockets::{self, ClientEnd, Found, Sockets};
use crate::machine;

/// Why a bridged run means nothing where the kernel does not tell.
const UNKNOWN: &str = "the system does not tell when loopback is at rest (it takes TCP_INFO as of Linux 5.4): \
    what a bridged client does would depend on chance";

/// The connections of one bridge.
pub(super) struct Loopback {
    listener: TcpListener,
    sockets: Sockets,
    lines: Vec<Entry>,
    found: Found,
    /// What the clients' event loops have been told, and what they would be told now.
    told: Vec<Telling>,
    news: Vec<Telling>,
    /// Connections that wait to be accepted.
    queue: u32,
}

/// A connection, and what was found at the last look.
struct Entry {
    line: Arc<Line>,
    /// What our end said; `None` once it is closed.
    ours: Option<TcpInfo>,
    /// What the client had done.
    client: Option<(TcpState, u64)>,
    at_rest: bool,
}

/// What a client's event loop can tell of a socket.
#[derive(PartialEq, Eq)]
struct Telling {
    port: u16,
    state: TcpState,
    received: u64,
    has_room: bool,
}

impl Telling {
    fn of(client: &ClientEnd) -> Self {
        let ClientEnd { port, info, has_room, .. } = *client;
        Self { port, state: info.state, received: info.received, has_room }
    }
}

/// Why there can be no bridge here, if so. Asked until there is an answer.
///
/// # Errors
/// Loopback cannot be used.
pub(super) fn obstacle() -> io::Result<Option<&'static str>> {
    static TELLS: Mutex<Option<bool>> = Mutex::new(None);
    let mut told = TELLS.lock().unwrap_or_else(PoisonError::into_inner);
    let tells = match *told {
        Some(tells) => tells,
        None => *told.insert(sockets::kernel_tells()?),
    };
    Ok((!tells).then_some(UNKNOWN))
}

impl Loopback {
    pub fn new(listener: TcpListener, address: SocketAddrV4) -> Self {
        let sockets = Sockets::of(&listener, address);
        Self {
            listener,
            sockets,
            lines: Vec::new(),
            found: Found::default(),
            told: Vec::new(),
            news: Vec::new(),
            queue: 0,
        }
    }

    /// Looks at both ends of every connection, and at those that are being opened.
    pub fn look(&mut self) -> Motion {
        self.sockets.find(&mut self.found);
        if self.lines.iter().any(|entry| entry.misses_client(&self.found)) {
            self.sockets.find_everywhere(&mut self.found);
        }
        self.queue = sockets::info_of(&self.listener).map_or(0, |listener| listener.unacknowledged);
        self.news.clear();
        self.news.extend(self.found.clients.iter().map(Telling::of));
        let (mut under_way, mut progress, mut accepted) = (None, u64::from(self.queue), 0);
        for entry in &mut self.lines {
            let client = self.found.client(entry.line.port);
            accepted += u32::from(client.is_some());
            progress += client.map_or(0, |client| client.info.received);
            under_way = entry.look(client).or(under_way);
            progress += entry.ours.map_or(0, |ours| ours.received);
        }
        let waiting = self.found.clients.len() as u32 - accepted;
        let dialling = self.found.dialling || waiting > self.queue;
        let under_way = under_way.or(dialling.then_some("the handshake of a client"));
        under_way.map_or(Motion::AtRest, |what| Motion::UnderWay(what, progress))
    }

    /// Whether the clients' event loops would tell something new, if they turned. Takes it as told.
    pub fn tell(&mut self) -> bool {
        std::mem::swap(&mut self.told, &mut self.news);
        self.told != self.news
    }

    /// Whether connections wait to be accepted.
    pub fn has_queue(&self) -> bool {
        self.queue > 0
    }

    /// Takes over the connections that wait, in the order in which they were dialled.
    pub fn accept(&mut self, patience: &Arc<Patience>) -> Vec<Arc<Line>> {
        let mut accepted: Vec<_> = std::iter::from_fn(|| self.accept_one(patience)).collect();
        accepted.sort_unstable_by_key(|(_, port)| *port);
        let first = first_dialled(accepted.iter().map(|(_, port)| *port));
        accepted.rotate_left(first);
        let line = |(real, port)| Arc::new(Line::new(real, port, patience.clone()));
        let lines: Vec<_> = accepted.into_iter().map(line).collect();
        self.lines.extend(lines.iter().cloned().map(Entry::new));
        lines
    }

    fn accept_one(&self, patience: &Patience) -> Option<(TcpStream, u16)> {
        let accepted = self.listener.accept().and_then(|(real, client)| {
            real.set_nonblocking(true)?;
            Ok((real, client.port()))
        });
        match accepted {
            Ok(accepted) => Some(accepted),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => {
                machine::note(&error);
                patience.give_up(format!("the bridge cannot accept a connection: {error}"));
                None
            }
        }
    }

    /// Whether loopback has no room for something.
    pub fn is_full(&self) -> bool {
        self.lines.iter().any(|entry| entry.line.is_full())
    }

    /// Lets those on that wait for something that has come, in the order of the connections. False if there is none.
    pub fn let_on(&mut self) -> bool {
        self.lines.retain(|entry| entry.ours.is_some() || entry.line.has_client());
        let mut any = false;
        for Entry { line, ours, .. } in &self.lines {
            any |= ours.is_some_and(|ours| line.let_on(&ours));
        }
        any
    }
}

impl Entry {
    fn new(line: Arc<Line>) -> Self {
        Self { line, ours: None, client: None, at_rest: false }
    }

    /// Whether the client's end was not found though it was there before, or must be: nothing says that it was closed.
    fn misses_client(&self, found: &Found) -> bool {
        let is_open = || self.line.info().is_some_and(|ours| ours.awaits_fin());
        !found.has(self.line.port) && (self.line.has_client() || is_open())
    }

    /// What is under way. Where neither end has done anything since it was at rest, our end is not asked again.
    fn look(&mut self, client: Option<&ClientEnd>) -> Option<&'static str> {
        let before = self.client;
        self.client = client.map(|client| (client.info.state, client.info.sent));
        self.line.meet(client.copied());
        if self.line.was_used() || !self.at_rest || self.client != before {
            self.ours = self.line.info();
        }
        let under_way = self.line.under_way(client, self.ours.as_ref());
        self.at_rest = under_way.is_none();
        under_way
    }
}

impl Found {
    fn client(&self, port: u16) -> Option<&ClientEnd> {
        self.clients.binary_search_by_key(&port, |client| client.port).ok().map(|at| &self.clients[at])
    }

    fn has(&self, port: u16) -> bool {
        self.client(port).is_some()
    }
}

/// Which of the sorted ports was dialled from first. Linux counts up through the ports that it gives to those who dial one
/// address, a few at a time, and begins again at the lowest: a wide gap is where it began again. The order in which
/// handshakes are completed says nothing: two cores may work on them at once.
fn first_dialled(ports: impl Iterator<Item = u16> + Clone) -> usize {
    const WIDE: u16 = 4_096;
    let gap = ports.clone().zip(ports.skip(1)).position(|(one, next)| next - one > WIDE);
    gap.map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ports: &[u16], first: usize) {
        assert_eq!(first_dialled(ports.iter().copied()), first, "{ports:?}");
    }

    #[test]
    fn ports_count_up_and_begin_again() {
        check(&[], 0);
        check(&[40_000], 0);
        check(&[40_000, 40_002, 40_018], 0);
        check(&[32_770, 32_772, 60_990, 60_998], 2);
        check(&[32_768, 60_998], 1);
    }
}
