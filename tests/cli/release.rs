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
fn what_would_be_released_is_told_to_programs() {
    let project = project(RELEASE);
    let run = project.sandbox.infractl(&["release", "--dry-run", "--output", "json"]).code(0);
    let told: serde_json::Value = serde_json::from_str(run.out.lines().next().unwrap()).unwrap();
    assert_eq!((told["tag"].as_str(), told["manifest"]["version"].as_str()), (Some("v0.1.0"), Some("0.1.0")));
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

#[test]
fn a_tag_is_signed_where_git_is_set_to_and_what_cannot_sign_releases_nothing() {
    let project = project(RELEASE);
    let key = project.remote.path("key");
    let make = ["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", key.to_str().unwrap()];
    output(Command::new("ssh-keygen").args(make));
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let known = project.remote.path("known");
    std::fs::write(&known, format!("ada@example.org {public}")).unwrap();
    project.git(&["config", "gpg.format", "ssh"]);
    project.git(&["config", "user.signingKey", key.to_str().unwrap()]);
    project.git(&["config", "gpg.ssh.allowedSignersFile", known.to_str().unwrap()]);
    for name in ["tag.gpgSign", "commit.gpgSign"] {
        project.git(&["config", name, "true"]);
    }
    let hidden = key.with_extension("away");
    std::fs::rename(&key, &hidden).unwrap();
    project.refuses(&[], 1).says("No private key found");
    std::fs::rename(&hidden, &key).unwrap();
    std::fs::rename(&key, &hidden).unwrap();
    project.git(&["config", "commit.gpgSign", "false"]);
    project.refuses(&[], 1).says("git could not sign the tag").says("git config tag.gpgSign false");
    std::fs::rename(&hidden, &key).unwrap();
    project.git(&["config", "commit.gpgSign", "true"]);
    project.run(&[], 0).says("released v0.1.0");
    project.git(&["verify-tag", "v0.1.0"]);
    project.git(&["verify-commit", "HEAD"]);
    let text = project.git(&["for-each-ref", "--format=%(contents)", "refs/tags/v0.1.0"]);
    assert!(text.contains("\n## [0.1.0] - ") || text.contains("## [0.1.0] - "), "{text}");
    assert!(text.contains("\nManifest:\n") && text.contains("BEGIN SSH SIGNATURE"), "{text}");
    // What is signed is read as the last release.
    project.commit("fix: more");
    project.run(&[], 0).says("released v0.1.1");
    project.git(&["verify-tag", "v0.1.1"]);
}

#[test]
fn an_older_release_is_mended_by_patches() {
    let project = project("[release]\nhotfix = \"hotfix/*\"\n");
    project.run(&[], 0).says("released v0.1.0");
    project.commit("feat: the next one");
    project.run(&[], 0).says("released v0.2.0");
    project.git(&["switch", "--quiet", "-c", "hotfix/0.1", "v0.1.0"]);
    project.commit("feat: too much");
    project.refuses(&[], 1).says("0.2.0 is more than a patch of 0.1.0").says("--version patch");
    project.git(&["reset", "--quiet", "--hard", "v0.1.0"]);
    project.commit("fix: it holds");
    project.run(&[], 0).says("released v0.1.1").says("merge `hotfix/0.1` into it");
    let there = project.git(&["ls-remote", "origin"]);
    let head = project.git(&["rev-parse", "HEAD"]);
    assert!(there.contains(&format!("{head}\trefs/heads/hotfix/0.1")), "{there}");
    assert!(!there.contains(&format!("{head}\trefs/heads/main")), "{there}");
    project.git(&["switch", "--quiet", "-c", "other"]);
    project.refuses(&[], 1).says("`other` is checked out");
    // Somebody else was faster there.
    project.git(&["switch", "--quiet", "hotfix/0.1"]);
    project.commit("fix: more");
    project.git(&["push", "--quiet", "origin", "HEAD"]);
    project.git(&["reset", "--quiet", "--hard", "v0.1.1"]);
    project.refuses(&[], 1).says("`hotfix/0.1` of `origin` has commits that are missing here");
    project.git(&["switch", "--quiet", "main"]);
    project.git(&["merge", "--quiet", "-X", "ours", "-m", "Merge it", "v0.1.1"]);
    project.run(&["--version", "minor"], 0).says("released v0.3.0");
}

#[test]
fn a_tag_that_is_another_one_at_the_remote_is_told() {
    let project = project(RELEASE);
    project.run(&[], 0).says("released v0.1.0");
    let released = project.git(&["rev-parse", "v0.1.0^{commit}"]);
    project.commit("fix: more");
    project.push();
    project.git(&["tag", "--force", "-a", "-m", "moved", "v0.1.0", "HEAD"]);
    let run = project.refuses(&[], 1).says("the tag `v0.1.0` of `origin` names").says(&released[..12]);
    run.says("git fetch --force origin tag v0.1.0");
    project.git(&["fetch", "--quiet", "--force", "origin", "tag", "v0.1.0"]);
    project.run(&[], 0).says("released v0.1.1");
}

#[test]
fn a_remote_that_cannot_take_both_or_nothing_gets_nothing() {
    let project = project(RELEASE);
    let dir = format!("--git-dir={}", project.address());
    project.git(&[&dir, "config", "receive.advertiseAtomic", "false"]);
    project.refuses(&[], 1).says("git could not push the release").says("nothing of it is left");
    project.git(&[&dir, "config", "receive.advertiseAtomic", "true"]);
    // The server dies while it takes the push.
    project.hook("pre-receive", "#!/bin/sh\ncat > /dev/null\nkill -9 $PPID\n");
    project.refuses(&[], 1).says("git could not push the release");
    std::fs::remove_file(project.remote.path("hooks/pre-receive")).unwrap();
    project.run(&[], 0).says("released v0.1.0");
}

/// infractl is killed after its first call of git, after its second one, and so on; then whoever comes next does what he is told.
#[test]
fn whenever_it_is_killed_nothing_half_is_left() {
    let real = String::from_utf8(output(Command::new("sh").args(["-c", "command -v git"]))).unwrap();
    let real = real.trim();
    let mut ends = [0; 3];
    for at in 1.. {
        let project = project(RELEASE);
        let count = project.remote.path("count");
        let script = format!(
            "#!/bin/sh\n{real} \"$@\"\ncode=$?\necho x >> {count}\n\
             [ $(wc -l < {count}) != {at} ] || kill -9 $PPID\nexit $code\n",
            count = count.display()
        );
        let git = project.remote.script("bin/git", &script);
        std::fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = project.sandbox.command(&["release"]);
        command.env("PATH", crate::common::path_with([&git]));
        let status = command.output().unwrap().status;
        if status.success() {
            assert!(at > 15, "{at}: it was killed in between");
            break;
        }
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{at}: {status}");
        let next = project.sandbox.infractl(&["release"]);
        if next.code == 0 {
            ends[usize::from(next.err.contains("already v0.1.0"))] += 1;
        } else {
            // It is at the remote, and not here: the next call says how it gets here.
            ends[2] += 1;
            let help = ["git pull --ff-only --tags origin main", "git fetch --tags origin"];
            let help = help.into_iter().find(|help| next.err.contains(help));
            let words: Vec<&str> =
                help.unwrap_or_else(|| panic!("{at}: {}", next.err)).split(' ').skip(1).collect();
            project.git(&words);
            project.run(&[], 0).says("already v0.1.0");
        }
        assert_eq!(project.git(&["tag", "--list"]), "v0.1.0", "{at}");
        assert_eq!(project.git(&["status", "--porcelain"]), "", "{at}");
        let head = project.git(&["rev-parse", "HEAD"]);
        let there = project.git(&["ls-remote", "origin"]);
        assert!(there.contains(&format!("{head}\trefs/heads/main")), "{at}: {there}");
        assert!(there.contains(&format!("{head}\trefs/tags/v0.1.0^{{}}")), "{at}: {there}");
        let log = project.git(&["log", "--format=%s"]);
        assert_eq!(log, "chore(release): v0.1.0\nfeat: begin", "{at}");
    }
    assert!(ends.iter().all(|count| *count > 0), "begun anew, over already, taken over: {ends:?}");
}
