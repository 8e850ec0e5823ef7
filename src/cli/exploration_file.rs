//! The file that an exploration goes on from.

use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use closewait::client::UnderTest;
use closewait::explore::random::Reached;
use closewait::report::accepted::write_whole;
use closewait::scenario::{LONGEST, Protocol, read_plain};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files::writable;

/// What was explored until now, by client and protocol; in a file, if there is one.
pub struct ExplorationFile {
    path: Option<PathBuf>,
    contents: Contents,
}

#[derive(Serialize, Deserialize)]
struct Contents {
    /// The version of the format.
    explore: u32,
    closewait: String,
    seed: u64,
    parts: Vec<Part>,
}

#[derive(Serialize, Deserialize)]
struct Part {
    client: String,
    version: String,
    protocol: String,
    reached: Value,
}

impl ExplorationFile {
    /// Opens it. If it is missing or empty, the exploration begins anew.
    ///
    /// # Errors
    /// If it cannot be read or written, is something else, or is of another seed or version.
    pub fn open(path: Option<&Path>, seed: u64) -> Result<Self, Box<dyn Error>> {
        let (explore, closewait) = (1, env!("CARGO_PKG_VERSION").to_owned());
        let anew = Contents { explore, closewait, seed, parts: Vec::new() };
        let Some(path) = path else { return Ok(Self { path: None, contents: anew }) };
        let name = path.display();
        let text = match read_plain(path, LONGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("cannot read {name}: {error}").into()),
        };
        writable(path)?;
        let contents = match text.as_str() {
            "" => anew,
            text => serde_json::from_str(text)
                .map_err(|_| format!("{name} is not what `closewait explore --resume` writes"))?,
        };
        let Contents { explore, closewait, seed: theirs, .. } = &contents;
        let difference = match () {
            () if *explore != 1 || closewait != env!("CARGO_PKG_VERSION") => Some("version of closewait"),
            () if *theirs != seed => Some("seed"),
            () => None,
        };
        match difference {
            Some(what) => Err(format!("{name} is of another exploration: the {what} differs").into()),
            None => Ok(Self { path: Some(path.to_owned()), contents }),
        }
    }

    /// How far a client has come over a protocol.
    ///
    /// # Errors
    /// If the file is of another version of the client, or damaged.
    pub fn reached(&self, client: &dyn UnderTest, protocol: Protocol) -> Result<Reached, String> {
        let Some(part) = self.contents.parts.iter().find(|part| part.is_of(client, protocol)) else {
            return Ok(Reached::default());
        };
        let name = self.path.as_deref().unwrap_or(Path::new("-")).display();
        if part.version != client.version() {
            return Err(format!(
                "{name} is of another exploration: the version of {} differs",
                client.name()
            ));
        }
        Reached::from_json(&part.reached, protocol).ok_or_else(|| format!("{name} is damaged"))
    }

    /// Keeps how far it has come now: whole, or as it was.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn keep(&mut self, client: &dyn UnderTest, protocol: Protocol, now: &Reached) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        let json = |error: serde_json::Error| error.to_string();
        let reached = now.to_json().map_err(json)?;
        let (name, word) = (client.name().to_owned(), protocol.word().to_owned());
        let part = Part { client: name, version: client.version().to_owned(), protocol: word, reached };
        let parts = &mut self.contents.parts;
        match parts.iter_mut().find(|part| part.is_of(client, protocol)) {
            Some(known) => *known = part,
            None => parts.push(part),
        }
        let text = serde_json::to_string(&self.contents).map_err(json)? + "\n";
        write_whole(path, text.as_bytes())
            .map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}

impl Part {
    fn is_of(&self, client: &dyn UnderTest, protocol: Protocol) -> bool {
        self.client == client.name() && self.protocol == protocol.word()
    }
}
