//! A command as a line for the shell of another machine, and what it has to read there first.

use secrecy::{ExposeSecret as _, SecretString};

use crate::exec::{Cmd, Value};

/// A word in quotes that every shell reads alike.
pub fn quote(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The same for a path: `~/` is the home of the user there.
pub fn quote_path(path: &str) -> String {
    match path.strip_prefix("~/") {
        Some(rest) => format!("\"$HOME\"/{}", quote(rest)),
        None if path == "~" => "\"$HOME\"".to_owned(),
        None => quote(path),
    }
}

/// Runs a script of `sh` there, whatever the login shell is.
pub fn script(text: &str) -> String {
    format!("exec sh -c {}", quote(text))
}

/// A command as a line of shell. The second text has its secret variables: it must come first on standard input.
pub fn line(cmd: &Cmd, dir: Option<&str>) -> (String, Option<SecretString>) {
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
    parts.push(format!("exec {}", words.join(" ")));
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
        let (line, secrets) = line(cmd, dir);
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
    fn a_home_is_the_one_over_there() {
        assert_eq!(quote_path("~/a b"), "\"$HOME\"/'a b'");
        assert_eq!(quote_path("~x"), "'~x'");
    }

    #[test]
    fn a_folder_that_is_not_there_ends_it() {
        assert_eq!(run(&Cmd::new("echo").arg("x"), Some("/no/such"), ""), "");
    }
}
