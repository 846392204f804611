//! Tasks of ECS that crash again and again in the same way.

use crate::ecs::Ecs;

const LOAD: &str = "[pipelines]\nload = [{ ecs = { run = \"etl\" }, retry = { attempts = 5, every = \"1s\", on = [\"any\"] } }]\n";

#[test]
fn the_third_equal_crash_ends_a_retry() {
    let Some(ecs) = Ecs::new("", LOAD) else { return };
    // From one run to the next; a good end begins anew.
    ecs.definition(&["sh", "-c", "echo other; exit 4"], "");
    ecs.infractl(&["run", "dev", "etl"]).code(4).never_says("it was the same");
    ecs.infractl(&["run", "dev", "etl"]).code(4).says("it was the same the last time");
    let kept = || ecs.project.read(".infractl/crashes/dev.json");
    assert!(kept().contains("\"times\": 2") && !kept().contains("other"), "{}", kept());
    ecs.definition(&["sh", "-c", "echo well"], "");
    ecs.infractl(&["run", "dev", "etl"]).code(0);
    assert_eq!(kept(), "{}");
    // What is different each time does not count: times, numbers, identifiers.
    ecs.definition(&["sh", "-c", "echo began; echo $(date) row 0x$(date +%s) is wrong; exit 3"], "");
    ecs.infractl(&["load", "dev"])
        .code(1)
        .says("failed at try 1 of 5")
        .says("failed at try 2 of 5")
        .never_says("at try 3 of 5")
        .says("it was the same the last 2 times")
        .says("it ended 3 times in a row in the same way");
    assert_eq!(ecs.tasks(), 3 + 3);
}
