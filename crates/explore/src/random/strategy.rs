//! Schedules: a few situations, one after the other, each with something that may go wrong.
//!
//! Uniform steps would mostly give nonsense. A schedule is made of motifs (an idle connection on which something
//! happens, requests side by side, one that is cancelled…), and it is chance what they are filled with.

use closewait_scenario::{Direction, ErrorCode, LastStream, NatAnswer, Protocol, Until};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::plan::{Ending, Fault, Move, Pause, Pick, Plan, Sending, Timing};
use super::times::{self, idle, pick, short};
use super::{http1, http2};

/// Every schedule of a protocol.
pub(super) fn plans(protocol: Protocol) -> BoxedStrategy<Plan> {
    let settings = (times::client(protocol), times::origin(protocol), times::network());
    let moves = vec(motif(protocol), 1..=3);
    let faults = prop_oneof![1 => Just(0usize), 6 => Just(1), 2 => Just(2), 1 => Just(3)];
    let ending = prop_oneof![6 => Just(Ending::Open), 1 => Just(Ending::Close), 1 => Just(Ending::Drop)];
    (settings, moves, faults, ending)
        .prop_map(move |((client, origin, network), moves, faults, ending)| Plan {
            protocol,
            client,
            origin,
            network,
            moves: moves.concat(),
            faults,
            ending,
        })
        .boxed()
}

fn motif(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let any = any_motif(protocol);
    if !protocol.is_http2() {
        return any;
    }
    prop_oneof![8 => any, 1 => dies_silently(protocol), 1 => drains(protocol), 1 => shares_a_dial(protocol)]
        .boxed()
}

fn any_motif(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    prop_oneof![
        3 => in_turn(protocol),
        5 => while_idle(protocol),
        4 => under_way(protocol),
        3 => side_by_side(protocol),
        2 => in_line(protocol),
        2 => cancelled(protocol),
        1 => between_dials(protocol),
        1 => at_the_end(protocol),
    ]
    .boxed()
}

/// One request after the other.
fn in_turn(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let first = sending(protocol, false);
    (first, weighted(0.6, idle()), probe(protocol))
        .prop_map(|(first, pause, probe)| moves([Some(first), pause.map(Move::Pause), Some(probe)]))
        .boxed()
}

/// Something happens to a connection that nobody uses.
fn while_idle(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let parts = (sending(protocol, false), weighted(0.7, idle()), fault(protocol), settle(), probe(protocol));
    parts
        .prop_map(|(first, pause, fault, settle, probe)| {
            moves([Some(first), pause.map(Move::Pause), Some(fault), settle, Some(probe)])
        })
        .boxed()
}

/// Something happens while a request is under way.
fn under_way(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let parts = (
        sending(protocol, true),
        weighted(0.8, short()),
        fault(protocol),
        weighted(0.5, idle()),
        probe(protocol),
    );
    parts
        .prop_map(|(first, pause, fault, later, probe)| {
            let rest =
                [pause.map(Move::Pause), Some(fault), Some(Move::Answer(LAST)), Some(Move::Await(LAST))];
            moves([Some(first)].into_iter().chain(rest).chain([later.map(Move::Pause), Some(probe)]))
        })
        .boxed()
}

/// Several requests at once, over before the next.
fn side_by_side(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let some = vec((sending(protocol, true), weighted(0.3, short())), 2..=3);
    (some, weighted(0.5, fault(protocol)), settle(), vec(probe(protocol), 1..=2))
        .prop_map(|(some, fault, settle, probes)| {
            let starts = some.iter().cloned().flat_map(|(send, pause)| [Some(send), pause.map(Move::Pause)]);
            let ends = some.iter().flat_map(|_| [Some(Move::Answer(FIRST)), Some(Move::Await(FIRST))]);
            moves(starts.chain(ends).chain([fault, settle]).chain(probes.into_iter().map(Some)))
        })
        .boxed()
}

/// One is slow, others come while it is, and have less time than it takes.
fn in_line(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let waiting =
        (sending(protocol, true), weighted(0.7, short()), select(vec![None, Some(1000), Some(5000)]));
    let wait = select(vec![100, 900, 2000, 6000]).prop_map(Pause::Exactly);
    (sending(protocol, true), short(), vec(waiting, 1..=3), weighted(0.3, fault(protocol)), wait)
        .prop_map(|(first, pause, waiting, fault, wait)| {
            let held = map_sending(first, |sending| sending.hold = true);
            let others = waiting.iter().cloned().flat_map(|(send, pause, deadline)| {
                let send = map_sending(send, |sending| sending.deadline = deadline.or(sending.deadline));
                [Some(send), pause.map(Move::Pause)]
            });
            let ends = waiting.iter().flat_map(|_| [Some(Move::Await(FIRST)), Some(Move::Answer(FIRST))]);
            let start = [Some(held), Some(Move::Pause(pause))];
            let middle = [fault, Some(Move::Pause(wait)), Some(Move::Answer(FIRST))];
            moves(start.into_iter().chain(others).chain(middle).chain(ends))
        })
        .boxed()
}

/// The application changes its mind.
fn cancelled(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let parts = (sending(protocol, true), weighted(0.8, short()), weighted(0.6, idle()), probe(protocol));
    parts
        .prop_map(|(first, pause, later, probe)| {
            moves([
                Some(first),
                pause.map(Move::Pause),
                Some(Move::Cancel(LAST)),
                later.map(Move::Pause),
                Some(probe),
            ])
        })
        .boxed()
}

/// A connection comes free while another is being opened.
fn between_dials(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let parts = (sending(protocol, true), short(), sending(protocol, true), idle(), probe(protocol));
    parts
        .prop_map(|(first, pause, second, later, probe)| {
            let ends =
                [Some(Move::Await(FIRST)), Some(Move::Await(FIRST)), Some(Move::Pause(later)), Some(probe)];
            moves([Some(first), Some(Move::Pause(pause)), Some(second)].into_iter().chain(ends))
        })
        .boxed()
}

/// What happens when no request comes any more.
fn at_the_end(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    (sending(protocol, false), weighted(0.5, idle()), fault(protocol), idle())
        .prop_map(|(first, pause, fault, later)| {
            moves([Some(first), pause.map(Move::Pause), Some(fault), Some(Move::Pause(later))])
        })
        .boxed()
}

/// A connection dies without a sign, and more than one request finds out.
fn dies_silently(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let silence = (weighted(0.5, pick()), weighted(0.3, direction()));
    let silence =
        silence.prop_map(|(on, direction)| Fault::Lose { on, direction, packets: None, heal: None });
    let pause = || weighted(0.6, idle());
    (sending(protocol, false), pause(), silence, pause(), vec(probe(protocol), 1..=2))
        .prop_map(|(first, before, silence, after, probes)| {
            let silence = Move::Fault(Timing::InTurn, silence);
            let start = [Some(first), before.map(Move::Pause), Some(silence), after.map(Move::Pause)];
            moves(start.into_iter().chain(probes.into_iter().map(Some)))
        })
        .boxed()
}

/// A connection takes no more requests while it still has one to answer.
fn drains(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let notice = select(vec![LastStream::All, LastStream::Seen]);
    let parts = (sending(protocol, true), short(), pick(), notice, settle(), probe(protocol));
    parts
        .prop_map(|(first, pause, on, last, settle, probe)| {
            let held = map_sending(first, |sending| sending.hold = true);
            let notice = Move::Fault(Timing::InTurn, Fault::Goaway(on, last, ErrorCode::NoError));
            let start = [Some(held), Some(Move::Pause(pause)), Some(notice), settle];
            moves(start.into_iter().chain([Some(probe), Some(Move::Answer(LAST)), Some(Move::Await(LAST))]))
        })
        .boxed()
}

/// Several requests wait for one connection, and one of them does not wait long.
fn shares_a_dial(protocol: Protocol) -> BoxedStrategy<Vec<Move>> {
    let soon = select(vec![1, 5, 9, 15, 19]).prop_map(Pause::Exactly);
    (vec(sending(protocol, true), 2..=3), soon, pick())
        .prop_map(|(some, soon, pick)| {
            let ends = some.iter().map(|_| Some(Move::Await(FIRST))).collect::<Vec<_>>();
            let middle = [Some(Move::Pause(soon)), Some(Move::Cancel(pick))];
            moves(some.into_iter().map(Some).chain(middle).chain(ends))
        })
        .boxed()
}

fn of_tls() -> BoxedStrategy<Fault> {
    let alert = (pick(), select(vec!["internal_error", "bad_record_mac"]));
    prop_oneof![
        2 => pick().prop_map(Fault::CloseNotify),
        1 => alert.prop_map(|(on, description)| Fault::Alert(on, description)),
    ]
    .boxed()
}

const FIRST: Pick = Pick::FIRST;
const LAST: Pick = Pick::LAST;

fn moves(moves: impl IntoIterator<Item = Option<Move>>) -> Vec<Move> {
    moves.into_iter().flatten().collect()
}

fn map_sending(mut send: Move, change: impl FnOnce(&mut Sending)) -> Move {
    if let Move::Send(sending) = &mut send {
        change(sending);
    }
    send
}

fn sending(protocol: Protocol, background: bool) -> BoxedStrategy<Move> {
    let sending = if protocol.is_http2() { http2::sending(background) } else { http1::sending(background) };
    sending.prop_map(|sending| Move::Send(Box::new(sending))).boxed()
}

fn probe(protocol: Protocol) -> BoxedStrategy<Move> {
    let probe = if protocol.is_http2() { http2::probe() } else { http1::probe() };
    probe.prop_map(|sending| Move::Send(Box::new(sending))).boxed()
}

/// What lies between a fault and the next request.
fn settle() -> BoxedStrategy<Option<Move>> {
    prop_oneof![
        3 => Just(Some(Move::Settle(Until::Arrived))),
        4 => Just(Some(Move::Settle(Until::Delivered))),
        2 => short().prop_map(|pause| Some(Move::Pause(pause))),
        1 => idle().prop_map(|pause| Some(Move::Pause(pause))),
        2 => Just(None),
    ]
    .boxed()
}

fn fault(protocol: Protocol) -> BoxedStrategy<Move> {
    let of_origin = if protocol.is_http2() { http2::fault() } else { http1::fault() };
    let of_origin =
        if protocol.is_tls() { prop_oneof![5 => of_origin, 1 => of_tls()].boxed() } else { of_origin };
    let timing = prop_oneof![
        5 => Just(Timing::InTurn),
        1 => short().prop_map(Timing::After),
        1 => (1..=8u32, direction()).prop_map(|(n, direction)| Timing::OnSegment { n, direction }),
    ];
    let fault = prop_oneof![3 => of_origin, 1 => of_host(), 3 => of_network()];
    (timing, fault).prop_map(|(timing, fault)| Move::Fault(timing, fault)).boxed()
}

fn of_host() -> BoxedStrategy<Fault> {
    prop_oneof![weighted(0.8, idle()).prop_map(Fault::Refuse), weighted(0.8, idle()).prop_map(Fault::Crash),]
        .boxed()
}

fn of_network() -> BoxedStrategy<Fault> {
    let on = || weighted(0.8, pick());
    let way = || weighted(0.7, direction());
    let few = || weighted(0.6, 1..=3u32);
    let answer = select(vec![NatAnswer::Rst, NatAnswer::Silence]);
    prop_oneof![
        3 => (on(), way(), few(), weighted(0.5, idle()))
            .prop_map(|(on, direction, packets, heal)| Fault::Lose { on, direction, packets, heal }),
        2 => (on(), way(), few(), prop_oneof![short(), idle()])
            .prop_map(|(on, direction, packets, by)| Fault::Slow { on, direction, packets, by }),
        1 => (on(), way(), select(vec![0, 5, 25, 300]), 1..=3u32)
            .prop_map(|(on, direction, by, packets)| Fault::Double { on, direction, by, packets }),
        1 => (pick(), answer).prop_map(|(on, answer)| Fault::Forget(on, answer)),
        1 => (pick(), way()).prop_map(|(on, direction)| Fault::Reset(on, direction)),
    ]
    .boxed()
}

fn direction() -> impl Strategy<Value = Direction> + Clone {
    select(vec![Direction::ToOrigin, Direction::ToClient])
}
