//! ssh: how to log in, one shared connection for many commands, an agent for a key.

pub(crate) mod remote_shell;
pub(crate) mod tar;
pub(crate) mod trouble;

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use crate::exec::{Cmd, Io};
use crate::tools::ssh::remote_shell::quote;

/// How long it may take to connect, where nothing else is said.
const CONNECT: Duration = Duration::from_secs(10);

/// How to log in to a machine. What is none is left to the user's own configuration of ssh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// Name or address.
    pub address: String,
    /// User to log in as.
    pub user: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// The one key to offer: a private key, or the public half of one that the agent has.
    pub key: Option<PathBuf>,
    /// Socket of the agent.
    pub agent: Option<PathBuf>,
    /// Host keys that are known.
    pub known_hosts: PathBuf,
    /// The host key was given: none is taken on trust.
    pub is_pinned: bool,
    /// Socket of the shared connection.
    pub socket: Option<PathBuf>,
    /// Machine to go through.
    pub jump: Option<Box<Login>>,
    /// This ssh knows options about standard input: 8.7 or newer.
    pub is_new: bool,
}

/// `name=value` for `-o`: in quotes where it has spaces, with nothing for ssh to expand.
fn path_option(name: &str, path: &Path) -> String {
    let text = path.to_string_lossy().replace('%', "%%");
    if text.contains(' ') { format!("{name}=\"{text}\"") } else { format!("{name}={text}") }
}

impl Login {
    /// What says which keys are offered and which are trusted, and the way there: for every program that starts ssh.
    pub(crate) fn options(&self) -> Vec<String> {
        let trust = if self.is_pinned { "yes" } else { "accept-new" };
        let mut all = vec![
            format!("StrictHostKeyChecking={trust}"),
            path_option("UserKnownHostsFile", &self.known_hosts),
            "HashKnownHosts=no".to_owned(),
            "CheckHostIP=no".to_owned(),
            "UpdateHostKeys=no".to_owned(),
        ];
        if let Some(agent) = &self.agent {
            all.push(path_option("IdentityAgent", agent));
        }
        if let Some(key) = &self.key {
            all.push(path_option("IdentityFile", key));
            all.push("IdentitiesOnly=yes".to_owned());
        }
        if let Some(jump) = &self.jump {
            // ssh reads `%` in it, then a shell the rest
            let through = jump.quiet().args(["-W", "[%h]:%p"]);
            let words = through.args.iter().map(|word| match word.as_str() {
                "[%h]:%p" => "'[%h]:%p'".to_owned(),
                word => quote(&word.replace('%', "%%")),
            });
            let words: Vec<String> = words.collect();
            all.push(format!("ProxyCommand=ssh {} -- {}", words.join(" "), jump.address));
        }
        all.into_iter().flat_map(|option| ["-o".to_owned(), option]).collect()
    }

    fn base(&self) -> Cmd {
        let mut cmd = Cmd::new("ssh").args(self.options());
        if let Some(user) = &self.user {
            cmd = cmd.args(["-l", user]);
        }
        if let Some(port) = self.port {
            cmd = cmd.arg("-p").arg(port.to_string());
        }
        cmd
    }

    /// A call that never asks, and does nothing that the user's configuration has for logging in by hand.
    fn quiet(&self) -> Cmd {
        let mut cmd = self.base().args([
            "-o",
            "BatchMode=yes",
            "-o",
            "ServerAliveInterval=15",
            "-o",
            "ServerAliveCountMax=4",
            "-o",
            "ClearAllForwardings=yes",
            "-o",
            "PermitLocalCommand=no",
            "-o",
            "RemoteCommand=none",
            "-T",
        ]);
        if let Some(socket) = &self.socket {
            cmd = cmd.arg("-o").arg(path_option("ControlPath", socket)).args(["-o", "ControlMaster=no"]);
        }
        cmd
    }

    /// Opens the shared connection and leaves it open in the background.
    pub(crate) fn open(&self, within: Option<Duration>) -> Cmd {
        let seconds = within.unwrap_or(CONNECT).as_secs().max(1);
        let alone = Login { socket: None, ..self.clone() };
        let mut cmd = alone.quiet().arg("-o").arg(format!("ConnectTimeout={seconds}"));
        if let Some(socket) = &self.socket {
            cmd = cmd.arg("-o").arg(path_option("ControlPath", socket));
        }
        // Ten minutes without a command: by then the run that opened it has ended, or opens another.
        cmd.args(["-o", "ControlMaster=yes", "-o", "ControlPersist=600", "-N", "-f", "--"]).arg(&self.address)
    }

    /// Which ssh there is, on standard error.
    pub(crate) fn version() -> Cmd {
        Cmd::new("ssh").arg("-V").io(Io::Capture)
    }

    /// Ends the shared connection.
    pub(crate) fn close(&self) -> Cmd {
        let mut cmd = Cmd::new("ssh").args(["-F", "none", "-O", "exit"]).io(Io::Capture);
        if let Some(socket) = &self.socket {
            cmd = cmd.arg("-o").arg(path_option("ControlPath", socket));
        }
        cmd.arg("--").arg(&self.address).even_if_interrupted()
    }

    /// Runs a line of shell there.
    pub(crate) fn run(&self, line: impl Into<String>) -> Cmd {
        let mut cmd = self.quiet();
        if self.is_new {
            // What the user's configuration may say for another use of ssh would take our input away.
            cmd = cmd.args([
                "-o",
                "StdinNull=no",
                "-o",
                "ForkAfterAuthentication=no",
                "-o",
                "SessionType=default",
            ]);
        }
        cmd.arg("--").arg(&self.address).arg(line)
    }

    /// Logs in, for somebody at the terminal; with a line of shell runs that instead.
    pub(crate) fn log_in(&self, line: Option<&str>, has_terminal: bool) -> Cmd {
        let mut cmd = self.base();
        if has_terminal && line.is_some() {
            cmd = cmd.arg("-t");
        }
        cmd.arg("--").arg(&self.address).args(line.map(str::to_owned)).io(Io::Attach)
    }

    /// What ssh makes of its configuration: lines of `key value`, of them `hostname` and `port`.
    pub(crate) fn resolve(&self) -> Cmd {
        let mut cmd = Cmd::new("ssh").arg("-G").io(Io::Capture);
        if let Some(user) = &self.user {
            cmd = cmd.args(["-l", user]);
        }
        if let Some(port) = self.port {
            cmd = cmd.arg("-p").arg(port.to_string());
        }
        cmd.arg("--").arg(&self.address)
    }
}

/// Whether a version such as `OpenSSH_9.2p1 Debian-2` is 8.7 or newer.
pub(crate) fn is_new(version: &str) -> bool {
    let numbers = version.split_once("OpenSSH_").map_or("", |(_, rest)| rest);
    let mut numbers = numbers.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().ok());
    numbers.next().flatten().zip(numbers.next().flatten()).is_some_and(|version| version >= (8, 7))
}

/// The name that `known_hosts` has for a machine, from what [`Login::resolve`] printed.
pub(crate) fn known_as(resolved: &str) -> Option<String> {
    let value = |key: &str| {
        resolved.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).map(str::trim)
    };
    if let Some(alias) = value("hostkeyalias") {
        return Some(alias.to_lowercase());
    }
    let host = value("hostname")?.to_lowercase();
    Some(match value("port") {
        None | Some("22") => host,
        Some(port) => format!("[{host}]:{port}"),
    })
}

/// The text of `known_hosts` without the lines of this name, and with these keys for it. None if that changes nothing.
pub(crate) fn with_keys(known_hosts: &str, name: &str, keys: &[&str]) -> Option<String> {
    let is_of =
        |line: &&str| line.split_whitespace().next().is_some_and(|names| names.split(',').any(|n| n == name));
    let new: Vec<String> = keys.iter().map(|key| format!("{name} {key}")).collect();
    let old: Vec<&str> = known_hosts.lines().filter(is_of).collect();
    if old == new {
        return None;
    }
    let kept = known_hosts.lines().filter(|line| !is_of(line)).map(str::to_owned);
    Some(kept.chain(new).map(|line| line + "\n").collect())
}

/// The public keys in a text: type and key of each line.
pub(crate) fn public_keys(text: &str) -> Option<Vec<String>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let key = |line: &str| {
        let (kind, rest) = line.split_once(char::is_whitespace)?;
        let key = rest.split_whitespace().next()?;
        let is_kind = ["ssh-", "ecdsa-", "sk-"].iter().any(|start| kind.starts_with(start));
        (is_kind && key.starts_with("AAAA")).then(|| format!("{kind} {key}"))
    };
    let keys: Option<Vec<String>> = lines.map(key).collect();
    keys.filter(|keys| !keys.is_empty())
}

/// An agent of our own. It ends when its standard input does, however that comes.
pub(crate) fn agent(socket: &Path) -> Cmd {
    Cmd::new("ssh-agent").arg("-a").arg(socket.to_string_lossy()).args([
        "sh",
        "-c",
        "cat >/dev/null; kill \"$SSH_AGENT_PID\"",
    ])
}

/// Gives the agent a private key, and never asks for its passphrase.
pub(crate) fn add_key(agent: &Path, key: SecretString) -> Cmd {
    of_agent(agent).arg("-q").arg("-").env("SSH_ASKPASS_REQUIRE", "never").input(key)
}

/// The public keys that the agent has, on standard output.
pub(crate) fn list_keys(agent: &Path) -> Cmd {
    of_agent(agent).arg("-L")
}

fn of_agent(agent: &Path) -> Cmd {
    Cmd::new("ssh-add").env("SSH_AUTH_SOCK", agent.to_string_lossy()).io(Io::Capture)
}

/// Waits for the end of its standard input, then ends every shared connection whose socket is in this folder, and
/// removes the folder.
pub(crate) fn keeper(folder: &Path) -> Cmd {
    let script = "cat >/dev/null\n\
                  for s in \"$0\"/*.ssh; do ssh -F none -O exit -o ControlPath=\"$s\" x 2>/dev/null & done\n\
                  wait\nrm -rf -- \"$0\"";
    Cmd::new("sh").arg("-c").arg(script).arg(folder.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        Login {
            address: "192.0.2.5".into(),
            user: Some("deploy".into()),
            port: None,
            key: None,
            agent: None,
            known_hosts: "/p q/100%/dev".into(),
            is_pinned: false,
            socket: None,
            jump: None,
            is_new: false,
        }
    }

    #[test]
    fn paths_are_quoted_for_ssh_and_nothing_in_them_is_expanded() {
        let options = login().options();
        assert!(options.contains(&"UserKnownHostsFile=\"/p q/100%%/dev\"".to_owned()), "{options:?}");
    }

    #[test]
    fn a_jump_trusts_and_offers_the_same_and_is_read_by_ssh_first_and_by_a_shell_then() {
        let bastion = Login { address: "192.0.2.1".into(), socket: Some("/r/1".into()), ..login() };
        let options = Login { jump: Some(Box::new(bastion)), ..login() }.options();
        let proxy = options.last().unwrap().strip_prefix("ProxyCommand=").unwrap();
        assert!(proxy.contains("'UserKnownHostsFile=\"/p q/100%%%%/dev\"'"), "{proxy}");
        assert!(proxy.contains("-o ControlPath=/r/1"), "{proxy}");
        assert!(proxy.ends_with("-W '[%h]:%p' -- 192.0.2.1"), "{proxy}");
    }

    #[test]
    fn a_host_key_replaces_those_of_its_name_only() {
        let old = "a ssh-ed25519 AAAAold\nb,c ssh-ed25519 AAAAb\n";
        assert_eq!(with_keys(old, "a", &["ssh-ed25519 AAAAold"]), None);
        let new = with_keys(old, "a", &["ssh-ed25519 AAAAnew"]).unwrap();
        assert_eq!(new, "b,c ssh-ed25519 AAAAb\na ssh-ed25519 AAAAnew\n");
        assert_eq!(with_keys(old, "c", &[]).unwrap(), "a ssh-ed25519 AAAAold\n");
        assert_eq!(with_keys(old, "x", &[]), None);
    }

    #[test]
    fn only_a_new_ssh_gets_the_new_options() {
        for (version, wanted) in
            [("OpenSSH_9.2p1 Debian-2", true), ("OpenSSH_8.7", true), ("OpenSSH_8.4p1", false), ("x", false)]
        {
            assert_eq!(is_new(version), wanted, "{version}");
            let line = Login { is_new: is_new(version), ..login() }.run("true").to_string();
            assert_eq!(line.contains("StdinNull=no"), wanted);
        }
    }

    #[test]
    fn names_in_known_hosts_have_a_port_when_it_is_not_22() {
        assert_eq!(known_as("user x\nhostname Example.org\nport 22\n").unwrap(), "example.org");
        assert_eq!(known_as("hostname 192.0.2.5\nport 2222\n").unwrap(), "[192.0.2.5]:2222");
        assert_eq!(known_as("hostname a\nport 2222\nhostkeyalias b\n").unwrap(), "b");
    }

    #[test]
    fn public_keys_are_told_from_other_texts() {
        let keys = public_keys("ssh-ed25519 AAAAC3 root@x\n\necdsa-sha2-nistp256 AAAAE2\n").unwrap();
        assert_eq!(keys, ["ssh-ed25519 AAAAC3", "ecdsa-sha2-nistp256 AAAAE2"]);
        for wrong in ["", "AAAAC3", "ssh-ed25519", "SHA256:abc", "-----BEGIN OPENSSH PRIVATE KEY-----"] {
            assert_eq!(public_keys(wrong), None, "{wrong}");
        }
    }
}
