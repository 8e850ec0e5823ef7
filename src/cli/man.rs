//! `closewait man`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::{Args, Command};
use clap_mangen::Man;

use super::exit::{Done, Exit};
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
        Some(folder) => write_all(folder, command).map_err(|error| cannot_write(folder, &error))?,
    }
    Ok(Exit::AsAccepted)
}

fn page(command: Command) -> Result<String, Box<dyn std::error::Error>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(String::from_utf8(page)?)
}

fn write_all(folder: &Path, command: Command) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)
}

fn cannot_write(folder: &Path, error: &io::Error) -> String {
    format!("cannot write manual pages to {}: {error}", folder.display())
}
