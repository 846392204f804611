//! What is told besides people: the history, reports, and the CI system around us.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::commands::{Cli, Global};
use crate::config::verbs::{self, Effect};
use crate::context::{Ctx, Vars};
use crate::disk::{self, PrivateDir, repository};
use crate::failure::{Failure, Kind};
use crate::history::{Recorder, Setup, Summary};
use crate::redact::Masks;
use crate::text;
use crate::tools::git;
use crate::ui::ci::Ci;
use crate::ui::event::{Diagnostic, Event, Severity};
use crate::ui::log::LogFile;
use crate::ui::{self, Mode, Ui};

/// The `Ui` of this run, and who records it.
pub(super) fn prepare(
    cli: &Cli,
    mode: Mode,
    vars: &Vars,
    masks: &Masks,
    run: &Arc<OnceLock<u64>>,
) -> (Ui, Arc<Recorder>) {
    let global = &cli.global;
    let recorder = Recorder::new(Setup {
        argv: argv(),
        verb: cli.kept_as.clone().filter(|_| !global.dry_run),
        user: user(mode.ci, vars),
        masks: masks.clone(),
        number: Arc::clone(run),
        junit: global.report_junit.as_ref().map(|file| folder(global).join(file)),
        json: global.report_json.as_ref().map(|file| folder(global).join(file)),
        markdown: global.report_markdown.as_ref().map(|file| folder(global).join(file)),
        summary: mode.ci.and_then(|ci| summary(ci, vars)),
    });
    let mut ui = Ui::new(mode, masks.clone());
    if let Some(ci) = mode.ci {
        ui = ui.in_ci(ci, vars.get(ci.workspace_variable()).map(PathBuf::from));
        // The one place that prints secrets: a CI that reads this stream takes them out of its log. A file would
        // keep them.
        if !ui::goes_to_a_file() {
            masks.on_add(move |secret| ci.mask(secret).iter().for_each(|line| ui::say(line)));
        }
    }
    ui.add(Box::new(Arc::clone(&recorder)));
    (ui, recorder)
}

/// `--log-file`.
pub(super) fn log_file(ui: &mut Ui, global: &Global) -> Result<(), Failure> {
    if let Some(file) = &global.log_file {
        let file = disk::open_at_end(&folder(global).join(file))?;
        ui.add(Box::new(LogFile::new(file, jiff::Timestamp::now)));
    }
    Ok(())
}

/// Where paths on the command line begin.
fn folder(global: &Global) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    global.dir.as_ref().map_or_else(|| here.clone(), |dir| here.join(dir))
}

fn user(ci: Option<Ci>, vars: &Vars) -> String {
    let names = ci.map_or(&[][..], Ci::user_variables).iter().chain(&["USER", "LOGNAME"]);
    if let Some(user) = names.filter_map(|name| vars.get(name)).find(|user| !user.is_empty()) {
        return user.to_owned();
    }
    let uid = rustix::process::getuid().as_raw().to_string();
    let users = disk::read_text(Path::new("/etc/passwd")).unwrap_or_default();
    let found = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    found.unwrap_or(format!("uid {uid}"))
}

/// As it was typed, but for the folder of the program.
fn argv() -> Vec<String> {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    std::iter::once("infractl".to_owned()).chain(words).collect()
}

fn summary(ci: Ci, vars: &Vars) -> Option<Summary> {
    match ci {
        Ci::GitHub => vars.get("GITHUB_STEP_SUMMARY").map(|file| Summary::Append(file.into())),
        Ci::Azure => vars.get("AGENT_TEMPDIRECTORY").map(|folder| Summary::Upload(ci, folder.into())),
        Ci::GitLab => None,
    }
}

/// A run that writes files of this machine only and is over sooner starts no git to ask whether files differ from the
/// commit: the answer would come too late in most of them.
const OVER_SOON: Duration = Duration::from_millis(10);

/// What nobody has to wait for, done while a tool runs: removes old runs and what killed ones left in memory, asks git
/// whether files differ from the commit. Never ends by itself.
pub(super) async fn watch(cx: &Ctx, recorder: &Recorder) -> std::convert::Infallible {
    let root = recorder.began().await;
    recorder.tidy();
    PrivateDir::sweep();
    if verbs::find(&recorder.verb()).is_some_and(|verb| verb.effect == Effect::Writes) {
        tokio::time::sleep(OVER_SOON).await;
    }
    if repository::is_around(&root)
        && let Ok(done) = cx.runner.run(&git::status(&root, &[std::path::Path::new(".")]), &|_, _| ()).await
        && done.code == 0
    {
        recorder.dirty(!done.stdout.is_empty());
    }
    std::future::pending().await
}

/// Says where the whole output is, when a tool failed.
pub(super) fn with_history(failure: Failure, recorder: &Recorder) -> Failure {
    match recorder.number_with_log() {
        Some(number) if matches!(failure.kind, Kind::Failed | Kind::Tool) && !failure.silent => {
            failure.help(format!("see the whole output with `infractl history show {number} --log`"))
        }
        _ => failure,
    }
}

/// The last events: places in files that are wrong, and the end.
pub(super) fn end(ui: &Ui, recorder: &Recorder, failure: Option<&Failure>) {
    for problem in failure.iter().flat_map(|failure| &failure.problems) {
        let place = problem.place.as_ref();
        let line = place.map(|place| 1 + text::cut(&place.text, place.span.start).matches('\n').count());
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            summary: problem.message.clone(),
            detail: problem.help.join("\n"),
            file: place.map(|place| place.path.clone()),
            line: line.map(|line| line as u64),
        };
        ui.event(None, Event::Diagnostic { name: String::new(), diagnostic });
    }
    let code = failure.map_or(0, |failure| failure.kind.code());
    let error = failure.filter(|failure| !failure.silent).map(|failure| {
        let causes: Vec<String> = failure.error.chain().map(ToString::to_string).collect();
        causes.join(": ")
    });
    ui.event(None, Event::Ended { code, error });
    recorder.tidy();
}
