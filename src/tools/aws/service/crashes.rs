//! Tasks of a service that ended, and whether they all end alike. Pure.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::tools::aws::task::Task;
use crate::tools::failures::signature;

/// Seconds where AWS was asked directly, a text where the program was.
pub(super) fn time(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => Some(text.parse::<Timestamp>().ok()?.as_duration().as_secs_f64()),
        _ => None,
    }
}

/// The task that ended last.
pub(crate) fn newest(tasks: &[Task]) -> Option<&Task> {
    let at = |task: &Task| time(&task.json()["stoppedAt"]).unwrap_or_default();
    tasks.iter().max_by(|one, other| at(one).total_cmp(&at(other)))
}

/// So many crashes of one kind in a row are enough.
const ENOUGH: usize = 3;

/// How the tasks of a deployment ended, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Crashes(Vec<Crash>);

#[derive(Debug, Clone, PartialEq)]
struct Crash {
    at: f64,
    /// The same for each crash of one kind.
    kind: String,
    task: Task,
}

impl Crashes {
    /// Adds a task that has stopped; nothing if it is known, or ended because that was wanted.
    pub(crate) fn add(&mut self, task: Task) {
        let json = task.json();
        let text = |key: &str| json[key].as_str().unwrap_or_default();
        let (code, reason) = (text("stopCode"), text("stoppedReason"));
        let is_wanted = reason.starts_with("Scaling activity initiated")
            || ["UserInitiated", "SpotInterruption", "TerminationNotice"].contains(&code);
        let is_known = self.0.iter().any(|known| known.task.arn() == task.arn());
        if is_wanted || is_known || !task.is_over() {
            return;
        }
        // Ids and addresses differ from one to the next; exit codes are what they are.
        let kind = format!("{code}|{}|{}", codes(json).join("|"), signature(&task.reasons().join("|")));
        let at = time(&json["stoppedAt"]).unwrap_or_default();
        self.0.push(Crash { at, kind, task });
        self.0.sort_by(|one, other| one.at.total_cmp(&other.at));
    }

    /// The last one.
    pub(crate) fn last(&self) -> Option<&Task> {
        self.0.last().map(|crash| &crash.task)
    }

    /// How the last one ended, in one line.
    pub(crate) fn words(&self) -> Option<String> {
        let task = self.last()?;
        let mut all = codes(task.json());
        all.extend(task.reasons());
        Some(all.join("; "))
    }

    /// The last ones are of one kind, and there are enough of them.
    pub(crate) fn is_enough(&self) -> bool {
        let Some(last) = self.0.last() else { return false };
        self.0.len() >= ENOUGH && self.0.iter().rev().take(ENOUGH).all(|crash| crash.kind == last.kind)
    }
}

/// Containers that ended with something else than 0: `` `app` ended with exit code 3 ``.
fn codes(task: &Json) -> Vec<String> {
    let code = |one: &Json| {
        let code = one.get("exitCode").and_then(Json::as_i64).filter(|code| *code != 0)?;
        Some(format!("`{}` ended with exit code {code}", one["name"].as_str().unwrap_or_default()))
    };
    task["containers"].as_array().into_iter().flatten().filter_map(code).collect()
}
