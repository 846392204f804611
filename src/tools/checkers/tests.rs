//! The forms are those that tflint 0.61, checkov 3.3 and terraform 1.11 printed, cut to what is read here; that of
//! conftest is the one of its pages on options.

use super::*;

fn found(findings: Findings, printed: &str) -> Vec<String> {
    let shown = |found: Finding| {
        let level = if found.is_error { "error" } else { "warning" };
        let file = found.file.unwrap_or_default();
        let line = found.line.map(|line| line.to_string()).unwrap_or_default();
        format!("{level} {file}:{line} {} [{}]", found.message, found.rule.unwrap_or_default())
    };
    read(findings, printed.as_bytes()).unwrap().into_iter().map(shown).collect()
}

#[test]
fn terraform_fmt_has_the_first_line_that_would_change() {
    let printed = "main.tf\n--- old/main.tf\n+++ new/main.tf\n@@ -2,4 +2,4 @@\n \n variable \"b\" {\n-type=string\n+  type = string\n }\n\
                   sub/x.tf\n--- old/sub/x.tf\n+++ new/sub/x.tf\n@@ -1 +1 @@\n-a=1\n+a = 1\n";
    assert_eq!(
        found(Findings::Fmt, printed),
        ["error main.tf:4 the file is not formatted []", "error sub/x.tf:1 the file is not formatted []"]
    );
    assert!(found(Findings::Fmt, "").is_empty());
}

#[test]
fn tflint_has_rules_with_places_and_errors_without() {
    let printed = r#"{"issues":[{"rule":{"name":"terraform_unused_declarations","severity":"warning","link":"https://x"},"message":"variable \"a\" is declared but not used","range":{"filename":"main.tf","start":{"line":3,"column":1},"end":{"line":3,"column":13}},"callers":[]},{"rule":{"name":"aws_instance_invalid_type","severity":"error","link":""},"message":"\"t9\" is an invalid value","range":{"filename":"../../modules/web/main.tf","start":{"line":12,"column":3},"end":{"line":12,"column":9}},"callers":[]}],"errors":[{"message":"Failed to work; I don't feel like working","severity":"error"},{"summary":"summary","message":"detail","severity":"warning","range":{"filename":"filename","start":{"line":1,"column":1},"end":{"line":5,"column":1}}}]}"#;
    assert_eq!(
        found(Findings::Tflint, printed),
        [
            "warning main.tf:3 variable \"a\" is declared but not used [terraform_unused_declarations]",
            "error ../../modules/web/main.tf:12 \"t9\" is an invalid value [aws_instance_invalid_type]",
            "error : Failed to work; I don't feel like working []",
            "warning filename:1 summary; detail []",
        ]
    );
    assert!(found(Findings::Tflint, r#"{"issues":[],"errors":[]}"#).is_empty());
}

#[test]
fn conftest_has_files() {
    let printed = r#"[
        {
                "filename": "main.tf",
                "namespace": "main",
                "successes": 1,
                "warnings": [ { "msg": "no tags" } ],
                "failures": [
                        { "msg": "open to the world" },
                        { "msg": "not allowed", "metadata": { "details": {} } }
                ]
        },
        { "filename": "Combined", "namespace": "network", "successes": 0, "failures": [ { "msg": "no" } ] }
]"#;
    assert_eq!(
        found(Findings::Conftest, printed),
        [
            "error main.tf: open to the world []",
            "error main.tf: not allowed []",
            "warning main.tf: no tags []",
            "error : no [network]",
        ]
    );
}

#[test]
fn checkov_has_one_report_or_several_or_one_of_nothing() {
    let report = r#"{ "check_type": "terraform", "results": { "failed_checks": [ {
        "check_id": "CKV_AWS_24", "bc_check_id": null,
        "check_name": "Ensure no security groups allow ingress from 0.0.0.0:0 to port 22",
        "check_result": { "result": "FAILED" }, "file_path": "/main.tf", "file_abs_path": "/p/main.tf",
        "repo_file_path": "/main.tf", "file_line_range": [4, 11], "resource": "aws_security_group.open",
        "severity": null } ] }, "summary": { "passed": 8, "failed": 1, "skipped": 0, "parsing_errors": 0,
        "resource_count": 2, "checkov_version": "3.3.30" } }"#;
    let one = [
        "error main.tf:4 aws_security_group.open: Ensure no security groups allow ingress from 0.0.0.0:0 to port 22 [CKV_AWS_24]",
    ];
    assert_eq!(found(Findings::Checkov, report), one);
    assert_eq!(found(Findings::Checkov, &format!("[{report}, {report}]")), [one, one].concat());
    let nothing =
        r#"{ "passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "checkov_version": "3.3.30" }"#;
    assert!(
        found(Findings::Checkov, &format!("2024-01-01 12:00:00 [MainThread] WARNING x\n{nothing}"))
            .is_empty()
    );
    let broken = r#"{ "check_type": "terraform", "results": { "failed_checks": [] },
        "summary": { "passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 1, "checkov_version": "3.3.30" } }"#;
    assert_eq!(found(Findings::Checkov, broken), ["error : 1 file could not be read []"]);
    let named = r#"{ "results": { "failed_checks": [], "parsing_errors": [ "/broken.tf" ] }, "summary": { "parsing_errors": 1 } }"#;
    assert_eq!(found(Findings::Checkov, named), ["error broken.tf: the file could not be read []"]);
}

#[test]
fn sarif_has_places_and_leaves_out_what_was_suppressed() {
    let printed = r#"{ "version": "2.1.0", "runs": [ { "tool": { "driver": { "name": "t" } }, "results": [
        { "ruleId": "AVD-1", "level": "error", "message": { "text": "open" }, "locations": [ { "physicalLocation": {
            "artifactLocation": { "uri": "main.tf" }, "region": { "startLine": 7 } } } ] },
        { "ruleId": "AVD-2", "message": { "text": "hm" } },
        { "ruleId": "AVD-3", "level": "error", "message": { "text": "known" }, "suppressions": [ { "kind": "inSource" } ] }
    ] } ] }"#;
    assert_eq!(found(Findings::Sarif, printed), ["error main.tf:7 open [AVD-1]", "warning : hm [AVD-2]"]);
}

#[test]
fn lines_may_have_places() {
    let printed = "checking\nmain.tf:3:5: unknown word\n  sub/a b.tf:12: Warning: old\nhttp://x:80/\n12:30:00: late\nx.tf:0: no\n";
    assert_eq!(
        found(Findings::Lines, printed),
        ["error main.tf:3 unknown word []", "warning sub/a b.tf:12 Warning: old []", "error 12:30 late []"]
    );
}

#[test]
fn what_is_something_else_is_not_read() {
    for findings in [Findings::Tflint, Findings::Conftest, Findings::Checkov, Findings::Sarif] {
        for printed in ["", "Usage: x", "{", "[1]", "\"text\"", "{\"issues\":"] {
            assert_eq!(read(findings, printed.as_bytes()), None, "{findings:?} {printed}");
        }
    }
}
