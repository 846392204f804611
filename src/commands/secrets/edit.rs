//! Change a file in an editor.

use std::path::{Path, PathBuf};
use std::time::Instant;

use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::place::On;
use super::said::{self, Before};
use crate::commands::Global;
use crate::context::Ctx;
use crate::disk;
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::secrets::create;
use crate::secrets::names::Values;
use crate::secrets::{self, Mac, Opened, SecretsError, Store, edit};
use crate::sops::{Format, KeyGroups, Plain};
use crate::ui::prompt;

/// Change a file in your editor
///
/// $SOPS_EDITOR, $EDITOR or $VISUAL, else vim, nano or vi. The plain text is in a folder that only you can enter, in
/// memory where there is such a place, and goes in every case. Values that you do not change keep their ciphertext.
/// A file that is not there yet starts with its `.example` template.
#[derive(Debug, clap::Args)]
pub struct EditArgs {
    #[command(flatten)]
    on: On,
    /// Open it although its seal (MAC) differs, and seal it again: look at every value
    #[arg(long)]
    ignore_mac: bool,
}

/// The file that is edited.
struct Editing {
    /// As it is on disk; none when it is new.
    opened: Option<Opened>,
    /// The text of the file on disk, to see whether somebody else changed it meanwhile.
    bytes: Option<Vec<u8>>,
    path: PathBuf,
    format: Format,
    /// What the editor starts with.
    text: Zeroizing<Vec<u8>>,
    /// How a new file is encrypted.
    new: Option<crate::sops::NewFile>,
    /// Sealed again even when nothing changed.
    reseal: bool,
}

/// Edits it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &EditArgs) -> Result<(), Failure> {
    let place = args.on.place(cx)?;
    let mut store = place.store(cx);
    let editor = edit::editor(&cx.vars.0)?;
    let editing = begin(&mut store, place.own()?, args).await?;
    let shown = store.shown(&editing.path);
    if let Some(new) = &editing.new {
        said::shut_out(cx, &mut store, &shown, &new.recipients).await;
    }
    if global.dry_run {
        cx.ui.note(format!("would edit {shown} with `{}`", shell_words::join(&editor)));
        return Ok(());
    }
    let folder = edit::private_folder(&cx.vars.0)?;
    let file = folder.path().join(editing.path.file_name().unwrap_or_default());
    let guard = guard(folder.path())?;
    let ready = Notify::new();
    let tell = |_, line: &str| {
        if line == READY {
            ready.notify_one();
        }
    };
    let mut guarding = std::pin::pin!(cx.runner.run(&guard, &tell));
    // Nothing is written in clear before somebody watches over it.
    tokio::select! {
        () = ready.notified() => {}
        ended = &mut guarding => {
            let code = ended?.code;
            return Err(Failure::new(Kind::Bug, format!("the guard of the plain text ended with exit code {code}")));
        }
    }
    let result = tokio::select! {
        biased;
        result = rounds(cx, &store, &editing, &editor, &file) => result,
        _ = &mut guarding => Err(Failure::new(Kind::Failed, "the guard of the plain text was ended; nothing was saved")),
    };
    drop(folder);
    result
}

/// What the guard prints when it watches.
const READY: &str = "ready";

fn guard(folder: &Path) -> Result<Cmd, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(Kind::Bug, format!("infractl does not find itself: {error}")))?;
    Ok(Cmd::new(program.to_string_lossy())
        .args(["--quiet", "secrets", "guard"])
        .arg(folder.to_string_lossy())
        .arg(std::process::id().to_string())
        .io(Io::Stream))
}

async fn begin(store: &mut Store<'_>, path: &Path, args: &EditArgs) -> Result<Editing, Failure> {
    let mac = Mac::ignored_if(args.ignore_mac);
    match store.open_with(path, args.on.format(), mac).await {
        Ok(opened) => {
            let text = opened.plain.to_editor().map_err(|source| store.refused(path, source))?;
            Ok(Editing {
                bytes: opened.before.clone(),
                path: opened.path.clone(),
                format: opened.plain.format(),
                text,
                opened: Some(opened),
                new: None,
                reseal: args.ignore_mac,
            })
        }
        Err(SecretsError::NoSuchFile { .. }) => {
            let plan = create::plan_by_rules(store, path)?;
            let format = args.on.format().unwrap_or_else(|| Format::from_path(&path.to_string_lossy()));
            Ok(Editing {
                bytes: None,
                path: path.to_owned(),
                format,
                text: edit::template(path, format),
                opened: None,
                new: Some(plan.new),
                reseal: false,
            })
        }
        Err(error) => Err(error.into()),
    }
}

impl Editing {
    fn recipients(&self) -> KeyGroups {
        match (&self.opened, &self.new) {
            (Some(opened), _) => {
                let metadata = opened.plain.metadata();
                let groups = metadata.age_groups();
                let threshold = (groups.len() > 1).then(|| metadata.threshold());
                KeyGroups { groups, threshold }
            }
            (None, Some(new)) => new.recipients.clone(),
            (None, None) => KeyGroups { groups: Vec::new(), threshold: None },
        }
    }

    /// The document with the edited text.
    fn apply(&self, store: &Store<'_>, text: &[u8]) -> Result<Plain, SecretsError> {
        match (&self.opened, &self.new) {
            (Some(opened), _) => {
                let mut plain = opened.plain.clone();
                plain.replace(text).map_err(|source| store.refused(&self.path, source))?;
                Ok(plain)
            }
            (None, Some(new)) => create::create(&store.shown(&self.path), text, self.format, new),
            (None, None) => Err(SecretsError::NoSuchFile { file: store.shown(&self.path) }),
        }
    }

    /// Saves the edited text, unless somebody else changed the file meanwhile.
    fn save(&self, cx: &Ctx, store: &Store<'_>, text: &[u8]) -> Result<(), Failure> {
        let plain = self.apply(store, text)?;
        let before = self
            .opened
            .as_ref()
            .map_or_else(Before::default, |opened| Before::of(&opened.plain, Values::Lines));
        said::content(cx, &store.shown(&self.path), &plain, &before)?;
        if let Some(opened) = &self.opened {
            said::differences(cx, store, &self.path, &opened.encrypted);
        }
        let sealed =
            plain.seal((cx.now)(), &mut secrets::fill).map_err(|source| store.refused(&self.path, source))?;
        Ok(store.save_over(&self.path, self.bytes.as_deref(), &plain, &sealed)?)
    }
}

/// Edits until the text can be saved, nothing changed, or it is given up.
async fn rounds(
    cx: &Ctx,
    store: &Store<'_>,
    editing: &Editing,
    editor: &[String],
    file: &Path,
) -> Result<(), Failure> {
    let shown = store.shown(&editing.path);
    disk::write(file, &editing.text, disk::PRIVATE)?;
    loop {
        let started = Instant::now();
        let cmd = Cmd::new(&editor[0])
            .args(&editor[1..])
            .args(edit::discreet(&editor[0]).iter().copied())
            .arg(file.to_string_lossy())
            .io(Io::Attach)
            .unset("INFRACTL_AGE_KEY");
        let ended = cx.runner.run(&cmd, &|_, _| {}).await;
        // Editors that write a new file and rename it: read by the name.
        let text = disk::read(file).map(Zeroizing::new);
        let failure = match (ended, text) {
            (Err(error), _) => Failure::from(error).help("set EDITOR to an editor that is installed"),
            (Ok(done), _) if done.code != 0 => {
                let signal = cx.interrupts.seen().kind().filter(|_| done.code > 128);
                let what =
                    format!("the editor ended with exit code {}: `{shown}` was not changed", done.code);
                Failure::new(signal.unwrap_or(Kind::Failed), what)
            }
            (Ok(_), Err(_)) => {
                Failure::new(Kind::Failed, format!("the editor removed its file: `{shown}` was not changed"))
            }
            (Ok(_), Ok(text)) => {
                let is_same = *text == *editing.text;
                if is_same && !editing.reseal {
                    cx.ui.note(format!("nothing changed in {shown}"));
                    if started.elapsed().as_millis() < 300 {
                        cx.ui.note(
                            "if the editor is still open: it has to wait, as with `EDITOR='code --wait'`",
                        );
                    }
                    return Ok(());
                }
                if text.trim_ascii().is_empty() && !editing.text.trim_ascii().is_empty() {
                    return Err(Failure::new(
                        Kind::Declined,
                        format!("the editor left nothing: `{shown}` was not changed"),
                    )
                    .help("remove values with `infractl secrets unset`, or the file with `git rm`"));
                }
                match editing.save(cx, store, &text) {
                    Ok(()) => {
                        cx.ui.note(format!("saved {shown}"));
                        return Ok(());
                    }
                    Err(failure) if cx.ui.mode.can_ask => {
                        cx.ui.failure(&failure);
                        if prompt::yes(&cx.ui, "Edit again?").unwrap_or(false) {
                            continue;
                        }
                        failure
                    }
                    Err(failure) => failure,
                }
            }
        };
        return Err(keep(cx, store, editing, file, failure));
    }
}

/// Keeps what was typed as an encrypted draft and says where.
fn keep(cx: &Ctx, store: &Store<'_>, editing: &Editing, file: &Path, failure: Failure) -> Failure {
    let Ok(text) = disk::read(file).map(Zeroizing::new) else { return failure };
    if *text == *editing.text {
        return failure;
    }
    match edit::draft(store, &editing.path, &text, &editing.recipients(), (cx.now)()) {
        Ok(draft) => failure.help(format!(
            "what you typed is kept encrypted: see it with `infractl secrets view {}`",
            store.shown(&draft)
        )),
        Err(error) => {
            cx.ui.failure(&error.into());
            failure.help("what you typed could not be kept")
        }
    }
}
