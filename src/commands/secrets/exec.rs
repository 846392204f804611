//! Run a command with the secrets of a target.

use super::place::On;
use crate::commands::Global;
use crate::context::Ctx;
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::secrets;
use crate::toolbox;

/// Run a command with the secrets of a file or an environment as variables
///
/// The command is started without a shell and owns the terminal; its exit code is passed on. `infractl exec ENV`
/// also gives it the variables of terraform.
#[derive(Debug, clap::Args)]
pub struct ExecArgs {
    #[command(flatten)]
    on: On,
    /// The command, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &ExecArgs) -> Result<(), Failure> {
    let place = args.on.place(cx)?;
    let Some((program, rest)) = args.command.split_first() else {
        return Err(Failure::new(Kind::Usage, "no command was given"));
    };
    let mut cmd = Cmd::new(program).args(rest.iter().cloned()).io(Io::Attach).unset("INFRACTL_AGE_KEY");
    if global.dry_run {
        for file in &place.files {
            for name in secrets::names(file)? {
                cmd = cmd.secret(name, String::new().into());
            }
        }
        return cx.ui.data(format!("{cmd}\n").as_bytes());
    }
    let environment = place.environment.as_deref();
    if let Some(path) = environment.and_then(|env| toolbox::path::with_tools(env, &cx.vars)) {
        cmd = cmd.env("PATH", path);
    }
    let mut store = place.store(cx);
    let found = secrets::open_files(&mut store, &place.files, &[], &[]).await?;
    for remark in found.remarks() {
        cx.ui.warn(remark);
    }
    for (name, value) in found.child_variables() {
        cmd = cmd.secret(name, value.clone());
    }
    let done = cx.runner.run(&cmd, &|_, _| {}).await?;
    match u8::try_from(done.code) {
        Ok(0) => Ok(()),
        Ok(code) => Err(Failure::silent(Kind::Child(code))),
        Err(_) => Err(Failure::silent(Kind::Failed)),
    }
}
