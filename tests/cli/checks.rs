//! `[checks]`: programs that look at the files of an environment. terraform is real; tflint and checkov are scripts that print
//! what those print.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::{CANARY, Run, Sandbox};

const WELL: &str = "variable \"a\" {\n  type    = string\n  default = \"x\"\n}\n";
const BADLY: &str = "variable \"a\" {\n  type    = string\n  default = \"x\"\n}\n\nvariable \"b\" {\n  type = string\n  default=\"x\"\n}\n";

/// What tflint prints about an unused variable; it ends with 2 then.
const TFLINT: &str = r#"#!/bin/sh
# A fake of tflint: it prints one finding.
test "$*" = "--format=json" || exit 64
echo '{"issues":[{"rule":{"name":"terraform_unused_declarations","severity":"warning","link":""},"message":"variable \"a\" is declared but not used","range":{"filename":"main.tf","start":{"line":1,"column":1},"end":{"line":1,"column":13}},"callers":[]}],"errors":[]}'
exit 2
"#;

fn project(module: &str, checks: &str) -> Sandbox {
    let project = Sandbox::empty();
    project.write("environments/defaults.toml", checks);
    project.write("environments/dev/environment.toml", "");
    project.write("environments/dev/main.tf", module);
    fs::create_dir(project.path("bin")).unwrap();
    let bin = project.path("bin/x");
    project.on_path(bin)
}

fn on_github(project: &Sandbox, args: &[&str]) -> Run {
    let mut command = project.command(args);
    command.env("CI", "true").env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", project.root());
    Run::of(&mut command)
}

#[test]
fn what_terraform_fmt_would_change_is_found_with_its_line() {
    let project = project(BADLY, "[checks]\nfmt = true\n");
    let run = project.infractl(&["validate", "dev"]).code(1);
    run.says("`fmt` found 1 problem")
        .says("infractl fmt dev")
        .says("+  default = \"x\"")
        .never_says("is valid");
    let run = on_github(&project, &["validate", "dev", "--only", "checks"]).code(1);
    run.says("::error file=environments/dev/main.tf,line=7,title=dev%3A fmt::the file is not formatted\n");
    project.infractl(&["fmt", "dev"]).code(0);
    project.infractl(&["validate", "dev"]).code(0).says("✓ dev checks  fmt").says("`dev` is valid");
    // What is not of this environment is not done.
    project.write("environments/dev/main.tf", BADLY);
    project.environment("dev", "checks = { fmt = false }\n");
    project.infractl(&["validate", "dev"]).code(0).never_says("checks");
}

#[test]
fn findings_of_programs_have_their_places_in_ci_and_reports() {
    let project = project(WELL, "[checks]\ntflint = true\ntodo = \"! grep -rn TODO .\"\nfmt = true\n");
    project.script("bin/tflint", TFLINT);
    project.write("environments/dev/more.tf", "\n# TODO: all of it\n");
    let args = ["validate", "dev", "--report-json", "report.json", "--report-junit", "report.xml"];
    let run = on_github(&project, &args).code(1);
    let run = run
        .says("tflint: environments/dev/main.tf:1: variable \"a\" is declared but not used (terraform_unused_declarations)")
        .says("`tflint` found 1 problem; `todo` found 1 problem");
    let run = run.says("::warning file=environments/dev/main.tf,line=1,title=dev%3A tflint%3A terraform_unused_declarations::variable");
    run.says("::error file=environments/dev/more.tf,line=2,title=dev%3A todo::# TODO: all of it\n");
    let report: Value = serde_json::from_str(&project.read("report.json")).unwrap();
    let text = report.to_string();
    assert!(
        text.contains("terraform_unused_declarations") && text.contains("environments/dev/more.tf"),
        "{text}"
    );
    let report = project.read("report.xml");
    assert!(report.contains("tflint: terraform_unused_declarations"), "{report}");
    // What the program lets pass is a warning.
    project.edit("bin/tflint", "exit 2", "exit 0");
    project.write("environments/dev/more.tf", "");
    let run = on_github(&project, &["validate", "dev"]).code(0);
    run.says("::warning file=environments/dev/main.tf,line=1,");
}

#[test]
fn what_cannot_be_read_is_shown_as_it_is() {
    let project = project(
        WELL,
        "[checks]\ntflint = true\nown = { run = [\"sh\", \"-c\", \"echo no JSON; exit 3\"], findings = \"sarif\" }\n",
    );
    project.script(
        "bin/tflint",
        "#!/bin/sh\n# A fake of tflint.\necho 'Failed to load configurations' >&2\nexit 1\n",
    );
    let run = project.infractl(&["validate", "dev"]).code(1);
    run.says("Failed to load configurations")
        .says("own: no JSON")
        .says("`tflint` ended with exit code 1; `own` ended with exit code 3");
}

#[test]
fn a_program_that_is_missing_is_said_with_how_to_get_it() {
    let project = project(BADLY, "[checks]\nconftest = true\ncheckov = true\n");
    let run = project.infractl(&["validate", "dev"]).code(69);
    run.says("`conftest`").says("pipx install checkov").says("https://www.conftest.dev/install");
    // What was found weighs more.
    project.write("environments/defaults.toml", "[checks]\nconftest = true\nfmt = true\n");
    project.infractl(&["validate", "dev"]).code(1).says("`fmt` found 1 problem").says("www.conftest.dev");
}

#[test]
fn checks_run_at_once_and_all_to_their_end() {
    let wait = |own: &str, other: &str| {
        format!("touch {own}; for i in $(seq 200); do test -e {other} && exit 1; sleep 0.1; done; exit 9")
    };
    let checks = format!("[checks]\none = \"{}\"\ntwo = \"{}\"\n", wait("a", "b"), wait("b", "a"));
    let project = project(WELL, &checks);
    if std::thread::available_parallelism().unwrap().get() < 2 {
        return; // one processor, one at a time
    }
    project
        .infractl(&["validate", "dev"])
        .code(1)
        .says("`one` ended with exit code 1; `two` ended with exit code 1");
}

#[test]
fn checks_alone_need_no_key_and_what_they_get_is_masked() {
    let project = Sandbox::new();
    project.environment(
        "dev",
        "[checks]\nseen = \"env | grep -c CANARY; true\"\ntold = { run = \"echo $TOKEN; exit 1\", env = { TOKEN = \"{{secret.STORAGE_ACCOUNT_KEY}}\" } }\n",
    );
    let run = project.infractl(&["validate", "dev", "-v", "--only", "checks"]).code(1);
    run.says("seen: 0").says("told: ***").never_says(CANARY);
    project.environment("dev", "[checks]\nnone = \"exit 0\"\n");
    let home = Sandbox::empty();
    let mut command = project.command(&["validate", "dev", "--only", "checks"]);
    command.env("HOME", home.root()).env_remove("INFRACTL_AGE_KEY_FILE").env_remove("SOPS_AGE_KEY_FILE");
    Run::of(&mut command).code(0).says("checks  none");
}

#[test]
fn a_check_that_nobody_knows_is_an_error_where_it_stands() {
    let wrong = |checks: &str, texts: &[&str]| {
        let project = project(WELL, checks);
        let run = project.infractl(&["validate", "dev"]).code(78);
        for text in texts {
            assert!(run.err.contains(text), "{checks}: {text}: {}", run.err);
        }
    };
    wrong(
        "[checks]\ntflnt = true\n",
        &["`tflnt` is no check", "did you mean `tflint`?", "defaults.toml:2:1"],
    );
    wrong("[checks]\nown = { dir = \"x\" }\n", &["`own` is no check", "say what to run"]);
    wrong("[checks]\nown = { run = \"x\", finding = \"sarif\" }\n", &["did you mean `findings`?"]);
    wrong("[checks]\nown = { run = \"x\", findings = \"xml\" }\n", &["`findings` cannot be `xml`"]);
    wrong("[checks]\nfmt = { dir = \"nowhere\" }\n", &["there is no folder", "the check `fmt`"]);
}

#[test]
fn they_are_shown_and_printed_like_any_step() {
    let project = project(
        WELL,
        "[checks]\nfmt = true\ntflint = true\nown = { run = \"echo $X\", env = { X = \"1\" } }\n",
    );
    let dry = project.infractl(&["validate", "dev", "--dry-run"]).code(0).out;
    assert!(dry.contains("terraform fmt -recursive -no-color -check -diff"), "{dry}");
    assert!(dry.contains("tflint '--format=json'") && !dry.contains("INFRACTL_"), "{dry}");
    let script = project.infractl(&["validate", "dev", "--only", "checks", "--print"]).code(0).out;
    assert!(script.contains("tflint --format=json") || script.contains("tflint '--format=json'"), "{script}");
    project.script("bin/tflint", "#!/bin/sh\n# A fake of tflint: all is well.\nexit 0\n");
    project.write("check.sh", &script);
    let path = crate::common::path_with([project.path("bin/x")]);
    let mut bash = Command::new("bash");
    bash.arg("check.sh").env("PATH", path).env_remove("TF_CLI_CONFIG_FILE").current_dir(project.root());
    Run::of(&mut bash).code(0).prints("1\n");
    project.write("environments/dev/main.tf", BADLY);
    Run::of(&mut bash).code(1);
}

#[test]
fn an_environment_without_a_root_module_has_checks_too() {
    let project = project(WELL, "[checks]\nfmt = true\nhere = \"ls; exit 1\"\n");
    fs::remove_file(project.path("environments/dev/main.tf")).unwrap();
    project.infractl(&["validate", "dev"]).code(1).says("here: environment.toml").never_says("fmt");
}

#[test]
fn the_example_of_the_page_is_true() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md")).unwrap();
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).map(|text| text.split_once("```").unwrap().0).collect();
    let project = project(WELL, &examples.concat());
    project.script(
        "bin/tflint",
        "#!/bin/sh\n# A fake of tflint: all is well.\necho '{\"issues\":[],\"errors\":[]}'\n",
    );
    project.script(
        "bin/trivy",
        "#!/bin/sh\n# A fake of trivy: it prints one result of SARIF.\necho '{\"runs\":[{\"results\":[{\"ruleId\":\"AVD-1\",\"level\":\"error\",\"message\":{\"text\":\"open\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"main.tf\"},\"region\":{\"startLine\":2}}}]}]}]}'\nexit 1\n",
    );
    let run = project.infractl(&["validate", "--all", "--only", "checks"]).code(1);
    run.says("trivy: environments/dev/main.tf:2: open (AVD-1)").says("`trivy` found 1 problem");
}
