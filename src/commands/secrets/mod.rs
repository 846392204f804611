//! Files of secrets: one file per verb.

pub(crate) mod check;
pub(crate) mod decrypt;
pub(crate) mod edit;
pub(crate) mod exec;
pub(crate) mod guard;
pub(crate) mod leaked;
pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod git;
pub(crate) mod recipients;
pub(crate) mod keygen;
pub(crate) mod textconv;
pub(crate) mod unset;
pub(crate) mod set;
pub(crate) mod get;
pub(crate) mod rotate;
pub(crate) mod updatekeys;
pub(crate) mod encrypt;
pub(crate) mod said;
pub(crate) mod view;
pub(crate) mod place;

use super::Global;
use crate::context::Ctx;
use crate::failure::Failure;

/// Arguments of all verbs for files of secrets.
#[derive(Debug, clap::Args)]
pub struct SecretsArgs {
    /// Rules to use in the place of every .sops.yaml [default: $SOPS_CONFIG]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<std::path::PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: SecretsCommand,
}

/// Open, create, share and check files of secrets
///
/// SOPS files (dotenv, YAML, JSON, binary) for age keys are opened and written by infractl itself; sops reads and
/// writes the same files. A target is a file, `common` for the file that all environments share, or the name of an
/// environment.
#[derive(Debug, clap::Subcommand)]
pub enum SecretsCommand {
    /// Check that every file of secrets is encrypted, whole, and for the right people; needs no key
    Check(check::CheckArgs),
    /// Print or write a file in clear
    Decrypt(decrypt::DecryptArgs),
    /// Change a file in your editor
    Edit(edit::EditArgs),
    /// Encrypt a plain file for the recipients of .sops.yaml
    Encrypt(encrypt::EncryptArgs),
    /// Run a command with the secrets of a file or an environment as variables
    Exec(exec::ExecArgs),
    /// Print one value, as it is
    Get(get::GetArgs),
    /// Removes a folder when the process that made it dies
    #[command(hide = true)]
    Guard(guard::GuardArgs),
    /// Make an age key of your own and name it in .sops.yaml
    Keygen(keygen::KeygenArgs),
    /// List the names of secrets; needs no key
    List(list::ListArgs),
    /// Merge the versions of a file by key, not by line
    Merge(merge::MergeArgs),
    /// See and change who can open the files
    #[command(subcommand)]
    Recipients(recipients::RecipientsCommand),
    /// Encrypt files anew with a new data key, for the same recipients
    Rotate(rotate::RotateArgs),
    /// Change or add one value
    Set(set::SetArgs),
    /// Print a file of secrets for `git diff`: names, and a mark that changes when the value does
    #[command(hide = true)]
    Textconv(textconv::TextconvArgs),
    /// Remove one value
    Unset(unset::UnsetArgs),
    /// Let exactly the recipients of .sops.yaml open the files
    Updatekeys(updatekeys::UpdatekeysArgs),
    /// Print a file in clear, exactly as `sops decrypt` does
    View(view::ViewArgs),
}

impl SecretsCommand {
    /// True for verbs that write the file of `--output FILE`.
    pub fn writes_file(&self) -> bool {
        matches!(self, SecretsCommand::Encrypt(_) | SecretsCommand::Decrypt(_))
    }
}

/// Does what was typed.
pub(crate) async fn run(cx: &Ctx, global: &Global, command: &SecretsCommand) -> Result<(), Failure> {
    match command {
        SecretsCommand::Check(args) => check::run(cx, args).await,
        SecretsCommand::Decrypt(args) => decrypt::run(cx, global, args).await,
        SecretsCommand::Edit(args) => edit::run(cx, global, args).await,
        SecretsCommand::Encrypt(args) => encrypt::run(cx, global, args).await,
        SecretsCommand::Exec(args) => exec::run(cx, global, args).await,
        SecretsCommand::Get(args) => get::run(cx, args).await,
        SecretsCommand::Guard(args) => guard::run(cx, args),
        SecretsCommand::Keygen(args) => keygen::run(cx, global, args),
        SecretsCommand::List(args) => list::run(cx, args),
        SecretsCommand::Merge(args) => merge::run(cx, args).await,
        SecretsCommand::Recipients(command) => recipients::run(cx, global, command).await,
        SecretsCommand::Rotate(args) => rotate::run(cx, global, args).await,
        SecretsCommand::Set(args) => set::run(cx, global, args).await,
        SecretsCommand::Textconv(args) => textconv::run(cx, args).await,
        SecretsCommand::Unset(args) => unset::run(cx, global, args).await,
        SecretsCommand::Updatekeys(args) => updatekeys::run(cx, global, args).await,
        SecretsCommand::View(args) => view::run(cx, args).await,
    }
}
