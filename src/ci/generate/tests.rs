use indexmap::IndexMap;

use super::*;
use crate::ci::job::About;
use crate::config::model::{Ci, CiIdentity, CiProgram, CiSnapshot, CiStage, EnvironmentName};

fn stage(env: &str, run: &[&str], approval: bool) -> CiStage {
    let run = run.iter().map(|line| (*line).to_owned()).collect();
    CiStage {
        env: EnvironmentName(env.to_owned()),
        run,
        approval,
        identity: None,
        snapshot: None,
        rollback: false,
    }
}

fn setting(forge: CiForge) -> Setting {
    let about = |protected| About { protected, has_secrets: true, has_snapshots: true, has_records: true };
    Setting {
        ci: Ci {
            forge,
            infractl: CiProgram {
                version: "0.3.0".to_owned(),
                sha256: "a".repeat(64),
                url: None,
                install: None,
            },
            file: None,
            runner: None,
            image: None,
            merge_request: vec![
                "fmt --all --check".to_owned(),
                "plan --changed-since origin/main".to_owned(),
            ],
            shards: None,
            main: vec![
                stage("dev", &["apply", "deploy"], false),
                stage("prod", &["apply --plan", "deploy"], true),
            ],
            tag: Vec::new(),
            nightly: vec!["drift --all".to_owned()],
            weekly: Vec::new(),
            drift_issue: false,
            identity: None,
            secrets: None,
            queue: false,
        },
        branch: "main".to_owned(),
        tag_prefix: "v".to_owned(),
        folder: String::new(),
        environments: IndexMap::from([("dev".to_owned(), about(false)), ("prod".to_owned(), about(true))]),
        has_tools: false,
        secrets: vec!["INFRACTL_AGE_KEY".to_owned()],
    }
}

const ALL: [CiForge; 3] = [CiForge::Github, CiForge::Gitlab, CiForge::Azure];

#[test]
fn the_same_configuration_gives_the_same_bytes_and_what_became_of_them_is_known() {
    for forge in ALL {
        let new = text(&setting(forge)).unwrap();
        assert_eq!(text(&setting(forge)).unwrap(), new);
        assert_eq!(found(&new, &new), Found::Same);
        assert_eq!(found(&new.replace('\n', "\r\n"), &new), Found::Same, "git wrote other line ends");
        let mut other = setting(forge);
        other.ci.nightly.clear();
        let other = text(&other).unwrap();
        assert_eq!(found(&other, &new), Found::Older);
        assert_eq!(
            found(&other.replace("infractl deploy dev", "infractl destroy dev"), &new),
            Found::Changed
        );
        assert_eq!(found(&format!("{new}# mine\n"), &new), Found::Changed);
        assert_eq!(found(&format!("# mine\n{new}"), &new), Found::Changed);
        assert_eq!(found("on: push\n", &new), Found::Foreign);
        assert_eq!(found("", &new), Found::Foreign);
    }
}

#[test]
fn a_protected_environment_is_confirmed_by_name_and_only_after_an_approval() {
    for forge in ALL {
        let new = text(&setting(forge)).unwrap();
        assert!(new.contains("infractl deploy prod --confirm prod"), "{new}");
        assert!(new.contains("infractl apply prod --confirm prod --plan "), "{new}");
        assert!(!new.contains("dev --confirm"), "{new}");
        let mut open = setting(forge);
        open.ci.main[1].approval = false;
        assert_eq!(text(&open).unwrap_err().key, "main");
    }
}

#[test]
fn a_plan_is_handed_over_encrypted_or_not_at_all() {
    for forge in ALL {
        let new = text(&setting(forge)).unwrap();
        let at = |text: &str| new.find(text).unwrap_or_else(|| panic!("no {text} in {new}"));
        assert!(at("infractl plan prod --out") < at("the plan is not encrypted"));
        assert!(at("the plan is not encrypted") < at("infractl apply prod"));
        let mut without = setting(forge);
        without.environments["prod"].has_secrets = false;
        assert!(text(&without).unwrap_err().message.contains("who may read"));
    }
}

#[test]
fn names_and_words_of_the_project_are_text_and_nothing_else() {
    for forge in ALL {
        for name in ["on", "1e3", "no", "a.b", "null"] {
            let mut odd = setting(forge);
            odd.environments.insert(name.to_owned(), About::default());
            odd.ci.main = vec![stage(name, &["apply"], false)];
            let new = text(&odd).unwrap();
            let yaml: Vec<&str> = new.lines().filter(|line| !line.starts_with('#')).collect();
            let key = if forge == CiForge::Gitlab { "resource_group: " } else { "environment: " };
            let line = yaml.iter().find(|line| line.contains(key)).unwrap();
            let plain = name == "a.b";
            let written = if plain { name.to_owned() } else { format!("\"{name}\"") };
            assert!(line.ends_with(&format!("{key}{written}")), "{line}");
        }
        let mut odd = setting(forge);
        odd.ci.main =
            vec![stage("dev", &["smoke 'it'\"'\"'s; rm -rf /' \"${{ secrets.X }}\" '`id`' '$HOME'"], false)];
        let new = text(&odd).unwrap();
        let line = new.lines().find(|line| line.contains("infractl smoke")).unwrap();
        let mark = if forge == CiForge::Gitlab { "${{" } else { "${{ '${{' }}" };
        assert!(line.contains(&format!("'{mark} secrets.X }}}}' '`id`' '$HOME'")), "{line}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_key() {
    let refused = |change: &dyn Fn(&mut Setting)| {
        let mut setting = setting(CiForge::Github);
        change(&mut setting);
        text(&setting).unwrap_err().key
    };
    assert_eq!(refused(&|s| s.ci.infractl.sha256 = "abc".to_owned()), "infractl");
    assert_eq!(refused(&|s| s.ci.file = Some("../x.yml".to_owned())), "file");
    assert_eq!(refused(&|s| s.ci.merge_request = vec!["apply dev".to_owned()]), "merge-request");
    assert_eq!(refused(&|s| s.ci.merge_request = vec!["plan\n--all".to_owned()]), "merge-request");
    assert_eq!(refused(&|s| s.ci.nightly = vec!["--all".to_owned()]), "nightly");
    assert_eq!(refused(&|s| s.ci.nightly = vec!["drift 'a".to_owned()]), "nightly");
    assert_eq!(refused(&|s| s.ci.main[0].run.clear()), "main");
    let role = |aws: &str| Some(CiIdentity { aws: aws.to_owned() });
    assert_eq!(refused(&|s| s.ci.identity = role("{{output.role}}")), "identity");
    let arn = "arn:aws:iam::123456789012:role/ci";
    assert_eq!(refused(&|s| (s.ci.forge, s.ci.identity) = (CiForge::Azure, role(arn))), "identity");
    let empty = |s: &mut Setting| {
        (s.ci.main, s.ci.nightly, s.ci.merge_request) = (Vec::new(), Vec::new(), Vec::new());
    };
    assert_eq!(refused(&empty), "forge");
}

#[test]
fn what_comes_from_a_fork_gets_no_secrets_and_only_whoever_needs_one_gets_a_token() {
    let mut with_role = setting(CiForge::Github);
    with_role.ci.identity = Some(CiIdentity { aws: "arn:aws:iam::123456789012:role/ci".to_owned() });
    with_role.ci.shards = Some(3);
    let new = text(&with_role).unwrap();
    let jobs: Vec<&str> = new.split("\n  ").filter(|part| !part.starts_with(' ')).collect();
    assert!(!jobs.is_empty());
    let job = |name: &str| {
        let (_, rest) = new.split_once(&format!("\n  {name}:\n")).unwrap();
        let end = rest
            .find("\n  ")
            .map(|_| rest.match_indices("\n  ").find(|(at, _)| !rest[at + 3..].starts_with(' ')));
        end.flatten().map_or(rest, |(at, _)| &rest[..at])
    };
    assert!(!job("check").contains("secrets.") && !job("check").contains("id-token"), "{}", job("check"));
    assert!(job("plan").contains("secrets.INFRACTL_AGE_KEY") && job("plan").contains("id-token: write"));
    assert!(job("plan").contains("head.repo.full_name == github.repository"));
    assert!(
        job("plan").contains("SHARD: \"${{ matrix.shard }}/3\"")
            && job("plan").contains("--shard \"$SHARD\"")
    );
    assert!(
        job("to-dev").contains("group: infractl-dev") && job("to-dev").contains("cancel-in-progress: false")
    );
    assert!(
        job("plan-prod").contains("environment: prod-plan") && job("to-prod").contains("environment: prod\n")
    );
    assert!(job("to-prod").contains("needs: plan-prod") && job("plan-prod").contains("needs: to-dev"));
    assert!(!new.contains("pull_request_target") && new.contains("fetch-depth: 0"));
}

/// The setting with what infractl's own repository has for its forge.
fn installed(forge: CiForge) -> Setting {
    let mut setting = setting(forge);
    let (install, url) = match forge {
        CiForge::Github => (format!("acme/infractl@{}", "c".repeat(40)), None),
        CiForge::Gitlab => {
            ("gitlab.example.com/tools/infractl/infractl@0.3.0".to_owned(), Some("https://x/{{version}}"))
        }
        CiForge::Azure => ("tools/infractl@refs/tags/v0.3.0".to_owned(), Some("https://x/{{version}}")),
    };
    setting.ci.infractl.install = Some(install);
    setting.ci.infractl.url = url.map(str::to_owned);
    setting
}

#[test]
fn infractl_is_had_from_its_own_repository_when_the_project_says_so() {
    let sum = "a".repeat(64);
    let new = text(&installed(CiForge::Github)).unwrap();
    let step = format!(
        "- uses: acme/infractl@{}\n        with:\n          version: \"0.3.0\"\n          sha256: {sum}\n",
        "c".repeat(40)
    );
    assert_eq!(new.matches(&step).count(), new.matches("uses: actions/checkout@").count(), "{new}");
    assert!(!new.contains("sha256sum -c"), "{new}");

    let mut wanted = installed(CiForge::Gitlab);
    wanted.folder = "infra".to_owned();
    wanted.ci.nightly = vec!["drift --all --new".to_owned()];
    let new = text(&wanted).unwrap();
    let include = part(&new, "include");
    assert!(include.contains("component: gitlab.example.com/tools/infractl/infractl@0.3.0\n"), "{include}");
    assert!(
        include.contains(&format!("sha256: {sum}\n")) && include.contains("https://x/0.3.0"),
        "{include}"
    );
    assert!(part(&new, "\".infractl\"").contains("extends: .infractl-install\n"), "{new}");
    assert!(!new.contains("before_script"), "it comes from the component: {new}");
    assert!(part(&new, "to-dev").contains("cd -- infra"), "{new}");
    let night = part(&new, "nightly-drift");
    assert!(night.contains(".infractl/kept/") && night.contains(".infractl/known/"), "both caches: {night}");

    let new = text(&installed(CiForge::Azure)).unwrap();
    assert!(part(&new, "resources").contains("ref: refs/tags/v0.3.0\n"), "{new}");
    assert!(new.contains("- template: ci/azure/infractl.yml@infractl\n"), "{new}");
    assert!(!new.contains("sha256sum -c"), "{new}");
}

#[test]
fn what_can_be_moved_is_no_fixed_version() {
    let refused = |forge, install: &str| {
        let mut setting = installed(forge);
        setting.ci.infractl.install = Some(install.to_owned());
        text(&setting).unwrap_err().message
    };
    let not_fixed = "`install` does not name one fixed version";
    for install in ["acme/infractl@v1", "acme/infractl", "./here", "a/b/${{ x }}@0"] {
        assert_eq!(refused(CiForge::Github, install), not_fixed, "{install}");
    }
    for version in ["~latest", "1", "1.2", "main"] {
        let install = format!("gitlab.example.com/tools/infractl/infractl@{version}");
        assert_eq!(refused(CiForge::Gitlab, &install), not_fixed, "{version}");
    }
    assert_eq!(refused(CiForge::Azure, "tools/infractl@refs/heads/main"), not_fixed);
    let mut without = installed(CiForge::Gitlab);
    without.ci.infractl.url = None;
    assert!(text(&without).unwrap_err().message.contains("where the archives are"));
}

/// Production by tag, with everything that belongs to it.
fn released(forge: CiForge) -> Setting {
    let mut setting = setting(forge);
    let stage = stage("prod", &["promote dev", "apply --plan", "verify"], true);
    setting.ci.tag = vec![CiStage { snapshot: Some(CiSnapshot::Create), rollback: true, ..stage }];
    setting
}

/// What stands under this key, two spaces deep or at the top.
fn part<'a>(text: &'a str, key: &str) -> &'a str {
    let depth = key.len() - key.trim_start().len();
    let (_, rest) = text.split_once(&format!("\n{key}:\n")).unwrap_or_else(|| panic!("no {key} in {text}"));
    let is_end = |line: &str| !line.trim().is_empty() && line.len() - line.trim_start().len() <= depth;
    let length: usize = rest.split_inclusive('\n').take_while(|line| !is_end(line)).map(str::len).sum();
    &rest[..length]
}

#[test]
fn a_release_is_planned_and_its_snapshots_verified_before_somebody_lets_it_begin() {
    let new = text(&released(CiForge::Github)).unwrap();
    let job = |name: &str| part(&new, &format!("  {name}"));
    assert!(part(&new, "\"on\"").contains("tags:\n      - \"v[0-9]+.[0-9]+.[0-9]+\"\n"), "{new}");
    let tag = "startsWith(github.ref, 'refs/tags/')";
    for name in ["plan-prod-2", "verify-snapshot-prod", "to-prod-2", "rollback-prod"] {
        assert!(job(name).contains(&format!(" && {tag}")), "{}", job(name));
    }
    assert!(job("to-dev").contains(&format!("!{tag}")));
    let snapshot = job("verify-snapshot-prod");
    assert!(snapshot.contains("needs: plan-prod-2") && snapshot.contains("environment: prod-plan"));
    assert!(
        snapshot.contains("infractl snapshot create prod\n")
            && snapshot.contains("infractl snapshot verify prod\n")
    );
    assert!(job("to-prod-2").contains("needs: verify-snapshot-prod"));
    assert!(job("to-prod-2").contains("infractl promote dev prod --confirm prod\n"));
    let back = job("rollback-prod");
    assert!(
        back.contains("needs: to-prod-2") && back.contains("needs.to-prod-2.result == 'failure'"),
        "{back}"
    );
    assert!(back.contains("environment: prod-rollback") && back.contains("group: infractl-prod\n"));
    assert!(back.contains("infractl rollback prod --keep-configuration --of-this-run --confirm prod\n"));

    let new = text(&released(CiForge::Gitlab)).unwrap();
    let back = part(&new, "rollback-prod");
    assert!(back.contains("when: on_failure") && back.contains("resource_group: prod"), "{back}");
    assert!(back.contains(r"$CI_COMMIT_TAG =~ /^v[0-9]+\\.[0-9]+\\.[0-9]+$/"), "{back}");
    let new = text(&released(CiForge::Azure)).unwrap();
    let (deploy, back) = new.split_once("\"on\":\n").unwrap();
    assert!(deploy.contains("infractl promote dev prod") && back.contains("infractl rollback prod"));
    assert!(back.trim_start().starts_with("failure:\n"), "{back}");
    assert!(part(&new, "trigger").contains("- \"v*-*\"\n"), "{new}");
}

#[test]
fn what_a_release_cannot_do_is_refused() {
    let refused = |change: &dyn Fn(&mut Setting)| {
        let mut setting = released(CiForge::Gitlab);
        change(&mut setting);
        let wrong = text(&setting).unwrap_err();
        (wrong.key, wrong.message)
    };
    let (key, why) = refused(&|s| s.environments["prod"].has_records = false);
    assert!(key == "tag" && why.contains("deployment records"), "{why}");
    let (key, why) = refused(&|s| s.environments["prod"].has_snapshots = false);
    assert!(key == "tag" && why.contains("no snapshots"), "{why}");
    let (key, why) = refused(&|s| s.ci.tag[0].approval = false);
    assert!(key == "tag" && why.contains("is protected"), "{why}");
    assert!(refused(&|s| s.ci.tag[0].run = vec!["promote".to_owned()]).1.contains("from which"));
    assert!(refused(&|s| s.ci.tag[0].run = vec!["promote dev rec".to_owned()]).1.contains("goes to `rec`"));
    assert!(refused(&|s| s.tag_prefix = "v$(x)".to_owned()).1.contains("tags that begin"));
}

#[test]
fn drift_remembers_what_it_told_and_shares_of_a_plan_become_one_comment() {
    for forge in ALL {
        let mut wanted = setting(forge);
        wanted.ci.shards = Some(3);
        wanted.ci.nightly = vec!["drift --all --new".to_owned()];
        wanted.ci.weekly = vec!["snapshot verify prod".to_owned()];
        wanted.ci.drift_issue = forge != CiForge::Azure;
        let new = text(&wanted).unwrap();
        let drift = new.lines().find(|line| line.contains("infractl drift")).unwrap();
        assert!(drift.contains("drift --all --new --known \"$") && !drift.contains("--shard"), "{drift}");
        assert!(new.contains("infractl snapshot verify prod"));
        if forge == CiForge::Azure {
            assert!(new.contains("task: Cache@2") && new.contains("[ \"$code\" = 2 ] ||"), "{new}");
            wanted.ci.drift_issue = true;
            assert_eq!(text(&wanted).unwrap_err().key, "drift-issue");
            continue;
        }
        assert!(drift.contains("--format markdown > \"$said\" || code=$?"), "{drift}");
        assert!(new.contains("infractl ci issue \"$said\" --name nightly-drift"));
        assert_eq!(new.matches("infractl ci comment -").count(), 1, "{new}");
        assert!(new.contains("for share in $(seq 1 3)"), "{new}");
        let cached = if forge == CiForge::Github { "actions/cache/save@" } else { "when: always\n" };
        assert!(new.contains(cached));
        wanted.ci.nightly.clear();
        assert_eq!(text(&wanted).unwrap_err().key, "drift-issue", "nothing looks for drift");
    }
}
