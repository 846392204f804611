//! The estate at a glance.

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Sandbox, send, start, wait_for};

fn glance(project: &Sandbox, environment: &str) -> Value {
    let run = project.infractl(&["status", "--json"]).code(0);
    let all: Vec<Value> = serde_json::from_str(&run.out).unwrap();
    all.into_iter().find(|glance| glance["environment"] == environment).unwrap()
}

#[test]
fn the_estate_is_what_the_runs_say() {
    let project = Sandbox::new();
    project.infractl(&["status"]).code(0);
    assert_eq!(glance(&project, "dev")["last"], Value::Null);

    project.infractl(&["plan", "dev"]).code(0);
    let planned = glance(&project, "dev");
    assert_eq!(planned["last"]["verb"], "plan");
    assert_eq!(planned["planned"]["changes"]["add"], 4);
    assert_eq!(planned["changed"], Value::Null);
    assert_eq!(planned["env_file"], false);

    project.infractl(&["apply", "dev"]).code(0);
    project.infractl(&["output", "dev"]).code(0);
    let applied = glance(&project, "dev");
    assert_eq!(applied["last"]["verb"], "apply");
    assert_eq!(applied["last"], applied["changed"]);
    assert_eq!(applied["planned"], Value::Null, "what was planned before is done");
    assert_eq!((&applied["env_file"], &applied["env_file_stale"]), (&true.into(), &false.into()));
    project.edit("environments/dev/terraform.tfstate", "\"serial\": ", "\"serial\": 1");
    assert_eq!(glance(&project, "dev")["env_file_stale"], true);
    project.infractl(&["status"]).code(0).prints(" stale");
    project.infractl(&["genenv", "dev", "--check"]).code(2);
    project.edit("environments/dev/terraform.tfstate", "\"serial\": 1", "\"serial\": ");
    // What was found behind terraform's back, until something is applied.
    project.infractl(&["drift", "dev"]).code(0);
    assert_eq!(glance(&project, "dev")["drift"]["is_found"], false);
    project.infractl(&["status"]).code(0).prints("dev: drift: none, just now");
    assert_eq!(glance(&project, "rec")["last"], Value::Null);

    project.write("environments/rec/environment.toml", "wrong = ");
    assert!(glance(&project, "rec")["problem"].as_str().unwrap().contains("infractl validate rec"));
    let text = project.infractl(&["status"]).code(0).out;
    assert!(text.contains("apply done, just now by ") && text.contains("prod (protected)"), "{text}");
    project.assert_no_canary_on_disk();
}

#[test]
fn a_lock_that_somebody_holds_is_shown() {
    let project = Sandbox::new();
    project.environment("local", "[pipelines]\nhold = \"touch held; exec sleep 60\"\n");
    let mut holder = start(&mut project.command(&["hold", "local"]));
    wait_for("the run to hold the lock", || project.path("held").exists());
    let lock = glance(&project, "local")["lock"].clone();
    assert!(lock.as_str().unwrap().starts_with("`hold` by "), "{lock}");
    assert_eq!(glance(&project, "local")["last"]["outcome"], "running");
    assert_eq!(glance(&project, "dev")["lock"], Value::Null);
    project.infractl(&["status"]).code(0).prints("local is locked: `hold` by ");
    send(&holder, Signal::TERM);
    holder.wait().unwrap();
    assert_eq!(glance(&project, "local")["lock"], Value::Null);
}
