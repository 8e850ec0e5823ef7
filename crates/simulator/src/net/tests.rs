//! What system calls on a simulated socket return when it is dead, as on Linux.

use std::io::ErrorKind;
use std::time::Duration;

use closewait_scenario::{NetworkAction, NetworkSettings};
use closewait_trace::Recorder;
use tokio::io::AsyncWriteExt;

use super::{Network, Side, Stream, Wire};

/// What the peer does, and what reads (`true`) and writes of the client then come to.
fn check(peer: impl AsyncFn(&Stream, &Wire) + 'static, calls: &[(bool, Result<&str, ErrorKind>)]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without IO needs nothing of the system");
    let network = {
        let _context = runtime.enter();
        Network::install(NetworkSettings::default(), Recorder::default())
    };
    let wire = network.wire();
    runtime.block_on(async {
        let playing = async {
            let listener = wire.listen().await.expect("the port is free");
            let (client, origin) = tokio::join!(wire.connect(), listener.accept());
            let (mut client, origin) = (client.expect("it listens"), origin.expect("it listens"));
            peer(&origin, &wire).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            for (call, (reads, expected)) in calls.iter().enumerate() {
                let mut buffer = [0; 64];
                let result = match reads {
                    true => client.read(&mut buffer).await,
                    false => client.write(b"x").await,
                };
                let result = result.map(|n| if *reads { &buffer[..n] } else { b"" }).map_err(|e| e.kind());
                assert_eq!(result, expected.map(str::as_bytes), "call {}", call + 1);
            }
        };
        tokio::select! { biased; () = wire.drive() => {}, () = playing => {} }
    });
    drop(runtime);
    drop(network);
}

const READ: bool = true;
const WRITE: bool = false;
const END: (bool, Result<&str, ErrorKind>) = (READ, Ok(""));
const RESET: (bool, Result<&str, ErrorKind>) = (READ, Err(ErrorKind::ConnectionReset));
const BROKEN_PIPE: (bool, Result<&str, ErrorKind>) = (WRITE, Err(ErrorKind::BrokenPipe));

#[test]
fn a_reader_hears_of_a_reset_once() {
    check(async |origin, _| origin.reset(), &[RESET, END, BROKEN_PIPE, END]);
}

#[test]
fn a_writer_hears_of_a_reset_once() {
    let reset = (WRITE, Err(ErrorKind::ConnectionReset));
    check(async |origin, _| origin.reset(), &[reset, BROKEN_PIPE, END]);
}

#[test]
fn what_came_before_a_reset_is_read_first() {
    let peer = async |origin: &Stream, _: &Wire| {
        origin.write_all(b"early").await.expect("the buffer is empty");
        origin.reset();
    };
    check(peer, &[(READ, Ok("early")), RESET, END]);
}

#[test]
fn after_a_fin_a_reader_learns_of_no_reset() {
    let peer = async |origin: &Stream, _: &Wire| {
        origin.half_close();
        origin.reset();
    };
    check(peer, &[END, BROKEN_PIPE, END]);
}

#[test]
fn a_middlebox_resets_as_the_peer_does() {
    let rst = NetworkAction::Rst { connection: 1, direction: Some(Side::Origin.outward()) };
    check(async move |_, wire| assert!(wire.apply(&rst)), &[RESET, END, BROKEN_PIPE]);
}

#[test]
fn data_for_a_closed_peer_is_reset() {
    let peer = async |origin: &Stream, _: &Wire| origin.close();
    check(peer, &[END, (WRITE, Ok("")), END]);
}

#[test]
fn half_closing_goes_on_reading() {
    let peer = async |origin: &Stream, _: &Wire| {
        origin.half_close();
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    check(peer, &[END, (WRITE, Ok("")), (WRITE, Ok("")), END]);
}
