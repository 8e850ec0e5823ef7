//! The table on loopback.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::play::{Network, Polled, play};
use super::table::{Origin, Row, Step};
use crate::suite::real_sockets::deaf_origin::DeafOrigin;

/// In place of a quarter of an hour (`TCP_USER_TIMEOUT`).
const USER_TIMEOUT: Duration = Duration::from_millis(500);

pub(super) fn check(row: &Row) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is epoll");
    for polled in [Polled::AtOnce, Polled::Late] {
        runtime.block_on(async { play(Loopback::new(row.origin).await, row, polled).await });
    }
}

struct Loopback {
    address: SocketAddr,
    listener: Option<TcpListener>,
    peer: Option<TcpStream>,
    _deaf: Option<DeafOrigin>,
}

impl Loopback {
    async fn new(origin: Origin) -> Self {
        let deaf = (origin == Origin::Deaf).then(DeafOrigin::new);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a port");
        let address =
            deaf.as_ref().map_or_else(|| listener.local_addr().expect("it is bound"), DeafOrigin::address);
        let listener = (origin == Origin::Listens).then_some(listener);
        Self { address, listener, peer: None, _deaf: deaf }
    }

    async fn peer(&mut self) -> &mut TcpStream {
        if let Some(listener) = self.listener.take() {
            self.peer = Some(listener.accept().await.expect("the client has dialled").0);
        }
        self.peer.as_mut().expect("it was accepted, and is not closed")
    }

    async fn close(&mut self) {
        self.peer().await;
        self.peer = None;
    }
}

impl Network for Loopback {
    type Client = TcpStream;

    fn dial(&self) -> impl Future<Output = io::Result<TcpStream>> + 'static {
        let socket = TcpSocket::new_v4().expect("there are sockets");
        if self.listener.is_none() {
            SockRef::from(&socket).set_tcp_user_timeout(Some(USER_TIMEOUT)).expect("this is Linux");
        }
        socket.connect(self.address)
    }

    async fn act(&mut self, step: Step) {
        match step {
            Step::PeerSends => self.peer().await.write_all(b"early").await.expect("it is open"),
            Step::PeerShutsDown => {
                SockRef::from(&*self.peer().await).shutdown(Shutdown::Write).expect("it is open");
            }
            Step::PeerResets => {
                SockRef::from(&*self.peer().await).set_linger(Some(Duration::ZERO)).expect("it is a socket");
                self.close().await;
            }
            Step::PeerCloses => self.close().await,
            other => unreachable!("{other:?} is the client's"),
        }
    }

    /// A peer that reads nothing, once the client has filled all there is room for: its window stays shut.
    async fn path_dies(&mut self, client: &TcpStream) {
        self.peer().await;
        SockRef::from(client).set_tcp_user_timeout(Some(USER_TIMEOUT)).expect("this is Linux");
    }

    /// The error stays to be told: nobody asks the socket.
    async fn client_gives_up(&self, client: &TcpStream) {
        let begun = Instant::now();
        let address = client.local_addr().expect("it is bound");
        while is_known(address, self.address) {
            assert!(begun.elapsed() < Duration::from_secs(30), "it never gives up");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn write_and_shut_down(&self, client: &mut TcpStream) {
        /// More is to come: the byte waits for the FIN.
        const MSG_MORE: i32 = 0x8000;
        let socket = SockRef::from(&*client);
        client.try_io(Interest::WRITABLE, || socket.send_with_flags(b"x", MSG_MORE)).expect("there is room");
        socket.shutdown(Shutdown::Write).expect("it is open");
    }

    async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Whether the kernel has TCP state for a socket.
fn is_known(local: SocketAddr, remote: SocketAddr) -> bool {
    let [local, remote] = [local, remote].map(|address| format!(":{:04X}", address.port()));
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("this is Linux");
    sockets.lines().any(|line| {
        let mut addresses = line.split_whitespace().skip(1);
        addresses.next().is_some_and(|address| address.ends_with(&local))
            && addresses.next().is_some_and(|address| address.ends_with(&remote))
    })
}
