use super::*;

#[test]
fn events_are_read() {
    let planned =
        r#"{"@message":"m","type":"planned_change","change":{"resource":{"addr":"a.b"},"action":"create"}}"#;
    assert_eq!(
        parse(planned),
        Event::Planned { address: "a.b".into(), action: "create".into(), moved: false }
    );
    let done = r#"{"type":"apply_complete","hook":{"resource":{"addr":"a.b"},"action":"create","elapsed_seconds":3}}"#;
    assert_eq!(parse(done), Event::Completed { address: "a.b".into(), action: "create".into(), seconds: 3 });
    let sum = r#"{"type":"change_summary","changes":{"add":2,"change":1,"import":0,"remove":4,"operation":"apply"}}"#;
    let Event::Summary { digest, operation } = parse(sum) else { panic!() };
    assert_eq!((digest.add, digest.change, digest.destroy, operation.as_str()), (2, 1, 4, "apply"));
}

#[test]
fn a_line_that_is_no_event_is_text() {
    assert_eq!(parse("panic: oh"), Event::Text("panic: oh".into()));
    assert_eq!(parse("[1]"), Event::Text("[1]".into()));
}

#[test]
fn a_diagnostic_is_shown_in_full() {
    let line = r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Reference to undeclared","detail":"An input.","range":{"filename":"bad.tf","start":{"line":1,"column":43,"byte":42},"end":{"line":1,"column":51,"byte":50}},"snippet":{"context":"resource \"a\" \"b\"","code":"resource { x = var.nope }","start_line":1,"highlight_start_offset":42,"highlight_end_offset":50,"values":[{"traversal":"var.nope","statement":"is a string"}]}}}"#;
    let Event::Diagnostic(diagnostic) = parse(line) else { panic!() };
    assert_eq!(
        diagnostic.text(),
        "Error: Reference to undeclared\n  on bad.tf line 1, in resource \"a\" \"b\":\n     1: resource { x = var.nope }\n    \
         var.nope is a string\n  An input."
    );
}

#[test]
fn values_of_a_saved_plan_are_not_told() {
    // As terraform 1.11 words it; the second value is long and has lines.
    let line = r#"{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"Ignoring variable when applying a saved plan","detail":"The variable pw cannot be overriden when applying a saved plan file, because a saved plan includes the variable values that were set when it was created. The saved plan specifies \"CANARY-old\" as the value whereas during apply the value \"CANARY\n-new\" was set by an environment variable. To declare an ephemeral variable which is not saved in the plan file, use ephemeral = true."}}"#;
    let Event::Diagnostic(found) = parse(line) else { panic!() };
    assert!(!found.text().contains("CANARY"), "{}", found.text());
    assert!(found.text().contains("The variable pw") && found.text().contains("ephemeral = true"));
}

#[test]
fn what_a_program_prints_does_not_drive_the_terminal() {
    let line = r#"{"type":"provision_progress","hook":{"resource":{"addr":"a.b"},"output":"\u001b[2J\u001b]0;title\u0007\u001b[31mred\u001b[0m\rover\tand out"}}"#;
    assert_eq!(parse(line), Event::Provisioner { address: "a.b".into(), text: "redover\tand out".into() });
}

#[test]
fn outputs_tell_whether_they_change() {
    let planned = r#"{"type":"outputs","outputs":{"a":{"sensitive":false,"action":"noop"},"b":{"sensitive":true,"action":"update"}}}"#;
    assert_eq!(parse(planned), Event::Outputs(true));
    let applied = r#"{"type":"outputs","outputs":{"a":{"sensitive":false,"type":"string","value":"x"}}}"#;
    assert_eq!(parse(applied), Event::Outputs(false));
}
