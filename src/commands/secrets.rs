//! stub
use super::Global; use crate::context::Ctx; use crate::failure::Failure;
/// stub
#[derive(Debug, clap::Subcommand)]
pub enum SecretsCommand {
    /// stub
    Keygen,
}
/// stub
pub async fn run(_: &Ctx, _: &Global, _: &SecretsCommand) -> Result<(), Failure> { Ok(()) }
