//! ssh through other machines, as one option that ansible and ssh both take.

/// A machine to go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Name or address.
    pub address: String,
    /// User to log in as.
    pub user: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// File of the private key.
    pub identity_file: Option<String>,
    /// Where its host key is kept.
    pub known_hosts: String,
}

/// `ansible_ssh_common_args` for a machine behind these, the nearest to it first. `ProxyJump` would not do: it takes
/// neither key nor known hosts from the command line.
pub fn common_args(hops: &[Hop]) -> String {
    format!("-o {}", quote(&format!("ProxyCommand={}", command(hops))))
}

/// The command whose input and output are the connection to the next machine.
fn command(hops: &[Hop]) -> String {
    let Some((hop, further)) = hops.split_first() else { return String::new() };
    let mut words = vec!["ssh".to_owned(), "-W".into(), "%h:%p".into()];
    let mut option = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
    if let Some(port) = hop.port {
        option("-p", port.to_string());
    }
    if let Some(user) = &hop.user {
        option("-l", percent(user));
    }
    if let Some(file) = &hop.identity_file {
        option("-i", percent(file));
    }
    // ssh takes several files, with blanks between them.
    let file = &hop.known_hosts;
    let file = if file.contains(char::is_whitespace) { format!("\"{file}\"") } else { file.clone() };
    option("-o", percent(&format!("UserKnownHostsFile={file}")));
    option("-o", "StrictHostKeyChecking=accept-new".into());
    if !further.is_empty() {
        option("-o", percent(&format!("ProxyCommand={}", command(further))));
    }
    words.push(percent(&hop.address));
    words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

/// ssh replaces `%h` and its like in a `ProxyCommand`.
fn percent(text: &str) -> String {
    text.replace('%', "%%")
}

fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(address: &str) -> Hop {
        Hop {
            address: address.into(),
            user: None,
            port: None,
            identity_file: None,
            known_hosts: "/p/kh".into(),
        }
    }

    #[test]
    fn one_machine_between() {
        let hop = Hop {
            user: Some("debian".into()),
            port: Some(2222),
            identity_file: Some("/k/100%".into()),
            ..hop("b")
        };
        let args = shell_words::split(&common_args(&[hop])).unwrap();
        let command = "ProxyCommand=ssh -W %h:%p -p 2222 -l debian -i /k/100%% \
                       -o UserKnownHostsFile=/p/kh -o StrictHostKeyChecking=accept-new b";
        assert_eq!(args, ["-o", command]);
    }

    #[test]
    fn a_machine_behind_another() {
        let args = shell_words::split(&common_args(&[hop("near"), hop("far")])).unwrap();
        // What the first ssh starts, after it has replaced its own `%`.
        let inner = shell_words::split(&args[1]["ProxyCommand=".len()..].replace("%%", "%")).unwrap();
        assert_eq!(inner.last().unwrap(), "near");
        let further = inner.iter().find(|word| word.starts_with("ProxyCommand=")).unwrap();
        assert!(further.starts_with("ProxyCommand=ssh -W %h:%p ") && further.ends_with(" far"), "{further}");
    }
}
