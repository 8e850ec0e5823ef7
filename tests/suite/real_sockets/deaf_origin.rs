//! An origin that hears no dial, until it does.

use std::net::{SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

/// A listener whose queue is full: Linux drops the SYNs of all others without a word.
pub struct DeafOrigin {
    address: SocketAddr,
    listener: Socket,
    _queued: TcpStream,
    /// Kept open, so that it is no socket of interest.
    accepted: Option<Socket>,
}

impl DeafOrigin {
    pub fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there are sockets");
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("there is a port");
        // There is room for one more than it says.
        listener.listen(0).expect("it is bound");
        let address =
            listener.local_addr().ok().and_then(|address| address.as_socket()).expect("it is bound");
        let queued = TcpStream::connect(address).expect("there is room for one");
        Self { address, listener, _queued: queued, accepted: None }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes room: the next SYN that comes again is answered. That connection.
    pub fn hear(&mut self) -> TcpStream {
        self.accepted = Some(self.listener.accept().expect("one is queued").0);
        self.listener.accept().expect("one comes again").0.into()
    }

    /// Whether a socket of this host is in SYN_SENT towards it.
    pub fn is_dialled(&self) -> bool {
        self.has_client_in("02")
    }

    /// Whether a socket of this host has its FIN and has not answered with one.
    pub fn waits_for_close(&self) -> bool {
        self.has_client_in("08")
    }

    fn has_client_in(&self, state: &str) -> bool {
        let sockets = std::fs::read_to_string("/proc/net/tcp").expect("this is Linux");
        let port = format!(":{:04X}", self.address.port());
        let is_client = |line: &str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            matches!(fields[..], [_, _, remote, its, ..] if remote.ends_with(&port) && its == state)
        };
        sockets.lines().any(is_client)
    }
}
