//! Deployment records beside a shared lock, in a real PostgreSQL and in moto's S3: everybody sees them.

use std::process::Child;

use serde_json::Value;

use crate::common::{Run, start};
use crate::locks::{Team, pg_team, s3, s3_team};

const PIPELINES: &str =
    "[pipelines]\ndeploy = \"true\"\nverify = { steps = [{ command = \"true\", effect = \"reads\" }] }\n";

fn deployments(team: &Team, checkout: usize) -> Vec<Value> {
    let run = Run::of(&mut team.command(checkout, &["history", "deployments", "dev", "--json", "-n", "999"]))
        .code(0);
    let all: Value = serde_json::from_str(&run.out).unwrap();
    all["deployments"].as_array().unwrap().clone()
}

fn a_colleague_sees_them_and_nothing_is_lost(team: &Team) {
    team.run(0, &["deploy", "dev"], 0);
    let seen = deployments(team, 1);
    assert_eq!((seen.len(), &seen[0]["by"], &seen[0]["outcome"]), (1, &"user0".into(), &"done".into()));
    let status = Run::of(&mut team.command(1, &["status"])).code(0);
    assert!(status.out.contains("dev: deployed: no commit, not verified"), "{}", status.out);
    team.run(1, &["verify", "dev"], 0);
    assert!(deployments(team, 0)[0]["verified"].is_string());
    // `verify` takes no lock: all of them write at the same moment.
    let all: Vec<Child> = (0..8).map(|at| start(&mut team.command(at % 4, &["verify", "dev"]))).collect();
    let more: Vec<Child> =
        (0..4).map(|at| start(&mut team.command(at, &["deploy", "dev", "--lock-wait", "1m"]))).collect();
    for run in all.into_iter().chain(more) {
        Run::ended(run.wait_with_output().unwrap()).code(0);
    }
    assert_eq!(deployments(team, 3).len(), 5);
    let lines = std::fs::read_to_string(team.checkout(3).join(".infractl/deployments/dev.jsonl"));
    let count = lines.map_or(0, |text| text.lines().count());
    assert!(count <= 2 + 1 + 8 + 8, "{count}");
    // Whole as a chain, for somebody who has never seen them.
    let run = Run::of(&mut team.command(2, &["history", "deployments", "dev"])).code(0);
    assert!(run.out.contains("user3@"), "{}", run.out);
}

#[test]
fn records_in_a_bucket_are_seen_by_everybody() {
    let Some((team, address, object)) = s3_team(4, PIPELINES) else { return };
    a_colleague_sees_them_and_nothing_is_lost(&team);
    let object = object.replace("infractl-lock", "infractl-deployments");
    let (_, whole) = s3(&address, "GET", &object, "");
    assert_eq!(whole.lines().count(), 5 * 2 + 1 + 8);
    // A cut end is found by whoever has seen more.
    team.run(0, &["deploy", "dev"], 0);
    let cut: String = whole.lines().take(4).flat_map(|line| [line, "\n"]).collect();
    assert_eq!(s3(&address, "PUT", &object, &cut).0, 200);
    let told = team.run(0, &["history", "deployments", "dev"], 1);
    assert!(told.contains("not those that were copied here"), "{told}");
    assert_eq!(s3(&address, "PUT", &object, &whole.replacen("user0", "user9", 1)).0, 200);
    let told = team.run(1, &["history", "deployments", "dev"], 1);
    assert!(told.contains("record 1 was changed"), "{told}");
    // What cannot be read stops a deployment before it changes anything.
    let mut command = team.command(1, &["deploy", "dev"]);
    let refused = Run::of(command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")).code(1);
    assert!(refused.err.contains("127.0.0.1:9"), "{}", refused.err);
}

#[test]
fn records_in_a_database_are_seen_by_everybody() {
    let Some(team) = pg_team(4, PIPELINES, "deployments", &[]) else { return };
    a_colleague_sees_them_and_nothing_is_lost(&team);
}
