//! Values that some reader of environment files gets wrong.

pub(crate) const PEM: &str = "-----BEGIN KEY-----\nMIIB+/=\nAb==\n-----END KEY-----";
pub(crate) const PUNCTUATION: &str = "x9!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// The values of the table that the dialects were made from.
pub(crate) fn known() -> Vec<String> {
    let without_quotes = "x9!#$%&()*+,-./:;<=>?@[]^_{|}~";
    #[rustfmt::skip]
    let values = [
        "abc123", "", "hello world", "a  b", " x", "x ", "a\tb", "a#b", "a #b", "#abc", "a=b=c", "YWJjZA==", "pa$FOO",
        "x${FOO}y", "cost$", "a$1b", "a$$b", "it's", "say \"hi\"", "it's \"x\"", "\"quoted\"", "'quoted'",
        "C:\\new\\table", "a\\nb", "abc\\", "a\\$FOO", "a`id`b", "$(id)", "100%", "wow!", "a&b;c|d", "*.txt", "~/x",
        "(a)[b]{c}", "{\"a\": \"b c\", \"d\": [1]}", "postgres://u:p%40ss@h:5432/db?sslmode=disable&x=1",
        "postgres://u:p#ss@h/db", "a,b:c@d", "żółć ✓", "line1\nline2", "line1\n", PEM, without_quotes, PUNCTUATION,
    ];
    values.into_iter().map(str::to_owned).chain(["a1B".repeat(1333)]).collect()
}

/// Random values, the same ones in every run: mostly short, of signs that mean something to some reader.
pub(crate) fn random(count: usize) -> Vec<String> {
    let pieces = [
        "a",
        "Z9",
        "FOO",
        " ",
        "  ",
        "'",
        "\"",
        "\\",
        "\\\\",
        "$",
        "$FOO",
        "${FOO}",
        "${",
        "}",
        "{{",
        "{{.FOO}}",
        "}}",
        "#",
        " #",
        "=",
        ":",
        ":-",
        "~",
        ":~",
        "!",
        "!!",
        "`",
        "(",
        ")",
        ";",
        "&",
        "|",
        "<",
        ">",
        "*",
        "?",
        "[",
        "]",
        "%",
        "%s",
        "@",
        "^",
        ",",
        "\n",
        "\n\n",
        "\r",
        "\t",
        "\\n",
        "\\t",
        "\\u0041",
        "\\x41",
        "\\101",
        "\\0",
        "K=v",
        "\nK=v",
        "\nexport K=",
        "export ",
        "\u{1}",
        "\u{7}",
        "\u{b}",
        "\u{c}",
        "\u{1b}[1m",
        "\u{1c}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{3000}",
        "\u{feff}",
        "ż",
        "✓",
        "😀",
        "\u{17f}",
        "\u{212a}",
        "-----BEGIN KEY-----\n",
        "://u:p@h/",
        "null",
        "true",
        "[1, 2]",
        "{\"k\": \"v\"}",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        usize::try_from(state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % limit
    };
    let mut value = |_| {
        let length = 1 + below(6);
        (0..length).map(|_| pieces[below(pieces.len())]).collect()
    };
    (0..count).map(&mut value).collect()
}
