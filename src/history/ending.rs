//! How a recording ends: the last line, and the reports.

use super::line::{Line, seconds};
use super::recorder::{Recorder, Recording};
use super::state::State;
use super::{SUMMARY_BYTES, junit, markdown};
use crate::disk;
use crate::failure::Kind;
use crate::ui::say;

impl Recorder {
    /// A verb that ended before its pipeline began is recorded too, unless it was only written wrongly.
    fn begin_late(&self, state: &mut Recording, code: u8) -> bool {
        let Some(verb) = self.setup.verb.as_ref().filter(|_| state.root.is_some()) else { return false };
        if [0, Kind::Usage.code()].contains(&code) {
            return false;
        }
        self.begin(state, verb);
        for environment in std::mem::take(&mut state.meant) {
            let (verb, at) = (verb.clone(), state.now());
            state.add(Line::EnvironmentStarted { environment: environment.clone(), verb, steps: 0, at });
            let outcome = State::of_code(code);
            state.add(Line::EnvironmentEnded { environment, outcome, seconds: 0.0 });
        }
        true
    }

    pub(super) fn end(&self, state: &mut Recording, code: u8, error: Option<&String>) {
        let reports = [&self.setup.junit, &self.setup.json, &self.setup.markdown];
        let wants_report = reports.iter().any(|path| path.is_some());
        let began = state.run.is_some();
        if !began && !self.begin_late(state, code) {
            if !wants_report {
                return;
            }
            // The report says so, the history does not.
            state.root = None;
            self.begin(state, "");
        }
        self.arguments(state);
        let Some((run, since)) = &state.run else { return };
        let end = Line::RunEnded {
            code,
            outcome: State::of_code(code),
            error: error.cloned(),
            seconds: seconds(since.elapsed()),
            environments: run.environments.iter().map(|lane| lane.environment.clone()).collect(),
        };
        state.add(end);
        if let Some(kept) = &mut state.kept {
            kept.logs.values_mut().for_each(|log| drop(log.end_step()));
            if let Err(error) = kept.seal() {
                say(&format!("warning: the end of run {} is not sealed: {error}", kept.number));
            }
        }
        let Some((run, _)) = &state.run else { return };
        let mut lost = Vec::new();
        if let Some(path) = &self.setup.junit {
            lost.extend(disk::write(path, junit::report(run).as_bytes(), 0o644).err());
        }
        if let Some(path) = &self.setup.json {
            let text = serde_json::to_string_pretty(run).unwrap_or_default() + "\n";
            lost.extend(disk::write(path, text.as_bytes(), 0o644).err());
        }
        if let Some(path) = &self.setup.markdown {
            let text = markdown::summary(run, SUMMARY_BYTES).unwrap_or_default();
            lost.extend(disk::write(path, text.as_bytes(), 0o644).err());
        }
        if let Some(summary) = self.setup.summary.as_ref().filter(|_| began) {
            summary.write(run);
        }
        state.lost = lost.first().map(|error| format!("the report {error}: {}", error.source));
    }
}
