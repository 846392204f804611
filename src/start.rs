//! The way from the command line to an exit code.

mod deaf;
mod recording;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap_complete::env::CompleteEnv;

use crate::commands::{self, Color, Global, OutputMode, help};
use crate::config::variables;
use crate::context::{Ctx, Vars};
use crate::exec::{self, Interrupts, OsRunner};
use crate::failure::{Failure, Kind};
use crate::history::Recorder;
use crate::redact::Masks;
use crate::secrets;
use crate::ui::ci::Ci;
use crate::ui::{self, Mode, SavedTerminal, Ui, Verbosity};

/// Runs infractl with the arguments of the process. A bug that panics ends with the code for bugs, after guards
/// have cleaned up; its message may hold anything, so only its place is said.
pub fn start() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        ui::say(&format!(
            "error: infractl has a bug{place}\n  help: report this line with the command and `infractl --version`"
        ));
    }));
    std::panic::catch_unwind(run).unwrap_or_else(|_| ExitCode::from(Kind::Bug.code()))
}

fn run() -> ExitCode {
    CompleteEnv::with_factory(|| commands::own_verbs::command(&completed())).complete();
    let cli = match commands::parse(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => return usage(error, &words()),
    };
    let mut vars = crate::lock::mark(Vars(vars()));
    if let commands::Command::Secrets(args) = &cli.command
        && let Some(config) = &args.config
    {
        // git and sops that we start are to see the same rules.
        vars.0.insert(secrets::RULES_VARIABLE.into(), config.clone().into());
    }
    let mode = mode(&cli.global, &vars);
    trace(cli.global.verbose, mode.color);
    let masks = Masks::default();
    // Before the CI system is told of secrets: it gave us these.
    for name in variables::KEYS {
        let lines = vars.get(name).into_iter().flat_map(str::lines).filter(|line| !line.starts_with('#'));
        for line in lines {
            let _ = masks.add(name, line);
        }
    }
    let run = Arc::default();
    let (mut ui, recorder) = recording::prepare(&cli, mode, &vars, &masks, &run);
    if let Err(failure) = recording::log_file(&mut ui, &cli.global) {
        ui.failure(&failure);
        return ExitCode::from(failure.kind.code());
    }
    let ui = Arc::new(ui);
    if let Err(error) = exec::forbid_core_dumps() {
        tracing::debug!(%error, "core dumps could not be forbidden");
    }
    // Before anything half works: without a descriptor a file that is there cannot be told from one that is not.
    // Pipes, for a root may have no `/dev`.
    let held: std::io::Result<Vec<_>> = (0..NEEDED / 2).map(|_| std::io::pipe()).collect();
    if let Err(error) = held.map(drop) {
        ui.failure(&no_means(format!("too few files can be open at once: {error}")));
        return ExitCode::from(Kind::Failed.code());
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.failure(&no_means(format!("no runtime could be started: {error}")));
            return ExitCode::from(Kind::Failed.code());
        }
    };
    let result = runtime.block_on(async {
        let interrupts = interrupts(&ui, &recorder)?;
        let cx = context(&cli.global, vars, Arc::clone(&ui), masks, (interrupts, run))?;
        let result = tokio::select! {
            biased;
            result = commands::run(&cx, &cli) => result,
            never = recording::watch(&cx, &recorder) => match never {},
        };
        by_signal(result, &cx.interrupts)
    });
    runtime.shutdown_background();
    let result = result.and_then(|()| ui.all_told());
    let mut failure = result.err().map(|failure| recording::with_history(failure, &recorder));
    if failure.as_ref().is_some_and(|failure| failure.kind == Kind::Usage)
        && let Some(line) = help::instead(&words())
    {
        failure = failure.map(|failure| failure.help(line));
    }
    if let Some(failure) = &failure {
        ui.failure(failure);
    }
    recording::end(&ui, &recorder, failure.as_ref());
    if failure.is_none() {
        // The reports are written last.
        failure = ui.all_told().inspect_err(|failure| ui.failure(failure)).err();
    }
    failure.map_or(ExitCode::SUCCESS, |failure| ExitCode::from(failure.kind.code()))
}

/// So many files can be open at once at least: those of the runtime, of signals, and of a program with its pipes.
const NEEDED: usize = 24;

/// Help, or an error of the command line; its exit code is ours for usage.
fn usage(error: clap::Error, words: &[String]) -> ExitCode {
    let is_help = !error.use_stderr();
    let text = help::told(error, words);
    if !is_help {
        let _ = anstream::stderr().write_all(text.as_bytes());
        return ExitCode::from(Kind::Usage.code());
    }
    match anstream::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush()) {
        // A closed pipe ends quietly.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            ui::say(&format!("error: standard output could not be written: {error}"));
            ExitCode::from(Kind::Failed.code())
        }
        _ => ExitCode::SUCCESS,
    }
}

/// The command line, as people read it.
fn words() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The line that a shell asks about: what is behind `--`.
fn completed() -> Vec<String> {
    words().into_iter().skip_while(|word| word != "--").skip(1).collect()
}

/// How the run ends when signals came.
fn by_signal(result: Result<(), Failure>, interrupts: &Interrupts) -> Result<(), Failure> {
    match result {
        // It may have come while the last thing was done.
        Ok(()) => interrupts
            .ours()
            .map_or(Ok(()), |kind| Err(Failure::new(kind, "interrupted; what was begun is done"))),
        // Whoever fails after one was stopped, and need not know by which; the exit code of a program is passed on.
        Err(failure) if !failure.silent => {
            let kind = interrupts.ours().unwrap_or(failure.kind);
            Err(Failure { kind, ..failure })
        }
        Err(failure) => Err(failure),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn vars() -> std::collections::BTreeMap<std::ffi::OsString, std::ffi::OsString> {
    std::env::vars_os().collect()
}

fn mode(global: &Global, vars: &Vars) -> Mode {
    let (stderr, stdin, stdout) = ui::terminals();
    let no_color = vars.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = vars.get("TERM") == Some("dumb");
    let forced = vars.get("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
    let no_input = global.no_input
        || vars.get("INFRACTL_NO_INPUT").is_some_and(|value| !value.is_empty())
        || Ci::nobody_is_there(|name| vars.get(name));
    let ci = Ci::of(|name| vars.get(name));
    Mode {
        verbosity: match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        },
        color: match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !no_color && (forced || (stderr && !is_dumb)),
        },
        live: stderr && !is_dumb && ci.is_none(),
        can_ask: stderr && stdin && !no_input,
        yes: global.yes,
        no_input,
        json: global.output == OutputMode::Json,
        reports: !stdout && global.output != OutputMode::Json,
        width: ui::width(),
        ci,
    }
}

fn interrupts(ui: &Arc<Ui>, recorder: &Arc<Recorder>) -> Result<Interrupts, Failure> {
    let (ui, recorder, terminal) = (Arc::clone(ui), Arc::clone(recorder), SavedTerminal::now());
    Interrupts::listen(move |kind| deaf::end(&ui, &recorder, terminal.as_ref(), kind))
        .map_err(|error| no_means(format!("signals could not be listened to: {error}")))
}

/// The system has not given what each run needs.
fn no_means(text: String) -> Failure {
    Failure::new(Kind::Failed, text)
        .help("raise the limits of open files and processes: `ulimit -n 1024`, `ulimit -u`")
}

fn context(
    global: &Global,
    vars: Vars,
    ui: Arc<Ui>,
    masks: Masks,
    (interrupts, run): (Interrupts, Arc<OnceLock<u64>>),
) -> Result<Ctx, Failure> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::new(Kind::Usage, format!("the current folder is gone or unreadable: {error}"))
    })?;
    let dir: PathBuf = global.dir.as_ref().map_or_else(|| here.clone(), |dir| here.join(dir));
    let notices = Arc::clone(&ui);
    let notice = move |text: &str| notices.warn(text);
    let runner = OsRunner::new(vars.for_children(), masks.clone(), interrupts.clone(), notice);
    Ok(Ctx {
        runner: Box::new(runner),
        ui,
        vars,
        now: jiff::Timestamp::now,
        interrupts,
        masks,
        dir,
        dir_is_project: global.dir.is_some(),
        scenarios: global.scenario.clone(),
        project: OnceLock::new(),
        states: OnceLock::new(),
        run,
    })
}

/// `-vv`: what developers want to know, on standard error.
fn trace(verbose: u8, color: bool) {
    if verbose < 2 {
        return;
    }
    let level = if verbose == 2 { tracing::Level::DEBUG } else { tracing::Level::TRACE };
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(color)
        .with_max_level(level)
        .without_time()
        .try_init();
}
