//! The run of a forge that a deployment belongs to, by the variables of its jobs. Pure.

/// Its name, the same for all jobs of the run, and for those that are tried again; none outside of a forge.
pub(crate) fn of<'v>(get: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    let get = |name: &str| get(name).filter(|value| !value.is_empty());
    let is_true = |name: &str| get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if is_true("GITHUB_ACTIONS") {
        Some(format!("github {} {}", get("GITHUB_REPOSITORY")?, get("GITHUB_RUN_ID")?))
    } else if is_true("GITLAB_CI") {
        Some(format!("gitlab {} {}", get("CI_PROJECT_ID")?, get("CI_PIPELINE_ID")?))
    } else if is_true("TF_BUILD") {
        Some(format!("azure {} {}", get("SYSTEM_TEAMPROJECTID")?, get("BUILD_BUILDID")?))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_run_has_a_name_at_every_forge_and_none_at_a_desk() {
        let of = |vars: &[(&'static str, &'static str)]| {
            let vars: HashMap<&str, &str> = vars.iter().copied().collect();
            of(|name| vars.get(name).copied())
        };
        assert_eq!(of(&[]), None);
        let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "a/b"), ("GITHUB_RUN_ID", "7")];
        assert_eq!(of(&github).as_deref(), Some("github a/b 7"));
        assert_eq!(of(&github[..2]), None);
        let gitlab = [("GITLAB_CI", "true"), ("CI_PROJECT_ID", "1"), ("CI_PIPELINE_ID", "7")];
        assert_eq!(of(&gitlab).as_deref(), Some("gitlab 1 7"));
        let azure = [("TF_BUILD", "True"), ("SYSTEM_TEAMPROJECTID", "x"), ("BUILD_BUILDID", "7")];
        assert_eq!(of(&azure).as_deref(), Some("azure x 7"));
    }
}
