//! The origin's side of a run whose origin is an application: what the script can still do to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use closewait_scenario::OriginAction;
use closewait_trace::Recorder;
use tokio::task::AbortHandle;

use super::application::{Application, Serve};
use super::served::{Log, Notes};
use crate::net::{Listener, SharedStream, Stream, Wire};

/// A handle on an application that serves, until the runtime ends.
#[derive(Clone)]
pub struct Hosted {
    shared: Arc<Shared>,
}

struct Shared {
    notes: Arc<Notes>,
    serve: Serve,
    connections: Mutex<BTreeMap<u32, (Arc<Stream>, AbortHandle)>>,
}

impl Hosted {
    /// Opens the port and has the application serve it in the background.
    ///
    /// # Errors
    /// When the simulated port is taken: not in a run, which has one origin.
    pub async fn start(wire: Wire, application: &Application, recorder: Recorder) -> std::io::Result<Self> {
        let listener = wire.listen().await?;
        let serve = application.start();
        let notes = Arc::new(Notes::new(wire, recorder));
        let shared = Shared { notes, serve, connections: Mutex::default() };
        let origin = Self { shared: Arc::new(shared) };
        tokio::spawn(origin.clone().accept(listener));
        Ok(origin)
    }

    /// Does what a step says. False if it names a connection that does not exist.
    pub fn perform(&self, action: &OriginAction) -> bool {
        let on = |connection: &u32, act: fn(&Stream)| {
            let stream = self.connections().get(connection).map(|(stream, _)| stream.clone());
            stream.map(|stream| act(&stream)).is_some()
        };
        match action {
            OriginAction::Fin { connection } => return on(connection, Stream::half_close),
            OriginAction::Rst { connection } => return on(connection, Stream::reset),
            OriginAction::Close { connection } => return on(connection, Stream::close),
            OriginAction::StopListening => self.shared.notes.wire.refuse_connections(true),
            OriginAction::Listen => self.shared.notes.wire.refuse_connections(false),
            OriginAction::Crash => self.crash(),
            OriginAction::Restart => self.shared.notes.wire.restart_origin(),
            // A scenario with such a step is not played: `Application::unsupported`.
            _ => return false,
        }
        true
    }

    /// Waits until a request was received whole, once at least.
    pub async fn received(&self, id: &str) {
        self.shared.notes.received(id).await;
    }

    fn crash(&self) {
        let connections = std::mem::take(&mut *self.connections());
        self.shared.notes.wire.crash_origin();
        for (_, serving) in connections.into_values() {
            serving.abort();
        }
    }

    async fn accept(self, listener: Listener) {
        while let Ok(stream) = listener.accept().await {
            let connection = stream.connection();
            let stream = Arc::new(stream);
            let log = Log { notes: self.shared.notes.clone(), connection };
            let serving = tokio::spawn((self.shared.serve)(SharedStream::new(stream.clone()), log));
            self.connections().insert(connection, (stream, serving.abort_handle()));
        }
    }

    fn connections(&self) -> MutexGuard<'_, BTreeMap<u32, (Arc<Stream>, AbortHandle)>> {
        self.shared.connections.lock().expect("nobody panics with this lock")
    }
}
