//! Applications as Argo CD leaves them, late and wrong ones too.

use super::*;

const YESTERDAY: &str = "2026-11-28T10:00:00Z";
const ASKED: &str = "2026-11-29T10:00:05Z";
const SYNCED: &str = "2026-11-29T10:00:10Z";
const AFTER: &str = "2026-11-29T10:00:12Z";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OLD: &str = "fedcba9876543210fedcba9876543210fedcba98";

fn app(sync: &str, health: &str, reconciled: &str) -> Json {
    json!({
        "metadata": { "name": "web", "namespace": "argocd", "resourceVersion": "7", "annotations": {} },
        "spec": {},
        "status": { "sync": { "status": sync, "revision": COMMIT }, "health": { "status": health }, "reconciledAt": reconciled }
    })
}

fn wish() -> Wish {
    Wish { sync: true, mark: "run-1".to_owned(), ..Wish::default() }
}

fn operation(app: &mut Json, phase: &str, finished: &str, mark: &str) {
    app["status"]["operationState"] = json!({
        "phase": phase, "startedAt": ASKED, "finishedAt": finished, "message": "one or more tasks failed",
        "operation": { "initiatedBy": { "username": "infractl" }, "info": [{ "name": "infractl", "value": mark }] }
    });
}

/// One that has looked after it was asked.
fn fresh(wish: &Wish, begun: Instant) -> Watched {
    let mut watched = Watched::default();
    let old = app("Synced", "Healthy", YESTERDAY);
    assert_eq!(watched.look(Application(&old), wish, false, begun), Next::Refresh);
    watched
}

#[track_caller]
fn waits(next: &Next, text: &str) {
    let Next::Wait(said) = next else { panic!("{next:?}") };
    assert!(said.contains(text), "{said}");
}

#[track_caller]
fn fails(next: &Next, text: &str) {
    let Next::Failed(said) = next else { panic!("{next:?}") };
    assert!(said.contains(text), "{said}");
}

#[test]
fn what_was_healthy_before_it_was_asked_does_not_count() {
    let (begun, wish) = (Instant::now(), wish());
    let at = |seconds| begun + Duration::from_secs(seconds);
    let mut watched = fresh(&wish, begun);
    let mut late = app("Synced", "Healthy", YESTERDAY);
    late["metadata"]["annotations"]["argocd.argoproj.io/refresh"] = json!("normal");
    waits(&watched.look(Application(&late), &wish, false, at(2)), "not looked again yet");
    // The mark is gone, and it has not looked: a cache.
    let late = app("Synced", "Healthy", YESTERDAY);
    waits(&watched.look(Application(&late), &wish, false, at(3)), "older than what was asked");
    assert_eq!(watched.look(Application(&late), &wish, false, at(5)), Next::Refresh, "it is asked again");
    let good = app("Synced", "Healthy", ASKED);
    assert_eq!(watched.look(Application(&good), &wish, false, at(6)), Next::Done);
    // Without asking, what it says counts.
    let plain = Wish { refresh: Refresh::None, ..wish.clone() };
    assert_eq!(Watched::default().look(Application(&late), &plain, false, begun), Next::Done);
}

#[test]
fn a_synchronisation_is_started_once_and_its_health_judged_after_it() {
    let (begun, wish) = (Instant::now(), wish());
    let mut watched = fresh(&wish, begun);
    let mut look = |app: &Json| watched.look(Application(app), &wish, false, begun);
    assert_eq!(look(&app("OutOfSync", "Healthy", ASKED)), Next::Sync("7".to_owned()));
    let mut running = app("OutOfSync", "Healthy", ASKED);
    running["operation"] = json!({ "sync": {} });
    waits(&look(&running), "under way");
    let mut done = app("Synced", "Healthy", ASKED);
    operation(&mut done, "Running", "", "run-1");
    waits(&look(&done), "a synchronisation by infractl is under way");
    operation(&mut done, "Succeeded", SYNCED, "run-1");
    waits(&look(&done), "older than its last synchronisation");
    done["status"]["reconciledAt"] = json!(AFTER);
    assert_eq!(look(&done), Next::Done);
    done["status"]["health"]["status"] = json!("Progressing");
    waits(&look(&done), "it is Progressing");
    operation(&mut done, "Failed", SYNCED, "run-1");
    done["status"]["operationState"]["syncResult"] = json!({ "resources": [
        { "kind": "Service", "name": "web", "status": "Synced", "message": "ok" },
        { "kind": "Deployment", "name": "web", "status": "SyncFailed", "message": "spec is wrong" } ] });
    fails(&look(&done), "one or more tasks failed; Deployment web: spec is wrong");
    let patch = sync_patch(&Wish { revision: Some(COMMIT.to_owned()), ..wish.clone() }, true, "7");
    assert_eq!(
        patch["operation"]["sync"],
        json!({ "syncStrategy": { "hook": {} }, "prune": true, "revision": COMMIT })
    );
    assert_eq!(patch["metadata"]["resourceVersion"], "7");
}

#[test]
fn the_failure_of_another_operation_is_a_reason_to_synchronise() {
    let (begun, wish) = (Instant::now(), wish());
    let mut failed = app("Synced", "Healthy", ASKED);
    operation(&mut failed, "Failed", ASKED, "run-0");
    let mut watched = fresh(&wish, begun);
    assert_eq!(watched.look(Application(&failed), &wish, false, begun), Next::Sync("7".to_owned()));
    // One that synchronises by itself is not raced with; after a time its failure counts.
    failed["spec"]["syncPolicy"] = json!({ "automated": { "selfHeal": true } });
    waits(&watched.look(Application(&failed), &wish, false, begun), "has failed");
    fails(&watched.look(Application(&failed), &wish, false, begun + GRACE), "has failed");
    failed["spec"]["syncPolicy"] = json!({ "automated": { "enabled": false } });
    assert!(!Application(&failed).is_automated());
}

#[test]
fn an_error_that_is_only_looked_at_counts_when_it_stays() {
    let begun = Instant::now();
    let plain = Wish { refresh: Refresh::None, ..wish() };
    let mut watched = Watched::default();
    let mut wrong = app("Unknown", "Healthy", ASKED);
    wrong["status"]["conditions"] = json!([{ "type": "InvalidSpecError", "message": "no such repository" }]);
    let mut at =
        |millis| watched.look(Application(&wrong), &plain, false, begun + Duration::from_millis(millis));
    for millis in [0, 200, 500, 1900, 2000, 3900] {
        waits(&at(millis), "no such repository");
    }
    fails(&at(4000), "no such repository");
}

#[test]
fn only_the_wanted_commit_counts() {
    let begun = Instant::now();
    let wish = Wish { sync: false, revision: Some(OLD.to_owned()), ..wish() };
    let mut watched = fresh(&wish, begun);
    let other = app("Synced", "Healthy", ASKED);
    waits(&watched.look(Application(&other), &wish, false, begun), "it is at 0123456, not at fedcba9");
    assert_eq!(watched.look(Application(&other), &wish, false, begun + AGAIN), Next::Refresh);
    let mut several = app("Synced", "Healthy", ASKED);
    several["status"]["sync"] = json!({ "status": "Synced", "revisions": [COMMIT, OLD] });
    assert_eq!(watched.look(Application(&several), &wish, false, begun + AGAIN), Next::Done);
    assert!(Application(&several).is_at("FEDCBA98") && !Application(&several).is_at("fedc"));
}

#[test]
fn what_is_degraded_may_get_well_for_a_while() {
    let (begun, wish) = (Instant::now(), wish());
    let at = |seconds| begun + Duration::from_secs(seconds);
    let mut watched = fresh(&wish, begun);
    let mut sick = app("Synced", "Degraded", ASKED);
    sick["status"]["resources"] = json!([{ "kind": "Deployment", "name": "web", "health": { "status": "Degraded", "message": "exceeded its progress deadline" } }]);
    waits(&watched.look(Application(&sick), &wish, false, at(1)), "Deployment web is Degraded: exceeded");
    let better = app("Synced", "Progressing", ASKED);
    waits(&watched.look(Application(&better), &wish, false, at(14)), "Progressing");
    waits(&watched.look(Application(&sick), &wish, false, at(14)), "Degraded");
    assert_eq!(watched.look(Application(&sick), &wish, false, at(43)), Next::Refresh);
    fails(&watched.look(Application(&sick), &wish, false, at(44)), "Degraded");
    let suspended = app("Synced", "Suspended", ASKED);
    waits(&watched.look(Application(&suspended), &wish, false, at(45)), "Suspended");
}

#[test]
fn an_error_of_its_repository_counts_when_it_stays_after_three_looks() {
    let (begun, wish) = (Instant::now(), wish());
    let at = |seconds| begun + Duration::from_secs(seconds);
    let wrong = |second: u64, message: &str| {
        let mut app = app("Unknown", "Healthy", &format!("2026-11-29T10:00:{second:02}Z"));
        app["status"]["conditions"] = json!([{ "type": "ComparisonError", "message": message }]);
        app
    };
    let mut watched = fresh(&wish, begun);
    let x509 = "x509: certificate signed by unknown authority";
    waits(&watched.look(Application(&wrong(1, x509)), &wish, false, at(1)), "ComparisonError: x509");
    // The same look of Argo CD, seen again.
    assert_eq!(watched.look(Application(&wrong(1, x509)), &wish, false, at(3)), Next::Refresh);
    waits(&watched.look(Application(&wrong(2, x509)), &wish, false, at(4)), "x509");
    fails(&watched.look(Application(&wrong(3, x509)), &wish, false, at(5)), x509);
    // It may start a moment later.
    let mut watched = fresh(&wish, begun);
    for second in 1..20 {
        let next = watched.look(Application(&wrong(second, "connection refused")), &wish, false, at(second));
        assert!(!matches!(next, Next::Failed(_) | Next::Done), "{next:?}");
    }
}

#[test]
fn children_and_the_table() {
    let mut root = app("Synced", "Healthy", ASKED);
    root["status"]["resources"] = json!([
        { "group": "argoproj.io", "kind": "Application", "name": "a" },
        { "group": "argoproj.io", "kind": "Application", "name": "b", "namespace": "apps" },
        { "kind": "Service", "name": "c", "namespace": "apps" } ]);
    let root = Application(&root);
    assert_eq!(root.children(), [("argocd".to_owned(), "a".to_owned()), ("apps".to_owned(), "b".to_owned())]);
    let rows = [
        root.row(String::new()),
        Row { app: "longer-name".into(), message: "not there".into(), ..Row::default() },
    ];
    assert_eq!(
        table(&rows),
        [
            "app          sync    health   revision  message",
            "web          Synced  Healthy  0123456",
            "longer-name                             not there"
        ]
    );
    let (begun, wish) = (Instant::now(), wish());
    let mut watched = fresh(&wish, begun);
    waits(&watched.look(root, &wish, true, begun), "names what is not there");
    assert_eq!(watched.look(root, &wish, true, begun + AGAIN), Next::Refresh);
    assert_eq!(watched.absent(begun), Duration::ZERO);
    assert_eq!(watched.absent(begun + AGAIN), AGAIN);
}
