//! What goes wrong while a service of ECS is deployed: with AWS, with whoever deploys, and with the service itself.

use std::process::Command;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use serde_json::json;

use crate::common::{Run, need, output, send, start, wait_for};
use crate::counted_aws::REGION;
use crate::ecs_service::{BAD, Service};

/// How many deployments there were, the first one included.
fn deployments(service: &Service) -> usize {
    let input = json!({ "cluster": service.cluster, "service": "api" });
    service.ask("ListServiceDeployments", &input)["serviceDeployments"].as_array().unwrap().len()
}

#[test]
fn a_deployment_that_was_left_is_followed_and_not_begun_again() {
    let Some(service) = Service::new(", rollback = true", &json!({})) else { return };
    service.definition("2");
    service.fault(r#"{"action": "task", "pending": 5}"#);
    service.infractl(&["later", "dev"]).code(0).says("deployment ecs-svc/");
    assert_eq!(service.calls(), ["register-task-definition", "update-service"]);
    let run = service.infractl(&["roll", "dev"]).code(0);
    run.says("it is followed, no second one is started").says(":2, 1 of 1 running");
    assert_eq!(service.calls(), Vec::<String>::new());
    // Interrupted while it goes on; whoever follows it later knows the way back.
    service.with_image(BAD, "3");
    service.fault(r#"{"action": "task", "pending": 25}"#);
    let child = start(&mut service.command(&["roll", "dev"]));
    wait_for("the deployment", || service.project.read("aws.log").contains("update-service"));
    wait_for("its event", || deployments(&service) == 3);
    send(&child, Signal::INT);
    let left = Run::ended(child.wait_with_output().unwrap()).code(130);
    left.says("nobody follows it").says("`infractl roll dev` follows a deployment that goes on");
    let run = service.infractl(&["roll", "dev"]).code(1);
    run.says("it is followed, no second one is started").says(&format!("{}:2 was put back", service.cluster));
    // The second one is the way back.
    assert_eq!(service.calls(), ["register-task-definition", "update-service", "update-service"]);
    assert_eq!(service.now(), "api:2 x1");
}

#[test]
fn an_answer_that_is_lost_deploys_nothing_twice() {
    let Some(service) = Service::new("", &json!({})) else { return };
    service.definition("2");
    service.fault(r#"{"action": "UpdateService", "lose": "cut"}"#);
    service.infractl(&["roll", "dev"]).code(0).says(":2, 1 of 1 running");
    assert_eq!(service.calls(), ["register-task-definition", "update-service"]);
    // A deployment that is forced would be another one each time.
    service.fault(r#"{"action": "UpdateService", "lose": "500"}"#);
    service.infractl(&["fresh", "dev"]).code(0).says(":2, 1 of 1 running");
    assert_eq!(service.calls(), ["update-service"]);
    assert_eq!(deployments(&service), 3);
    // Busy, and nothing was done: asked again.
    service.definition("3");
    service.fault(r#"{"action": "UpdateService", "status": 400, "error": "ThrottlingException", "message": "Rate exceeded"}"#);
    service.infractl(&["later", "dev"]).code(0);
    assert_eq!(service.calls(), ["register-task-definition", "update-service", "update-service"]);
    assert_eq!(deployments(&service), 4);
}

#[test]
fn the_wait_ends_in_time_and_says_how_far_it_came() {
    let Some(service) = Service::new("", &json!({})) else { return };
    service.definition("2");
    service.fault(r#"{"action": "task", "pending": 60}"#);
    let run = service.infractl(&["hasty", "dev"]).code(1);
    let cluster = &service.cluster;
    run.says(&format!("it took longer than 12 s: {cluster}:2, 0 of 1 running"))
        .says(&format!("--service api --task-definition {cluster}:1"))
        .says("give the step a longer `timeout`");
}

#[test]
fn a_breaker_that_does_not_go_back_gives_its_reason_and_the_way_back() {
    let breaker = json!({ "enable": true, "rollback": false });
    let Some(service) = Service::new("", &breaker) else { return };
    service.with_image(BAD, "2");
    let run = service.infractl(&["roll", "dev"]).code(1);
    run.says("ECS deployment circuit breaker: tasks failed to start.")
        .says("Service deployment stopped because the circuit breaker threshold was exceeded.")
        .says("CannotPullContainerError")
        .says(&format!("--task-definition {}:1", service.cluster));
}

#[test]
fn a_revision_that_was_taken_out_of_use_is_put_back_by_its_content() {
    let Some(service) = Service::new(", rollback = true", &json!({})) else { return };
    let old = format!("{}:1", service.cluster);
    service.ask("DeregisterTaskDefinition", &json!({ "taskDefinition": old }));
    service.with_image(BAD, "2");
    let run = service.infractl(&["roll", "dev"]).code(1);
    run.says(&format!("{old} is not in use any more: registered again as {}:3", service.cluster))
        .says(&format!("{}:3 was put back and runs", service.cluster));
    let both = ["register-task-definition", "update-service"];
    assert_eq!(service.calls(), [both, both].concat());
    assert_eq!(service.now(), "api:3 x1");
}

#[test]
fn programs_that_die_after_aws_called_the_deployment_completed_have_failed() {
    let Some(service) = Service::new("", &json!({})) else { return };
    service.definition("2");
    let text = service.project.read("api.json");
    service.project.write("api.json", &text.replace("exec sleep 300", "sleep 2; echo no more; exit 3"));
    let run = service.infractl(&["roll", "dev"]).code(1);
    run.says("end the same way again and again: `app` ended with exit code 3")
        .says(&format!("--task-definition {}:1", service.cluster));
}

#[test]
fn a_service_is_steady_when_its_programs_go_on_living() {
    let Some(service) = Service::new("", &json!({})) else { return };
    let run = service.infractl(&["firm", "dev"]).code(0);
    run.says("1 of 1 running, good for 5.0 s");
    service.definition("2");
    let text = service.project.read("api.json");
    service.project.write("api.json", &text.replace("exec sleep 300", "sleep 3; exit 3"));
    service.infractl(&["later", "dev"]).code(0);
    // AWS calls it completed for a moment, and each time after its program was started again.
    let run = service.infractl(&["firm", "dev"]).code(1);
    run.says("1 break of being good").says("to stay so for 5.0 s");
}

#[test]
fn whoever_interrupts_the_way_back_is_told_what_goes_on() {
    let Some(service) = Service::new(", rollback = true", &json!({})) else { return };
    service.with_image(BAD, "2");
    let child = start(&mut service.command(&["roll", "dev"]));
    wait_for("the way back", || service.project.read("aws.log").matches("update-service").count() == 2);
    wait_for("its event", || deployments(&service) == 3);
    send(&child, Signal::INT);
    let run = Run::ended(child.wait_with_output().unwrap()).code(130);
    let cluster = &service.cluster;
    run.says(&format!("{cluster}:2 was not deployed to the service `api`; {cluster}:1 is being put back, and nobody follows that"))
        .says("aws ecs wait services-stable");
    // It comes to its end all the same, and nothing is deployed a third time.
    service.infractl(&["steady", "dev"]).code(0);
    assert_eq!(service.now(), "api:1 x1");
    assert_eq!(deployments(&service), 3);
}

#[test]
fn a_service_of_a_pipeline_that_is_called_with_its_name_is_compared_as_well() {
    let Some(service) = Service::new("", &json!({})) else { return };
    service.project.environment(
        "dev",
        &format!(
            "[tasks.app]\ndefinition-file = \"api.json\"\ncluster = \"{}\"\nregion = \"{REGION}\"\n[pipelines]\n\
             both = [{{ do = \"one\", with = {{ service = \"api\" }} }}, {{ do = \"one\", with = {{ service = \"nosuch\" }} }}]\n\
             one = [{{ ecs = {{ service = \"{{{{with.service}}}}\", task = \"app\" }} }}]\n",
            service.cluster
        ),
    );
    service.definition("2");
    // The newest of the family is what the file says; what the service runs is not.
    service.register("api.json");
    let check = service.infractl(&["check", "dev", "--exit-code"]).code(2);
    check.prints("app of api: app.environment.MODE: 1 → 2").says("not compared: AWS has no service `nosuch`");
    let dry = service.infractl(&["both", "dev", "--dry-run"]).code(0);
    dry.prints("# app.environment.MODE: 1 → 2")
        .prints("# what would change in its definition is not known: AWS has no service `nosuch`");
}

#[test]
fn a_clock_that_is_wrong_is_set_by_that_of_aws() {
    let Some(faketime) = need("faketime") else { return };
    let Some(service) = Service::new("", &json!({})) else { return };
    let late = |args: &[&str]| output(Command::new(&faketime).args(["-f", "-20m"]).args(args));
    assert!(SystemTime::now() > read_time(&late(&["date", "+%s"])) + Duration::from_secs(1000));
    let library = String::from_utf8(late(&["printenv", "LD_PRELOAD"])).unwrap();
    let mut command = service.command(&["steady", "dev"]);
    command.env("LD_PRELOAD", library.trim()).env("FAKETIME", "-20m");
    Run::of(&mut command).code(0).says("1 of 1 running");
    assert_eq!(service.calls(), Vec::<String>::new());
}

fn read_time(seconds: &[u8]) -> SystemTime {
    let seconds = String::from_utf8_lossy(seconds).trim().parse().unwrap();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
