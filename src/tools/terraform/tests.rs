use super::*;

fn root() -> Root {
    Root {
        program: "terraform".into(),
        dir: "/p/environments/dev".into(),
        workspace: "default".into(),
        var_files: vec!["/p/common.tfvars".into()],
        lock_timeout: None,
        parallelism: None,
        color: false,
    }
}

#[test]
fn a_plan_never_asks_and_tells_changes_by_its_code() {
    assert_eq!(
        root().plan(None).args,
        ["plan", "-detailed-exitcode", "-no-color", "-input=false", "-var-file=/p/common.tfvars"]
    );
}

#[test]
fn a_call_that_we_read_is_safe_from_the_users_variables() {
    let cmd = root().state_pull();
    assert_eq!(cmd.io, Io::Capture);
    assert!(cmd.unset.contains("TF_CLI_ARGS") && cmd.unset.contains("TF_CLI_ARGS_state"));
}

#[test]
fn the_workspace_is_always_named_and_nothing_phones_home() {
    let cmd = root().apply();
    let shown = cmd.to_string();
    assert!(shown.contains("TF_WORKSPACE=default") && shown.contains("CHECKPOINT_DISABLE=1"), "{shown}");
    assert_eq!(cmd.grace, None, "terraform is never killed by a time limit");
}

#[test]
fn a_saved_plan_brings_its_variables() {
    assert_eq!(
        root().apply_plan(std::path::Path::new("/p/a.tfplan")).args,
        ["apply", "-json", "-input=false", "/p/a.tfplan"]
    );
}

#[test]
fn a_state_gives_outputs_and_serial_with_every_digit() {
    let state = parse_state(
        br#"{"version":4,"serial":7,"outputs":{"n":{"value":12345678901234567890,"type":"number"},
            "pw":{"value":"x","type":"string","sensitive":true}},"resources":[{"a":1}]}"#,
    )
    .unwrap();
    assert_eq!(state.serial, Some(7));
    assert_eq!(state.outputs["n"].value.to_string(), "12345678901234567890");
    assert!(state.outputs["pw"].sensitive && !state.outputs["n"].sensitive);
    assert_eq!(parse_state(b"\n").unwrap(), State::default());
}

#[test]
fn a_plan_text_is_counted() {
    let mut text = PlanText::default();
    for line in [
        "  # terraform_data.a must be replaced",
        "\u{1b}[1m  # terraform_data.b\u{1b}[0m is tainted, so must be \u{1b}[1m\u{1b}[31mreplaced\u{1b}[0m",
        "Plan: 3 to add, 1 to change, 2 to destroy.",
        "Changes to Outputs:",
    ] {
        text.line(line);
    }
    assert_eq!(text.digest(), Digest { add: 1, change: 1, destroy: 0, replace: 2, import: 0, outputs: true });
    assert_eq!(text.digest().to_string(), "+1 ~1 −0 ±2");
}

#[test]
fn imports_are_counted() {
    let mut text = PlanText::default();
    text.line("Plan: 2 to import, 0 to add, 0 to change, 0 to destroy.");
    assert_eq!(text.digest().to_string(), "+0 ~0 −0 ±0 ←2");
}

#[test]
fn a_held_lock_names_its_holder_and_the_way_out() {
    let tail = "Error: Error acquiring the state lock\nLock Info:\n  ID:        1f2c\n  Path:      x\n  \
                Operation: OperationTypeApply\n  Who:       deploy@ci-7\n  Created:   2026-01-14 14:02";
    let advice = explain(&root(), "prod", tail);
    assert!(
        advice.help[0].contains("deploy@ci-7") && advice.help[0].contains("2026-01-14 14:02"),
        "{advice:?}"
    );
    assert!(advice.help[1].contains("force-unlock 1f2c"));
}

#[test]
fn the_lock_info_of_http_is_our_own_attempt() {
    let tail = "Error acquiring the state lock\nError message: HTTP remote state already locked: ID=aaa\n  ID: bbb\n \
                Who: me@here";
    let advice = explain(&root(), "prod", tail);
    assert!(advice.help[0].contains("aaa") && !advice.help.concat().contains("me@here"), "{advice:?}");
}

#[test]
fn an_old_terraform_is_a_missing_tool() {
    assert_eq!(explain(&root(), "dev", "Error: Unsupported Terraform Core version").kind, Some(Kind::Tool));
}
