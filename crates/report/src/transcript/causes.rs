//! What was done to the client, or by the application: why a run went as it did.

use closewait_scenario::Action;

use crate::words::cause;

/// The causes that a run shows.
#[derive(Debug, Default)]
pub struct Causes {
    /// What the script does, with the line of the transcript that tells of it.
    scripted: Vec<(usize, String)>,
    /// What shows first where no step of the script is the cause: an answer that was arranged to end badly, or the
    /// application. What comes later follows from it, most often.
    shown: Option<String>,
}

impl Causes {
    /// A step of the script has the line of this index.
    pub fn step(&mut self, line: usize, action: &Action) {
        self.scripted.extend(cause(action).map(|cause| (line, cause)));
    }

    /// The step that this line tells of could do nothing.
    pub fn void(&mut self, line: usize) {
        self.scripted.retain(|(of, _)| *of != line);
    }

    /// Something shows.
    pub fn show(&mut self, cause: String) {
        self.shown.get_or_insert(cause);
    }

    /// In the order of time.
    pub fn into_vec(self) -> Vec<String> {
        if self.scripted.is_empty() {
            return self.shown.into_iter().collect();
        }
        self.scripted.into_iter().map(|(_, cause)| cause).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Run, scenario};
    use crate::transcript::Transcript;
    use closewait_scenario::Direction::{ToClient, ToOrigin};
    use closewait_trace::{Outcome, What};

    fn check(steps: &str, play: impl Fn(&mut Run) -> &mut Run, expected: &[&str]) {
        let script = format!("{{ client = \"send\", id = \"a\", request = \"GET /a\" }},\n{steps}");
        let mut run = Run::new();
        run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
        play(&mut run);
        assert_eq!(Transcript::of(&scenario(&script), &run.trace()).causes(), expected, "{steps}");
    }

    fn scripted(steps: &str, expected: &[&str]) {
        let play = |run: &mut Run| {
            for step in 1..=steps.lines().count() {
                run.step(40, step);
            }
        };
        check(
            steps,
            |run| {
                play(run);
                run
            },
            expected,
        );
    }

    #[test]
    fn steps_of_the_script() {
        let half_closed = ["the origin half-closes connection 1 (FIN)"];
        scripted("{ origin = \"fin\", connection = 1 },", &half_closed);
        let lost = ["the network loses everything both ways"];
        scripted("{ network = \"drop\" },\n{ network = \"heal\" },", &lost);
        let reset = ["a middlebox sends RST on connection 1 both ways"];
        scripted("{ network = \"rst\", connection = 1 },", &reset);
        let deaf = ["the origin stops listening"];
        scripted("{ origin = \"stop-listening\" },\n{ origin = \"listen\" },", &deaf);
        let void = "{ network = \"rst\", connection = 1, direction = \"to-client\" },";
        check(void, |run| run.step(40, 1).at(40, What::StepVoid { step: 1 }), &[]);
    }

    #[test]
    fn what_shows() {
        check("", |run| run.fin(40, 1, ToClient), &["the origin sends FIN on connection 1"]);
        check("", |run| run.fin(40, 1, ToOrigin), &[]);
        let cancelled = ["the application cancels b"];
        check("", |run| run.start(40, "b", "GET").finish(50, "b", Outcome::Cancelled), &cancelled);
        let late = ["the application's deadline of b passes"];
        check("", |run| run.start(40, "b", "GET").finish(50, "b", Outcome::Deadline), &late);
    }
}
