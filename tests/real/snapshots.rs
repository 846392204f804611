//! Snapshots of a real PostgreSQL, of a volume of docker, and by commands.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;
use serde_json::Value as Json;

use crate::common::{CANARY, Run, Sandbox, need, output, path_with, program, send, start, wait_for};
use crate::machine::Machine;

/// A database of a test's own, gone with the value, and with it what was restored beside it.
pub(crate) struct Database {
    server: String,
    name: String,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// With five trips, each a canary.
    pub(crate) fn new() -> Option<Database> {
        let server = need("postgres")?.into_string().unwrap();
        let name = format!("shop{}x{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let database = Database { server, name };
        database.sql("postgres", &format!("create database {}", database.name));
        database.ask(&format!(
            "create table trips as select n, '{CANARY}row' || n as note from generate_series(1, 5) n"
        ));
        Some(database)
    }

    fn sql(&self, database: &str, statement: &str) -> String {
        let (host, port) = self.server.split_once(':').unwrap();
        let mut psql = Command::new("psql");
        psql.env("PGPASSWORD", "p@ss w0rd");
        psql.args(["-XAtqw", "-h", host, "-p", port, "-U", "tf", "-d", database, "-c", statement]);
        String::from_utf8(output(&mut psql)).unwrap().trim().to_owned()
    }

    pub(crate) fn ask(&self, statement: &str) -> String {
        self.sql(&self.name, statement)
    }

    /// Databases that have this in their names.
    fn named(&self, word: &str) -> Vec<String> {
        let wanted = format!("select datname from pg_database where datname like '{word}%' order by 1");
        self.sql("postgres", &wanted).lines().map(str::to_owned).collect()
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://tf:p%40ss%20w0rd@{}/{}", self.server, self.name)
    }

    /// A project that keeps it.
    fn project(&self, more: &str) -> Sandbox {
        let project = Sandbox::empty().with_secrets(&[("DATABASE_URL", &self.url())]).hiding(&["p@ss w0rd"]);
        project.environment(
            "dev",
            &format!("[snapshots.db]\nkind = \"postgres\"\nurl = \"{{{{secret.DATABASE_URL}}}}\"\n{more}"),
        );
        project.environment("prod", "");
        project.with_var("USER", "ada")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for name in self.named(&self.name) {
            self.sql("postgres", &format!("drop database if exists \"{name}\" with (force)"));
        }
    }
}

const CHECK: &str =
    "verify = { query = \"select count(*) from trips\", at-least = 5 }\nkeep = { last = 1 }\n";

fn list(project: &Sandbox) -> Vec<Json> {
    let run = project.run(&["snapshot", "list", "dev", "--json"], 0);
    serde_json::from_str(&run.out).unwrap()
}

fn folder(project: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(project.path(".infractl/snapshots/dev")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != ".gitignore")
        .collect();
    names.sort();
    names
}

/// Those that say what is known of a copy.
fn manifests(project: &Sandbox) -> Vec<String> {
    let is_one = |name: &String| Path::new(name).extension().is_some_and(|extension| extension == "json");
    folder(project).into_iter().filter(is_one).collect()
}

/// A `pg_dump` of the test's own, which is the real one when it is asked for its version.
fn pg_dump(project: &Sandbox, script: &str) -> std::ffi::OsString {
    let real = which::which("pg_dump").unwrap();
    let real = real.display();
    let script = script.replace("REAL", &real.to_string());
    let text = format!("#!/bin/sh\n[ \"$1\" != --version ] || exec {real} --version\n{script}\n");
    path_with([project.script("bin/pg_dump", &text)])
}

#[test]
fn a_database_is_kept_checked_and_restored() {
    let Some(database) = Database::new() else { return };
    let project = database.project(CHECK);
    let path = pg_dump(&project, "echo \"$*\" > argv; exec REAL \"$@\"");
    let run = Run::of(project.command(&["snapshot", "create", "dev", "db"]).env("PATH", path));
    project.ended(run, 0);
    let argv = project.read("argv");
    assert!(
        !argv.contains("p@ss") && !argv.contains(&database.name) && argv.contains("--format=custom"),
        "{argv}"
    );
    // What is on the disk is encrypted, and nobody else may read it.
    let [copy] = &list(&project)[..] else { panic!("one copy") };
    assert_eq!((&copy["database"]["name"], &copy["by"]), (&Json::from(database.name.as_str()), &copy["by"]));
    assert!(copy["by"].as_str().unwrap().starts_with("ada@"), "{copy}");
    assert_eq!((&copy["verified"], &copy["trouble"]), (&Json::Null, &Json::Null));
    let file = format!(".infractl/snapshots/dev/{}", copy["stored"]["file"].as_str().unwrap());
    let bytes = fs::read(project.path(&file)).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n") && project.mode(&file) == 0o600);
    assert_eq!(copy["stored"]["bytes"], bytes.len());
    assert!(!bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));

    project.run(&["snapshot", "verify", "dev"], 0).says("the query says 5");
    assert!(list(&project)[0]["verified"]["how"].as_str().unwrap().contains("says 5"));
    // Those of other tests come and go.
    wait_for("the database of the check to go", || database.named("infractl_verify_").is_empty());
    // Data go; the copy has them, beside what is there.
    database.ask("delete from trips where n > 2");
    project.run(&["snapshot", "restore", "dev", "db"], 0).says("switch:");
    let restored = database.named(&format!("{}_restored_", database.name));
    assert_eq!((restored.len(), database.ask("select count(*) from trips").as_str()), (1, "2"));
    assert_eq!(database.sql(&restored[0], "select count(*) from trips"), "5");
    // In its place: only with the name, and what was there stays under another.
    project.run(&["snapshot", "restore", "dev", "db", "--in-place"], 77).says("--confirm dev");
    assert_eq!(database.ask("select count(*) from trips"), "2");
    let first = copy["name"].as_str().unwrap();
    project.run(&["snapshot", "restore", "dev", first, "--in-place", "--confirm", "dev"], 0).says("_before_");
    assert_eq!(database.ask("select count(*) from trips"), "5");
    let before = database.named(&format!("{}_before_", database.name));
    assert_eq!(database.sql(&before[0], "select count(*) from trips"), "2");
    assert_eq!(list(&project).len(), 2, "one was made first");
}

#[test]
fn what_is_not_whole_is_no_snapshot() {
    let Some(database) = Database::new() else { return };
    let project = database.project("");
    let dump = |script: &str, code: i32| {
        let path = pg_dump(&project, script);
        project.ended(Run::of(project.command(&["snapshot", "create", "dev"]).env("PATH", path)), code)
    };
    dump("exit 0", 1).says("printed nothing");
    dump("echo so much text", 1).says("something else than a copy");
    dump("REAL \"$@\" | head -c 2000; echo 'disk on fire' >&2; exit 1", 1).says("disk on fire");
    dump("REAL \"$@\" | head -c 2000; kill -9 $$", 1);
    assert_eq!(folder(&project), Vec::<String>::new());
    let old = project.script("old/pg_dump", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n");
    let run = Run::of(project.command(&["snapshot", "create", "dev"]).env("PATH", path_with([old])));
    project.ended(run, 69).says("an older one cannot dump it");
    // Interrupted and killed in the middle; the next one sweeps and works.
    let path = pg_dump(&project, "REAL \"$@\" | head -c 2000; touch half; exec sleep 3");
    for (signal, code) in [(Signal::INT, 130), (Signal::KILL, -1)] {
        let child = start(project.command(&["snapshot", "create", "dev"]).env("PATH", &path));
        wait_for("half of a dump", || fs::remove_file(project.path("half")).is_ok());
        send(&child, signal);
        project.ended(Run::ended(child.wait_with_output().unwrap()), code);
        assert_eq!(list(&project).len(), 0);
    }
    assert_eq!(folder(&project).len(), 1, "what the killed one left");
    project.run(&["snapshot", "create", "dev", "--lock-wait", "30s"], 0);
    assert_eq!(folder(&project).len(), 2);
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let Some(database) = Database::new() else { return };
    let project = database.project("dir = \"small\"\n");
    database.ask("insert into trips select n, md5(n::text) from generate_series(1, 20000) n");
    fs::create_dir(project.path("small")).unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(project.path("small"))
        .output()
        .unwrap();
    if !mount.status.success() {
        return crate::common::skip("no right to mount a tmpfs");
    }
    let run = project.infractl(&["snapshot", "create", "dev"]);
    let left = fs::read_dir(project.path("small")).unwrap().count();
    assert!(Command::new("umount").arg(project.path("small")).status().unwrap().success());
    run.code(1).says("No space left").says("df -h");
    assert_eq!(left, 0);
}

#[test]
fn a_copy_that_is_damaged_foreign_or_fails_is_refused() {
    let Some(database) = Database::new() else { return };
    let project = database.project(CHECK);
    project.run(&["snapshot", "create", "dev"], 0);
    let copy = list(&project)[0].clone();
    let (name, file) = (copy["name"].as_str().unwrap(), copy["stored"]["file"].as_str().unwrap());
    let path = project.path(format!(".infractl/snapshots/dev/{file}"));
    let whole = fs::read(&path).unwrap();
    // A byte that was turned, then a file that was cut.
    let mut turned = whole.clone();
    turned[whole.len() / 2] ^= 1;
    fs::write(&path, &turned).unwrap();
    project.run(&["snapshot", "verify", "dev"], 1).says("its sum differs");
    assert_eq!(
        list(&project)[0]["trouble"],
        "its check failed: it is not the file that was written: its sum differs"
    );
    project.run(&["snapshot", "restore", "dev", name], 1).says("its sum differs");
    fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    project.run(&["snapshot", "verify", "dev"], 1);
    fs::write(&path, &whole).unwrap();
    project.run(&["snapshot", "verify", "dev"], 0);
    assert_eq!(list(&project)[0]["trouble"], Json::Null);
    // A query that is not content, and a table that cannot be made again.
    database.ask("delete from trips where n > 4");
    project.run(&["snapshot", "create", "dev"], 0);
    project.run(&["snapshot", "verify", "dev"], 1).says("the query says `4`, and at least 5 is expected");
    // Those of other tests come and go.
    wait_for("the database of the check to go", || database.named("infractl_verify_").is_empty());
    // Of another environment, and of another database.
    let (from, to) = (project.path(".infractl/snapshots/dev"), project.path(".infractl/snapshots/prod"));
    output(Command::new("cp").arg("-r").args([from, to]));
    project.edit(
        "environments/prod/environment.toml",
        "",
        &project.read("environments/dev/environment.toml"),
    );
    project.run(&["snapshot", "restore", "prod", name], 64).says("environment `dev`");
    project.edit(
        "environments/dev/environment.toml",
        "{{secret.DATABASE_URL}}",
        &format!("postgres://{}/other", database.server),
    );
    let refused = project.run(&["snapshot", "restore", "dev", name], 64);
    refused.says("`other`").says(&database.name);
}

#[test]
fn a_restore_that_fails_in_its_middle_leaves_nothing() {
    let Some(database) = Database::new() else { return };
    let project = database.project("verify = { query = \"select 1\" }\n");
    let name = &database.name;
    // The server ends the session that restores it while rows come in.
    database.ask(&format!(
        "create function guard(n int) returns boolean language plpgsql as $$ begin \
         if current_database() <> '{name}' then perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); end if; \
         return true; end $$; alter table trips add constraint guarded check (guard(n))"
    ));
    project.run(&["snapshot", "create", "dev"], 0);
    let intact = |project: &Sandbox| {
        assert_eq!(database.ask("select count(*) from trips"), "5");
        assert_eq!(database.named(name), std::slice::from_ref(name), "what was half restored is gone");
        assert_eq!(list(project).len(), 1, "a restore that fails makes no snapshot");
    };
    project
        .run(&["snapshot", "restore", "dev", "db"], 1)
        .says("was not restored")
        .says(&format!("`{name}` is as it was: nothing was changed in it"));
    intact(&project);
    project.run(&["snapshot", "verify", "dev"], 1).says("terminat");
    wait_for("the database of the check to go", || database.named("infractl_verify_").is_empty());
    let trouble = list(&project)[0]["trouble"].as_str().unwrap().to_owned();
    assert!(trouble.starts_with("its check failed: "), "{trouble}");
    intact(&project);
    // In the place of what is there: that stays, and so does the snapshot that was made of it before.
    project
        .run(&["snapshot", "restore", "dev", "db", "--in-place", "--confirm", "dev"], 1)
        .says("was not restored");
    assert_eq!(database.ask("select count(*) from trips"), "5");
    assert_eq!(database.named(name), std::slice::from_ref(name));
    assert_eq!(list(&project).len(), 2);

    // Its owner is not there any more.
    database.ask("alter table trips drop constraint guarded; drop function guard(int)");
    let owner = format!("{name}owner");
    database.ask(&format!("create role {owner}; alter table trips owner to {owner}"));
    project.run(&["snapshot", "create", "dev"], 0);
    database.ask(&format!("alter table trips owner to tf; drop role {owner}"));
    project
        .run(&["snapshot", "restore", "dev", "db"], 1)
        .says(&format!("role \"{owner}\" does not exist"))
        .says("--no-owner");
    assert_eq!(database.named(name), std::slice::from_ref(name));
    project.run(&["snapshot", "restore", "dev", "db", "--no-owner"], 0);
    assert_eq!(database.named(name).len(), 2);
}

#[test]
fn the_gate_holds_what_is_risky_until_there_is_a_good_one() {
    let Some(database) = Database::new() else { return };
    let project = database.project(&format!(
        "{CHECK}[hooks]\nbefore-deploy = [{{ snapshot = {{ require = \"db\", max-age = \"1h\", verified = true }} }}]\n\
         [pipelines]\ndeploy = [{{ command = \"touch deployed\", secrets = [] }}]\n"
    ));
    let held = project.run(&["deploy", "dev"], 1);
    held.says("there is none")
        .says("infractl snapshot create dev db")
        .says("infractl snapshot verify dev db");
    project.run(&["snapshot", "create", "dev"], 0);
    project.run(&["deploy", "dev"], 1).says("was not verified").says("infractl snapshot verify dev db");
    project.run(&["snapshot", "verify", "dev"], 0);
    assert!(!project.path("deployed").exists());
    project.run(&["deploy", "dev"], 0);
    assert!(project.path("deployed").exists());
    assert_eq!(list(&project)[0]["pinned"], false);
    // Too old: the clock of what is written down is two hours back.
    let manifest = manifests(&project).remove(0);
    let manifest = format!(".infractl/snapshots/dev/{manifest}");
    let old = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(2)).to_string();
    let created = list(&project)[0]["created"].as_str().unwrap().to_owned();
    project.edit(&manifest, &created, &old);
    project.run(&["deploy", "dev"], 1).says("2 h ago").says("1h 00m is the limit");
    // What no rule keeps goes, but only when it is asked for.
    project.run(&["snapshot", "create", "dev"], 0);
    project.run(&["snapshot", "verify", "dev"], 0);
    project.run(&["snapshot", "prune", "dev"], 0).says("1 snapshot would be removed");
    assert_eq!(list(&project).len(), 2);
    project.run(&["snapshot", "prune", "dev", "--yes"], 0).says("1 snapshot removed");
    assert_eq!((list(&project).len(), folder(&project).len()), (1, 2));
}

#[test]
fn what_a_deployment_names_is_not_removed() {
    let project = Sandbox::empty();
    project.environment(
        "dev",
        "[snapshots.box]\ncreate = \"mkdir -p box; touch box/$INFRACTL_SNAPSHOT\"\nlist = \"ls box\"\nremove = \"rm box/$INFRACTL_SNAPSHOT\"\nkeep = 1\n\
         [pipelines]\ndeploy = [{ snapshot = { create = \"box\" } }, { command = \"true\" }]\n",
    );
    project.run(&["deploy", "dev"], 0);
    project.run(&["snapshot", "create", "dev"], 0);
    project.run(&["snapshot", "create", "dev"], 0);
    // All of them are of yesterday.
    for name in manifests(&project) {
        let file = format!(".infractl/snapshots/dev/{name}");
        let manifest: Json = serde_json::from_str(&project.read(&file)).unwrap();
        let created: jiff::Timestamp = manifest["created"].as_str().unwrap().parse().unwrap();
        let old = (created - jiff::SignedDuration::from_hours(24)).to_string();
        project.edit(&file, manifest["created"].as_str().unwrap(), &old);
    }
    let pinned = |copy: &Json| copy["pinned"] == true;
    let before = list(&project);
    assert_eq!(before.iter().map(pinned).collect::<Vec<_>>(), [false, false, true]);
    project.run(&["snapshot", "prune", "dev", "--yes"], 0).says("1 snapshot removed");
    let left: Vec<Json> = list(&project);
    assert_eq!(
        left,
        [before[0].clone(), before[2].clone()].map(|mut copy| {
            copy["age-seconds"] = left[usize::from(pinned(&copy))]["age-seconds"].clone();
            copy
        })
    );
    assert_eq!(fs::read_dir(project.path("box")).unwrap().count(), 2);
}

/// The programs of PostgreSQL of this machine, for a container that has none.
fn programs(project: &Sandbox) -> Option<(PathBuf, Vec<String>)> {
    let bin =
        fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path().join("bin")).max()?;
    for name in ["pg_dump", "pg_restore", "psql"] {
        let real = bin.join(name);
        let real = real.display();
        let text = format!(
            "#!SHELL\nfor ld in /host/usr/lib/*/ld-linux-*.so.*; do :; done\n\
             exec \"$ld\" --library-path /host/usr/lib/x86_64-linux-gnu:/host/usr/lib/aarch64-linux-gnu /host{real} \"$@\"\n"
        );
        project.script(format!("pg/{name}"), &text.replace("SHELL", "/bin/sh"));
        project.script(format!("busy/{name}"), &text.replace("SHELL", "/bin/busybox sh"));
    }
    let mounts = ["pg_dump", "pg_restore", "psql"].map(|name| {
        format!("--volume={}:/usr/local/bin/{name}:ro", project.path(format!("pg/{name}")).display())
    });
    Some((project.path("busy"), mounts.into_iter().chain(["--volume=/:/host:ro".to_owned()]).collect()))
}

#[test]
fn the_programs_may_run_on_a_host() {
    let Some(database) = Database::new() else { return };
    let project = database.project(&format!("{CHECK}via = \"ssh:db\"\n"));
    let Some((_, mounts)) = programs(&project) else { return };
    let Some(machine) = Machine::with(&mounts.iter().map(String::as_str).collect::<Vec<_>>()) else { return };
    machine.answers();
    let text = project.read("environments/dev/environment.toml");
    project.environment(
        "dev",
        &format!(
            "{text}[hosts.db]\naddress = \"{}\"\nuser = \"deploy\"\nidentity-file = \"{}\"\nhost-key = \"{}\"\n",
            machine.address,
            machine.key().display(),
            machine.host_key()
        ),
    );
    project.run(&["snapshot", "create", "dev"], 0);
    project.run(&["snapshot", "verify", "dev"], 0).says("the query says 5");
    assert_eq!(list(&project).len(), 1);
    machine.does("stop");
    project.run(&["snapshot", "create", "dev"], 1).says("`db`");
    assert_eq!((list(&project).len(), folder(&project).len()), (1, 2));
}

#[test]
fn the_programs_may_run_in_a_container() {
    let Some(database) = Database::new() else { return };
    let (Some(docker), Some(image)) = (need("docker"), need("image")) else { return };
    let name = format!("infractl-test-{}", database.name);
    let project = database
        .project(&format!("{CHECK}via = \"docker:{name}\"\n"))
        .on_path(&docker)
        .with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG"]);
    let Some((busy, _)) = programs(&project) else { return };
    let docker = |args: &[&str]| program(&docker, project.root()).args(args).output().unwrap();
    let mount = format!("--volume={}:/pg:ro", busy.display());
    let image = image.into_string().unwrap();
    let run = ["run", "--detach", "--rm", "--network=host", "--name", &name, "--volume=/:/host:ro", &mount];
    let started = docker(&[&run[..], &["--env=PATH=/pg:/bin", &image, "sleep", "300"]].concat());
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    let create = project.infractl(&["snapshot", "create", "dev"]);
    let verify = project.infractl(&["snapshot", "verify", "dev"]);
    docker(&["rm", "--force", &name]);
    create.code(0);
    verify.code(0).says("the query says 5");
    project.run(&["snapshot", "create", "dev"], 1).says(&name);
    assert_eq!(list(&project).len(), 1);
}

#[test]
fn a_volume_of_docker_is_packed_only_when_nobody_writes_to_it() {
    let (Some(docker), Some(image)) = (need("docker"), need("image")) else { return };
    let image = image.into_string().unwrap();
    let volume = format!("infractl-test-{}", std::process::id());
    let project = Sandbox::empty()
        .with_secrets(&[("TOKEN", "CANARY-volume-token")])
        .on_path(&docker)
        .with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG"]);
    project.environment(
        "dev",
        &format!("[snapshots.files]\nkind = \"docker\"\nof = \"{volume}\"\nvia = \"image:{image}\"\n"),
    );
    let docker = |args: &[&str]| {
        let done = program(&docker, project.root()).args(args).output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&done.stdout).trim().to_owned())
    };
    project.run(&["snapshot", "create", "dev"], 1).says(&volume);
    docker(&["volume", "create", &volume]);
    let mount = |volume: &str| format!("--volume={volume}:/v");
    let write = format!("echo {CANARY}file > /v/note");
    assert!(docker(&["run", "--rm", &mount(&volume), &image, "sh", "-c", &write]).0);
    let user = format!("{volume}-user");
    docker(&["run", "--detach", "--rm", "--name", &user, &mount(&volume), &image, "sleep", "300"]);
    let refused = project.infractl(&["snapshot", "create", "dev"]);
    docker(&["rm", "--force", &user]);
    refused.code(1).says(&user).says("live = true");
    assert_eq!(list(&project).len(), 0);
    project.run(&["snapshot", "create", "dev"], 0);
    project.run(&["snapshot", "verify", "dev"], 0).says("unpacked");
    project.run(&["snapshot", "restore", "dev"], 0).says("switch:");
    let found = docker(&["volume", "ls", "--quiet"]).1;
    assert!(!found.contains("infractl_verify_"), "{found}");
    let new = found.lines().find(|name| name.starts_with(&format!("{volume}_restored_"))).unwrap();
    let note = docker(&["run", "--rm", &mount(new), &image, "cat", "/v/note"]).1;
    docker(&["volume", "rm", new, &volume]);
    assert_eq!(note, format!("{CANARY}file"));
}

#[test]
fn a_command_is_believed_when_its_list_says_it_too() {
    let project = Sandbox::empty();
    let source = "[snapshots.box]\ncreate = \"touch box/$INFRACTL_SNAPSHOT\"\nlist = \"ls box\"\n\
                  verify = \"test -s box/$INFRACTL_SNAPSHOT\"\nrestore = \"cp box/$INFRACTL_SNAPSHOT restored\"\n\
                  remove = \"rm box/$INFRACTL_SNAPSHOT\"\nkeep = 1\n";
    project.environment("dev", source);
    fs::create_dir(project.path("box")).unwrap();
    project.run(&["snapshot", "create", "dev"], 0);
    let name = list(&project)[0]["name"].as_str().unwrap().to_owned();
    assert!(project.path(format!("box/{name}")).exists());
    project.run(&["snapshot", "verify", "dev"], 1);
    project.write(format!("box/{name}"), "what is kept");
    project.run(&["snapshot", "verify", "dev"], 0);
    project.run(&["snapshot", "restore", "dev", "--in-place", "--confirm", "dev"], 64);
    project.run(&["snapshot", "restore", "dev"], 0);
    assert_eq!(project.read("restored"), "what is kept");
    // It ends well, and nothing is there.
    project.environment("dev", &source.replace("touch box/$INFRACTL_SNAPSHOT", "true"));
    project.run(&["snapshot", "create", "dev"], 1).says("`list` does not show");
    assert_eq!(list(&project).len(), 1);
    fs::remove_file(project.path(format!("box/{name}"))).unwrap();
    project.run(&["snapshot", "restore", "dev"], 1).says("it is gone");
}

/// A test's own git, beside the project's home.
fn git(project: &Sandbox, args: &[&str]) {
    let mut git = crate::common::clean("git", project.root(), project.home.root());
    let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    output(git.args(who).args(args));
}

#[test]
fn a_rollback_puts_data_of_before_a_change_of_the_schema_into_their_place() {
    let Some(database) = Database::new() else { return };
    let project = database.project("");
    let config = project.read("environments/dev/environment.toml");
    let released = |more: &str| {
        project.environment("dev", &format!("{config}[pipelines]\ndeploy = [\"true\"]\n{more}"));
        git(&project, &["add", "--all"]);
        git(&project, &["commit", "--quiet", "--allow-empty", "-m", "feat: next"]);
        project.run(&["deploy", "dev"], 0);
    };
    project.write(".gitignore", ".infractl/\n");
    git(&project, &["init", "--quiet", "-b", "main"]);
    released("");
    project.run(&["snapshot", "create", "dev"], 0);
    let before = list(&project)[0]["name"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    database.ask("alter table trips drop column note");
    released("[release]\nmigrations = \"forward-only\"\n");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    project.run(&["snapshot", "create", "dev"], 0);
    let after = list(&project)[0]["name"].as_str().unwrap().to_owned();

    project.run(&["rollback", "dev"], 1).says("changed the schema").says("--restore-snapshot NAME");
    let rollback = |name: &str, more: &[&str], code: i32| {
        project.run(&[&["rollback", "dev", "--restore-snapshot", name][..], more].concat(), code)
    };
    rollback("db", &[], 64).says("is not the name of one snapshot");
    rollback(&after, &["--confirm", "dev"], 1).says("was made after the schema was changed");
    rollback(&before, &["--confirm", "prod"], 77);
    rollback(&before, &["--dry-run"], 0);
    assert_eq!(
        database.named(&database.name),
        std::slice::from_ref(&database.name),
        "nothing was restored yet"
    );
    rollback(&before, &["--confirm", "dev"], 0).says("what was there before is the database");
    assert_eq!(database.ask("select count(note) from trips"), "5");
    let records = project.run(&["history", "deployments", "dev", "--json"], 0);
    let records: Json = serde_json::from_str(&records.out).unwrap();
    let last = &records["deployments"][0];
    assert_eq!(
        (&last["verb"], &last["outcome"], &last["leaves"]),
        (&"rollback".into(), &"done".into(), &records["deployments"][1]["number"])
    );
}
