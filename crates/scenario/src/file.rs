//! Text files that people wrote, or somebody who means no good.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Files that people write are not longer, bytes. What is a little too long for a scenario, or for rules, their parser says.
pub const LONGEST: u64 = 4 * 1024 * 1024;

/// Reads a text file: only a plain one, which a pipe that nobody writes to and a device without an end are not, and only one of at
/// most so many bytes, which it is asked before its content is read.
///
/// # Errors
/// As `open(2)` and `read(2)`; that it is no plain file, that it is too long, or in which line it is not UTF-8.
pub fn read_plain(path: &Path, most: u64) -> io::Result<String> {
    // Before it is opened: to open a pipe is to wait for whoever writes to it.
    let found = fs::metadata(path)?;
    let refused = |words: String| io::Error::new(io::ErrorKind::InvalidData, words);
    let is_dir = found.is_dir();
    if !found.is_file() {
        return Err(refused(if is_dir { "it is a folder" } else { "it is no plain file" }.to_owned()));
    }
    let too_long = || refused(format!("it is longer than {} KiB", most / 1024));
    if found.len() > most {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    // It may have grown since, or be one of those of which no size is told.
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_long());
    }
    utf8(bytes).map_err(refused)
}

/// The text, or in which line and column it is none.
///
/// # Errors
/// Where it is not UTF-8, in words.
pub fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        format!("it is not UTF-8 text: line {line}, column {column}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_text_is_no_text() {
        let check = |bytes: &[u8], place: &str| {
            let error = utf8(bytes.to_vec()).expect_err(place);
            assert!(error.ends_with(place), "{error}");
        };
        check(b"\xff", "line 1, column 1");
        check(b"one\ntw\xc3\xb6\n\xe2\x82", "line 3, column 1");
        check(b"one\ntw\xc3\xb6\xff", "line 2, column 4");
        assert_eq!(utf8("föhn".into()), Ok("föhn".to_owned()));
    }
}
