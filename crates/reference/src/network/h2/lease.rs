//! A stream in the hands of one request. Whatever becomes of the request, the pool hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::shared::Shared;
use super::{Link, Sender};
use crate::Progress;
use crate::defect::Defect;
use crate::pool::{ConnectionId, Event, Finish, Ticket};

pub(in super::super) struct StreamLease {
    report: Arc<Report>,
    pub(super) id: ConnectionId,
    pub(super) link: Arc<Link>,
    pub(super) sender: Sender,
    reused: bool,
    /// Requests that were on the wire before this one.
    before: u64,
    over: bool,
}

/// Tells the pool what became of a stream. Held by all who use it: an answer may come before hyper has taken all of the
/// request, and the stream is free only then.
pub(super) struct Report {
    shared: Arc<Shared>,
    connection: ConnectionId,
    ticket: Ticket,
    told: AtomicBool,
}

impl Report {
    fn tell(&self, how: Finish) {
        if !self.told.swap(true, Ordering::Relaxed) {
            self.send(how);
        }
    }

    /// The response is there, and the request is still being sent.
    fn tell_early(&self) {
        self.send(Finish::Answered);
    }

    fn send(&self, how: Finish) {
        self.shared.tell(Event::Finished { connection: self.connection, ticket: self.ticket, how });
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        self.tell(Finish::Done);
    }
}

impl StreamLease {
    pub fn new(
        shared: Arc<Shared>,
        (id, ticket): (ConnectionId, Ticket),
        (link, sender): (Arc<Link>, Sender),
        reused: bool,
    ) -> Self {
        let before = link.requests();
        let report = Report { shared, connection: id, ticket, told: AtomicBool::new(false) };
        Self { report: Arc::new(report), id, link, sender, reused, before, over: false }
    }

    pub fn has_defect(&self, defect: Defect) -> bool {
        self.report.shared.defects.has(defect)
    }

    /// How far the request got, as far as can be told: hyper does not say which stream is whose.
    pub fn progress(&self, returned: bool, received: bool) -> Progress {
        let written = !returned && self.link.requests() > self.before;
        Progress { reused: self.reused, written, received }
    }

    pub fn finish(mut self, how: Finish) {
        self.end(how);
    }

    /// The event for the pool once the last holder lets go.
    pub(super) fn report(&self) -> Arc<Report> {
        self.report.clone()
    }

    fn end(&mut self, how: Finish) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        if how != Finish::Done {
            // It is reset: that is its end for everybody.
            self.report.tell(how);
        } else if Arc::strong_count(&self.report) > 1 {
            self.report.tell_early();
        }
    }
}

impl Drop for StreamLease {
    fn drop(&mut self) {
        self.end(Finish::Abandoned);
    }
}
