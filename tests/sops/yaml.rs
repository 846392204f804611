//! YAML in place: the text of the user stays, only values change.

use crate::common::{Numbers, differences, key, noon, public};
use infractl::testing::sops::{Encrypted, Format, NewFile, PathStep, Plain, Rule, Value, key as top};

const TEXT: &str = r#"# head

plain: one   # inline
"quoted key": 'single'
double: "esc\taped"
literal: |
  first
    indented
  last

folded: >-
  some
  text
empty:
nothing: null
number: 0x1F
clear_unencrypted:   [1, 'two',   {three: 3}]   # stays

nested:
  # inside
  deep:
  - a
  -   b   # item
  - key: v
    other: w
  -
    - inner

  flow: {x: 1, y: [p, "q"]}
  # end of nested
last: "1"

# foot
"#;

fn seal(plain: &Plain, seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    plain.seal(noon(), &mut |buffer| numbers.fill(buffer)).unwrap().to_bytes().unwrap()
}

fn create(text: &str, rule: Option<Rule>) -> Vec<u8> {
    let mut numbers = Numbers(5);
    let mut new = NewFile::for_recipients([public("a.txt")]);
    new.rule = rule;
    let plain =
        Plain::create(text.as_bytes(), Format::Yaml, &new, &mut |buffer| numbers.fill(buffer)).unwrap();
    let mut fill = |buffer: &mut [u8]| numbers.fill(buffer);
    plain.seal(jiff::Timestamp::UNIX_EPOCH, &mut fill).unwrap().to_bytes().unwrap()
}

fn open(bytes: &[u8]) -> Plain {
    let file = Encrypted::parse(bytes, Format::Yaml).unwrap();
    file.decrypt(&file.data_key(&key("a.txt")).unwrap()).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn encrypting_keeps_the_text_around_the_values() {
    let sealed = text(&create(TEXT, None));
    for kept in [
        "\n\nplain: ENC[",
        "\n\"quoted key\": ENC[",
        "\nempty:\nnothing: null\n",
        "\nclear_unencrypted:   [1, 'two',   {three: 3}]   # stays",
        "\n  deep:\n  - ENC[",
        "\n  -   ENC[",
        "\n  -\n    - ENC[",
        "\n  flow: {x: 'ENC[",
        "]\n\nfolded: ENC[",
        "# stays\n\nnested:\n  #ENC[",
    ] {
        assert!(sealed.contains(kept), "{kept:?} in\n{sealed}");
    }
    for secret in ["single", "esc", "first", "some", "inner", "head", "inline", "inside", "foot", "end of"] {
        assert!(!sealed.contains(secret), "{secret} in\n{sealed}");
    }
    let back = open(sealed.as_bytes());
    let Some(node) = back.get(&top("literal")) else { panic!() };
    assert!(
        matches!(node, infractl::testing::sops::Node::Scalar(leaf) if leaf.value == Value::text("first\n  indented\nlast\n"))
    );
}

#[test]
fn an_editor_sees_the_text_as_it_was_laid_out() {
    let sealed = create(TEXT, None);
    let seen = text(&open(&sealed).to_editor().unwrap());
    for kept in [
        "# head\n\nplain: one   # inline\n\"quoted key\": single\n",
        "empty:\nnothing: null\nnumber: 31\nclear_unencrypted:   [1, 'two',   {three: 3}]   # stays\n\nnested:\n  # inside\n",
        "literal: |\n    first\n      indented\n    last\n\nfolded: some text\n",
        "  - a\n  -   b   # item\n  - key: v\n    other: w\n  -\n    - inner\n\n  flow: {x: 1, y: [p, q]}\n  # end of nested\nlast: \"1\"\n",
    ] {
        assert!(seen.contains(kept), "{kept}\nin\n{seen}");
    }
    assert!(!seen.contains("sops:"));
    // Saved without a change: only the date and the MAC are new; quotes may be lost.
    let mut plain = open(&sealed);
    plain.replace(seen.as_bytes()).unwrap();
    let again = seal(&plain, 7);
    let (gone, new) = differences(&sealed, &again);
    assert_eq!((gone.len(), new.len()), (2, 2), "{gone:#?}\n{new:#?}");
}

#[test]
fn a_change_in_place_touches_its_line_only() {
    let sealed = create(TEXT, None);
    let path = |steps: &[&str]| -> Vec<PathStep> {
        steps
            .iter()
            .map(|step| {
                step.parse().map_or_else(|_| PathStep::Key(step.as_bytes().to_vec()), PathStep::Index)
            })
            .collect()
    };
    for steps in [
        &["plain"][..],
        &["literal"],
        &["nested", "deep", "0"],
        &["nested", "deep", "1"],
        &["nested", "deep", "2", "key"],
        &["nested", "deep", "3", "0"],
        &["nested", "flow", "x"],
        &["nested", "flow", "y", "1"],
        &["empty"],
        &["last"],
    ] {
        let mut plain = open(&sealed);
        plain.set(&path(steps), Value::text("neu: wert # x").into()).unwrap();
        let after = seal(&plain, 8);
        let (gone, new) = differences(&sealed, &after);
        assert_eq!((gone.len(), new.len()), (3, 3), "{steps:?}\n{gone:#?}\n{new:#?}");
        open(&after);
    }
    // Another shape, a new key deep inside, a key away.
    for (steps, value) in
        [(&["nested", "deep"][..], "x"), (&["nested", "new"], "y"), (&["nested", "deep", "2", "third"], "z")]
    {
        let mut plain = open(&sealed);
        plain.set(&path(steps), Value::text(value).into()).unwrap();
        let after = text(&seal(&plain, 9));
        assert!(
            after.starts_with(&text(&sealed)[..40]) && after.contains("\n\nplain: ENC["),
            "{steps:?}\n{after}"
        );
        assert!(
            after.contains("clear_unencrypted:   [1, 'two',   {three: 3}]   # stays"),
            "{steps:?}\n{after}"
        );
        open(after.as_bytes());
    }
    for steps in [
        &["plain"][..],
        &["literal"],
        &["nested"],
        &["nested", "deep"],
        &["nested", "deep", "2", "key"],
        &["last"],
    ] {
        let mut plain = open(&sealed);
        plain.unset(&path(steps)).unwrap();
        let after = text(&seal(&plain, 9));
        assert!(open(after.as_bytes()).get(&path(steps)).is_none());
        assert!(
            after.contains("\nclear_unencrypted:   [1, 'two',   {three: 3}]   # stays"),
            "{steps:?}\n{after}"
        );
    }
}

/// Comments that stand within what is replaced or removed, or after brackets.
#[test]
fn comments_outlive_what_they_stand_in() {
    let source = "a: # after the key\n  # inside\n  b: 1\n\nc:   [1] # after brackets\nd: # of d\n- x\n# of e\ne:  1\n";
    let sealed = create(source, None);
    for (name, gone) in [("a", "# inside"), ("c", "# after brackets"), ("d", ""), ("e", "")] {
        for is_set in [true, false] {
            let mut plain = open(&sealed);
            if is_set {
                plain.set(&top(name), Value::text("new").into()).unwrap();
            } else {
                plain.unset(&top(name)).unwrap();
            }
            let after = text(&seal(&plain, 3));
            let back = text(&open(after.as_bytes()).to_editor().unwrap());
            for comment in ["# after the key", "# inside", "# after brackets", "# of d", "# of e"] {
                assert_eq!(back.contains(comment), comment != gone, "{comment} in\n{back}");
            }
            assert_eq!(back.contains("c:   [1] # after brackets"), name != "c", "the rest stays\n{back}");
            assert!(!is_set || back.contains(&format!("{name}: new\n")) || name == "e", "{back}");
        }
    }
}

#[test]
fn anchors_are_expanded_as_sops_does() {
    let sealed = create("base: &b\n  x: secret\nref: *b\nmerged:\n  <<: *b\n  y: 2\n", None);
    let plain = open(&sealed);
    assert_eq!(
        text(&plain.to_bytes(Format::Yaml).unwrap()),
        "base:\n    x: secret\nref:\n    x: secret\nmerged:\n    !!merge <<:\n        x: secret\n    \"y\": 2\n"
    );
    let bomb: String = (1..12).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        let alias = format!("*a{}", n - 1);
        format!("{text}a{n}: &a{n} [{}]\n", vec![alias; 10].join(", "))
    });
    let new = NewFile::for_recipients([public("a.txt")]);
    let error = Plain::create(bomb.as_bytes(), Format::Yaml, &new, &mut |buffer| buffer.fill(1)).unwrap_err();
    assert!(error.to_string().contains("aliases"), "{error}");
}

#[test]
fn documents_and_shapes_survive() {
    for source in [
        "a: 1\n---\nb: two\n---\nc: [x]\n",
        "a: 1",
        "{a: 1, b: {c: d}}\n",
        "a:\n- 1\n-\n- {}\n- []\n",
        "a: 1\r\nb: \"x\"\r\n",
        "---\na: 1\n...\n",
        "%YAML 1.2\n---\na: 1\n",
        "a: !!str 5\nb: !custom x\nc: !!binary aGk=\n",
        "? complex\n: value\n",
        "a: |+\n  x\n\n\nb: >\n  y\n  z\n",
        "a: \"multi\n  line\"\nb: plain\n  multi\n",
        "k: 1.0\nl: 1e3\nm: .inf\nn: .nan\no: 1_000\np: 2001-12-14\nq: 0755\n",
        "a: ''\nb: ~\n",
        "é: ü\n\"\\u00e9x\": \"\\u2028\"\n",
        "#only a comment before\na: 1\n# and after",
    ] {
        for rule in [
            None,
            Some(Rule::EncryptedRegex("^b$".to_owned())),
            Some(Rule::UnencryptedSuffix("zzz".to_owned())),
        ] {
            let sealed = create(source, rule.clone());
            let plain = open(&sealed);
            let canonical = plain.to_bytes(Format::Yaml).unwrap();
            let again = create(&text(&canonical), rule.clone());
            assert_eq!(text(&open(&again).to_bytes(Format::Yaml).unwrap()), text(&canonical), "{source:?}");
            let edited = plain.to_editor().unwrap();
            let again = create(&text(&edited), rule.clone());
            assert_eq!(
                text(&open(&again).to_bytes(Format::Yaml).unwrap()),
                text(&canonical),
                "{source:?} in an editor:\n{}",
                text(&edited)
            );
        }
    }
}

#[test]
fn what_is_no_sops_document_is_refused() {
    let new = NewFile::for_recipients([public("a.txt")]);
    for (source, line) in [
        ("a: 1\na: 2\n", 2),
        ("m:\n  x: 1\n  x: 2\n", 3),
        ("- a\n", 1),
        ("text\n", 1),
        ("a: b: c\n", 1),
        ("a: *b\n", 1),
        ("[a]: b\n", 1),
    ] {
        let error =
            Plain::create(source.as_bytes(), Format::Yaml, &new, &mut |buffer| buffer.fill(1)).unwrap_err();
        assert!(
            matches!(error, infractl::testing::sops::SopsError::InvalidInput { line: at, .. } if at >= line),
            "{source}: {error:?}"
        );
    }
    // Only the first document is asked.
    open(&create("a: 1\n---\nb: 1\nb: 2\n", None));
}

#[test]
fn long_lines_take_no_longer_than_they_are() {
    let items: Vec<_> = (0..20_000).map(|at| format!("{{k{at}: v}}")).collect();
    let start = std::time::Instant::now();
    let sealed = create(&format!("a: [{}]\n", items.join(", ")), None);
    open(&sealed);
    assert!(start.elapsed().as_secs() < 60);
}
