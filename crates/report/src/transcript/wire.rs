//! From segments to lines.

use std::collections::BTreeSet;

use closewait_scenario::{Action, Direction, NetworkAction, OriginAction};
use closewait_trace::{Carried, Fate, Label, Millis, Segment, What};

use super::page::{Line, Mark};
use super::walk::{Closing, Repeat, Walk};
use crate::words::{grouped, label};

/// One thing that happens to a segment.
struct Sight {
    index: usize,
    at: Millis,
    connection: u32,
    direction: Direction,
    label: Label,
    is_news: bool,
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
        self.connections.entry(connection).or_default();
        if self.closing == Closing::Lab {
            return;
        }
        let content = self.labels.content(index).clone();
        let sight = |Carried { label, is_news }| Sight { index, at, connection, direction, label, is_news };
        if self.frames.are_spoken_on(connection) && !segment.payload.is_empty() {
            for carried in content.carried {
                self.streams(&sight(carried), &content.tls, fate, segment);
            }
            return;
        }
        let has_fin = content.carried.iter().any(|carried| carried.label == Label::Fin);
        for carried in content.carried {
            self.happened(&sight(carried), fate, segment);
        }
        if segment.fin && !has_fin {
            self.fin_behind(&sight(Carried { label: Label::Fin, is_news: false }), fate, segment);
        }
    }

    fn happened(&mut self, sight: &Sight, fate: Fate, segment: &Segment) {
        match fate {
            Fate::Sent if segment.retransmission => self.retransmitted(sight),
            Fate::Sent => self.sent(sight),
            Fate::Forged => self.forged(sight),
            Fate::Delivered => self.arrived(sight),
            Fate::Dropped => self.lost(sight),
        }
    }

    /// A segment of a connection with streams: its frames tell what it brings, and before them TLS.
    fn streams(&mut self, sight: &Sight, of_tls: &[Label], fate: Fate, segment: &Segment) {
        match fate {
            Fate::Sent if segment.retransmission => self.retransmitted(sight),
            Fate::Dropped => self.lost(sight),
            Fate::Sent | Fate::Forged | Fate::Delivered => {
                for label in of_tls {
                    let signal = Sight { label: label.clone(), ..*sight };
                    self.happened(&signal, fate, segment);
                }
                self.frames_of(sight.index, sight.at, sight.connection, fate);
            }
        }
        if segment.fin {
            self.fin_behind(sight, fate, segment);
        }
    }

    /// The FIN of a segment that has bytes as well.
    fn fin_behind(&mut self, sight: &Sight, fate: Fate, segment: &Segment) {
        let fin = Sight { label: Label::Fin, ..*sight };
        match fate {
            Fate::Sent if !segment.retransmission => self.sent(&fin),
            Fate::Delivered => self.arrived(&fin),
            _ => {}
        }
    }

    /// Every segment that no line stands for.
    pub(super) fn unlisted(&mut self) -> Vec<Line> {
        let listed: BTreeSet<usize> =
            self.lines.iter().flat_map(|line| line.events.iter().copied()).collect();
        let mut lines = Vec::new();
        for (index, event) in self.trace.events.iter().enumerate() {
            let What::Segment { connection, direction, fate, .. } = &event.what else { continue };
            if listed.contains(&index) {
                continue;
            }
            let carried = self.labels.content(index).carried.first();
            let what = carried.map_or("ACK".to_owned(), |carried| label(&carried.label));
            let text = format!("connection {connection}: {what} {} {}", towards(*direction), happened(*fate));
            lines.push(Line { at: event.at, text, events: vec![index], mark: Mark::Other });
        }
        lines
    }

    fn sent(&mut self, sight: &Sight) {
        let Sight { index, at, connection, direction, .. } = *sight;
        match (&sight.label, direction) {
            (Label::Syn, Direction::ToOrigin) => self.on(sight, "opening"),
            (Label::Request(id), _) if sight.is_news => {
                self.written(index, at, id, connection, None);
            }
            (Label::Handshake(messages), Direction::ToOrigin) if messages.iter().any(|m| m == "Finished") => {
                let tls = self.views.get(connection).and_then(|connection| connection.tls.as_ref());
                let alpn = tls.and_then(|tls| tls.alpn.as_ref());
                let by_alpn = alpn.map_or(String::new(), |alpn| format!(", {alpn} by ALPN"));
                self.on(sight, &format!("TLS established{by_alpn}"));
            }
            (Label::Alert(name), _) => self.alert_sent(sight, name),
            (Label::Fin, _) => self.fin_sent(sight),
            (Label::Rst, _) => self.reset(sight),
            _ => {}
        }
    }

    fn alert_sent(&mut self, sight: &Sight, name: &str) {
        let Sight { index, at, connection, direction, .. } = *sight;
        let answers =
            self.connections.get(&connection).is_some_and(|state| state.has_ended(Direction::ToOrigin));
        match direction {
            Direction::ToOrigin => self.on(sight, &format!("client sends {name}")),
            Direction::ToClient if self.told(index, at, |action| alerts(action, connection)) => {}
            Direction::ToClient if !answers => self.origin_sends(sight),
            // The orderly answer to the client's close.
            Direction::ToClient => {}
        }
    }

    fn fin_sent(&mut self, sight: &Sight) {
        let Sight { index, at, connection, direction, .. } = *sight;
        let Some(state) = self.connections.get_mut(&connection) else { return };
        state.fins.push(direction);
        let first = state.fins.len() == 1;
        match direction {
            Direction::ToOrigin => self.on(sight, "client sends FIN"),
            Direction::ToClient if self.told(index, at, |action| closes(action, connection)) => {}
            Direction::ToClient if first => self.origin_sends(sight),
            // The orderly answer to the client's FIN.
            Direction::ToClient => {}
        }
    }

    fn reset(&mut self, sight: &Sight) {
        let Sight { index, at, connection, direction, .. } = *sight;
        let Some(state) = self.connections.get_mut(&connection) else { return };
        let (first, open) = (!state.resets.contains(&direction), state.open);
        state.resets.push(direction);
        match direction {
            _ if !first => {}
            Direction::ToOrigin => self.on(sight, "client sends RST"),
            Direction::ToClient if self.told(index, at, |action| resets(action, connection)) => {}
            Direction::ToClient if open => self.origin_sends(sight),
            // The connection is refused: told when the client learns of it.
            Direction::ToClient => {}
        }
    }

    fn forged(&mut self, sight: &Sight) {
        let Sight { index, at, connection, direction, .. } = *sight;
        if !self.told(index, at, |action| forges(action, connection)) {
            let words = label(&sight.label);
            self.on(sight, &format!("a middlebox sends {words} {}", towards(direction)));
        }
    }

    fn arrived(&mut self, sight: &Sight) {
        if sight.direction == Direction::ToOrigin {
            return;
        }
        let Some(state) = self.connections.get_mut(&sight.connection) else { return };
        match &sight.label {
            Label::Syn if !state.open => {
                state.open = true;
                self.on(sight, "open");
            }
            Label::Rst if !state.open => {
                self.causes.show(format!("connection {} is refused", sight.connection));
                self.on(sight, "refused");
            }
            Label::Rst | Label::Fin if !state.client_knows_end => {
                let expected = sight.label == Label::Fin && state.fins.first() == Some(&Direction::ToOrigin);
                state.client_knows_end = true;
                if expected { self.on(sight, "closed") } else { self.delivered(sight) }
            }
            Label::Answer(id) if sight.is_news => self.answer_delivered(sight.index, sight.at, id),
            // The orderly answer to the client's close.
            Label::Alert(_) if state.has_ended(Direction::ToOrigin) => {}
            Label::Unasked | Label::Bytes | Label::Alert(_) => self.delivered(sight),
            _ => {}
        }
    }

    fn delivered(&mut self, sight: &Sight) {
        let words = label(&sight.label);
        self.causes.show(format!("{words} delivered on connection {}", sight.connection));
        self.on(sight, &format!("{words} delivered to the client"));
    }

    fn origin_sends(&mut self, sight: &Sight) {
        let words = format!("origin sends {}", label(&sight.label));
        self.causes.show(format!("the {words} on connection {}", sight.connection));
        self.on(sight, &words);
    }

    fn lost(&mut self, sight: &Sight) {
        let words = format!("{} lost on the way {}", label(&sight.label), towards(sight.direction));
        self.repeated(sight, Repeat::Loss, |_| words.clone());
    }

    fn retransmitted(&mut self, sight: &Sight) {
        let sender = match sight.direction {
            Direction::ToOrigin => "client",
            Direction::ToClient => "origin",
        };
        let words = format!("{sender} retransmits {}", label(&sight.label));
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
            .find(|(c, d, item, r, _)| (*c, *d, item, *r) == (connection, direction, &sight.label, repeat))
            .map(|entry| entry.4);
        if let Some(line) = known {
            self.lines[line].text = format!("connection {connection}: {}", words(true));
            self.lines[line].events.push(index);
        } else {
            self.repeated.push((connection, direction, sight.label.clone(), repeat, self.lines.len()));
            self.on(sight, &words(false));
        }
    }

    fn on(&mut self, sight: &Sight, words: &str) {
        self.line(sight.index, sight.at, format!("connection {}: {words}", sight.connection));
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

fn forges(action: &Action, connection: u32) -> bool {
    matches!(action, Action::Network(NetworkAction::Rst { connection: c, .. }) if *c == connection)
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
