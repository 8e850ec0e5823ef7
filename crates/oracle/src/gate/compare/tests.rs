//! What the comparison says, case by case.

use super::compare;
use crate::gate::change::{Kind, State};
use crate::gate::facts::{
    Attempt, Bytes, FindingFacts, OutcomeFacts, RequestFacts, ResultFacts, RunFacts, VerdictFacts,
    ViolationFacts,
};

fn on(connection: u32, fresh: bool) -> Attempt {
    Attempt { connection, stream: None, fresh }
}

fn request(outcome: &str, error: Option<&str>, attempts: &[Attempt]) -> RequestFacts {
    RequestFacts {
        id: "b".to_owned(),
        method: None,
        outcome: Some(outcome.to_owned()),
        error: error.map(str::to_owned),
        attempts: attempts.to_vec(),
        executed: 1,
        took_ms: Some(20),
    }
}

fn run(request: RequestFacts, verdict: VerdictFacts) -> RunFacts {
    let finding = FindingFacts { oracle: "no-stale-reuse".to_owned(), verdict };
    RunFacts { requests: vec![request], opened: 1, findings: vec![finding], ..RunFacts::default() }
}

fn violated(messages: &[&str]) -> VerdictFacts {
    let violation = |message: &&str| ViolationFacts { message: (*message).to_owned(), severity: None };
    VerdictFacts::Violated(messages.iter().map(violation).collect())
}

fn result(run: RunFacts) -> ResultFacts {
    let outcome = OutcomeFacts::Ran { run: Box::new(run), control: None };
    ResultFacts { scenario: "family/name".to_owned(), client: "mine".to_owned(), outcome }
}

fn unsupported(reason: &str) -> ResultFacts {
    let outcome = OutcomeFacts::Unsupported { reason: reason.to_owned() };
    ResultFacts { scenario: "family/name".to_owned(), client: "mine".to_owned(), outcome }
}

/// What becomes of the one result, and its sentences.
fn check(before: &ResultFacts, now: &ResultFacts, state: State, sentences: &[&str]) {
    let comparison = compare(std::slice::from_ref(before), std::slice::from_ref(now));
    let [result] = comparison.results.as_slice() else { panic!("{comparison:#?}") };
    let said: Vec<&str> = result.changes.iter().map(|change| change.sentence.as_str()).collect();
    assert_eq!((result.state, said.as_slice()), (state, sentences));
}

#[test]
fn requests_move_fail_and_are_repeated() {
    let holds = VerdictFacts::Holds;
    let check = |old: RequestFacts, new: RequestFacts, sentence: &str| {
        check(
            &result(run(old, holds.clone())),
            &result(run(new, holds.clone())),
            State::Drifted,
            &[sentence],
        );
    };
    let ok = |attempts: &[Attempt]| request("200", None, attempts);
    check(ok(&[on(1, false)]), ok(&[on(2, true)]), "request b moved from connection 1 to a new connection 2");
    check(ok(&[on(1, false)]), ok(&[on(1, true)]), "request b is now the first request on connection 1");
    check(
        ok(&[on(1, false)]),
        ok(&[on(1, false), on(2, true)]),
        "one more attempt of request b, on a new connection 2",
    );
    check(
        ok(&[on(1, false), on(2, true), on(3, true)]),
        ok(&[on(1, false)]),
        "2 attempts less of request b: it is written on connection 1",
    );
    check(ok(&[]), ok(&[on(1, true)]), "request b is now written on a new connection 1; before it never was");
    let failed = |kind| request("error", Some(kind), &[on(1, false)]);
    check(failed("closed"), failed("timeout"), "the error of request b changed from closed to timeout");
    check(
        ok(&[on(1, false)]),
        failed("closed"),
        "the outcome of request b changed from 200 to error (closed)",
    );
    let twice = RequestFacts { executed: 2, ..ok(&[on(1, false)]) };
    check(ok(&[on(1, false)]), twice, "the origin executes request b twice, before once");
    let stream = |n| Attempt { stream: Some(n), ..on(1, false) };
    check(ok(&[stream(3)]), ok(&[stream(5)]), "request b moved from stream 3 to stream 5 of connection 1");
}

#[test]
fn a_cancelled_post_that_is_executed_is_no_drift() {
    let check = |method: &str, outcome: &str, executed: [u32; 2], state: State, sentence: &str| {
        let [before, now] = executed.map(|executed| {
            let method = Some(method.to_owned());
            let request = RequestFacts { method, executed, ..request(outcome, None, &[on(1, true)]) };
            result(run(request, VerdictFacts::Holds))
        });
        check(&before, &now, state, &[sentence]);
    };
    let executed = "the origin executes request b once, before never";
    let told = format!("{executed}, although the application cancels it (POST)");
    check("POST", "cancelled", [0, 1], State::Regressed, &told);
    let never =
        "the origin executes request b never, before once, although the application cancels it (POST)";
    check("POST", "cancelled", [1, 0], State::Fixed, never);
    // A GET may be repeated; and who waits for an outcome has not taken the request back.
    check("GET", "cancelled", [0, 1], State::Drifted, executed);
    check("POST", "deadline", [0, 1], State::Drifted, executed);
    check("POST", "error", [0, 1], State::Drifted, executed);
}

#[test]
fn small_shifts_in_time_are_no_change() {
    let took = |ms| {
        let request = RequestFacts { took_ms: Some(ms), ..request("200", None, &[on(1, true)]) };
        result(run(request, VerdictFacts::Holds))
    };
    check(&took(20), &took(1019), State::Same, &[]);
    check(&took(20), &took(1020), State::Drifted, &["request b takes 1020 ms, before 20 ms: another timer"]);
}

#[test]
fn a_back_off_is_drawn_by_chance() {
    let took = |attempts: u32, ms| {
        let attempts: Vec<Attempt> = (1..=attempts).map(|connection| on(connection, true)).collect();
        let request = RequestFacts { took_ms: Some(ms), ..request("200", None, &attempts) };
        result(run(request, VerdictFacts::Holds))
    };
    check(&took(3, 1801), &took(3, 5227), State::Same, &[]);
    check(&took(3, 5227), &took(3, 1801), State::Same, &[]);
    let slower = "request b takes 30000 ms, before 1801 ms: another timer";
    check(&took(3, 1801), &took(3, 30_000), State::Drifted, &[slower]);
    let more = [
        "one more attempt of request b, on a new connection 3",
        "request b takes 5227 ms, before 1801 ms: one more attempt",
    ];
    check(&took(2, 1801), &took(3, 5227), State::Drifted, &more);
    let less = [
        "one attempt less of request b: it is written on a new connection 1 and a new connection 2",
        "request b takes 1801 ms, before 5227 ms: one attempt less",
    ];
    check(&took(3, 5227), &took(2, 1801), State::Drifted, &less);
}

#[test]
fn what_was_judged_is_no_story_by_itself() {
    let with = |verdict: VerdictFacts, line: &str, bytes| {
        let lines = vec![line.to_owned()];
        result(RunFacts { lines, bytes, ..run(request("413", None, &[on(1, true)]), verdict) })
    };
    let judged = "no-stale-reuse: holds → not exercised: no close";
    let idle = || VerdictFacts::NotExercised { reason: "no close".to_owned() };
    let (stops, goes_on) = ("connection 1: client sends FIN", "connection 1: client goes on");
    // Without bytes, as from snapshots, the lines tell.
    let lines = [format!("no longer: {stops}"), format!("now: {goes_on}")];
    let told = [lines[0].as_str(), lines[1].as_str(), judged];
    check(&with(VerdictFacts::Holds, stops, None), &with(idle(), goes_on, None), State::Drifted, &told);
    let bytes = |sent| Some(Bytes { sent, received: 90 });
    let wire = "on the wire: 1064960 bytes (before 65536) from the client, 90 bytes to it; 1 request on 1 connection";
    let check = |sent: [u64; 2], told: &[&str]| {
        let [before, now] = sent.map(bytes);
        check(&with(VerdictFacts::Holds, stops, before), &with(idle(), stops, now), State::Drifted, told);
    };
    check([65_536, 1_064_960], &[wire, judged]);
    check([65_536, 100_000], &[judged]);
    check([100, 1_000], &[judged]);
}

#[test]
fn how_far_a_hang_came_is_up_to_the_machine() {
    let hang = |opened| {
        let stopped = Some("hang".to_owned());
        result(RunFacts { stopped, opened, ..run(request("200", None, &[]), VerdictFacts::Holds) })
    };
    check(&hang(2533), &hang(1801), State::Same, &[]);
}

#[test]
fn verdicts_get_worse_and_better() {
    let with = |verdict| result(run(request("200", None, &[on(1, false)]), verdict));
    let check = |old: VerdictFacts, new: VerdictFacts, state, sentences: &[&str]| {
        check(&with(old), &with(new), state, sentences);
    };
    let bad = || violated(&["b was written on connection 1, 2 000 ms after its FIN was delivered"]);
    let later = || violated(&["b was written on connection 1, 90 ms after its FIN was delivered"]);
    let worse = [
        "no-stale-reuse: holds → violated: b was written on connection 1, 2 000 ms after its FIN was delivered",
    ];
    check(VerdictFacts::Holds, bad(), State::Regressed, &worse);
    let better = [
        "no-stale-reuse: violated → holds (before: b was written on connection 1, 2 000 ms after its FIN was delivered)",
    ];
    check(bad(), VerdictFacts::Holds, State::Fixed, &better);
    check(bad(), later(), State::Same, &[]);
    check(
        violated(&["one"]),
        violated(&["one", "two"]),
        State::Regressed,
        &["no-stale-reuse: violated once more: two"],
    );
    check(
        violated(&["one", "one"]),
        violated(&["one"]),
        State::Fixed,
        &["no-stale-reuse: violated once less (before: one)"],
    );
    check(
        violated(&["one"]),
        violated(&["two"]),
        State::Drifted,
        &["no-stale-reuse: violated in another way: two (before: one)"],
    );
    let idle = VerdictFacts::NotExercised { reason: "nothing died".to_owned() };
    check(
        VerdictFacts::Holds,
        idle,
        State::Drifted,
        &["no-stale-reuse: holds → not exercised: nothing died"],
    );
}

#[test]
fn a_repair_of_what_is_required_is_a_trade_for_advice() {
    let with = |verdicts: &[(&str, VerdictFacts)]| {
        let findings = verdicts
            .iter()
            .map(|(oracle, verdict)| FindingFacts { oracle: (*oracle).to_owned(), verdict: verdict.clone() });
        result(RunFacts { findings: findings.collect(), ..RunFacts::default() })
    };
    let (holds, bad) = (VerdictFacts::Holds, || violated(&["250 times"]));
    let [required, other, advice] = ["no-stale-reuse", "recovers", "unsent-is-free"];
    let repaired = "no-stale-reuse: violated → holds (before: 250 times)";
    let price = "unsent-is-free: holds → violated: 250 times";
    let before = with(&[(advice, holds.clone()), (required, bad())]);
    let now = with(&[(advice, bad()), (required, holds.clone())]);
    check(&before, &now, State::Trade, &[repaired, price]);
    let [ref result] = compare(std::slice::from_ref(&before), &[now]).results[..] else { panic!("one cell") };
    let headline = result.changes[0].headline();
    assert_eq!(headline, format!("{repaired} — in return, advice got worse: unsent-is-free"));
    assert_eq!(result.changes[1].kind, Kind::Trade);
    // The other way round, and where something required got worse as well, it is a regression. What is required leads.
    let back = "no-stale-reuse: holds → violated: 250 times";
    let repaid = "unsent-is-free: violated → holds (before: 250 times)";
    let both = with(&[(advice, bad()), (required, holds.clone())]);
    check(&both, &before, State::Regressed, &[back, repaid]);
    let before = with(&[(advice, holds.clone()), (required, bad()), (other, holds.clone())]);
    let now = with(&[(advice, bad()), (required, holds.clone()), (other, bad())]);
    let worse = "recovers: holds → violated: 250 times";
    check(&before, &now, State::Regressed, &[worse, price, repaired]);
    // Advice against advice is no trade.
    let before = with(&[(advice, holds.clone()), ("prompt-close", bad())]);
    let now = with(&[(advice, bad()), ("prompt-close", holds)]);
    let better = "prompt-close: violated → holds (before: 250 times)";
    check(&before, &now, State::Regressed, &[price, better]);
}

#[test]
fn what_cannot_be_played_has_no_verdict() {
    let ran = result(run(request("200", None, &[]), VerdictFacts::Holds));
    check(&ran, &unsupported("no TLS"), State::Gone, &["can no longer be played: no TLS"]);
    check(
        &unsupported("no TLS"),
        &ran,
        State::New,
        &["can be played now (before: no TLS); nothing is violated"],
    );
    check(&unsupported("x"), &unsupported("x"), State::Same, &[]);
}

#[test]
fn results_appear_and_go() {
    let ran = result(run(request("200", None, &[]), violated(&["b was late"])));
    let comparison = compare(&[], std::slice::from_ref(&ran));
    assert_eq!(comparison.results[0].state, State::New);
    assert_eq!(
        comparison.results[0].changes[0].sentence,
        "has no accepted result yet; violated: no-stale-reuse: b was late"
    );
    let comparison = compare(&[ran], &[]);
    assert_eq!((comparison.results.len(), comparison.results[0].state), (1, State::Gone));
}

#[test]
fn lines_are_the_last_resort() {
    let with = |lines: &[&str]| {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        result(RunFacts { lines, ..run(request("200", None, &[]), VerdictFacts::Holds) })
    };
    check(
        &with(&["a", "connection 1: client sends FIN", "z"]),
        &with(&["a", "connection 1: client sends RST", "z"]),
        State::Drifted,
        &["no longer: connection 1: client sends FIN", "now: connection 1: client sends RST"],
    );
    check(
        &with(&["a", "b"]),
        &with(&["b", "a"]),
        State::Drifted,
        &["at another place in the order of events: b"],
    );
}
