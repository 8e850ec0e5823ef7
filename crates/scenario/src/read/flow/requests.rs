//! Request ids: each is sent once, and what concerns it comes while it can still matter.

use std::collections::BTreeMap;

use super::{Expected, Problems, Scripted, Setting};
use crate::nearest::{nearest, quoted};
use crate::read::reply::has_no_body;
use crate::{
    Action, ClientAction, Framing, LastStream, OriginAction, ReadBody, Reply, SendRequest, Until, When,
    WindowTarget,
};

pub(super) fn check(script: &[Scripted], setting: &Setting, problems: &mut Problems) {
    let mut walk =
        Walk { requests: requests(script, problems), closed: None, timed: false, setting, problems };
    for step in script {
        walk.step(step);
    }
    for (id, expected) in setting.expect {
        walk.expectation(id, expected, script);
    }
}

/// A request of the script, and how far it has come.
struct Request<'s> {
    send: &'s SendRequest,
    /// Where it is sent.
    line: usize,
    fate: Fate,
    /// The line of a `hold` that no `reply` has followed yet.
    held: Option<usize>,
}

impl Request<'_> {
    /// Whether the application keeps the response unread.
    fn is_kept(&self) -> bool {
        matches!(self.send.read, ReadBody::Keep(_))
    }
}

enum Fate {
    Unsent,
    Outstanding,
    /// The step of this line ended it, in this way.
    Ended(usize, End),
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Foreground,
    Awaited,
    Cancelled,
}

/// Every request by its id. A second one of the same id is reported and ignored.
fn requests<'s>(script: &'s [Scripted], problems: &mut Problems) -> BTreeMap<&'s str, Request<'s>> {
    let mut requests: BTreeMap<&str, Request> = BTreeMap::new();
    for step in script {
        let Action::Client(ClientAction::Send(send)) = &step.action else { continue };
        if let Some(first) = requests.get(send.id.as_str()) {
            problems
                .add(
                    step.span_of("id"),
                    format!("a request `{}` is sent on line {} already", send.id, first.line),
                )
                .help("give each request an id of its own");
        } else {
            requests.insert(&send.id, Request { send, line: step.line, fate: Fate::Unsent, held: None });
        }
    }
    requests
}

struct Walk<'s, 'w> {
    requests: BTreeMap<&'s str, Request<'s>>,
    /// The line on which the client was closed or dropped.
    closed: Option<usize>,
    /// Whether a step was scheduled that may yet end any exchange.
    timed: bool,
    setting: &'w Setting<'w>,
    problems: &'w mut Problems,
}

impl<'s> Walk<'s, '_> {
    fn step(&mut self, step: &'s Scripted) {
        self.timed |= step.when != When::Now;
        match &step.action {
            Action::Client(ClientAction::Send(send)) => self.send(step, send),
            Action::Client(ClientAction::Cancel { id }) => self.end(step, id, End::Cancelled),
            Action::Client(ClientAction::Await { id }) => self.wait_for(step, id),
            Action::Client(ClientAction::Read { id }) => self.read(step, id),
            Action::Client(ClientAction::Close | ClientAction::Drop) => self.close(step),
            Action::Origin(OriginAction::Hold { id }) => {
                if self.answer(step, id).is_some()
                    && let Some(request) = self.requests.get_mut(id.as_str())
                {
                    request.held = Some(step.line);
                }
            }
            Action::Origin(OriginAction::Reply(reply)) => self.reply(step, reply),
            Action::Origin(OriginAction::ResetStream { id, .. }) => {
                if let Some(request) = self.answer(step, id) {
                    request.held = None;
                }
            }
            Action::Origin(OriginAction::Goaway { last_stream: LastStream::Request(id), .. })
                if !self.requests.contains_key(id.as_str()) =>
            {
                self.unknown(step.span_of("last_stream"), id);
            }
            Action::Origin(OriginAction::Window { target: WindowTarget::Stream(id), .. }) => {
                self.known(step, id);
            }
            Action::Until(Until::Received { id }) => self.received(step, id),
            _ => {}
        }
    }

    fn send(&mut self, step: &Scripted, send: &SendRequest) {
        if let Some(line) = self.closed {
            self.problems
                .add(
                    step.span_of("client"),
                    format!("the client was closed on line {line} and can send nothing more"),
                )
                .help("move this step above that line");
        }
        if matches!(send.read, ReadBody::Keep(_)) && !send.background {
            self.problems
                .add(step.span_of("keep"), "a response that is kept has no outcome to wait for")
                .help("send it with `background = true`");
        }
        let patient =
            self.setting.client.read_timeout.is_none() && self.setting.origin.idle_timeout.is_none();
        let Some(request) =
            self.requests.get_mut(send.id.as_str()).filter(|request| request.line == step.line)
        else {
            return;
        };
        request.fate =
            if send.background { Fate::Outstanding } else { Fate::Ended(step.line, End::Foreground) };
        if let Some(line) = request.held
            && !send.background
            && !step.says("deadline")
            && !self.timed
            && patient
        {
            self.problems
                .add(
                    step.span_of("client"),
                    format!("line {line} holds `{}`, so this step would only end by the deadline", send.id),
                )
                .help("send it with `background = true`, or give it a `deadline` of its own");
        }
    }

    /// `await`: nothing comes of a response that is kept.
    fn wait_for(&mut self, step: &Scripted, id: &str) {
        if self.requests.get(id).is_some_and(|request| request.is_kept()) {
            self.problems
                .add(step.span_of("id"), format!("this would wait for ever: the response of `{id}` is kept"))
                .help(format!("write {{ client = \"read\", id = \"{id}\" }}"));
        }
        self.end(step, id, End::Awaited);
    }

    /// `read`: only of a response that is kept.
    fn read(&mut self, step: &Scripted, id: &str) {
        if let Some(request) = self.requests.get(id).filter(|request| !request.is_kept()) {
            self.problems
                .add(
                    step.span_of("id"),
                    format!("the response of `{id}` is not kept, so it is read as it comes"),
                )
                .help(format!("say `keep = true` on line {}", request.line));
        }
        self.end(step, id, End::Awaited);
    }

    /// `cancel`, `await` and `read`: only for what was sent in the background and has not ended.
    fn end(&mut self, step: &Scripted, id: &str, end: End) {
        let verb = if end == End::Cancelled { "cancelled" } else { "awaited" };
        let Some(request) = self.known(step, id) else { return };
        let (line, sent) = (step.line, request.line);
        let (message, help) = match request.fate {
            Fate::Outstanding => {
                request.fate = Fate::Ended(line, end);
                return;
            }
            Fate::Unsent => (
                format!("`{id}` is {verb} before it is sent"),
                format!("it is sent on line {sent}: move this step below that line"),
            ),
            Fate::Ended(_, End::Foreground) => (
                format!("`{id}` was sent in the foreground, so its outcome is known before this step"),
                format!("send it with `background = true` on line {sent}"),
            ),
            Fate::Ended(line, End::Awaited) => (
                format!("the outcome of `{id}` was awaited on line {line} already"),
                "remove this step".to_owned(),
            ),
            Fate::Ended(line, End::Cancelled) => (
                format!("`{id}` was cancelled on line {line}, it has no further outcome"),
                "remove this step".to_owned(),
            ),
        };
        self.problems.add(step.span_of("id"), message).help(help);
    }

    fn close(&mut self, step: &Scripted) {
        if let Some(line) = self.closed {
            self.problems
                .add(step.span_of("client"), format!("the client was closed on line {line} already"))
                .help("remove one of the two steps");
        }
        self.closed.get_or_insert(step.line);
    }

    /// `hold` and `reply`: the origin must still have something to answer. Returns the request if so.
    fn answer(&mut self, step: &Scripted, id: &str) -> Option<&mut Request<'s>> {
        let request = self.known(step, id)?;
        let message = match (&request.fate, request.held) {
            (Fate::Ended(line, End::Foreground), None) => {
                format!("`{id}` has had its outcome since line {line}, where it was sent in the foreground")
            }
            (Fate::Ended(line, End::Awaited), None) => {
                format!("`{id}` has had its outcome since line {line}, where it was awaited")
            }
            _ => return self.requests.get_mut(id),
        };
        let sent = request.line;
        self.problems.add(step.span_of("origin"), message).help(format!(
            "say how the origin answers before line {sent}, or send it with `background = true`"
        ));
        None
    }

    fn reply(&mut self, step: &Scripted, reply: &Reply) {
        let Some(request) = self.answer(step, &reply.id) else { return };
        request.held = None;
        let (method, body) = (request.send.method.as_str(), request.send.body);
        if reply.framing == Framing::None && !has_no_body(reply.status) && method != "HEAD" {
            let message = format!(
                "a response to {method} with status {} has a body that something must delimit",
                reply.status
            );
            self.problems.add(step.span_of("framing"), message).help(
                "framing = \"close\" leaves out the header that tells the length (RFC 9112 section 6.3)",
            );
        }
        if reply.early && body == 0 {
            self.problems
                .add(
                    step.span_of("early"),
                    format!("`{}` has no body that an answer could be ahead of", reply.id),
                )
                .help("give the request a `body`, or remove `early`");
        }
    }

    fn received(&mut self, step: &Scripted, id: &str) {
        let Some(request) = self.known(step, id) else { return };
        let (message, help) = match request.fate {
            Fate::Unsent => (
                format!("this would wait for ever: `{id}` has not been sent yet"),
                format!("it is sent on line {}: move this step below that line", request.line),
            ),
            Fate::Ended(line, End::Foreground | End::Awaited) => (
                format!("`{id}` has had its outcome since line {line}, so there is nothing to wait for"),
                format!("send it with `background = true` on line {}", request.line),
            ),
            _ => return,
        };
        self.problems.add(step.span_of("id"), message).help(help);
    }

    fn expectation(&mut self, id: &str, expected: &Expected, script: &[Scripted]) {
        if !self.requests.contains_key(id) {
            self.unknown(expected.key.clone(), id);
            return;
        }
        let may_be_cancelled = script.iter().any(|step| match &step.action {
            Action::Client(ClientAction::Cancel { id: cancelled }) => cancelled == id,
            Action::Client(ClientAction::Close | ClientAction::Drop) => true,
            Action::Client(ClientAction::Send(send)) => {
                send.id == id && matches!(send.read, ReadBody::Keep(_))
            }
            _ => false,
        });
        if !may_be_cancelled && expected.expectation.outcome.iter().any(|outcome| outcome == "cancelled") {
            self.problems
                .add(expected.outcome.clone(), format!("nothing cancels `{id}`"))
                .help(format!("a passed deadline is an \"error\"; to cancel the request, write {{ client = \"cancel\", id = \"{id}\" }}"));
        }
    }

    fn known(&mut self, step: &Scripted, id: &str) -> Option<&mut Request<'s>> {
        if !self.requests.contains_key(id) {
            self.unknown(step.span_of("id"), id);
        }
        self.requests.get_mut(id)
    }

    fn unknown(&mut self, span: std::ops::Range<usize>, id: &str) {
        let ids: Vec<&str> = self.requests.keys().copied().collect();
        let help = match nearest(id, ids.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if ids.is_empty() => {
                format!("add {{ client = \"send\", id = \"{id}\", request = \"GET /\" }}")
            }
            None => format!("the script sends {}", ids.join(", ")),
        };
        self.problems.add(span, format!("no request {} is sent in this script", quoted(id))).help(help);
    }
}
