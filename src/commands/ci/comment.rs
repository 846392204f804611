//! Say something on what is proposed, in one comment.

use std::path::PathBuf;

use super::talk::{self, Stop, ask, find, tried};
use crate::ci::comment::{body, mark};
use crate::ci::forge::{self, Place};
use crate::commands::Global;
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::text::plain;

/// Say something on the pull request or merge request of this job, in one comment
///
/// The comment of an earlier job is changed in place. Secrets of the project's environments, as far as they can be opened
/// here, are masked; what is longer than the forge takes is cut between two lines. The token is that of GITHUB_TOKEN or
/// GITLAB_TOKEN.
#[derive(Debug, clap::Args)]
pub(super) struct CommentArgs {
    /// The text as Markdown; `-` is standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Which comment, when there are several
    #[arg(long, value_name = "NAME", default_value = "plan", value_parser = talk::name)]
    name: String,
}

/// Writes it.
pub(super) async fn run(cx: &Ctx, global: &Global, args: &CommentArgs) -> Result<(), Failure> {
    let event = cx.vars.get("GITHUB_EVENT_PATH").and_then(|file| disk::read_text(file.as_ref()).ok());
    let change = forge::change(&|name| cx.vars.get(name), event.as_deref()).map_err(talk::nowhere)?;
    let text = talk::read(cx, &args.file)?;
    talk::mask_all(cx, &change).await?;
    let mark = mark(&args.name);
    let text = cx.masks.mask(&plain(&text)).into_owned();
    if text.trim().is_empty() {
        return Err(Failure::new(Kind::Usage, "there is nothing to say: the text is empty"));
    }
    let text = body(&mark, &text, change.room, change.log.as_deref());
    if global.dry_run {
        cx.ui.note(format!("would say this on {} of {}", change.what, change.forge));
        return cx.ui.page(&text);
    }
    tried(cx, &change, async || say(cx, &change, &mark, &text).await).await
}

/// Finds the comment and writes it.
async fn say(cx: &Ctx, change: &Place, mark: &str, text: &str) -> Result<&'static str, Stop> {
    let content = || Some(change.content(None, text));
    match find(cx, change, mark).await? {
        Some((_, old)) if old.trim_end() == text.trim_end() => Ok("said already"),
        Some((id, _)) => {
            ask(cx, change, change.changes, &change.old_one(id), content()).await?;
            Ok("the comment was changed")
        }
        None => {
            ask(cx, change, "POST", change.new_one(), content()).await?;
            Ok("commented")
        }
    }
}
