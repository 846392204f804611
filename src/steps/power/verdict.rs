//! What came of it, in words.

use std::time::Duration;

use super::round::{End, Item, Round};
use crate::failure::{Failure, Kind};
use crate::text::{duration, plural};
use crate::tools::power::{Found, Goal};

impl Round<'_> {
    /// Where those are that have not arrived.
    fn open(&self) -> String {
        let open = self.items.iter().filter(|item| item.end.is_none());
        open.map(|item| format!("`{}` is {}", item.name, item.now.status)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn interrupted(&self) -> Failure {
        let any = |is: fn(&Item) -> bool| self.items.iter().any(|item| is(item) && item.end.is_none());
        let goes_on = if any(|item| item.doubtful) {
            "the provider may go on with what it was being asked"
        } else if any(|item| item.asked) {
            "the provider goes on with what it was asked"
        } else {
            "nothing more was asked"
        };
        self.step
            .interrupted(format!("stopped waiting: {}; {goes_on}", self.open()))
            .help(format!("look at it: `infractl state {}`", self.step.env.name))
    }

    pub(super) fn too_late(&self, took: Duration) -> Failure {
        let first = self.items.iter().find(|item| item.end.is_none()).map_or("", |item| item.name.as_str());
        let mut texts = vec![format!("after {} {}", duration(took), self.open())];
        texts.extend(self.failed().into_iter().map(|(_, text)| text));
        Failure::new(Kind::Failed, texts.join("; "))
            .context(self.heading(self.items.iter().filter(|item| !item.is_good()).count()))
            .help(self.cloud.look_at(first))
            .help("give it longer, if that is usual: `timeout = \"10m\"` in `[power]`")
    }

    fn heading(&self, count: usize) -> String {
        let (noun, all) = (self.part.noun(), self.items.len());
        let verb = if count == 1 { "is" } else { "are" };
        format!(
            "{count} of {} of `{}` {verb} not {}",
            plural(all, noun),
            self.step.env.name,
            self.goal.done()
        )
    }

    fn failed(&self) -> Vec<(&str, String)> {
        let why = |item: &Item| match &item.end {
            Some(End::Failed(why)) => Some(why.clone()),
            _ => None,
        };
        let all = self.items.iter().filter_map(|item| Some((item.name.as_str(), why(item)?)));
        all.map(|(name, why)| (name, format!("`{name}`: {why}"))).collect()
    }

    /// All have ended.
    pub(super) fn result(&self) -> Result<String, Failure> {
        let failed = self.failed();
        if let Some((first, _)) = failed.first() {
            let texts: Vec<&str> = failed.iter().map(|(_, text)| text.as_str()).collect();
            return Err(Failure::new(Kind::Failed, texts.join("; "))
                .context(self.heading(failed.len()))
                .help(self.cloud.look_at(first)));
        }
        let already = self.items.iter().filter(|item| matches!(item.end, Some(End::Already))).count();
        let done = self.items.len() - already;
        let word = self.goal.done();
        let mut text = match (done, already) {
            (0, 1) => format!("already {word}"),
            (0, all) => format!("all {all} already {word}"),
            (done, 0) => format!("{done} {word}"),
            (done, already) => format!("{done} {word}, {already} already"),
        };
        if self.goal != Goal::On {
            let found: Vec<&Found> = self.items.iter().map(|item| &item.now).collect();
            if let Some(cost) = self.cloud.cost(&self.step.env.name, &found) {
                text.push_str("; ");
                text.push_str(&cost);
            }
        }
        Ok(text)
    }
}
