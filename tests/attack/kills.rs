//! `kill -9` at any instant of every verb that writes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::common::Run;
use crate::rounds::rounds;
use crate::verbs::{ALL, Verb};
use crate::world::{Files, World};

#[test]
fn kills() {
    let mut world = World::new("kills");
    let mut usual = Usual::default();
    let mut killed = BTreeMap::<&str, u32>::new();
    rounds(ALL.len() as u64, |seed, numbers| {
        let verb = &ALL[usize::try_from(seed).unwrap() % ALL.len()];
        let before = prepared(&mut world, verb, seed);
        let mut child = world.start(verb);
        std::thread::sleep(usual.instant(verb, numbers.below(1000)));
        *killed.entry(verb.words).or_default() += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        world.said();
        world.settle();
        world.is_whole(verb, &before);
        world.edited_text_is_gone(child.id());
        usual.learn(verb, works_again(&world, verb, &before));
    });
    println!("{} were still at work: {killed:#?}", killed.values().sum::<u32>());
    world.run("history", "");
}

/// A round begins; the files that are there.
pub(crate) fn prepared(world: &mut World, verb: &Verb, seed: u64) -> Files {
    world.begin(seed);
    (verb.prepare)(world);
    world.files()
}

/// What the first run left holds up no second one, which does all there is to do; how long it took.
#[track_caller]
pub(crate) fn works_again(world: &World, verb: &Verb, before: &Files) -> Duration {
    let begun = Instant::now();
    let run = Run::with_input(&mut world.command(&verb.words(world)), &world.value());
    assert!(verb.again.contains(&run.code), "{}: {}\n{}\n{}", verb.words, run.code, run.out, run.err);
    let took = begun.elapsed();
    world.is_done(verb, before);
    took
}

/// How long each verb takes here.
#[derive(Default)]
pub(crate) struct Usual(BTreeMap<&'static str, Duration>);

impl Usual {
    /// An instant of its work, or a moment after.
    pub(crate) fn instant(&self, verb: &Verb, thousandths: usize) -> Duration {
        let whole = self.0.get(verb.words).copied().unwrap_or(Duration::from_millis(60));
        whole.mul_f64(1.1 * f64::from(u32::try_from(thousandths).unwrap()) / 1000.0)
    }

    pub(crate) fn learn(&mut self, verb: &Verb, took: Duration) {
        self.0.insert(verb.words, took);
    }
}
