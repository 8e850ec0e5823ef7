//! The transport on top of the pool.

use std::sync::Arc;
use std::time::Duration;

use closewait_simulator::client::{Timeouts, Upload};

use super::dial::Dial;
use super::exchange::exchange;
use super::shared::{Shared, Windows};
use crate::defect::{Defect, Defects};
use crate::pool::{Event, Limits};
use crate::transport::BoxFuture;
use crate::{Response, Transport, TransportError};

/// A pool of connections to one origin. Dropped, it closes what is idle; requests under way come to their end.
pub struct PooledTransport {
    shared: Arc<Shared>,
}

impl PooledTransport {
    /// A transport without connections.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(dialer: impl Dial, limits: Limits) -> Self {
        Self::with_windows(dialer, limits, Windows::default(), Defects::default())
    }

    pub(crate) fn with_windows(
        dialer: impl Dial,
        limits: Limits,
        windows: Windows,
        defects: Defects,
    ) -> Self {
        Self { shared: Shared::new(Arc::new(dialer), limits, windows, defects) }
    }
}

impl Transport for PooledTransport {
    fn send(
        &self,
        request: http::Request<Upload>,
        timeouts: Timeouts,
    ) -> BoxFuture<'static, Result<Response, TransportError>> {
        Box::pin(exchange(self.shared.clone(), request, timeouts))
    }

    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let shared = self.shared.clone();
        Box::pin(async move {
            shared.tell(Event::Close);
            if shared.defects.has(Defect::CloseForgetsIdle) {
                std::mem::forget(shared.clone());
            }
            if tokio::time::timeout(deadline, shared.drained()).await.is_err() {
                shared.tell(Event::Abort);
            }
        })
    }
}

impl Drop for PooledTransport {
    fn drop(&mut self) {
        if self.shared.defects.has(Defect::LeaksOnDrop) {
            std::mem::forget(self.shared.clone());
        } else {
            self.shared.tell(Event::Close);
        }
    }
}
