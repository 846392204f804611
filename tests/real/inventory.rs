//! What infractl writes into an inventory, read back by the real `ansible-inventory`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use infractl::testing::files::ansible_value::{Value, Variables, holds_template};
use infractl::testing::files::inventory::{Format, Group, Inventory};
use serde_json::{Value as Json, json};

use crate::common::{need, output, program};
use crate::values::{known, random};

const FORMATS: [(Format, &str); 2] = [(Format::Ini, "hosts.ini"), (Format::Yaml, "hosts.yml")];

/// The program beside `ansible-playbook`.
fn ansible_inventory() -> Option<PathBuf> {
    need("ansible-playbook").map(|playbook| Path::new(&playbook).with_file_name("ansible-inventory"))
}

/// What ansible makes of an inventory.
fn read_back(inventory: &Inventory, file: &str) -> Option<Json> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(file), inventory.render().unwrap()).unwrap();
    let mut ansible = program(ansible_inventory()?, dir.path());
    ansible.env("HOME", dir.path()).env("LC_ALL", "C.UTF-8");
    let listed = ansible.args(["--list", "-i", file]).output().unwrap();
    let said = String::from_utf8_lossy(&listed.stderr);
    assert!(listed.status.success() && !said.contains("[ERROR]"), "{said}");
    assert!(!said.contains("Unable to parse"), "{said}");
    Some(serde_json::from_slice(&listed.stdout).unwrap())
}

fn vars(json: &Json) -> Variables {
    match Value::data(json) {
        Value::Map(vars) => vars,
        other => panic!("{other:?}"),
    }
}

fn inventory(format: Format, hosts: IndexMap<String, Variables>) -> Inventory {
    Inventory {
        format,
        project: "shop".into(),
        environment: "dev".into(),
        hosts,
        groups: IndexMap::new(),
        vars: Variables::new(),
    }
}

fn names(json: &Json) -> BTreeSet<&str> {
    json.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn groups_hosts_and_variables_are_what_they_were() {
    for (format, file) in FORMATS {
        let mut all = inventory(
            format,
            IndexMap::from([
                ("bastion".into(), vars(&json!({ "ansible_host": "192.0.2.1" }))),
                ("web-1".into(), vars(&json!({ "ansible_host": "fe80::1", "ansible_port": 2222 }))),
                ("web-2.eu".into(), vars(&json!({ "motd": "it's #1 \\ \"two\" = 3", "tier": "own" }))),
                ("on".into(), vars(&json!({}))),
            ]),
        );
        let group = |hosts: &[&str], children: &[&str], values: &Json| Group {
            hosts: hosts.iter().map(|name| (*name).to_owned()).collect(),
            children: children.iter().map(|name| (*name).to_owned()).collect(),
            vars: vars(values),
        };
        all.groups = IndexMap::from([
            ("site".into(), group(&[], &["web"], &json!({ "deep": { "a b": [1, null, 1.5, true, "x'y"] } }))),
            ("web".into(), group(&["web-1", "web-2.eu"], &[], &json!({ "zones": ["1", 2] }))),
            ("no".into(), group(&["on"], &[], &json!({}))),
            ("later".into(), group(&[], &[], &json!({}))),
        ]);
        all.vars = vars(
            &json!({ "tier": "dev", "debug": true, "nothing": null, "big": 12_345_678_901_234_567_890_u64 }),
        );
        let Some(read) = read_back(&all, file) else { return };
        let host = |name: &str| read["_meta"]["hostvars"][name].clone();
        let common =
            json!({ "tier": "dev", "debug": true, "nothing": null, "big": 12_345_678_901_234_567_890_u64 });
        let with = |more: Json| {
            let mut all = common.clone();
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        let web = json!({ "zones": ["1", 2], "deep": { "a b": [1, null, 1.5, true, "x'y"] } });
        let mut first = with(web.clone());
        first["ansible_host"] = "fe80::1".into();
        first["ansible_port"] = 2222.into();
        let mut second = with(web);
        second["motd"] = "it's #1 \\ \"two\" = 3".into();
        second["tier"] = "own".into();
        assert_eq!(host("bastion"), with(json!({ "ansible_host": "192.0.2.1" })), "{file}");
        assert_eq!(host("web-1"), first, "{file}");
        assert_eq!(host("web-2.eu"), second, "{file}");
        assert_eq!(host("on"), common, "{file}");
        assert_eq!(names(&read["web"]["hosts"]), BTreeSet::from(["web-1", "web-2.eu"]));
        assert_eq!(names(&read["no"]["hosts"]), BTreeSet::from(["on"]));
        assert_eq!(names(&read["site"]["children"]), BTreeSet::from(["web"]));
        assert_eq!(
            names(&read["ungrouped"]["hosts"]),
            BTreeSet::from(["bastion"]),
            "one in no group is there"
        );
    }
}

/// Values that Python or YAML would take for something else, and every character that ends a line for one of them.
fn nasty() -> Vec<String> {
    let words = [
        "",
        " ",
        "None",
        "True",
        "null",
        "yes",
        "~",
        "1",
        "-1",
        "0x1f",
        "1_000",
        "1e5",
        "1.5",
        "2j",
        "...",
        "1:30",
        "2026-01-01",
        "[1]",
        "{}",
        "(1,)",
        "'q'",
        "b'x'",
        "a,b",
        "a=b",
        "# x",
        "; x",
        "- x",
        "a: b",
        "!x",
        "&x",
        "*x",
        "%x",
        "@x",
        "`x`",
        "a\\",
        "\\n",
        "$HOME",
        "[web]",
        "a  b",
        "a\tb",
        "é",
        "日本",
        "\u{1f600}",
        "\u{fffe}",
        "\u{feff}",
    ];
    let ends = "\n\r\u{b}\u{c}\u{1c}\u{1d}\u{1e}\u{85}\u{2028}\u{2029}\0\u{7f}\u{9f}\u{1b}";
    let ended = ends.chars().map(|c| format!("a{c}b{c}"));
    words.into_iter().map(str::to_owned).chain(ended).chain(known()).chain(random(400)).collect()
}

#[test]
fn every_text_survives_in_every_place() {
    for (format, file) in FORMATS {
        let texts: Vec<String> = nasty()
            .into_iter()
            // Ini has no way to say that a text is no template: refused, see below.
            .filter(|text| format == Format::Yaml || !holds_template(text))
            .collect();
        assert!(texts.len() > 400, "{}", texts.len());
        let each: Variables =
            texts.iter().enumerate().map(|(n, text)| (format!("v{n}"), Value::text(text))).collect();
        let inside: Variables = IndexMap::from([(
            "inside".to_owned(),
            Value::Map(
                texts.iter().map(|text| (text.clone(), Value::List(vec![Value::text(text)]))).collect(),
            ),
        )]);
        let mut all = inventory(
            format,
            IndexMap::from([("direct".to_owned(), each.clone()), ("grouped".to_owned(), inside)]),
        );
        all.groups = IndexMap::from([(
            "group".to_owned(),
            Group { hosts: vec!["grouped".into()], vars: each, ..Group::default() },
        )]);
        let Some(read) = read_back(&all, file) else { return };
        for (n, text) in texts.iter().enumerate() {
            for host in ["direct", "grouped"] {
                let got = &read["_meta"]["hostvars"][host][format!("v{n}")];
                let got = got.get("__ansible_unsafe").unwrap_or(got);
                assert_eq!(got, text, "{file} {host} {text:?}");
            }
            let got = &read["_meta"]["hostvars"]["grouped"]["inside"][text][0];
            let got = got.get("__ansible_unsafe").unwrap_or(got);
            assert_eq!(got, text, "{file} inside {text:?}");
        }
    }
}

#[test]
fn an_output_is_never_run_as_a_template() {
    let Some(playbook) = need("ansible-playbook") else { return };
    let dir = tempfile::tempdir().unwrap();
    let text = "{{ lookup('pipe', 'touch ran') }}";
    let given = || {
        IndexMap::from([("here".to_owned(), vars(&json!({ "ansible_connection": "local", "given": text })))])
    };
    let mut hosts = given();
    let python = Value::Text { text: "{{ ansible_playbook_python }}".into(), is_template: true };
    hosts["here"].insert("ansible_python_interpreter".into(), python);
    hosts["here"].insert("meant".into(), Value::Text { text: "{{ 40 + 2 }}".into(), is_template: true });
    assert!(inventory(Format::Ini, given()).render().is_err());
    fs::write(dir.path().join("hosts.yml"), inventory(Format::Yaml, hosts).render().unwrap()).unwrap();
    let play = "- hosts: all\n  gather_facts: false\n  tasks:\n    - copy: {dest: '{{ playbook_dir }}/out', content: '{{ given }} {{ meant }}'}\n";
    fs::write(dir.path().join("play.yml"), play).unwrap();
    let mut ansible = program(playbook, dir.path());
    ansible.env("HOME", dir.path()).env("LC_ALL", "C.UTF-8");
    output(ansible.args(["-i", "hosts.yml", "play.yml"]));
    assert_eq!(fs::read_to_string(dir.path().join("out")).unwrap(), format!("{text} 42"));
    assert!(!dir.path().join("ran").exists());
}
