//! What goes wrong with a task of ECS: with AWS, with whoever asks it, and with the task itself.

use std::os::unix::fs::PermissionsExt as _;

use crate::common::{Run, Terminal, send, start, wait_for};
use crate::ecs::Ecs;

/// Tasks whose end nobody has seen.
fn kept(ecs: &Ecs) -> usize {
    std::fs::read_dir(ecs.project.path(".infractl/tasks/dev")).into_iter().flatten().count()
}

/// The file of the environment with this in the place of that.
fn changed(ecs: &Ecs, from: &str, to: &str) {
    let file = "environments/dev/environment.toml";
    let text = ecs.project.read(file);
    assert!(text.contains(from), "{text}");
    ecs.project.write(file, &text.replace(from, to));
}

#[test]
fn a_task_that_does_not_start_says_where_it_was_held_up() {
    let Some(ecs) = Ecs::new("start-timeout = \"3s\"\n", "") else { return };
    ecs.fault(r#"{"action": "task", "pending": 60}"#);
    let run = ecs.infractl(&["run", "dev", "etl"]).code(1);
    run.says("did not run within 3.0 s: it was still PENDING and was stopped")
        .says("start: its machine was there, and its containers were not")
        .never_says("somebody stopped it");
    ecs.fault(r#"{"action": "task", "provisioning": 60}"#);
    let run = ecs.infractl(&["run", "dev", "etl"]).code(1);
    run.says("it was still PROVISIONING").says("free addresses of the subnets");
    let stops = ecs.calls().iter().filter(|call| call.contains("stop-task")).count();
    assert_eq!(stops, 2);
    assert_eq!(kept(&ecs), 0);
    let reason =
        "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException";
    ecs.fault(&format!(
        r#"{{"action": "task", "stop": {{"stoppedReason": "{reason}", "stopCode": "TaskFailedToStart"}}}}"#
    ));
    ecs.infractl(&["run", "dev", "etl"]).code(1).says(reason);
    ecs.fault(r#"{"action": "RunTask", "failures": [{"reason": "RESOURCE:MEMORY", "arn": "x"}]}"#);
    ecs.infractl(&["run", "dev", "etl"]).code(1).says("RESOURCE:MEMORY").says("capacity");
}

#[test]
fn a_log_that_comes_late_is_whole_and_one_that_nobody_may_read_is_named() {
    let Some(ecs) = Ecs::new("", "") else { return };
    // The task is over long before its group is there.
    ecs.fault(r#"{"action": "task", "log-after": 7}"#);
    let run = ecs.infractl(&["run", "dev", "etl"]).code(0);
    assert_eq!(run.out, "one\ntwo\n");
    ecs.fault(
        r#"{"action": "GetLogEvents", "status": 400, "error": "AccessDeniedException", "times": 50,
            "message": "User: x is not authorized to perform: logs:GetLogEvents on resource: arn:y"}"#,
    );
    let run = ecs.infractl(&["run", "dev", "etl"]).code(0);
    assert_eq!(run.out, "");
    run.says("the log of `etl` could not be read to its end").says("logs:GetLogEvents");
}

#[test]
fn another_region_is_told_from_a_cluster_that_is_not_there() {
    let Some(ecs) = Ecs::new("", "") else { return };
    changed(&ecs, "region = \"eu-west-3\"", "region = \"us-east-2\"");
    let missing = format!("no cluster `{}` in us-east-2", ecs.cluster);
    let run = ecs.infractl(&["run", "dev", "etl"]).code(1);
    run.says(&missing).says("as `region` says").says("--region us-east-2");
    ecs.infractl(&["run", "dev", "etl", "--dry-run"]).code(1).says(&missing);
    ecs.infractl(&["check", "dev"]).code(1).says(&missing);
    ecs.infractl(&["run", "dev", "etl", "--attach", "abc"]).code(1).says(&missing);
    changed(&ecs, "region = \"us-east-2\"\n", "");
    let run = Run::of(ecs.command(&["run", "dev", "etl"]).env("AWS_REGION", "us-west-1")).code(1);
    run.says("in us-west-1, as AWS_REGION says");
    assert_eq!(ecs.calls(), Vec::<String>::new(), "nothing was registered there");
}

#[test]
fn a_session_that_is_over_says_so_and_leaves_the_task() {
    let Some(ecs) = Ecs::new("", "") else { return };
    let over = |action: &str| {
        ecs.fault(&format!(
            r#"{{"action": "{action}", "status": 400, "error": "ExpiredTokenException",
                "message": "The security token included in the request is expired"}}"#
        ));
    };
    over("DescribeTaskDefinition");
    let run = ecs.infractl(&["run", "dev", "etl"]).code(1);
    run.says("the session of AWS is over").says("AWS_SESSION_TOKEN");
    assert_eq!(ecs.calls(), Vec::<String>::new());
    over("RunTask");
    ecs.infractl(&["run", "dev", "etl"]).code(1).says("the session of AWS is over");
    assert_eq!((ecs.tasks(), kept(&ecs)), (0, 0));
    ecs.definition(&["sh", "-c", "echo one; sleep 3; echo two"], "");
    over("DescribeTasks");
    let run = ecs.infractl(&["run", "dev", "etl"]).code(1);
    run.says("the session of AWS is over").says("follow it again: `infractl run dev etl --attach");
    ecs.calls();
    let run = ecs.infractl(&["run", "dev", "etl", "--attach"]).code(0);
    assert_eq!(run.out, "one\ntwo\n");
    assert_eq!(ecs.tasks(), 1);
}

#[test]
fn single_sign_on_that_is_over_names_the_profile() {
    let Some(ecs) = Ecs::new("", "") else { return };
    ecs.project.write(
        "config",
        "[profile team]\nsso_session = team\nsso_account_id = 123456789012\nsso_role_name = deploy\nregion = eu-west-3\n\
         [sso-session team]\nsso_start_url = https://example.com/start\nsso_region = eu-west-3\nsso_registration_scopes = sso:account:access\n",
    );
    let run = || {
        let mut command = ecs.command(&["run", "dev", "etl"]);
        command.env("AWS_PROFILE", "team").env("AWS_CONFIG_FILE", ecs.project.path("config"));
        Run::of(command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY"))
    };
    // The real program, version 1, which exports no credentials and so asks everything itself.
    run().code(1).says("the session of AWS is over").says("aws sso login --profile team");
    // A fake one: version 2 with a token that ended, which needs a server of single sign-on to be had.
    ecs.project.write(
        "bin/aws",
        "#!/bin/sh\necho 'Error when retrieving token from sso: Token has expired and refresh failed' >&2\nexit 255\n",
    );
    let told = run().code(1);
    told.says("Token has expired and refresh failed").says("aws sso login --profile team");
}

#[test]
fn version_1_of_the_program_is_enough_and_none_is_not() {
    let Some(ecs) = Ecs::new("", "") else { return };
    // A profile whose credentials only the program gets, and version 1 keeps: it asks everything.
    ecs.project.write(
        "bin/keys",
        "#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\"}'\n",
    );
    let program = ecs.project.path("bin/keys");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    ecs.project.write("config", &format!("[profile team]\ncredential_process = {}\n", program.display()));
    let mut command = ecs.command(&["run", "dev", "etl"]);
    command.env("AWS_PROFILE", "team").env("AWS_CONFIG_FILE", ecs.project.path("config"));
    let run = Run::of(command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY")).code(0);
    assert_eq!(run.out, "one\ntwo\n");
    assert!(ecs.calls().iter().any(|call| call.contains("describe-tasks")));
    // Nothing has to be registered, and a task cannot be started without it.
    let run = Run::of(ecs.command(&["run", "dev", "etl"]).env("PATH", "/nowhere")).code(69);
    run.says("`aws`");
    assert_eq!((ecs.tasks(), kept(&ecs)), (1, 0));
}

#[test]
fn an_answer_that_is_lost_starts_no_second_task() {
    let Some(ecs) = Ecs::new("", "") else { return };
    for lose in ["500", "cut"] {
        ecs.fault(&format!(r#"{{"action": "RunTask", "lose": "{lose}"}}"#));
        // The program does not ask again by itself.
        let run = Run::of(ecs.command(&["run", "dev", "etl"]).env("AWS_MAX_ATTEMPTS", "1")).code(0);
        assert_eq!(run.out, "one\ntwo\n");
    }
    assert_eq!((ecs.tasks(), kept(&ecs)), (2, 0));
    // It does, and AWS knows the token of the task.
    ecs.fault(r#"{"action": "RunTask", "lose": "cut"}"#);
    ecs.infractl(&["run", "dev", "etl"]).code(0);
    ecs.fault(r#"{"action": "DescribeTasks", "lose": "cut", "times": 2}"#);
    ecs.infractl(&["run", "dev", "etl"]).code(0);
    assert_eq!((ecs.tasks(), kept(&ecs)), (4, 0));
    // Nor does AWS say which tasks there are: the next run looks again.
    ecs.definition(&["sh", "-c", "echo one; sleep 8"], "");
    ecs.fault(r#"{"action": "RunTask", "lose": "cut"}"#);
    ecs.fault(r#"{"action": "ListTasks", "status": 400, "error": "AccessDeniedException", "message": "no", "times": 2}"#);
    let run = Run::of(ecs.command(&["run", "dev", "etl"]).env("AWS_MAX_ATTEMPTS", "1")).code(1);
    run.says("nobody knows whether task `etl` was started");
    let again = ecs.infractl(&["run", "dev", "etl"]).code(0);
    again.says("no second one is started");
    assert_eq!((ecs.tasks(), kept(&ecs)), (5, 0));
}

#[test]
fn two_runs_at_once_follow_each_its_own_task() {
    let Some(ecs) = Ecs::new("", "") else { return };
    ecs.definition(&["sh", "-c", "echo on $(hostname); sleep 2"], "");
    let one = start(&mut ecs.command(&["run", "dev", "etl"]));
    let two = start(&mut ecs.command(&["run", "dev", "etl"]));
    let ends = [one, two].map(|child| Run::ended(child.wait_with_output().unwrap()).code(0).out);
    assert!(ends.iter().all(|out| out.starts_with("on ") && out.lines().count() == 1), "{ends:?}");
    assert_ne!(ends[0], ends[1]);
    assert_eq!((ecs.tasks(), kept(&ecs)), (2, 0));
}

#[test]
fn a_container_that_is_killed_for_its_memory_has_failed_whatever_its_code_says() {
    let Some(ecs) = Ecs::new("", "") else { return };
    for program in ["echo begin; exec tail /dev/zero", "echo begin; tail /dev/zero; exit 0"] {
        ecs.definition(&["sh", "-c", program], "");
        let run = ecs.infractl(&["run", "dev", "etl"]).code(1);
        assert!(run.out.starts_with("begin\n"), "{}", run.out);
        run.says("`etl` was killed for its memory").says("memory: a container wanted more memory");
    }
}

#[test]
fn ctrl_c_at_a_terminal_asks_what_becomes_of_the_task() {
    let Some(ecs) = Ecs::new("", "") else { return };
    ecs.definition(&["sh", "-c", "echo begin; sleep 6; echo end; exit 6"], "");
    let asked = || {
        let mut terminal = Terminal::of(&ecs.command(&["run", "dev", "etl"]));
        terminal.sees("begin");
        terminal.types("\x03");
        terminal.sees("Task `etl` runs in AWS");
        terminal.sees("go on following it");
        terminal
    };
    // The first answer, which takes its time.
    let mut terminal = asked();
    std::thread::sleep(std::time::Duration::from_secs(3));
    terminal.types("j\r");
    terminal.sees("stopping");
    let (code, screen) = terminal.end();
    assert_eq!(code, 130, "{screen}");
    assert!(screen.contains("task `etl` was stopped"), "{screen}");
    let stops = || ecs.calls().iter().filter(|call| call.contains("stop-task")).count();
    assert_eq!(stops(), 1);
    // The last one, and its end is seen all the same.
    let mut terminal = asked();
    terminal.types("jjj\r");
    let (code, screen) = terminal.end();
    assert_eq!(code, 6, "{screen}");
    assert!(screen.contains("end\r\n"), "{screen}");
    // No answer but Ctrl-C once more.
    let mut terminal = asked();
    terminal.types("\x03");
    let (code, screen) = terminal.end();
    assert_eq!(code, 130, "{screen}");
    assert!(screen.contains("infractl run dev etl --attach"), "{screen}");
    assert_eq!(stops(), 0);
    ecs.infractl(&["run", "dev", "etl", "--attach"]).code(6);
    assert_eq!((ecs.tasks(), kept(&ecs)), (3, 0));
}

#[test]
fn a_wait_for_a_task_ends_with_it() {
    let rest = "[pipelines]\nended = [{ wait = { ecs = \"etl\", every = \"1s\" } }]\n";
    let Some(ecs) = Ecs::new("", rest) else { return };
    ecs.definition(&["sh", "-c", "sleep 1"], "");
    ecs.infractl(&["run", "dev", "etl", "--detach"]).code(0);
    ecs.infractl(&["ended", "dev"]).code(0).says("has ended with 0");
    ecs.definition(&["sh", "-c", "sleep 1; exit 3"], "");
    ecs.infractl(&["run", "dev", "etl", "--detach"]).code(0);
    ecs.infractl(&["ended", "dev"]).code(1).says("failed: exit code 3");
    // Somebody interrupts what waits off a terminal, and the task goes on.
    ecs.definition(&["sleep", "20"], "");
    let child = start(&mut ecs.command(&["run", "dev", "etl"]));
    wait_for("the task", || ecs.tasks() == 3);
    send(&child, rustix::process::Signal::TERM);
    Run::ended(child.wait_with_output().unwrap()).code(143).says("--attach");
}
