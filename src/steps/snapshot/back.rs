//! A database of PostgreSQL is restored to be used.

use super::entry::Entry;
use super::postgres::{self, ALWAYS, Server, like};
use crate::failure::{Failure, Kind};
use crate::snapshots::{Manifest, name};
use crate::tools::postgres as tool;
use crate::work::StepCx;

/// Restores a copy: into a new database, or in the place of the one that is there.
pub(super) async fn restore(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
    in_place: bool,
    has_owners: bool,
) -> Result<String, Failure> {
    let server = Server::own(step, entry)?;
    let database = server.database().to_owned();
    let like = like(manifest)?;
    if like.name != database {
        let message = format!(
            "`{}` is a snapshot of the database `{}`, and `url` names `{database}`",
            manifest.name, like.name
        );
        return Err(
            Failure::new(Kind::Usage, message).help("name a snapshot of that database, or change `url`")
        );
    }
    let always = server.to(ALWAYS);
    let there = format!("select count(*) from pg_database where datname = {}", tool::text(&database));
    let is_there = always.ask(step, &[there]).await? == "1";
    let end = name::unique((step.cx.now)());
    let named =
        |word: &str| format!("{}_{word}_{end}", crate::text::cut(&database, 63 - 2 - word.len() - end.len()));
    let (new, before) = (named("restored"), named("before"));
    let safety = match in_place && is_there {
        true => Some(Box::pin(postgres::create(step, entry)).await?.name),
        false => None,
    };
    always.ask(step, &[tool::create(&new, like)]).await?;
    if let Err(failure) = Box::pin(server.to(&new).fill(step, entry, manifest, has_owners)).await {
        let dropped = always.take_back(step, &tool::drop(&new)).await;
        let failure = failure.context(format!("`{}` was not restored", manifest.name));
        let failure = if is_there {
            failure.help(format!("`{database}` is as it was: nothing was changed in it"))
        } else {
            failure
        };
        return Err(match dropped {
            Ok(_) => failure,
            Err(_) => failure.help(format!("remove what is left: `drop database {new}`")),
        });
    }
    if !in_place {
        step.cx.ui.note(format!(
            "`{new}` has what `{}` held at {}; `{database}` is as it was",
            manifest.name, manifest.created
        ));
        step.cx.ui.note(format!("switch: let the applications use `{new}`, or put it in the place of `{database}` with `infractl snapshot restore {} {} --in-place`", step.env.name, entry.name));
        return Ok(format!("{} is in the new database {new}", manifest.name));
    }
    let owner = Some(like.owner.as_str()).filter(|_| has_owners);
    Box::pin(put_in_place(step, &always, (&database, is_there), &new, &before, owner)).await?;
    if let Some(safety) = safety {
        step.cx
            .ui
            .note(format!("what was there before is the database `{before}`, and the snapshot `{safety}`"));
    }
    Ok(format!("{} is in the place of {database}", manifest.name))
}

/// The new database gets the name of the old one, which stays under another.
async fn put_in_place(
    step: &mut StepCx<'_>,
    always: &Server,
    (database, is_there): (&str, bool),
    new: &str,
    before: &str,
    owner: Option<&str>,
) -> Result<(), Failure> {
    if !is_there {
        let rename =
            format!("alter database {} rename to {}", tool::identifier(new), tool::identifier(database));
        return always.ask(step, &[rename]).await.map(drop);
    }
    let swapped = match always.ask(step, &tool::close(database)).await {
        Ok(_) => always.take_back(step, &tool::swap(database, new, before, owner)).await,
        Err(failure) => Err(failure),
    };
    let Err(failure) = swapped else { return Ok(()) };
    let opened = always.take_back(step, &tool::open(database)).await;
    let failure = failure
        .context(format!("`{database}` was not replaced"))
        .help(format!("what was restored is whole, in the database `{new}`"));
    Err(match opened {
        Ok(_) => {
            failure.help(format!("`{database}` is as it was, with its name: who was connected was sent away"))
        }
        Err(_) => failure.help(format!(
            "let the applications in again: `alter database {database} with allow_connections true`"
        )),
    })
}
