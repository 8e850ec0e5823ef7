//! Reads what arrives, and tells the origin.

use std::sync::Arc;

use bytes::BytesMut;
use closewait_scenario::{Pings, Reply};

use super::incoming::Incoming;
use super::request::Request;
use super::session::Session;
use super::streams::Happened;
use crate::origin::asker::{self, Written};
use crate::origin::connection::Connection;
use crate::origin::server::Origin;

/// A stream that is owed an answer.
#[derive(Clone)]
pub(in crate::origin) struct Asker {
    session: Arc<Session>,
    stream: u32,
}

impl Asker {
    pub fn connection(&self) -> &Arc<Connection> {
        &self.session.connection
    }

    pub fn answer(&self, reply: &Reply, tell: impl FnOnce(Written)) {
        self.session.answer(self.stream, reply, tell);
    }

    pub fn interim(&self, reply: &Reply) {
        self.session.interim(self.stream, reply);
    }
}

/// Serves streams until the client's FIN, an error, or the origin's own idle timeout.
pub(in crate::origin) async fn serve(origin: &Origin, session: &Arc<Session>) {
    session.open();
    let mut incoming = Incoming::default();
    let mut buffer = BytesMut::new();
    loop {
        while let Some(happened) = session.next(&mut incoming, &mut buffer) {
            for happened in happened.into_iter().flatten() {
                if happened == Happened::Broken {
                    return;
                }
                react(origin, session, happened);
            }
        }
        let limit = origin.idle_timeout().filter(|_| buffer.is_empty());
        match session.connection.read_unless_idle(&mut buffer, limit).await {
            Some(true) => {}
            Some(false) => return,
            None => return session.shut_down(),
        }
    }
}

fn react(origin: &Origin, session: &Arc<Session>, happened: Happened) {
    match happened {
        Happened::Head { stream, request: Request { id, .. } } => {
            if let Some(error) = origin.take_reset(&id) {
                session.reset_stream(stream, error);
            } else if origin.is_early(&id) {
                session.expect_early(stream);
                origin.answer(&id, asker(session, stream));
            }
        }
        Happened::Whole { stream, request: Request { id, .. } } => {
            // Reset as it arrived, or answered before it was whole.
            if session.waits(stream) {
                origin.execute(&id, asker(session, stream));
            }
        }
        Happened::Ping(opaque) => match session.pings() {
            Pings::Ignore => {}
            Pings::Answer { after } if after.is_zero() => session.acknowledge(opaque),
            Pings::Answer { after } => {
                let session = session.clone();
                tokio::spawn(async move {
                    crate::timer::sleep(after).await;
                    session.acknowledge(opaque);
                });
            }
        },
        Happened::Broken => {}
    }
}

fn asker(session: &Arc<Session>, stream: u32) -> asker::Asker {
    asker::Asker::Http2(Asker { session: session.clone(), stream })
}
