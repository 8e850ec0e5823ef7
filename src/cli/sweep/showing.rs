//! One run of a sweep: its scenario as a file, and what happens.

use std::error::Error;
use std::fs;
use std::path::Path;

use closewait::explore::sweep;
use closewait::explore::strike;
use closewait::lab::{self, Limits};
use closewait::oracle::{self, Verdict};
use closewait::report::transcript::Transcript;
use closewait::scenario::{Scenario, parse, write};
use closewait::suite;

use super::args::SweepArgs;
use super::sweeping::workload;
use crate::cli::exit::{Done, Exit};
use crate::cli::output::{nearest, print};

/// Shows.
pub fn run(args: &SweepArgs, names: &[String]) -> Done {
    let [base, fault, client] = names else { return Err("--show takes a workload, a fault and a client".into()) };
    let workload = workload(base)?;
    let clients = suite::choose(std::slice::from_ref(client))?;
    let client = clients.first().ok_or("there is no client")?;
    if let Some(reason) = client.unsupported(&workload.scenario) {
        return Err(format!("{} cannot play {base}: {reason}", client.name()).into());
    }
    let limits = Limits::default();
    let strikes = sweep::find(workload, *client, fault, &limits).map_err(|known| {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        format!("`{fault}` is no fault and place in {base} on {}; {}", client.name(), nearest(fault, &known))
    })?;
    let struck = strike(&workload.scenario, &strikes)
        .ok_or_else(|| format!("`{fault}` does not fit there: nothing would happen"))?;
    let text = write(&struck.scenario)?;
    // As read back: what is shown is what the file says.
    let scenario = parse(&struck.scenario.id, "the scenario", &text)?;
    if let Some(reason) = client.unsupported(&scenario) {
        return Err(format!("{} cannot play it: {reason}", client.name()).into());
    }
    let trace = lab::run(&scenario, *client, &limits);
    let transcript = Transcript::of(&scenario, &trace);
    let mut shown = format!("{text}\n{transcript}\n");
    for finding in oracle::judge(&scenario, &trace) {
        let Verdict::Violated { violations } = finding.verdict else { continue };
        for violation in violations {
            shown += &format!("{}: {}\n", finding.oracle, violation.message);
        }
    }
    print(&shown)?;
    if let Some(folder) = &args.save {
        let path = save(folder, &scenario, &text)?;
        anstream::eprintln!("wrote {path}");
    }
    Ok(Exit::AsAccepted)
}

fn save(folder: &Path, scenario: &Scenario, text: &str) -> Result<String, Box<dyn Error>> {
    let path = folder.join(&scenario.id).with_extension("toml");
    let unwritable = |error| format!("cannot write {}: {error}", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(unwritable)?;
    }
    fs::write(&path, text).map_err(unwritable)?;
    Ok(path.display().to_string())
}
