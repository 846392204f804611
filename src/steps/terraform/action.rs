//! What is done with the root module.

use std::path::PathBuf;

use crate::tools::terraform::flags::Command;
use crate::tools::terraform::subcommand;

/// What is done with the root module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `init`, whether it is needed or not.
    Init,
    /// A preview.
    Plan {
        /// Keep it in this file.
        out: Option<PathBuf>,
        /// terraform's JSON lines on standard output instead of its text.
        json: bool,
        /// Keep it for the `Apply` of this run.
        keep: bool,
        /// Preview a destroy.
        destroy: bool,
        /// Say what it costs.
        cost: bool,
    },
    /// What changed behind terraform's back.
    Drift(LookForDrift),
    /// Look at what a saved plan takes away.
    Look {
        /// The plan.
        plan: PathBuf,
    },
    /// Plan anew, and see whether that means what a saved plan does; it is kept for the `Apply` of this run.
    Verify {
        /// The saved plan.
        plan: PathBuf,
    },
    /// Make the environment match.
    Apply {
        /// A saved plan; else the one a `Plan { keep }` step kept; else whatever is needed.
        plan: Option<Reviewed>,
    },
    /// Take everything down.
    Destroy,
    /// Any other command, as the user wrote it.
    Any {
        /// The command and its arguments.
        words: Vec<String>,
    },
    /// Check the root module.
    Validate,
    /// Format its files.
    Fmt {
        /// Only say which differ.
        check: bool,
    },
}

/// How a look for drift is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookForDrift {
    /// Only what earlier looks like this one did not tell is a difference.
    pub is_new: bool,
    /// The folder that keeps what they told, if it is not our own.
    pub known: Option<PathBuf>,
    /// As Markdown.
    pub is_markdown: bool,
}

/// A plan that was saved, and looked at by somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// The file.
    pub file: PathBuf,
    /// How it is carried out.
    pub how: How,
}

/// How a plan that was saved is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It itself.
    Exactly,
    /// A new one, if that means the same.
    Verified,
}

impl Action {
    /// Does terraform work out what the root module says?
    pub(super) fn evaluates(&self) -> bool {
        match self {
            Action::Plan { destroy, .. } => !destroy,
            Action::Drift(_) | Action::Verify { .. } | Action::Apply { .. } | Action::Validate => true,
            Action::Init
            | Action::Look { .. }
            | Action::Destroy
            | Action::Any { .. }
            | Action::Fmt { .. } => false,
        }
    }

    /// Does terraform want the values of the variables?
    pub(super) fn takes_values(&self) -> bool {
        match self {
            Action::Plan { .. }
            | Action::Drift(_)
            | Action::Verify { .. }
            | Action::Apply { .. }
            | Action::Destroy => true,
            Action::Any { words } => subcommand::find(words).takes_variables,
            Action::Init | Action::Look { .. } | Action::Validate | Action::Fmt { .. } => false,
        }
    }

    /// A plan comes of it that can be applied.
    pub(crate) fn keeps_plan(&self) -> bool {
        match self {
            Action::Plan { out, keep, .. } => *keep || out.is_some(),
            action => matches!(action, Action::Verify { .. }),
        }
    }

    /// The command that the user's own words are for.
    pub(super) fn command(&self) -> Option<Command> {
        match self {
            Action::Init => Some(Command::Init),
            Action::Plan { keep: false, .. } | Action::Drift(_) => Some(Command::Plan),
            Action::Plan { destroy: true, .. } | Action::Destroy => Some(Command::Destroy),
            Action::Plan { .. } | Action::Verify { .. } | Action::Apply { .. } => Some(Command::Apply),
            Action::Fmt { .. } => Some(Command::Fmt),
            Action::Look { .. } | Action::Any { .. } | Action::Validate => None,
        }
    }
}
