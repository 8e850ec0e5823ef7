//! What happens to a host as a whole, and to its sockets as `netstat` would list them.

use std::io::ErrorKind;

use closewait_trace::{Millis, SocketAtEnd};
use turmoil_net::NetstatState::{CloseWait, Established, SynSent};

use super::Side;
use super::connection::App;
use super::state::{CLIENT, WireState};

impl WireState {
    /// The origin's host stops: its TCP forgets everything, and tells nobody.
    pub fn crash_origin(&mut self, now: Millis) {
        self.origin_down = true;
        for connection in 0..self.connections.len() {
            self.connections[connection].unknown_to_origin = true;
            self.abort(connection, Side::Origin, ErrorKind::ConnectionAborted, now);
            // Nobody is left to read it.
            self.connections[connection].end_mut(Side::Origin).before_reset.clear();
        }
    }

    /// The origin's host is back, with an empty socket table and its port open.
    pub fn restart_origin(&mut self) {
        self.origin_down = false;
    }

    /// The sockets that the application on the client's host still holds and has not said FIN on.
    ///
    /// After its FIN a socket is left out: behind the bridge a closed socket looks like a half-closed one.
    pub fn client_sockets(&self) -> Vec<SocketAtEnd> {
        if let Some(outside) = &self.outside {
            return self.sockets_outside(&outside.sockets());
        }
        let table = turmoil_net::netstat(CLIENT);
        let held = |port: u16| {
            let index = self.by_port(port)?;
            (self.connections[index].end(Side::Client).app != App::Gone).then_some(index as u32 + 1)
        };
        table
            .entries
            .iter()
            .filter(|entry| matches!(entry.state, Some(SynSent | Established | CloseWait)))
            .filter_map(|entry| {
                let state = entry.state.map(|state| state.to_string()).unwrap_or_default();
                Some(SocketAtEnd { connection: Some(held(entry.local.port())?), state })
            })
            .collect()
    }
}
