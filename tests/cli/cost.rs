//! What a plan costs, with terraform's own `terraform_data`.

use serde_json::Value;

use crate::common::{CANARY, Sandbox, on_a_terminal};

const PRICES: &str = "[cost]\ncurrency = \"EUR\"\n[cost.prices]\n\
    \"terraform_data[input.flavor=b3-8]\" = { hour = 0.07, note = \"without its disk\" }\n\
    \"terraform_data[input.flavor=b3-16]\" = { hour = 0.10 }\n\
    \"terraform_data[input.kind=ip]\" = { month = \"1.50\" }\n";

fn project(root: &str, more: &str) -> Sandbox {
    let project = Sandbox::empty().with_var("USER", "ada");
    std::fs::create_dir_all(project.path("shared")).unwrap();
    project.write("environments/dev/main.tf", root);
    project.environment("dev", &format!("{PRICES}{more}"));
    project
}

const TWO: &str = "resource \"terraform_data\" \"vm\" {\n  count = 2\n  input = { flavor = \"b3-8\" }\n}\n\
    resource \"terraform_data\" \"ip\" {\n  for_each = toset([\"a\"])\n  input = { kind = \"ip\" }\n}\n\
    resource \"terraform_data\" \"free\" {}\n";

/// The one event of the cost.
#[track_caller]
fn costs(project: &Sandbox) -> Value {
    let run = project.infractl(&["plan", "dev", "--cost", "--output", "json"]).code(0);
    let events = run.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found: Vec<Value> = events.filter(|event| event["event"] == "cost").collect();
    assert_eq!(found.len(), 1, "{}", run.out);
    found[0].clone()
}

#[test]
fn a_plan_says_what_a_month_costs() {
    let project = project(TWO, "");
    let run = project.infractl(&["plan", "dev", "--cost"]).code(0);
    let run =
        run.prints("cost: 103.70 EUR/month; before 0.00; difference +103.70").prints("without its disk");
    run.prints("terraform_data.vm[1]");
    project.infractl(&["plan", "dev"]).code(0);
    let found = costs(&project);
    assert_eq!(found["after"]["known"], "103.70");
    assert_eq!(found["resources"].as_array().unwrap().len(), 3, "{found}");
    project.infractl(&["apply", "dev"]).code(0);
    // One goes, one is made larger.
    project
        .write("environments/dev/main.tf", &TWO.replace("count = 2", "count = 1").replace("b3-8", "b3-16"));
    let found = costs(&project);
    let difference = |address: &str| {
        let all = found["resources"].as_array().unwrap();
        all.iter().find(|row| row["address"] == address).unwrap()["difference"].clone()
    };
    assert_eq!(difference("terraform_data.vm[1]"), "-51.10");
    assert_eq!(difference("terraform_data.vm[0]"), "21.90");
    assert_eq!(difference("terraform_data.ip[\"a\"]"), "0.00");
    assert_eq!((&found["before"]["known"], &found["after"]["known"]), (&"103.70".into(), &"74.50".into()));
    project
        .infractl(&["plan", "dev", "--cost"])
        .code(0)
        .prints("unchanged: 1 resource")
        .prints("cost: 74.50 EUR/month; before 103.70; difference -29.20");
}

#[test]
fn what_nobody_can_tell_is_unknown() {
    let root = format!(
        "{TWO}resource \"terraform_data\" \"late\" {{\n  input = {{ flavor = terraform_data.free.id }}\n}}\n\
         variable \"secret\" {{\n  sensitive = true\n  default = \"b3-8-{CANARY}\"\n}}\n\
         resource \"terraform_data\" \"hidden\" {{\n  input = {{ flavor = var.secret }}\n}}\n"
    );
    let project = project(&root, "");
    let run = project.infractl(&["plan", "dev", "--cost"]).code(0);
    run.prints("cost: ≥ 103.70 EUR/month, 2 unknown");
    let found = costs(&project);
    assert_eq!(found["difference"]["unknown"], 2);
    assert!(!found.to_string().contains("b3-8"), "attributes are nobody's business: {found}");
}

#[test]
fn without_prices_it_is_said() {
    let project = project(TWO, "");
    project.environment("dev", "");
    project.infractl(&["plan", "dev", "--cost"]).code(64).says("there is no `[cost]`");
    project.environment("dev", &format!("{PRICES}[pipelines]\nplan = [{{ do = \"init\" }}]\n"));
    project.infractl(&["plan", "dev", "--cost"]).code(64).says("pipeline `plan` of its own");
    for (text, says) in [
        ("[cost]\n", "currency"),
        (
            "[cost]\ncurrency = \"EUR\"\n[cost.prices]\n\"a[b\" = { hour = 1 }\n",
            "`a[b` is not a type of resource",
        ),
        ("[cost]\ncurrency = \"EUR\"\n[cost.prices]\na = { hour = -1 }\n", "`hour` is not an amount"),
        ("[cost]\ncurrency = \"EUR\"\n[cost.prices]\na = { hour = \"cheap\" }\n", "`cheap` is not an amount"),
        ("[cost]\ncurrency = \"EUR\"\n[cost.prices]\na = { hour = 1, month = 2 }\n", "one of them is enough"),
        ("[cost]\ncurrency = \"EUR\"\n[cost.prices]\na = { note = \"x\" }\n", "the price of `a` is missing"),
        ("[safety]\ncost-increase = 50\n", "needs prices"),
    ] {
        project.environment("dev", text);
        project.infractl(&["validate", "dev"]).code(78).says(says).says("environment.toml:");
    }
}

#[test]
fn what_gets_much_dearer_is_asked_about() {
    let project = project(TWO, "[safety]\ncost-increase = 100\n");
    let (code, out) = on_a_terminal(&project, 120, "n\n", "apply dev");
    assert_eq!(code, 77, "{out}");
    assert!(out.contains("destroys nothing; a month costs 103.70 EUR more. Go on?"), "{out}");
    project.environment("dev", &format!("{PRICES}[safety]\ncost-increase = 104\n"));
    let (code, out) = on_a_terminal(&project, 120, "", "apply dev");
    assert_eq!((code, out.contains("Go on?")), (0, false), "{out}");
    // As with every other question: nobody is there, nobody is asked.
    project.write("environments/dev/main.tf", &TWO.replace("count = 2", "count = 9"));
    project.infractl(&["apply", "dev"]).code(0);
}
