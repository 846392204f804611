use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::ui::event::{Level, Outcome};

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn push(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Reporter for Heard {
    fn report(&self, report: &Report) {
        let environment = report.environment.clone().unwrap_or_default();
        match &report.event {
            Event::Line { text, .. } => self.push(format!("{environment}| {text}")),
            Event::StepEnded { name, .. } => self.push(format!("{environment}| {name} over")),
            Event::Warning(text) => self.push(format!("warning| {text}")),
            _ => {}
        }
    }
}

fn grouped(verbosity: Verbosity) -> (Grouped, Heard) {
    let heard = Heard::default();
    let out = heard.clone();
    let mode = Mode { ci: Some(Ci::GitHub), ..Mode::unattended(verbosity) };
    let mut grouped = Grouped::new(Ci::GitHub, mode, None, Box::new(heard.clone()));
    grouped.say = Box::new(move |line| out.push(line.to_owned()));
    (grouped, heard)
}

fn tell(grouped: &Grouped, environment: &str, event: Event) {
    let environment = (!environment.is_empty()).then(|| environment.to_owned());
    grouped.report(&Report { environment, event });
}

fn started(name: &str) -> Event {
    Event::StepStarted { number: 1, name: name.into() }
}

fn line(text: &str) -> Event {
    Event::Line { name: "s".into(), level: Level::Normal, text: text.into() }
}

fn ended(name: &str) -> Event {
    let (outcome, took) = (Outcome::Done, Duration::ZERO);
    Event::StepEnded { number: 1, name: name.into(), outcome, summary: String::new(), took }
}

#[test]
fn groups_of_environments_at_once_never_nest_and_the_running_one_streams() {
    let (grouped, heard) = grouped(Verbosity::Normal);
    tell(&grouped, "dev", started("plan"));
    tell(&grouped, "rec", started("plan"));
    tell(&grouped, "rec", line("r1"));
    tell(&grouped, "dev", line("d1"));
    assert_eq!(heard.all().last().unwrap(), "dev| d1", "it did not stream");
    tell(&grouped, "", Event::Warning("now".into()));
    tell(&grouped, "prod", started("plan"));
    tell(&grouped, "prod", ended("plan"));
    tell(&grouped, "dev", ended("plan"));
    tell(&grouped, "rec", line("::endgroup::"));
    tell(&grouped, "rec", ended("plan"));
    tell(&grouped, "", Event::Ended { code: 0, error: None });
    assert_eq!(
        heard.all(),
        [
            "::group::dev: plan",
            "dev| d1",
            "warning| now",
            "::endgroup::",
            "dev| plan over",
            "::group::rec: plan",
            "rec| r1",
            "rec| > ",
            "::endgroup::",
            "rec| plan over",
            "::group::prod: plan",
            "::endgroup::",
            "prod| plan over",
        ]
    );
}

#[test]
fn steps_in_a_step_are_groups_one_after_the_other() {
    let (grouped, heard) = grouped(Verbosity::Normal);
    for event in
        [started("up"), started("apply"), ended("apply"), started("deploy"), ended("deploy"), ended("up")]
    {
        tell(&grouped, "dev", event);
    }
    let groups: Vec<String> = heard.all().into_iter().filter(|line| line.starts_with("::")).collect();
    let each = |name: &str| [format!("::group::dev: {name}"), "::endgroup::".to_owned()];
    assert_eq!(groups, [each("up"), each("apply"), each("deploy")].concat());
}

#[test]
fn an_environment_that_waits_keeps_its_last_lines_only() {
    let (grouped, heard) = grouped(Verbosity::Normal);
    tell(&grouped, "dev", started("plan"));
    tell(&grouped, "rec", started("plan"));
    for number in 0..WAITING_LINES + 10 {
        tell(&grouped, "rec", line(&number.to_string()));
    }
    tell(&grouped, "dev", ended("plan"));
    let all = heard.all();
    assert!(all.contains(&"  … 11 lines left out here, see the history".to_owned()));
    assert_eq!(all.last().unwrap(), &format!("rec| {}", WAITING_LINES + 9));
    assert!(all.len() < WAITING_LINES + 10);
}

#[test]
fn quiet_has_no_groups_but_annotations() {
    let (grouped, heard) = grouped(Verbosity::Quiet);
    tell(&grouped, "dev", started("plan"));
    let diagnostic = Diagnostic {
        severity: Severity::Error,
        summary: "Bad".into(),
        detail: "very".into(),
        file: Some("environments/dev/main.tf".into()),
        line: Some(7),
    };
    tell(&grouped, "dev", Event::Diagnostic { name: "plan".into(), diagnostic });
    tell(&grouped, "", Event::Ended { code: 1, error: Some("not said twice".into()) });
    assert_eq!(heard.all(), ["::error file=environments/dev/main.tf,line=7,title=dev%3A Bad::very"]);
}

#[test]
fn a_failure_without_a_place_is_annotated_once_and_a_difference_is_none() {
    let (grouped, heard) = grouped(Verbosity::Normal);
    tell(&grouped, "", Event::Ended { code: 2, error: Some("stale".into()) });
    tell(&grouped, "", Event::Ended { code: 65, error: Some("no key fits".into()) });
    assert_eq!(heard.all(), ["::error title=infractl::no key fits"]);
}

#[test]
fn paths_are_relative_to_the_repository() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("infra/x")).unwrap();
    assert_eq!(below(dir.path(), &dir.path().join("infra")), Some("infra".into()));
    assert_eq!(below(&dir.path().join("infra"), dir.path()), None);
}
