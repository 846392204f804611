//! ansible: commands, and what their ends mean.

pub(crate) mod events;
pub(crate) mod groups;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::exec::{Cmd, Container, Io, Stopping};

/// A playbook and how it is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Playbook {
    /// The playbook, absolute.
    pub file: PathBuf,
    /// Folder to run in: the one with `ansible.cfg`.
    pub dir: PathBuf,
    /// The inventory, absolute; what `ansible.cfg` says if none.
    pub inventory: Option<PathBuf>,
    /// The inventory that finds machines by itself, absolute.
    pub dynamic: Option<PathBuf>,
    /// Names and patterns of hosts to limit the run to.
    pub limit: Vec<String>,
    /// Tags to run.
    pub tags: Vec<String>,
    /// Tags to leave out.
    pub skip_tags: Vec<String>,
    /// Hosts worked on at once.
    pub forks: Option<u32>,
    /// Change nothing, show what would change.
    pub check: bool,
    /// Where the variables are read from.
    pub vars: Option<PathBuf>,
    /// Where the vault password is read from.
    pub vault: Option<PathBuf>,
    /// What was given after `--`.
    pub extra: Vec<String>,
    /// Where it runs, if not on this machine.
    pub container: Option<Arc<Container>>,
}

/// What the default output looks like when nothing of the user's changes it: for reading it.
const FORM: [(&str, &str); 12] = [
    ("ANSIBLE_STDOUT_CALLBACK", "default"),
    ("ANSIBLE_CALLBACK_RESULT_FORMAT", "json"),
    ("ANSIBLE_CALLBACK_FORMAT_PRETTY", "false"),
    ("ANSIBLE_CHECK_MODE_MARKERS", "false"),
    ("ANSIBLE_DISPLAY_ARGS_TO_STDOUT", "false"),
    ("ANSIBLE_DISPLAY_FAILED_STDERR", "false"),
    ("ANSIBLE_DISPLAY_OK_HOSTS", "true"),
    ("ANSIBLE_DISPLAY_SKIPPED_HOSTS", "true"),
    ("ANSIBLE_NOCOLOR", "1"),
    ("ANSIBLE_NOCOWS", "1"),
    ("ANSIBLE_RETRY_FILES_ENABLED", "false"),
    // A group has the name of the environment, whatever is in it.
    ("ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS", "ignore"),
];

impl Playbook {
    /// Runs it.
    pub(crate) fn run(&self) -> Cmd {
        let mut cmd = self.selected(self.program());
        if let Some(forks) = self.forks {
            cmd = cmd.arg("--forks").arg(forks.to_string());
        }
        if self.check {
            cmd = cmd.args(["--check", "--diff"]);
        }
        cmd.args(self.extra.iter().cloned()).stopping(Stopping {
            waits_for: "ansible stops its tasks on the hosts".into(),
            loses: "killing ansible now leaves what it has started on the hosts running".into(),
            after_kill:
                "ansible was killed: what it had started may go on on the hosts; run the playbook again"
                    .into(),
        })
    }

    /// Lists its tasks, without any host being asked. Exit code 0 also when there are none.
    pub(crate) fn list_tasks(&self) -> Cmd {
        self.selected(self.program()).arg("--list-tasks").io(Io::Capture)
    }

    /// Lists the groups and hosts of its inventories. One that cannot be read is a failure here, and only a warning to a
    /// playbook.
    pub(crate) fn list_inventory(&self) -> Cmd {
        let cmd = self.inventories(self.started("ansible-inventory")).arg("--list");
        cmd.env("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "true").io(Io::Capture)
    }

    fn inventories(&self, cmd: Cmd) -> Cmd {
        let all = self.inventory.iter().chain(&self.dynamic);
        all.fold(cmd, |cmd, path| cmd.arg("--inventory").arg(path.to_string_lossy()))
    }

    fn program(&self) -> Cmd {
        self.started("ansible-playbook")
    }

    fn started(&self, name: &str) -> Cmd {
        let cmd = Cmd::new(name).dir(&self.dir).within(self.container.as_ref());
        let cmd = cmd.unset("ANSIBLE_FORCE_COLOR");
        FORM.iter().fold(cmd, |cmd, (name, value)| cmd.env(*name, *value))
    }

    fn selected(&self, mut cmd: Cmd) -> Cmd {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        cmd = self.inventories(cmd);
        if let Some(vault) = &self.vault {
            cmd = cmd.arg("--vault-password-file").arg(path(vault));
        }
        if let Some(vars) = &self.vars {
            cmd = cmd.arg("--extra-vars").arg(format!("@{}", path(vars)));
        }
        for (flag, names) in
            [("--limit", &self.limit), ("--tags", &self.tags), ("--skip-tags", &self.skip_tags)]
        {
            if !names.is_empty() {
                cmd = cmd.arg(flag).arg(names.join(","));
            }
        }
        cmd.arg(path(&self.file))
    }
}

/// Installs roles and collections.
pub(crate) fn install(dir: &Path, requirements: &Path, container: Option<&Arc<Container>>) -> Cmd {
    Cmd::new("ansible-galaxy")
        .dir(dir)
        .within(container)
        .env("ANSIBLE_NOCOLOR", "1")
        .args(["install", "-r"])
        .arg(requirements.to_string_lossy())
}

/// How many tasks each play has, from what `--list-tasks` printed.
pub(crate) fn count_tasks(listed: &str) -> Vec<usize> {
    let mut plays = Vec::new();
    for line in listed.lines() {
        if line.starts_with("  play #") {
            plays.push(0);
        } else if line.starts_with("      ")
            && line.contains("TAGS: [")
            && let Some(last) = plays.last_mut()
        {
            *last += 1;
        }
    }
    plays
}

/// Why it ended when no host is the reason: its own words, with the place.
pub(crate) fn reason(code: i32, tail: &str) -> (String, Vec<String>) {
    let lines: Vec<&str> = tail.lines().map(str::trim_end).collect();
    let said = lines.iter().position(|line| line.starts_with("[ERROR]: ") || line.starts_with("ERROR! "));
    let usage = lines.iter().find_map(|line| line.strip_prefix("ansible-playbook: error: "));
    let text = match (said, usage) {
        (Some(at), _) => {
            let text = lines[at].trim_start_matches("[ERROR]: ").trim_start_matches("ERROR! ").to_owned();
            let place = lines[at..].iter().find_map(|line| line.strip_prefix("Origin: "));
            place.map_or_else(|| text.clone(), |place| format!("{text} ({place})"))
        }
        (None, Some(usage)) => usage.to_owned(),
        (None, None) => {
            let last = crate::text::last_line(tail);
            format!("ansible-playbook ended with exit code {code}: {last}")
        }
    };
    let mut help = Vec::new();
    if text.contains("no hosts to target") {
        help.push(
            "name hosts or groups of the inventory: see it with `infractl inventory ENV --print`".to_owned(),
        );
    }
    if text.contains("couldn't resolve module/action") {
        help.push(
            "install its collection: name a file in `requirements` of `[ansible]`, and remove `.infractl/changed` to install again"
                .to_owned(),
        );
    }
    if text.contains("vault") {
        help.push("name the secret with the vault password: `vault-password` in `[ansible]`".to_owned());
    }
    (text, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playbook_is_run_with_what_was_asked_for_and_no_secret_in_its_words() {
        let playbook = Playbook {
            file: "/p/site.yml".into(),
            dir: "/p/ansible".into(),
            inventory: Some("/p/inv.ini".into()),
            dynamic: Some("/p/aws_ec2.yml".into()),
            limit: vec!["web-1".into(), "db".into()],
            tags: vec!["a".into()],
            forks: Some(3),
            check: true,
            vars: Some("/dev/shm/x/vars".into()),
            vault: Some("/dev/shm/x/vault".into()),
            extra: vec!["-v".into()],
            ..Playbook::default()
        };
        assert_eq!(
            playbook.run().args.join(" "),
            "--inventory /p/inv.ini --inventory /p/aws_ec2.yml --vault-password-file /dev/shm/x/vault --extra-vars @/dev/shm/x/vars \
             --limit web-1,db --tags a /p/site.yml --forks 3 --check --diff -v"
        );
        let listed = playbook.list_inventory();
        assert_eq!(listed.args.join(" "), "--inventory /p/inv.ini --inventory /p/aws_ec2.yml --list");
        assert!(playbook.list_tasks().args.ends_with(&["/p/site.yml".into(), "--list-tasks".into()]));
    }

    #[test]
    fn tasks_are_counted_by_play() {
        let listed = "\nplaybook: p.yml\n\n  play #1 (all): first\tTAGS: []\n    tasks:\n      show\tTAGS: []\n      \
                      r : x y\tTAGS: [a]\n\n  play #2 (nosuch): second\tTAGS: []\n    tasks:\n";
        assert_eq!(count_tasks(listed), [2, 0]);
        assert!(count_tasks("").is_empty());
    }

    #[test]
    fn the_reason_is_what_ansible_says_with_its_place() {
        let tail = "[WARNING]: x\n[ERROR]: couldn't resolve module/action 'nosuch'. This\nOrigin: /p/s.yml:3:7\n\n1 - a";
        assert_eq!(reason(4, tail).0, "couldn't resolve module/action 'nosuch'. This (/p/s.yml:3:7)");
        assert_eq!(
            reason(1, "ERROR! the playbook: x.yml could not be found").0,
            "the playbook: x.yml could not be found"
        );
        assert_eq!(
            reason(2, "usage: x\nansible-playbook: error: unrecognized arguments: --no\n ").0,
            "unrecognized arguments: --no"
        );
        assert_eq!(reason(250, "boom\n").0, "ansible-playbook ended with exit code 250: boom");
    }
}
