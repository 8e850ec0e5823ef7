//! From segments to lines.

use std::collections::BTreeSet;

use closewait_scenario::{Action, Direction, NetworkAction, OriginAction};
use closewait_trace::{Fate, Millis, Segment, What};

use super::connection::Item;
use super::page::Line;
use super::walk::{Closing, Repeat, Walk, delivered};
use crate::words::grouped;

/// One thing that happens to a segment.
struct Sight {
    index: usize,
    at: Millis,
    connection: u32,
    direction: Direction,
    item: Item,
}

impl Walk<'_> {
    pub(super) fn segment(
        &mut self,
        index: usize,
        at: Millis,
        connection: u32,
        direction: Direction,
        fate: Fate,
        segment: &Segment,
    ) {
        if self.frames.are_spoken_on(connection) && !segment.payload.is_empty() {
            return self.streams(index, at, connection, direction, fate, segment);
        }
        let state = self.connections.entry(connection).or_default();
        let before = state.written.len();
        let items = state.items(direction, segment);
        let mut new_request = state.written.len() > before;
        if self.closing == Closing::Lab {
            return;
        }
        let with_fin = segment.fin && !items.contains(&Item::Fin);
        for item in items {
            let sight = Sight { index, at, connection, direction, item };
            self.happened(&sight, fate, segment, &mut new_request);
        }
        if with_fin {
            let fin = Sight { index, at, connection, direction, item: Item::Fin };
            self.fin_behind(&fin, fate, segment);
        }
    }

    fn happened(&mut self, sight: &Sight, fate: Fate, segment: &Segment, new_request: &mut bool) {
        match fate {
            Fate::Sent if segment.retransmission => self.retransmitted(sight),
            Fate::Sent => self.sent(sight, new_request),
            Fate::Forged => self.forged(sight),
            Fate::Delivered => self.arrived(sight, segment),
            Fate::Dropped => self.lost(sight),
        }
    }

    /// A segment of a connection with streams: its frames tell what it brings, and before them TLS.
    fn streams(
        &mut self,
        index: usize,
        at: Millis,
        connection: u32,
        direction: Direction,
        fate: Fate,
        segment: &Segment,
    ) {
        let state = self.connections.entry(connection).or_default();
        let of_tls = state.sealed_signals(direction, segment);
        if fate == Fate::Sent && !segment.retransmission {
            let begins = self.frames.item(index).cloned().or_else(|| of_tls.first().cloned());
            let item = begins.or_else(|| state.last(direction)).unwrap_or(Item::Bytes);
            state.carries(direction, segment, item);
        }
        let item = state.known(direction, segment.seq).unwrap_or(Item::Bytes);
        if self.closing == Closing::Lab {
            return;
        }
        let sight = Sight { index, at, connection, direction, item };
        match fate {
            Fate::Sent if segment.retransmission => self.retransmitted(&sight),
            Fate::Dropped => self.lost(&sight),
            Fate::Sent | Fate::Forged | Fate::Delivered => {
                for item in of_tls {
                    let signal = Sight { item, ..sight };
                    self.happened(&signal, fate, segment, &mut false);
                }
                self.frames_of(index, at, connection, fate);
            }
        }
        if segment.fin {
            self.fin_behind(&sight, fate, segment);
        }
    }

    /// The FIN of a segment that has bytes as well.
    fn fin_behind(&mut self, sight: &Sight, fate: Fate, segment: &Segment) {
        let fin = Sight { item: Item::Fin, ..*sight };
        match fate {
            Fate::Sent if !segment.retransmission => self.sent(&fin, &mut false),
            Fate::Delivered => self.arrived(&fin, segment),
            _ => {}
        }
    }

    /// Every segment that no line stands for.
    pub(super) fn unlisted(&mut self) -> Vec<Line> {
        let listed: BTreeSet<usize> =
            self.lines.iter().flat_map(|line| line.events.iter().copied()).collect();
        let mut lines = Vec::new();
        for (index, event) in self.trace.events.iter().enumerate() {
            let What::Segment { connection, direction, fate, segment } = &event.what else { continue };
            if listed.contains(&index) {
                continue;
            }
            let state = self.connections.entry(*connection).or_default();
            let item = state.items(*direction, segment);
            let item = item.first().map_or("ACK".to_owned(), Item::words);
            let text = format!("connection {connection}: {item} {} {}", towards(*direction), happened(*fate));
            lines.push(Line { at: event.at, text, events: vec![index] });
        }
        lines
    }

    fn sent(&mut self, sight: &Sight, new_request: &mut bool) {
        let Sight { index, at, connection, direction, .. } = *sight;
        match (&sight.item, direction) {
            (Item::Syn, Direction::ToOrigin) => self.on(sight, "opening"),
            (Item::Request(id), _) if std::mem::take(new_request) => {
                self.written(index, at, id, connection, None);
            }
            (Item::Handshake(messages), Direction::ToOrigin) if messages.contains("Finished") => {
                let alpn = self.connections.get(&connection).and_then(|state| state.alpn.as_ref());
                let by_alpn = alpn.map_or(String::new(), |alpn| format!(", {alpn} by ALPN"));
                self.on(sight, &format!("TLS established{by_alpn}"));
            }
            (Item::Alert(name), _) => self.alert_sent(sight, name),
            (Item::Fin, _) => self.fin_sent(sight),
            (Item::Rst, _) => self.reset(sight),
            _ => {}
        }
    }

    fn alert_sent(&mut self, sight: &Sight, name: &str) {
        let Sight { at, connection, direction, .. } = *sight;
        let answers =
            self.connections.get(&connection).is_some_and(|state| state.has_ended(Direction::ToOrigin));
        match direction {
            Direction::ToOrigin => self.on(sight, &format!("client sends {name}")),
            Direction::ToClient if self.told(at, |action| alerts(action, connection)) => self.absorb(sight),
            Direction::ToClient if !answers => self.origin_sends(sight),
            // The orderly answer to the client's close.
            Direction::ToClient => {}
        }
    }

    fn fin_sent(&mut self, sight: &Sight) {
        let Sight { at, connection, direction, .. } = *sight;
        let Some(state) = self.connections.get_mut(&connection) else { return };
        state.fins.push(direction);
        let first = state.fins.len() == 1;
        match direction {
            Direction::ToOrigin => self.on(sight, "client sends FIN"),
            Direction::ToClient if self.told(at, |action| closes(action, connection)) => self.absorb(sight),
            Direction::ToClient if first => self.origin_sends(sight),
            // The orderly answer to the client's FIN.
            Direction::ToClient => {}
        }
    }

    fn reset(&mut self, sight: &Sight) {
        let Sight { at, connection, direction, .. } = *sight;
        let Some(state) = self.connections.get_mut(&connection) else { return };
        let (first, open) = (!state.resets.contains(&direction), state.open);
        state.resets.push(direction);
        match direction {
            _ if !first => {}
            Direction::ToOrigin => self.on(sight, "client sends RST"),
            Direction::ToClient if self.told(at, |action| resets(action, connection)) => self.absorb(sight),
            Direction::ToClient if open => self.origin_sends(sight),
            // The connection is refused: told when the client learns of it.
            Direction::ToClient => {}
        }
    }

    fn forged(&mut self, sight: &Sight) {
        let Sight { at, connection, direction, .. } = *sight;
        if self.told(at, |action| matches!(action, Action::Network(NetworkAction::Rst { connection: c, .. }) if *c == connection)) {
            self.absorb(sight);
        } else {
            self.on(sight, &format!("a middlebox sends {} {}", sight.item.words(), towards(direction)));
        }
    }

    fn arrived(&mut self, sight: &Sight, segment: &Segment) {
        if sight.direction == Direction::ToOrigin {
            return;
        }
        let Some(state) = self.connections.get_mut(&sight.connection) else { return };
        match &sight.item {
            Item::Syn if !state.open => {
                state.open = true;
                self.on(sight, "open");
            }
            Item::Rst if !state.open => {
                self.causes.show(format!("connection {} is refused", sight.connection));
                self.on(sight, "refused");
            }
            Item::Rst | Item::Fin if !state.client_knows_end => {
                let expected = sight.item == Item::Fin && state.fins.first() == Some(&Direction::ToOrigin);
                state.client_knows_end = true;
                if expected { self.on(sight, "closed") } else { self.delivered(sight) }
            }
            Item::Answer(id) if state.completes_answer(id, segment) => {
                self.line(sight.index, sight.at, delivered(id));
            }
            // The orderly answer to the client's close.
            Item::Alert(_) if state.has_ended(Direction::ToOrigin) => {}
            Item::Unasked | Item::Bytes | Item::Alert(_) => self.delivered(sight),
            _ => {}
        }
    }

    fn delivered(&mut self, sight: &Sight) {
        let words = sight.item.words();
        self.causes.show(format!("{words} delivered on connection {}", sight.connection));
        self.on(sight, &format!("{words} delivered to the client"));
    }

    fn origin_sends(&mut self, sight: &Sight) {
        let words = format!("origin sends {}", sight.item.words());
        self.causes.show(format!("the {words} on connection {}", sight.connection));
        self.on(sight, &words);
    }

    fn lost(&mut self, sight: &Sight) {
        let words = format!("{} lost on the way {}", sight.item.words(), towards(sight.direction));
        self.repeated(sight, Repeat::Loss, |_| words.clone());
    }

    fn retransmitted(&mut self, sight: &Sight) {
        let sender = match sight.direction {
            Direction::ToOrigin => "client",
            Direction::ToClient => "origin",
        };
        let words = format!("{sender} retransmits {}", sight.item.words());
        self.repeated(sight, Repeat::Retransmission, |again| {
            if again { format!("{words} until {} ms", grouped(sight.at)) } else { words.clone() }
        });
    }

    /// However often it happens, one line: how often is TCP's business.
    fn repeated(&mut self, sight: &Sight, repeat: Repeat, words: impl Fn(bool) -> String) {
        let Sight { index, connection, direction, .. } = *sight;
        let known = self
            .repeated
            .iter()
            .find(|(c, d, item, r, _)| (*c, *d, item, *r) == (connection, direction, &sight.item, repeat))
            .map(|entry| entry.4);
        if let Some(line) = known {
            self.lines[line].text = format!("connection {connection}: {}", words(true));
            self.lines[line].events.push(index);
        } else {
            self.repeated.push((connection, direction, sight.item.clone(), repeat, self.lines.len()));
            self.on(sight, &words(false));
        }
    }

    fn on(&mut self, sight: &Sight, words: &str) {
        self.line(sight.index, sight.at, format!("connection {}: {words}", sight.connection));
    }

    /// The line of the step that caused it stands for this too.
    fn absorb(&mut self, sight: &Sight) {
        let cause = format!("connection {}", sight.connection);
        if let Some(line) = self.lines.iter_mut().rev().find(|line| line.text.contains(&cause)) {
            line.events.push(sight.index);
        }
    }
}

fn closes(action: &Action, connection: u32) -> bool {
    matches!(action, Action::Origin(OriginAction::Fin { connection: c } | OriginAction::Close { connection: c }) if *c == connection)
}

/// An orderly close says close_notify.
fn alerts(action: &Action, connection: u32) -> bool {
    matches!(action, Action::Origin(
        OriginAction::CloseNotify { connection: c } | OriginAction::Alert { connection: c, .. } | OriginAction::Close { connection: c }
    ) if *c == connection)
}

fn resets(action: &Action, connection: u32) -> bool {
    matches!(action, Action::Origin(OriginAction::Rst { connection: c }) if *c == connection)
}

fn happened(fate: Fate) -> &'static str {
    match fate {
        Fate::Sent => "sent",
        Fate::Forged => "sent by a middlebox",
        Fate::Delivered => "delivered",
        Fate::Dropped => "lost",
    }
}

fn towards(direction: Direction) -> &'static str {
    match direction {
        Direction::ToOrigin => "to the origin",
        Direction::ToClient => "to the client",
    }
}
