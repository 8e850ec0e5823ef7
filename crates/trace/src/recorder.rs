//! Where events are collected while a run is under way.

use std::sync::{Arc, Mutex, MutexGuard};

use super::{Event, Millis, What};

/// A secret of a TLS connection, as a key log has it (RFC 9850).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Connection number.
    pub connection: u32,
    /// Which secret, e.g. `CLIENT_TRAFFIC_SECRET_0`.
    pub label: String,
    /// The secret.
    pub secret: Vec<u8>,
}

/// A list of events that several parties append to. Clones share the list, so a supervisor
/// on another thread can still read what a hanging run has recorded.
#[derive(Debug, Clone)]
pub struct Recorder {
    events: Arc<Mutex<Option<Vec<Event>>>>,
    secrets: Arc<Mutex<Vec<Secret>>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { events: Arc::new(Mutex::new(Some(Vec::new()))), secrets: Arc::default() }
    }
}

impl Recorder {
    /// Appends an event, unless the list was taken: the run is over.
    pub fn push(&self, at: Millis, what: What) {
        if let Some(events) = &mut *self.lock() {
            events.push(Event { at, what });
        }
    }

    /// Everything that was recorded. What comes later is not.
    pub fn take(&self) -> Vec<Event> {
        self.lock().take().unwrap_or_default()
    }

    /// Keeps what it takes to read the segments of a TLS connection after the run.
    pub fn keep_secret(&self, secret: Secret) {
        self.secrets.lock().expect("nobody panics with this lock").push(secret);
    }

    /// Every secret that was kept.
    pub fn secrets(&self) -> Vec<Secret> {
        self.secrets.lock().expect("nobody panics with this lock").clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Event>>> {
        self.events.lock().expect("nobody panics with this lock")
    }
}
