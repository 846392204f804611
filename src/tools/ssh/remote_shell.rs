//! A command as a line for the shell of another machine, and what it has to read there first.

use secrecy::{ExposeSecret as _, SecretString};

use crate::exec::{Cmd, Input, Value};

/// A word in quotes that every shell reads alike.
pub(crate) fn quote(text: &str) -> String {
    if text.is_empty() { "''".to_owned() } else { literal(text) }
}

/// The same for a piece of a word, which is nothing when it is empty.
pub(crate) fn literal(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// The same for a path: `~/` is the home of the user there.
pub(crate) fn quote_path(path: &str) -> String {
    match path.strip_prefix("~/") {
        Some(rest) => format!("\"$HOME\"/{}", quote(rest)),
        None if path == "~" => "\"$HOME\"".to_owned(),
        None => quote(path),
    }
}

/// Runs a script of `sh` there, whatever the login shell is.
pub(crate) fn script(text: &str) -> String {
    format!("exec sh -c {}", quote(text))
}

/// Runs the words after it without input; ends them, and what they started, when standard input ends.
const WATCH: (&str, &str) = (
    "exec 3<&0; if command -v setsid >/dev/null; then set -- setsid; fi; \"$@\" ",
    " </dev/null 3<&- & c=$!; \
     (while read -r _; do :; done; kill -TERM -$c || kill -TERM $c) <&3 >/dev/null 2>&1 & w=$!; \
     exec 3<&-; wait $c; e=$?; kill $w; exit $e",
);

/// A command as a line of shell. The second text has its secret variables: it must come first on standard input.
/// A command without input of its own ends when standard input does, which has to stay open.
pub(crate) fn line(cmd: &Cmd, dir: Option<&str>) -> (String, Option<SecretString>) {
    let mut parts = Vec::new();
    let mut secrets = String::new();
    let mut plain = String::new();
    for (name, value) in &cmd.env {
        match value {
            Value::Plain(text) => plain.push_str(&format!(" {name}={}", quote(text))),
            Value::Secret(text) => {
                let text = text.expose_secret().replace('\'', r"'\''");
                secrets.push_str(&format!("export {name}='{text}'\n"));
            }
        }
    }
    let lines = secrets.lines().count();
    if lines > 0 {
        // `read` takes no byte more than the line, so what follows is left for the command
        parts.push(format!(
            "s=; i=0; while [ $i -lt {lines} ]; do IFS= read -r l || exit 1; s=\"$s$l\n\"; i=$((i+1)); done; eval \"$s\"; unset s l i"
        ));
    }
    if !plain.is_empty() {
        parts.push(format!("export{plain}"));
    }
    if let Some(dir) = dir {
        parts.push(format!("cd -- {} || exit 1", quote_path(dir)));
    }
    let words: Vec<String> = [&cmd.program].into_iter().chain(&cmd.args).map(|word| quote(word)).collect();
    let words = words.join(" ");
    parts.push(match cmd.input {
        Input::None => format!("{}{words}{}", WATCH.0, WATCH.1),
        _ => format!("exec {words}"),
    });
    (script(&parts.join("; ")), (lines > 0).then(|| secrets.into()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the line is given to a real shell")]

    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    /// What the line prints when a shell gets it as ssh gives it.
    fn run(cmd: &Cmd, dir: Option<&str>, input: &str) -> String {
        let cmd = cmd.clone().input(input.to_owned().into());
        let (line, secrets) = line(&cmd, dir);
        assert!(!line.contains("CANARY"), "{line}");
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin
            .write_all(secrets.map_or(String::new(), |text| text.expose_secret().to_owned()).as_bytes())
            .unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }

    #[test]
    fn words_variables_secrets_folder_and_input_arrive_as_they_are() {
        let nasty = "it's \"$HOME\" `id` \\n\n two  spaces; *";
        let print = "printf '%s|' \"$1\" \"$PLAIN\" \"$SECRET\" \"$OTHER\" \"$(pwd)\"; cat";
        let cmd = Cmd::new("sh")
            .args(["-c", print, "x", nasty])
            .env("PLAIN", nasty)
            .secret("SECRET", format!("CANARY {nasty}\n").into())
            .secret("OTHER", "CANARY'".to_owned().into());
        let said = run(&cmd, Some("/usr"), "in\nput");
        assert_eq!(said, format!("{nasty}|{nasty}|CANARY {nasty}\n|CANARY'|/usr|in\nput"));
    }

    #[test]
    fn without_input_it_ends_with_what_it_started_when_standard_input_does() {
        for shell in ["sh", "bash"] {
            let start = |script: &str| {
                let (line, _) = line(&Cmd::new("sh").args(["-c", script]), None);
                Command::new(shell)
                    .args(["-c", &line])
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            };
            // The code, and nothing more on either output; its standard input stays open.
            let mut ended = start("cat; echo done; exit 7");
            let stdin = ended.stdin.take();
            let done = ended.wait_with_output().unwrap();
            assert_eq!((done.status.code(), done.stdout, done.stderr), (Some(7), b"done\n".to_vec(), vec![]));
            drop(stdin);
            // Both it and its child, which would hold the output open.
            let mut cut = start("sleep 60 & echo on; wait");
            drop(cut.stdin.take());
            let done = cut.wait_with_output().unwrap();
            assert_ne!(done.status.code(), Some(0));
        }
    }

    #[test]
    fn a_home_is_the_one_over_there() {
        assert_eq!(quote_path("~/a b"), "\"$HOME\"/'a b'");
        assert_eq!(quote_path("~x"), "'~x'");
    }

    #[test]
    fn a_folder_that_is_not_there_ends_it() {
        assert_eq!(run(&Cmd::new("echo").arg("x"), Some("/no/such"), ""), "");
    }
}
