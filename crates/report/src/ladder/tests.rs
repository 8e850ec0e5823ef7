//! Diagrams of small runs.

use closewait_scenario::Direction;
use closewait_trace::{Fate, Segment, Trace, Views, What};

use super::{ArrowKind, Ladder, text};
use crate::testing::{Run, ok, request, scenario};

const SCRIPT: &str = "{ client = \"send\", id = \"a\", request = \"GET /a\" },\n{ wait = \"5s\" },\n\
                      { origin = \"fin\", connection = 1 },\n\
                      { client = \"send\", id = \"b\", request = \"GET /b\" },";

/// `a` is answered; 5 s later the FIN crosses `b`.
fn drawn(trace: &Trace, proof: &[usize]) -> Ladder {
    let scenario = scenario(SCRIPT);
    Ladder::of(&scenario, trace, &Views::of(trace, &scenario.client), proof)
}

fn crossing() -> Run {
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    run.step(5040, 2).fin(5040, 1, Direction::ToClient).start(5040, "b", "GET");
    run.write(5040, 1, Direction::ToOrigin, &request("GET", "b"));
    run.finish(5060, "b", ok("x"));
    run
}

#[test]
fn what_crosses_is_drawn_as_crossing() {
    let ladder = drawn(&crossing().trace(), &[]);
    let page = text(&ladder);
    insta::assert_snapshot!("crossing", page);
    assert!(page.lines().all(|line| !line.ends_with(' ')), "{page}");
}

#[test]
fn the_model_holds_times_ends_and_stale_spans() {
    let ladder = drawn(&crossing().trace(), &[]);
    let fin = ladder.arrows.iter().find(|arrow| arrow.kind == ArrowKind::Fin).expect("there is a FIN");
    assert_eq!((fin.sent_ms, fin.arrived_ms, fin.to), (5040, Some(5050), Direction::ToClient));
    assert_eq!(ladder.stale.len(), 1);
    assert_eq!((ladder.stale[0].from_ms, ladder.stale[0].connection), (5050, 1));
    assert_eq!(ladder.gaps.len(), 1);
    assert_eq!((ladder.gaps[0].from_ms, ladder.gaps[0].until_ms), (40, 5040));
    assert!(ladder.arrows.iter().all(|arrow| !arrow.stale), "b left before the FIN arrived");
}

#[test]
fn losses_and_repetitions_fold() {
    let mut run = Run::new();
    run.open(0, 1);
    let lost = run.segment(1, Direction::ToOrigin, &request("GET", "a"));
    for at in [20, 220, 620] {
        let segment = Segment { retransmission: at > 20, ..lost.clone() };
        run.fate(at, 1, Direction::ToOrigin, Fate::Sent, segment.clone());
        run.fate(at, 1, Direction::ToOrigin, Fate::Dropped, segment);
    }
    let ladder = drawn(&run.trace(), &[]);
    let told: Vec<_> = ladder
        .arrows
        .iter()
        .filter(|arrow| arrow.kind == ArrowKind::Request)
        .map(|arrow| (arrow.segments, arrow.again, arrow.arrived_ms))
        .collect();
    assert_eq!(told, [(1, false, None), (2, true, None)]);
    assert!(text(&ladder).contains("1: a, again ×2, lost"), "{}", text(&ladder));
}

/// The request leaves as the script ends, and is executed all the same.
#[test]
fn what_arrives_after_the_end_is_not_lost() {
    let late = |fate: Option<Fate>| {
        let mut run = Run::new();
        run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
        run.start(5_040, "b", "GET");
        let segment = run.segment(1, Direction::ToOrigin, &request("GET", "b"));
        run.fate(5_040, 1, Direction::ToOrigin, Fate::Sent, segment.clone());
        let mut trace = run.trace();
        let event = |at, what| closewait_trace::Event { at, what };
        trace.events.push(event(5_041, What::ClientClosing));
        if let Some(fate) = fate {
            let what = What::Segment { connection: 1, direction: Direction::ToOrigin, fate, segment };
            trace.events.push(event(5_050, what));
        }
        text(&drawn(&trace, &[]))
    };
    let page = late(Some(Fate::Delivered));
    assert!(page.contains("1: b ") && page.contains("5 050 ms") && !page.contains("lost"), "{page}");
    let page = late(Some(Fate::Dropped));
    assert!(page.contains("1: b, lost"), "{page}");
    let page = late(None);
    assert!(page.contains("1: b, still on its way") && !page.contains("lost"), "{page}");
}

/// An upload in which each segment is sent by itself; where the origin resets, each is answered so.
fn upload(segments: u64, answered: bool) -> Ladder {
    let mut run = Run::new();
    run.start(0, "a", "POST").open(0, 1);
    run.write(20, 1, Direction::ToOrigin, &request("POST", "a"));
    for index in 0..segments {
        let at = 200 * (index + 1);
        run.write(at, 1, Direction::ToOrigin, "part");
        if answered {
            run.rst(at + 10, 1, Direction::ToClient);
        }
    }
    run.finish(200 * (segments + 1), "a", ok("x"));
    drawn(&run.trace(), &[])
}

#[test]
fn equal_rows_fold() {
    let check = |ladder: &Ladder, rows: usize, words: &[&str]| {
        let page = text(ladder);
        assert!(page.lines().count() <= rows, "{page}");
        for word in words {
            assert!(page.contains(word), "no {word} in\n{page}");
        }
    };
    let many = upload(105, false);
    // SYN, SYN-ACK, the first segment, the others: where they begin and where they end.
    let folded: Vec<_> = many.arrows.iter().filter(|arrow| arrow.folded).collect();
    let told: Vec<_> = folded.iter().map(|a| (a.segments, a.sent_ms, a.arrived_ms)).collect();
    assert_eq!(told, [(105, 200, Some(21_010))], "{}", text(&many));
    check(&many, 10, &["1: … 105 more segments of a", "21 010 ms"]);
    assert!(!text(&many).contains("a, again"), "{}", text(&many));
    // The first that leaves on the stale connection has a row of its own.
    check(&upload(105, true), 19, &["1: … 103 more segments of a, STALE", "1: … 103 more: RST"]);
    // A few are not worth it.
    assert!(upload(2, false).arrows.iter().all(|arrow| !arrow.folded));
}

#[test]
fn a_request_on_a_stale_connection_is_marked() {
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    run.fin(1000, 1, Direction::ToClient).start(3000, "b", "GET");
    run.write(3000, 1, Direction::ToOrigin, &request("GET", "b"));
    let trace = run.trace();
    let proof: Vec<usize> = (0..trace.events.len()).filter(|event| trace.events[*event].at == 3000).collect();
    let ladder = drawn(&trace, &proof);
    let page = text(&ladder);
    assert!(
        page.lines().any(|line| line.starts_with('!') && line.contains("▒") && line.contains("1: b, STALE")),
        "{page}"
    );
    assert!(
        page.contains("▒ connection 1 was stale from 1 010 to 3 010 ms: its FIN was delivered"),
        "{page}"
    );
}

#[test]
fn foreign_text_moves_no_cursor() {
    let mut run = Run::new();
    run.start(0, "a\u{1b}[2J", "GET\n");
    let page = text(&drawn(&run.trace(), &[]));
    assert!(!page.contains('\u{1b}') && page.lines().count() == 2, "{page}");
}
