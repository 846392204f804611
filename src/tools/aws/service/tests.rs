//! Answers as AWS gives them, shortened.

use serde_json::json;

use super::*;
use crate::tools::aws::task::Task;

const OURS: &str = "ecs-svc/4980306466373577095";
const BEFORE: &str = "ecs-svc/1785013441294374301";

fn arn(revision: u32) -> String {
    format!("arn:aws:ecs:eu-west-3:123456789012:task-definition/api:{revision}")
}

fn deployment(id: &str, status: &str, number: u32, state: &str, running: u32) -> Json {
    let mut all = json!({
        "id": id, "status": status, "taskDefinition": arn(number), "desiredCount": 2, "pendingCount": 0,
        "runningCount": running, "failedTasks": 0, "createdAt": 1_764_000_000.5, "launchType": "FARGATE",
    });
    if !state.is_empty() {
        all["rolloutState"] = state.into();
        all["rolloutStateReason"] = format!("ECS deployment {id} {state}.").into();
    }
    all
}

fn service(deployments: &[Json]) -> Service {
    let answer = json!({ "failures": [], "services": [{
        "serviceName": "api", "status": "ACTIVE", "desiredCount": 2, "deployments": deployments,
        "deploymentController": { "type": "ECS" },
        "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": true } },
        "events": [{ "id": "b", "message": "later" }, { "id": "a", "message": "first" }],
    }] });
    Service::described(&answer).unwrap()
}

fn begun() -> Begun {
    Begun {
        id: OURS.to_owned(),
        definition: arn(42),
        previous: Some(arn(41)),
        at: Some(1_764_000_000.5),
        is_seen: true,
    }
}

fn record(status: &str) -> Record {
    Record { status: status.to_owned(), reason: String::new() }
}

fn going(words: &str) -> State {
    State::Going(words.to_owned())
}

#[test]
fn our_deployment_is_followed_by_its_id() {
    let before = |status: &str| deployment(BEFORE, status, 41, "COMPLETED", 2);
    let now = |deployments: &[Json]| service(deployments).state(&begun(), None);
    assert_eq!(
        now(&[deployment(OURS, "PRIMARY", 42, "IN_PROGRESS", 1), before("ACTIVE")]),
        going("api:42, 1 of 2 running")
    );
    // All of it runs, and AWS has not said yet that it is done: a bake time goes on, or an alarm is looked at.
    assert_eq!(
        now(&[deployment(OURS, "PRIMARY", 42, "IN_PROGRESS", 2), before("ACTIVE")]),
        going("api:42, 2 of 2 running")
    );
    // Its programs have died since.
    assert_eq!(now(&[deployment(OURS, "PRIMARY", 42, "COMPLETED", 0)]), going("api:42, 0 of 2 running"));
    let done = State::Done("api:42, 2 of 2 running".to_owned());
    assert_eq!(now(&[deployment(OURS, "PRIMARY", 42, "COMPLETED", 2)]), done);
    // The answer is older than our update.
    let stale = Begun { is_seen: false, ..begun() };
    assert_eq!(service(&[before("PRIMARY")]).state(&stale, None), State::Unseen);
}

#[test]
fn a_way_back_is_told_from_success_from_failure_and_from_somebody_else() {
    let state = |deployments: &[Json], kept: Option<&Record>| service(deployments).state(&begun(), kept);
    let back = deployment("ecs-svc/3", "PRIMARY", 41, "IN_PROGRESS", 2);
    let whole = deployment("ecs-svc/3", "PRIMARY", 41, "COMPLETED", 2);
    let failed = |status: &str| deployment(OURS, status, 42, "FAILED", 0);
    let reason = format!("ECS deployment {OURS} FAILED.");
    assert_eq!(state(&[back.clone(), failed("ACTIVE")], None), State::Back(reason.clone()));
    assert_eq!(state(&[failed("PRIMARY")], None), State::Failed(reason.clone()));
    assert_eq!(state(&[failed("PRIMARY")], Some(&record("ROLLBACK_IN_PROGRESS"))), State::Back(reason));
    // What `services-stable` takes for success.
    let gone = State::Back("its deployment is gone, and the revision before it is deployed again".to_owned());
    assert_eq!(state(std::slice::from_ref(&whole), None), gone);
    assert_eq!(
        state(&[whole], Some(&record("ROLLBACK_SUCCESSFUL"))),
        State::Back("the deployment was rolled back".to_owned())
    );
    let other = deployment("ecs-svc/4", "PRIMARY", 43, "IN_PROGRESS", 0);
    assert_eq!(state(&[other, deployment(OURS, "ACTIVE", 42, "IN_PROGRESS", 1)], None), State::Replaced);
    // Stopped by hand, without a way back.
    let stopped = state(&[deployment(OURS, "PRIMARY", 42, "IN_PROGRESS", 1)], Some(&record("STOPPED")));
    assert_eq!(stopped, State::Failed("the deployment was stopped".to_owned()));
    // An alarm: ours goes on for a moment, and what AWS keeps of it says why it will not for long.
    let alarm = Record { reason: "an alarm was raised.".to_owned(), ..record("ROLLBACK_REQUESTED") };
    let ours = deployment(OURS, "PRIMARY", 42, "IN_PROGRESS", 1);
    assert_eq!(state(&[ours], Some(&alarm)), State::Back("an alarm was raised.".to_owned()));
    let both = state(&[back, failed("ACTIVE")], Some(&alarm));
    assert_eq!(both, State::Back(format!("ECS deployment {OURS} FAILED. an alarm was raised.")));
}

#[test]
fn where_aws_says_nothing_of_the_roll_out_counts_do() {
    let now = |deployments: &[Json]| service(deployments).state(&begun(), None);
    let ours = |running| deployment(OURS, "PRIMARY", 42, "", running);
    assert_eq!(now(&[ours(2), deployment(BEFORE, "ACTIVE", 41, "", 1)]), going("api:42, 2 of 2 running"));
    assert_eq!(now(&[ours(1)]), going("api:42, 1 of 2 running"));
    assert_eq!(now(&[ours(2)]), State::Done("api:42, 2 of 2 running".to_owned()));
}

#[test]
fn what_was_good_before_is_never_reckoned_from_a_number() {
    let good = |deployments: &[Json]| service(deployments).good().map(str::to_owned);
    let failing = deployment("ecs-svc/9", "PRIMARY", 60, "IN_PROGRESS", 0);
    assert_eq!(good(&[deployment(BEFORE, "PRIMARY", 41, "COMPLETED", 2)]), Some(arn(41)));
    assert_eq!(good(&[failing.clone(), deployment(BEFORE, "ACTIVE", 17, "COMPLETED", 2)]), Some(arn(17)));
    assert_eq!(good(&[failing]), None, "nothing of it has ever run");
}

#[test]
fn the_record_of_our_deployment_is_found_by_its_number_or_by_its_time() {
    let prefix = "arn:aws:ecs:eu-west-3:123456789012:service-revision/prod/api/";
    let answer = json!({ "serviceDeployments": [
        { "status": "PENDING", "createdAt": 1_764_000_900.0, "targetServiceRevisionArn": format!("{prefix}77") },
        { "status": "ROLLBACK_IN_PROGRESS", "statusReason": "alarm", "createdAt": 1_764_000_000.2,
          "targetServiceRevisionArn": format!("{prefix}4980306466373577095") },
        { "status": "SUCCESSFUL", "createdAt": 1_763_000_000.0 },
    ] });
    let found = Record::of(&answer, &begun());
    assert_eq!(found, Some(Record { status: "ROLLBACK_IN_PROGRESS".into(), reason: "alarm".into() }));
    let answer = json!({ "serviceDeployments": [
        { "status": "PENDING", "createdAt": "2025-11-24T16:20:00Z" },
        { "status": "IN_PROGRESS", "createdAt": "2025-11-24T16:00:00.1Z" },
        { "status": "SUCCESSFUL", "createdAt": "2025-11-24T15:59:58Z" },
        { "status": "SUCCESSFUL", "createdAt": "2025-11-24T15:00:00Z" },
    ] });
    assert_eq!(Record::of(&answer, &begun()), Some(record("IN_PROGRESS")));
    assert_eq!(Record::of(&json!({}), &begun()), None);
}

fn stopped(id: u32, at: f64, code: &str, reason: &str, exit: impl Into<Json>) -> Task {
    let exit: Json = exit.into();
    let task = json!({
        "taskArn": format!("arn:aws:ecs:eu-west-3:123456789012:task/prod/{id:032}"), "lastStatus": "STOPPED",
        "stopCode": code, "stoppedReason": reason, "stoppedAt": at,
        "containers": [{ "name": "app", "exitCode": exit }],
    });
    crate::tools::aws::task::read(&json!({ "tasks": [task] })).0.remove(0)
}

#[test]
fn three_equal_crashes_in_a_row_are_enough() {
    let mut crashes = Crashes::default();
    let crash = |id, at, exit: i64| {
        stopped(id, at, "EssentialContainerExited", "Essential container in task exited", exit)
    };
    crashes.add(crash(1, 10.0, 3));
    crashes.add(crash(1, 10.0, 3));
    crashes.add(crash(2, 20.0, 4));
    crashes.add(crash(3, 30.0, 3));
    assert!(!crashes.is_enough(), "one of them twice, and another one between");
    crashes.add(stopped(
        4,
        35.0,
        "ServiceSchedulerInitiated",
        "Scaling activity initiated by (deployment x)",
        143,
    ));
    crashes.add(stopped(5, 36.0, "UserInitiated", "Task stopped by user", 143));
    crashes.add(crash(6, 50.0, 3));
    assert!(!crashes.is_enough());
    // Told of late.
    crashes.add(crash(7, 40.0, 3));
    assert!(crashes.is_enough());
    assert_eq!(
        crashes.words().as_deref(),
        Some("`app` ended with exit code 3; Essential container in task exited")
    );
}

#[test]
fn health_checks_of_several_addresses_are_one_kind() {
    let mut crashes = Crashes::default();
    for (id, address) in [(1, "10.0.1.17"), (2, "10.0.2.230"), (3, "10.0.1.9")] {
        let reason = format!("Task failed ELB health checks in (target-group tg) on {address}:8080");
        crashes.add(stopped(id, f64::from(id), "ServiceSchedulerInitiated", &reason, Json::Null));
    }
    assert!(crashes.is_enough());
}

#[test]
fn a_service_is_steady_when_one_deployment_is_whole() {
    let steady = |deployments: &[Json]| service(deployments).steady();
    let whole = deployment(BEFORE, "PRIMARY", 41, "COMPLETED", 2);
    assert_eq!(steady(&[whole]), Ok("api:41, 2 of 2 running".to_owned()));
    let new = deployment(OURS, "PRIMARY", 42, "IN_PROGRESS", 1);
    let old = deployment(BEFORE, "ACTIVE", 41, "COMPLETED", 2);
    assert_eq!(steady(&[new, old]), Err(("api:42, 1 of 2 running, 2 deployments".to_owned(), false)));
    assert!(matches!(steady(&[deployment(OURS, "PRIMARY", 42, "FAILED", 0)]), Err((_, true))));
    assert!(steady(&[deployment(BEFORE, "PRIMARY", 41, "COMPLETED", 1)]).is_err());
}

#[test]
fn what_is_there_is_told_from_what_is_deleted() {
    let answer = |status: &str| json!({ "services": [{ "serviceName": "api", "status": status }] });
    assert!(Service::described(&answer("ACTIVE")).is_some());
    assert!(Service::described(&answer("INACTIVE")).is_none());
    let missing = json!({ "services": [], "failures": [{ "arn": "x", "reason": "MISSING" }] });
    assert!(Service::described(&missing).is_none());
    let service = service(&[]);
    assert!(service.other_controller().is_none() && service.has_breaker());
    assert_eq!(service.events(), [("a", "first"), ("b", "later")]);
    let other = json!({ "service": { "deploymentController": { "type": "CODE_DEPLOY" } } });
    assert_eq!(Service::updated(&other).unwrap().other_controller(), Some("CODE_DEPLOY"));
}
