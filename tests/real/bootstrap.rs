//! `infractl bootstrap` with moto in the place of S3, and terraform with the backend that comes of it.

use std::process::Command;

use crate::common::{BIN, Folder, Run, clean, need, path_with};

#[test]
fn a_bucket_is_made_and_terraform_keeps_and_locks_a_state_in_it() {
    let Some(address) = need("s3") else { return };
    let address = address.into_string().unwrap();
    let folder = Folder::new();
    let call = |args: &[&str]| -> Command {
        let mut command = clean(BIN, folder.root(), folder.root());
        command
            .args(args)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("TMPDIR", folder.root());
        command
    };
    let name = format!("infractl-bootstrap-{}", std::process::id());
    folder.write("environments/dev/environment.toml", "");
    folder.write("environments/dev/main.tf", "resource \"terraform_data\" \"a\" {\n  input = \"kept\"\n}\noutput \"a\" {\n  value = terraform_data.a.output\n}\n");
    folder.write("shared/.gitkeep", "");
    // A state that is on this machine goes along.
    Run::of(&mut call(&["apply", "dev"])).code(0);
    let flags = ["--bucket", &name, "--endpoint", &address, "--region", "eu-west-3", "--write"];
    let made = Run::of(&mut call(&[&["bootstrap", "dev"], &flags[..]].concat())).code(0);
    made.says("made, versions, encrypted, closed, one writer at a time").never_says("warning");
    Run::of(&mut call(&["bootstrap", "dev"])).code(0).says("there, versions, encrypted");
    Run::of(&mut call(&["init", "dev", "--", "-migrate-state", "-force-copy"])).code(0);
    let plan = Run::of(&mut call(&["plan", "dev", "--detailed-exitcode"])).code(0);
    drop(plan);
    Run::of(&mut call(&["apply", "dev"])).code(0);
    assert!(folder.read("shared/.env.dev").contains("A=kept\n"));
    // The lock that was tried out is the one that terraform takes.
    let state = Run::of(&mut call(&["output", "dev", "a", "--raw"])).code(0);
    assert_eq!(state.out.trim_end(), "kept");
}

#[test]
fn the_script_makes_the_same_bucket_by_the_program_aws() {
    let (Some(address), Some(aws)) = (need("s3"), need("aws")) else { return };
    let address = address.into_string().unwrap();
    let folder = Folder::new();
    folder.write("environments/dev/environment.toml", "");
    folder.write("environments/dev/main.tf", "resource \"terraform_data\" \"a\" {}\n");
    let name = format!("infractl-script-{}", std::process::id());
    let flags = ["--bucket", &name, "--endpoint", &address, "--region", "eu-west-3"];
    let with_keys = |command: &mut Command| {
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("TMPDIR", folder.root());
        Run::of(command)
    };
    let infractl = |more: &[&str]| {
        let args = [&["bootstrap", "dev"], &flags[..], more].concat();
        with_keys(clean(BIN, folder.root(), folder.root()).args(args)).code(0)
    };
    folder.write("make.sh", &infractl(&["--print"]).out);
    for _ in 0..2 {
        let mut bash = clean("bash", folder.root(), folder.root());
        with_keys(bash.arg("make.sh").env("PATH", path_with([&aws]))).code(0).never_says("warning");
    }
    // infractl finds nothing left to do but to try it out.
    infractl(&[]).says("there, versions, encrypted, closed, one writer at a time");
}
