//! Where accepted results come from: a folder of snapshots, a results file, or a revision of git.

use std::error::Error;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use closewait::gate::ResultFacts;
use closewait::report::{baseline, document};
use closewait::scenario::utf8;
use thiserror::Error;

/// Why there is nothing to compare with.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// The name means nothing.
    #[error(
        "there is no baseline `{name}`: it is no folder of snapshots, no results file, and git says: {said}; \
         name a folder, a file, or REVISION[:PATH]"
    )]
    Unknown { name: String, said: String },
    /// The name means something that holds no results.
    #[error(
        "the baseline `{name}` holds no accepted result: {place} has no <client>/<family>/<scenario>.snap; \
         make one with `closewait run --accept`"
    )]
    Empty { name: String, place: String },
    /// A results file without a result of a scenario.
    #[error(
        "{name}: this results file holds no result of a scenario{what}; the gate compares what \
         `closewait run --out FILE` writes"
    )]
    NoResults { name: String, what: &'static str },
    /// Git cannot be run.
    #[error("the baseline `{name}` is no file or folder, and git cannot be run: {source}")]
    NoGit { name: String, source: io::Error },
    /// Git says something that is not understood.
    #[error("the baseline `{name}` cannot be read: git's answer ends early")]
    CutShort { name: String },
}

/// The facts of a baseline. `folder` is where snapshots are if a revision is named without a path.
///
/// # Errors
/// If there is no such baseline, it cannot be read, or it holds nothing.
pub fn load(name: &str, folder: &Path) -> Result<Vec<ResultFacts>, Box<dyn Error>> {
    let path = Path::new(name);
    let facts = if path.is_dir() {
        baseline::of_folder(path)?
    } else if path.is_file() {
        load_results(path)?.facts()
    } else {
        of_git(name, folder)?
    };
    if facts.is_empty() {
        return Err(BaselineError::Empty { name: name.to_owned(), place: name.to_owned() }.into());
    }
    Ok(facts)
}

/// A results file that can be compared.
///
/// # Errors
/// If the file cannot be read, is none, or holds no result of a scenario.
pub fn load_results(path: &Path) -> Result<document::Document, Box<dyn Error>> {
    Ok(with_results(&path.display().to_string(), load_document(path)?)?)
}

fn with_results(name: &str, document: document::Document) -> Result<document::Document, BaselineError> {
    if !document.results.is_empty() {
        return Ok(document);
    }
    let swept = ": it is of a sweep, and sweeps are compared by `closewait sweep --accepted FILE`";
    let what = if document.timelines.is_empty() { "" } else { swept };
    Err(BaselineError::NoResults { name: name.to_owned(), what })
}

/// A results file.
///
/// # Errors
/// If the file cannot be read, or is none.
pub fn load_document(path: &Path) -> Result<document::Document, Box<dyn Error>> {
    let name = path.display().to_string();
    let bytes = read(path).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot read the results file {name}: {error}"))
    })?;
    Ok(document::read(&name, &text(&name, bytes)?)?)
}

fn read_document(name: &str, bytes: &[u8]) -> Result<Vec<ResultFacts>, Box<dyn Error>> {
    Ok(with_results(name, document::read(name, &text(name, bytes.to_vec())?)?)?.facts())
}

/// The most of a results file that is read, bytes: the whole catalogue on a hundred clients is a tenth of it.
const LONGEST: u64 = 1024 * 1024 * 1024;

/// The bytes of a file, or of a pipe, as `<(…)` of a shell is one. A device has no end.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let found = fs::metadata(path)?;
    if !found.is_file() && !is_pipe(&found) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is neither a file nor a pipe"));
    }
    let mut bytes = Vec::new();
    if found.len() <= LONGEST {
        File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    }
    if found.len().max(bytes.len() as u64) > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than 1 GiB"));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn is_pipe(found: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&found.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &Metadata) -> bool {
    false
}

fn text(name: &str, bytes: Vec<u8>) -> io::Result<String> {
    utf8(bytes).map_err(|problem| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{name}: this is no results file: {problem}; write it anew with `closewait run --out FILE`"
            ),
        )
    })
}

/// A file of a revision: its path, and its object.
struct Blob {
    path: String,
    object: String,
}

fn of_git(name: &str, folder: &Path) -> Result<Vec<ResultFacts>, Box<dyn Error>> {
    let default = folder.display().to_string();
    let (revision, place) = name.split_once(':').unwrap_or((name, &default));
    let tree = tree(name, revision)?;
    let mut root = from_the_root(name, place)?;
    let mut blobs = list(name, &tree, &root)?;
    if blobs.is_empty() && !name.contains(':') {
        // From a folder below: the snapshots of the whole.
        root = normal(place);
        blobs = list(name, &tree, &root)?;
    }
    let texts = contents(name, &blobs)?;
    if let ([Blob { path, .. }], [text]) = (blobs.as_slice(), texts.as_slice())
        && *path == root
    {
        return read_document(name, text);
    }
    let mut facts = Vec::new();
    for (Blob { path, .. }, text) in blobs.iter().zip(&texts) {
        let below = path.strip_prefix(&root).map_or(path.as_str(), |rest| rest.trim_start_matches('/'));
        facts.extend(baseline::of_file(Path::new(below), Path::new(&format!("{revision}:{path}")), text)?);
    }
    if facts.is_empty() {
        let place = format!("`{place}` at {revision}");
        return Err(BaselineError::Empty { name: name.to_owned(), place }.into());
    }
    Ok(facts)
}

/// A path of here as git names it: from the root of the repository.
fn from_the_root(name: &str, place: &str) -> Result<String, BaselineError> {
    let said = |question: &str| Ok(words(&git(name, &["rev-parse", question])?.stdout));
    if Path::new(place).is_absolute() {
        let top: String = said("--show-toplevel")?;
        let below = Path::new(place).strip_prefix(&top).unwrap_or(Path::new(place));
        return Ok(normal(&below.display().to_string()));
    }
    let prefix: String = said("--show-prefix")?;
    Ok(normal(&format!("{prefix}{place}")))
}

/// The tree of a revision.
fn tree(name: &str, revision: &str) -> Result<String, BaselineError> {
    let wanted = format!("{revision}^{{tree}}");
    // A revision that begins with a hyphen would be an option.
    let verified = git(name, &["rev-parse", "--verify", "--end-of-options", &wanted])?;
    if verified.status.success() {
        return Ok(words(&verified.stdout));
    }
    Err(BaselineError::Unknown { name: name.to_owned(), said: words(&verified.stderr) })
}

/// Without `.`, `..` and doubled slashes, as git wants it.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn list(name: &str, tree: &str, root: &str) -> Result<Vec<Blob>, BaselineError> {
    let listed = git(name, &["ls-tree", "-r", "-z", "--full-tree", tree, "--", root])?;
    if !listed.status.success() {
        return Err(BaselineError::Unknown { name: name.to_owned(), said: words(&listed.stderr) });
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    let blob = |line: &str| {
        let (head, path) = line.split_once('\t')?;
        Some(Blob { path: path.to_owned(), object: head.split(' ').nth(2)?.to_owned() })
    };
    Ok(text.split('\0').filter_map(blob).collect())
}

fn git(name: &str, arguments: &[&str]) -> Result<Output, BaselineError> {
    let output = Command::new("git").args(arguments).output();
    output.map_err(|source| BaselineError::NoGit { name: name.to_owned(), source })
}

fn words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// The contents of many objects by one process.
fn contents(name: &str, blobs: &[Blob]) -> Result<Vec<Vec<u8>>, BaselineError> {
    let no_git = |source| BaselineError::NoGit { name: name.to_owned(), source };
    let mut child = Command::new("git")
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(no_git)?;
    let asked: String = blobs.iter().map(|blob| format!("{}\n", blob.object)).collect();
    let stdin = child.stdin.take();
    // Both pipes at once, or a long list would fill one while nobody reads the other.
    let asking =
        std::thread::spawn(move || stdin.map_or(Ok(()), |mut stdin| stdin.write_all(asked.as_bytes())));
    let output = child.wait_with_output().map_err(no_git)?;
    asking.join().expect("writing to a pipe does not panic").map_err(no_git)?;
    let cut_short = || BaselineError::CutShort { name: name.to_owned() };
    let mut rest = output.stdout.as_slice();
    let mut texts = Vec::with_capacity(blobs.len());
    for _ in blobs {
        let (text, after) = entry(rest).ok_or_else(cut_short)?;
        texts.push(text.to_vec());
        rest = after;
    }
    Ok(texts)
}

/// `<object> blob <size>\n<contents>\n`
fn entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let size: usize = head.split(' ').nth(2)?.parse().ok()?;
    let contents = bytes.get(end + 1..end + 1 + size)?;
    Some((contents, bytes.get(end + 2 + size..)?))
}
