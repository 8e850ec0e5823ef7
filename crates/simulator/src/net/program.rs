//! What a program under test says, and how it can end a run.

/// What comes from the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramLine {
    /// A line of its standard output.
    Text(String),
    /// It will say nothing more, for this reason, with the last lines of its standard error.
    Over(String),
}

/// How a program ends a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramFault {
    /// It does not come to rest.
    Hung,
    /// It has ended, or says what is no answer.
    Broken(String),
    /// What it does means nothing from now on.
    Distorted,
}
