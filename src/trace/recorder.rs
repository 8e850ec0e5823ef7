//! Where events are collected while a run is under way.

use std::sync::{Arc, Mutex};

use super::{Event, Millis, What};

/// A list of events that several parties append to. Clones share the list, so a supervisor
/// on another thread can still read what a hanging run has recorded.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    events: Arc<Mutex<Vec<Event>>>,
}

impl Recorder {
    /// Appends an event.
    pub fn push(&self, at: Millis, what: What) {
        self.events.lock().expect("no recorder panics while it holds the list").push(Event { at, what });
    }

    /// Everything recorded since the last call.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().expect("no recorder panics while it holds the list"))
    }
}
