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

/// Reads a results file. A byte order mark before it, which editors and shells of Windows leave, is passed over (RFC 8259 section 8.1).
///
/// # Errors
/// If the text is half-written, not JSON, somebody else's JSON, of a newer version, or damaged.
pub fn read(path: &str, text: &str) -> Result<Document, DocumentError> {
    let path = path.to_owned();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
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

    fn with_result(mark: &str, kind: &str) -> String {
        format!(
            "{{\"format\":\"closewait results\",\"version\":1,\"closewait\":\"0\",\"clients\":[],\"scenarios\":[],\n\
             \"cells\":[{{\"scenario\":\"a/b\",\"client\":\"c\",\"mark\":\"{mark}\"}}],\n\
             \"differences\":[{{\"scenario\":\"a/b\",\"client\":\"c\",\"kind\":\"{kind}\"}}]}}"
        )
    }

    #[test]
    fn words_that_stand_for_something_are_known() {
        for mark in ["stopped", "violated", "not-tried", "advised", "holds", "unsupported"] {
            for kind in ["new", "changed", "gone"] {
                let document = read("x", &with_result(mark, kind)).expect("both words are known");
                assert_eq!(document.results[0].mark, mark);
                assert_eq!(document.differences.expect("they were compared")[0].kind, kind);
            }
        }
        refused(&with_result("zzz", "new"), "\"mark\" is `zzz`, and not one of stopped, violated");
        refused(&with_result("zzz", "new"), "results.json:2:");
        refused(&with_result("Holds", "new"), "\"mark\" is `Holds`");
        refused(&with_result("holds", ""), "\"kind\" is ``, and not one of new, changed, gone");
        refused(&with_result("holds", "drifted"), "results.json:3:");
        refused(&with_result("\\u001b[2J", "new"), "\"mark\" is `\\u{1b}[2J`");
        let long = read("x", &with_result(&"z".repeat(100_000), "new")).expect_err("it is no mark");
        assert!(long.to_string().len() < 300, "{long}");
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        let text = with_result("holds", "new");
        let plain = read("x", &text).expect("it is whole");
        assert_eq!(read("x", &format!("\u{feff}{text}")).expect("it is whole"), plain);
        refused("\u{feff}", "half-written");
        refused("\u{feff}hello", ":1:1: this is not JSON");
        refused("\u{feff}---\nsource: x\n", "a snapshot");
        refused(&format!("\u{feff}\u{feff}{text}"), "this is not JSON");
    }
}
