//! Reads a results file, and says what is wrong with one that is none.

use serde_json::Value;
use thiserror::Error;

use super::foreign;
use super::model::{Document, FORMAT, VERSION};

/// Why a text is no results file. `path` is what the caller calls it.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// The text ends too early.
    #[error("{path}:{line}:{column}: the results file ends in the middle: it is half-written; {FIX}")]
    HalfWritten {
        /// The file.
        path: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The text is not JSON.
    #[error("{path}:{line}:{column}: this is not JSON: {problem}; {FIX}")]
    NotJson {
        /// The file.
        path: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser says.
        problem: String,
    },
    /// Another kind of file, which is recognised.
    #[error("{path}: this is no results file: it is {kind}; {FIX}")]
    Other {
        /// The file.
        path: String,
        /// What it is, and what takes it.
        kind: &'static str,
    },
    /// JSON of somebody else.
    #[error(
        "{path}: this is JSON, but no results file of closewait: it has no \"format\": \"{FORMAT}\"; {FIX}"
    )]
    Foreign {
        /// The file.
        path: String,
    },
    /// A later closewait wrote it.
    #[error(
        "{path}: this is a results file of version {version}, and this closewait reads up to version {VERSION}; \
         use the closewait that wrote it ({writer}), or {FIX}"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        version: u64,
        /// The version of closewait that it names.
        writer: String,
    },
    /// A key is missing, or has the wrong type.
    #[error("{path}:{line}:{column}: a results file whose contents do not fit: {problem}; {FIX}")]
    Damaged {
        /// The file.
        path: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// Which key, and what is wrong with it.
        problem: String,
    },
}

const FIX: &str = "write it anew with `closewait run --out FILE`";

/// Reads a results file.
///
/// # Errors
/// If the text is half-written, not JSON, somebody else's JSON, of a newer version, or damaged.
pub fn read(path: &str, text: &str) -> Result<Document, DocumentError> {
    let path = path.to_owned();
    let value: Value = serde_json::from_str(text).map_err(|error| {
        if let Some(kind) = foreign::kind(text) {
            return DocumentError::Other { path: path.clone(), kind };
        }
        let (line, column) = (error.line(), error.column());
        let path = path.clone();
        if error.is_eof() {
            DocumentError::HalfWritten { path, line, column }
        } else {
            DocumentError::NotJson { path, line, column, problem: without_place(&error) }
        }
    })?;
    if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(match foreign::kind(text) {
            Some(kind) => DocumentError::Other { path, kind },
            None => DocumentError::Foreign { path },
        });
    }
    let version = value.get("version").and_then(Value::as_u64).unwrap_or(0);
    if version > u64::from(VERSION) {
        let writer = value.get("closewait").and_then(Value::as_str).unwrap_or("unknown");
        let writer = writer.chars().take(32).flat_map(char::escape_debug).collect();
        return Err(DocumentError::Newer { path, version, writer });
    }
    // From the text once more: only so does an error know its place.
    serde_json::from_str(text).map_err(|error| DocumentError::Damaged {
        path,
        line: error.line(),
        column: error.column(),
        problem: without_place(&error),
    })
}

/// The message has the place at its end; ours has it at its beginning.
fn without_place(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    words.strip_suffix(&place).unwrap_or(&words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, words: &str) {
        let error = read("results.json", text).expect_err(text).to_string();
        assert!(error.starts_with("results.json") && error.contains(words), "{error}");
        assert!(error.contains("closewait run --out"), "{error}");
    }

    #[test]
    fn what_is_no_results_file_is_refused() {
        refused("", "half-written");
        refused("{\"format\": \"closewait results\", \"cel", "half-written");
        refused("hello", ":1:1: this is not JSON");
        refused("[]", "no results file");
        refused("{\"sweep\":1}\n{\"run\":0}\n", "closewait sweep --accepted");
        refused("{\"cells\": []}", "no results file");
        refused("{\"format\": \"closewait results\", \"version\": 2, \"closewait\": \"9.9\"}", "version 2");
        refused(
            "{\"format\": \"closewait results\",\n \"version\": 1}",
            "a results file whose contents do not fit: missing field",
        );
    }

    #[test]
    fn an_empty_run_is_read_back() {
        let text = "{\"format\":\"closewait results\",\"version\":1,\"closewait\":\"0\",\"clients\":[],\
                    \"scenarios\":[],\"cells\":[],\"a key of tomorrow\":1}";
        assert_eq!(read("x", text).expect("it is whole").results, []);
    }
}
