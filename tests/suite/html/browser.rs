//! Chromium without a window, driven over its debugging pipe (Chrome DevTools Protocol): messages of JSON, each ended by a
//! zero byte, on file descriptors 3 and 4.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The names under which Debian and others install it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Whether there is one.
pub fn installed() -> bool {
    find().is_some()
}

fn find() -> Option<&'static str> {
    NAMES
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success()))
}

/// A page in a browser of its own.
pub struct Page {
    child: Child,
    pipe: RefCell<Pipe>,
}

struct Pipe {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// What the browser says of itself, for when it ends.
    log: PathBuf,
    session: Option<String>,
    sent: u64,
    /// What the page said or asked for without being asked: console messages, exceptions, requests.
    heard: Vec<String>,
}

impl Page {
    /// Opens a file. `profile` is a folder of the browser's own.
    pub fn open(file: &Path, profile: &Path) -> Self {
        // The shell moves its pipes to where the browser looks for them.
        let script = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null";
        let mut command = Command::new("sh");
        command.args(["-c", script, find().expect("Chromium is there")]).args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            // A GPU process that is slow to start on a busy machine would end the browser.
            "--in-process-gpu",
            // Several browsers at once can fill a small /dev/shm, and then end.
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--remote-debugging-pipe",
        ]);
        command.arg(format!("--user-data-dir={}", profile.display()));
        let log = profile.with_extension("log");
        command.stderr(File::create(&log).expect("the folder is there"));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the shell is there");
        let to = child.stdin.take().expect("it is a pipe");
        let from = BufReader::new(child.stdout.take().expect("it is a pipe"));
        let pipe = Pipe { to, from, log, session: None, sent: 0, heard: Vec::new() };
        let page = Self { child, pipe: RefCell::new(pipe) };
        page.attach();
        page.visit(file);
        page
    }

    fn attach(&self) {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call("Target.attachToTarget", attach)["sessionId"].as_str().map(str::to_owned);
        self.pipe.borrow_mut().session = session;
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            self.call(domain, json!({}));
        }
    }

    fn visit(&self, file: &Path) {
        let url = format!("file://{}", file.display());
        self.call("Page.navigate", json!({ "url": url }));
        self.wait_for("document.readyState === 'complete' && location.protocol === 'file:'");
    }

    /// The value of an expression in the page.
    pub fn eval(&self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true }),
        );
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Asks until the page says yes.
    pub fn wait_for(&self, condition: &str) {
        let asked = (0..200).any(|_| {
            self.eval(&format!("new Promise(done => setTimeout(() => done({condition}), 10))")) == true
        });
        assert!(asked, "the page never came to: {condition}");
    }

    /// Presses and lets go of a key, as a person would.
    pub fn press(&self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            "Tab" => (9, ""),
            other => (i32::from(other.as_bytes()[0].to_ascii_uppercase()), other),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            self.call(
                "Input.dispatchKeyEvent",
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text }),
            );
        }
    }

    /// As a phone would show it, or a desk: width and height in CSS pixels.
    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// `light` or `dark`.
    pub fn colour_scheme(&self, scheme: &str) {
        let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", feature);
    }

    /// What is on the screen, as PNG in base64.
    pub fn screenshot(&self) -> String {
        self.call("Page.captureScreenshot", json!({ "format": "png" }))["data"]
            .as_str()
            .expect("it is text")
            .to_owned()
    }

    /// Console messages, exceptions, and requests other than for the page itself.
    pub fn heard(&self) -> Vec<String> {
        self.eval("0");
        self.pipe.borrow().heard.clone()
    }

    fn call(&self, method: &str, parameters: Value) -> Value {
        self.pipe.borrow_mut().call(method, &parameters)
    }
}

impl Pipe {
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let id = self.sent;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        write!(self.to, "{message}\0").and_then(|()| self.to.flush()).expect("the browser listens");
        loop {
            let message = self.receive();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.hear(&message);
        }
    }

    fn receive(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).expect("the browser answers");
        let said = || fs::read_to_string(&self.log).unwrap_or_default();
        assert_eq!(bytes.pop(), Some(0), "the browser ended: {}", said());
        serde_json::from_slice(&bytes).expect("the browser speaks JSON")
    }

    fn hear(&mut self, message: &Value) {
        let told = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" => self.heard.push(format!("console: {}", told["args"])),
            "Runtime.exceptionThrown" => self.heard.push(format!("exception: {}", told["exceptionDetails"])),
            "Log.entryAdded" => self.heard.push(format!("log: {}", told["entry"]["text"])),
            "Network.requestWillBeSent" if told["type"] != "Document" => {
                self.heard.push(format!("request: {}", told["request"]["url"]));
            }
            "Page.javascriptDialogOpening" => self.heard.push(format!("dialog: {}", told["message"])),
            _ => {}
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // Nothing of it is to be kept.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
