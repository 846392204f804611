//! The one table of verbs. What is true of a verb stands here and nowhere else: lock, question, order over
//! environments, history, `do` and reserved names follow from it and from what the steps of a verb do.

use schemars::JsonSchema;
use serde::Deserialize;

/// What is done to an environment. The greater one counts where several come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Looks: no lock, no question, no order.
    Reads,
    /// Writes files of infractl's own on this machine: one run at a time, no question.
    Writes,
    /// Changes the environment: a protected one is asked about.
    Changes,
    /// Takes machines or a release away for a while: the environment is named.
    Stops,
    /// Takes down what is not coming back by itself: the environment is named, those that others depend on come last.
    Destroys,
}

/// What a verb means for how long an environment with a `[ttl]` stays up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It brings it up.
    Up,
    /// It stops it.
    Stops,
    /// It takes everything down.
    Destroys,
}

/// What a step or a pipeline says of commands, whose effect infractl cannot know
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Declared {
    /// It looks and changes nothing: no lock, and no question in a protected environment
    Reads,
    /// It changes something: what is taken for granted when nothing is said
    Changes,
}

impl From<Declared> for Effect {
    fn from(declared: Declared) -> Effect {
        match declared {
            Declared::Reads => Effect::Reads,
            Declared::Changes => Effect::Changes,
        }
    }
}

/// How a verb is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Face {
    /// By steps, which a pipeline of the project may replace; `do` may name it.
    Pipeline,
    /// By steps that no pipeline replaces; `do` may name it.
    Fixed,
    /// By itself.
    Own,
}

/// A verb.
#[derive(Debug)]
pub(crate) struct Verb {
    /// As it is typed.
    pub name: &'static str,
    /// What it does to an environment, as long as no pipeline replaces it.
    pub effect: Effect,
    /// The verbs that it does by itself, as long as no pipeline replaces it.
    pub parts: &'static [&'static str],
    face: Face,
    /// Its runs are kept in the history.
    is_kept: bool,
    /// What its tools print is what it is run for: data, on standard output when that is no terminal.
    pub is_report: bool,
    /// It looks at files of the project only: neither a key nor a cloud is needed.
    pub is_offline: bool,
    /// It makes the place of the state, where a shared lock would be.
    makes_backend: bool,
    /// What it means for how long an environment stays up; none if nothing.
    pub turn: Option<Turn>,
    /// It helps when something is wrong: no window of an environment keeps it from that.
    pub is_always: bool,
    /// This version has it; other names are kept for it.
    exists: bool,
}

/// A verb that is a pipeline.
const fn pipeline(name: &'static str, effect: Effect) -> Verb {
    Verb {
        name,
        effect,
        parts: &[],
        face: Face::Pipeline,
        is_kept: true,
        is_report: false,
        is_offline: false,
        makes_backend: false,
        turn: None,
        is_always: false,
        exists: true,
    }
}

/// A verb that is none.
const fn own(name: &'static str, effect: Effect) -> Verb {
    Verb {
        name,
        effect,
        parts: &[],
        face: Face::Own,
        is_kept: true,
        is_report: false,
        is_offline: false,
        makes_backend: false,
        turn: None,
        is_always: false,
        exists: true,
    }
}

impl Verb {
    const fn does(self, parts: &'static [&'static str]) -> Verb {
        Verb { parts, ..self }
    }

    const fn fixed(self) -> Verb {
        Verb { face: Face::Fixed, ..self }
    }

    const fn not_kept(self) -> Verb {
        Verb { is_kept: false, ..self }
    }

    const fn backend(self) -> Verb {
        Verb { makes_backend: true, ..self }
    }

    const fn report(self) -> Verb {
        Verb { is_report: true, ..self }
    }

    const fn offline(self) -> Verb {
        Verb { is_offline: true, ..self }
    }

    const fn turns(self, turn: Turn) -> Verb {
        Verb { turn: Some(turn), ..self }
    }

    const fn always(self) -> Verb {
        Verb { is_always: true, ..self }
    }

    const fn later(self) -> Verb {
        Verb { exists: false, ..self }
    }

    /// This version has it.
    pub(crate) fn exists(&self) -> bool {
        self.exists
    }

    /// A `do` step may name it.
    pub(crate) fn is_doable(&self) -> bool {
        self.face != Face::Own
    }

    /// A pipeline of the project may have its name.
    pub(crate) fn is_replaceable(&self) -> bool {
        self.face == Face::Pipeline
    }

    /// It has steps of its own in this version.
    pub(crate) fn is_built_in(&self) -> bool {
        self.exists && self.is_doable()
    }
}

/// All of them, by name.
pub(crate) const ALL: &[Verb] = &[
    pipeline("apply", Effect::Changes).does(&["genenv", "inventory"]).turns(Turn::Up),
    pipeline("bootstrap", Effect::Changes).backend(),
    pipeline("build", Effect::Writes),
    pipeline("check", Effect::Reads).report(),
    own("ci", Effect::Reads).not_kept().offline(),
    own("completions", Effect::Reads),
    own("config", Effect::Writes).not_kept().offline(),
    pipeline("deploy", Effect::Changes),
    pipeline("destroy", Effect::Destroys).turns(Turn::Destroys),
    own("docs", Effect::Reads).not_kept().offline(),
    own("doctor", Effect::Reads),
    pipeline("down", Effect::Destroys).does(&["destroy"]).turns(Turn::Destroys),
    pipeline("drift", Effect::Reads).report(),
    own("env", Effect::Reads),
    own("exec", Effect::Changes),
    own("expire", Effect::Destroys),
    own("explain", Effect::Reads).not_kept(),
    own("extend", Effect::Writes),
    pipeline("fmt", Effect::Reads).not_kept().offline(),
    pipeline("genenv", Effect::Writes),
    own("graph", Effect::Reads).offline(),
    own("help", Effect::Reads),
    own("history", Effect::Reads),
    own("import", Effect::Writes),
    pipeline("init", Effect::Reads),
    pipeline("inventory", Effect::Writes),
    own("logs", Effect::Reads).not_kept(),
    own("maintenance", Effect::Changes).always(),
    own("new", Effect::Writes),
    own("output", Effect::Reads).not_kept(),
    own("pipeline", Effect::Changes),
    pipeline("plan", Effect::Reads).report(),
    pipeline("promote", Effect::Changes),
    pipeline("push", Effect::Changes),
    pipeline("recreate", Effect::Destroys).does(&["down", "up"]).turns(Turn::Up),
    // terraform's word for something harmless: an error that says so.
    own("refresh", Effect::Reads).later(),
    own("release", Effect::Changes).not_kept(),
    own("report", Effect::Reads).not_kept().offline(),
    pipeline("rollback", Effect::Stops).always(),
    own("run", Effect::Changes),
    own("scenario", Effect::Reads).offline(),
    own("secrets", Effect::Writes),
    own("snapshot", Effect::Changes).always(),
    own("ssh", Effect::Changes),
    pipeline("start", Effect::Changes).turns(Turn::Up).always(),
    pipeline("state", Effect::Reads).not_kept(),
    own("status", Effect::Reads).not_kept(),
    pipeline("stop", Effect::Stops).turns(Turn::Stops).always(),
    own("tf", Effect::Changes),
    own("tools", Effect::Writes),
    own("traffic", Effect::Changes).always(),
    own("unlock", Effect::Writes),
    pipeline("up", Effect::Changes).does(&["init", "apply", "deploy"]).turns(Turn::Up),
    pipeline("validate", Effect::Reads).fixed().not_kept(),
    pipeline("verify", Effect::Reads),
];

/// A verb by its name.
pub(crate) fn find(name: &str) -> Option<&'static Verb> {
    ALL.iter().find(|verb| verb.name == name)
}

/// The names of those that have steps of their own in this version.
pub(crate) fn built_in() -> impl Iterator<Item = &'static str> {
    ALL.iter().filter(|verb| verb.is_built_in()).map(|verb| verb.name)
}

/// The names that a `do` step may have, besides those of pipelines of the project.
pub(crate) fn doable() -> impl Iterator<Item = &'static str> {
    ALL.iter().filter(|verb| verb.is_doable()).map(|verb| verb.name)
}

/// Whether runs of this verb or pipeline are kept in the history.
pub(crate) fn is_kept(name: &str) -> bool {
    find(name).is_none_or(|verb| verb.is_kept)
}

/// Whether it makes the place where shared locks are, so that it takes none there.
pub(crate) fn makes_backend(name: &str) -> bool {
    find(name).is_some_and(|verb| verb.makes_backend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_whole() {
        assert!(ALL.is_sorted_by_key(|verb| verb.name));
        for verb in ALL {
            for part in verb.parts {
                let part = find(part).unwrap();
                assert!(part.is_built_in(), "{} does {}, which has no steps", verb.name, part.name);
                assert!(part.effect <= verb.effect, "{} does more than it says", verb.name);
            }
        }
    }

    #[test]
    fn a_greater_effect_counts() {
        assert!(Effect::Reads < Effect::Writes && Effect::Writes < Effect::Changes);
        assert!(Effect::Changes < Effect::Stops && Effect::Stops < Effect::Destroys);
    }
}
