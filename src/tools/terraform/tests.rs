use super::*;

fn root() -> Root {
    Root {
        environment: "dev".into(),
        program: "terraform".into(),
        dir: "/p/environments/dev".into(),
        workspace: "default".into(),
        values: None,
        var_files: vec!["/p/common.tfvars".into()],
        lock_timeout: None,
        parallelism: None,
        color: false,
        container: None,
    }
}

#[test]
fn a_plan_never_asks_and_tells_changes_by_its_code() {
    assert_eq!(
        root().plan(None).args,
        ["plan", "-detailed-exitcode", "-input=false", "-var-file=/p/common.tfvars", "-no-color"]
    );
}

#[test]
fn a_call_that_we_read_is_safe_from_the_users_variables() {
    let cmd = root().state_pull();
    assert_eq!(cmd.io, Io::Capture);
    assert!(cmd.unset.contains("TF_CLI_ARGS") && cmd.unset.contains("TF_CLI_ARGS_state_pull"));
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
        root().apply_plan(std::path::Path::new("/p/a.tfplan"), &["-lock=false".to_owned()]).args,
        ["apply", "-json", "-input=false", "-lock=false", "/p/a.tfplan"]
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
    assert!(state.resources().is_empty(), "what is no resource is passed over");
}

#[test]
fn what_a_wrapper_says_before_the_document_is_passed_over() {
    assert_eq!(parse_state(b"hello {world}\n{\"version\":4,\"serial\":3}\n").unwrap().serial, Some(3));
}

#[test]
fn a_command_by_hand_names_the_environment_which_brings_the_workspace() {
    assert_eq!(root().by_hand(), "infractl exec dev -- terraform -chdir=/p/environments/dev");
}

#[test]
fn a_state_names_what_is_managed() {
    let state = parse_state(
        br#"{"version":4,"serial":7,"resources":[
            {"mode":"data","type":"aws_ami","name":"a","instances":[{}]},
            {"mode":"managed","type":"aws_vpc","name":"a","instances":[{}]},
            {"mode":"managed","type":"aws_vpc","name":"gone","instances":[]},
            {"mode":"managed","module":"module.x[0]","type":"aws_vpc","name":"b","instances":[{},{}]}]}"#,
    )
    .unwrap();
    assert_eq!(state.resources(), ["aws_vpc.a", "module.x[0].aws_vpc.b"]);
}
