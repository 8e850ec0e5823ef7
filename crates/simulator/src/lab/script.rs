//! Carries out a script, step by step.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use closewait_scenario::{Action, ClientAction, ReadBody, Scenario, SendRequest, Step, Until, When};
use closewait_trace::{Recorder, What};
use tokio::task::JoinHandle;

use super::course::{Course, Handle};
use super::panics::located;
use super::peer::Peer;
use super::request::perform;
use super::watchdog::words_of;
use crate::client::Client;
use crate::net::Wire;

/// The script and the parties it directs.
pub(super) struct Script<'a> {
    scenario: &'a Scenario,
    wire: Wire,
    origin: Peer,
    client: Option<Box<dyn Client>>,
    recorder: Recorder,
    requests: BTreeMap<String, Sent>,
    /// The steps that nothing had met by the end of the script.
    unmet: Rc<RefCell<BTreeSet<usize>>>,
}

/// A request under way, or done.
struct Sent {
    task: JoinHandle<()>,
    handle: Handle,
}

/// How long after the close the network has to come to rest.
const QUIESCENCE: Duration = Duration::from_secs(1);

impl<'a> Script<'a> {
    pub fn new(
        scenario: &'a Scenario,
        wire: Wire,
        origin: Peer,
        client: Box<dyn Client>,
        recorder: Recorder,
    ) -> Self {
        let (requests, unmet) = (BTreeMap::new(), Rc::default());
        Self { scenario, wire, origin, client: Some(client), recorder, requests, unmet }
    }

    /// The steps that nothing had met by the end of the script, once it has come to that.
    pub fn unmet(&self) -> Rc<RefCell<BTreeSet<usize>>> {
        self.unmet.clone()
    }

    /// From the first step to the closed client and a network at rest. A panic of the client is the error.
    pub async fn play(mut self) -> Result<(), String> {
        self.arm();
        for (index, step) in self.scenario.script.iter().enumerate() {
            self.carry_out(index, step).await?;
        }
        self.finish_requests().await?;
        // What the close of the client meets is no longer what the scenario tries.
        *self.unmet.borrow_mut() = &self.wire.unmet() | &self.origin.unmet();
        self.close().await;
        crate::timer::sleep(QUIESCENCE).await;
        Ok(())
    }

    /// Steps that wait for a segment are armed from the start: the segment may leave at any time.
    fn arm(&self) {
        for (index, step) in self.scenario.script.iter().enumerate() {
            if let When::Packet { n, connection, direction } = step.when {
                let action = match &step.action {
                    Action::Network(action) => Some(action.clone()),
                    _ => None,
                };
                self.wire.arm(n, connection, direction, index, action);
            }
        }
    }

    async fn carry_out(&mut self, index: usize, step: &Step) -> Result<(), String> {
        match &step.action {
            Action::Client(action) => {
                self.note(index);
                self.direct_client(action).await?;
            }
            Action::Wait(duration) => crate::timer::sleep(*duration).await,
            Action::Until(until) => self.wait_until(until).await,
            Action::Origin(_) | Action::Network(_) => match step.when {
                When::Now => self.inject(index),
                When::After(delay) => self.inject_later(index, delay),
                When::Packet { .. } => {}
            },
        }
        Ok(())
    }

    fn note(&self, step: usize) {
        self.recorder.push(self.wire.now(), What::Step { step });
    }

    /// Carries out a step of the origin or the network.
    fn inject(&self, index: usize) {
        inject(&self.scenario.script[index].action, index, &self.wire, &self.origin, &self.recorder);
    }

    fn inject_later(&self, index: usize, delay: Duration) {
        let action = self.scenario.script[index].action.clone();
        let (wire, origin, recorder) = (self.wire.clone(), self.origin.clone(), self.recorder.clone());
        tokio::spawn(async move {
            crate::timer::sleep(delay).await;
            inject(&action, index, &wire, &origin, &recorder);
        });
    }

    async fn wait_until(&self, until: &Until) {
        match until {
            Until::Arrived => self.arrived().await,
            Until::Delivered => self.delivered().await,
            Until::Received { id } => self.origin.received(id).await,
        }
    }

    async fn arrived(&self) {
        while self.wire.in_flight() {
            self.wire.moved().await;
        }
    }

    /// The next step is at least 1 ms later than the last delivery: what was seen and what follows are told apart.
    async fn delivered(&self) {
        loop {
            self.arrived().await;
            crate::timer::sleep(Duration::from_millis(1)).await;
            if !self.wire.in_flight() {
                return;
            }
        }
    }

    async fn direct_client(&mut self, action: &ClientAction) -> Result<(), String> {
        match action {
            ClientAction::Send(send) => {
                self.send(send);
                if !send.background {
                    self.join(&send.id).await?;
                }
            }
            ClientAction::Await { id } => self.join(id).await?,
            ClientAction::Cancel { id } => {
                self.cancel(id).await?;
            }
            ClientAction::Read { id } => {
                let read = self.requests.get_mut(id).and_then(|sent| sent.handle.read.take());
                if read.is_some_and(|read| read.send(()).is_ok()) {
                    self.join(id).await?;
                }
            }
            ClientAction::Close => self.close().await,
            ClientAction::Drop => self.drop_client(),
        }
        Ok(())
    }

    fn send(&mut self, send: &SendRequest) {
        let Some(client) = &self.client else { return };
        let started = What::RequestStarted {
            request: send.id.clone(),
            method: send.method.clone(),
            path: send.path.clone(),
            body: send.body,
        };
        self.recorder.push(self.wire.now(), started);
        let performing = perform(&**client, self.scenario, send);
        let (handle, cancel, read) = Course::handle();
        let (wire, recorder) = (self.wire.clone(), self.recorder.clone());
        let course = Course { id: send.id.clone(), deadline: send.deadline, wire, recorder, cancel, read };
        let task = tokio::spawn(course.run(performing));
        self.requests.insert(send.id.clone(), Sent { task, handle });
    }

    async fn join(&mut self, id: &str) -> Result<(), String> {
        let Some(sent) = self.requests.remove(id) else { return Ok(()) };
        match sent.task.await {
            Err(error) if error.is_panic() => Err(located(words_of(&*error.into_panic()))),
            _ => Ok(()),
        }
    }

    async fn cancel(&mut self, id: &str) -> Result<(), String> {
        let cancel = self.requests.get_mut(id).and_then(|sent| sent.handle.cancel.take());
        if cancel.is_some_and(|cancel| cancel.send(()).is_ok()) {
            self.join(id).await?;
        }
        Ok(())
    }

    /// Waits for every outcome. What is kept to the end has none: it is dropped.
    async fn finish_requests(&mut self) -> Result<(), String> {
        let scenario = self.scenario;
        for send in scenario.requests().filter(|send| matches!(send.read, ReadBody::Keep(_))) {
            self.cancel(&send.id).await?;
        }
        while let Some(id) = self.requests.keys().next().cloned() {
            self.join(&id).await?;
        }
        Ok(())
    }

    async fn close(&mut self) {
        if let Some(client) = self.client.take() {
            self.recorder.push(self.wire.now(), What::ClientClosing);
            client.close().await;
            self.recorder.push(self.wire.now(), What::ClientClosed);
        }
    }

    fn drop_client(&mut self) {
        if let Some(client) = self.client.take() {
            self.recorder.push(self.wire.now(), What::ClientClosing);
            drop(client);
        }
    }
}

/// Carries out steps whose segment has left, for ever. Poll it beside the script.
pub(super) async fn inject_on_segments(scenario: &Scenario, wire: &Wire, origin: &Peer, recorder: &Recorder) {
    loop {
        wire.moved().await;
        for index in wire.take_triggered() {
            inject(&scenario.script[index].action, index, wire, origin, recorder);
        }
    }
}

fn inject(action: &Action, index: usize, wire: &Wire, origin: &Peer, recorder: &Recorder) {
    recorder.push(wire.now(), What::Step { step: index });
    let done = match action {
        Action::Origin(action) => origin.perform(action, index),
        Action::Network(action) => wire.apply(action, index),
        _ => true,
    };
    if !done {
        recorder.push(wire.now(), What::StepVoid { step: index });
    }
}
