//! What ssh says when there is no connection, in words for people.

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The machine has another host key than the one that is known.
    HostKeyChanged,
    /// The machine's host key is not the one that was given.
    HostKeyUnknown,
    /// The login was refused.
    Denied,
    /// Nothing listens there.
    Refused,
    /// No way there.
    NoRoute,
    /// The name has no address.
    UnknownHost,
    /// No answer in time.
    TimedOut,
    /// It hung up.
    Closed,
    /// The configuration or a key of this machine is not usable: what ssh says.
    Here(String),
    /// Something else: the last line.
    Other(String),
}

/// Reads the lines that ssh printed.
pub(crate) fn read(said: &str) -> Trouble {
    let has = |texts: &[&str]| texts.iter().any(|text| said.contains(text));
    let line = |texts: &[&str]| {
        said.lines()
            .find(|line| texts.iter().any(|text| line.contains(text)))
            .map(|line| line.trim().to_owned())
    };
    if has(&["REMOTE HOST IDENTIFICATION HAS CHANGED", "has changed and you have requested strict checking"])
    {
        return Trouble::HostKeyChanged;
    }
    if has(&["host key is known for", "Host key verification failed"]) {
        return Trouble::HostKeyUnknown;
    }
    let here = [
        "Bad owner or permissions",
        "Bad configuration option",
        "terminating, ",
        "UNPROTECTED PRIVATE KEY FILE",
        "no such identity:",
        "Load key ",
        "too long for Unix domain socket",
    ];
    // A key that cannot be used is often not the only one: it is told when nothing else let us in.
    let denied = ["Permission denied", "Too many authentication failures"];
    if has(&denied[..]) || has(&["Bad configuration option", "Bad owner or permissions", "too long for Unix"])
    {
        return line(&here).map_or(Trouble::Denied, Trouble::Here);
    }
    if has(&["Connection refused"]) {
        return Trouble::Refused;
    }
    if has(&["No route to host", "Network is unreachable"]) {
        return Trouble::NoRoute;
    }
    if has(&["Could not resolve hostname"]) {
        return Trouble::UnknownHost;
    }
    if has(&["timed out", "Timeout, server", "timeout"]) {
        return Trouble::TimedOut;
    }
    if has(&[
        "Connection closed",
        "Connection reset",
        "kex_exchange_identification",
        "Broken pipe",
        "disconnect",
    ]) {
        return Trouble::Closed;
    }
    Trouble::Other(last_words(said).to_owned())
}

/// What ssh said last.
pub(crate) fn last_words(said: &str) -> &str {
    match crate::text::last_line(said) {
        "" => "ssh gave no reason",
        last => last,
    }
}

impl Trouble {
    /// A few words.
    pub(crate) fn text(&self) -> String {
        match self {
            Trouble::HostKeyChanged => "its host key has changed".to_owned(),
            Trouble::HostKeyUnknown => "its host key is not the one that is expected".to_owned(),
            Trouble::Denied => "permission denied: it takes none of the keys that were offered".to_owned(),
            Trouble::Refused => "connection refused".to_owned(),
            Trouble::NoRoute => "no route to the host".to_owned(),
            Trouble::UnknownHost => "its name has no address".to_owned(),
            Trouble::TimedOut => "no answer in time".to_owned(),
            Trouble::Closed => "the connection was closed".to_owned(),
            Trouble::Here(line) | Trouble::Other(line) => line.clone(),
        }
    }

    /// Trying again changes nothing. A refused login may: a first boot starts sshd before it makes users and keys.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Trouble::HostKeyChanged | Trouble::HostKeyUnknown | Trouble::Here(_))
    }

    /// What to do: each line begins with a verb.
    pub(crate) fn help(&self, environment: &str, machine: &str) -> Vec<String> {
        let settings = format!("[hosts.{machine}]");
        let one = |text: String| vec![text];
        match self {
            Trouble::HostKeyChanged => vec![
                format!("run `infractl ssh {environment} {machine} --forget-host-key`, if the machine was rebuilt"),
                "find out who answers at this address, if it was not".to_owned(),
            ],
            Trouble::HostKeyUnknown => {
                one(format!("compare `host-key` of `{settings}` with the machine's /etc/ssh/ssh_host_*_key.pub"))
            }
            Trouble::Denied => vec![
                format!("check `user`, `identity` or `identity-file` of `{settings}`, and `ssh-add -l`"),
                "check that the public key is in the user's ~/.ssh/authorized_keys there".to_owned(),
            ],
            Trouble::Refused => one("check that the machine is on, and that its sshd listens on this port".to_owned()),
            Trouble::NoRoute => one("check the address, and that you are in the right network or VPN".to_owned()),
            Trouble::UnknownHost => one(format!("check `address` of `{settings}`, and the DNS record")),
            Trouble::TimedOut => one(
                "check firewall, security group and route; a machine that hangs or is off does not answer either"
                    .to_owned(),
            ),
            Trouble::Closed => one("look at the log of sshd there: it, or a firewall before it, hangs up".to_owned()),
            Trouble::Here(_) => one("correct that; `ssh -v` says more".to_owned()),
            Trouble::Other(_) => one(format!("try it by hand: `infractl ssh {environment} {machine}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_says_is_understood() {
        let cases = [
            ("ssh: connect to host 127.0.7.3 port 22: Connection refused\n", Trouble::Refused),
            (
                "Connection timed out during banner exchange\nConnection to 127.0.7.3 port 22 timed out\n",
                Trouble::TimedOut,
            ),
            ("ssh: connect to host 10.0.0.1 port 22: Connection timed out\n", Trouble::TimedOut),
            ("ssh: connect to host 10.0.0.1 port 22: No route to host\n", Trouble::NoRoute),
            ("ssh: Could not resolve hostname nosuch: Name or service not known\n", Trouble::UnknownHost),
            ("deploy@127.0.7.1: Permission denied (publickey).\n", Trouble::Denied),
            ("kex_exchange_identification: Connection closed by remote host\n", Trouble::Closed),
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n",
                Trouble::HostKeyChanged,
            ),
            (
                "No ED25519 host key is known for x and you have requested strict checking.\nHost key verification failed.\n",
                Trouble::HostKeyUnknown,
            ),
            (
                "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\nConnection closed by UNKNOWN port 65535\n",
                Trouble::Refused,
            ),
            (
                "Load key \"/k\": invalid format\ndeploy@x: Permission denied (publickey).\n",
                Trouble::Here("Load key \"/k\": invalid format".to_owned()),
            ),
            ("odd\n\n", Trouble::Other("odd".to_owned())),
        ];
        for (said, wanted) in cases {
            assert_eq!(read(said), wanted, "{said}");
        }
    }
}
