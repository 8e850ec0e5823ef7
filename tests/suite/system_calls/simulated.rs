//! The table on the simulated network.

use std::future::Future;
use std::io;
use std::time::Duration;

use closewait::net::{Direction, Listener, Network as Simulation, Stream, Wire};
use closewait::scenario::{NetworkAction, NetworkSettings, Path};
use closewait::trace::Recorder;
use tokio::io::AsyncWriteExt;

use super::play::{Network, Polled, play};
use super::table::{Origin, Row, Step};

const EVERYTHING: Path = Path { connection: None, direction: None };

/// Who sends a RST: to the client it is the same.
#[derive(Debug, Clone, Copy)]
enum Resets {
    Peer,
    Middlebox,
}

pub(super) fn check(row: &Row) {
    for polled in [Polled::AtOnce, Polled::Late] {
        for resets in [Resets::Peer, Resets::Middlebox] {
            simulate(row, polled, resets);
        }
    }
}

fn simulate(row: &Row, polled: Polled, resets: Resets) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without IO needs nothing of the system");
    let simulation = {
        let _context = runtime.enter();
        Simulation::install(NetworkSettings::default(), Recorder::default())
    };
    let wire = simulation.wire();
    runtime.block_on(async {
        let playing = async {
            let network = Simulated::new(wire.clone(), row.origin, resets).await;
            play(network, row, polled).await;
        };
        tokio::select! { biased; () = wire.drive() => {}, () = playing => {} }
    });
    drop(runtime);
    drop(simulation);
}

struct Simulated {
    wire: Wire,
    listener: Listener,
    peer: Option<Stream>,
    resets: Resets,
}

impl Simulated {
    async fn new(wire: Wire, origin: Origin, resets: Resets) -> Self {
        let listener = wire.listen().await.expect("the port is free");
        wire.refuse_connections(origin == Origin::Refuses);
        let network = Self { wire, listener, peer: None, resets };
        if origin == Origin::Deaf {
            network.drop_everything();
        }
        network
    }

    fn drop_everything(&self) {
        assert!(self.wire.apply(&NetworkAction::Drop { path: EVERYTHING, packets: None }, 0));
    }

    async fn peer(&mut self) -> &mut Stream {
        if self.peer.is_none() {
            self.peer = Some(self.listener.accept().await.expect("the client has dialled"));
        }
        self.peer.as_mut().expect("it was accepted")
    }

    async fn reset(&mut self) {
        let rst = NetworkAction::Rst { connection: 1, direction: Some(Direction::ToClient) };
        let resets = self.resets;
        let peer = self.peer().await;
        match resets {
            Resets::Peer => peer.reset(),
            Resets::Middlebox => assert!(self.wire.apply(&rst, 0)),
        }
    }
}

impl Network for Simulated {
    type Client = Stream;

    fn dial(&self) -> impl Future<Output = io::Result<Stream>> + 'static {
        self.wire.connect()
    }

    async fn act(&mut self, step: Step) {
        match step {
            Step::PeerSends => self.peer().await.write_all(b"early").await.expect("it is open"),
            Step::PeerShutsDown => self.peer().await.half_close(),
            Step::PeerResets => self.reset().await,
            Step::PeerCloses => self.peer().await.close(),
            other => unreachable!("{other:?} is the client's"),
        }
    }

    async fn path_dies(&mut self, _: &Stream) {
        self.peer().await;
        self.drop_everything();
    }

    async fn client_gives_up(&self, _: &Stream) {
        tokio::time::sleep(Duration::from_secs(2_000)).await;
    }

    fn write_and_shut_down(&self, client: &mut Stream) {
        client.try_write(b"x").expect("there is room");
        client.half_close();
    }

    async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
