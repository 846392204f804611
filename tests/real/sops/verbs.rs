//! Every verb of infractl on files of sops, and every verb of sops on files of infractl.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use super::real::{Said, Sops, shown};
use crate::common::{BIN, public};

const YAML: &str = "# the head\ntext: some text  # of a value\nnumber: 7\nmap:\n    # in it\n    inner: x\n    list:\n        - one\n        - 2.5\n        - k: v\n\nflag: true\nclear_unencrypted: 'yes'\nempty: \"\"\nnothing: null\nlast: \"1\"\n";
const JSON: &str = r#"{"text": "some text", "number": 7, "map": {"inner": "x", "list": ["one", 2.5, {"k": "v"}]}, "flag": true, "clear_unencrypted": "yes", "empty": "", "nothing": null, "last": "1"}"#;
const DOTENV: &str =
    "# the head\ntext=some text\nnumber=7\n# two\ninner=x=y\nclear_unencrypted=yes\nempty=\nlast=\"1\"\\n\n";

const FILES: [(&str, &str); 3] = [("x.enc.yaml", YAML), ("x.enc.json", JSON), ("x.enc.env", DOTENV)];

fn rules(sops: &Sops, recipients: &[String]) {
    let text: Vec<_> = recipients.iter().map(|key| format!("      - {key}\n")).collect();
    let text = format!("creation_rules:\n  - path_regex: ^x\\.enc\\.\n    age:\n{}", text.concat());
    sops.write(".sops.yaml", text.as_bytes());
}

/// A folder with rules for the keys a and b.
fn folder() -> Option<Sops> {
    let sops = Sops::new()?;
    rules(&sops, &[public("a.txt"), public("b.txt")]);
    sops.write("environments/defaults.toml", b"");
    Some(sops)
}

fn infractl(sops: &Sops, args: &[&str]) -> Said {
    Sops::say(&mut infractl_command(sops, args))
}

fn infractl_command(sops: &Sops, args: &[&str]) -> Command {
    let mut command = crate::common::program(BIN, sops.dir.path());
    command.arg("secrets").args(args).env("SOPS_AGE_KEY_FILE", sops.path("keys.txt"));
    command
}

/// Both print the file, the same.
#[track_caller]
fn same(sops: &Sops, name: &str, after: &str) -> Vec<u8> {
    let theirs = sops.run(&["decrypt", name]);
    assert_eq!(theirs.code, 0, "{name} after {after}: {}\n{}", theirs.err, shown(&sops.read(name)));
    let ours = infractl(sops, &["view", name]);
    assert_eq!(ours.code, 0, "{name} after {after}: {}", ours.err);
    assert_eq!(shown(&ours.out), shown(&theirs.out), "{name} after {after}");
    assert!(ours.out == theirs.out);
    theirs.out
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn changed(before: &[u8], after: &[u8]) -> usize {
    let (gone, new) = crate::common::differences(before, after);
    gone.len().max(new.len())
}

fn set(sops: &Sops, name: &str, path: &str, value: &str, json: bool) {
    sops.write("value", value.as_bytes());
    let mut args = vec!["set", name, path, "--from-file", "value"];
    if json {
        args.push("--json");
    }
    infractl(sops, &args).ok();
}

/// A script as the editor of both.
fn edit(mut command: Command, sops: &Sops, script: &str) {
    let editor = sops.write("editor", format!("set -e\n{script}\n").as_bytes());
    Sops::say(command.env("EDITOR", format!("sh {}", editor.display()))).ok();
}

#[test]
fn sops_opens_what_every_verb_of_infractl_leaves() {
    let Some(sops) = folder() else { return };
    for (name, plain) in FILES {
        for by_sops in [true, false] {
            sops.write(name, plain.as_bytes());
            let file = if by_sops {
                sops.run(&["encrypt", name]).ok()
            } else {
                infractl(&sops, &["encrypt", name]).ok()
            };
            sops.write(name, &file);
            let is_env = name.ends_with("env");
            let start = same(&sops, name, "encrypt");

            // One value: three lines change, and no other ciphertext.
            set(&sops, name, "text", "new: value # x\nwith \"two\" lines", false);
            // One less when the second is still the same.
            let lines = changed(&file, &sops.read(name));
            assert!((2..=3).contains(&lines), "{name}\n{}", shown(&sops.read(name)));
            assert!(same(&sops, name, "set") != start);
            set(&sops, name, "added", "é 😀 'q' \\ =", false);
            same(&sops, name, "set of a new key");
            if is_env {
                set(&sops, name, "number", "8", true);
            } else {
                set(&sops, name, r#"["map"]["list"][1]"#, "-7", true);
                set(
                    &sops,
                    name,
                    r#"["map"]["list"][3]"#,
                    r#"{"deep": [true, null, 1.0, "x"], "z": {}}"#,
                    true,
                );
                set(&sops, name, r#"["new"]["in"]["side"]"#, "false", true);
                set(&sops, name, "clear_unencrypted", "[1, \"two\", 1e21]", true);
                same(&sops, name, "set inside");
                infractl(&sops, &["unset", name, r#"["map"]["list"][0]"#]).ok();
                infractl(&sops, &["unset", name, r#"["new"]["in"]["side"]"#]).ok();
            }
            infractl(&sops, &["unset", name, "last"]).ok();
            let before = same(&sops, name, "unset");

            let old = sops.read(name);
            infractl(&sops, &["rotate", name]).ok();
            assert!(same(&sops, name, "rotate") == before && sops.read(name) != old, "{name}");

            let script = "sed -i -e 's/some/any/' -e 's/new: value/old: value/' \"$1\"";
            edit(infractl_command(&sops, &["edit", name]), &sops, script);
            let edited = same(&sops, name, "edit");
            assert!(text(&edited).contains("old: value"), "{}", text(&edited));

            // Who can open it.
            let (a, c) = (public("a.txt"), public("c.txt"));
            rules(&sops, &[a.clone(), c.clone()]);
            infractl(&sops, &["updatekeys", name]).ok();
            assert!(same(&sops, name, "updatekeys") == edited);
            assert!(openers(&sops, name) == [true, false, true], "{name}");
            infractl(&sops, &["recipients", "add", &public("b.txt"), name]).ok();
            assert!(same(&sops, name, "recipients add") == edited);
            assert!(openers(&sops, name) == [true, true, true], "{name}");
            infractl(&sops, &["recipients", "remove", &c, name]).ok();
            assert!(same(&sops, name, "recipients remove") == edited);
            assert!(openers(&sops, name) == [true, true, false], "{name}");
            let status = sops.run(&["filestatus", name]).ok();
            assert_eq!(text(&status).trim(), r#"{"encrypted":true}"#);
            rules(&sops, &[a, public("b.txt")]);
        }
    }
}

/// Which of the keys a, b and c sops opens the file with.
fn openers(sops: &Sops, name: &str) -> [bool; 3] {
    ["a.txt", "b.txt", "c.txt"].map(|key| {
        let key = crate::common::own().join("keys").join(key);
        let said = Sops::say(sops.command(&["decrypt", name]).env("SOPS_AGE_KEY_FILE", key));
        assert!(said.code == 0 || said.code == 128, "{}", said.err);
        said.code == 0
    })
}

#[test]
fn infractl_opens_what_every_verb_of_sops_leaves() {
    let Some(sops) = folder() else { return };
    for (name, plain) in FILES {
        sops.write(name, plain.as_bytes());
        infractl(&sops, &["encrypt", "--in-place", name]).ok();
        same(&sops, name, "encrypt");
        sops.run(&["set", name, r#"["text"]"#, r#""of sops: #\n x""#]).ok();
        same(&sops, name, "sops set");
        sops.run(&["set", name, r#"["number"]"#, "1.0"]).ok();
        sops.run(&["set", name, r#"["more"]"#, "true"]).ok();
        same(&sops, name, "sops set of types");
        sops.run(&["unset", name, r#"["last"]"#]).ok();
        same(&sops, name, "sops unset");
        sops.run(&["rotate", "-i", name]).ok();
        same(&sops, name, "sops rotate");
        sops.run(&["rotate", "-i", "--add-age", &public("c.txt"), name]).ok();
        same(&sops, name, "sops rotate for one more");
        sops.run(&["updatekeys", "-y", name]).ok();
        same(&sops, name, "sops updatekeys");
        edit(sops.command(&["edit", name]), &sops, "sed -i 's/of sops/of nobody/' \"$1\"");
        assert!(text(&same(&sops, name, "sops edit")).contains("of nobody"));
        // And ours again, in a file that sops laid out.
        set(&sops, name, "text", "ours", false);
        assert!(text(&same(&sops, name, "set")).contains("ours"));
    }
}

fn json(text: &[u8]) -> Result<serde_json::Value, serde_json::Error> {
    serde_json::from_slice(text)
}

#[test]
fn get_prints_what_extract_prints() {
    let Some(sops) = folder() else { return };
    for (name, plain) in &FILES[..2] {
        sops.write(name, plain.as_bytes());
        sops.run(&["encrypt", "-i", name]).ok();
        for path in [
            r#"["text"]"#,
            r#"["number"]"#,
            r#"["flag"]"#,
            r#"["empty"]"#,
            r#"["map"]["inner"]"#,
            r#"["map"]["list"][0]"#,
            r#"["map"]["list"][2]["k"]"#,
            r#"["map"]["list"][1]"#,
            r#"["clear_unencrypted"]"#,
            r#"["map"]["list"][2]"#,
            r#"["map"]"#,
        ] {
            // sops ends all but texts with a line end, and prints maps in the form of the file: here a single value
            // has no line end, and maps are JSON.
            let theirs = sops.run(&["decrypt", "--extract", path, "--output-type", "json", name]).ok();
            for args in [["get", name, path].as_slice(), &["decrypt", "--extract", path, name]] {
                let ours = infractl(&sops, args).ok();
                if let (Ok(ours), Ok(theirs)) = (json(&ours), json(&theirs)) {
                    assert_eq!(ours, theirs, "{name} {path}");
                } else {
                    assert_eq!(text(&ours), text(&theirs), "{name} {path}");
                }
            }
        }
        for path in [r#"["none"]"#, r#"["map"]["list"][9]"#, r#"["text"]["x"]"#] {
            assert_ne!(sops.run(&["decrypt", "--extract", path, name]).code, 0);
            let ours = infractl(&sops, &["get", name, path]);
            assert!(ours.code == 65 && ours.err.contains(name), "{}: {}", ours.code, ours.err);
        }
    }
}

#[test]
fn exec_gives_the_variables_of_exec_env() {
    let Some(sops) = folder() else { return };
    let yaml = "A: text\nB: 7\nC: 1.5\nD: true\nE: 2001-01-02\nF: 1e21\nG: ''\nH: \"two\\nlines\"\nI: 0o17\nJ: 1.0\nK: 2001-12-14t21:59:43.10-05:00\n";
    let env = "A=text\nB=\"quoted\"\nC=a\\nb\nD= x \nE=$HOME\nG=\n";
    let json = r#"{"A": "text", "B": 7, "C": 1.5, "D": false, "F": 1e-7, "G": "", "H": "é\n", "J": 1.0}"#;
    for (name, plain) in [("x.enc.yaml", yaml), ("x.enc.env", env), ("x.enc.json", json)] {
        sops.write(name, plain.as_bytes());
        sops.run(&["encrypt", "-i", name]).ok();
        let read = |said: Said| -> BTreeMap<String, String> {
            let all = crate::dotenv::environment(&said.ok());
            all.into_iter().filter(|(name, _)| name.len() == 1 && *name != *"_").collect()
        };
        let theirs = read(sops.run(&["exec-env", name, "/usr/bin/env -0"]));
        let ours = read(infractl(&sops, &["exec", name, "--", "/usr/bin/env", "-0"]));
        assert_eq!(ours, theirs, "{name}");
        assert!(ours.len() >= 6);
    }
    for code in [0, 3] {
        let run = format!("exit {code}");
        assert_eq!(sops.run(&["exec-env", "x.enc.env", &run]).code, code);
        assert_eq!(infractl(&sops, &["exec", "x.enc.env", "--", "sh", "-c", &run]).code, code);
    }
}

#[test]
fn sops_opens_what_git_merges() {
    let Some(sops) = folder() else { return };
    let git = |args: &[&str]| {
        let mut command = crate::common::program("git", sops.dir.path());
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "x").env(format!("GIT_{who}_EMAIL"), "x@example.org");
        }
        command.env("SOPS_AGE_KEY_FILE", sops.path("keys.txt"));
        Sops::say(command.args(args)).ok()
    };
    git(&["init", "-q", "-b", "main"]);
    fs::write(sops.path(".gitignore"), "keys.txt\nvalue\neditor\n").unwrap();
    for (name, plain) in FILES {
        sops.write(name, plain.as_bytes());
        sops.run(&["encrypt", "-i", name]).ok();
    }
    infractl(&sops, &["merge", "--install"]).ok();
    let commit = || {
        git(&["add", "-A"]);
        git(&["commit", "-qm", "x"]);
    };
    commit();
    git(&["checkout", "-qb", "side"]);
    for (name, _) in FILES {
        sops.run(&["set", name, r#"["text"]"#, r#""of sops""#]).ok();
        sops.run(&["set", name, r#"["theirs"]"#, r#""new""#]).ok();
    }
    commit();
    git(&["checkout", "-q", "main"]);
    for (name, _) in FILES {
        set(&sops, name, "number", "ours", false);
        set(&sops, name, "ours", "also new", false);
    }
    commit();
    git(&["merge", "-q", "--no-edit", "side"]);
    for (name, _) in FILES {
        let merged = text(&same(&sops, name, "merge"));
        for part in ["of sops", "new", "ours", "also new"] {
            assert!(merged.contains(part), "{part} in {merged}");
        }
    }
}
