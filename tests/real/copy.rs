//! Files to machines: modes, folders, what goes, and what stays whole when it goes wrong.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::common::{Sandbox, wait_for};
use crate::machine::Machine;
use crate::ssh::{host, nothing_is_left, project};

fn run(project: &Sandbox, name: &str) -> crate::common::Run {
    project.infractl(&["pipeline", "local", name])
}

#[test]
fn files_and_folders_arrive_with_their_modes_and_the_rest_goes() {
    let Some(machine) = Machine::up() else { return };
    let project = project(
        &host("web", &machine, "deploy"),
        "put = [{ copy = { files = [\"app\", \"run me.sh\", \"shared/.env.local\"], host = \"web\", to = \"~/place\" } }]\n\
         mode = [{ copy = { files = [\"app\"], host = \"web\", to = \"/tmp/mode\", mode = \"0640\" } }]\n\
         only = [{ copy = { files = [\"app\"], host = \"web\", to = \"place\", delete = true } }]\n\
         all = [{ copy = { files = [\"app\"], host = \"web\", to = \"/\", delete = true } }]\n\
         none = [{ copy = { files = [\"nothing\"], host = \"web\", to = \"place\" } }]\n",
    );
    let long = format!("app/{}", "deep/".repeat(50)) + "end";
    project.write("app/a b", "one");
    project.write("app/.hidden/x", "two");
    project.write(&long, "three");
    project.write("run me.sh", "#!/bin/sh\n");
    std::fs::set_permissions(project.path("run me.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    project.write("shared/.env.local", "TOKEN=CANARY-7f3a-file\n");
    std::fs::set_permissions(project.path("shared/.env.local"), PermissionsExt::from_mode(0o600)).unwrap();
    run(&project, "put").code(0).says("5 files to web:~/place");
    let there = "/home/deploy/place";
    assert_eq!(
        machine.sh(&format!("cat '{there}/app/a b' {there}/app/.hidden/x {there}/{long}")),
        "onetwothree"
    );
    let modes = machine.sh(&format!("stat -c '%a %U' '{there}/run me.sh' {there}/.env.local"));
    assert_eq!(modes, "755 deploy\n600 deploy\n");
    run(&project, "mode").code(0);
    assert_eq!(machine.sh("stat -c %a '/tmp/mode/app/a b'"), "640\n");
    // Again over what is there, with one that is gone here; its folder is there, and empty.
    project.write("app/a b", "new");
    std::fs::remove_file(project.path("app/.hidden/x")).unwrap();
    machine.sh(&format!(
        "mkdir '{there}/old folder'; touch '{there}/old folder/x'; chown -R deploy '{there}/old folder'"
    ));
    run(&project, "only").code(0);
    assert_eq!(
        machine.sh(&format!("cd {there} && cat 'app/a b' && ls -A . app")),
        "new.:\napp\n\napp:\n.hidden\na b\ndeep\n"
    );
    run(&project, "all").code(78).says("would remove more");
    run(&project, "none").code(1).says("there is no `nothing`");
    let shown = project.infractl(&["pipeline", "local", "put", "--dry-run"]).code(0).out;
    assert!(shown.contains("# app, run me.sh, shared/.env.local to web:~/place"), "{shown}");
    nothing_is_left(&project);
}

#[test]
fn a_connection_that_is_cut_leaves_the_old_file_whole() {
    let Some(machine) = Machine::up() else { return };
    let project = project(
        &host("web", &machine, "deploy"),
        "put = [{ copy = { files = [\"big\"], host = \"web\", to = \"/tmp/place\" } }]\n",
    );
    project.write("big", "old");
    run(&project, "put").code(0);
    let file = std::fs::File::create(project.path("big")).unwrap();
    file.set_len(3_000_000_000).unwrap();
    let child = project
        .command(&["pipeline", "local", "put"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("a part has arrived", || {
        machine.is("[ $(stat -c %s /tmp/place/.infractl-copy/big || echo 0) -gt 1000000 ]")
    });
    machine.sh("pkill -KILL -u deploy sshd");
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("the connection to `web` was lost"), "{said}");
    wait_for("what runs there has ended", || !machine.is("pgrep -u deploy tar"));
    assert_eq!(machine.sh("cat /tmp/place/big"), "old");
    project.write("big", "new");
    run(&project, "put").code(0);
    assert_eq!(machine.sh("cat /tmp/place/big; ls -A /tmp/place"), "newbig\n");
    nothing_is_left(&project);
}

#[test]
fn a_full_disk_and_a_folder_of_somebody_else_are_told() {
    let Some(machine) = Machine::with(&["--tmpfs=/small:size=100k,mode=1777"]) else { return };
    machine.answers();
    let project = project(
        &host("web", &machine, "deploy"),
        "full = [{ copy = { files = [\"file\"], host = \"web\", to = \"/small\" } }]\n\
         theirs = [{ copy = { files = [\"file\"], host = \"web\", to = \"/root/x\" } }]\n\
         folder = [{ copy = { files = [\"file\"], host = \"web\", to = \"/tmp\" } }]\n",
    );
    project.write("file", "old");
    run(&project, "full").code(0);
    project.write("file", &"x".repeat(1_000_000));
    run(&project, "full").code(1).says("no space is left there").says("df -h /small");
    assert_eq!(machine.sh("cat /small/file; ls -A /small"), "oldfile\n");
    run(&project, "theirs").code(1).says("Permission denied").says("let deploy write to /root/x");
    machine.sh("mkdir /tmp/file");
    run(&project, "folder").code(1).says("is a folder there");
    nothing_is_left(&project);
}
