//! Snapshots of OpenStack and Azure, through a fake of their programs (`tests/cloud/fake.py`): there is no cloud behind it. What it
//! shows is how infractl asks, waits and tells faults apart.

use serde_json::Value as Json;

use rustix::process::Signal;

use crate::common::{CANARY, Run, Sandbox, need, path_with, send, start, wait_for};

struct Fake(Sandbox);

impl Fake {
    fn of(kind: &str, volume: &str, more: &str) -> Option<Fake> {
        let python = need("python")?;
        let project = Sandbox::empty();
        let fake = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cloud/fake.py");
        let program = project.path(if kind == "azure" { "bin/az" } else { "bin/openstack" });
        let text = std::fs::read_to_string(fake).unwrap();
        project.script(&program, &format!("#!{}\n{text}", python.to_string_lossy()));
        let project = project
            .with_secrets(&[("OS_PASSWORD", &format!("{CANARY}pw"))])
            .with_var("PATH", path_with([program]));
        let place = project.path("cloud.json");
        let fake = Fake(project.with_var("FAKE_CLOUD", place));
        fake.keeps(kind, volume, more);
        Some(fake)
    }

    fn keeps(&self, kind: &str, volume: &str, more: &str) {
        let config = format!("[snapshots.data]\nkind = \"{kind}\"\nof = \"{volume}\"\n{more}");
        self.0.write(
            "environments/defaults.toml",
            "[project]\nname = \"shop\"\n[secrets]\nfiles = [\"all.enc.env\"]\nidentity = \"key.txt\"\n",
        );
        self.0.environment("dev", &config);
    }

    fn run(&self, args: &[&str], code: i32) -> Run {
        self.0.run(args, code)
    }

    fn list(&self) -> Vec<Json> {
        serde_json::from_str(&self.run(&["snapshot", "list", "dev", "--json"], 0).out).unwrap()
    }

    fn has(&self, kind: &str) -> usize {
        let all: Json = serde_json::from_str(&self.0.read("cloud.json")).unwrap();
        all[kind].as_object().unwrap().len()
    }
}

/// Made, listed, checked, restored and removed.
fn goes_round(fake: &Fake, kind: &str, more: &str) {
    fake.keeps(kind, "data", &format!("{more}keep = 1\n"));
    fake.run(&["snapshot", "create", "dev"], 0).says("at most ");
    let one = &fake.list()[0];
    assert_eq!((one["of"].as_str(), one["trouble"].is_null()), (Some("data"), true), "{one}");
    fake.run(&["snapshot", "verify", "dev"], 0).says("it was not restored");
    let verify = format!("{more}keep = 1\nverify = {{ restore = true }}\n");
    fake.keeps(kind, "data", &verify);
    fake.run(&["snapshot", "verify", "dev"], 0).says("restored into a new");
    assert_eq!(fake.has("new"), 0, "what a check makes is removed");
    let how = fake.list()[0]["verified"]["how"].as_str().unwrap().to_owned();
    assert!(how.starts_with("restored into a new"), "{how}");
    fake.run(&["snapshot", "restore", "dev", "data"], 0).says("switch: ").says("terraform import");
    assert_eq!(fake.has("new"), 1);
    let is_like = fake.0.read("cloud.json.log").contains("--sku Premium_LRS --zone 2");
    assert_eq!(is_like, kind == "azure", "what is new is like what it was of");
    fake.run(&["snapshot", "prune", "dev", "--yes"], 0).says("nothing to remove");
    fake.keeps(kind, "none", more);
    fake.run(&["snapshot", "create", "dev"], 1).says("there is no snapshot of `none`").says("check `of`");
    fake.keeps(kind, "lasting", more);
    fake.run(&["snapshot", "create", "dev"], 0);
    fake.keeps(kind, "broken", more);
    fake.run(&["snapshot", "create", "dev"], 1).says("is in `").says("remove it: `");
    // One that never gets whole: whoever ends the wait knows where to look.
    fake.keeps(kind, "slow", more);
    fake.0.write("cloud.json.log", "");
    let child = start(&mut fake.0.command(&["snapshot", "create", "dev"]));
    let shows = if kind == "azure" { "snapshot show --ids" } else { "snapshot show -f json" };
    wait_for("a look at it", || {
        fake.0.read("cloud.json.log").lines().last().is_some_and(|line| line.contains(shows))
    });
    send(&child, Signal::INT);
    let run = Run::ended(child.wait_with_output().unwrap());
    fake.0.ended(run, 130).says("the cloud goes on with it").says(shows);
    assert!(!fake.0.read("cloud.json.log").contains(CANARY));
}

#[test]
fn a_volume_of_openstack_is_kept_by_its_properties() {
    let Some(fake) = Fake::of("openstack", "data", "") else { return };
    goes_round(&fake, "openstack", "");
    fake.keeps("openstack", "used", "");
    fake.run(&["snapshot", "create", "dev"], 1).says("in-use").says("live = true");
    fake.keeps("openstack", "used", "live = true\n");
    fake.run(&["snapshot", "create", "dev"], 0);
    fake.keeps("openstack", "full", "");
    fake.run(&["snapshot", "create", "dev"], 1)
        .says("SnapshotLimitExceeded")
        .says("openstack quota show --volume");
    fake.keeps("openstack", "gone", "");
    fake.run(&["snapshot", "create", "dev"], 0);
    fake.keeps("openstack", "gone", "verify = { restore = true }\n");
    fake.run(&["snapshot", "verify", "dev"], 0);
    fake.run(&["snapshot", "verify", "dev", "nothing"], 64).says("has no snapshot `nothing`");
    fake.keeps("openstack", "data", "resource-group = \"g\"\n");
    fake.run(&["snapshot", "create", "dev"], 78).says("`resource-group` means nothing to `openstack`");
    fake.keeps("openstack", "data", "verify = \"./check\"\n");
    fake.run(&["snapshot", "create", "dev"], 78).says("is checked by asking the cloud");
}

#[test]
fn a_disk_of_azure_is_kept_by_its_tags() {
    let group = "resource-group = \"g\"\n";
    let Some(fake) = Fake::of("azure", "data", group) else { return };
    goes_round(&fake, "azure", group);
    fake.keeps("azure", "data", "resource-group = \"none\"\n");
    fake.run(&["snapshot", "create", "dev"], 1).says("could not be found").says("correct `resource-group`");
    fake.keeps("azure", "data", "");
    fake.run(&["snapshot", "create", "dev"], 78).says("`azure` needs `resource-group`");
}
