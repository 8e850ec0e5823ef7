//! What holds of the segments of every trace, whatever the scenario.

use std::collections::BTreeMap;

use closewait::scenario::{Action, Direction, NetworkAction, Scenario};
use closewait::trace::{Event, Fate, Millis, Segment, Trace, What};

/// Checks every segment of a trace: nothing arrives that was not sent, nothing arrives early, and the
/// sequence numbers are those of a TCP.
///
/// # Errors
/// The first event that cannot be, and why.
pub fn check(scenario: &Scenario, trace: &Trace) -> Result<(), String> {
    let mut wire = Wire::new(scenario);
    for (index, event) in trace.events.iter().enumerate() {
        wire.follow(event).map_err(|why| format!("event {index}, {event:?}: {why}"))?;
    }
    Ok(())
}

/// The wire as the events so far leave it.
struct Wire {
    /// Latency to the origin and to the client, ms.
    latency: [Millis; 2],
    /// The scenario delays or doubles segments: they may be late, or arrive twice.
    bent: bool,
    ways: BTreeMap<(u32, Direction), Way>,
}

/// One direction of one connection.
#[derive(Default)]
struct Way {
    departed: Vec<Departure>,
    /// The bytes that were sent, from the SYN on; FIN and SYN are a `None`.
    stream: Vec<Option<u8>>,
    /// Which of them have been delivered, and how many before the first gap.
    delivered: Vec<bool>,
    contiguous: u32,
    /// Highest acknowledgement sent this way.
    acknowledged: u32,
    /// Right edge of the window that was delivered to this way's sender.
    edge: Option<u32>,
    reset: bool,
}

struct Departure {
    at: Millis,
    segment: Segment,
    fates: u32,
}

impl Wire {
    fn new(scenario: &Scenario) -> Self {
        let millis = |duration: std::time::Duration| duration.as_millis() as Millis;
        let network = &scenario.network;
        let bends = |action: &Action| {
            matches!(action, Action::Network(NetworkAction::Delay { .. } | NetworkAction::Duplicate { .. }))
        };
        Self {
            latency: [millis(network.latency_to_origin), millis(network.latency_to_client)],
            bent: scenario.script.iter().any(|step| bends(&step.action)),
            ways: BTreeMap::new(),
        }
    }

    fn follow(&mut self, event: &Event) -> Result<(), String> {
        let What::Segment { connection, direction, fate, segment } = &event.what else { return Ok(()) };
        let key = (*connection, *direction);
        match fate {
            Fate::Sent => {
                self.sent(key, segment)?;
                self.depart(key, event.at, segment);
            }
            Fate::Forged => self.depart(key, event.at, segment),
            Fate::Dropped => self.meet_fate(key, event.at, segment, false)?,
            Fate::Delivered => {
                self.meet_fate(key, event.at, segment, true)?;
                self.delivered(key, segment);
            }
        }
        Ok(())
    }

    fn way(&mut self, key: (u32, Direction)) -> &mut Way {
        self.ways.entry(key).or_default()
    }

    fn depart(&mut self, key: (u32, Direction), at: Millis, segment: &Segment) {
        let segment = Segment { retransmission: false, ..segment.clone() };
        self.way(key).departed.push(Departure { at, segment, fates: 0 });
    }

    /// The segment's fate belongs to a departure, at the right distance from it.
    fn meet_fate(
        &mut self,
        key: (u32, Direction),
        at: Millis,
        segment: &Segment,
        arrives: bool,
    ) -> Result<(), String> {
        let latency = self.latency[usize::from(key.1 == Direction::ToClient)];
        let bent = self.bent;
        let fits = |departure: &&mut Departure| {
            let due = departure.at + latency;
            let in_time = at == due || (bent && at >= due) || (!arrives && at == departure.at);
            in_time && (departure.fates == 0 || bent) && departure.segment == *segment
        };
        let departed = &mut self.way(key).departed;
        let departure = departed.iter_mut().find(fits);
        departure.ok_or("no such segment can arrive, or be lost, at this instant")?.fates += 1;
        departed.retain(|departure| departure.fates == 0 || bent);
        Ok(())
    }

    /// A host's TCP may send this.
    fn sent(&mut self, key: (u32, Direction), segment: &Segment) -> Result<(), String> {
        let back = (key.0, opposite(key.1));
        self.sends_what_follows(key, segment)?;
        if segment.ack && !segment.rst {
            let known = self.way(back).contiguous;
            if segment.ack_seq > known {
                return Err(format!("acknowledges {} where {known} was delivered", segment.ack_seq));
            }
            let way = self.way(key);
            if segment.ack_seq < way.acknowledged {
                return Err(format!("takes back the acknowledgement of {}", way.acknowledged));
            }
            way.acknowledged = segment.ack_seq;
        }
        self.way(key).reset |= segment.rst;
        Ok(())
    }

    fn sends_what_follows(&mut self, key: (u32, Direction), segment: &Segment) -> Result<(), String> {
        let way = self.way(key);
        if way.reset && !segment.rst {
            return Err("a host that has reset goes on sending".to_owned());
        }
        let bytes = content(segment);
        let next = way.stream.len();
        let again = bytes.first().is_some_and(|(seq, _)| *seq < next);
        if again != segment.retransmission {
            return Err(format!("marked as sent before: {}, was: {again}", segment.retransmission));
        }
        for (seq, byte) in bytes {
            match way.stream.get(seq) {
                Some(before) if *before != byte => return Err(format!("other bytes than before at {seq}")),
                Some(_) => {}
                None if seq == way.stream.len() => way.stream.push(byte),
                None => return Err(format!("leaves a gap after {next}")),
            }
            // A FIN takes no room.
            if byte.is_some() && way.edge.is_some_and(|edge| seq >= edge as usize) {
                return Err(format!("{seq} is beyond the window, which ends at {:?}", way.edge));
            }
        }
        Ok(())
    }

    fn delivered(&mut self, key: (u32, Direction), segment: &Segment) {
        for (seq, _) in content(segment) {
            let way = self.way(key);
            way.delivered.resize(way.delivered.len().max(seq + 1), false);
            way.delivered[seq] = true;
            while way.delivered.get(way.contiguous as usize) == Some(&true) {
                way.contiguous += 1;
            }
        }
        if segment.ack && !segment.rst {
            let back = self.way((key.0, opposite(key.1)));
            let edge = segment.ack_seq + segment.window;
            back.edge = Some(back.edge.map_or(edge, |before| before.max(edge)));
        }
    }
}

/// What a segment carries, by sequence number.
fn content(segment: &Segment) -> Vec<(usize, Option<u8>)> {
    let marks = |n: bool| std::iter::repeat_n(None, usize::from(n));
    let bytes = segment.payload.iter().copied().map(Some);
    let all = marks(segment.syn).chain(bytes).chain(marks(segment.fin));
    (segment.seq as usize..).zip(all).collect()
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::ToOrigin => Direction::ToClient,
        Direction::ToClient => Direction::ToOrigin,
    }
}
