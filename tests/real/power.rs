//! `stop`, `start` and `state` through the real programs of the providers.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use regex::Regex;
use rustix::process::Signal;
use serde_json::Value as Json;

use super::openstack::{Openstack, PASSWORD};
use crate::common::{Run, Sandbox, need, output, program, send, start, wait_for};

/// A project with the environment `dev`.
fn dev(config: &str) -> Sandbox {
    let project = Sandbox::empty().with_var("LANG", "C.UTF-8");
    project.environment("dev", config);
    project
}

/// A project whose environment has these servers, with the password among its secrets.
fn on_openstack(cloud: &Openstack, servers: &[String], more: &str) -> Sandbox {
    let config = format!("[power]\nprovider = \"openstack\"\nservers = {servers:?}\n{more}");
    let mut project = dev(&config).with_secrets(&[("OS_PASSWORD", PASSWORD)]).on_path(&cloud.program);
    for (name, value) in cloud.vars() {
        project = project.with_var(name, value);
    }
    project
}

#[test]
fn servers_are_stopped_and_started_and_a_second_time_left_alone() {
    let Some(cloud) = Openstack::find() else { return };
    let servers = cloud.servers(&["backend", "db"]);
    let project = on_openstack(&cloud, &servers[1..], "");
    let more = format!("[hosts.backend]\naddress = \"10.0.0.1\"\nserver = \"{}\"\n", servers[0]);
    let config = "environments/dev/environment.toml";
    project.write(config, &(project.read(config) + &more));

    let dry = project.run(&["stop", "dev", "--dry-run"], 0);
    dry.prints(&format!("openstack server stop {} {}", servers[0], servers[1]));
    assert_eq!(cloud.status(&servers[0]), "ACTIVE");

    let run = project.run(&["stop", "dev"], 0);
    run.says(&format!("{}: SHUTOFF", servers[0])).says("2 stopped; still billed as if running");
    assert_eq!((cloud.status(&servers[0]), cloud.status(&servers[1])), ("SHUTOFF".into(), "SHUTOFF".into()));
    project
        .run(&["stop", "dev"], 0)
        .says(&format!("{}: already SHUTOFF", servers[1]))
        .says("all 2 already stopped");

    let state = project.run(&["state", "dev"], 0);
    state.prints("backend").prints("SHUTOFF").prints("yes");
    let json: Json = serde_json::from_str(&project.run(&["state", "dev", "--json"], 0).out).unwrap();
    let first = &json["machines"][0];
    assert_eq!(first["host"], "backend");
    assert_eq!(first["name"].as_str(), Some(servers[0].as_str()));
    assert_eq!(
        (&first["state"], &first["status"], &first["billed"]),
        (&"off".into(), &"SHUTOFF".into(), &"yes".into())
    );

    project.run(&["start", "dev"], 0).says("2 started");
    assert_eq!(cloud.status(&servers[1]), "ACTIVE");
    project.run(&["start", "dev"], 0).says("already ACTIVE");
    project.run(&["state", "dev"], 0).says("2 of 2 machines running");
}

#[test]
fn a_shelved_server_costs_its_snapshot_only_and_comes_back() {
    let Some(cloud) = Openstack::find() else { return };
    let servers = cloud.servers(&["shelved", "sleeping"]);
    let project = on_openstack(&cloud, &servers[..1], "");
    let run = project.run(&["stop", "dev", "--shelve"], 0);
    run.says("SHELVED_OFFLOADED").says("1 shelved; only the snapshot is billed now");
    project.run(&["state", "dev"], 0).prints("SHELVED_OFFLOADED").prints("disk only");
    // A plain stop has nothing left to do.
    project.run(&["stop", "dev"], 0).says("already stopped; only the snapshot is billed now");
    let suspended = on_openstack(&cloud, &servers[1..], "mode = \"suspend\"\n");
    suspended.run(&["stop", "dev"], 0).says("SUSPENDED").says("1 suspended; still billed");
    // Each in the way it was stopped.
    let both = on_openstack(&cloud, &servers, "");
    both.run(&["start", "dev"], 0).says("2 started");
    assert_eq!((cloud.status(&servers[0]), cloud.status(&servers[1])), ("ACTIVE".into(), "ACTIVE".into()));
}

#[test]
fn a_name_that_is_unknown_or_not_unique_is_refused_before_anything_is_stopped() {
    let Some(cloud) = Openstack::find() else { return };
    let mut servers = cloud.servers(&["good", "backend"]);
    let near = servers[1].replace("backend", "bakend");
    let wrong = std::mem::replace(&mut servers[1], near.clone());
    let project = on_openstack(&cloud, &servers, "");
    let run = project.run(&["stop", "dev"], 1);
    run.says(&format!("openstack has no server `{near}`"))
        .says(&format!("did you mean `{wrong}`?"))
        .says("correct `servers` of `[power]`; nothing was changed");
    assert_eq!(cloud.status(&servers[0]), "ACTIVE");
    let state = project.run(&["state", "dev"], 0);
    state.prints("not there").prints("ACTIVE");

    let twin = cloud.servers(&["twin"]).remove(0);
    cloud.client(&["server", "set", "--name", &twin, &wrong]);
    let project = on_openstack(&cloud, std::slice::from_ref(&twin), "");
    let run = project.run(&["stop", "dev"], 1);
    run.says(&format!("openstack has 2 servers named `{twin}`"))
        .says("write the id of the one that is meant");
    // An id is as good as a name.
    let list = cloud.client(&["server", "list", "--name", &twin, "-f", "value", "-c", "ID"]);
    let id = list.lines().next().unwrap().to_owned();
    let project = on_openstack(&cloud, std::slice::from_ref(&id), "");
    project.run(&["stop", "dev"], 0).says("1 stopped");
    assert_eq!(cloud.status(&id), "SHUTOFF");
}

#[test]
fn what_cannot_be_done_is_said_of_each_server_and_the_others_are_done() {
    let Some(cloud) = Openstack::find() else { return };
    let servers = cloud.servers(&["broken", "error", "good"]);
    cloud.client(&["server", "set", "--state", "error", "--auto-approve", &servers[1]]);
    let project = on_openstack(&cloud, &servers[1..], "");
    // A server in ERROR can be stopped; it cannot be started.
    let run = project.run(&["start", "dev"], 1);
    run.says("1 of 2 servers of `dev` is not started")
        .says(&format!("`{}`: it is in ERROR", servers[1]))
        .says(&format!("openstack server show {}", servers[1]));
    // It cannot be shelved either, and comes first: the other one is not held up by it.
    let run = project.run(&["stop", "dev", "--shelve"], 1);
    run.says("1 of 2 servers of `dev` is not shelved").says("it is ERROR: Cannot 'shelve' instance");
    assert_eq!(cloud.status(&servers[2]), "SHELVED_OFFLOADED");
    // Accepted, and then nothing.
    let project = on_openstack(&cloud, &servers[..1], "");
    let run = project.run(&["stop", "dev"], 1);
    run.says("is still ACTIVE: what was accepted did not happen").says("openstack server event list");
}

#[test]
fn credentials_and_addresses_that_are_wrong_are_told_apart() {
    let Some(cloud) = Openstack::find() else { return };
    let servers = cloud.servers(&["any"]);
    let project =
        on_openstack(&cloud, &servers, "").with_secrets(&[("OS_PASSWORD", "CANARY-wrong-password")]);
    let run = project.run(&["stop", "dev"], 1);
    run.says("the cloud refuses the credentials").says("HTTP 401").says("OS_PASSWORD");

    let token = [("OS_TOKEN", "gAAAAACANARYtoken")];
    let mut project =
        on_openstack(&cloud, &servers, "").with_secrets(&token).with_var("OS_AUTH_TYPE", "token");
    project.vars.retain(|(name, _)| !["OS_USERNAME", "OS_USER_DOMAIN_NAME"].contains(&name.as_str()));
    let run = project.run(&["state", "dev"], 1);
    run.says("a token that has expired");

    let project = on_openstack(&cloud, &servers, "").with_secrets(&[("NOTHING", "CANARY-nothing")]);
    project.run(&["state", "dev"], 1).says("`openstack` has no credentials");

    let project = on_openstack(&cloud, &servers, "").with_var("OS_AUTH_URL", "http://127.0.0.1:9/v3");
    let run = project.run(&["start", "dev"], 1);
    run.says("the cloud cannot be reached").says("http://127.0.0.1:9/v3").says("check OS_AUTH_URL");

    let project = on_openstack(&cloud, &servers, "").with_var("PATH", "/usr/bin:/bin");
    project.run(&["state", "dev"], 69).says("python-openstackclient");
    assert_eq!(cloud.status(&servers[0]), "ACTIVE");
}

#[test]
fn a_wait_ends_with_its_time_or_with_ctrl_c_and_says_where_the_server_is() {
    let Some(cloud) = Openstack::find() else { return };
    let servers = cloud.servers(&["slow", "slow-too"]);
    let project = on_openstack(&cloud, &servers[..1], "timeout = \"10s\"\n");
    let run = project.run(&["stop", "dev"], 1);
    run.says("1 of 1 server of `dev` is not stopped")
        .says("is ACTIVE (powering-off)")
        .says("timeout = \"10m\"");

    let project = on_openstack(&cloud, &servers[1..], "");
    let child = start(&mut project.command(&["stop", "dev"]));
    wait_for("it to be asked to stop", || cloud.status(&servers[1]) == "ACTIVE powering-off");
    let pressed = Instant::now();
    send(&child, Signal::INT);
    let run = project.ended(Run::ended(child.wait_with_output().unwrap()), 130);
    assert!(pressed.elapsed() < Duration::from_secs(40), "it went on for {:?}", pressed.elapsed());
    // The client may have been ended before it had the answer.
    let goes_on =
        Regex::new("the provider (goes on with what it was|may go on with what it was being) asked").unwrap();
    assert!(goes_on.is_match(&run.err), "{}", run.err);
    run.says("stopped waiting").says("infractl state dev");
}

#[test]
fn twenty_servers_are_stopped_by_one_call() {
    let Some(cloud) = Openstack::find() else { return };
    let names: Vec<String> = (1..=20).map(|number| format!("node-{number}")).collect();
    let servers = cloud.servers(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let project = on_openstack(&cloud, &servers, "");
    let begun = Instant::now();
    project.run(&["stop", "dev", "--quiet"], 0);
    println!("20 servers were stopped in {:.1} s", begun.elapsed().as_secs_f64());
    let json: Json = serde_json::from_str(&project.run(&["state", "dev", "--json"], 0).out).unwrap();
    let off = json["machines"].as_array().unwrap().iter().filter(|machine| machine["state"] == "off").count();
    assert_eq!(off, 20);
    let run: Json = serde_json::from_str(&project.run(&["history", "show", "1", "--json"], 0).out).unwrap();
    assert_eq!(calls(&run, &["openstack", "server", "stop"]), 1, "one call stops all of them: {run:#}");
}

/// How many commands of a run begin with these words.
fn calls(run: &Json, words: &[&str]) -> usize {
    match run {
        Json::Array(items) if items.len() > words.len() && items.iter().zip(words).all(|(a, b)| a == b) => 1,
        Json::Array(items) => items.iter().map(|item| calls(item, words)).sum(),
        Json::Object(fields) => fields.values().map(|value| calls(value, words)).sum(),
        _ => 0,
    }
}

#[test]
fn several_environments_are_shown_in_one_table_or_one_object() {
    let Some(cloud) = Openstack::find() else { return };
    let servers = cloud.servers(&["one", "two"]);
    let project = on_openstack(&cloud, &servers[..1], "");
    project
        .environment("rec", &format!("[power]\nprovider = \"openstack\"\nservers = {:?}\n", &servers[1..]));
    let run = project.run(&["state", "--all"], 0);
    run.prints("dev: ").prints(&servers[0]).prints("rec: ").prints(&servers[1]);
    let json: Json = serde_json::from_str(&project.run(&["state", "--all", "--json"], 0).out).unwrap();
    assert_eq!(json["rec"]["machines"][0]["name"].as_str(), Some(servers[1].as_str()));
    assert_eq!(json["dev"]["environment"], "dev");
}

/// A name in AWS that no other run of the tests has: what one has left there stays.
fn own(name: &str) -> String {
    format!("t{}-{name}", std::process::id())
}

/// The real AWS CLI and moto, in a region of the test's own.
struct Aws {
    program: PathBuf,
    address: String,
    region: &'static str,
}

impl Aws {
    fn find(region: &'static str) -> Option<Aws> {
        Some(Aws { program: need("aws")?.into(), address: need("s3")?.into_string().unwrap(), region })
    }

    fn client(&self, args: &[&str]) -> Json {
        let mut command = program(&self.program, Path::new("/"));
        command.args(args).args(["--region", self.region, "--output", "json"]);
        let vars = [("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")];
        let told = output(command.envs(vars).env("AWS_ENDPOINT_URL", &self.address));
        serde_json::from_slice(&told).unwrap_or_default()
    }

    /// Starts an instance with this name; its id.
    fn instance(&self, name: &str) -> String {
        let tags = format!("ResourceType=instance,Tags=[{{Key=Name,Value={name}}}]");
        let image = self.client(&["ec2", "describe-images", "--owners", "amazon", "--max-items", "1"]);
        let image = image["Images"][0]["ImageId"].as_str().unwrap();
        let made = self.client(&["ec2", "run-instances", "--image-id", image, "--tag-specifications", &tags]);
        made["Instances"][0]["InstanceId"].as_str().unwrap().to_owned()
    }

    fn database(&self, name: &str) {
        let args = ["rds", "create-db-instance", "--engine", "postgres", "--allocated-storage", "10"];
        let more = ["--db-instance-class", "db.t3.micro", "--db-instance-identifier", name];
        let who = ["--master-username", "u", "--master-user-password", "password1"];
        self.client(&[args.as_slice(), &more, &who].concat());
    }

    fn state(&self, id: &str) -> String {
        let told = self.client(&["ec2", "describe-instances", "--instance-ids", id]);
        told["Reservations"][0]["Instances"][0]["State"]["Name"].as_str().unwrap().to_owned()
    }

    fn project(&self, config: &str) -> Sandbox {
        let config = format!("[power]\nprovider = \"aws\"\nregion = \"{}\"\n{config}", self.region);
        let keys = [("AWS_ACCESS_KEY_ID", "CANARY-key-id"), ("AWS_SECRET_ACCESS_KEY", "CANARY-secret-key")];
        dev(&config)
            .with_secrets(&keys)
            .on_path(&self.program)
            .with_var("AWS_ENDPOINT_URL", &self.address)
            .with_var("AWS_MAX_ATTEMPTS", "1")
            .with_var("AWS_EC2_METADATA_DISABLED", "true")
    }
}

#[test]
fn instances_go_by_name_or_id_and_databases_have_a_step_of_their_own() {
    let Some(aws) = Aws::find("eu-west-1") else { return };
    let [api_name, db] = ["api", "db"].map(own);
    let (api, worker) = (aws.instance(&api_name), aws.instance(&own("worker")));
    aws.database(&db);
    let config = format!("servers = [\"{api_name}\", \"{worker}\"]\ndatabases = [\"{db}\"]\n");
    let project = aws.project(&config);
    let run = project.run(&["stop", "dev"], 0);
    run.says("2 stopped; only disks and fixed addresses are billed now")
        .says(&format!("{db}: stopped"))
        .says("AWS starts a database again by itself after 7 days");
    assert_eq!((aws.state(&api), aws.state(&worker)), ("stopped".into(), "stopped".into()));
    project.run(&["stop", "dev"], 0).says("all 2 already stopped").says("already stopped");
    let json: Json = serde_json::from_str(&project.run(&["state", "dev", "--json"], 0).out).unwrap();
    assert_eq!(
        (&json["machines"][0]["state"], &json["machines"][0]["billed"]),
        (&"released".into(), &"disk".into())
    );
    assert_eq!(
        (&json["databases"][0]["name"], &json["databases"][0]["billed"]),
        (&db.as_str().into(), &"disk".into())
    );

    // Only the database: the machines stay as they are.
    project.run(&["start", "dev", "--only", "databases"], 0).says(&format!("{db}: available"));
    assert_eq!(aws.state(&api), "stopped");
    project.run(&["start", "dev"], 0).says("already available").says("2 started");
    assert_eq!(aws.state(&worker), "running");
    project
        .run(&["stop", "dev", "--only", "databases"], 0)
        .says(&format!("{db}: stopped"))
        .never_says(&api_name);
    project.run(&["state", "dev"], 0).prints(&api_name).prints("running").prints(&db).prints("disk only");
}

#[test]
fn a_database_that_aws_started_again_is_stopped_again() {
    let Some(aws) = Aws::find("eu-west-3") else { return };
    let db = own("db");
    aws.database(&db);
    let project = aws.project(&format!("databases = [\"{db}\"]\n[ttl]\nafter = \"1h\"\n"));
    // Up nine days ago, stopped so many days ago; meanwhile AWS has started it.
    let records = |days: i64| {
        let at = |days: i64| jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
        let line = |number: u64, at: jiff::Timestamp, what: &str| {
            format!(
                r#"{{"schema":1,"number":{number},"at":"{at}","by":"ada","host":"ci","run":null,{what},"before":""}}"#
            )
        };
        let up = line(1, at(9), r#""event":"up","verb":"start""#);
        let down = line(2, at(days), r#""event":"down","verb":"stop","destroyed":false"#);
        std::fs::create_dir_all(project.path(".infractl/deployments")).unwrap();
        project.write(".infractl/deployments/dev.jsonl", &format!("{up}\n{down}\n"));
    };
    records(5);
    project.run(&["expire", "dev"], 0).says("dev: stopped since").never_says("runs again");
    records(8);
    project.run(&["expire", "dev"], 0).says("dev: runs again by itself").says(&format!("{db}: stopped"));
    // From then on it is stopped, and nobody is asked.
    project.run(&["expire", "dev"], 0).says("dev: stopped since").never_says("runs again");
}

#[test]
fn what_aws_says_is_told_apart() {
    let Some(aws) = Aws::find("eu-west-2") else { return };
    let (lone, loan) = (own("lone"), own("loan"));
    let lone_only = format!("servers = [\"{lone}\"]\n");
    aws.instance(&lone);
    let project = aws.project(&format!("servers = [\"{loan}\"]\n"));
    project
        .run(&["stop", "dev"], 1)
        .says(&format!("aws has no server `{loan}`"))
        .says(&format!("did you mean `{lone}`?"));
    aws.instance(&lone);
    let project = aws.project(&lone_only);
    project.run(&["stop", "dev"], 1).says(&format!("aws has 2 servers named `{lone}`"));
    let project = aws.project("databases = [\"none\"]\n");
    project.run(&["stop", "dev"], 1).says("aws has no database `none`").says("there are no databases at all");

    let project = aws.project(&lone_only).with_secrets(&[("NOTHING", "CANARY-nothing")]);
    project.run(&["state", "dev"], 1).says("there are no credentials");
    let project = aws.project(&lone_only).with_var("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    project.run(&["state", "dev"], 1).says("AWS cannot be reached");
    let project = dev("[power]\nprovider = \"aws\"\nservers = [\"a\"]\n")
        .with_secrets(&[("AWS_ACCESS_KEY_ID", "CANARY-id"), ("AWS_SECRET_ACCESS_KEY", "CANARY-key")])
        .on_path(&aws.program);
    project.run(&["state", "dev"], 78).says("does not know the region").says("add `region");
}

#[test]
fn containers_of_a_compose_project_are_stopped_and_started() {
    let (Some(docker), Some(compose), Some(image)) = (need("docker"), need("compose-2"), need("image"))
    else {
        return;
    };
    let name = format!("power-{}", std::process::id());
    let config = |project: &str, servers: &str| {
        format!("[power]\nprovider = \"docker\"\nproject = \"{project}\"\nservers = [{servers}]\n")
    };
    let project = dev(&config(&name, &format!("\"{name}-lone\"")))
        .on_path(&docker)
        .with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG"]);
    let folder = project.path("app");
    let service = format!(
        "{{ image: {}, command: [sleep, \"600\"], stop_signal: SIGKILL, network_mode: none }}",
        image.to_string_lossy()
    );
    project.write("app/compose.yml", &format!("services:\n  web: {service}\n  db: {service}\n"));
    let compose = |args: &[&str]| output(program(&compose, &folder).args(["-p", &name]).args(args));
    let by_hand = |args: &[&str]| String::from_utf8(output(program(&docker, &folder).args(args))).unwrap();
    let lone = format!("{name}-lone");
    let image = image.into_string().unwrap();
    by_hand(&[
        "run",
        "-d",
        "--name",
        &lone,
        "--network",
        "none",
        "--stop-signal",
        "KILL",
        &image,
        "sleep",
        "600",
    ]);
    compose(&["up", "-d"]);
    let running = || by_hand(&["ps", "-q", "--filter", &format!("name={name}")]).lines().count();
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        assert_eq!(running(), 3);
        project.run(&["stop", "dev"], 0).says("3 stopped");
        assert_eq!(running(), 0);
        project.run(&["stop", "dev"], 0).says("all 3 already stopped");
        let json: Json = serde_json::from_str(&project.run(&["state", "dev", "--json"], 0).out).unwrap();
        assert_eq!(
            (&json["machines"][0]["state"], &json["machines"][0]["billed"]),
            (&"off".into(), &"no".into())
        );
        project.run(&["start", "dev"], 0).says("3 started");
        assert_eq!(running(), 3);
        // By its folder.
        project.environment("rec", &config("./app", ""));
        project.run(&["stop", "rec"], 0).says("2 stopped");
        project.environment("typo", &config(&format!("{name}x"), ""));
        let run = project.run(&["stop", "typo"], 1);
        run.says("docker has no container of the Compose project").says(&format!("did you mean `{name}`?"));
        project.environment("dead", &config(&name, ""));
        let mut command = project.command(&["state", "dead"]);
        project
            .ended(Run::of(command.env("DOCKER_HOST", "tcp://127.0.0.1:9")), 1)
            .says("no docker engine answers");
    }));
    compose(&["down", "-t", "0"]);
    by_hand(&["rm", "-f", &lone]);
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn commands_of_the_project_do_it_for_everything_else() {
    let config = r#"[power]
provider = "command"
stop = "test ${#TOKEN} = 12 && touch stopped"
start = ["rm", "stopped"]
state = { run = "test -e stopped && echo off || echo on" }
"#;
    let project = dev(config).with_secrets(&[("TOKEN", "CANARY-token")]);
    let stopped = project.path("stopped");
    project.run(&["state", "dev"], 0).prints("on");
    project.run(&["stop", "dev"], 0).says("stopped by its own command");
    assert!(stopped.exists());
    let json: Json = serde_json::from_str(&project.run(&["state", "dev", "--json"], 0).out).unwrap();
    assert_eq!(json["lines"][0], "off");
    project.run(&["start", "dev"], 0);
    assert!(!stopped.exists());
    project.run(&["start", "dev"], 1).says("ended with exit code 1");
}

/// Answers as `az` does, from a file with the power state of `app`; a state is reached at the second look.
const AZ: &str = r#"#!/bin/sh
echo "$*" >>"$HOME/az.log"
state=$(cat "$HOME/vm")
case "$2" in
  list)
    echo "[{\"id\":\"/subscriptions/s/app\",\"name\":\"app\",\"powerState\":\"VM ${state%%,*}\",\"privateIps\":\"10.0.0.4\"}]"
    echo "${state#*,}" >"$HOME/vm" ;;
  deallocate) echo deallocating,deallocated >"$HOME/vm" ;;
  stop) echo stopping,stopped >"$HOME/vm" ;;
  start) echo starting,running >"$HOME/vm" ;;
esac
"#;

#[test]
fn a_virtual_machine_is_deallocated_unless_only_a_stop_is_wanted() {
    let config = "[power]\nprovider = \"azure\"\nresource-group = \"rg\"\nservers = [\"app\"]\n";
    let project = dev(config);
    let az = project.script("bin/az", AZ);
    project.home.write("vm", "running\n");
    let project = project.on_path(&az);
    project
        .run(&["stop", "dev"], 0)
        .says("VM deallocated")
        .says("1 deallocated; only disks and fixed addresses");
    project.run(&["state", "dev"], 0).prints("disk only").prints("10.0.0.4");
    project.run(&["start", "dev"], 0).says("VM running");
    project.environment("dev", &format!("{config}mode = \"stop\"\n"));
    project.run(&["stop", "dev"], 0).says("1 stopped; still billed as if running: leave `mode` out");
    let log = project.home.read("az.log");
    assert!(log.contains("vm deallocate --no-wait --only-show-errors --ids /subscriptions/s/app"), "{log}");
    assert!(
        log.contains("vm list --show-details --only-show-errors --output json --resource-group rg"),
        "{log}"
    );
}

#[test]
fn what_cannot_be_stopped_is_refused_before_anything_is_started() {
    let project = dev("");
    project.run(&["stop", "dev"], 78).says("there is no `[power]`");
    project.run(&["state", "dev"], 78).says("add `[power]`");
    project.environment("dev", "[power]\nprovider = \"openstack\"\n");
    project
        .run(&["start", "dev"], 78)
        .says("names nothing that can be stopped")
        .says("add `server` to a host");
    project
        .environment("dev", "[power]\nprovider = \"openstack\"\nservers = [\"a\"]\ndatabases = [\"pg\"]\n");
    project
        .run(&["stop", "dev"], 78)
        .says("infractl cannot stop databases of `openstack`")
        .says("database-provider");
    project.environment("dev", "[power]\nprovider = \"aws\"\nservers = [\"a\"]\nmode = \"shelve\"\n");
    project.run(&["stop", "dev"], 78).says("the provider `aws` cannot `shelve`");
    project.environment("dev", "[power]\nprovider = \"aws\"\nservers = [\"a\"]\n");
    project.run(&["stop", "dev", "--shelve"], 64).says("no machines that can be shelved");

    let guarded =
        "protected = true\n[power]\nprovider = \"command\"\nstop = \"touch stopped\"\nstart = \"true\"\n";
    project.environment("dev", guarded);
    project.run(&["stop", "dev"], 77).says("`dev` is protected");
    assert!(!project.path("stopped").exists());
    project.run(&["start", "dev"], 77).says("`dev` is protected");
    project.run(&["start", "dev", "--confirm", "dev"], 0);
    project.run(&["stop", "dev", "--confirm", "dev"], 0);
    assert!(project.path("stopped").exists());

    // A database beside machines that are somebody else's: one is stopped by commands, the others are not touched.
    let both = "[power]\nprovider = \"openstack\"\nservers = [\"a\"]\ndatabase-provider = \"command\"\n\
                stop = \"touch paused\"\nstart = \"rm paused\"\n";
    project.environment("dev", both);
    let dry = project.run(&["stop", "dev", "--dry-run"], 0);
    dry.prints("openstack server stop a").prints("touch paused");
    project.run(&["stop", "dev", "--only", "databases"], 0);
    assert!(project.path("paused").exists());

    project.environment("dev", &format!("{both}[pipelines]\nstop = [{{ command = \"touch own\" }}]\n"));
    project.run(&["stop", "dev"], 0);
    assert!(project.path("own").exists());
    project.run(&["stop", "dev", "--shelve"], 64).says("a pipeline `stop` of its own");
}
