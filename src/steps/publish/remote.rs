//! A repository somewhere else: what it has, and a push to it.

use std::time::Duration;

use tokio::time::Instant;

use super::content::{Content, ask, call, failed};
use crate::exec::Done;
use crate::failure::{Failure, Kind};
use crate::text::{duration, plain};
use crate::tools::git::publish::{Refusal, Way, refusal, said};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::schedule::pause;

/// A repository that was just made may answer to git only after some seconds.
const NEW: Duration = Duration::from_secs(60);
/// Between two tries.
const BETWEEN: Duration = Duration::from_secs(2);

/// A repository somewhere else.
pub(super) struct Remote<'a> {
    pub(super) step: &'a StepCx<'a>,
    pub(super) content: &'a Content,
    pub(super) way: Way,
    pub(super) branch: &'a str,
    /// What a token needs.
    pub(super) scopes: &'static str,
    /// It is there, as the forge says.
    pub(super) is_there: bool,
    /// When waiting ends.
    pub(super) until: Instant,
}

/// The last commit of a branch.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) commit: String,
    pub(super) tree: String,
}

/// What became of a push.
pub(super) enum Pushed {
    Done,
    /// Somebody else was faster.
    Behind,
}

impl Remote<'_> {
    /// The last commit of the branch; none when there is none.
    pub(super) async fn head(&self) -> Result<Option<Head>, Failure> {
        let bench = &self.content.bench;
        let begun = Instant::now();
        loop {
            let done = call(self.step, &bench.fetch(&self.way, self.branch)).await?;
            if done.code == 0 {
                let both = ask(self.step, &bench.fetched(), "read what is there").await?;
                let mut lines = both.lines().map(str::to_owned);
                let (Some(commit), Some(tree)) = (lines.next(), lines.next()) else {
                    return Err(Failure::new(Kind::Bug, "git names no commit for what it has fetched"));
                };
                return Ok(Some(Head { commit, tree }));
            }
            match refusal(&done.tail) {
                Refusal::NoBranch => return Ok(None),
                why => self.again(why, &done, begun, "fetch").await?,
            }
        }
    }

    /// Pushes a commit.
    pub(super) async fn push(&self, commit: &str) -> Result<Pushed, Failure> {
        let begun = Instant::now();
        loop {
            let done = call(self.step, &self.content.bench.push(&self.way, commit, self.branch)).await?;
            if done.code == 0 {
                return Ok(Pushed::Done);
            }
            match refusal(&done.tail) {
                Refusal::Behind => return Ok(Pushed::Behind),
                why => self.again(why, &done, begun, "push").await?,
            }
        }
    }

    /// Waits where another try may help; an error where it does not.
    async fn again(&self, why: Refusal, done: &Done, begun: Instant, what: &str) -> Result<(), Failure> {
        let limit = match why {
            Refusal::Busy => self.until,
            Refusal::NoRepository if self.is_there => self.until.min(begun + NEW),
            _ => return Err(self.refused(why, done, what)),
        };
        if Instant::now() + BETWEEN >= limit {
            return Err(self
                .refused(why, done, what)
                .help("look at the log of the forge, or give the step a longer `timeout`"));
        }
        let reason = crate::tools::git::reason(&plain(&done.tail));
        self.step.line(Level::Normal, format!("{reason}: again in {}", duration(BETWEEN)));
        if pause(BETWEEN, &self.step.cx.interrupts).await {
            return self.step.go_on().await;
        }
        Err(self.step.interrupted(format!("`{}` of `{}` was stopped", self.step.name, self.step.env.name)))
    }

    fn refused(&self, why: Refusal, done: &Done, what: &str) -> Failure {
        let what = format!("{what} `{}`", self.way.url);
        let failure = match said(&plain(&done.tail)) {
            Some(said) => Failure::new(Kind::Failed, said).context(format!("git could not {what}")),
            None => failed(done, &what),
        };
        let branch = self.branch;
        match why {
            Refusal::Protected => failure
                .help(format!("let the owner of the token push to `{branch}`: the rules of the protected branch say who may"))
                .help("or publish to another `branch`, and let it be merged"),
            Refusal::Stranger => failure
                .help("see whether the token was revoked or has run out, and make another one")
                .help(self.scopes),
            Refusal::Forbidden => failure.help(self.scopes),
            Refusal::NoRepository => failure.help("see whether it is there, and whether the token may see it"),
            _ => failure,
        }
    }
}
