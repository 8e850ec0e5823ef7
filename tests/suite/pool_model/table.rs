//! What becomes of one connection: every phase, every event, with and without another request that waits.

use std::fmt::Write as _;
use std::time::Duration;

use closewait::client::reference::pool::{
    Action, ConnectionId, Event, Limits, Phase, Poison, Pool, Return, Ticket,
};

const CONNECTION: ConnectionId = ConnectionId(1);
/// Has the connection, or is to have it.
const HOLDER: Ticket = Ticket(2);
/// Waits for one.
const OTHER: Ticket = Ticket(3);

/// The table. There is room for one connection.
pub fn render() -> String {
    let mut table =
        "what happens, what becomes of the connection, what is done; what changes nothing is left out\n\n"
            .to_owned();
    for phase in [Phase::Dialing, Phase::Leased, Phase::LeasedAndEnded, Phase::Idle, Phase::Looking] {
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
    let kept = |keep_alive| Return::Reusable { keep_alive, quiet_since: Duration::from_secs(1) };
    vec![
        ("connected", Event::Connected { connection }),
        ("connect failed", Event::ConnectFailed { connection }),
        ("looked: clean", Event::Looked { connection, clean: true }),
        ("looked: readable", Event::Looked { connection, clean: false }),
        ("returned", returned(kept(None))),
        ("returned, Keep-Alive: timeout=0", returned(kept(Some(Duration::ZERO)))),
        ("returned poisoned", returned(Return::Poisoned(Poison::Cancelled))),
        ("returned after silence", returned(Return::Poisoned(Poison::Silence))),
        ("given up", Event::GivenUp { ticket: HOLDER }),
        ("wanted", Event::Wanted { ticket: Ticket(4), fresh: false }),
        ("wanted fresh", Event::Wanted { ticket: Ticket(4), fresh: true }),
        ("ended by the origin", Event::Ended { connection }),
        ("idle limit", Event::Tick),
        ("close", Event::Close),
        ("abort", Event::Abort),
    ]
}

fn row(table: &mut String, phase: Phase, waits: bool, name: &str, event: Event) {
    let mut pool = in_phase(phase);
    if waits {
        pool.handle(Duration::from_secs(1), Event::Wanted { ticket: OTHER, fresh: false });
    }
    assert_eq!(pool.phase(CONNECTION), Some(phase));
    let now = if event == Event::Tick { Duration::from_secs(46) } else { Duration::from_secs(1) };
    let actions = pool.handle(now, event);
    pool.assert_sound(now);
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
    let mut feed = |event| drop(pool.handle(Duration::from_secs(1), event));
    let first = Ticket(1);
    let returned = Return::Reusable { keep_alive: None, quiet_since: Duration::from_secs(1) };
    let ticket = if phase == Phase::Looking || phase == Phase::Idle { first } else { HOLDER };
    feed(Event::Wanted { ticket, fresh: false });
    if phase != Phase::Dialing {
        feed(Event::Connected { connection: CONNECTION });
    }
    if phase == Phase::LeasedAndEnded {
        feed(Event::Ended { connection: CONNECTION });
    }
    if ticket == first {
        feed(Event::Returned { connection: CONNECTION, how: returned });
    }
    if phase == Phase::Looking {
        feed(Event::Wanted { ticket: HOLDER, fresh: false });
    }
    pool
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
        Action::Refuse { ticket, why } => format!("refuse {}: {why:?}", who(*ticket)),
        Action::Close { why, .. } => format!("close: {why:?}"),
        Action::Drained => "drained".to_owned(),
    }
}
