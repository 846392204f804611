//! Every verb that writes: what it is given, and which files are its own.

use crate::world::World;

pub(crate) struct Verb {
    /// As it is typed; `BOB` stands for his key.
    pub(crate) words: &'static str,
    /// Files that it may change or make.
    pub(crate) files: &'static [&'static str],
    /// Files that have the text of the round when it is done.
    pub(crate) says: &'static [&'static str],
    /// It may remove its files.
    pub(crate) removes: bool,
    /// How a second run ends when the first one was done: there may be nothing left to do.
    pub(crate) again: &'static [i32],
    /// What has to be there before.
    pub(crate) prepare: fn(&World),
}

const ENV_LOCAL: &str = "shared/.env.local";
const ENV_DEV: &str = "shared/.env.dev";
const INI_LOCAL: &str = "ansible/inventory/local.ini";
const INI_DEV: &str = "ansible/inventory/dev.ini";
const COMMON: &str = "credentials/common.enc.env";
const LOCAL: &str = "credentials/local.enc.env";
const DEV: &str = "credentials/dev.enc.env";
const SEAL: &str = "credentials/seal.enc.env";
const OURS: &str = "credentials/ours.enc.env";
/// Every file that a rule is for.
const SEALED: &[&str] =
    &[".sops.yaml", COMMON, LOCAL, DEV, OURS, "credentials/base.enc.env", "credentials/theirs.enc.env"];

const fn verb(words: &'static str, files: &'static [&'static str]) -> Verb {
    Verb { words, files, says: &[], removes: false, again: &[0], prepare: |_| {} }
}

pub(crate) const ALL: &[Verb] = &[
    Verb { says: &[ENV_LOCAL], ..verb("genenv local", &[ENV_LOCAL]) },
    Verb { says: &[INI_LOCAL], ..verb("inventory local", &[INI_LOCAL]) },
    Verb { says: &[ENV_LOCAL, INI_LOCAL], ..verb("apply local", &[ENV_LOCAL, INI_LOCAL]) },
    Verb { says: &[ENV_DEV, INI_DEV], ..verb("apply dev", &[ENV_DEV, INI_DEV]) },
    Verb { removes: true, prepare: applied, ..verb("destroy dev", &[ENV_DEV, INI_DEV]) },
    verb("plan dev --out saved.tfplan", &["saved.tfplan"]),
    Verb {
        says: &["out/one.txt", "out/two.txt"],
        prepare: World::app,
        ..verb("deploy local", &["out/one.txt", "out/two.txt"])
    },
    Verb { says: &[LOCAL], ..verb("secrets set local MARK", &[LOCAL]) },
    Verb { again: &[0, 65], ..verb("secrets unset local EXTRA", &[LOCAL]) },
    Verb { says: &[LOCAL], ..verb("secrets edit local", &[LOCAL]) },
    verb("secrets rotate", SEALED),
    Verb {
        again: &[0, 65],
        prepare: |world| world.repo.write(SEAL, &World::plain()),
        ..verb("secrets encrypt --in-place credentials/seal.enc.env", &[SEAL])
    },
    Verb {
        again: &[0, 65],
        prepare: sealed,
        ..verb("secrets decrypt --in-place credentials/seal.enc.env", &[SEAL])
    },
    verb("secrets decrypt local --output shared/plain.env", &["shared/plain.env"]),
    Verb {
        prepare: |world| world.repo.write(".sops.yaml", &world.with_bob[std::path::Path::new(".sops.yaml")]),
        ..verb("secrets updatekeys", SEALED)
    },
    verb("secrets recipients add BOB --name bob", SEALED),
    Verb { prepare: |world| world.put(&world.with_bob), ..verb("secrets recipients remove BOB", SEALED) },
    verb("secrets keygen --append --name carol", &["keys.txt", ".sops.yaml"]),
    Verb {
        says: &[OURS],
        prepare: theirs_is_new,
        ..verb(
            "secrets merge --driver credentials/base.enc.env credentials/ours.enc.env credentials/theirs.enc.env x.enc.env",
            &[OURS],
        )
    },
    verb("secrets merge --install", &[".gitattributes"]),
    verb("secrets check --install", &[]),
    Verb { prepare: left_behind, ..verb("unlock local --confirm local", &[]) },
];

impl Verb {
    pub(crate) fn words(&self, world: &World) -> Vec<String> {
        self.words.split(' ').map(|word| word.replace("BOB", &world.bob)).collect()
    }
}

fn applied(world: &World) {
    if !world.repo.read("environments/dev/terraform.tfstate").contains("terraform_data") {
        let files = world.files();
        world.run("apply dev", "");
        world.put(&files);
    }
}

fn sealed(world: &World) {
    world.repo.write(SEAL, &World::plain());
    world.run("secrets encrypt --in-place credentials/seal.enc.env", "");
}

fn theirs_is_new(world: &World) {
    world.run("secrets set credentials/theirs.enc.env MARK", &world.value());
}

/// The lock of a process that is no more.
fn left_behind(world: &World) {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let lock = serde_json::json!({
        "owner": "alice", "host": host.trim(), "pid": 4_194_303, "verb": "apply", "environment": "local",
        "start": "2026-11-20T14:02:11Z", "heartbeat": "2026-11-20T14:02:11Z", "token": "x",
    });
    world.repo.write(".infractl/locks/local.json", &lock.to_string());
}
