//! Terminals that infractl runs on, by util-linux's `script`.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::canary::CANARY;
use super::people::{Person, Repo};
use super::program::BIN;
use super::sandbox::Sandbox;

/// A terminal of its own, by util-linux's `script`.
pub(crate) struct Terminal {
    pub(crate) child: Child,
    keys: Option<ChildStdin>,
    pub(crate) screen: Arc<Mutex<String>>,
    seen: usize,
}

impl Terminal {
    /// Starts a line of shell in which `$I` is infractl.
    pub(crate) fn start(person: &Person, repo: &Repo, vars: &[(&str, &str)], line: &str) -> Self {
        let mut command = person.command("script", repo.root());
        command.env("I", BIN).envs(vars.iter().copied());
        Terminal::with(command, line)
    }

    /// Starts infractl as this command has it, with its folder and its variables.
    pub(crate) fn of(infractl: &Command) -> Self {
        let words = std::iter::once(infractl.get_program()).chain(infractl.get_args());
        let line: Vec<&str> = words.map(|word| word.to_str().unwrap()).collect();
        let mut command = Command::new("script");
        command.current_dir(infractl.get_current_dir().unwrap()).env_clear();
        command.envs(infractl.get_envs().filter_map(|(name, value)| Some((name, value?))));
        // A shell between them would end by Ctrl-C, whatever infractl makes of it.
        Terminal::with(command, &format!("exec {}", line.join(" ")))
    }

    fn with(mut command: Command, line: &str) -> Self {
        command
            .args(["-qfec", line, "/dev/null"])
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let (mut out, shared) = (child.stdout.take().unwrap(), screen.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                shared.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Terminal { keys: child.stdin.take(), child, screen, seen: 0 }
    }

    /// Waits until this is printed after what was waited for before.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            let screen = self.screen.lock().unwrap().clone();
            if let Some(at) = screen[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "`{text}` was not printed:\n{screen}");
            sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end; its exit code and all that was printed.
    pub(crate) fn end(mut self) -> (i32, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "it does not end: {}",
                self.screen.lock().unwrap()
            );
            sleep(Duration::from_millis(10));
        };
        sleep(Duration::from_millis(50));
        let screen = self.screen.lock().unwrap().clone();
        assert!(!screen.contains(CANARY), "a secret on the terminal:\n{screen}");
        (status.code().unwrap_or(-1), screen)
    }
}

/// Runs infractl on a terminal of its own, by util-linux's `script`.
pub(crate) fn on_a_terminal(project: &Sandbox, columns: u32, typed: &str, args: &str) -> (i32, String) {
    let line = format!("stty cols {columns} rows 24; {BIN} {args}");
    let mut child = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(project.root())
        .env("TERM", "xterm-256color")
        .env_remove("CI")
        .env_remove("TF_CLI_CONFIG_FILE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let typed = typed.to_owned();
    let typist = std::thread::spawn(move || {
        for text in typed.split_inclusive('\n') {
            std::thread::sleep(std::time::Duration::from_millis(1500));
            let _ = std::io::Write::write_all(&mut stdin, text.as_bytes());
        }
        std::thread::sleep(std::time::Duration::from_millis(1500));
    });
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    typist.join().unwrap();
    (child.wait().unwrap().code().unwrap_or(-1), out)
}
