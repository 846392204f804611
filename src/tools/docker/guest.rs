//! A container that stands for a program of this machine.

use std::path::{Path, PathBuf};

/// How it is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Guest {
    /// Name of the container.
    pub name: Option<String>,
    /// Labels, as `name=value`.
    pub labels: Vec<String>,
    /// User and group, as numbers; that of the image if none.
    pub user: Option<(u32, u32)>,
    /// Folders and files, and whether they may be written: at the same place inside.
    pub mounts: Vec<(PathBuf, bool)>,
    /// Folders that are empty, and gone afterwards.
    pub scratch: Vec<PathBuf>,
    /// Home folder.
    pub home: PathBuf,
    /// Names of variables: their values stand in the environment of the docker program.
    pub variables: Vec<String>,
    /// It reads our standard input.
    pub reads: bool,
    /// It has the terminal.
    pub has_terminal: bool,
    /// Folder to run in.
    pub dir: Option<PathBuf>,
}

impl Guest {
    /// The words after `docker`, up to the image.
    pub(crate) fn words(&self) -> Vec<String> {
        // Its first process passes signals on; nothing is relabelled where SELinux is.
        let fixed = ["run", "--rm", "--init", "--network", "host", "--security-opt", "label=disable"];
        let mut all: Vec<String> = fixed.map(str::to_owned).to_vec();
        let mut option = |name: &str, value: String| all.extend([name.to_owned(), value]);
        self.name.iter().for_each(|name| option("--name", name.clone()));
        self.labels.iter().for_each(|label| option("--label", label.clone()));
        if let Some((user, group)) = self.user {
            option("--user", format!("{user}:{group}"));
        }
        self.scratch
            .iter()
            .for_each(|place| option("--tmpfs", format!("{}:exec,mode=1777", place.display())));
        for (place, is_writable) in &self.mounts {
            let end = if *is_writable { "" } else { ",readonly" };
            let [source, target] = ["source", "target"].map(|key| field(key, place));
            option("--mount", format!("type=bind,{source},{target}{end}"));
        }
        option("--env", format!("HOME={}", self.home.display()));
        self.variables.iter().for_each(|name| option("--env", name.clone()));
        if let Some(dir) = &self.dir {
            option("--workdir", dir.to_string_lossy().into_owned());
        }
        all.extend(self.reads.then(|| "--interactive".to_owned()));
        all.extend(self.has_terminal.then(|| "--tty".to_owned()));
        all
    }
}

/// A field of a list with commas.
fn field(key: &str, place: &Path) -> String {
    let text = format!("{key}={}", place.display());
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_same_inside_and_variables_have_no_value() {
        let guest = Guest {
            name: Some("infractl-dev-1".into()),
            labels: vec!["infractl=dev".into()],
            user: Some((1000, 100)),
            mounts: vec![("/p".into(), false), ("/p/a,b".into(), true)],
            scratch: vec!["/tmp".into()],
            home: "/home/me".into(),
            variables: vec!["TF_VAR_password".into()],
            reads: true,
            has_terminal: true,
            dir: Some("/p/dev".into()),
        };
        insta::assert_snapshot!(shell_words::join(guest.words()), @r#"run --rm --init --network host --security-opt 'label=disable' --name infractl-dev-1 --label 'infractl=dev' --user 1000:100 --tmpfs '/tmp:exec,mode=1777' --mount 'type=bind,source=/p,target=/p,readonly' --mount 'type=bind,"source=/p/a,b","target=/p/a,b"' --env 'HOME=/home/me' --env TF_VAR_password --workdir /p/dev --interactive --tty"#);
    }
}
