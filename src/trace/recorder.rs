//! Where events are collected while a run is under way.

use std::sync::{Arc, Mutex, MutexGuard};

use super::{Event, Millis, What};

/// A list of events that several parties append to. Clones share the list, so a supervisor
/// on another thread can still read what a hanging run has recorded.
#[derive(Debug, Clone)]
pub struct Recorder {
    events: Arc<Mutex<Option<Vec<Event>>>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { events: Arc::new(Mutex::new(Some(Vec::new()))) }
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

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Event>>> {
        self.events.lock().expect("nobody panics with this lock")
    }
}
