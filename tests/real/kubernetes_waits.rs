//! Waits on objects of a real API: late, never, wrong, and why.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::{Run, Sandbox, send, start, wait_for};
use crate::kube::Kube;

fn deployment(name: &str, replicas: u32, annotations: &str, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  replicas: {replicas}\n  {more}\n  selector: {{ matchLabels: {{ app: {name} }} }}\n\
         \x20 template:\n    metadata: {{ labels: {{ app: {name} }}, annotations: {{ {annotations} }} }}\n    spec: {{ containers: [{{ name: main, image: none }}] }}\n"
    )
}

fn job(name: &str, annotations: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{ name: {name} }}\nspec: {{ backoffLimit: 0, template: {{ metadata: {{ annotations: {{ {annotations} }} }}, spec: {{ restartPolicy: Never, containers: [{{ name: main, image: none }}] }} }} }}\n"
    )
}

struct World {
    kube: &'static Kube,
    namespace: String,
    project: Sandbox,
}

impl World {
    /// NS in the pipelines stands for the namespace of the test.
    fn new(pipelines: &str) -> Option<World> {
        let kube = Kube::up()?;
        let namespace = kube.namespace();
        // What the log of every container of the cluster says in the end.
        let secrets = [("LOGIN", "CANARY-7f3a-kube")];
        let project = kube.project(&secrets, &pipelines.replace("NS", &namespace));
        Some(World { kube, namespace, project })
    }

    fn apply(&self, manifest: &str) {
        self.project.write("one.yaml", manifest);
        let file = self.project.path("one.yaml");
        let words = [
            "apply",
            "--server-side",
            "--force-conflicts",
            "-n",
            &self.namespace,
            "-f",
            file.to_str().unwrap(),
        ];
        self.kube.kubectl(&words);
    }

    fn run(&self, name: &str) -> Run {
        self.project.infractl(&["pipeline", "dev", name])
    }
}

#[test]
fn a_rollout_is_waited_for_from_before_it_is_there() {
    let Some(world) =
        World::new("web = [{ wait = { rollout = \"web\", namespace = \"NS\", every = \"300ms\" } }]\n")
    else {
        return;
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(1));
            world.apply(&deployment("web", 2, "", ""));
        });
        world.run("web").code(0).says("2 of 2 available").says("at try ");
    });
    // What was true before a change does not count: the change never gets ready.
    world.apply(&deployment("web", 2, "infractl.test/never: 'true'", "progressDeadlineSeconds: 2"));
    world.run("web").code(1).says("ProgressDeadlineExceeded").says("not ready: web-").says("Pending");
    world.apply(&deployment("web", 1, "", ""));
    world.run("web").code(0).says("1 of 1 available");
}

#[test]
fn a_container_that_crashes_ends_the_wait_with_its_log_and_no_secret() {
    let Some(world) = World::new(
        "web = [{ wait = { rollout = \"deployment/web\", namespace = \"NS\" }, secrets = [\"LOGIN\"] }]\n\
         image = [{ wait = { rollout = \"image\", namespace = \"NS\", every = \"200ms\" } }]\n\
         name = [{ wait = { rollout = \"name\", namespace = \"NS\", every = \"200ms\" } }]\n",
    ) else {
        return;
    };
    world.apply(&deployment(
        "web",
        1,
        "infractl.test/waiting: CrashLoopBackOff, infractl.test/restarts: '4'",
        "",
    ));
    let begun = Instant::now();
    world
        .run("web")
        .code(1)
        .says("(main): CrashLoopBackOff, started again 4 times")
        .says("the end of the log of web-")
        .says("line-30")
        .says("the login with *** was refused");
    assert!(begun.elapsed() < Duration::from_secs(60), "it was waited for");
    world.apply(&deployment(
        "image",
        1,
        "infractl.test/waiting: ErrImagePull, infractl.test/message: 'manifest for none: not found'",
        "",
    ));
    world.run("image").code(1).says("ErrImagePull").says("not found");
    world.apply(&deployment("name", 1, "infractl.test/waiting: InvalidImageName", ""));
    world.run("name").code(1).says("InvalidImageName").says("kubectl describe deployment/name");
}

#[test]
fn pods_of_before_do_not_end_the_wait_for_what_mends_them() {
    let Some(world) =
        World::new("web = [{ wait = { rollout = \"web\", namespace = \"NS\", every = \"300ms\" } }]\n")
    else {
        return;
    };
    world.apply(&deployment(
        "web",
        1,
        "infractl.test/waiting: CrashLoopBackOff, infractl.test/restarts: '9'",
        "strategy: { rollingUpdate: { maxUnavailable: 0 } }",
    ));
    world.run("web").code(1).says("CrashLoopBackOff");
    world.apply(&deployment("web", 1, "", "strategy: { rollingUpdate: { maxUnavailable: 0 } }"));
    world.run("web").code(0);
}

#[test]
fn a_job_ends_the_wait_either_way() {
    let Some(world) = World::new(
        "good = [{ wait = { job = \"good\", namespace = \"NS\" } }]\nbad = [{ wait = { job = \"bad\", namespace = \"NS\" } }]\n\
         gone = [{ wait = { job = \"gone\", namespace = \"NS\", every = \"200ms\" } }]\n\
         none = [{ wait = { job = \"none\", namespace = \"NS\", every = \"100ms\", attempts = 3 } }]\n",
    ) else {
        return;
    };
    world.apply(&[job("good", ""), "---\n".to_owned(), job("bad", "infractl.test/fails: 'true'")].concat());
    world.run("good").code(0).says("it has ended well");
    let begun = Instant::now();
    world
        .run("bad")
        .code(1)
        .says("BackoffLimitExceeded")
        .says("Error: exit code 1")
        .says("the end of the log of bad-")
        .says("***");
    assert!(begun.elapsed() < Duration::from_secs(60), "a Job that has failed was waited for");
    world.run("none").code(1).says("there is no job/none yet").says("tried 3 times");
    world.apply(&job("gone", "infractl.test/never: 'true'"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(3));
            world.kube.kubectl(&["delete", "job", "gone", "-n", &world.namespace]);
        });
        world.run("gone").code(1).says("was there and is gone before its end was seen");
    });
}

#[test]
fn a_quota_that_is_used_up_ends_the_wait() {
    let Some(world) = World::new(
        "web = [{ wait = { rollout = \"web\", namespace = \"NS\" } }]\njob = [{ wait = { job = \"work\", namespace = \"NS\" } }]\n",
    ) else {
        return;
    };
    world
        .apply("apiVersion: v1\nkind: ResourceQuota\nmetadata: { name: few }\nspec: { hard: { pods: 0 } }\n");
    wait_for("the quota", || {
        !world.kube.json(&["get", "resourcequota", "few", "-n", &world.namespace])["status"]["hard"].is_null()
    });
    world.apply(&deployment("web", 1, "", ""));
    world.run("web").code(1).says("exceeded quota: few");
    world.apply(&job("work", ""));
    world.run("job").code(1).says("exceeded quota: few");
}

#[test]
fn a_condition_of_one_or_of_all() {
    let Some(world) = World::new(
        "nodes = [{ wait = { condition = \"Ready\", of = \"nodes\" } }]\n\
         pods = [{ wait = { condition = \"Ready\", of = \"pods\", selector = \"app=web\", namespace = \"NS\" } }]\n\
         none = [{ wait = { condition = \"Ready\", of = \"pods\", selector = \"app=none\", namespace = \"NS\", attempts = 2, every = \"100ms\" } }]\n\
         kind = [{ wait = { condition = \"Ready\", of = \"certificates.example.com/a\", namespace = \"NS\", attempts = 2, every = \"100ms\" } }]\n\
         other = [{ wait = { condition = \"Available=False\", of = \"deployment/web\", namespace = \"NS\", attempts = 2, every = \"100ms\" } }]\n\
         guarded = [{ command = \"touch made\", unless = { condition = \"Available\", of = \"deployment/web\", namespace = \"NS\" } }]\n",
    ) else {
        return;
    };
    world.run("nodes").code(0).says("Ready is True");
    world.run("guarded").code(0);
    assert!(world.project.path("made").exists(), "it was not there yet");
    std::fs::remove_file(world.project.path("made")).unwrap();
    world.apply(&deployment("web", 3, "", ""));
    world.run("pods").code(0);
    world.run("none").code(1).says("there are no pods with app=none yet");
    world.run("kind").code(1).says("doesn't have a resource type").says("tried 2 times");
    wait_for("the deployment", || {
        world.kube.is(&[
            "wait",
            "deployment/web",
            "--for=condition=Available",
            "-n",
            &world.namespace,
            "--timeout=1s",
        ])
    });
    world.run("other").code(1).says("Available is True (MinimumReplicasAvailable");
    world.run("guarded").code(0);
    assert!(!world.project.path("made").exists(), "it was there already");
}

#[test]
fn the_user_ends_a_wait_at_once() {
    let Some(world) = World::new("web = [{ wait = { rollout = \"web\", namespace = \"NS\" } }]\n") else {
        return;
    };
    let child = start(&mut world.project.command(&["pipeline", "dev", "web"]));
    let argv = world.project.home.path("argv");
    wait_for("the first look", || argv.exists());
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    send(&child, Signal::INT);
    let run = Run::ended(child.wait_with_output().unwrap()).code(130);
    run.says("stopped waiting for deployment/web");
    assert!(begun.elapsed() < Duration::from_secs(5));
}
