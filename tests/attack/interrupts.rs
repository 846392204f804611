//! SIGINT and SIGTERM at any instant of every verb that writes.

use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::common::{BIN, Repo, send, start, wait_for};
use crate::kills::{Usual, prepared, works_again};
use crate::rounds::rounds;
use crate::verbs::ALL;
use crate::world::World;

/// terraform is given as long as it needs; nothing here takes longer than this.
const LONGEST: Duration = Duration::from_secs(30);

#[test]
fn interrupts() {
    let mut world = World::new("interrupts");
    let mut usual = Usual::default();
    let (mut ended, mut done, mut early) = (0, 0, 0);
    rounds(ALL.len() as u64, |seed, numbers| {
        let verb = &ALL[usize::try_from(seed).unwrap() % ALL.len()];
        let before = prepared(&mut world, verb, seed);
        let mut child = world.start(verb);
        std::thread::sleep(usual.instant(verb, numbers.below(1000)));
        let (signal, code) = [(Signal::INT, 130), (Signal::TERM, 143)][numbers.below(2)];
        let pressed = Instant::now();
        // A terminal sends it to the whole group, `kill` to the one process.
        if numbers.below(2) == 0 {
            let _ = kill_process_group(Pid::from_child(&child), signal);
        } else {
            send(&child, signal);
        }
        wait_for("the end of an interrupted run", || child.try_wait().unwrap().is_some());
        assert!(pressed.elapsed() < LONGEST, "{}: {:?}", verb.words, pressed.elapsed());
        let (status, said) = (child.wait().unwrap(), world.said());
        match (status.code(), status.signal()) {
            (Some(0), _) => {
                done += 1;
                world.is_done(verb, &before);
            }
            (Some(ended_with), _) => {
                ended += 1;
                assert_eq!(ended_with, code, "{}:\n{said}", verb.words);
            }
            // Nothing listened yet, and nothing was begun.
            (None, by) => {
                early += 1;
                assert_eq!(by, Some(signal.as_raw()), "{}:\n{said}", verb.words);
            }
        }
        assert_eq!(world.living(), Vec::<String>::new(), "{}: left by\n{said}", verb.words);
        world.is_whole(verb, &before);
        world.edited_text_is_gone(child.id());
        usual.learn(verb, works_again(&world, verb, &before));
    });
    println!("{ended} ended by the signal, {early} before they listened, {done} were done");
    world.run("history", "");
}

/// Found by the attack: who was stopped before a program was started said SIGINT whatever it was, and a command for the key
/// that ended by the signal was a key that is missing.
#[test]
fn the_exit_code_is_that_of_the_signal_wherever_it_comes() {
    let (repo, alice) = Repo::with_secrets();
    let key = alice.home.path().join(".config/sops/age/keys.txt");
    let begun = repo.path("begun");
    let command = format!("sh -c 'echo > {}; sleep 20'", begun.display());
    std::fs::rename(&key, alice.home.path().join("elsewhere")).unwrap();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut view = alice.command(BIN, repo.root());
        let mut child = start(view.args(["secrets", "view", "dev"]).env("SOPS_AGE_KEY_CMD", &command));
        wait_for("the command", || begun.exists());
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        std::fs::remove_file(&begun).unwrap();
    }
}
