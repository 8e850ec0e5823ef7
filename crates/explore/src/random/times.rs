//! Times, bodies, settings: values that matter more often than uniform ones.

use closewait_scenario::{ClientSettings, NetworkSettings, OriginSettings, Pings, Protocol};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::plan::{Pause, Pick, millis};

pub(super) fn pick() -> impl Strategy<Value = Pick> + Clone {
    any::<u16>().prop_map(Pick)
}

/// Between two steps: as long as an idle connection waits.
pub(super) fn idle() -> impl Strategy<Value = Pause> + Clone {
    prop_oneof![
        4 => select(vec![1000, 2000, 3000, 5000]).prop_map(Pause::Exactly),
        1 => select(vec![1, 10, 100, 10_000, 29_000, 61_000, 120_000]).prop_map(Pause::Exactly),
        3 => near(),
    ]
}

/// While something is under way: about a round trip.
pub(super) fn short() -> impl Strategy<Value = Pause> + Clone {
    prop_oneof![
        4 => select(vec![1, 5, 9, 10, 11, 15, 19, 20, 21, 25, 29, 30, 31, 39, 40, 41, 50]).prop_map(Pause::Exactly),
        1 => select(vec![100, 200, 201, 500, 1000, 5000]).prop_map(Pause::Exactly),
        1 => near(),
    ]
}

fn near() -> impl Strategy<Value = Pause> + Clone {
    let offsets = vec![-1000, -100, -21, -20, -19, -11, -10, -9, -1, 0, 1, 9, 10, 11, 20, 100, 1000];
    (pick(), select(offsets)).prop_map(|(limit, offset)| Pause::Near(limit, offset))
}

/// When the application gives up, if not after the usual time.
pub(super) fn deadline() -> impl Strategy<Value = Option<u64>> + Clone {
    weighted(0.25, select(vec![15, 25, 30, 45, 100, 1000, 3000, 5000, 60_000]))
}

pub(super) fn client(protocol: Protocol) -> BoxedStrategy<ClientSettings> {
    let limits = (
        weighted(0.35, select(vec![1000, 2000, 5000, 10_000])),
        weighted(0.25, select(vec![0, 1, 1, 2])),
        weighted(0.3, select(vec![1, 1, 2, 2, 3])),
        weighted(0.1, select(vec![1000, 3000])),
        weighted(0.15, select(vec![500, 1000, 3000])),
    );
    let settings = limits.prop_map(|(idle, max_idle, max_connections, connect, read)| ClientSettings {
        idle_timeout: idle.map(millis),
        max_idle,
        max_connections,
        connect_timeout: connect.map(millis),
        read_timeout: read.map(millis),
        ..ClientSettings::default()
    });
    if protocol.is_http2() { of_http2(settings).boxed() } else { settings.boxed() }
}

fn of_http2(settings: impl Strategy<Value = ClientSettings>) -> impl Strategy<Value = ClientSettings> {
    let pings = (select(vec![1000, 5000]), weighted(0.7, select(vec![1000, 3000])), any::<bool>());
    let window = weighted(0.15, Just(65_535));
    (settings, weighted(0.35, pings), window).prop_map(|(settings, pings, window)| ClientSettings {
        ping_interval: pings.map(|(interval, _, _)| millis(interval)),
        ping_timeout: pings.and_then(|(_, timeout, _)| timeout).map(millis),
        ping_while_idle: pings.is_some_and(|(_, _, idle)| idle),
        stream_window: window,
        connection_window: window,
        ..settings
    })
}

pub(super) fn origin(protocol: Protocol) -> BoxedStrategy<OriginSettings> {
    let settings = weighted(0.15, select(vec![1000, 2000, 5000]))
        .prop_map(|idle| OriginSettings { idle_timeout: idle.map(millis), ..OriginSettings::default() });
    if !protocol.is_http2() {
        return settings.boxed();
    }
    let pings = prop_oneof![
        6 => Just(Pings::default()),
        1 => Just(Pings::Ignore),
        1 => select(vec![500, 2000]).prop_map(|after| Pings::Answer { after: millis(after) }),
    ];
    let limits = (weighted(0.25, select(vec![1, 1, 2, 100])), weighted(0.06, select(vec![0, 1000])));
    (settings, pings, limits)
        .prop_map(|(settings, pings, (max_streams, initial_window))| OriginSettings {
            pings,
            max_streams,
            initial_window,
            ..settings
        })
        .boxed()
}

pub(super) fn network() -> impl Strategy<Value = NetworkSettings> {
    let latency = || weighted(0.1, select(vec![1, 20, 50, 90]));
    let buffer = || weighted(0.08, select(vec![4096, 16_384]));
    (latency(), latency(), buffer(), buffer()).prop_map(|(to_origin, to_client, send, receive)| {
        let default = NetworkSettings::default();
        NetworkSettings {
            latency_to_origin: to_origin.map_or(default.latency_to_origin, millis),
            latency_to_client: to_client.map_or(default.latency_to_client, millis),
            send_buffer: send.unwrap_or(default.send_buffer),
            receive_buffer: receive.unwrap_or(default.receive_buffer),
        }
    })
}
