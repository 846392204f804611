use serde_json::json;

use super::super::ansible_value::Value;
use super::*;

fn vars(json: &serde_json::Value) -> Variables {
    match Value::data(json) {
        Value::Map(vars) => vars,
        other => panic!("{other:?}"),
    }
}

fn example(format: Format) -> Inventory {
    let group = |hosts: &[&str], children: &[&str], values: &serde_json::Value| Group {
        hosts: hosts.iter().map(|name| (*name).to_owned()).collect(),
        children: children.iter().map(|name| (*name).to_owned()).collect(),
        vars: vars(values),
    };
    Inventory {
        format,
        project: "shop".into(),
        environment: "dev".into(),
        hosts: IndexMap::from([
            ("bastion".into(), vars(&json!({ "ansible_host": "192.0.2.1" }))),
            (
                "web-1".into(),
                vars(&json!({ "ansible_host": "10.0.0.1", "ansible_port": 2222, "motd": "it's #1" })),
            ),
            ("web-2".into(), vars(&json!({}))),
        ]),
        groups: IndexMap::from([
            ("web".into(), group(&["web-1", "web-2"], &[], &json!({ "zones": ["1", 2] }))),
            ("site".into(), group(&[], &["web"], &json!({}))),
            ("later".into(), group(&[], &[], &json!({}))),
        ]),
        vars: vars(&json!({ "tier": "dev", "debug": true })),
    }
}

#[test]
fn an_inventory_as_ini() {
    let text = example(Format::Ini).render().unwrap();
    assert!(is_ours(&text) && !is_ours("[web]\n"));
    insta::assert_snapshot!(text, @r#"
    # shop: ansible inventory, written by infractl, do not edit
    # Environment: dev
    # To write it again: infractl inventory dev

    bastion ansible_host=192.0.2.1
    web-1 ansible_host=10.0.0.1 ansible_port=2222 motd='"it\x27s #1"'
    web-2

    [web]
    web-1
    web-2

    [site]

    [site:children]
    web

    [later]

    [all:vars]
    tier = dev
    debug = True

    [web:vars]
    zones = ["1", 2]
    "#);
}

#[test]
fn an_inventory_as_yaml() {
    let text = example(Format::Yaml).render().unwrap();
    assert!(is_ours(&text));
    insta::assert_snapshot!(text, @r#"
    # shop: ansible inventory, written by infractl, do not edit
    # Environment: dev
    # To write it again: infractl inventory dev

    all:
      vars:
        tier: "dev"
        debug: true
      hosts:
        bastion:
          ansible_host: "192.0.2.1"
        web-1:
          ansible_host: "10.0.0.1"
          ansible_port: 2222
          motd: "it\x27s #1"
        web-2: {}
      children:
        web:
          hosts:
            web-1: {}
            web-2: {}
          vars:
            zones: ["1", 2]
        site:
          children:
            web: {}
        later: {}
    "#);
}

#[test]
fn everything_that_cannot_be_written_is_said_at_once() {
    let mut inventory = example(Format::Ini);
    inventory.hosts.insert("a[1:3]".into(), vars(&json!({ "is": 1, "a-b": 2, "x": "{% raw %}" })));
    inventory.groups.insert("all".into(), Group::default());
    inventory.vars = vars(&json!({ "big": 1 }));
    inventory.vars.insert("big".into(), Value::Number(serde_json::from_str("1e999").unwrap()));
    let Refused(all) = inventory.render().unwrap_err();
    let all: Vec<String> =
        all.into_iter().map(|refusal| format!("{}: {}", refusal.what, refusal.why)).collect();
    insta::assert_snapshot!(all.join("\n"), @"
    the host `a[1:3]`: ansible would read its name as a pattern
    the name `all`: ansible has a group of that name
    `is` of the host `a[1:3]`: it cannot be the name of a variable of ansible
    `a-b` of the host `a[1:3]`: it cannot be the name of a variable of ansible
    `x` of the host `a[1:3]`: its value holds `{{`, `{%` or `{#`, which ansible would take for a template
    `big` of `[inventory] vars`: its value is a number that is too large for ansible
    ");
}

#[test]
fn a_diff_shows_moved_added_and_removed_lines() {
    assert_eq!(diff("a\nb\nc\n", "b\nx\nc\na\n"), ["- a", "+ x", "+ a"]);
    assert!(diff("a\nb\n", "a\nb\n").is_empty());
    assert_eq!(diff("", "a\n"), ["+ a"]);
}

#[test]
fn words_of_yaml_are_quoted_as_keys() {
    assert_eq!(yaml_key("backend-1.eu"), "backend-1.eu");
    for name in ["yes", "No", "null", "1e3", "12", "~", "é", "-a"] {
        assert!(yaml_key(name).starts_with('"'), "{name}");
    }
}
