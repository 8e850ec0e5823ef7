//! What becomes of one connection: every phase, every event, with and without another request that waits.

use std::fmt::Write as _;
use std::time::Duration;

use closewait::client::reference::pool::{
    Action, ConnectionId, Event, Finish, Limits, Phase, Poison, Pool, Return, Ticket,
};

const CONNECTION: ConnectionId = ConnectionId(1);
/// Has the connection, or is to have it.
const HOLDER: Ticket = Ticket(2);
/// Waits for one.
const OTHER: Ticket = Ticket(4);
/// When it came into its phase, about.
const BEGUN: Duration = Duration::from_secs(1);

const PHASES: [Phase; 8] = [
    Phase::Dialing,
    Phase::Leased,
    Phase::LeasedAndEnded,
    Phase::Idle,
    Phase::Looking,
    Phase::Open,
    Phase::InDoubt,
    Phase::Draining,
];

/// The table. There is room for one connection.
pub fn render() -> String {
    let mut table =
        "what happens, what becomes of the connection, what is done; what changes nothing is left out\n\n"
            .to_owned();
    for phase in PHASES {
        for waits in [false, true] {
            if waits && phase == Phase::Idle {
                continue;
            }
            let other = if waits { ", another request waits" } else { "" };
            writeln!(table, "{phase:?}{other}").expect("a string takes it");
            for (name, event) in events() {
                row(&mut table, phase, waits, name, event);
            }
            table.push('\n');
        }
    }
    table
}

fn events() -> Vec<(&'static str, Event)> {
    let connection = CONNECTION;
    let returned = |how| Event::Returned { connection, how };
    let finished = |how| Event::Finished { connection, ticket: HOLDER, how };
    let kept = |keep_alive| Return::Reusable { keep_alive, quiet_since: BEGUN };
    vec![
        ("connected", Event::Connected { connection }),
        ("connect failed", Event::ConnectFailed { connection }),
        ("connected, shared", Event::Multiplexed { connection }),
        ("turned", Event::Turned { ticket: HOLDER }),
        ("stream finished", finished(Finish::Done)),
        ("stream answered", finished(Finish::Answered)),
        ("stream refused", finished(Finish::Refused)),
        ("stream abandoned", finished(Finish::Abandoned)),
        ("one stream at a time", Event::Capacity { connection, streams: 1 }),
        ("two streams at a time", Event::Capacity { connection, streams: 2 }),
        ("something read", Event::Heard { connection }),
        ("GOAWAY", Event::GoneAway { connection }),
        ("looked: clean", Event::Looked { connection, clean: true }),
        ("looked: readable", Event::Looked { connection, clean: false }),
        ("returned", returned(kept(None))),
        ("returned, Keep-Alive: timeout=0", returned(kept(Some(Duration::ZERO)))),
        ("returned poisoned", returned(Return::Poisoned(Poison::Cancelled))),
        ("returned after silence", returned(Return::Poisoned(Poison::Silence))),
        ("given up", Event::GivenUp { ticket: HOLDER }),
        ("wanted", Event::Wanted { ticket: Ticket(5), fresh: false, after: None }),
        ("wanted fresh", Event::Wanted { ticket: Ticket(5), fresh: true, after: None }),
        ("ended by the origin", Event::Ended { connection }),
        ("idle limit", Event::Tick),
        ("close", Event::Close),
        ("abort", Event::Abort),
    ]
}

fn row(table: &mut String, phase: Phase, waits: bool, name: &str, event: Event) {
    let mut pool = in_phase(phase);
    if waits {
        pool.handle(BEGUN, Event::Capacity { connection: CONNECTION, streams: 1 });
        pool.handle(BEGUN, Event::Wanted { ticket: OTHER, fresh: false, after: None });
    }
    assert_eq!(pool.phase(CONNECTION), Some(phase));
    let later = if event == Event::Tick { Duration::from_secs(45) } else { Duration::from_millis(2) };
    let now = BEGUN + later;
    let actions = pool.handle(now, event);
    pool.assert_invariants(now);
    let next = match pool.phase(CONNECTION) {
        Some(next) if next == phase && actions.is_empty() => return,
        Some(next) => format!("{next:?}"),
        None => "gone".to_owned(),
    };
    let actions: Vec<String> = actions.iter().map(words).collect();
    writeln!(table, "  {name:<32} {next:<15} {}", actions.join("; ")).expect("a string takes it");
}

/// A pool with room for one connection, which is in this phase.
fn in_phase(phase: Phase) -> Pool {
    let mut pool = Pool::new(Limits { max_connections: 1, ..Limits::default() });
    let mut feed = |event| drop(pool.handle(BEGUN, event));
    let first = Ticket(1);
    let returned = Return::Reusable { keep_alive: None, quiet_since: BEGUN };
    let ticket = if phase == Phase::Looking || phase == Phase::Idle { first } else { HOLDER };
    feed(Event::Wanted { ticket, fresh: false, after: None });
    match phase {
        Phase::Dialing => {}
        Phase::Open | Phase::InDoubt | Phase::Draining => {
            feed(Event::Multiplexed { connection: CONNECTION });
        }
        _ => feed(Event::Connected { connection: CONNECTION }),
    }
    match phase {
        Phase::LeasedAndEnded => feed(Event::Ended { connection: CONNECTION }),
        Phase::Draining => feed(Event::GoneAway { connection: CONNECTION }),
        Phase::InDoubt => doubt(&mut pool),
        _ if ticket == first => feed(Event::Returned { connection: CONNECTION, how: returned }),
        _ => {}
    }
    if phase == Phase::Looking {
        pool.handle(BEGUN, Event::Wanted { ticket: HOLDER, fresh: false, after: None });
    }
    pool
}

/// A second request is given up without an answer.
fn doubt(pool: &mut Pool) {
    let ticket = Ticket(3);
    pool.handle(BEGUN, Event::Wanted { ticket, fresh: false, after: None });
    pool.handle(BEGUN, Event::Turned { ticket });
    let how = Finish::Abandoned;
    pool.handle(BEGUN + Duration::from_millis(1), Event::Finished { connection: CONNECTION, ticket, how });
}

fn words(action: &Action) -> String {
    let who = |ticket: Ticket| match ticket {
        HOLDER => "its request",
        OTHER => "the one that waits",
        _ => "the new one",
    };
    match action {
        Action::Dial { ticket, .. } => format!("dial for {}", who(*ticket)),
        Action::Look { ticket, .. } => format!("look, for {}", who(*ticket)),
        Action::Lease { ticket, reused, .. } => {
            format!("lease to {}, {}", who(*ticket), if *reused { "reused" } else { "fresh" })
        }
        Action::Ping { .. } => "ping".to_owned(),
        Action::Refuse { ticket, why } => format!("refuse {}: {why:?}", who(*ticket)),
        Action::Close { why, .. } => format!("close: {why:?}"),
        Action::Drained => "drained".to_owned(),
    }
}
