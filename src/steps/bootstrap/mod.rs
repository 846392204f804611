//! The bucket of a state: made, tried out, and the backend that fits it.

mod tried;
mod made;
mod found;
mod script;

use std::path::PathBuf;

use crate::config::Environment;
use crate::config::verbs::Effect;
use crate::disk;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::net::bucket::Bucket;
use crate::steps::opened;
use crate::steps::terraform::seen::Seen;
use crate::steps::terraform::{bucket as place, state_place};
use crate::tools::terraform::backend::Backend;
use crate::ui::event::Level;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;
use crate::work::{StepCx, relative};
use found::Found;

/// The file that the backend is written to.
const FILE: &str = "backend.tf";

/// Makes the bucket and tries it out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bootstrap {
    /// The bucket, where no backend names one.
    pub bucket: Option<String>,
    /// The store, if it is not Amazon's.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Write the backend, if none is declared.
    pub write: bool,
}

impl StepKind for Bootstrap {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        see(Mention::SecretFiles);
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Changes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        let backend = self.wanted(step, state_place::backend(step)?)?;
        let name = backend.get("bucket").unwrap_or_default();
        let at = backend.get("endpoints.s3").unwrap_or("Amazon S3");
        let mut lines = vec![
            format!(
                "# make the bucket {name} at {at}, if it is not there: versions, encryption, no public access"
            ),
            format!("# write, read and remove objects beside {}", backend.get("key").unwrap_or_default()),
        ];
        if self.write {
            lines.push(format!("# write {}, if no backend is declared", relative(step, &file(step))));
        }
        Ok(lines)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        let backend = self.wanted(step, state_place::backend(step)?)?;
        Ok(script::lines(step, &backend, script))
    }
}

async fn run(step: &mut StepCx<'_>, wish: &Bootstrap) -> Result<String, Failure> {
    opened::secrets(step).await?;
    let declared = state_place::backend(step)?;
    let backend = wish.wanted(step, declared.clone())?;
    let seen = Seen::of(step)?;
    let key = backend.get("key").unwrap_or_default().to_owned();
    let keys = place::credentials(step, &backend, &seen).await?;
    let bucket = Bucket::of(place::object(step, &backend, &seen, "", keys)?, &key);
    let mut found = Found::default();
    step.progress(format!("making {}", bucket.shown()));
    made::make(&bucket, &mut found).await?;
    step.progress("trying it out");
    step.go_on().await?;
    tried::attempt(&bucket, &key, &mut found).await?;
    for warning in found.warnings() {
        step.cx.ui.warn(warning);
    }
    tell(step, wish, &declared, &backend, &found)?;
    Ok(format!("{}: {}", bucket.shown(), found.summary()))
}

/// Writes the backend, or prints it; where one is declared, says what of it does not fit.
fn tell(
    step: &StepCx<'_>,
    wish: &Bootstrap,
    declared: &Backend,
    backend: &Backend,
    found: &Found,
) -> Result<(), Failure> {
    let note = |text: String| step.line(Level::Normal, text);
    let settings = found.settings(backend);
    // Settings alone stand in `[terraform.backend]`; the block that takes them is missing.
    let has_settings = declared.get("bucket").is_some();
    if declared.kind == "s3" {
        for line in found.differences(backend) {
            note(format!("the backend of `{}`: {line}", step.env.name));
        }
    }
    let block = if has_settings {
        "terraform {\n  backend \"s3\" {}\n}\n".to_owned()
    } else {
        found::block(&settings)
    };
    if !wish.write {
        return step.cx.ui.data(found::block(&settings).as_bytes());
    }
    if declared.kind == "s3" {
        note("the root module declares its backend already: nothing was written".to_owned());
        return Ok(());
    }
    let path = file(step);
    if path.exists() {
        return Err(Failure::new(
            Kind::Config,
            format!("`{}` is there already, and declares no backend", relative(step, &path)),
        )
        .help("put the block into it that `infractl bootstrap` prints without `--write`"));
    }
    let text = format!(
        "# Where the state of {} is: made and tried out by `infractl bootstrap`.\n{block}",
        step.env.name
    );
    disk::write(&path, text.as_bytes(), 0o644)?;
    note(format!("wrote {}", relative(step, &path)));
    if has_settings {
        for line in found.differences(&Backend { kind: "s3".to_owned(), ..declared.clone() }) {
            note(format!("`[terraform.backend]`: {line}"));
        }
    }
    let name = &step.env.name;
    note(format!(
        "next: infractl init {name}, or infractl init {name} -- -migrate-state -force-copy to take a state along that is on this machine"
    ));
    Ok(())
}

fn file(step: &StepCx<'_>) -> PathBuf {
    step.env.terraform.as_ref().map_or_else(PathBuf::new, |terraform| terraform.dir.join(FILE))
}

impl Bootstrap {
    /// The backend with what was asked for; an error when that is something else than the project says.
    fn wanted(&self, step: &StepCx<'_>, mut backend: Backend) -> Result<Backend, Failure> {
        let name = &step.env.name;
        let kind = backend.kind.clone();
        if kind != "s3" && kind != "local" {
            return Err(Failure::new(
                Kind::Config,
                format!("the backend of `{name}` is `{kind}`, and only the bucket of `s3` can be made"),
            )
            .help(format!("make the place of a `{kind}` state with the tools of its provider")));
        }
        for (setting, given, flag) in [
            ("bucket", &self.bucket, "--bucket"),
            ("region", &self.region, "--region"),
            ("endpoints.s3", &self.endpoint, "--endpoint"),
        ] {
            let Some(given) = given else { continue };
            match backend.get(setting) {
                Some(known) if known != given => {
                    return Err(Failure::new(
                        Kind::Usage,
                        format!("`{flag} {given}` is not what the backend of `{name}` says: `{known}`"),
                    )
                    .help(format!(
                        "leave `{flag}` out, or change `{setting}` where the backend is declared"
                    )));
                }
                _ => drop(backend.settings.insert(setting.to_owned(), given.clone())),
            }
        }
        let Some(bucket) = backend.get("bucket") else {
            return Err(Failure::new(Kind::Usage, format!("which bucket? `{name}` keeps its state in a file, and names none"))
                .help(format!("name it: `infractl bootstrap {name} --bucket NAME`, and `--endpoint https://…` if it is not at Amazon")));
        };
        check(bucket)?;
        if backend.get("key").is_none() {
            backend.settings.insert("key".to_owned(), format!("{name}/terraform.tfstate"));
        }
        let seen = Seen::of(step)?;
        if let Some(region) = place::region(&backend, &seen) {
            backend.settings.insert("region".to_owned(), region);
        }
        if let Some(endpoint) = place::endpoint(&backend, &seen) {
            backend.settings.insert("endpoints.s3".to_owned(), endpoint);
        }
        backend.settings.entry("region".to_owned()).or_insert_with(|| "us-east-1".to_owned());
        if backend.get("endpoints.s3").is_some() && kind == "local" {
            backend.settings.insert("use_path_style".to_owned(), "true".to_owned());
        }
        "s3".clone_into(&mut backend.kind);
        Ok(backend)
    }
}

/// An error unless every store takes this name.
fn check(name: &str) -> Result<(), Failure> {
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_good = (3..=63).contains(&name.len())
        && name.starts_with(ends)
        && name.ends_with(ends)
        && name.chars().all(|c| ends(c) || matches!(c, '-' | '.'))
        && !name.contains("..");
    if is_good {
        return Ok(());
    }
    Err(Failure::new(Kind::Usage, format!("`{}` cannot be the name of a bucket", name.escape_debug()))
        .help("use 3 to 63 small letters, digits, `-` and `.`, and a letter or digit first and last"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_store_takes_are_refused() {
        for good in ["abc", "shop-dev-tfstate", "a.b.c", &"a".repeat(63)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["ab", "Shop", "-a-", "a_b", "a..b", "a b", "ü-ü", &"a".repeat(64), ""] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
