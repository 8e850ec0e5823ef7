//! Plays a row of the table on a network.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::table::{DONE, EARLY, Outcome, Row, Step};

/// Two ends, and what is between them.
pub(super) trait Network {
    type Client: AsyncRead + AsyncWrite + Unpin;

    fn dial(&self) -> impl Future<Output = io::Result<Self::Client>> + 'static;
    /// What the peer does.
    async fn act(&mut self, step: Step);
    async fn path_dies(&mut self, client: &Self::Client);
    async fn client_gives_up(&self, client: &Self::Client);
    fn write_and_shut_down(&self, client: &mut Self::Client);
    /// Until what has left has arrived.
    async fn settle(&self);
}

/// When the client makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polled {
    /// Before what it waits for happens.
    AtOnce,
    /// Once all of it has happened.
    Late,
}

/// Longer than any connect takes.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) async fn play<N: Network>(mut network: N, row: &Row, polled: Polled) {
    let mut dial = pin!(network.dial());
    assert!(poll_once(|cx| dial.as_mut().poll(cx)).is_pending(), "{}: nobody can have answered", row.name);
    let mut client: Option<N::Client> = None;
    let mut early: Option<Early> = None;
    for (index, step) in row.steps.iter().enumerate() {
        if let (Some(client), None, Polled::AtOnce) = (&mut client, &early, polled) {
            early = call_early(client, &row.steps[..index], &row.steps[index..]);
        }
        let (expected, outcome) = match (*step, &mut client) {
            (Step::Connect(expected), None) => {
                let dialled = tokio::time::timeout(PATIENCE, dial.as_mut()).await.expect("it ends");
                let outcome = dialled.map(|dialled| client = Some(dialled));
                (expected, outcome.map_or_else(|error| Err(error.kind()), |()| DONE))
            }
            (Step::Read(expected) | Step::Write(expected), Some(client)) => {
                let outcome = match early.take() {
                    Some(Early::Returned(outcome)) => outcome,
                    Some(Early::Waits(news)) => {
                        assert!(
                            news.0.load(Relaxed),
                            "{}, {polled:?}: nobody was woken for {step:?}",
                            row.name
                        );
                        call(client, *step).await
                    }
                    None => call(client, *step).await,
                };
                network.settle().await;
                (expected, outcome)
            }
            (step, client) => {
                happen(&mut network, client.as_mut(), step).await;
                continue;
            }
        };
        assert_eq!(outcome, expected, "{}, {polled:?}: step {} of {:?}", row.name, index + 1, row.steps);
    }
}

async fn happen<N: Network>(network: &mut N, client: Option<&mut N::Client>, step: Step) {
    match (step, client) {
        (Step::ShutDown, Some(client)) => {
            poll_fn(|cx| Pin::new(&mut *client).poll_shutdown(cx)).await.expect("tokio reports nothing");
        }
        (Step::WriteAndShutDown, Some(client)) => network.write_and_shut_down(client),
        (Step::Fill, Some(client)) => fill(network, client).await,
        (Step::PathDies, Some(client)) => {
            network.path_dies(client).await;
            fill(network, client).await;
        }
        (Step::GivesUp, Some(client)) => network.client_gives_up(client).await,
        (step, _) => network.act(step).await,
    }
    network.settle().await;
}

/// A call that was made before what it waits for.
enum Early {
    Returned(Outcome),
    Waits(Arc<News>),
}

#[derive(Default)]
struct News(AtomicBool);

impl Wake for News {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

/// Makes the next call, if something is to happen before it that it can wait for.
fn call_early(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    done: &[Step],
    to_do: &[Step],
) -> Option<Early> {
    let is_call = |step: &&Step| matches!(step, Step::Read(_) | Step::Write(_));
    let call = to_do.iter().find(is_call).filter(|call| **call != to_do[0])?;
    let is_full = matches!(done.last(), Some(Step::Fill | Step::PathDies));
    if matches!(call, Step::Write(_)) && !is_full {
        return None;
    }
    let news = Arc::new(News::default());
    let waker = Waker::from(news.clone());
    match poll_call(client, &mut Context::from_waker(&waker), *call) {
        Poll::Ready(outcome) => Some(Early::Returned(outcome)),
        Poll::Pending => Some(Early::Waits(news)),
    }
}

async fn call(client: &mut (impl AsyncRead + AsyncWrite + Unpin), call: Step) -> Outcome {
    tokio::time::timeout(PATIENCE, poll_fn(|cx| poll_call(client, cx, call))).await.expect("it returns")
}

fn poll_call(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    cx: &mut Context<'_>,
    call: Step,
) -> Poll<Outcome> {
    if matches!(call, Step::Write(_)) {
        let written = Pin::new(client).poll_write(cx, b"x");
        return written.map(|written| written.map_or_else(|error| Err(error.kind()), |_| DONE));
    }
    let mut chunk = [0; 64];
    let mut buffer = ReadBuf::new(&mut chunk);
    let read = Pin::new(client).poll_read(cx, &mut buffer);
    read.map(|read| match (read, buffer.filled()) {
        (Err(error), _) => Err(error.kind()),
        (Ok(()), b"") => Ok(""),
        (Ok(()), b"early") => EARLY,
        (Ok(()), other) => panic!("nobody sent {other:?}"),
    })
}

/// Fills the client's socket, and the peer's.
async fn fill<N: Network>(network: &N, client: &mut N::Client) {
    write_all_it_takes(client).await;
    network.settle().await;
    write_all_it_takes(client).await;
}

async fn write_all_it_takes(client: &mut (impl AsyncWrite + Unpin)) {
    let until_full = poll_fn(|cx| {
        while let Poll::Ready(written) = Pin::new(&mut *client).poll_write(cx, &[0; 4096]) {
            written.expect("it is open");
        }
        Poll::Ready(())
    });
    // Otherwise the budget of the task is full first.
    tokio::task::unconstrained(until_full).await;
}

fn poll_once<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    poll(&mut Context::from_waker(Waker::noop()))
}
