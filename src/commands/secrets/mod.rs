//! Files of secrets: one file per verb.

mod decrypt;
mod encrypt;
mod get;
mod keygen;
mod list;
mod place;
mod set;
mod unset;
mod view;

use super::Global;
use crate::context::Ctx;
use crate::failure::Failure;

/// Open, create, share and check files of secrets
///
/// SOPS files (dotenv, YAML, JSON, binary) for age keys are opened and written by infractl itself; sops reads and
/// writes the same files. A target is a file, `common` for the file that all environments share, or the name of an
/// environment.
#[derive(Debug, clap::Subcommand)]
pub enum SecretsCommand {
    /// Print or write a file in clear
    Decrypt(decrypt::DecryptArgs),
    /// Encrypt a plain file for the recipients of .sops.yaml
    Encrypt(encrypt::EncryptArgs),
    /// Print one value, as it is
    Get(get::GetArgs),
    /// Make an age key of your own and name it in .sops.yaml
    Keygen(keygen::KeygenArgs),
    /// List the names of secrets; needs no key
    List(list::ListArgs),
    /// Change or add one value
    Set(set::SetArgs),
    /// Remove one value
    Unset(unset::UnsetArgs),
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
pub async fn run(cx: &Ctx, global: &Global, command: &SecretsCommand) -> Result<(), Failure> {
    match command {
        SecretsCommand::Decrypt(args) => decrypt::run(cx, global, args).await,
        SecretsCommand::Encrypt(args) => encrypt::run(cx, global, args).await,
        SecretsCommand::Get(args) => get::run(cx, args).await,
        SecretsCommand::Keygen(args) => keygen::run(cx, global, args),
        SecretsCommand::List(args) => list::run(cx, args),
        SecretsCommand::Set(args) => set::run(cx, global, args).await,
        SecretsCommand::Unset(args) => unset::run(cx, global, args).await,
        SecretsCommand::View(args) => view::run(cx, args).await,
    }
}
