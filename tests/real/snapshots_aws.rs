//! Snapshots of volumes and databases of AWS, through the real `aws` program. moto makes all of them at once: what takes its
//! time, fails or vanishes is played by a program in front of `aws`.

use std::path::Path;

use rustix::process::Signal;
use serde_json::Value as Json;

use crate::common::{CANARY, Run, Sandbox, need, output, path_with, program, send, start, wait_for};

/// A region of moto that nobody else uses, and a project that keeps something of it.
struct Aws {
    project: Sandbox,
    region: &'static str,
    name: String,
}

/// Before the real program: what a test has written for an operation is done instead, and may start the real one as `"$real"`.
const FRONT: &str = r#"#!/bin/sh
printf '%s\n' "$*" >>'DIR/aws.log'
real='REAL'
for word in "$@"; do
  if [ -f "DIR/faults/$word" ]; then . "DIR/faults/$word"; exit; fi
done
exec "$real" "$@"
"#;

impl Aws {
    fn of(region: &'static str, more: &str) -> Option<Aws> {
        let (real, address) = (need("aws")?, need("s3")?);
        let name = format!("shop{}{}", std::process::id(), region.replace('-', ""));
        let project = Sandbox::empty();
        let front = FRONT
            .replace("DIR", &project.root().display().to_string())
            .replace("REAL", &real.to_string_lossy());
        project.write("aws.log", "");
        let front = project.script("bin/aws", &front);
        let keys = [
            ("AWS_ACCESS_KEY_ID", &format!("{CANARY}id")[..]),
            ("AWS_SECRET_ACCESS_KEY", &format!("{CANARY}key")),
        ];
        let project = project
            .with_secrets(&keys)
            .with_var("PATH", path_with([front]))
            .with_var("AWS_ENDPOINT_URL", address)
            .with_var("AWS_EC2_METADATA_DISABLED", "true")
            .with_var("USER", "ada");
        let aws = Aws { project, region, name };
        aws.keeps(more);
        Some(aws)
    }

    fn keeps(&self, more: &str) {
        let config = format!("[snapshots.data]\nkind = \"aws\"\nregion = \"{}\"\n{more}", self.region);
        let name = format!("[project]\nname = \"{}\"\n{SECRETS}", self.name);
        self.project.write("environments/defaults.toml", &name);
        self.project.environment("dev", &config);
    }

    /// What the real program says to somebody else.
    fn client(&self, args: &[&str]) -> Json {
        let mut command = program(need("aws").unwrap(), Path::new("/"));
        command.args(args).args(["--region", self.region, "--output", "json"]);
        let vars = [("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")];
        let told = output(command.envs(vars).env("AWS_ENDPOINT_URL", need("s3").unwrap()));
        serde_json::from_slice(&told).unwrap_or_default()
    }

    fn volume(&self) -> String {
        let zone = format!("{}a", self.region);
        let made = self.client(&[
            "ec2",
            "create-volume",
            "--size",
            "8",
            "--volume-type",
            "gp3",
            "--availability-zone",
            &zone,
        ]);
        made["VolumeId"].as_str().unwrap().to_owned()
    }

    fn database(&self) -> String {
        let args = ["rds", "create-db-instance", "--engine", "postgres", "--allocated-storage", "10"];
        let more = ["--db-instance-class", "db.t3.small", "--db-instance-identifier", &self.name];
        let who = ["--master-username", "u", "--master-user-password", "password1"];
        self.client(&[args.as_slice(), &more, &who].concat());
        self.name.clone()
    }

    /// Lets the program in front of `aws` do this instead of an operation.
    fn instead(&self, operation: &str, script: &str) {
        self.project.write(format!("faults/{operation}"), script);
    }

    fn as_it_is(&self, operation: &str) {
        std::fs::remove_file(self.project.path(format!("faults/{operation}"))).unwrap();
    }

    /// The operations that the program was started for since the last time.
    fn starts(&self) -> Vec<String> {
        let log = self.project.read("aws.log");
        self.project.write("aws.log", "");
        let operation = |line: &str| line.split(' ').nth(5).unwrap_or_default().to_owned();
        log.lines().map(operation).collect()
    }

    fn run(&self, args: &[&str], code: i32) -> Run {
        self.project.run(args, code)
    }

    fn list(&self) -> Vec<Json> {
        serde_json::from_str(&self.run(&["snapshot", "list", "dev", "--json"], 0).out).unwrap()
    }

    /// One of ours that was made so many hours ago, as its tags say; its id.
    fn older(&self, volume: &str, hours: i64, environment: &str) -> String {
        let created = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
        let name = format!("{}-{environment}-data-{}", self.name, created.strftime("%Y%m%dT%H%M%SZ"));
        let tags: Vec<String> = [
            ("project", self.name.as_str()),
            ("environment", environment),
            ("snapshot", "data"),
            ("name", &name),
            ("created", &created.to_string()),
        ]
        .iter()
        .map(|(key, value)| format!("{{Key=infractl:{key},Value={value}}}"))
        .collect();
        let tags = format!("ResourceType=snapshot,Tags=[{}]", tags.join(","));
        let made =
            self.client(&["ec2", "create-snapshot", "--volume-id", volume, "--tag-specifications", &tags]);
        made["SnapshotId"].as_str().unwrap().to_owned()
    }

    fn snapshots(&self) -> Vec<String> {
        let told = self.client(&["ec2", "describe-snapshots", "--owner-ids", "self"]);
        let all = told["Snapshots"].as_array().unwrap().iter();
        all.map(|one| one["SnapshotId"].as_str().unwrap().to_owned()).collect()
    }
}

/// Where `with_secrets` has put them.
const SECRETS: &str = "[secrets]\nfiles = [\"all.enc.env\"]\nidentity = \"key.txt\"\n";

/// Every state of every snapshot is this one.
fn all_are(state: &str) -> String {
    format!("\"$real\" \"$@\" | sed 's/\"completed\"/\"{state}\"/; s/\"100%\"/\"40%\"/'\n")
}

/// Refused, in the words of AWS.
fn refused(operation: &str, code: &str, words: &str) -> String {
    format!(
        "echo 'An error occurred ({code}) when calling the {operation} operation: {words}' >&2; exit 254\n"
    )
}

#[test]
fn a_volume_of_ec2_is_kept_by_its_tags_and_restored_beside_it() {
    let Some(aws) = Aws::of("sa-east-1", "") else { return };
    let volume = aws.volume();
    aws.keeps(&format!("of = \"{volume}\"\nkeep = 1\n"));
    let gate =
        "[pipelines]\ngate = [{ snapshot = { require = \"data\", max-age = \"1h\", verified = true } }]\n";
    aws.keeps(&format!("of = \"{volume}\"\nkeep = 1\n{gate}"));
    aws.run(&["pipeline", "dev", "gate"], 1).says("there is none").says("infractl snapshot create dev data");
    aws.starts();

    aws.run(&["snapshot", "create", "dev"], 0).says("at most 8 GiB");
    assert_eq!(aws.starts(), ["create-snapshot"]);
    // Nothing is kept here: another machine sees the same.
    assert!(!aws.project.path(".infractl/snapshots/dev").exists());
    let all = aws.list();
    assert_eq!(all.len(), 1, "{all:?}");
    let (one, id) = (&all[0], all[0]["id"].as_str().unwrap());
    assert_eq!((one["of"].as_str(), one["verified"].is_null()), (Some(volume.as_str()), true));
    assert!(one["by"].as_str().unwrap().starts_with("ada@"), "{one}");
    let told = aws.client(&["ec2", "describe-snapshots", "--snapshot-ids", id]);
    let tags = told["Snapshots"][0]["Tags"].to_string();
    for tag in
        ["infractl:project", "infractl:environment", "infractl:name", "infractl:run", "infractl:created"]
    {
        assert!(tags.contains(tag), "{tags}");
    }
    aws.run(&["pipeline", "dev", "gate"], 1)
        .says("was not verified")
        .says("infractl snapshot verify dev data");
    aws.starts();
    aws.run(&["snapshot", "verify", "dev"], 0).says("of 8 GiB; it was not restored");
    assert_eq!(aws.starts(), ["describe-snapshots", "create-tags"]);
    aws.run(&["pipeline", "dev", "gate"], 0);

    aws.starts();
    let restored = aws.run(&["snapshot", "restore", "dev", "data"], 0);
    restored
        .says("is in the new volume vol-")
        .says(&format!("`{volume}` is as it was"))
        .says("aws ec2 attach-volume --volume-id vol-")
        .says("terraform import");
    assert_eq!(aws.starts(), ["describe-snapshots", "describe-volumes", "create-volume"]);
    let filter = format!("Name=snapshot-id,Values={id}");
    let made = aws.client(&["ec2", "describe-volumes", "--filters", &filter]);
    let made = made["Volumes"].as_array().unwrap();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0]["AvailabilityZone"], format!("{}a", aws.region));
    assert_eq!(made[0]["VolumeType"], "gp3");
    aws.run(&["snapshot", "restore", "dev", "data", "--in-place", "--confirm", "dev"], 64).says("--in-place");

    // Only what has our tags, is of this environment, and no rule keeps.
    let (first, second) = (aws.older(&volume, 30, "dev"), aws.older(&volume, 60, "dev"));
    let other = aws.older(&volume, 90, "rec");
    let foreign = aws.client(&["ec2", "create-snapshot", "--volume-id", &volume]);
    let foreign = foreign["SnapshotId"].as_str().unwrap();
    aws.run(&["snapshot", "prune", "dev"], 0).says("2 snapshots would be removed");
    assert!(aws.snapshots().contains(&second));
    aws.run(&["snapshot", "prune", "dev", "--yes"], 0).says("2 snapshots removed");
    let left = aws.snapshots();
    for stays in [id, &other, foreign] {
        assert!(left.contains(&stays.to_owned()), "{stays}: {left:?}");
    }
    assert!(!left.contains(&first) && !left.contains(&second), "{left:?}");

    // The volume is gone, and the name that it had as well: what was kept is found all the same.
    aws.client(&["ec2", "delete-volume", "--volume-id", &volume]);
    aws.keeps("of = \"{{output.volume}}\"\n");
    assert_eq!(aws.list().len(), 1);
    aws.run(&["snapshot", "restore", "dev", "data"], 1)
        .says(&format!("the volume `{volume}` is gone"))
        .says("create-volume --snapshot-id snap-");
}

#[test]
fn a_snapshot_that_is_stuck_fails_or_vanishes_is_told_apart() {
    let Some(aws) = Aws::of("ca-central-1", "") else { return };
    let volume = aws.volume();
    aws.keeps(&format!(
        "of = \"{volume}\"\nkeep = 1\n[pipelines]\nslow = [{{ snapshot = {{ create = \"data\" }}, timeout = \"15s\" }}]\n"
    ));
    // It takes its time, and is whole at last.
    aws.instead("create-snapshot", &all_are("pending"));
    aws.run(&["snapshot", "create", "dev"], 0);
    assert_eq!(aws.starts(), ["create-snapshot", "describe-snapshots"]);

    // It takes longer than somebody waits.
    aws.instead("describe-snapshots", &all_are("pending"));
    let run = aws.run(&["pipeline", "dev", "slow"], 1);
    run.says("was still `pending, 40%`")
        .says("the cloud goes on with it after")
        .says("ec2 describe-snapshots");
    let mut command = aws.project.command(&["snapshot", "create", "dev"]);
    aws.starts();
    let child = start(&mut command);
    wait_for("the first look", || aws.project.read("aws.log").contains("describe-snapshots"));
    send(&child, Signal::INT);
    let run = Run::ended(child.wait_with_output().unwrap());
    aws.project
        .ended(run, 130)
        .says("the snapshot `snap-")
        .says("the cloud goes on with it")
        .says("--snapshot-ids snap-")
        .says("infractl snapshot list dev");
    // What is not whole counts for nothing.
    let trouble = |one: &Json| one["trouble"].as_str().unwrap_or_default().contains("pending, 40%");
    assert!(aws.list().iter().all(trouble));

    aws.instead("describe-snapshots", &all_are("error"));
    aws.run(&["snapshot", "create", "dev"], 1).says("is in `error, 40%`").says("ec2 delete-snapshot");
    assert!(aws.list().iter().all(|one| one["trouble"].as_str().unwrap().contains("error")));
    aws.run(&["snapshot", "verify", "dev"], 1).says("is in `error");

    let gone = refused("DescribeSnapshots", "InvalidSnapshot.NotFound", "The snapshot does not exist.");
    aws.instead("describe-snapshots", &gone);
    aws.run(&["snapshot", "create", "dev"], 1).says("is gone: somebody has removed it while it was made");
    aws.as_it_is("describe-snapshots");
    aws.as_it_is("create-snapshot");

    // The answer gets lost: what was made is found by its tags, and not made twice.
    let before = aws.snapshots().len();
    aws.instead(
        "create-snapshot",
        "\"$real\" \"$@\" >/dev/null; echo 'Connection was closed' >&2; exit 255\n",
    );
    aws.run(&["snapshot", "create", "dev"], 0);
    assert_eq!(aws.snapshots().len(), before + 1);
    aws.instead("create-snapshot", "echo 'Could not connect to the endpoint URL: \"x\"' >&2; exit 255\n");
    aws.run(&["snapshot", "create", "dev"], 1).says("AWS cannot be reached").says("there is no snapshot of");
    let denied = refused("CreateSnapshot", "UnauthorizedOperation", "You are not authorized.");
    aws.instead("create-snapshot", &denied);
    aws.run(&["snapshot", "create", "dev"], 1).says("allow CreateSnapshot");
    aws.as_it_is("create-snapshot");
    aws.keeps("of = \"vol-0123456789abcdef0\"\n");
    aws.run(&["snapshot", "create", "dev"], 1)
        .says("InvalidVolume.NotFound")
        .says("check `of` and the region");
}

#[test]
fn a_database_of_rds_is_kept_checked_and_restored_as_a_new_one() {
    let Some(aws) = Aws::of("ap-south-1", "") else { return };
    let database = aws.database();
    aws.keeps(&format!("of = \"{database}\"\nkeep = 1\n"));
    aws.run(&["snapshot", "create", "dev", "data"], 0).says("at most 10 GiB");
    assert_eq!(aws.starts(), ["create-db-snapshot"]);
    let all = aws.list();
    assert_eq!(all.len(), 1, "{all:?}");
    let name = all[0]["name"].as_str().unwrap();
    // A copy by its name, from the cloud alone.
    aws.run(&["snapshot", "show", "dev", name], 0).prints("arn:aws:rds:").prints(&database);
    aws.run(&["snapshot", "verify", "dev", name], 0).says("it was not restored");

    aws.keeps(&format!("of = \"{database}\"\nverify = {{ restore = true, class = \"db.t3.micro\" }}\n"));
    aws.starts();
    aws.run(&["snapshot", "verify", "dev"], 0).says("restored into a new database within");
    let starts = aws.starts();
    assert_eq!(
        starts,
        [
            "describe-db-snapshots",
            "describe-db-instances",
            "restore-db-instance-from-db-snapshot",
            "delete-db-instance",
            "add-tags-to-resource"
        ]
    );
    let verified = aws.list()[0]["verified"]["how"].as_str().unwrap().to_owned();
    assert!(verified.starts_with("restored into a new database"), "{verified}");
    let instances = || {
        let told = aws.client(&["rds", "describe-db-instances"]);
        let all = told["DBInstances"].as_array().unwrap().clone();
        all.into_iter()
            .filter(|one| one["DBInstanceIdentifier"].as_str().unwrap().starts_with(&aws.name))
            .collect()
    };
    let left: Vec<Json> = instances();
    assert_eq!(left.len(), 1, "{left:?}");

    let run = aws.run(&["snapshot", "restore", "dev", "data"], 0);
    run.says("is in the new database").says("modify-db-instance").says(&format!("`{database}` is as it was"));
    let there: Vec<Json> = instances();
    assert_eq!(there.len(), 2, "{there:?}");
    let new = there.iter().find(|one| one["DBInstanceIdentifier"] != database.as_str()).unwrap();
    assert_eq!(new["DBInstanceClass"], "db.t3.small");

    // A restore that fails leaves nothing that costs, when it was for a check.
    let broken = "\"$real\" \"$@\" | sed 's/\"DBInstanceStatus\": \"available\"/\"DBInstanceStatus\": \"incompatible-restore\"/'\n";
    aws.instead("restore-db-instance-from-db-snapshot", broken);
    aws.run(&["snapshot", "verify", "dev"], 1).says("is in `incompatible-restore`");
    assert_eq!(instances().len(), 2);
    assert_eq!(aws.list()[0]["trouble"].as_str().unwrap().split(':').next(), Some("its check failed"));
    aws.as_it_is("restore-db-instance-from-db-snapshot");
    aws.run(&["snapshot", "verify", "dev"], 0);
    assert!(aws.list()[0]["trouble"].is_null());

    let stopped =
        "Cannot create a snapshot because the database instance is not currently in the available state.";
    aws.instead("create-db-snapshot", &refused("CreateDBSnapshot", "InvalidDBInstanceState", stopped));
    aws.run(&["snapshot", "create", "dev"], 1)
        .says("InvalidDBInstanceState")
        .says("wait until it is `available`");
    // The program has asked a second time after an answer that got lost.
    let twice =
        refused("CreateDBSnapshot", "DBSnapshotAlreadyExists", "Cannot create the snapshot because …");
    aws.instead("create-db-snapshot", &format!("\"$real\" \"$@\" >/dev/null; {twice}"));
    aws.run(&["snapshot", "create", "dev"], 0);
    aws.instead("create-db-snapshot", &twice);
    aws.run(&["snapshot", "create", "dev"], 1).says("run it again");
    aws.as_it_is("create-db-snapshot");
    assert_eq!(aws.list().len(), 2);
    // The secret key is in no file, and nothing of it was an argument.
    assert!(!aws.project.read("aws.log").contains(CANARY));
}
