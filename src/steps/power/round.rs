//! Brings machines to a goal: looks where they are, asks those that are elsewhere, and looks again until all are there.

use std::time::Duration;

use tokio::time::Instant;

use super::cloud::{Cloud, EVERY, Seen};
use super::names::Wanted;
use super::part::Part;
use crate::failure::{Failure, Kind};
use crate::text::{list, nearest, plural};
use crate::tools::power::{Found, Goal, Is};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::schedule::pause;

/// So often may a machine that was asked be seen doing nothing before that counts as a failure.
const QUIET: u32 = 3;

/// A machine on its way.
pub(super) struct Item {
    pub(super) name: String,
    pub(super) now: Found,
    /// The provider has accepted to change it.
    pub(super) asked: bool,
    /// How often it was seen doing nothing since.
    quiet: u32,
    /// A call for several, this one among them, was refused, or a call was ended before its answer.
    pub(super) doubtful: bool,
    pub(super) end: Option<End>,
}

pub(super) enum End {
    Already,
    Done,
    Failed(String),
}

/// Brings them there.
pub(super) async fn bring(
    step: &StepCx<'_>,
    cloud: &Cloud,
    part: Part,
    wanted: &[Wanted],
    goal: Goal,
    limit: Duration,
) -> Result<String, Failure> {
    let begun = Instant::now();
    let until = step.frame.limit.map_or(begun + limit, |own| own.min(begun + limit));
    let mut round = Round { step, cloud, part, goal, items: Vec::new() };
    round.items = round.chosen(cloud.look(step).await?, wanted)?;
    let mut late = false;
    loop {
        round.judge();
        let to_ask = round.to_ask();
        let refused = if to_ask.is_empty() { false } else { round.ask(&to_ask).await? };
        if round.items.iter().all(|item| item.end.is_some()) {
            return round.result();
        }
        round.tell_progress();
        if late {
            return Err(round.too_late(begun.elapsed()));
        }
        let rest = until.saturating_duration_since(Instant::now()).min(EVERY);
        let asked_now = !to_ask.is_empty();
        let waits = !(refused || (asked_now && cloud.is_done_at_once()));
        if waits && !pause(rest, &step.cx.interrupts).await {
            return Err(round.interrupted());
        }
        match cloud.look(step).await {
            Ok(seen) => round.update(&seen),
            Err(_) if step.cx.interrupts.is_pressed() => return Err(round.interrupted()),
            Err(failure) => return Err(failure),
        }
        late = Instant::now() >= until;
    }
}

pub(super) struct Round<'a> {
    pub(super) step: &'a StepCx<'a>,
    pub(super) cloud: &'a Cloud,
    pub(super) part: Part,
    pub(super) goal: Goal,
    pub(super) items: Vec<Item>,
}

impl Round<'_> {
    /// What the names mean; nothing is done while one of them is unknown or means several machines.
    fn chosen(&self, mut seen: Seen, wanted: &[Wanted]) -> Result<Vec<Item>, Failure> {
        if let Some(failure) = self.cloud.missing_project(&seen) {
            return Err(failure);
        }
        let own: Vec<Found> = seen.all.iter().filter(|found| seen.own.contains(&found.id)).cloned().collect();
        let mut items: Vec<Item> = own.into_iter().map(|found| item(found.name.clone(), found)).collect();
        for Wanted { name, host } in wanted {
            let mut found: Vec<&Found> = seen.all.iter().filter(|found| found.is_called(name)).collect();
            if found.len() > 1 {
                return Err(self.twins(name, &found));
            }
            let Some(found) = found.pop() else {
                return Err(self.unknown(name, host.as_deref(), &seen.all));
            };
            if !items.iter().any(|item| item.now.id == found.id) {
                items.push(item(name.clone(), found.clone()));
            }
        }
        seen.all.clear();
        Ok(items)
    }

    fn unknown(&self, name: &str, host: Option<&str>, all: &[Found]) -> Failure {
        let noun = self.part.noun();
        let failure = Failure::new(Kind::Failed, format!("{} has no {noun} `{name}`", self.cloud.name()));
        let failure = match nearest(name, all.iter().map(|found| found.name.as_str())) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None if all.is_empty() => failure.help(format!(
                "check the project, region and account of the credentials: there are no {noun}s at all"
            )),
            None if all.len() <= 10 => failure
                .help(format!("name one that is there: {}", list(all.iter().map(|one| &one.name), "or"))),
            None => failure.help(format!("look at what is there: {} {noun}s", all.len())),
        };
        failure.help(match (host, self.part) {
            (Some(host), _) => format!("correct `server` of `[hosts.{host}]`; nothing was changed"),
            (None, Part::Machines) => "correct `servers` of `[power]`; nothing was changed".to_owned(),
            (None, Part::Databases) => "correct `databases` of `[power]`; nothing was changed".to_owned(),
        })
    }

    fn twins(&self, name: &str, found: &[&Found]) -> Failure {
        let (noun, count) = (self.part.noun(), found.len());
        Failure::new(Kind::Failed, format!("{} has {count} {noun}s named `{name}`", self.cloud.name()))
            .help(format!(
                "write the id of the one that is meant: {}",
                list(found.iter().map(|one| &one.id), "or")
            ))
            .help("delete or rename the other; nothing was changed")
    }

    /// Who has arrived, and who never will.
    fn judge(&mut self) {
        let (goal, step) = (self.goal, self.step);
        for item in self.items.iter_mut().filter(|item| item.end.is_none()) {
            let state = item.now.state;
            if goal.is_reached(state) {
                let already = if item.asked { "" } else { "already " };
                step.line(Level::Normal, format!("{}: {already}{}", item.name, item.now.status));
                item.end = Some(if item.asked { End::Done } else { End::Already });
            } else if state == Is::Missing {
                item.end = Some(End::Failed("it is gone".to_owned()));
            } else if state == Is::Failed && (item.asked || goal == Goal::On) {
                item.end = Some(End::Failed(format!("it is in {}", item.now.status)));
            } else if state == Is::Changing {
                item.quiet = 0;
            } else if item.asked {
                item.quiet += 1;
                if item.quiet > QUIET {
                    let still = &item.now.status;
                    item.end =
                        Some(End::Failed(format!("it is still {still}: what was accepted did not happen")));
                }
            }
        }
    }

    /// Those to ask now. Of those that were refused together the first is asked alone.
    fn to_ask(&self) -> Vec<Vec<usize>> {
        let is_open = |item: &Item| item.end.is_none() && !item.asked && item.now.state != Is::Changing;
        let open: Vec<usize> = (0..self.items.len()).filter(|at| is_open(&self.items[*at])).collect();
        match open.iter().position(|at| self.items[*at].doubtful) {
            Some(first) => {
                let alone = open[first];
                let rest: Vec<usize> = open.into_iter().filter(|at| *at != alone).collect();
                [vec![alone], rest].into_iter().filter(|group| !group.is_empty()).collect()
            }
            None if open.is_empty() => Vec::new(),
            None => vec![open],
        }
    }

    /// Asks; true when somebody was refused.
    async fn ask(&mut self, groups: &[Vec<usize>]) -> Result<bool, Failure> {
        let mut refused = false;
        for group in groups {
            let found: Vec<(&str, &Found)> =
                group.iter().map(|at| (self.items[*at].name.as_str(), &self.items[*at].now)).collect();
            for (cmd, places) in self.cloud.orders(self.goal, &found) {
                let members: Vec<usize> = places.iter().map(|place| group[*place]).collect();
                self.step.progress(format!(
                    "{} {}",
                    cmd.args[..2.min(cmd.args.len())].join(" "),
                    self.names(&members)
                ));
                let answer = match self.cloud.call(self.step, cmd).await {
                    // Nobody knows whether the provider had it before the call was ended.
                    Err(_) if self.step.cx.interrupts.is_pressed() => {
                        for at in members {
                            self.items[at].doubtful = true;
                        }
                        return Err(self.interrupted());
                    }
                    answer => answer?,
                };
                match answer {
                    Ok(_) => members.iter().for_each(|at| self.items[*at].asked = true),
                    Err(tail) => {
                        if let Some(failure) = self.cloud.is_general(&tail) {
                            return Err(failure);
                        }
                        refused = true;
                        if let [only] = members.as_slice() {
                            self.refuse(*only, self.cloud.reason(&tail)).await?;
                        } else {
                            for at in members {
                                self.items[at].doubtful = true;
                            }
                        }
                        break;
                    }
                }
            }
            if refused {
                break;
            }
        }
        Ok(refused)
    }

    /// One that was refused: unless it is on its way by itself, or there already.
    async fn refuse(&mut self, at: usize, why: &str) -> Result<(), Failure> {
        let seen = self.cloud.look(self.step).await?;
        self.update(&seen);
        let item = &mut self.items[at];
        item.doubtful = false;
        if !self.goal.is_reached(item.now.state) && item.now.state != Is::Changing {
            let why = if why.is_empty() { "it was refused without a word" } else { why };
            item.end = Some(End::Failed(format!("it is {}: {why}", item.now.status)));
        }
        Ok(())
    }

    /// Where they are now. Those that a refused call reached before it ended are on their way.
    fn update(&mut self, seen: &Seen) {
        for item in &mut self.items {
            match seen.all.iter().find(|found| found.id == item.now.id) {
                Some(found) => item.now = found.clone(),
                None => item.now.state = Is::Missing,
            }
            if item.doubtful && (item.now.state == Is::Changing || self.goal.is_reached(item.now.state)) {
                (item.asked, item.doubtful) = (true, false);
            }
        }
    }

    fn names(&self, places: &[usize]) -> String {
        let names: Vec<&str> = places.iter().map(|at| self.items[*at].name.as_str()).collect();
        if names.len() > 4 { plural(names.len(), self.part.noun()) } else { names.join(", ") }
    }

    fn tell_progress(&self) {
        let open: Vec<&Item> = self.items.iter().filter(|item| item.end.is_none()).collect();
        let Some(first) = open.first() else { return };
        let more = if open.len() > 1 { format!(" and {} more", open.len() - 1) } else { String::new() };
        let arrived = self.items.len() - open.len();
        self.step.progress(format!(
            "{arrived}/{} {}, {} is {}{more}",
            self.items.len(),
            self.goal.done(),
            first.name,
            first.now.status
        ));
    }
}

impl Item {
    pub(super) fn is_good(&self) -> bool {
        matches!(self.end, Some(End::Already | End::Done))
    }
}

fn item(name: String, now: Found) -> Item {
    Item { name, now, asked: false, quiet: 0, doubtful: false, end: None }
}
