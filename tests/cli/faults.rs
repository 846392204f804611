//! Bad input and faults: a clear error, the right exit code, nothing lost.

use crate::common::{CANARY, Run, Sandbox, encrypted, encrypted_for, skip};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A PATH with nothing but these programs.
fn path_with(project: &Sandbox, programs: &[&str]) -> PathBuf {
    let bin = project.path(".infractl/bin");
    fs::create_dir_all(&bin).unwrap();
    for program in programs {
        symlink(which::which(program).unwrap(), bin.join(program)).unwrap();
    }
    bin
}

#[test]
fn without_terraform_it_says_how_to_get_it() {
    let project = Sandbox::new();
    let mut command = project.command(&["apply", "dev"]);
    let run = Run::of(command.env("PATH", path_with(&project, &["git"]))).code(69);
    run.says("`terraform` is not installed").says("install terraform");
}

#[test]
fn a_program_of_the_project_that_is_no_program_is_named() {
    let project = Sandbox::new();
    let of = |program: &str| {
        let text = format!("[terraform]\nprogram = \"{program}\"\n");
        project.write("environments/dev/environment.toml", &text);
        project.infractl(&["plan", "dev"])
    };
    project.write("tools/tf", "#!/bin/sh\n");
    of("tools/tf").code(69).says("tools/tf`, or it may not be executed");
    of("./nowhere").code(69).says("there is no program `");
    of("tofu-that-is-nowhere").code(69).says("not on PATH");
    of("tofu").code(if which::which("tofu").is_ok() { 0 } else { 69 });
}

#[test]
fn a_root_module_may_want_a_newer_terraform() {
    let project = Sandbox::new();
    project.edit("environments/dev/main.tf", ">= 1.5", ">= 99.0");
    project
        .infractl(&["apply", "dev"])
        .code(69)
        .says("Unsupported Terraform Core version")
        .says("main.tf line 4");
}

#[test]
fn a_key_that_does_not_fit_is_named_with_what_would() {
    let project = Sandbox::new();
    let other = age::x25519::Identity::generate();
    project.write("credentials/dev.enc.env", &encrypted_for("A=b\n", &other.to_public().to_string()));
    let run = project.infractl(&["plan", "dev"]).code(65);
    run.says("credentials/dev.enc.env")
        .says(&other.to_public().to_string())
        .says("demo-key-PROTECTS-NOTHING.txt")
        .never_says("terraform plan");
}

#[test]
fn a_missing_or_unreadable_key_is_named_with_the_places_that_were_looked_at() {
    let project = Sandbox::new();
    let key = project.path("credentials/demo-key-PROTECTS-NOTHING.txt");
    let text = fs::read_to_string(&key).unwrap();
    fs::remove_file(&key).unwrap();
    project
        .infractl(&["plan", "dev"])
        .code(65)
        .says("demo-key-PROTECTS-NOTHING.txt")
        .never_says("terraform plan");
    fs::create_dir(&key).unwrap();
    project.infractl(&["plan", "dev"]).code(65).says("demo-key-PROTECTS-NOTHING.txt");
    fs::remove_dir(&key).unwrap();
    fs::write(&key, "AGE-SECRET-KEY-1GARBAGE\n").unwrap();
    project.infractl(&["plan", "dev"]).code(65).says("demo-key-PROTECTS-NOTHING.txt").never_says("GARBAGE");
    // Several keys, bad ones first: the one that fits is found.
    fs::write(&key, format!("nonsense\nAGE-SECRET-KEY-1GARBAGE\n{text}")).unwrap();
    project.infractl(&["plan", "dev"]).code(0);
    // From a variable.
    fs::remove_file(&key).unwrap();
    let secret = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY")).unwrap();
    Run::of(project.command(&["plan", "dev"]).env("SOPS_AGE_KEY", secret)).code(0);
}

#[test]
fn damaged_credentials_stop_everything_before_any_tool() {
    let project = Sandbox::new();
    let file = "credentials/dev.enc.env";
    let good = project.read(file);
    let damage = |text: String, says: &str| {
        project.write(file, &text);
        let run = project.infractl(&["apply", "dev"]).code(65).says(file).says(says);
        run.never_says("terraform apply");
        assert!(!project.path("shared/.env.dev").exists());
    };
    damage(good.replacen("ACR_ADMIN_PASSWORD=", "ADDED=\nACR_ADMIN=", 1), "ACR_ADMIN");
    let without: String = good.lines().filter(|l| !l.starts_with("ACR_")).map(|l| format!("{l}\n")).collect();
    damage(without, "MAC");
    damage(format!("<<<<<<< HEAD\n{good}=======\n{good}>>>>>>> theirs\n"), "conflict marker");
    damage(good.replace('\n', "\r\n"), "CR LF");
    damage("A=plain\n".to_owned(), "not encrypted");
    damage(String::new(), "encrypt");
    fs::write(project.path(file), b"\xff\xfe\0\0binary").unwrap();
    project.infractl(&["apply", "dev"]).code(65).says(file);
    fs::remove_file(project.path(file)).unwrap();
    project.infractl(&["apply", "dev"]).code(65).says(file);
}

#[test]
fn a_required_secret_that_is_missing_is_named() {
    let project = Sandbox::new();
    project.secrets("dev", &[("STORAGE_ACCOUNT_KEY", "a"), ("POSTGRES_ADMIN_PASSWORD", "b")]);
    project.infractl(&["apply", "dev"]).code(65).says("ACR_ADMIN_PASSWORD").says("credentials/dev.enc.env");
    project.write(
        "credentials/dev.enc.env",
        &encrypted("STORAGE_ACCOUNT_KEY=x123\nPOSTGRES_ADMIN_PASSWORD=y123\nACR_ADMIN_PASSWORD=\n"),
    );
    project.infractl(&["apply", "dev"]).code(65).says("ACR_ADMIN_PASSWORD");
}

#[test]
fn an_output_that_is_not_given_leaves_the_old_file() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    let before = project.read("shared/.env.dev");
    project.edit("environments/defaults.toml", "output = \"postgres_host\"", "output = \"postgres_hots\"");
    let run = project.infractl(&["genenv", "dev"]).code(1);
    run.says("POSTGRES_HOST").says("postgres_hots").says("postgres_host");
    assert_eq!(project.read("shared/.env.dev"), before);
    // Null: terraform does not give it at all.
    project.edit("environments/defaults.toml", "output = \"postgres_hots\"", "output = \"postgres_host\"");
    project.edit("environments/dev/outputs.tf", "terraform_data.postgres.output.host", "null");
    project.infractl(&["apply", "dev"]).code(1).says("POSTGRES_HOST").says("null");
    assert_eq!(project.read("shared/.env.dev"), before);
    // Said to be optional, or with a default.
    project.edit(
        "environments/defaults.toml",
        "{ output = \"postgres_host\" }",
        "{ output = \"postgres_host\", default = \"none\" }",
    );
    project.infractl(&["genenv", "dev"]).code(0);
    assert!(project.read("shared/.env.dev").contains("POSTGRES_HOST=none\n"));
}

#[test]
fn lists_are_json_and_what_the_dialect_cannot_hold_is_refused() {
    let project = Sandbox::new();
    let host = "terraform_data.postgres.output.host";
    project.edit("environments/dev/outputs.tf", host, "[\"a\", 1, { b = true }]");
    project.infractl(&["apply", "dev"]).code(0);
    assert!(project.read("shared/.env.dev").contains("POSTGRES_HOST=[\"a\",1,{\"b\":true}]\n"));
    let before = project.read("shared/.env.dev");
    project.edit("environments/defaults.toml", "dialect = \"compose\"", "dialect = \"docker\"");
    project.edit("environments/dev/outputs.tf", "[\"a\", 1, { b = true }]", "\"one\\ntwo\"");
    let run = project.infractl(&["apply", "dev"]).code(78);
    run.says("POSTGRES_HOST").says("docker").never_says("one\ntwo");
    assert_eq!(project.read("shared/.env.dev"), before, "nothing was written");
}

#[test]
fn a_place_that_cannot_be_written_is_found_before_terraform_starts() {
    let project = Sandbox::new();
    let Some(_mount) = Mount::new(&project.path("shared"), "ro,size=64k") else { return };
    let run = project.infractl(&["apply", "dev"]).code(1);
    run.says("shared").never_says("terraform apply");
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let project = Sandbox::new();
    let Some(_mount) = Mount::new(&project.path("shared"), "size=32k") else { return };
    project.infractl(&["apply", "dev"]).code(0);
    let before = project.read("shared/.env.dev");
    let mut filled = fs::File::create(project.path("shared/.env.filler")).unwrap();
    while std::io::Write::write_all(&mut filled, &[b'x'; 512]).is_ok() {}
    project.edit("environments/defaults.toml", "POSTGRES_DB = \"citus\"", "POSTGRES_DB = \"other\"");
    project.infractl(&["genenv", "dev"]).code(1).says("shared").says("free some space");
    assert_eq!(project.read("shared/.env.dev"), before);
    let left: Vec<_> =
        fs::read_dir(project.path("shared")).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("infractl")), "{left:?}");
}

#[test]
fn a_full_disk_under_any_verb_that_writes_is_said_and_loses_nothing() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    let folders = ["shared", "credentials", ".infractl", "environments/dev"];
    let kept: Vec<(String, PathBuf)> =
        folders.iter().map(|name| ((*name).to_owned(), project.path(format!("{name}.kept")))).collect();
    let mut mounts = Vec::new();
    for (name, kept) in &kept {
        let place = project.path(name);
        fs::create_dir_all(&place).unwrap();
        fs::rename(&place, kept).unwrap();
        fs::create_dir(&place).unwrap();
        let Some(mount) = Mount::new(&place, "size=256k") else { return };
        mounts.push(mount);
        let done = Command::new("cp").arg("-a").arg(kept.join(".")).arg(&place).status().unwrap();
        assert!(done.success());
        fs::remove_dir_all(kept).unwrap();
        let mut filled = fs::File::create(place.join("filler.env")).unwrap();
        while std::io::Write::write_all(&mut filled, &[b'x'; 512]).is_ok() {}
    }
    project.edit("environments/defaults.toml", "POSTGRES_DB = \"citus\"", "POSTGRES_DB = \"other\"");
    let files = |project: &Sandbox| -> Vec<String> {
        let find = Command::new("find")
            .args(folders)
            .args(["-type", "f", "-not", "-path", ".infractl/*", "-exec", "sha256sum", "{}", "+"])
            .current_dir(project.root())
            .output()
            .unwrap();
        let mut lines: Vec<String> =
            String::from_utf8(find.stdout).unwrap().lines().map(str::to_owned).collect();
        // What terraform and we begin before they notice.
        lines.retain(|line| !line.ends_with(".lock.info") && !line.ends_with("shared/log"));
        lines.sort();
        lines
    };
    let before = files(&project);
    for verb in [
        &["genenv", "dev"][..],
        &["secrets", "set", "dev", "NEW", "--from-file", "/etc/hostname"],
        &["secrets", "rotate", "dev"],
        &["secrets", "keygen", "--key-file", "shared/key.txt"],
        &["plan", "dev", "--out", "shared/p.plan"],
        &["plan", "dev", "--log-file", "shared/log"],
        &["plan", "dev", "--report-json", "shared/report"],
    ] {
        let run = project.infractl(verb);
        assert!(run.code != 0 && run.code != 70, "{verb:?}: {} {}", run.code, run.err);
        run.says("No space left on device");
        assert_eq!(files(&project), before, "{verb:?}");
    }
    // What only looks does not need the disk.
    project.infractl(&["output", "dev"]).code(0);
    project.infractl(&["genenv", "dev", "--check"]).code(2);
}

/// A tmpfs of its own at a folder, for as long as the value lives. Needs the right to mount.
pub(crate) struct Mount(PathBuf);

impl Mount {
    pub(crate) fn new(at: &Path, options: &str) -> Option<Self> {
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output().unwrap();
        if done.status.success() {
            return Some(Mount(at.to_owned()));
        }
        skip(&format!("no right to mount a tmpfs: {}", String::from_utf8_lossy(&done.stderr).trim()));
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_file_that_git_would_commit_is_refused_with_the_line_to_add() {
    let project = Sandbox::new();
    project.write(".gitignore", "*.tfstate*\n");
    let run = project.infractl(&["apply", "dev"]).code(78).says("git does not ignore `shared/.env.dev`");
    run.says("shared/.env.*").never_says("terraform apply");
    assert!(!project.path("shared/.env.dev").exists());
    project.write(".gitignore", "shared/.env.*\n");
    project.write("shared/.env.dev", "OLD=1\n");
    let git = |args: &[&str]| {
        let done = Command::new("git").args(args).current_dir(project.root()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["add", "-f", "shared/.env.dev"]);
    project.infractl(&["genenv", "dev"]).says("git tracks").says("git rm --cached shared/.env.dev");
    assert_eq!(project.read("shared/.env.dev"), "OLD=1\n");
    git(&["rm", "-q", "--cached", "shared/.env.dev"]);
    project.infractl(&["apply", "dev"]).code(0);
}

#[test]
fn links_do_not_hide_the_environment_file_from_git() {
    let project = Sandbox::new();
    project.write("notes.txt", "mine\n");
    project.write("public/readme", "mine\n");
    let git = |args: &[&str]| Command::new("git").args(args).current_dir(project.root()).output().unwrap();
    git(&["add", "notes.txt"]);
    std::os::unix::fs::symlink("../notes.txt", project.path("shared/.env.local")).unwrap();
    project.infractl(&["apply", "local"]).code(78).says("git tracks `notes.txt`");
    assert_eq!(project.read("notes.txt"), "mine\n");
    fs::remove_dir_all(project.path("shared")).unwrap();
    std::os::unix::fs::symlink("public", project.path("shared")).unwrap();
    project
        .infractl(&["apply", "local"])
        .code(78)
        .says("git does not ignore `public/.env.local`")
        .says("public/.env.*");
    project.write(".gitignore", "public/.env.*\n");
    std::os::unix::fs::symlink("elsewhere", project.path("public/.env.local")).unwrap();
    project.infractl(&["apply", "local"]).code(78).says("git does not ignore `public/elsewhere`");
    project.write(".gitignore", "public/*\n");
    project.infractl(&["apply", "local"]).code(0);
    assert!(project.read("public/elsewhere").contains("TERRAFORM_ENVIRONMENT=local"));
    project.infractl(&["destroy", "local"]).code(0);
    assert!(
        !project.path("public/elsewhere").exists()
            && project.path("public/.env.local").symlink_metadata().is_err()
    );
    // git that gives no answer is no yes.
    fs::remove_file(project.path(".git/HEAD")).unwrap();
    project
        .infractl(&["apply", "local"])
        .code(78)
        .says("git cannot say whether")
        .says("not a git repository");
    assert!(!project.path("public/elsewhere").exists());
}

#[test]
fn a_repository_without_git_is_no_permission() {
    let project = Sandbox::new();
    project.write(".gitignore", "shared/.env.*\n.infractl/\n");
    for name in ["terraform", "sh"] {
        std::fs::create_dir_all(project.path("bin")).unwrap();
        std::os::unix::fs::symlink(which::which(name).unwrap(), project.path("bin").join(name)).unwrap();
    }
    let run = |args: &[&str]| Run::of(project.command(args).env("PATH", project.path("bin")));
    for verb in ["apply", "genenv"] {
        run(&[verb, "local"])
            .code(69)
            .says("git is not installed: it cannot say whether `shared/.env.local`")
            .says("install git");
    }
    assert!(!project.path("shared/.env.local").exists());
    // Where there is no repository nobody commits.
    fs::remove_dir_all(project.path(".git")).unwrap();
    run(&["apply", "local"]).code(0).never_says("git");
    assert!(project.read("shared/.env.local").contains("TERRAFORM_ENVIRONMENT=local"));
}

#[test]
fn a_project_of_somebody_else_is_asked_about_all_the_same() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can give a folder to somebody else");
        return;
    }
    let project = Sandbox::new();
    project.write(".gitignore", "*.tfstate*\n");
    let owner = |user: u32| {
        let change = |path: &std::path::Path| std::os::unix::fs::chown(path, Some(user), Some(user)).unwrap();
        for path in [project.root().to_owned(), project.path(".git")] {
            change(&path);
        }
    };
    owner(65534);
    project.infractl(&["genenv", "local"]).code(78).says("git does not ignore `shared/.env.local`");
    project.write(".gitignore", "shared/.env.*\n");
    project.infractl(&["genenv", "local"]).code(0).never_says("git cannot say");
    assert_eq!(project.read(".infractl/.gitignore"), "*\n");
}

#[test]
fn an_environment_file_that_somebody_damaged_is_stale_and_written_again() {
    let project = Sandbox::new();
    fs::write(project.path("shared/.env.local"), b"A=\xff\n").unwrap();
    project.infractl(&["genenv", "local", "--check"]).code(2).says("is stale");
    project.infractl(&["genenv", "local", "--diff"]).code(0);
    project.infractl(&["genenv", "local"]).code(0);
    project.infractl(&["genenv", "local", "--check"]).code(0);
}

#[test]
fn what_the_dialect_cannot_hold_is_said_before_anything_is_applied() {
    let project = Sandbox::new();
    let own = "environments/dev/environment.toml";
    project.write(own, "[env-file]\ndialect = \"portable\"\n[[env-file.sections]]\ntitle = \"A\"\nvalues = { UID = 1, B = \"a'b\\\"c\" }\n");
    let run = project
        .infractl(&["apply", "dev"])
        .code(78)
        .says("`UID` cannot be written")
        .says("`B` cannot be written");
    run.never_says("terraform apply");
}

#[test]
fn a_file_that_several_environments_share_goes_with_the_one_that_wrote_it_last() {
    let project = Sandbox::new();
    project.edit("environments/defaults.toml", "shared/.env.{{environment}}", "shared/.env.azure");
    project.infractl(&["apply", "dev"]).code(0);
    project.infractl(&["apply", "local"]).code(0);
    project.infractl(&["destroy", "dev"]).code(0).says("shared/.env.azure is of local, and stays");
    assert!(project.read("shared/.env.azure").contains("# Environment: local\n"));
    project.infractl(&["destroy", "local"]).code(0).says("shared/.env.azure removed");
    assert!(!project.path("shared/.env.azure").exists());
}

#[test]
fn a_place_that_holds_no_file_is_found_before_terraform_starts() {
    let project = Sandbox::new();
    fs::create_dir(project.path("shared/.env.dev")).unwrap();
    project.infractl(&["apply", "dev"]).code(1).says("is a directory").never_says("terraform apply");
    fs::remove_dir(project.path("shared/.env.dev")).unwrap();
    std::os::unix::fs::symlink("/dev/null", project.path("shared/.env.dev")).unwrap();
    project.infractl(&["apply", "dev"]).code(1).says("it is a device").never_says("terraform apply");
}

#[test]
fn what_all_problems_have_in_common_is_said_once() {
    let project = Sandbox::new();
    let run = project.infractl(&["genenv", "dev"]).code(1).says("`POSTGRES_HOST`").says("`ACR_PASSWORD`");
    assert_eq!(run.err.matches("run `infractl apply dev` first").count(), 1, "{}", run.err);
}

#[test]
fn configuration_that_is_no_file_is_not_waited_for() {
    let project = Sandbox::new();
    let own = project.path("environments/dev/environment.toml");
    fs::remove_file(&own).unwrap();
    assert!(Command::new("mkfifo").arg(&own).status().unwrap().success());
    project.infractl(&["plan", "dev"]).code(78).says("is a device, a pipe or a socket");
    fs::remove_file(&own).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &own).unwrap();
    project.infractl(&["env", "list"]).code(0).never_says("for every day");
}

#[test]
fn configuration_that_is_wrong_is_shown_with_its_place() {
    let project = Sandbox::new();
    let own = "environments/dev/environment.toml";
    project.write(own, "[terraform]\nworkspce = \"x\"\n\n[env-file]\ndialect = \"bash\"\n");
    let run = project.infractl(&["plan", "dev"]).code(78);
    let run = run.says("environments/dev/environment.toml:2:1").says("workspce").says("workspace");
    run.says("environments/dev/environment.toml:5:11").says("compose").never_says("terraform plan");
    // Other environments are not concerned.
    project.infractl(&["plan", "rec"]).code(0);

    project.write(own, "");
    project.infractl(&["plan", "dev"]).code(0);
    fs::write(project.path(own), b"\0\x01\xff\xfe").unwrap();
    project.infractl(&["plan", "dev"]).code(78).says(own);
    project.write(own, "[terraform\n");
    project.infractl(&["plan", "dev"]).code(78).says("environments/dev/environment.toml:1:");
    let long: String = (0..10_000).map(|n| format!("variable_{n} = \"value {n}\"\n")).collect();
    project.write(own, &format!("[terraform.vars]\n{long}"));
    project.infractl(&["env", "show", "dev"]).code(0);
    project.write(own, &format!("[terraform.vars]\n{long}\n[env-file]\npaht = \"x\"\n"));
    project.infractl(&["env", "show", "dev"]).code(78).says("environment.toml:10004:1").says("path");
}

#[test]
fn a_secret_in_an_argument_is_refused_when_the_configuration_is_read() {
    let project = Sandbox::new();
    project.write(
        "environments/dev/environment.toml",
        "[terraform.backend]\npath = \"{{secret.SHARED_TOKEN}}\"\n",
    );
    project
        .infractl(&["plan", "dev"])
        .code(78)
        .says("environment.toml:2:")
        .says("SHARED_TOKEN")
        .never_says("prepare");
}

#[test]
fn variables_of_terraform_that_would_break_it_are_harmless() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    let with =
        |name: &str, value: &str| Run::of(project.command(&["genenv", "dev"]).env(name, value)).code(0);
    with("TF_CLI_CONFIG_FILE", "/nowhere/terraformrc").says("/nowhere/terraformrc");
    with("TF_CLI_ARGS", "-no-such-flag");
    with("TF_CLI_ARGS_state", "-no-such-flag");
    with("TF_WORKSPACE", "somewhere-else");
    with("TF_PLUGIN_CACHE_DIR", project.path(".infractl/plugins").to_str().unwrap());
    Run::of(project.command(&["plan", "dev"]).env("TF_CLI_ARGS_plan", "-compact-warnings")).code(0);
}

#[test]
fn errors_of_terraform_are_shown_in_full_with_their_place() {
    let project = Sandbox::new();
    project
        .write("environments/dev/bad.tf", "resource \"terraform_data\" \"bad\" {\n  input = var.nope\n}\n");
    for verb in ["plan", "apply"] {
        let run = project.infractl(&[verb, "dev"]).code(1);
        run.says("Reference to undeclared input variable").says("bad.tf line 2").says("var.nope");
    }
    assert!(!project.path("shared/.env.dev").exists());
}

#[test]
fn a_variable_that_nobody_sets_is_explained() {
    let project = Sandbox::new();
    project.write("environments/dev/more.tf", "variable \"needed\" { type = string }\n");
    project.infractl(&["plan", "dev"]).code(1).says("needed").says("[terraform] vars");
}

#[test]
fn a_failed_resource_keeps_the_old_environment_file() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    let before = project.read("shared/.env.dev");
    project.write(
        "environments/dev/bad.tf",
        &format!(
            "resource \"terraform_data\" \"bad\" {{\n  provisioner \"local-exec\" {{\n    command = \"echo {CANARY}storage-dev oops >&2; exit 3\"\n  }}\n}}\n"
        ),
    );
    project.infractl(&["apply", "dev"]).code(1).says("local-exec provisioner error").says("***");
    assert_eq!(project.read("shared/.env.dev"), before);
    fs::remove_file(project.path("environments/dev/bad.tf")).unwrap();
    project.assert_no_canary_on_disk();
}

#[test]
fn a_destroy_that_fails_keeps_the_environment_file() {
    let project = Sandbox::new();
    project.write(
        "environments/dev/sticky.tf",
        "resource \"terraform_data\" \"sticky\" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n",
    );
    project.infractl(&["apply", "dev"]).code(0);
    project.infractl(&["destroy", "dev"]).code(1).says("prevent_destroy");
    assert!(project.path("shared/.env.dev").exists());
}
