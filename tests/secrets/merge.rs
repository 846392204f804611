//! Real merges of git.

use crate::common::{BIN, CANARY, Person, Repo, Run};

fn committed() -> (Repo, Person) {
    let (repo, alice) = Repo::with_secrets();
    alice.infractl(&repo, &["secrets", "merge", "--install"]).code(0).says("commit it");
    commit(&repo, &alice, "start");
    (repo, alice)
}

fn commit(repo: &Repo, person: &Person, message: &str) {
    person.git(repo, &["add", "-A"]).code(0);
    person.git(repo, &["commit", "-qm", message]).code(0);
}

/// `theirs` on a branch, `ours` on main.
fn diverge(repo: &Repo, person: &Person, theirs: &dyn Fn(), ours: &dyn Fn()) {
    person.git(repo, &["checkout", "-qb", "side"]).code(0);
    theirs();
    commit(repo, person, "theirs");
    person.git(repo, &["checkout", "-q", "main"]).code(0);
    ours();
    commit(repo, person, "ours");
}

#[test]
fn git_merges_by_key() {
    let (repo, alice) = committed();
    diverge(
        &repo,
        &alice,
        &|| {
            alice.set(&repo, "dev", "DB_PASSWORD", &format!("{CANARY}theirs"));
            alice.set(&repo, "dev", "NEW", "n");
        },
        &|| {
            alice.set(&repo, "dev", "API_KEY", &format!("{CANARY}ours"));
        },
    );
    alice.git(&repo, &["merge", "-q", "--no-edit", "side"]).code(0);
    let view = alice.infractl_clear(&repo, &["secrets", "view", "dev"]).code(0).out;
    assert_eq!(view, format!("DB_PASSWORD={CANARY}theirs\nAPI_KEY={CANARY}ours\nNEW=n\n"));
    alice.infractl(&repo, &["secrets", "check", "--deep"]).code(0);
    // A textconv cache or a merge leaves nothing in clear.
    assert!(repo.in_clear().is_empty(), "{:?}", repo.in_clear());
}

#[test]
fn both_changed_one_value_then_somebody_decides() {
    for (side, value) in [("--ours", "ours"), ("--theirs", "theirs")] {
        let (repo, alice) = committed();
        diverge(
            &repo,
            &alice,
            &|| {
                alice.set(&repo, "dev", "API_KEY", "theirs");
                alice.set(&repo, "dev", "NEW", "n");
            },
            &|| {
                alice.set(&repo, "dev", "API_KEY", "ours");
            },
        );
        let merge = alice.git(&repo, &["merge", "-q", "--no-edit", "side"]).code(1);
        assert!(
            merge.err.contains("both sides changed API_KEY in `credentials/dev.enc.env`"),
            "{}",
            merge.err
        );
        // The file is whole meanwhile.
        assert_eq!(alice.get(&repo, "dev", "API_KEY"), "ours");
        alice.infractl(&repo, &["secrets", "merge", "credentials/dev.enc.env"]).code(1).says(side);
        alice
            .infractl(&repo, &["secrets", "merge", side, "credentials/dev.enc.env"])
            .code(0)
            .says("git commit");
        alice.git(&repo, &["commit", "-qm", "merged"]).code(0);
        assert_eq!(alice.get(&repo, "dev", "API_KEY"), value);
        assert_eq!(alice.get(&repo, "dev", "NEW"), "n");
    }
}

#[test]
fn a_file_with_conflict_markers_is_merged_afterwards() {
    let (repo, alice) = Repo::with_secrets();
    commit(&repo, &alice, "start");
    diverge(&repo, &alice, &|| alice.set(&repo, "dev", "DB_PASSWORD", "theirs"), &|| {
        alice.set(&repo, "dev", "API_KEY", "ours");
    });
    alice.git(&repo, &["merge", "-q", "--no-edit", "side"]).code(1);
    assert!(repo.read("credentials/dev.enc.env").contains("<<<<<<<"));
    alice.infractl(&repo, &["secrets", "view", "dev"]).code(65).says("infractl secrets merge");
    alice.infractl(&repo, &["secrets", "merge", "credentials/dev.enc.env"]).code(0);
    alice.git(&repo, &["commit", "-qm", "merged"]).code(0);
    assert_eq!(alice.get(&repo, "dev", "DB_PASSWORD"), "theirs");
    assert_eq!(alice.get(&repo, "dev", "API_KEY"), "ours");
    alice
        .infractl(&repo, &["secrets", "merge", "credentials/dev.enc.env"])
        .code(1)
        .says("git has no conflict");
}

#[test]
fn who_was_removed_on_one_side_stays_removed() {
    let (repo, alice) = committed();
    let bob = Person::new("bob");
    let key = bob.infractl(&repo, &["secrets", "keygen", "--no-rules"]).code(0).out.trim().to_owned();
    alice.infractl(&repo, &["secrets", "recipients", "add", &key]).code(0);
    commit(&repo, &alice, "bob");
    diverge(
        &repo,
        &alice,
        &|| {
            alice.infractl(&repo, &["secrets", "recipients", "remove", &key]).code(0);
        },
        &|| {
            alice.set(&repo, "dev", "API_KEY", "ours");
        },
    );
    alice.git(&repo, &["merge", "-q", "--no-edit", "side"]).code(0);
    assert_eq!(alice.get(&repo, "dev", "API_KEY"), "ours");
    bob.infractl(&repo, &["secrets", "get", "dev", "API_KEY"]).code(65);
}

#[test]
fn without_a_key_git_is_told_and_nothing_is_lost() {
    let (repo, alice) = committed();
    diverge(&repo, &alice, &|| alice.set(&repo, "dev", "DB_PASSWORD", "theirs"), &|| {
        alice.set(&repo, "dev", "API_KEY", "ours");
    });
    let stranger = Person::new("stranger");
    stranger.git(&repo, &["merge", "-q", "--no-edit", "side"]).code(1).says("no key opens");
    let status = stranger.git(&repo, &["status", "--porcelain"]).code(0).out;
    assert!(status.contains("UU credentials/dev.enc.env"), "{status}");
    alice.infractl(&repo, &["secrets", "merge", "credentials/dev.enc.env"]).code(0);
    assert_eq!(alice.get(&repo, "dev", "DB_PASSWORD"), "theirs");
}

#[test]
fn git_diff_shows_names_and_values_only_on_request() {
    let (repo, alice) = committed();
    alice.set(&repo, "dev", "API_KEY", &format!("{CANARY}new"));
    let stranger = Person::new("stranger");
    let diff = Run::of(stranger.command("git", repo.root()).args(["diff", "--", "credentials"])).code(0).out;
    let changed: Vec<&str> =
        diff.lines().filter(|l| l.starts_with("+API") || l.starts_with("-API")).collect();
    assert_eq!(changed.len(), 2, "{diff}");
    assert!(!diff.contains("+DB_PASSWORD") && changed[0].contains("(encrypted "), "{diff}");
    let mut command = alice.command("git", repo.root());
    let diff = Run::in_clear(command.args(["diff", "--", "credentials"]).env("INFRACTL_DIFF_VALUES", "1"))
        .code(0)
        .out;
    assert!(diff.contains(&format!("+API_KEY={CANARY}new")), "{diff}");
    let mut own = alice.command(BIN, repo.root());
    Run::of(own.args(["secrets", "textconv", "credentials/dev.enc.env"])).code(0);
}

#[test]
fn rebase_and_cherry_pick_merge_by_key_too() {
    let (repo, alice) = committed();
    diverge(&repo, &alice, &|| alice.set(&repo, "dev", "DB_PASSWORD", "theirs"), &|| {
        alice.set(&repo, "dev", "API_KEY", "ours");
    });
    alice.git(&repo, &["checkout", "-q", "side"]).code(0);
    alice.git(&repo, &["rebase", "-q", "main"]).code(0);
    assert_eq!(alice.get(&repo, "dev", "API_KEY"), "ours");
    assert_eq!(alice.get(&repo, "dev", "DB_PASSWORD"), "theirs");
    alice.git(&repo, &["checkout", "-q", "-b", "other", "main"]).code(0);
    alice.set(&repo, "dev", "NEW", "n");
    commit(&repo, &alice, "other");
    alice.git(&repo, &["cherry-pick", "side"]).code(0);
    assert_eq!(alice.get(&repo, "dev", "DB_PASSWORD"), "theirs");
    assert_eq!(alice.get(&repo, "dev", "NEW"), "n");
    alice.infractl(&repo, &["secrets", "check", "--deep"]).code(0);
}

#[test]
fn a_rotation_and_comments_of_the_other_side_are_not_lost() {
    let (repo, alice) = committed();
    let key = |repo: &Repo| {
        let text = repo.read("credentials/dev.enc.env");
        text.lines().find(|line| line.starts_with("sops_age__list_0__map_enc=")).unwrap().to_owned()
    };
    let before = key(&repo);
    diverge(
        &repo,
        &alice,
        &|| {
            alice.infractl(&repo, &["secrets", "rotate", "dev"]).code(0);
            let mut edit = alice.command(BIN, repo.root());
            edit.args(["secrets", "edit", "dev"]).env("EDITOR", "sed -i '1i # why'");
            Run::of(&mut edit).code(0);
        },
        &|| alice.set(&repo, "dev", "API_KEY", "ours"),
    );
    assert_eq!(key(&repo), before);
    alice.git(&repo, &["merge", "-q", "--no-edit", "side"]).code(0);
    assert_ne!(key(&repo), before);
    let view = alice.infractl_clear(&repo, &["secrets", "view", "dev"]).code(0).out;
    assert_eq!(view, format!("# why\nDB_PASSWORD={CANARY}dev-DB_PASSWORD\nAPI_KEY=ours\n"));
}

#[test]
fn git_log_goes_on_where_a_version_cannot_be_opened() {
    let (repo, alice) = committed();
    alice.set(&repo, "dev", "API_KEY", "new");
    commit(&repo, &alice, "new");
    let stranger = Person::new("stranger");
    let mut log = stranger.command("git", repo.root());
    log.args(["log", "-p", "--", "credentials"]).env("INFRACTL_DIFF_VALUES", "1");
    let log = Run::of(&mut log).code(0);
    assert!(
        log.out.contains("+API_KEY = (encrypted ") && log.err.contains("values are not shown"),
        "{}",
        log.err
    );
}

#[test]
fn a_file_that_one_side_removed_is_for_people_to_decide() {
    let (repo, alice) = committed();
    diverge(
        &repo,
        &alice,
        &|| {
            alice.git(&repo, &["rm", "-q", "credentials/dev.enc.env"]).code(0);
        },
        &|| alice.set(&repo, "dev", "API_KEY", "ours"),
    );
    alice.git(&repo, &["merge", "-q", "--no-edit", "side"]).code(1);
    alice
        .infractl(&repo, &["secrets", "merge", "credentials/dev.enc.env"])
        .code(1)
        .says("they removed `credentials/dev.enc.env`, and we changed it")
        .says("git rm");
    assert_eq!(alice.get(&repo, "dev", "API_KEY"), "ours");
}

#[test]
fn both_added_the_same_file() {
    let (repo, alice) = committed();
    diverge(
        &repo,
        &alice,
        &|| {
            alice.set(&repo, "prod", "BOTH", "same");
            alice.set(&repo, "prod", "THEIRS", "t");
        },
        &|| {
            alice.set(&repo, "prod", "BOTH", "same");
            alice.set(&repo, "prod", "OURS", "o");
        },
    );
    alice.git(&repo, &["merge", "-q", "--no-edit", "side"]).code(0);
    let list = alice.infractl(&repo, &["secrets", "list", "credentials/prod.enc.env"]).code(0).out;
    let mut names: Vec<&str> = list.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["BOTH", "OURS", "THEIRS"]);
}
