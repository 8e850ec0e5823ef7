//! Reads requests, and hands each to the origin when it is there.

use std::sync::Arc;

use bytes::BytesMut;
use closewait_scenario::{AfterReply, Cut, Reply};

use super::message::{self, Message};
use super::request::{Head, take_body, take_head};
use crate::origin::asker::{self, Written};
use crate::origin::connection::Connection;
use crate::origin::server::Origin;

/// A request of HTTP/1.1: the connection owes it an answer.
#[derive(Clone)]
pub(in crate::origin) struct Asker {
    connection: Arc<Connection>,
    is_head: bool,
}

impl Asker {
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    pub fn answer(&self, reply: &Reply, tell: impl FnOnce(Written)) {
        let Message { bytes, body, complete } =
            message::render(reply, self.connection.number(), self.is_head);
        tell(Written { body, complete });
        match reply.cut {
            Some(Cut::Record(part)) => self.connection.write_part_of_record(&bytes, part, reply.then),
            _ => self.connection.write(&bytes, reply.then),
        }
        self.connection.answered();
    }

    pub fn interim(&self, reply: &Reply) {
        let message = message::render(reply, self.connection.number(), self.is_head);
        self.connection.write(&message.bytes, reply.then);
    }
}

/// Reads requests until the client's FIN, an error, or the origin's own idle timeout.
pub(in crate::origin) async fn serve(origin: &Origin, connection: &Arc<Connection>) {
    let mut buffer = BytesMut::new();
    while let Some(mut head) = next_head(origin, connection, &mut buffer).await {
        let asker = Asker { connection: connection.clone(), is_head: head.is_head };
        let asker = asker::Asker::Http1(asker);
        let early = origin.is_early(&head.id);
        if early {
            connection.owe_answer();
            origin.answer(&head.id, asker.clone());
        }
        if !read_body(connection, &mut head, &mut buffer).await {
            return;
        }
        if !early {
            connection.owe_answer();
            origin.execute(&head.id, asker);
        }
    }
}

async fn next_head(origin: &Origin, connection: &Connection, buffer: &mut BytesMut) -> Option<Head> {
    loop {
        match take_head(buffer) {
            Ok(Some(head)) => return Some(head),
            Ok(None) => {}
            Err(_) => {
                connection.write(b"HTTP/1.1 400 Bad Request\r\n\r\n", AfterReply::Close);
                return None;
            }
        }
        let limit = origin.idle_timeout().filter(|_| buffer.is_empty());
        match connection.read_unless_idle(buffer, limit).await {
            Some(true) => {}
            Some(false) => return None,
            None => {
                connection.write(b"", AfterReply::Close);
                return None;
            }
        }
    }
}

async fn read_body(connection: &Connection, head: &mut Head, buffer: &mut BytesMut) -> bool {
    loop {
        match take_body(head, buffer) {
            Ok(true) => return true,
            Ok(false) if connection.read_more(buffer).await => {}
            _ => return false,
        }
    }
}
