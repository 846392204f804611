//! A command as a line for the shell of another machine, and what it has to read there first.

use secrecy::{ExposeSecret as _, SecretString};

use crate::exec::{Cmd, Input, Value};

/// A word in quotes, for `sh`.
pub(crate) fn quote(text: &str) -> String {
    if text.is_empty() { "''".to_owned() } else { literal(text) }
}

/// The same for a piece of a word, which is nothing when it is empty.
pub(crate) fn literal(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', APOSTROPHE)) }
}

/// The same for a path: `~/` is the home of the user there.
pub(crate) fn quote_path(path: &str) -> String {
    match path.strip_prefix("~/") {
        Some(rest) => format!("\"$HOME\"/{}", quote(rest)),
        None if path == "~" => "\"$HOME\"".to_owned(),
        None => quote(path),
    }
}

/// Words of `sh` for a text of a configuration. One of several lines ends at the first line that fails.
pub(crate) fn shell_words(text: &str) -> [&str; 3] {
    let has_lines = text.trim().contains('\n');
    ["sh", if has_lines { "-ec" } else { "-c" }, text]
}

/// An apostrophe between quotes: without a backslash, which fish reads otherwise there.
const APOSTROPHE: &str = r#"'"'"'"#;
/// Gives `$__n` a line break.
const LINE_BREAK: &str = r#"__n=$(printf "\012."); __n=${__n%.}; "#;

/// Runs a script of `sh` there, whatever the login shell is: sh, fish and csh read the line alike. In the script a line
/// break stands between single quotes only.
pub(crate) fn script(text: &str) -> String {
    // csh wants no line break in quotes
    let text = match text.contains('\n') {
        true => format!("{LINE_BREAK}{}", text.replace('\n', r#"'"$__n"'"#)),
        false => text.to_owned(),
    };
    let mut line = "exec sh -c '".to_owned();
    for c in text.chars() {
        match c {
            '\'' => line.push_str(APOSTROPHE),
            // fish takes the one for itself between quotes, csh the other
            '\\' | '!' => line.extend(['\'', '\\', c, '\'']),
            c => line.push(c),
        }
    }
    line + "'"
}

/// Runs `$@` and ends when it does, also when something that it left in the background has its output open: that goes
/// on, its output thrown away, and is named. `go` says on file 8 what was started (`c`), how it ended (`e`), and when a
/// moment has passed since (`t`); `relay` who passes the output on (`p`), and that there is no more of it (`r`).
const RUN: [&str; 4] = [
    r#"go() { exec 2>&1 >&7 7>&-; if command -v setsid >/dev/null; then set -- setsid "$@"; fi; "$@" INPUT 3<&- 4>&- 5>&- 8>&- & echo "c $!" >&8; wait $!; e=$?; exec >/dev/null 2>&1 3<&- 4>&- 5>&-; { sleep 0.4 8>&- & echo "e $e $!" >&8; wait $!; [ $? != 1 ] || sleep 1; echo t >&8; } & }"#,
    r#"relay() { exec 6<&0; cat <&6 >&$1 3<&- 4>&- 5>&- 6<&- 7>&- 8>&- & echo "p $!" >&8; wait $!; if [ $? = 143 ]; then exec >/dev/null 3<&- 4>&- 5>&- 7>&-; cat <&6 8>&- & fi; echo r >&8; }"#,
    r#"left() { { ps -eo pgid,args || ps -o pgid,args; } | while read -r g a; do [ "$g" != "$c" ] || printf " [%s]" "$a"; done; }"#,
    r#"exec 4>&1 5>&2; { { go "$@" | relay 5 2>/dev/null; } 7>&1 | relay 4 2>/dev/null; } 8>&1 | { n=0; while read -r k a b; do case $k in c) c=$a; WATCH;; p) p="$p $a";; r) n=$((n+1));; e) e=$a; s=$b;; t) break;; esac; if [ $n = 2 ] && [ "$s" ]; then break; fi; done; kill $s $w; if [ $n != 2 ]; then echo "LEFT$(left); its output is thrown away from now on" >&5; kill $p; elif kill -0 -$c; then echo "LEFT$(left)" >&5; fi; exit ${e:-1}; } 2>/dev/null"#,
];
/// Ends what runs when standard input, which is file 3, ends.
const WATCH: &str =
    "(while read -r _; do :; done; kill -TERM -$c || kill -TERM $c) <&3 >/dev/null 4>&- 5>&- & w=$!";
/// What a line about programs in the background begins with.
const LEFT: &str = "infractl: still running in the background there:";

/// What the command itself said: without the line that names what goes on in the background.
pub(crate) fn said(tail: &str) -> String {
    let lines: Vec<&str> = tail.lines().filter(|line| !line.starts_with(LEFT)).collect();
    lines.join("\n")
}

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
                let text = text.expose_secret().replace('\'', APOSTROPHE);
                secrets.push_str(&format!("export {name}='{text}'\n"));
            }
        }
    }
    let lines = secrets.lines().count();
    if lines > 0 {
        // `read` takes no byte more than the line, so what follows is left for the command
        parts.push(format!(
            "s=; i=0; while [ $i -lt {lines} ]; do IFS= read -r l || exit 1; s=\"$s$l\"'\n'; i=$((i+1)); done; eval \"$s\"; unset s l i"
        ));
    }
    if !plain.is_empty() {
        parts.push(format!("export{plain}"));
    }
    if let Some(dir) = dir {
        parts.push(format!("cd -- {} || exit 1", quote_path(dir)));
    }
    let words: Vec<String> = [&cmd.program].into_iter().chain(&cmd.args).map(|word| quote(word)).collect();
    let (input, watch) = match cmd.input {
        Input::None => ("</dev/null", WATCH),
        _ => ("<&3", ":"),
    };
    parts.push(format!("exec 3<&0; set -- {}", words.join(" ")));
    parts.extend(RUN.map(|part| part.replace("INPUT", input).replace("WATCH", watch).replace("LEFT", LEFT)));
    (script(&parts.join("; ")), (lines > 0).then(|| secrets.into()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the line is given to a real shell")]

    use std::io::Write as _;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    /// Login shells of this machine, and what may be its `sh`.
    fn shells() -> Vec<(PathBuf, Option<PathBuf>)> {
        let find = |name: &str| which::which(name).ok();
        let login = ["sh", "bash", "fish", "tcsh"].iter().filter_map(|name| find(name));
        let inner = ["bash", "busybox"].iter().filter_map(|name| find(name));
        login.map(|shell| (shell, None)).chain(inner.map(|sh| ("sh".into(), Some(sh)))).collect()
    }

    /// A shell that gets the line as sshd gives it.
    fn start(line: &str, shell: &Path, sh: Option<&Path>) -> Child {
        let folder = tempfile::tempdir().unwrap();
        let mut path = std::env::var_os("PATH").unwrap();
        if let Some(sh) = sh {
            std::os::unix::fs::symlink(sh, folder.path().join("sh")).unwrap();
            let first = [folder.path().to_owned()].into_iter();
            path = std::env::join_paths(first.chain(std::env::split_paths(&path))).unwrap();
            std::mem::forget(folder);
        }
        let mut command = Command::new(shell);
        command.env("PATH", path).args(["-c", line]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What the line prints.
    fn run(cmd: &Cmd, dir: Option<&str>, input: &str) -> Vec<String> {
        let cmd = cmd.clone().input(input.to_owned().into());
        let (line, secrets) = line(&cmd, dir);
        assert!(!line.contains("CANARY") && !line.contains('\n'), "{line}");
        let secrets = secrets.map_or(String::new(), |text| text.expose_secret().to_owned());
        let one = |(shell, sh): (PathBuf, Option<PathBuf>)| {
            let mut child = start(&line, &shell, sh.as_deref());
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(secrets.as_bytes()).unwrap();
            let _ = stdin.write_all(input.as_bytes());
            drop(stdin);
            String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
        };
        shells().into_iter().map(one).collect()
    }

    #[test]
    fn words_variables_secrets_folder_and_input_arrive_as_they_are() {
        let nasty = "it's \"$HOME\" `id` \\n\n two  spaces; *\\\\ hi!you !! ~ %self";
        let print = "printf '%s|' \"$1\" \"$PLAIN\" \"$SECRET\" \"$OTHER\" \"$(pwd)\"; cat";
        let cmd = Cmd::new("sh")
            .args(["-c", print, "x", nasty])
            .env("PLAIN", nasty)
            .secret("SECRET", format!("CANARY {nasty}\n").into())
            .secret("OTHER", "CANARY'".to_owned().into());
        for said in run(&cmd, Some("/usr"), "in\nput") {
            assert_eq!(said, format!("{nasty}|{nasty}|CANARY {nasty}\n|CANARY'|/usr|in\nput"));
        }
    }

    #[test]
    fn without_input_it_ends_with_what_it_started_when_standard_input_does() {
        for (shell, sh) in shells() {
            let start = |script: &str| {
                start(&line(&Cmd::new("sh").args(["-c", script]), None).0, &shell, sh.as_deref())
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
    fn what_it_leaves_in_the_background_goes_on_and_is_named() {
        for (shell, sh) in shells().into_iter().filter(|(shell, sh)| sh.is_some() || shell.ends_with("sh")) {
            let dir = tempfile::tempdir().unwrap();
            let late = dir.path().join("late");
            let leaves = |script: String, input: Option<&str>| {
                let mut cmd = Cmd::new("sh").args(["-c", &script]);
                if let Some(input) = input {
                    cmd = cmd.input(input.to_owned().into());
                }
                let begun = Instant::now();
                let mut child = start(&line(&cmd, None).0, &shell, sh.as_deref());
                let stdin = child.stdin.take();
                let done = child.wait_with_output().unwrap();
                drop(stdin);
                assert!(begun.elapsed() < Duration::from_secs(5), "{script}");
                (done.status.code(), done.stdout, String::from_utf8(done.stderr).unwrap())
            };
            let writes =
                format!("(sleep 1.5; echo a; echo b >&2; echo on >{}) & echo x; exit 3", late.display());
            for input in [None, Some("")] {
                let (code, out, said) = leaves(writes.clone(), input);
                assert_eq!((code, out), (Some(3), b"x\n".to_vec()));
                assert!(said.starts_with(LEFT) && said.contains("thrown away"), "{said}");
                let begun = Instant::now();
                while !late.exists() {
                    assert!(
                        begun.elapsed() < Duration::from_secs(20),
                        "it ended when it next wrote: {shell:?}"
                    );
                    std::thread::sleep(Duration::from_millis(20));
                }
                std::fs::remove_file(&late).unwrap();
            }
            let (code, _, said) = leaves("sleep 1.5 >/dev/null 2>&1 & exit 0".to_owned(), None);
            assert_eq!(code, Some(0));
            assert!(
                said.starts_with(LEFT) && said.contains("[sleep 1.5]") && said.lines().count() == 1,
                "{said}"
            );
            let (code, _, said) = leaves("setsid sleep 1.5 & exit 0".to_owned(), None);
            assert!(code == Some(0) && said.starts_with(LEFT), "{said}");
        }
    }

    #[test]
    fn a_text_of_several_lines_ends_at_the_first_that_fails() {
        assert_eq!(shell_words("a; b\n"), ["sh", "-c", "a; b\n"]);
        assert_eq!(shell_words("a\nb")[1], "-ec");
    }

    #[test]
    fn a_home_is_the_one_over_there() {
        assert_eq!(quote_path("~/a b"), "\"$HOME\"/'a b'");
        assert_eq!(quote_path("~x"), "'~x'");
    }

    #[test]
    fn a_folder_that_is_not_there_ends_it() {
        assert!(run(&Cmd::new("echo").arg("x"), Some("/no/such"), "").iter().all(String::is_empty));
    }
}
