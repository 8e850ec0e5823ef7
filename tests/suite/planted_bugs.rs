//! Bugs planted into the reference client, and the oracle that catches each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use closewait::client::reference::{Defect, with_defect};
use closewait::oracle::ORACLES;
use closewait::scenario::{Action, ClientAction, LastStream, OriginAction, Reply, Scenario, Step};
use libtest_mimic::{Failed, Trial};

use super::played::{catalogue, result, selected_with};
use super::reference::violations;

/// Defect, scenario, and the oracle that is meant to catch it.
pub(super) const PLANTED: [(Defect, &str, &str); Defect::ALL.len()] = [
    (Defect::NoStaleCheck, "half-close/fin-while-idle", "no-stale-reuse"),
    (Defect::LooksForEofOnly, "unsolicited/200-long-before-request", "no-stale-reuse"),
    (Defect::LooksTooEarly, "unsolicited/200-just-before-request", "no-cross-talk"),
    (Defect::LingersInCloseWait, "lifecycle/fin-after-the-last-request", "prompt-close"),
    (Defect::KeepsSurplus, "unsolicited/second-response-in-one-segment", "no-cross-talk"),
    (Defect::PoolsCancelled, "abandoned/cancelled-and-never-answered", "no-stale-reuse"),
    (Defect::PoolsTimedOut, "silent-death/read-timeout-ends-it", "recovers"),
    (Defect::IgnoresConnectionClose, "persistence/connection-close-in-response", "no-stale-reuse"),
    (Defect::IgnoresHttp10, "persistence/http-10-without-keep-alive", "no-stale-reuse"),
    (Defect::IgnoresKeepAliveTimeout, "idle-limit/keep-alive-timeout-advertised", "no-stale-reuse"),
    (Defect::IdleLimitInWrongUnit, "idle-limit/gap-longer-than-client-limit", "no-stale-reuse"),
    (Defect::IdleClockNotReset, "idle-limit/clock-restarts-with-each-use", "reuses-when-healthy"),
    (Defect::RetriesPost, "half-close/fin-in-flight-post", "at-most-once"),
    (Defect::RetriesWithoutLimit, "retry/every-connection-dies", "bounded-retries"),
    (Defect::FailsUnsent, "half-close/fin-at-the-same-instant-get", "unsent-is-free"),
    (Defect::DeafToEof, "half-close/fin-in-flight-post", "race-outcome"),
    (Defect::HidesTruncation, "truncation/length-cut-by-fin", "no-cross-talk"),
    (Defect::LeaksOnDrop, "lifecycle/drop-with-idle-connections", "no-leak"),
    (Defect::CloseForgetsIdle, "lifecycle/close-with-idle-connections", "no-leak"),
    (Defect::CountsConnectionsTwice, "limits/two-connections-for-two-requests", "as-expected"),
    (Defect::CountsBusyAsIdle, "limits/busy-is-not-idle", "as-expected"),
    (Defect::IgnoresMaxIdle, "limits/two-return-and-one-may-stay", "no-leak"),
    (Defect::IgnoresMaxConnections, "limits/waiter-gets-the-freed-connection", "no-leak"),
    (Defect::ForgetsToWake, "limits/waiter-gets-the-freed-connection", "bounded-wait"),
    (Defect::ServesNewestFirst, "limits/waiting-in-line", "as-expected"),
    (Defect::NeverReuses, "idle-limit/clock-restarts-with-each-use", "reuses-when-healthy"),
    (Defect::DialsForNothing, "limits/one-comes-free-while-another-opens", "no-needless-connections"),
    (Defect::TrustsFinUnderTls, "tls-truncation/close-delimited-whole-but-fin-alone", "no-silent-truncation"),
    (Defect::IgnoresReadTimeout, "silent-death/read-timeout-ends-it", "bounded-wait"),
    (Defect::IgnoresGoaway, "h2-goaway/while-idle", "no-stale-reuse"),
    (Defect::KillsAccepted, "h2-goaway/new-request-while-one-drains", "recovers"),
    (Defect::RetriesProcessed, "h2-connect/half-close-with-a-stream-open", "at-most-once"),
    (Defect::SurfacesRefused, "h2-streams/refused-once-post", "unsent-is-free"),
    (Defect::PingTimerNotReset, "h2-silent-death/ping-answered-late", "reuses-when-healthy"),
    (Defect::KeepsUnanswered, "h2-silent-death/pings-while-idle", "no-stale-reuse"),
    (Defect::PingsOnlyWhenBusy, "h2-silent-death/pings-while-idle-spare-a-post", "no-stale-reuse"),
    (Defect::StopsPingsAfterGoaway, "h2-silent-death/behind-a-goaway", "bounded-wait"),
    (Defect::TrustsSilence, "h2-silent-death/one-timeout-is-enough", "recovers"),
    (Defect::CancelNotTold, "h2-cancel/before-the-head", "cancel-is-told"),
    (Defect::AbandonedHoldsWindow, "h2-cancel/abandoned-body-starves-nobody", "cancel-is-told"),
    (Defect::IgnoresStreamLimit, "h2-streams/limit-lowered-midway", "no-leak"),
    (Defect::CancelsForAll, "h2-connect/one-of-two-who-wait-is-cancelled", "unsent-is-free"),
    (Defect::EndsBrokenBody, "bodies/fails-in-chunks", "no-truncated-request"),
    (Defect::TakesMalformedChunks, "malformed/last-chunk-without-its-zero", "malformed-is-refused"),
];

/// Why no defect is caught by this oracle alone.
const IN_COMPANY: [(&str, &str); 4] = [
    (
        "race-outcome",
        "what comes of a race is a hang, a wrong answer or a duplicate, and other oracles know those too",
    ),
    ("at-most-once", "a client repeats a request because its connection ended, and that is a race"),
    (
        "reuses-when-healthy",
        "a connection that is not reused is a needless one: no-needless-connections advises the same",
    ),
    ("as-expected", "a scenario expects in its own words what the other oracles say of every scenario"),
];

/// `planted::<defect>`, and what they say together.
pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = PLANTED
        .into_iter()
        .map(|(defect, scenario, oracle)| {
            Trial::test(format!("planted::{defect}"), move || check(defect, scenario, oracle))
        })
        .collect();
    trials.push(Trial::test("planted::table", table));
    trials
        .push(Trial::test("planted::every_oracle_is_meant_to_catch_one", every_oracle_is_meant_to_catch_one));
    trials
}

fn check(defect: Defect, id: &str, oracle: &str) -> Result<(), Failed> {
    assert_small(catalogue().get(id)?);
    let correct = violations(&result(id, "reference").outcome);
    assert!(correct.is_empty(), "without the defect: {correct:#?}");
    let caught = caught(defect, id)?;
    assert!(caught.contains(oracle), "caught by {caught:?}, not by {oracle}");
    Ok(())
}

/// At most three requests and one fault: what is small is understood. A slow answer is none, nor is the notice of a graceful shutdown.
fn assert_small(scenario: &Scenario) {
    assert!(scenario.requests().count() <= 3, "{} has more than three requests", scenario.id);
    let faults = scenario.script.iter().filter(|step| is_fault(step)).count();
    assert!(faults <= 1, "{} has {faults} faults", scenario.id);
}

fn is_fault(step: &Step) -> bool {
    match &step.action {
        Action::Origin(OriginAction::Hold { .. }) => false,
        Action::Origin(OriginAction::Goaway { last_stream, .. }) => *last_stream != LastStream::All,
        Action::Origin(OriginAction::Reply(reply)) => {
            let slow = Reply { delay: reply.delay, ..Reply::default_for(&reply.id) };
            *reply != slow
        }
        Action::Origin(_) | Action::Network(_) | Action::Client(ClientAction::Cancel { .. }) => true,
        _ => false,
    }
}

/// The oracles that are violated, in the run or its control.
fn caught(defect: Defect, id: &str) -> Result<BTreeSet<String>, Failed> {
    let oracle = |violation: String| {
        let violation = violation.strip_prefix("control: ").unwrap_or(&violation);
        violation.split(':').next().unwrap_or_default().to_owned()
    };
    let played = selected_with(&[catalogue().get(id)?], &[with_defect(defect)]);
    Ok(played.entries.iter().flat_map(|entry| violations(&entry.result.outcome)).map(oracle).collect())
}

/// A line for each defect, then one for each oracle.
fn table() -> Result<(), Failed> {
    let mut table = String::new();
    let mut alone: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (defect, id, oracle) in PLANTED {
        let caught = caught(defect, id)?;
        let others: Vec<&str> = caught.iter().map(String::as_str).filter(|other| *other != oracle).collect();
        // What a scenario expects is there to say the same in its own words.
        if others.iter().all(|other| *other == "as-expected") {
            alone.entry(oracle).or_default().push(defect.to_string());
        }
        let others =
            if others.is_empty() { "alone".to_owned() } else { format!("with {}", others.join(", ")) };
        writeln!(table, "{:<24} {id:<46} {oracle:<24} {others}", defect.to_string())?;
    }
    writeln!(table)?;
    for oracle in ORACLES {
        let company = IN_COMPANY.iter().find(|(name, _)| *name == oracle.name);
        let only = match (alone.get(oracle.name), company) {
            (Some(defects), None) => format!("alone catches {}", defects.join(", ")),
            (None, Some((_, why))) => format!("catches none alone: {why}"),
            _ => {
                return Err(
                    format!("{} catches no defect alone, or is exempt from nothing", oracle.name).into()
                );
            }
        };
        writeln!(table, "{:<24} {only}", oracle.name)?;
    }
    accept("planted-bugs", &table);
    Ok(())
}

fn every_oracle_is_meant_to_catch_one() -> Result<(), Failed> {
    let meant = |name: &str| PLANTED.iter().any(|(_, _, oracle)| *oracle == name);
    let idle: Vec<&str> = ORACLES.iter().map(|oracle| oracle.name).filter(|name| !meant(name)).collect();
    if idle.is_empty() { Ok(()) } else { Err(format!("no defect for {idle:?}").into()) }
}

/// Compares with an accepted table in `tests/suite/snapshots`.
pub fn accept(name: &str, table: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, table));
}
