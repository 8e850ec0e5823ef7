//! The idempotency guard: a request with an `Idempotency-Key` is carried out once, however often it is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use closewait_simulator::client::{Timeouts, Upload};
use http_body_util::{BodyExt, Full};
use tokio::sync::watch;

use super::transport::BoxFuture;
use super::{Cause, Progress, Response, Transport, TransportError};

/// A response as it is remembered.
pub type Remembered = http::Response<Bytes>;

/// Where keys are claimed and results remembered. An implementation may be shared by many processes.
pub trait KeyStore: Send + Sync + 'static {
    /// Claims a key, unless somebody has.
    fn claim(&self, key: &str) -> BoxFuture<'static, Result<Claim, StoreError>>;

    /// Remembers the result of a claimed key.
    fn remember(&self, key: &str, response: Remembered) -> BoxFuture<'static, Result<(), StoreError>>;

    /// Ends a claim that has no result. Called from a destructor, so it does not wait.
    fn abandon(&self, key: &str, why: Abandoned);
}

/// Why a claim has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandoned {
    /// The request was not carried out, or may be carried out again: the key is free.
    Released,
    /// It may have been carried out, and must not be again: nobody gets the key.
    Unknown,
}

/// What became of the wish to claim a key.
pub enum Claim {
    /// It is the caller's. The request is to be carried out.
    Granted,
    /// It was carried out before.
    Done(Remembered),
    /// It is being carried out. Try again when this resolves.
    Running(BoxFuture<'static, ()>),
    /// It may have been carried out: nobody knows.
    Unknown,
}

/// A store that does not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// What to do with a request when the store does not work, or when nobody knows what became of the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Send it: availability matters more than a duplicate.
    Open,
    /// Refuse it: a duplicate would be worse than an error.
    Closed,
}

/// Carries out requests that have the same `Idempotency-Key` once; the later ones get the remembered result.
/// Requests without a key pass through.
pub struct Guard<T, K> {
    inner: Arc<T>,
    store: Arc<K>,
    on_failure: OnFailure,
}

impl<T: Transport + 'static, K: KeyStore> Guard<T, K> {
    /// Wraps a transport.
    pub fn new(inner: T, store: K, on_failure: OnFailure) -> Self {
        Self { inner: Arc::new(inner), store: Arc::new(store), on_failure }
    }
}

impl<T: Transport + 'static, K: KeyStore> Transport for Guard<T, K> {
    fn send(
        &self,
        request: http::Request<Upload>,
        timeouts: Timeouts,
    ) -> BoxFuture<'static, Result<Response, TransportError>> {
        let Some(key) = key_of(&request) else { return self.inner.send(request, timeouts) };
        let (inner, store, on_failure) = (self.inner.clone(), self.store.clone(), self.on_failure);
        Box::pin(async move {
            loop {
                match store.claim(&key).await {
                    Ok(Claim::Granted) => break,
                    Ok(Claim::Done(response)) => return Ok(replayed(response)),
                    Ok(Claim::Running(done)) => done.await,
                    Ok(Claim::Unknown) => {
                        return Err(refused(StoreError(
                            "the outcome of the first request is unknown".to_owned(),
                        )));
                    }
                    Err(_) if on_failure == OnFailure::Open => {
                        return inner.send(request, timeouts).await;
                    }
                    Err(error) => return Err(refused(error)),
                }
            }
            let mut held = Held { store: store.clone(), key: Some(key.clone()), why: Abandoned::Released };
            if on_failure == OnFailure::Closed {
                held.why = Abandoned::Unknown;
            }
            let result = whole(inner.send(request, timeouts)).await;
            if result.as_ref().is_err_and(|error| !error.progress.written) {
                held.why = Abandoned::Released;
            }
            let response = result?;
            held.key = None;
            match store.remember(&key, response.clone()).await {
                Err(error) if on_failure == OnFailure::Closed => Err(refused(error)),
                _ => Ok(replayed(response)),
            }
        })
    }

    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.inner.close(deadline)
    }
}

fn key_of(request: &http::Request<Upload>) -> Option<String> {
    let key = request.headers().get("idempotency-key")?.to_str().ok()?;
    Some(format!("{} {} {key}", request.method(), request.uri()))
}

fn refused(error: StoreError) -> TransportError {
    TransportError::new(Cause::Store(error.0), Progress::default())
}

fn replayed(response: Remembered) -> Response {
    response.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync())
}

async fn whole(
    response: BoxFuture<'static, Result<Response, TransportError>>,
) -> Result<Remembered, TransportError> {
    let (parts, body) = response.await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(http::Response::from_parts(parts, body))
}

/// Abandons its key when the request fails or is cancelled.
struct Held<K: KeyStore> {
    store: Arc<K>,
    key: Option<String>,
    why: Abandoned,
}

impl<K: KeyStore> Drop for Held<K> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.store.abandon(&key, self.why);
        }
    }
}

/// Keys in memory, for one process and for tests. It forgets nothing.
#[derive(Default)]
pub struct MemoryKeys {
    keys: Mutex<BTreeMap<String, Entry>>,
}

enum Entry {
    Running(watch::Sender<()>),
    Done(Remembered),
    Unknown,
}

impl MemoryKeys {
    fn with<R>(&self, f: impl FnOnce(&mut BTreeMap<String, Entry>) -> R) -> R {
        f(&mut self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl KeyStore for MemoryKeys {
    fn claim(&self, key: &str) -> BoxFuture<'static, Result<Claim, StoreError>> {
        let claim = self.with(|keys| match keys.get(key) {
            None => {
                keys.insert(key.to_owned(), Entry::Running(watch::Sender::new(())));
                Claim::Granted
            }
            Some(Entry::Done(response)) => Claim::Done(response.clone()),
            Some(Entry::Unknown) => Claim::Unknown,
            Some(Entry::Running(running)) => {
                let mut running = running.subscribe();
                Claim::Running(Box::pin(async move {
                    // The sender goes when there is a result, or none will come.
                    while running.changed().await.is_ok() {}
                }))
            }
        });
        Box::pin(std::future::ready(Ok(claim)))
    }

    fn remember(&self, key: &str, response: Remembered) -> BoxFuture<'static, Result<(), StoreError>> {
        self.with(|keys| keys.insert(key.to_owned(), Entry::Done(response)));
        Box::pin(std::future::ready(Ok(())))
    }

    fn abandon(&self, key: &str, why: Abandoned) {
        self.with(|keys| match why {
            Abandoned::Released => keys.remove(key),
            Abandoned::Unknown => keys.insert(key.to_owned(), Entry::Unknown),
        });
    }
}
