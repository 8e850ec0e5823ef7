//! One run of a sweep: its scenario as a file, and what happens.

use std::error::Error;
use std::fs;
use std::path::Path;

use closewait::explore::sweep::{self, Replay, ReplayError};
use closewait::lab::Limits;
use closewait::report;
use closewait::report::accepted::write_whole;
use closewait::suite;

use super::args::SweepArgs;
use super::suggestion::suggestion;
use super::sweeping::workload;
use crate::cli::exit::{Done, Exit};
use crate::cli::guard;
use crate::cli::output::print;

/// Shows.
pub fn run(args: &SweepArgs, names: &[String]) -> Done {
    let [base, fault, client] = names else {
        return Err("--show takes a workload, a fault and a client".into());
    };
    let workload = workload(base)?;
    let clients = suite::choose(std::slice::from_ref(client))?;
    let client = clients.first().ok_or("there is no client")?;
    let replay = sweep::replay(workload, *client, fault, &Limits::default()).map_err(told)?;
    print(&report::sweep::run(&replay))?;
    if let Some(folder) = &args.save {
        anstream::eprintln!("wrote {}", save(folder, &replay)?);
    }
    Ok(if replay.is_violation() { Exit::Differs } else { Exit::AsAccepted })
}

/// With the nearest name, if it was a name that was wrong.
fn told(error: ReplayError) -> Box<dyn Error> {
    match &error {
        ReplayError::Unknown { part, known, .. } => format!("{error}; {}", suggestion(part, known)).into(),
        _ => error.into(),
    }
}

fn save(folder: &Path, replay: &Replay) -> Result<String, Box<dyn Error>> {
    let path = folder.join(&replay.scenario.id).with_extension("toml");
    let unwritable = |error| format!("cannot write {}: {error}", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(unwritable)?;
    }
    // Of the same run it is the same text: what somebody has made of it since is not lost.
    if fs::read(&path).is_ok_and(|there| there != replay.text.as_bytes()) {
        return Err(
            format!("{} is there already, with another text: name another folder", path.display()).into()
        );
    }
    guard::check(&[path.as_path()], &[])?;
    write_whole(&path, replay.text.as_bytes()).map_err(unwritable)?;
    Ok(path.display().to_string())
}
