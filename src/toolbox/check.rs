//! Before a run: are the programs that it starts those that the project asks for?

use crate::config::Environment;
use crate::config::model::ToolTable;
use crate::context::Ctx;
use crate::failure::{Failure, Kind, Problem};
use crate::toolbox::lock_file::LockFile;
use crate::toolbox::look::{Found, Looker};
use crate::toolbox::pin::{Pin, Platform};

/// An error if a program is none of those versions that the project asks for. `starts` are programs and lines of shell.
pub(crate) async fn check(cx: &Ctx, env: &Environment, starts: &[String]) -> Result<(), Failure> {
    if env.tools.is_empty() {
        return Ok(());
    }
    let asked: Vec<(&String, &ToolTable, &str)> = env
        .tools
        .iter()
        .filter_map(|(name, table)| {
            Some((name, table, starts.iter().find_map(|start| started(start, name))?))
        })
        .collect();
    if asked.is_empty() {
        return Ok(());
    }
    let lock = LockFile::read(&env.root)?;
    let looker = Looker::new(cx, env);
    let looks = asked.iter().map(|(_, _, program)| looker.find(program));
    let found = futures_util::future::join_all(looks).await;
    looker.done();
    let problems: Vec<Problem> = asked
        .iter()
        .zip(found)
        .filter_map(|((name, table, _), found)| {
            let message = wrong(name, table, found.as_ref())?;
            Some(env.document.problem_at(&["tools", name], message, help(name, table, &lock)))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::problems(Kind::Tool, problems)) }
}

/// The word by which a program or a line of shell starts a tool.
pub(crate) fn started<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut words = text.split(|c: char| c.is_whitespace() || ";|&()\"'`$<>{}".contains(c));
    words.find(|word| word.rsplit('/').next() == Some(name))
}

/// What is wrong with what was found; none if it will do.
pub(crate) fn wrong(name: &str, table: &ToolTable, found: Option<&Found>) -> Option<String> {
    let wanted = &table.version.0;
    match found {
        None => Some(format!("`{name}` is not there, and {} is asked for", wanted.text)),
        Some(Found { path, version: None, .. }) => {
            Some(format!("`{}` does not tell its version, and {} is asked for", path.display(), wanted.text))
        }
        Some(Found { path, version: Some(version), .. }) => (!wanted.takes(version))
            .then(|| format!("`{}` is {version}, and {} is asked for", path.display(), wanted.text)),
    }
}

/// What to do about it.
pub(crate) fn help(name: &str, table: &ToolTable, lock: &LockFile) -> Vec<String> {
    let install = match Pin::new(name, table) {
        Ok(pin) if lock.sha256(&pin, &Platform::here()).is_some() => {
            format!("install it: `infractl tools install {name}`")
        }
        Ok(_) => format!("lock and install it: `infractl tools lock && infractl tools install {name}`"),
        Err(why) => match crate::tools::install_help(name) {
            Some(install) => install.to_owned(),
            None => format!("install it; or have infractl do that: {why}"),
        },
    };
    vec![install, "or change the version that is asked for here".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::started;

    #[test]
    fn a_tool_is_found_in_what_is_started() {
        for (text, found) in [
            ("terraform", Some("terraform")),
            ("bin/terraform", Some("bin/terraform")),
            ("cd x && TF_LOG=1 terraform plan | tee log", Some("terraform")),
            ("$(terraform output -raw ip)", Some("terraform")),
            ("terraform-docs .", None),
            ("make terraform-plan", None),
        ] {
            assert_eq!(started(text, "terraform"), found, "{text}");
        }
    }
}
