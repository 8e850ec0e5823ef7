//! The clients that closewait comes with.

use std::path::Path;
use std::{fs, io};

/// A folder within this program: its name, and its files.
type Folder = (&'static str, &'static [(&'static str, &'static str)]);

/// A client in Python: its shim, and what all of them have in common.
macro_rules! python {
    ($name:literal $(, $file:literal from $path:literal)?) => {
        (
            $name,
            &[
                $(($file, include_str!(concat!("../clients/", $path, "/", $file))),)?
                ("client.toml", include_str!(concat!("../clients/", $name, "/client.toml"))),
                ("shim.py", include_str!(concat!("../clients/", $name, "/shim.py"))),
                ("closewait_shim.py", include_str!("../clients/python/closewait_shim.py")),
            ],
        )
    };
}

macro_rules! other {
    ($name:literal, $shim:literal) => {
        (
            $name,
            &[
                ("client.toml", include_str!(concat!("../clients/", $name, "/client.toml"))),
                ($shim, include_str!(concat!("../clients/", $name, "/", $shim))),
            ],
        )
    };
}

const CLIENTS: &[Folder] = &[
    python!("aiohttp"),
    python!("curl"),
    python!("http-client"),
    python!("httpx", "closewait_httpx.py" from "httpx"),
    python!("httpx-async", "closewait_httpx.py" from "httpx"),
    other!("node-fetch", "shim.mjs"),
    other!("node-http", "shim.mjs"),
    python!("requests"),
    python!("urllib3"),
];

/// Their names.
pub fn names() -> Vec<&'static str> {
    CLIENTS.iter().map(|(name, _)| *name).collect()
}

/// `client.toml` of one.
pub fn manifest(name: &str) -> Option<&'static str> {
    let (_, files) = CLIENTS.iter().find(|(known, _)| *known == name)?;
    files.iter().find(|(file, _)| *file == "client.toml").map(|(_, text)| *text)
}

/// Writes the files of one into a folder.
pub(crate) fn unpack(name: &str, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let files = CLIENTS.iter().filter(|(known, _)| *known == name).flat_map(|(_, files)| *files);
    for (file, text) in files {
        let path = folder.join(file);
        // What is there already may be in use.
        if fs::read_to_string(&path).is_ok_and(|there| there == *text) {
            continue;
        }
        // Moved into place: another closewait may be about to read it.
        let beside = folder.join(format!(".{file}.{}", std::process::id()));
        fs::write(&beside, text)?;
        fs::rename(beside, path)?;
    }
    Ok(())
}
