//! One direction of a connection as a stream of bytes: what was sent, what was delivered, and when.

use super::{Fate, Millis, Segment};

/// An event and its instant. Ordered by the event: events of one instant have an order, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Index into `Trace::events`.
    pub event: usize,
    /// Milliseconds of virtual time.
    pub at: Millis,
}

/// One direction of a connection.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// The bytes that the sending host put on the wire, each with its first transmission.
    pub sent: Track,
    /// The bytes that the receiving host's TCP had in order, each with its first arrival.
    pub delivered: Track,
    /// The sender's FIN.
    pub fin: Passage,
    /// The first RST, whoever made it. [`Passage::delivered`] counts only one that arrived.
    pub rst: Passage,
    /// The first RST that the sending host itself put on the wire.
    pub own_rst: Option<Moment>,
    out_of_order: Vec<Segment>,
}

/// When a flag was first put on the wire and when it first arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passage {
    /// Put on the wire by the host or a middlebox.
    pub sent: Option<Moment>,
    /// Taken in by the receiving host's TCP: a FIN only once every byte before it is there.
    pub delivered: Option<Moment>,
}

impl Flow {
    pub(super) fn observe(&mut self, fate: Fate, segment: &Segment, now: Moment) {
        match fate {
            Fate::Sent => self.on_sent(segment, now),
            Fate::Forged => self.on_forged(segment, now),
            Fate::Delivered => self.on_delivered(segment, now),
            Fate::Dropped => {}
        }
    }

    /// RST is the same for the plain text as for the segments that carry it.
    pub(super) fn take_resets_of(&mut self, raw: &Flow) {
        (self.rst, self.own_rst) = (raw.rst, raw.own_rst);
    }

    fn on_sent(&mut self, segment: &Segment, now: Moment) {
        self.sent.extend(data_offset(segment), &segment.payload, now);
        if segment.fin {
            self.fin.sent.get_or_insert(now);
        }
        if segment.rst {
            self.rst.sent.get_or_insert(now);
            self.own_rst.get_or_insert(now);
        }
    }

    fn on_forged(&mut self, segment: &Segment, now: Moment) {
        if segment.rst {
            self.rst.sent.get_or_insert(now);
        }
        if segment.fin {
            self.fin.sent.get_or_insert(now);
        }
    }

    fn on_delivered(&mut self, segment: &Segment, now: Moment) {
        if segment.rst {
            self.rst.delivered.get_or_insert(now);
        } else if self.rst.delivered.is_some() {
            // The socket is gone: what still arrives reaches nobody.
        } else if data_offset(segment) > self.delivered.len() {
            self.out_of_order.push(segment.clone());
        } else {
            self.take_in(segment, now);
        }
    }

    fn take_in(&mut self, segment: &Segment, now: Moment) {
        self.delivered.extend(data_offset(segment), &segment.payload, now);
        if segment.fin {
            self.fin.delivered.get_or_insert(now);
        }
    }

    /// The receiving host acknowledged everything before `ack_seq`.
    ///
    /// Whether a TCP keeps or discards what arrives out of order is its own affair. What it keeps it
    /// acknowledges as soon as the gap is closed, and only then is it there for the application.
    pub(super) fn on_acknowledged(&mut self, ack_seq: u32, now: Moment) {
        let acknowledged = offset(ack_seq);
        if self.out_of_order.is_empty() || acknowledged <= self.delivered.len() {
            return;
        }
        let mut waiting = std::mem::take(&mut self.out_of_order);
        waiting.sort_by_key(|segment| segment.seq);
        for segment in waiting {
            let start = data_offset(&segment);
            let kept = start < acknowledged || (segment.payload.is_empty() && start <= acknowledged);
            if kept && start <= self.delivered.len() {
                self.take_in(&segment, now);
            } else {
                self.out_of_order.push(segment);
            }
        }
    }
}

/// Offset of the first data byte of a segment: sequence number 1 is offset 0, and a SYN takes number 0.
fn data_offset(segment: &Segment) -> usize {
    offset(segment.seq.saturating_add(u32::from(segment.syn)))
}

fn offset(seq: u32) -> usize {
    usize::try_from(seq.saturating_sub(1)).unwrap_or(usize::MAX)
}

/// Bytes without a gap, and the moment at which each became part of it.
#[derive(Debug, Clone, Default)]
pub struct Track {
    bytes: Vec<u8>,
    runs: Vec<Run>,
}

/// Every byte before offset `end`, and behind the run before it, came at `moment`.
#[derive(Debug, Clone, Copy)]
struct Run {
    end: usize,
    moment: Moment,
}

impl Track {
    /// The bytes, from the first of the connection.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// When the byte at `offset` came; `None` if it did not.
    pub fn moment_of(&self, offset: usize) -> Option<Moment> {
        let run = self.runs.partition_point(|run| run.end <= offset);
        self.runs.get(run).map(|run| run.moment)
    }

    /// When the last byte came that came before or with event `event`.
    pub fn last_until(&self, event: usize) -> Option<Moment> {
        let later = self.runs.partition_point(|run| run.moment.event <= event);
        later.checked_sub(1).map(|run| self.runs[run].moment)
    }

    /// When bytes came, in order.
    pub fn moments(&self) -> impl Iterator<Item = Moment> {
        self.runs.iter().map(|run| run.moment)
    }

    /// Offset of the first byte that came after event `event`: how many had come by then.
    pub fn len_after(&self, event: usize) -> usize {
        self.last_run_end(self.runs.partition_point(|run| run.moment.event <= event))
    }

    fn last_run_end(&self, runs: usize) -> usize {
        runs.checked_sub(1).map_or(0, |run| self.runs[run].end)
    }

    /// Appends bytes.
    pub(super) fn push(&mut self, bytes: &[u8], moment: Moment) {
        self.extend(self.len(), bytes, moment);
    }

    /// Adds what is new in `payload`. What would leave a gap is not taken.
    fn extend(&mut self, offset: usize, payload: &[u8], moment: Moment) {
        let Some(known) = self.bytes.len().checked_sub(offset) else { return };
        let Some(new) = payload.get(known..).filter(|new| !new.is_empty()) else { return };
        self.bytes.extend_from_slice(new);
        self.runs.push(Run { end: self.bytes.len(), moment });
    }
}
