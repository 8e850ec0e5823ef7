//! What makes one scenario simpler than another.

use std::time::Duration;

use closewait_scenario::{
    Action, BodySource, ClientAction, ErrorCode, LastStream, NetworkAction, NetworkSettings, OriginAction,
    Pings, ReadBody, Reply, Scenario, SendRequest, SourceEnd, Step, When,
};

use crate::kind::count_faults;

/// The weight of a scenario: faults first, then requests, then steps, then what else there is to read. A shrunk
/// scenario is one for which no lighter one does the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight {
    /// Steps that are faults.
    pub faults: usize,
    /// Requests.
    pub requests: usize,
    /// Steps.
    pub steps: usize,
    /// Settings and keys that are not as by default.
    pub extras: usize,
    /// How far times are from round ones.
    pub roughness: u64,
    /// All times together, milliseconds.
    pub time: u64,
}

impl Weight {
    /// Weighs.
    pub fn of(scenario: &Scenario) -> Self {
        let times = times(scenario);
        Self {
            faults: count_faults(scenario),
            requests: scenario.requests().count(),
            steps: scenario.script.len(),
            extras: settings(scenario) + scenario.script.iter().map(extras).sum::<usize>(),
            roughness: times.iter().map(|time| roughness(*time)).sum(),
            time: times.iter().sum(),
        }
    }
}

fn settings(scenario: &Scenario) -> usize {
    let default = NetworkSettings::default();
    let (client, network) = (&scenario.client, &scenario.network);
    let set = [
        client.idle_timeout.is_some(),
        client.max_idle.is_some(),
        client.max_connections.is_some(),
        client.connect_timeout.is_some(),
        client.read_timeout.is_some(),
        scenario.origin.idle_timeout.is_some(),
        client.ping_interval.is_some(),
        client.ping_timeout.is_some(),
        client.ping_while_idle,
        client.stream_window.is_some(),
        client.connection_window.is_some(),
        scenario.origin.max_streams.is_some(),
        scenario.origin.initial_window.is_some(),
        scenario.origin.pings != Pings::default(),
        network.latency_to_origin != default.latency_to_origin,
        network.latency_to_client != default.latency_to_client,
        network.send_buffer != default.send_buffer,
        network.receive_buffer != default.receive_buffer,
    ];
    set.into_iter().filter(|set| *set).count()
}

fn extras(step: &Step) -> usize {
    let timed = match step.when {
        When::Now => 0,
        When::After(_) => 1,
        When::Packet { .. } => 2,
    };
    timed
        + match &step.action {
            Action::Client(ClientAction::Send(send)) => of_request(send),
            Action::Origin(OriginAction::Reply(reply)) => of_reply(reply),
            Action::Origin(OriginAction::Send { bytes, .. }) => bytes.len() / 10,
            Action::Origin(OriginAction::Goaway { last_stream, error, .. }) => {
                usize::from(*last_stream != LastStream::Seen) + usize::from(*error != ErrorCode::NoError)
            }
            Action::Origin(OriginAction::ResetStream { error, times, .. }) => {
                usize::from(*error != ErrorCode::InternalError)
                    + usize::from(*times > 1)
                    + usize::from(*times > 2)
            }
            Action::Origin(OriginAction::Pings { connection: Some(_), .. }) => 1,
            Action::Network(action) => of_network(action),
            _ => 0,
        }
}

/// A body is heavier than none, a large one heavier than a small one, and POST heavier than GET.
fn of_request(send: &SendRequest) -> usize {
    let body = if send.body == 0 { 0 } else { 1 + send.body.ilog10() as usize };
    let extras = [
        send.method != "GET",
        !matches!(send.method.as_str(), "GET" | "POST"),
        !send.headers.is_empty(),
        send.background,
        send.deadline != closewait_scenario::DEFAULT_DEADLINE,
        send.read != ReadBody::All,
        send.source != BodySource::WHOLE,
        send.source.end != SourceEnd::Complete,
    ];
    body + extras.into_iter().filter(|extra| *extra).count()
}

fn of_reply(reply: &Reply) -> usize {
    let plain = Reply::default_for(&reply.id);
    let extras = [
        reply.times != plain.times,
        reply.times > 2,
        reply.status != plain.status,
        reply.version != plain.version,
        !reply.headers.is_empty(),
        reply.headers.len() > 1,
        reply.body.is_some(),
        reply.framing != plain.framing,
        reply.early,
        reply.delay != plain.delay,
        reply.cut.is_some(),
        !reply.trailers.is_empty(),
        reply.then != plain.then,
        !reply.surplus.is_empty(),
        reply.surplus.len() > 10,
    ];
    extras.into_iter().filter(|extra| *extra).count()
}

fn of_network(action: &NetworkAction) -> usize {
    let path = |path: &closewait_scenario::Path| {
        usize::from(path.connection.is_some()) + usize::from(path.direction.is_some())
    };
    match action {
        NetworkAction::Drop { path: on, packets } => path(on) + usize::from(packets.is_some()),
        NetworkAction::Delay { path: on, packets, .. } => path(on) + usize::from(packets.is_some()),
        NetworkAction::Duplicate { path: on, packets, by } => {
            path(on) + usize::from(*packets > 1) + usize::from(!by.is_zero())
        }
        NetworkAction::Rst { direction, .. } => usize::from(direction.is_some()),
        _ => 0,
    }
}

/// Every time that the file says, milliseconds.
fn times(scenario: &Scenario) -> Vec<u64> {
    let default = NetworkSettings::default();
    let client = &scenario.client;
    let unless = |time: Duration, default: Duration| (time != default).then_some(time);
    let set = [
        client.idle_timeout,
        client.connect_timeout,
        client.read_timeout,
        client.ping_interval,
        client.ping_timeout,
        scenario.origin.idle_timeout,
        unless(scenario.network.latency_to_origin, default.latency_to_origin),
        unless(scenario.network.latency_to_client, default.latency_to_client),
    ];
    let steps = scenario.script.iter().flat_map(times_of);
    set.into_iter()
        .flatten()
        .chain(steps)
        .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
        .collect()
}

fn times_of(step: &Step) -> Vec<Duration> {
    let mut times = Vec::new();
    if let When::After(after) = step.when {
        times.push(after);
    }
    match &step.action {
        Action::Wait(time) => times.push(*time),
        Action::Client(ClientAction::Send(send)) if send.deadline != closewait_scenario::DEFAULT_DEADLINE => {
            times.push(send.deadline);
        }
        Action::Origin(OriginAction::Reply(reply)) if !reply.delay.is_zero() => times.push(reply.delay),
        Action::Network(NetworkAction::Delay { by, .. } | NetworkAction::Duplicate { by, .. })
            if !by.is_zero() =>
        {
            times.push(*by);
        }
        _ => {}
    }
    times
}

/// 0 for one second, and more the more digits it takes to say a time.
pub(super) fn roughness(millis: u64) -> u64 {
    let digits = millis.to_string();
    let significant = digits.trim_end_matches('0');
    let leading = match significant {
        "1" => 0,
        "2" | "5" => 1,
        _ => 2,
    };
    let away = digits.len().abs_diff(4) as u64;
    leading + 4 * (significant.len() as u64).saturating_sub(1) + u64::from(away > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_times_are_smoother() {
        let rising = [1000, 100, 2000, 50, 3000, 1500, 1001];
        for pair in rising.windows(2) {
            assert!(roughness(pair[0]) <= roughness(pair[1]), "{pair:?}");
        }
        assert!(roughness(1000) < roughness(999));
    }
}
