use proptest::prelude::*;

use super::*;

fn written(dialect: Dialect, value: &str) -> String {
    encode(dialect, "K", value).unwrap().strip_prefix("K=").unwrap().to_owned()
}

fn refused(dialect: Dialect, value: &str) -> String {
    encode(dialect, "K", value).unwrap_err().reason.to_string()
}

#[test]
fn compose_writes_bare_what_its_readers_take_bare() {
    let as_they_are = [
        "",
        "abc123",
        "hello world",
        "a#b",
        "#abc",
        "a=b=c",
        "cost$",
        "a$1b",
        "$(id)",
        "it's",
        "say \"hi\"",
        r"C:\new",
        r"abc\",
        r"a\\b",
        "a&b;c|d",
        "~/x",
        "żółć ✓",
        "{\"a\": \"b c\", \"d\": [1]}",
        "x9!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    ];
    for value in as_they_are {
        assert_eq!(written(Dialect::Compose, value), value);
    }
}

#[test]
fn compose_quotes_only_what_needs_it() {
    for value in
        [" x", "x ", "a #b", "pa$FOO", "a$$b", r"a\$FOO", "\"quoted\"", "a\nb", "\u{a0}x", "x${A:b}y"]
    {
        assert_eq!(written(Dialect::Compose, value), format!("'{value}'"));
    }
    assert_eq!(written(Dialect::Compose, "a\r\n\\r"), "\"a\\r\n\\\\r\"");
    assert_eq!(written(Dialect::Compose, "'quoted'"), "\"'quoted'\"");
    assert_eq!(written(Dialect::Compose, "it's\n\"x\" \\n"), "\"it's\n\\\"x\\\" \\\\n\"");
    assert_eq!(written(Dialect::Compose, "a\n\\\\b"), "\"a\n\\\\\\\\b\"");
}

#[test]
fn compose_refuses_what_two_of_its_readers_read_differently() {
    assert_eq!(
        refused(Dialect::Compose, "x${FOO}y"),
        "its value holds a `$` that is expanded, so it needs quotes; a `${…}` is wrong in single quotes, \
         and a `$` that is expanded in double quotes"
    );
    assert_eq!(
        refused(Dialect::Compose, "it's $FOO"),
        "its value holds a `$` that is expanded, so it needs quotes; a `'` is wrong in single quotes, \
         and a `$` that is expanded in double quotes"
    );
    assert!(refused(Dialect::Compose, "a\n\\").contains("a backslash at its end in double quotes"));
}

#[test]
fn docker_writes_lines_as_they_are() {
    for value in ["", " x ", "'q'", "\"q\"", "a #b", "${X}", r"abc\", "a\rb"] {
        assert_eq!(written(Dialect::Docker, value), value);
    }
    assert!(refused(Dialect::Docker, "a\nb").contains("a line break"));
    assert!(refused(Dialect::Docker, "a\r").contains("a carriage return at its end"));
    assert!(encode(Dialect::Docker, "K", &"x".repeat(DOCKER_LINE_MAX - 2)).is_ok());
    assert!(
        refused(Dialect::Docker, &"x".repeat(DOCKER_LINE_MAX - 1)).contains("docker reads from one line")
    );
}

#[test]
fn shell_carries_everything_but_nul() {
    assert_eq!(written(Dialect::Shell, "a-b.c"), "a-b.c");
    assert_eq!(written(Dialect::Shell, "it's \\ $X\r\n"), "'it'\\''s \\ $X\r\n'");
    assert_eq!(written(Dialect::Shell, "~"), "'~'");
    for dialect in Dialect::ALL {
        assert!(refused(dialect, "a\0b").contains("a NUL"));
        assert!(refused(dialect, &"x".repeat(VARIABLE_MAX - 1)).contains("a program can be started with"));
    }
}

#[test]
fn portable_is_plain_or_quoted() {
    assert_eq!(written(Dialect::Portable, "a-b.c"), "a-b.c");
    assert_eq!(written(Dialect::Portable, "a#b $X \"q\"\n"), "'a#b $X \"q\"\n'");
    assert_eq!(written(Dialect::Portable, "it's"), "\"it's\"");
    assert!(refused(Dialect::Portable, "\r").ends_with("and a carriage return in double quotes"));
    assert!(refused(Dialect::Portable, "{{x}}").contains("holds a `{{`, which the readers of this dialect"));
    for value in ["it's \"x\"", "it's $X", "it's `x`", r"it's \n", r"abc\", "x${FOO}y", "a\r", "{{x", "'{{"] {
        refused(Dialect::Portable, value);
    }
}

#[test]
fn keys_are_names() {
    for key in ["A", "_a9", "Z_"] {
        assert!(encode(Dialect::Compose, key, "v").is_ok());
    }
    for key in ["", "9A", "A-B", "A.B", "A B", "Ä", "A\nB", "A=B", "export A"] {
        for dialect in Dialect::ALL {
            assert_eq!(encode(dialect, key, "v").unwrap_err().reason, Reason::Name);
        }
    }
    assert!(encode(Dialect::Docker, "UID", "5").is_ok());
    assert_eq!(encode(Dialect::Shell, "UID", "5").unwrap_err().reason, Reason::ShellName);
}

#[test]
fn decode_names_the_lines_that_are_not_ours() {
    let text = "# comment\n\nA=1\nno entry\nB='two\nlines'\nC='open\nD=2 \n E=3\nF='x' # comment\n";
    let decoded = decode(Dialect::Compose, text);
    let entries: Vec<_> = decoded.entries.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(entries, [("A", "1"), ("B", "two\nlines"), ("D", "2 ")]);
    assert_eq!(decoded.odd_lines, [4, 7, 9, 10]);
}

/// Text made of what matters to some reader.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        r#"[a-zA-Z0-9 '"\\$#{}\n`=:;&!~-]"#,
        Just("${".to_owned()),
        Just("}".to_owned()),
        Just("\\\"".to_owned()),
        Just("'\\''".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_is_read_back(values in prop::collection::vec(nasty(), 1..5)) {
        for dialect in Dialect::ALL {
            let (mut text, mut entries) = (String::from("# head\n"), Vec::new());
            for (at, value) in values.iter().enumerate() {
                if let Ok(line) = encode(dialect, &format!("K{at}"), value) {
                    text.extend([&line, "\n"]);
                    entries.push((format!("K{at}"), value.clone()));
                }
            }
            let decoded = decode(dialect, &text);
            prop_assert_eq!(decoded.entries, entries);
            prop_assert!(decoded.odd_lines.is_empty());
        }
    }

    #[test]
    fn decoding_never_panics(text in prop_oneof![any::<String>(), nasty().prop_map(|t| format!("K={t}"))]) {
        for dialect in Dialect::ALL {
            decode(dialect, &text);
        }
    }
}
