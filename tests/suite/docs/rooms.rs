//! `ARCHITECTURE.md` against the arrows between the modules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use libtest_mimic::Failed;

use super::pages::{page, root};

/// Room to the rooms it uses.
type Arrows = BTreeMap<String, BTreeSet<String>>;

pub(super) fn use_only_what_architecture_says() -> Result<(), Failed> {
    let (said, built) = (said()?, built()?);
    if said == built {
        return Ok(());
    }
    Err(format!("the table of rooms is not what src/ is\nARCHITECTURE.md: {said:#?}\nsrc: {built:#?}").into())
}

/// Rows such as ``| `net/` | … | `scenario`, `trace` | … |``: the third column is what a room uses.
fn said() -> Result<Arrows, Failed> {
    let text = page("ARCHITECTURE.md")?.text;
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("/` |"));
    Ok(rows
        .map(|(room, rest)| (room.to_owned(), in_backticks(rest.split('|').nth(1).unwrap_or_default())))
        .collect())
}

fn in_backticks(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn built() -> Result<Arrows, Failed> {
    let mut arrows = Arrows::new();
    for entry in fs::read_dir(root().join("src"))? {
        let path = entry?.path();
        if path.is_dir() {
            let room = path.file_name().and_then(|name| name.to_str()).ok_or("a room has a name")?.to_owned();
            let mut uses = BTreeSet::new();
            read_folder(&path, &mut uses)?;
            uses.remove(&room);
            arrows.insert(room, uses);
        }
    }
    Ok(arrows)
}

fn read_folder(folder: &Path, uses: &mut BTreeSet<String>) -> Result<(), Failed> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(&path, uses)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            uses.extend(arrows_of(&fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

/// The rooms that a file names, in code. Links in comments are no arrows.
fn arrows_of(source: &str) -> impl Iterator<Item = String> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let paths = code.flat_map(|line| line.split("crate::").skip(1).chain(line.split("closewait::").skip(1)));
    let room =
        |path: &str| path.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    paths
        .map(room)
        .filter(|room| !room.is_empty() && root().join("src").join(room).is_dir())
        .collect::<Vec<_>>()
        .into_iter()
}
