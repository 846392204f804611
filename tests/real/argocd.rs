//! The step `argocd` against a real API with Argo CD's kind Application. The controller is a stand-in that plays Argo CD:
//! each test says what it answers to being asked to look again, and to a synchronisation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value as Json, json};

use crate::common::{Run, Sandbox, send, start, wait_for};
use crate::kube::Kube;

/// Argo CD's own, without its schema.
const KIND: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: applications.argoproj.io }\n\
    spec:\n  group: argoproj.io\n  scope: Namespaced\n  names: { kind: Application, listKind: ApplicationList, plural: applications, singular: application, shortNames: [app, apps] }\n\
    \x20 versions: [{ name: v1alpha1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } } }]\n";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What the stand-in is asked: to look for the nth time, or to synchronise for the nth time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Look(u32),
    Sync(u32),
}
use Asked::{Look, Sync};

/// What it does.
enum Answer {
    /// Nothing, and the mark of being asked stays.
    Nothing,
    /// The mark goes; what it says stays as it was: a cache.
    Late,
    /// It has looked, and says this.
    Says(Json),
    /// The operation runs, ends like this, and then it has looked and says this.
    Ran(&'static str, Json),
    /// The Application is removed.
    Gone,
}
use Answer::{Gone, Late, Nothing, Ran, Says};

fn is(sync: &str, health: &str) -> Json {
    json!({ "sync": { "status": sync, "revision": COMMIT }, "health": { "status": health }, "conditions": null })
}

fn with(mut status: Json, key: &str, value: Json) -> Json {
    status[key] = value;
    status
}

fn makes(status: Json, children: &[&str]) -> Json {
    let one = |name: &&str| json!({ "group": "argoproj.io", "kind": "Application", "name": name });
    with(status, "resources", children.iter().map(one).collect())
}

struct World {
    kube: &'static Kube,
    namespace: String,
    project: Sandbox,
}

impl World {
    /// An environment with a step `argocd` about `root`, with more keys of it.
    fn new(more: &str, timeout: &str) -> Option<World> {
        let kube = Kube::up()?;
        kube.apply(KIND);
        wait_for("the kind", || kube.is(&["get", "applications.argoproj.io"]));
        let namespace = kube.namespace();
        let step = format!("app = \"root\", namespace = \"{namespace}\"{more}");
        let project =
            kube.project(&[], &format!("up = [{{ argocd = {{ {step} }}, timeout = \"{timeout}\" }}]\n"));
        Some(World { kube, namespace, project })
    }

    /// An Application whose status is from yesterday.
    fn app(&self, name: &str, policy: &str, status: Json) {
        let status = with(status, "reconciledAt", json!("2026-01-01T00:00:00Z"));
        let all = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": name, "namespace": self.namespace },
            "spec": { "project": "default", "syncPolicy": serde_json::from_str::<Json>(policy).unwrap() }, "status": status
        });
        self.kube.apply(&all.to_string());
    }

    fn get(&self, name: &str) -> Json {
        self.kube.json(&["get", "applications.argoproj.io", name, "-n", &self.namespace])
    }

    fn patch(&self, name: &str, patch: &Json) {
        let words = ["patch", "applications.argoproj.io", name, "-n", &self.namespace, "--type=merge", "-p"];
        let _ = self.kube.command(&[&words[..], &[&patch.to_string()]].concat()).output().unwrap();
    }

    /// Runs `up` beside the stand-in.
    fn up(&self, answers: impl Fn(&str, Asked) -> Answer + Send + std::marker::Sync) -> Run {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let controller = scope.spawn(|| self.control(&is_over, &answers));
            let run = self.project.infractl(&["pipeline", "dev", "up"]);
            is_over.store(true, Ordering::Relaxed);
            controller.join().unwrap();
            run
        })
    }

    fn control(&self, is_over: &AtomicBool, answers: &dyn Fn(&str, Asked) -> Answer) {
        let mut counts = std::collections::HashMap::<(String, bool), u32>::new();
        let now = || jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        while !is_over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(200));
            let list = self.kube.json(&["get", "applications.argoproj.io", "-n", &self.namespace]);
            for app in list["items"].as_array().unwrap() {
                let name = app["metadata"]["name"].as_str().unwrap();
                let mut count = |is_sync: bool| {
                    let count = counts.entry((name.to_owned(), is_sync)).or_insert(0);
                    *count += 1;
                    *count
                };
                let unmarked =
                    json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": null } } });
                let said = |status: Json| {
                    with(unmarked.clone(), "status", with(status, "reconciledAt", json!(now())))
                };
                if app["metadata"]["annotations"].get("argocd.argoproj.io/refresh").is_some() {
                    match answers(name, Look(count(false))) {
                        Nothing => {}
                        Late => self.patch(name, &unmarked),
                        Says(status) => self.patch(name, &said(status)),
                        Gone => drop(self.kube.kubectl(&[
                            "delete",
                            "applications.argoproj.io",
                            name,
                            "-n",
                            &self.namespace,
                        ])),
                        Ran(..) => panic!("that answers a synchronisation"),
                    }
                }
                if app.get("operation").is_some() {
                    let state =
                        json!({ "phase": "Running", "operation": app["operation"], "startedAt": now() });
                    let running = json!({ "operation": null, "status": { "operationState": state } });
                    if let Ran(phase, status) = answers(name, Sync(count(true))) {
                        self.patch(name, &running);
                        std::thread::sleep(Duration::from_millis(500));
                        let state = json!({ "phase": phase, "finishedAt": now(), "message": format!("it has {phase}") });
                        self.patch(name, &json!({ "status": { "operationState": state } }));
                        std::thread::sleep(Duration::from_millis(1100));
                        self.patch(name, &said(status));
                    }
                }
            }
        }
    }
}

#[test]
fn healthy_of_yesterday_does_not_count_nor_does_a_late_cache() {
    let Some(world) = World::new("", "60s") else { return };
    world.app("root", "null", is("Synced", "Healthy"));
    let looked = AtomicBool::new(false);
    world
        .up(|_, asked| match asked {
            // Asked once, it forgets; asked again, it looks.
            Look(1) => Late,
            Look(_) => {
                looked.store(true, Ordering::Relaxed);
                Says(is("Synced", "Healthy"))
            }
            Sync(_) => panic!("nobody asked for a synchronisation"),
        })
        .code(0)
        .says("healthy at 0123456")
        .says("app   sync    health   revision  message")
        .says("root  Synced  Healthy  0123456");
    assert!(looked.load(Ordering::Relaxed), "a verdict from before it was asked has counted");
}

#[test]
fn a_synchronisation_is_started_where_one_is_needed_and_only_there() {
    let Some(world) = World::new(", sync = true, prune = true", "60s") else { return };
    world.app("root", "null", is("OutOfSync", "Healthy"));
    let answers = |_: &str, asked| match asked {
        Look(1) => Says(is("OutOfSync", "Healthy")),
        Look(_) => Says(is("Synced", "Healthy")),
        Sync(1) => Ran("Succeeded", is("Synced", "Healthy")),
        Sync(_) => panic!("it was synchronised twice"),
    };
    world.up(answers).code(0).says("healthy at 0123456");
    let app = world.get("root");
    let operation = &app["status"]["operationState"]["operation"];
    assert_eq!(operation["initiatedBy"]["username"], "infractl");
    assert_eq!(operation["sync"]["prune"], true);
    assert!(app.get("operation").is_none());
    // Again: there is nothing to do.
    world
        .up(
            |_, asked| {
                if matches!(asked, Look(_)) { Says(is("Synced", "Healthy")) } else { panic!("{asked:?}") }
            },
        )
        .code(0);
    // Whoever synchronises by itself is not raced with.
    world.app("root", "{\"automated\":{\"selfHeal\":true}}", is("OutOfSync", "Healthy"));
    let automated = |_: &str, asked| match asked {
        Look(1) => Says(is("OutOfSync", "Healthy")),
        Look(_) => Says(is("Synced", "Healthy")),
        Sync(_) => panic!("an operation was started"),
    };
    world.up(automated).code(0);
}

#[test]
fn a_synchronisation_that_fails_says_what_of_it() {
    let Some(world) = World::new(", sync = true", "60s") else { return };
    world.app("root", "null", is("OutOfSync", "Missing"));
    world
        .up(|_, asked| match asked {
            Look(_) => Says(is("OutOfSync", "Missing")),
            Sync(_) => Ran("Failed", is("OutOfSync", "Missing")),
        })
        .code(1)
        .says("its synchronisation has failed: it has Failed")
        .says("kubectl describe applications.argoproj.io root");
}

#[test]
fn one_that_is_under_way_is_waited_for_and_a_stuck_one_named() {
    let Some(world) = World::new(", sync = true", "60s") else { return };
    world.app("root", "null", is("OutOfSync", "Healthy"));
    let other = json!({ "status": { "operationState": { "phase": "Running", "startedAt": "2026-01-01T00:00:00Z", "message": "waiting for completion of hook",
        "operation": { "initiatedBy": { "username": "alice" } } } } });
    world.patch("root", &other);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(5));
            assert!(world.get("root").get("operation").is_none(), "an operation was put beside another one");
            world.patch("root", &json!({ "status": { "operationState": { "phase": "Succeeded", "finishedAt": "2026-01-01T00:00:01Z" } } }));
        });
        let is_done = AtomicBool::new(false);
        world
            .up(|_, asked| match asked {
                Look(_) if is_done.load(Ordering::Relaxed) => Says(is("Synced", "Healthy")),
                Look(_) => Says(is("OutOfSync", "Healthy")),
                Sync(_) => {
                    is_done.store(true, Ordering::Relaxed);
                    Ran("Succeeded", is("Synced", "Healthy"))
                }
            })
            .code(0);
    });
    let Some(world) = World::new(", sync = true", "12s") else { return };
    world.app("root", "null", is("OutOfSync", "Healthy"));
    world.patch("root", &other);
    world.up(|_, _| Says(is("OutOfSync", "Healthy"))).code(1).says(
        "a synchronisation by alice is under way, since 2026-01-01T00:00:00Z: waiting for completion of hook",
    );
}

#[test]
fn children_count_at_any_depth_and_one_that_vanishes_is_done() {
    let Some(world) = World::new(", children = true", "90s") else { return };
    world.app("root", "null", is("Synced", "Healthy"));
    for name in ["a", "b", "c"] {
        world.app(name, "null", is("Synced", "Healthy"));
    }
    let begun = Instant::now();
    world
        .up(|name, asked| match (name, asked) {
            // Yesterday it made nothing; and what it does not make any more goes meanwhile.
            ("root", Look(1)) => Says(makes(is("Synced", "Healthy"), &["a", "b"])),
            ("root", _) => Says(makes(is("Synced", "Healthy"), &["a"])),
            ("a", _) => Says(makes(is("Synced", "Healthy"), &["c"])),
            ("b", _) => Gone,
            ("c", Look(1)) => Says(is("Synced", "Progressing")),
            ("c", _) => Says(is("Synced", "Healthy")),
            other => panic!("{other:?}"),
        })
        .code(0)
        .says("3 applications healthy")
        .says("c     Synced  Healthy");
    assert!(begun.elapsed() < Duration::from_secs(80));
}

#[test]
fn a_degraded_child_is_given_a_while_and_then_named() {
    let Some(world) = World::new(", children = true", "120s") else { return };
    world.app("root", "null", is("Synced", "Healthy"));
    world.app("a", "null", is("Synced", "Healthy"));
    let sick = with(
        is("Synced", "Degraded"),
        "resources",
        json!([{ "kind": "Deployment", "name": "web", "health": { "status": "Degraded", "message": "exceeded its progress deadline" } }]),
    );
    let begun = Instant::now();
    world
        .up(
            |name, _| {
                if name == "a" { Says(sick.clone()) } else { Says(makes(is("Synced", "Healthy"), &["a"])) }
            },
        )
        .code(1)
        .says("a: it is Degraded (Deployment web is Degraded: exceeded its progress deadline)")
        .says("`root` of Argo CD did not get there");
    assert!(begun.elapsed() > Duration::from_secs(29), "new things are degraded for a moment");
}

#[test]
fn a_repository_that_cannot_be_read_fails_with_its_text() {
    let Some(world) = World::new("", "60s") else { return };
    world.app("root", "null", is("Synced", "Healthy"));
    let wrong = "failed to list refs: x509: certificate signed by unknown authority";
    let status = with(
        is("Unknown", "Healthy"),
        "conditions",
        json!([{ "type": "ComparisonError", "message": wrong }]),
    );
    let begun = Instant::now();
    world
        .up(|_, _| Says(status.clone()))
        .code(1)
        .says(&format!("ComparisonError: {wrong}"))
        .says("argocd.argoproj.io/secret-type");
    assert!(begun.elapsed() < Duration::from_secs(40), "no waiting mends that");
}

#[test]
fn only_the_wanted_commit_counts() {
    let new = "fedcba9876543210fedcba9876543210fedcba98";
    let Some(world) = World::new(&format!(", revision = \"{new}\""), "60s") else { return };
    world.app("root", "null", is("Synced", "Healthy"));
    let later = with(is("Synced", "Healthy"), "sync", json!({ "status": "Synced", "revision": new }));
    world
        .up(|_, asked| if asked == Look(1) { Says(is("Synced", "Healthy")) } else { Says(later.clone()) })
        .code(0)
        .says("healthy at fedcba9");
    world.project.edit("environments/dev/environment.toml", "timeout = \"60s\"", "timeout = \"14s\"");
    world.up(|_, _| Says(is("Synced", "Healthy"))).code(1).says("it is at 0123456, not at fedcba9");
}

#[test]
fn what_is_not_there_is_waited_for_and_the_user_ends_it() {
    let Some(world) = World::new("", "12s") else { return };
    world.up(|_, _| Nothing).code(1).says("root: it is not there yet");
    world.app("root", "null", is("Synced", "Healthy"));
    world.up(|_, _| Nothing).code(1).says("Argo CD has not looked again yet");
    world.project.edit("environments/dev/environment.toml", "timeout = \"12s\"", "timeout = \"60s\"");
    let argv = world.project.home.path("argv");
    std::fs::remove_file(&argv).unwrap();
    let child = start(&mut world.project.command(&["pipeline", "dev", "up"]));
    wait_for("the first look", || argv.exists());
    std::thread::sleep(Duration::from_millis(300));
    send(&child, Signal::INT);
    Run::ended(child.wait_with_output().unwrap()).code(130).says("stopped waiting for `root`");
    world
        .project
        .infractl(&["pipeline", "dev", "up", "--dry-run"])
        .code(0)
        .prints("wait until root is synchronised and healthy");
    world.project.infractl(&["pipeline", "dev", "up", "--print"]).code(64);
}
