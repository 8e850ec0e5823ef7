//! The trials, by what they are about.

mod bad_scenarios;
mod catalogue;
mod cli;
mod clocks;
mod docs;
mod explore;
mod fresh_processes;
mod gate;
mod harness;
mod hostile_files;
mod html;
mod json_schema;
mod late_loopback;
mod machine;
mod mutations;
mod network;
mod not_tried;
mod overwriting;
mod pcapng;
mod planted_bugs;
mod played;
mod pool_model;
mod programs;
mod real_sockets;
mod reference;
mod repeat;
mod scenario_parser;
mod scenario_writer;
mod snapshots;
mod support;
mod sweep;
mod system_calls;
mod terminal;
mod watchdogs;

use libtest_mimic::Trial;

pub use harness::{FIXTURE, play_fixture};

/// Every trial of the suite.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    trials.extend(bad_scenarios::trials());
    trials.extend(overwriting::trials());
    trials.extend(scenario_parser::trials());
    trials.extend(scenario_writer::trials());
    trials.extend(catalogue::trials());
    trials.extend(snapshots::trials());
    trials.extend(clocks::trials());
    trials.extend(machine::trials());
    trials.extend(mutations::trials());
    trials.extend(network::trials());
    trials.extend(not_tried::trials());
    trials.extend(system_calls::trials());
    trials.extend(late_loopback::trials());
    trials.extend(fresh_processes::trials());
    trials.extend(reference::trials());
    trials.extend(planted_bugs::trials());
    trials.extend(programs::trials());
    trials.extend(pool_model::trials());
    trials.extend(real_sockets::trials());
    trials.extend(harness::trials());
    trials.extend(repeat::trials());
    trials.extend(watchdogs::trials());
    trials.extend(hostile_files::trials());
    trials.extend(html::trials());
    trials.extend(pcapng::trials());
    trials.extend(sweep::trials());
    trials.extend(cli::trials());
    trials.extend(terminal::trials());
    trials.extend(explore::trials());
    trials.extend(gate::trials());
    trials.extend(docs::trials());
    trials
}
