//! `closewait man`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::{Args, Command};
use clap_mangen::Man;

use super::exit::{Done, Exit};
use super::files::{Output, write_all};
use super::guard;
use super::output::print_exactly;

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write `closewait.1` and a page for each subcommand into this folder, which is made if need be
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// Prints the manual page, or writes all of them.
pub fn run(args: &ManArgs, command: Command) -> Done {
    match &args.to {
        None => print_exactly(&page(command)?)?,
        Some(folder) => write(folder, command)?,
    }
    Ok(Exit::AsAccepted)
}

fn page(command: Command) -> Result<String, Box<dyn std::error::Error>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(String::from_utf8(page)?)
}

/// All of them, or none.
fn write(folder: &Path, mut command: Command) -> Result<(), Box<dyn std::error::Error>> {
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot write manual pages to {}: {error}", folder.display()))?;
    command = command.disable_help_subcommand(true);
    command.build();
    let mut outputs = Vec::new();
    pages(command, folder, &mut outputs)?;
    guard::check(&outputs.iter().map(|output| output.path.as_path()).collect::<Vec<_>>(), &[])?;
    write_all(&outputs)
}

fn pages(command: Command, folder: &Path, outputs: &mut Vec<Output>) -> io::Result<()> {
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        pages(subcommand.clone(), folder, outputs)?;
    }
    let man = Man::new(command);
    let mut bytes = Vec::new();
    man.render(&mut bytes)?;
    outputs.push(Output { path: folder.join(man.get_filename()), bytes });
    Ok(())
}
