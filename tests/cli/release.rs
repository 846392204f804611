//! `infractl release` with real git and real remotes.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::common::{Folder, Sandbox, clean, output};

const RELEASE: &str = "[release]\nchangelog = \"CHANGELOG.md\"\n";

/// A project with a remote: one commit, `feat: begin`.
struct Project {
    sandbox: Sandbox,
    remote: Folder,
}

fn project(defaults: &str) -> Project {
    let mut sandbox = Sandbox::empty();
    for who in ["AUTHOR", "COMMITTER"] {
        sandbox = sandbox
            .with_var(&format!("GIT_{who}_NAME"), "Ada")
            .with_var(&format!("GIT_{who}_EMAIL"), "ada@example.org");
    }
    let project = Project { sandbox, remote: Folder::new() };
    project.git(&["init", "--quiet", "--bare", "-b", "main", &project.address()]);
    project.git(&["init", "--quiet", "-b", "main"]);
    project.git(&["remote", "add", "origin", &project.address()]);
    project.sandbox.write("environments/defaults.toml", defaults);
    project.sandbox.write("environments/dev/environment.toml", "");
    project.sandbox.write("environments/dev/.terraform.lock.hcl", "# locked\n");
    project.git(&["add", "--all"]);
    project.commit("feat: begin");
    project.push();
    project
}

impl Project {
    fn address(&self) -> String {
        self.remote.root().display().to_string()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = clean("git", self.sandbox.root(), self.remote.root());
        command.args(args).envs(self.sandbox.vars.iter().cloned());
        command
    }

    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        String::from_utf8(output(&mut self.command(args))).unwrap().trim().to_owned()
    }

    fn commit(&self, message: &str) {
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    fn push(&self) {
        self.git(&["push", "--quiet", "origin", "main"]);
    }

    #[track_caller]
    fn run(&self, args: &[&str], code: i32) -> crate::common::Run {
        self.sandbox.infractl(&[&["release"], args].concat()).code(code)
    }

    /// Everything that a release would leave, here and there.
    fn traces(&self) -> [String; 4] {
        [
            self.git(&["for-each-ref"]),
            self.git(&["status", "--porcelain"]),
            self.git(&["ls-remote", "origin"]),
            self.git(&["rev-parse", "HEAD"]),
        ]
    }

    #[track_caller]
    fn refuses(&self, args: &[&str], code: i32) -> crate::common::Run {
        let before = self.traces();
        let run = self.run(args, code);
        assert_eq!(before, self.traces());
        run
    }

    /// Makes the remote refuse what this line of shell refuses.
    fn hook(&self, name: &str, text: &str) {
        let hook = self.remote.script(format!("hooks/{name}"), text);
        std::fs::set_permissions(hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_release_is_a_commit_and_a_tag_that_says_what_it_is_made_of() {
    let project = project(RELEASE);
    let shown = project.refuses(&["--dry-run"], 0).says("v0.1.0").prints("## [0.1.0] - ");
    assert!(shown.out.contains("\"terraform-lock\""), "{}", shown.out);
    let released = project.git(&["rev-parse", "HEAD"]);
    project.run(&[], 0).says("the first release").says("released v0.1.0");
    assert_eq!(project.sandbox.read("VERSION"), "0.1.0\n");
    assert_eq!(project.git(&["log", "-1", "--format=%s %P"]), format!("chore(release): v0.1.0 {released}"));
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    let text = project.git(&["for-each-ref", "--format=%(contents)", "refs/tags/v0.1.0"]);
    let manifest: serde_json::Value =
        serde_json::from_str(text.split_once("\nManifest:\n").unwrap().1).unwrap();
    assert_eq!((&manifest["version"], &manifest["commit"]), (&"0.1.0".into(), &released.into()));
    let lock = &manifest["terraform-lock"]["environments/dev/.terraform.lock.hcl"];
    assert_eq!(lock, "sha256:77ab03980ce00a0169120ac5fdf5fdff63db485ea864964b90987362a6ee73c7");
    assert!(manifest["configuration"]["dev"].as_str().unwrap().starts_with("sha256:"));
    let there = project.git(&["ls-remote", "origin"]);
    let head = project.git(&["rev-parse", "HEAD"]);
    assert!(there.contains(&format!("{head}\trefs/heads/main")), "{there}");
    assert!(there.contains(&format!("{head}\trefs/tags/v0.1.0^{{}}")), "{there}");

    project.refuses(&[], 0).says("already v0.1.0");
    project.refuses(&["--require"], 1).says("already v0.1.0");
    project.commit("docs: more");
    project.push();
    project.refuses(&[], 0).says("nothing to release since v0.1.0");
    project.refuses(&["--require"], 1).says("nothing to release");
    let before = project.sandbox.read("CHANGELOG.md");
    project.commit("fix(api): it holds");
    project.commit("feat!: another way");
    project.run(&["--pre", "rc"], 0).says("released v0.2.0-rc.1");
    project.commit("fix: more");
    project.run(&["--pre", "rc"], 0).says("released v0.2.0-rc.2");
    project.run(&["--version", "1.0.0"], 0).says("released v1.0.0");
    let after = project.sandbox.read("CHANGELOG.md");
    let (head, old) = before.split_once("## [0.1.0]").unwrap();
    assert!(after.starts_with(head) && after.ends_with(old), "{after}");
    assert!(
        after.contains("### Breaking\n\n- another way (") && after.contains("- **api:** it holds ("),
        "{after}"
    );
}

#[test]
fn what_is_refused_leaves_nothing() {
    let project = project(RELEASE);
    project.hook("update", "#!/bin/sh\ncase $1 in refs/tags/*) exit 1;; esac\n");
    project.refuses(&[], 1).says("hook declined to update refs/tags/v0.1.0").says("nothing of it is left");
    project.hook("update", "#!/bin/sh\ncase $1 in refs/heads/*) exit 1;; esac\n");
    project.refuses(&[], 1).says("hook declined").says("merge-request");
    project.hook("update", "#!/bin/sh\nexit 0\n");
    project.run(&[], 0).says("released v0.1.0");
}

#[test]
fn what_no_release_can_be_made_from_is_said() {
    let project = project(RELEASE);
    project.sandbox.write("new.tf", "");
    project.refuses(&[], 1).says("not committed: new.tf").says("git stash");
    std::fs::remove_file(project.sandbox.path("new.tf")).unwrap();
    project.git(&["switch", "--quiet", "-c", "other"]);
    project.refuses(&[], 1).says("`other` is checked out").says("git switch main");
    project.git(&["switch", "--quiet", "main"]);
    project.refuses(&["--version", "one"], 64).says("not a version");

    project.run(&[], 0).says("v0.1.0");
    project.commit("wip");
    project.refuses(&[], 1).says("not one of the commits since v0.1.0").says("--version patch");
    project.refuses(&["--version", "0.0.9"], 64).says("greater than 0.1.0");
    project.commit("fix: a");
    project.push();
    project.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    project
        .refuses(&[], 1)
        .says("commits that are missing here")
        .says("git pull --ff-only --tags origin main");
    project.git(&["pull", "--quiet", "--ff-only", "origin", "main"]);

    project.git(&["tag", "v0.1.1"]);
    project.refuses(&[], 1).says("the tag `v0.1.1` is here and not at `origin`");
}

#[test]
fn tags_that_are_elsewhere_or_missing_are_refused() {
    let project = project(RELEASE);
    project.git(&["switch", "--quiet", "-c", "side"]);
    project.commit("fix: aside");
    project.git(&["tag", "v0.1.0"]);
    project.git(&["switch", "--quiet", "main"]);
    project.refuses(&[], 1).says("the tag `v0.1.0` exists here").says("a tag that moves is no tag");
    project.git(&["push", "--quiet", "origin", "v0.1.0"]);
    project.git(&["tag", "-d", "v0.1.0"]);
    project.refuses(&[], 1).says("`origin` has the tag `v0.1.0`").says("git fetch --tags origin");
}

#[test]
fn a_shallow_clone_is_refused() {
    let project = project(RELEASE);
    project.commit("fix: more");
    project.push();
    let clone = Folder::new();
    let (from, to) = (format!("file://{}", project.address()), clone.path("clone"));
    project.git(&["clone", "--quiet", "--depth", "1", &from, &to.display().to_string()]);
    let dir = to.display().to_string();
    project
        .sandbox
        .infractl(&["-C", &dir, "release"])
        .code(1)
        .says("shallow")
        .says("git fetch --unshallow --tags");
}

#[test]
fn of_two_releases_at_once_one_is_made() {
    let project = project(RELEASE);
    let clone = Folder::new();
    let dir = clone.path("clone").display().to_string();
    project.git(&["clone", "--quiet", &project.address(), &dir]);
    // Both have looked when the first of them pushes.
    let hook = "#!/bin/sh\n[ \"$SECOND_RELEASE\" ] || exit 0\nunset SECOND_RELEASE $(git rev-parse --local-env-vars)\n";
    project
        .sandbox
        .script(".git/hooks/pre-push", &format!("{hook}{} -C {dir} release >&2\n", crate::common::BIN));
    let mut first = project.sandbox.command(&["release"]);
    let run = crate::common::Run::of(first.env("SECOND_RELEASE", "1")).code(1);
    run.says("git could not push the release");
    assert_eq!(project.git(&["tag", "--list"]), "");
    assert_eq!(project.git(&["log", "-1", "--format=%s"]), "feat: begin");
    assert_eq!(project.git(&["ls-remote", "--tags", "origin", "v0.1.0"]).lines().count(), 1);
    project.git(&["pull", "--quiet", "--ff-only", "--tags", "origin", "main"]);
    project.refuses(&[], 0).says("already v0.1.0");
}

#[test]
fn a_protected_branch_gets_a_merge_request_or_nothing() {
    let project = project("[release]\nwrite = \"merge-request\"\n");
    project.hook("update", "#!/bin/sh\n[ \"$1\" != refs/heads/main ]\n");
    project.run(&[], 0).says("pushed `release/v0.1.0`");
    project.run(&[], 0).says("pushed `release/v0.1.0`");
    assert_eq!(project.git(&["tag", "--list"]), "");
    project.hook("update", "#!/bin/sh\nexit 0\n");
    project.git(&["fetch", "--quiet", "origin"]);
    project.git(&["merge", "--quiet", "--no-ff", "-m", "Merge it", "origin/release/v0.1.0"]);
    project.push();
    project.run(&[], 0).says("released v0.1.0");
    assert_eq!(project.git(&["rev-parse", "v0.1.0^{commit}"]), project.git(&["rev-parse", "HEAD"]));

    let project = self::project("[release]\nwrite = \"none\"\ntag-prefix = \"release-\"\n");
    project.hook("update", "#!/bin/sh\n[ \"$1\" != refs/heads/main ]\n");
    let head = project.git(&["rev-parse", "HEAD"]);
    project.run(&[], 0).says("released release-0.1.0");
    assert_eq!(project.git(&["rev-parse", "release-0.1.0^{commit}"]), head);
    assert!(!project.sandbox.path("VERSION").exists());
}

#[test]
fn images_are_named_by_their_digest() {
    let config = "[release]\nimages = [\"api\"]\n[registry]\nserver = \"registry.example\"\n[images.api]\ncontext = \".\"\n";
    let project = project(config);
    project.refuses(&[], 1).says("`api` of `dev` was not pushed from here").says("infractl push ENV");
    let reference = format!("registry.example/api@sha256:{}", "a".repeat(64));
    let record = format!(r#"{{"api":{{"there":{{"tag":"1f2c","reference":"{reference}"}}}}}}"#);
    project.sandbox.write(".infractl/.gitignore", "*\n");
    project.sandbox.write(".infractl/images/dev.json", &record);
    project.run(&[], 0).says("released v0.1.0");
    let text = project.git(&["for-each-ref", "--format=%(contents)", "refs/tags/v0.1.0"]);
    assert!(text.contains(&format!("\"api\": \"{reference}\"")), "{text}");
}
