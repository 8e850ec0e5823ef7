//! A stream in the hands of one request. Whatever becomes of the request, the pool hears of it.

use std::sync::Arc;

use super::{Link, Sender};
use crate::client::reference::Progress;
use crate::client::reference::defect::Defect;
use crate::client::reference::pool::{ConnectionId, Event, Finish, Ticket};

use super::super::shared::Shared;

pub(in super::super) struct StreamLease {
    shared: Arc<Shared>,
    pub(super) id: ConnectionId,
    ticket: Ticket,
    pub(super) link: Arc<Link>,
    pub(super) sender: Sender,
    reused: bool,
    /// Requests that were on the wire before this one.
    before: u64,
    over: bool,
}

impl StreamLease {
    pub fn new(
        shared: Arc<Shared>,
        (id, ticket): (ConnectionId, Ticket),
        (link, sender): (Arc<Link>, Sender),
        reused: bool,
    ) -> Self {
        let before = link.requests();
        Self { shared, id, ticket, link, sender, reused, before, over: false }
    }

    pub fn has_defect(&self, defect: Defect) -> bool {
        self.shared.defects.has(defect)
    }

    /// How far the request got, as far as can be told: hyper does not say which stream is whose.
    pub fn progress(&self, returned: bool, received: bool) -> Progress {
        let written = !returned && self.link.requests() > self.before;
        Progress { reused: self.reused, written, received }
    }

    pub fn finish(mut self, how: Finish) {
        self.end(how);
    }

    fn end(&mut self, how: Finish) {
        if !std::mem::replace(&mut self.over, true) {
            self.shared.tell(Event::Finished { connection: self.id, ticket: self.ticket, how });
        }
    }
}

impl Drop for StreamLease {
    fn drop(&mut self) {
        self.end(Finish::Abandoned);
    }
}
