//! What infractl's own repository has for a forge: an action, a component, a template. Each fetches one archive of a release.
//! Pure.

use super::job::Setting;
use super::line::{Wrong, wrong};
use super::yaml::{Map, entry};
use crate::config::model::{CiForge, CiProgram};

/// Where it is, and at which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The whole of it, as the forge wants it.
    pub whole: &'a str,
    /// The repository, or the component in it.
    pub name: &'a str,
    /// A commit, a version, a ref.
    pub version: &'a str,
}

/// None when the jobs fetch the program themselves.
pub(super) fn place(program: &CiProgram) -> Option<Place<'_>> {
    let whole = program.install.as_deref()?;
    let (name, version) = whole.rsplit_once('@').unwrap_or((whole, ""));
    Some(Place { whole, name, version })
}

/// What it is told.
pub(super) fn inputs(program: &CiProgram, text: impl Fn(&str) -> String) -> Map {
    let mut all = vec![entry("version", text(&program.version)), entry("sha256", program.sha256.as_str())];
    all.extend(address(program).map(|url| entry("url", text(&url))));
    all
}

/// `url` for this version.
pub(super) fn address(program: &CiProgram) -> Option<String> {
    program.url.as_ref().map(|url| url.replace("{{version}}", &program.version))
}

/// An error unless it is at a fixed version, and can be told where the archives are.
pub(super) fn check(setting: &Setting) -> Result<(), Wrong> {
    let program = &setting.ci.infractl;
    let Some(place) = place(program) else { return Ok(()) };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let parts = place.name.split('/').count();
    let is_commit = place.version.len() == 40 && place.version.bytes().all(|b| b.is_ascii_hexdigit());
    let (is_fixed, help) = match setting.ci.forge {
        CiForge::Github => (
            parts == 2 && is_commit,
            "write OWNER/infractl@COMMIT, with all 40 digits of the commit: a tag can be moved",
        ),
        // `~latest` and `1` are whatever is new.
        CiForge::Gitlab => (
            parts >= 3 && (is_commit || place.version.split('.').count() == 3),
            "write HOST/GROUP/infractl/infractl@VERSION, with a whole version (`0.3.0`) or a commit",
        ),
        CiForge::Azure => (
            parts == 2 && place.version.starts_with("refs/tags/"),
            "write PROJECT/infractl@refs/tags/TAG: a repository of the same organisation",
        ),
    };
    let is_name = place.name.split('/').all(|part| !part.is_empty()) && place.name.chars().all(is_plain);
    if !is_fixed || !is_name || !place.version.chars().all(is_plain) {
        return wrong("infractl", "`install` does not name one fixed version", help);
    }
    if program.url.is_none() && setting.ci.forge != CiForge::Github {
        let message = "`install` does not know where the archives are";
        return wrong("infractl", message, "set `url` to the address of the folder that they are in");
    }
    Ok(())
}
