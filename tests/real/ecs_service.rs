//! Services of ECS against moto whose services roll and whose tasks run in docker, with the real `aws` program, whose starts
//! are counted.

use std::ops::Deref;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::counted_aws::{CountedAws, REGION};

/// An image that nobody has: its tasks never run.
pub(crate) const BAD: &str = "127.0.0.1:9/nosuch:1";

/// A project with one service of ECS that runs its first revision.
pub(crate) struct Service(CountedAws);

impl Deref for Service {
    type Target = CountedAws;

    fn deref(&self) -> &CountedAws {
        &self.0
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let input = json!({ "cluster": self.cluster, "service": "api", "force": true });
        // Its containers are ended with it; a test that failed says so itself.
        drop(self.question("DeleteService", &input).output());
    }
}

impl Service {
    /// None without a back end. `more` stands in the step; `breaker` is what AWS does with crashes.
    pub(crate) fn new(more: &str, breaker: &Value) -> Option<Service> {
        let service = Service(CountedAws::new()?);
        service.project.environment(
            "dev",
            &format!(
                "[tasks.app]\ndefinition-file = \"api.json\"\ncluster = \"{0}\"\nregion = \"{REGION}\"\n[pipelines]\n\
                 roll = [{{ ecs = {{ service = \"api\", task = \"app\"{more} }} }}]\n\
                 hasty = [{{ ecs = {{ service = \"api\", task = \"app\"{more} }}, timeout = \"12s\" }}]\n\
                 later = [{{ ecs = {{ service = \"api\", task = \"app\", detach = true }} }}]\n\
                 fresh = [{{ ecs = {{ service = \"api\", cluster = \"{0}\", region = \"{REGION}\" }} }}]\n\
                 nosuch = [{{ ecs = {{ service = \"nosuch\", task = \"app\" }} }}]\n\
                 lost = [{{ ecs = {{ service = \"api\", cluster = \"nosuch\", region = \"{REGION}\" }} }}]\n\
                 steady = [{{ wait = {{ ecs = \"api\", cluster = \"{0}\", region = \"{REGION}\", every = \"1s\" }} }}]\n\
                 firm = [{{ wait = {{ ecs = \"api\", cluster = \"{0}\", region = \"{REGION}\", every = \"500ms\", at-most = 0 }} }}]\n\
                 gone = [{{ wait = {{ ecs = \"nosuch\", cluster = \"{0}\", region = \"{REGION}\" }} }}]\n",
                service.cluster
            ),
        );
        service.definition("1");
        service.register("api.json");
        service.ask(
            "CreateService",
            &json!({ "cluster": service.cluster, "serviceName": "api", "desiredCount": 1, "taskDefinition": service.cluster,
                     "deploymentConfiguration": { "deploymentCircuitBreaker": breaker } }),
        );
        service.infractl(&["steady", "dev"]).code(0).says("1 of 1 running");
        service.calls();
        Some(service)
    }

    pub(crate) fn definition(&self, mode: &str) {
        self.with_image(&self.image, mode);
    }

    pub(crate) fn with_image(&self, image: &str, mode: &str) {
        let text = format!(
            r#"{{ "family": "{}", "containerDefinitions": [{{ "name": "app", "image": "{image}", "memory": 64, "command": ["sh", "-c", "exec sleep 300"],
                 "environment": [{{ "name": "MODE", "value": "{mode}" }}] }}] }}"#,
            self.cluster
        );
        self.project.write("api.json", &text);
    }

    /// What the program was started for since the last time: the word after `ecs`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let word = |line: &str| line.split(' ').skip_while(|word| *word != "ecs").nth(1).map(str::to_owned);
        self.0.calls().iter().filter_map(|line| word(line)).collect()
    }

    /// The revision that the service is to run, and how many tasks it wants.
    pub(crate) fn now(&self) -> String {
        let input = json!({ "cluster": self.cluster, "services": ["api"] });
        let service = &self.ask("DescribeServices", &input)["services"][0];
        let revision = service["taskDefinition"].as_str().unwrap().rsplit('/').next().unwrap();
        format!("{} x{}", revision.replace(&self.cluster, "api"), service["desiredCount"])
    }
}

#[test]
fn a_service_gets_a_new_definition_and_one_that_has_it_is_left_alone() {
    let Some(service) = Service::new("", &json!({})) else { return };
    service.infractl(&["roll", "dev"]).code(0).says(&format!("already runs {}:1", service.cluster));
    service.infractl(&["check", "dev", "--exit-code"]).code(0);
    assert_eq!(service.calls(), Vec::<String>::new());
    service.definition("2");
    service.infractl(&["check", "dev", "--exit-code"]).code(2).prints("app.environment.MODE: 1 → 2");
    let dry = service.infractl(&["roll", "dev", "--dry-run"]).code(0);
    dry.prints("update-service").prints("# app.environment.MODE: 1 → 2");
    assert_eq!(service.calls(), Vec::<String>::new(), "who only looks starts no program");
    // AWS has enough of so many questions, and is asked again.
    service.fault(r#"{"action": "DescribeServices", "status": 400, "error": "ThrottlingException", "message": "Rate exceeded", "times": 3}"#);
    let run = service.infractl(&["roll", "dev"]).code(0);
    let run = run
        .says("MODE: 1 → 2")
        .says("has started a deployment")
        .says(&format!("{}:2, 1 of 1 running", service.cluster));
    let told = format!("{}\n{}", run.out, run.err).matches("has started a deployment").count();
    assert_eq!(told, 1, "each event once");
    assert_eq!(service.calls(), ["register-task-definition", "update-service"]);
    assert_eq!(service.now(), "api:2 x1");
    // The same definition, and its tasks anew.
    service.infractl(&["fresh", "dev"]).code(0).says("has started a deployment");
    assert_eq!(service.calls(), ["update-service"]);
    assert_eq!(service.now(), "api:2 x1");
    service.infractl(&["nosuch", "dev"]).code(1).says("no service `nosuch`").says(&service.cluster);
    service.infractl(&["lost", "dev"]).code(1).says("no cluster `nosuch`");
    service.infractl(&["gone", "dev"]).code(1).says("no service `nosuch`");
    assert_eq!(service.calls(), Vec::<String>::new());
}

#[test]
fn a_way_back_of_aws_is_a_failure() {
    let breaker = json!({ "enable": true, "rollback": true });
    let Some(service) = Service::new("", &breaker) else { return };
    service.with_image(BAD, "2");
    let run = service.infractl(&["roll", "dev"]).code(1);
    let run = run
        .says("AWS went back")
        .says(&format!("runs {}:1 now", service.cluster))
        .says("deployment failed: tasks failed to start");
    run.says("CannotPullContainerError")
        .says("ECS deployment circuit breaker: tasks failed to start.")
        .says("Service deployment rolled back because the circuit breaker threshold was exceeded.");
    assert_eq!(service.calls(), ["register-task-definition", "update-service"]);
    assert_eq!(service.now(), "api:1 x1");
}

#[test]
fn tasks_that_crash_end_the_wait_and_the_old_revision_is_named() {
    let Some(service) = Service::new("", &json!({})) else { return };
    // A revision that nobody deployed stands between.
    service.definition("between");
    service.register("api.json");
    service.with_image(BAD, "3");
    let begun = Instant::now();
    let run = service.infractl(&["roll", "dev"]).code(1);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let run = run.says("end the same way again and again").says("CannotPullContainerError");
    run.says(&format!("--task-definition {}:1", service.cluster));
    // It is still the one that the service is to run, and it is not deployed twice.
    assert_eq!(service.now(), "api:3 x1");
}

#[test]
fn the_revision_that_was_good_is_put_back() {
    let Some(service) = Service::new(", rollback = true", &json!({})) else { return };
    service.with_image(BAD, "2");
    let run = service.infractl(&["roll", "dev"]).code(1);
    run.says(&format!(
        "{0}:2 was not deployed to the service `api`; {0}:1 was put back and runs",
        service.cluster
    ));
    assert_eq!(service.calls(), ["register-task-definition", "update-service", "update-service"]);
    assert_eq!(service.now(), "api:1 x1");
}

#[test]
fn a_service_that_another_program_deploys_is_refused() {
    let Some(service) = Service::new("", &json!({})) else { return };
    service.ask(
        "CreateService",
        &json!({ "cluster": service.cluster, "serviceName": "nosuch", "desiredCount": 0, "taskDefinition": service.cluster,
                 "deploymentController": { "type": "CODE_DEPLOY" } }),
    );
    service.infractl(&["nosuch", "dev"]).code(78).says("CODE_DEPLOY");
    assert_eq!(service.calls(), Vec::<String>::new());
    let printed = service.infractl(&["roll", "dev", "--print"]).code(0);
    printed.prints("register-task-definition").prints("update-service").prints("services-stable");
}
