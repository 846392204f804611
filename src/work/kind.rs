//! What a kind of step says of itself. The mechanism knows a step by this alone: needs, dry runs, locks and printed
//! scripts are written once, over it.

use std::path::Path;

use super::StepCx;
use super::script::Script;
use crate::config::Environment;
use crate::config::template::Template;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::Failure;

/// A kind of step. No method has a default: one that was forgotten does not compile.
pub(crate) trait StepKind: Sync {
    /// Tells everything that the step refers to.
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>));

    /// What it does to the environment; none when only the project knows, as for a command.
    fn effect(&self) -> Option<Effect>;

    /// Does it. The text says in a few words what came of it.
    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>>;

    /// What it would do, as lines for `--dry-run`: the commands in order, and what happens besides.
    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure>;

    /// The same as lines of bash; each goes on only when the one before went well.
    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure>;
}

/// Something that a step refers to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mention<'a> {
    /// A text with names in it, whose values have to be known.
    Template(&'a Template),
    /// The same where a secret is refused: none is opened for it.
    Public(&'a Template),
    /// A secret by its name.
    Secret(&'a str),
    /// A host that it logs in to: how it is reached, and the key.
    Host(&'a str),
    /// A file or folder of the project that it reads.
    File(&'a Path),
    /// Outputs of other environments that this part of the configuration names.
    Foreign(&'a [&'a str]),
    /// A value by its name.
    Value(&'a str),
    /// An image of `[images]` by its name: its digest has to be known.
    Image(&'a str),
    /// The outputs, all of them.
    Outputs,
    /// The state of terraform, which it reads by itself.
    State,
    /// The files of secrets, whatever the step may see.
    SecretFiles,
    /// A program that gets all secrets which the step may see.
    Program,
    /// A program that gets the secrets which the step names, and no others.
    Sparing,
    /// The environment file, which it writes.
    EnvFile,
    /// A program that it starts on this machine, or a line of shell that does.
    Starts(&'a str),
}
