use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

fn masks(secrets: &[&str]) -> Masks {
    let masks = Masks::new();
    for secret in secrets {
        assert_eq!(masks.add("test", secret), Weight::Added);
    }
    masks
}

fn lines(masks: &Masks, pushes: &[&[u8]]) -> Vec<String> {
    let mut out = Vec::new();
    let mut lines = Lines::new(masks);
    for push in pushes {
        lines.push(push, &mut |line| out.push(line.to_owned()));
    }
    lines.finish(&mut |line| out.push(line.to_owned()));
    out
}

#[test]
fn values_are_masked_and_overlapping_ones_leave_no_rest() {
    let masks = masks(&["pass", "password123", "word123456"]);
    assert_eq!(masks.mask("x password123 y password123456"), "x *** y ***");
    assert!(matches!(masks.mask("nothing here"), Cow::Borrowed(_)));
}

#[test]
fn a_short_value_is_not_masked_and_said_to_be_short() {
    let masks = Masks::new();
    assert_eq!(masks.add("A", "abc"), Weight::TooShort);
    assert_eq!(masks.add("B", "  ab  "), Weight::TooShort);
    assert_eq!(masks.add("C", "äöü"), Weight::TooShort);
    assert_eq!(masks.add("D", ""), Weight::TooShort);
    assert_eq!(masks.add("E", "abcd"), Weight::Added);
    assert_eq!(masks.mask("abc äöü abcd"), "abc äöü ***");
}

#[test]
fn every_line_of_a_value_is_masked_wherever_it_stands() {
    let masks = masks(&["-----BEGIN KEY-----\r\n  MIIEvQIBADANBg\nab\nkqhkiG9w0BAQEF\n-----END KEY-----\n"]);
    assert_eq!(masks.mask("    MIIEvQIBADANBg|kqhkiG9w0BAQEF ab"), "    ***|*** ab");
}

#[test]
fn encodings_are_masked() {
    let secret = "p@ss/w\"o&r<d> 'é'${x}+\\z";
    let masks = masks(&[secret]);
    let json = serde_json::to_string(secret).unwrap();
    for text in [
        secret.to_owned(),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        json.clone(),
        serde_json::to_string(&json).unwrap(),
        json.replace("${", "$${"),
        json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"),
        json.replace('é', "\\u00e9"),
        shell_words::quote(secret).into_owned(),
        "p%40ss%2Fw%22o%26r%3Cd%3E%20%27%C3%A9%27%24%7Bx%7D%2B%5Cz".to_owned(),
        "p%40ss%2Fw%22o%26r%3Cd%3E+%27%C3%A9%27%24%7Bx%7D%2B%5Cz".to_owned(),
        "p%40ss/w%22o%26r%3cd%3e%20%27%c3%a9%27%24%7bx%7d%2b%5cz".to_owned(),
        "p@ss%2Fw%22o&r%3Cd%3E%20%27%C3%A9%27$%7Bx%7D+%5Cz".to_owned(),
    ] {
        let shown = masks.mask(&text);
        let left = shown.replace("***", "").replace(['"', '\'', '\\', '='], "");
        assert_eq!(left, "", "{text} is shown as {shown}");
    }
}

#[test]
fn rarer_spellings_are_masked() {
    let secret = "Pa/ss&w\"o'r+d <1>é";
    let masks = masks(&[secret]);
    let base64 = STANDARD.encode(secret);
    for text in [
        "Pa\\/ss&w\\\"o'r+d <1>é",
        "Pa/ss\\u0026w\\u0022o\\u0027r\\u002Bd \\u003C1\\u003E\\u00E9",
        "Pa\\u002fss\\u0026w\\u0022o\\u0027r\\u002bd\\u0020\\u003c1\\u003e\\u00e9",
        "Pa/ss&amp;w&quot;o&apos;r+d &lt;1&gt;é",
        "Pa/ss&amp;w&#34;o&#39;r+d &lt;1&gt;é",
        "Pa/ss&amp;w&quot;o&#x27;r+d &lt;1&gt;é",
        "Pa%252Fss%2526w%2522o%2527r%252Bd%2520%253C1%253E%25C3%25A9",
        &crate::text::hex(secret.as_bytes()),
        &crate::text::hex(secret.as_bytes()).to_uppercase(),
        &secret.to_uppercase(),
        &secret.to_lowercase(),
    ] {
        assert_eq!(masks.mask(text), "***", "{text}");
    }
    let twice = STANDARD.encode(format!("{base64}\n"));
    let shown = masks.mask(&twice);
    // The end of the first one depends on what followed the value.
    assert!(shown.starts_with("***") && shown.len() <= 3 + 8, "{shown}");
}

#[test]
fn a_value_of_many_lines_is_masked_where_an_encoder_writes_it_on_one() {
    let masks = masks(&["-----BEGIN KEY-----\nMIIEvQ+/IBADANBg\nkqhk/iG9w0+BAQEF\n-----END KEY-----\n"]);
    for text in [
        "-----BEGIN KEY-----\\nMIIEvQ\\u002B/IBADANBg\\nkqhk/iG9w0\\u002BBAQEF\\n-----END KEY-----",
        "\\u002d\\u002d\\u002d\\u002d\\u002dBEGIN\\u0020KEY\\u002d\\u002d\\u002d\\u002d\\u002d\\nMIIEvQ\\u002b\\u002fIBADANBg\\nkqhk\\u002fiG9w0\\u002bBAQEF\\n\\u002d\\u002d\\u002d\\u002d\\u002dEND\\u0020KEY\\u002d\\u002d\\u002d\\u002d\\u002d",
        "-----BEGIN%2520KEY-----%250AMIIEvQ%252B%252FIBADANBg%250Akqhk%252FiG9w0%252BBAQEF%250A-----END%2520KEY-----",
    ] {
        assert_eq!(masks.mask(text), "***", "{text}");
    }
}

#[test]
fn a_form_of_a_browser_is_masked() {
    let masks = masks(&["a b*c~d!e(f)"]);
    assert_eq!(masks.mask("x=a+b*c%7Ed%21e%28f%29&y=a+b%2Ac%7Ed%21e%28f%29"), "x=***&y=***");
}

#[test]
fn a_passphrase_that_is_broken_at_a_blank_is_masked_on_each_line() {
    let masks = masks(&["correct horse battery staple violin orchard"]);
    assert_eq!(
        masks.mask("the login with correct horse battery\nstaple violin orchard was refused"),
        "the login with ***\n*** was refused"
    );
}

#[test]
fn a_secret_inside_base64_of_something_longer_is_masked() {
    let secret = "CANARY-7f3a-inner";
    let masks = masks(&[secret]);
    for before in 0..6 {
        for after in 0..6 {
            let text = format!("{}{secret}{}", "u".repeat(before), "v".repeat(after));
            for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let shown = masks.mask(&encoded);
                assert!(shown.contains("***") && shown.len() < 3 + 2 * 8 + 6, "{before} {after}: {shown}");
            }
        }
    }
}

#[test]
fn long_secrets_are_masked_whole_and_when_base64_is_broken_into_lines() {
    let secret: String = (0..5000u32).map(|n| char::from(b'!' + (n * n % 89) as u8)).collect();
    let masks = masks(&[&secret]);
    assert_eq!(masks.mask(&format!("<{secret}>")), "<***>");
    let base64 = STANDARD.encode(&secret);
    for width in [64, 76] {
        for piece in base64.as_bytes().chunks(width) {
            let piece = str::from_utf8(piece).unwrap();
            assert!(masks.mask(piece) == "***" || piece.len() < 8, "{piece}");
        }
    }
    assert!(masks.redactor().longest() <= 1024);
}

#[test]
fn a_secret_added_later_is_masked_from_the_next_line_on() {
    let masks = masks(&["first-secret"]);
    let mut out = Vec::new();
    let mut lines = Lines::new(&masks);
    lines.push(b"later-secret\nbegun later-", &mut |line| out.push(line.to_owned()));
    assert_eq!(masks.add("later", "later-secret"), Weight::Added);
    lines.push(b"secret\nfirst-secret later-secret\n", &mut |line| out.push(line.to_owned()));
    assert_eq!(out, ["later-secret", "begun ***", "*** ***"]);
}

#[test]
fn line_ends_empty_lines_and_bytes_that_are_not_text() {
    let masks = masks(&["secret"]);
    assert_eq!(
        lines(&masks, &[b"a\r\n\n\r\nb\rc\n\xff secret\xfe\nd\r"]),
        ["a", "", "", "b\rc", "\u{fffd} ***\u{fffd}", "d\r"]
    );
    assert_eq!(lines(&masks, &[b"a\r", b"\n", b"", b"\n", b"sec", b"ret"]), ["a", "", "***"]);
    assert!(lines(&masks, &[]).is_empty());
}

#[test]
fn a_long_line_comes_in_pieces_and_a_secret_across_the_cut_is_masked() {
    let masks = masks(&["0123456789"]);
    for before in 65536 - 12..65536 + 2 {
        let text = format!("{}0123456789{}\nlast\n", "x".repeat(before), "y".repeat(70_000));
        let got = lines(&masks, &[text.as_bytes()]);
        let all = got.concat();
        assert!(!all.contains(|c: char| c.is_ascii_digit()), "{before}");
        assert_eq!(all.matches(['x', 'y']).count(), before + 70_000);
        assert_eq!(got.len(), 4, "{before}");
    }
    // A character is not cut.
    let text = format!("x{}", "ä".repeat(40_000));
    assert_eq!(lines(&masks, &[text.as_bytes()]).concat(), text);
    // A line that just fits is whole.
    let text = format!("{}\r\n", "z".repeat(65536));
    assert_eq!(lines(&masks, &[text.as_bytes()]).len(), 1);
}

#[test]
fn memory_stays_constant() {
    let masks = masks(&["0123456789"]);
    let mut lines = Lines::new(&masks);
    let mut pieces = 0;
    for _ in 0..1000 {
        lines.push(&[b'x'; 10_000], &mut |_| pieces += 1);
        assert!(lines.memory() < 4 * 65536);
    }
    assert_eq!(pieces, 10_000_000 / 65536);
}

#[test]
fn debug_shows_counts_only() {
    let masks = masks(&["CANARY-debug-1"]);
    let mut lines = Lines::new(&masks);
    lines.push(b"CANARY-debug-1", &mut |_| {});
    let shown = format!("{masks:?} {:?} {lines:?}", masks.redactor());
    assert!(shown.contains("secrets: 1") && !shown.contains("CANARY"), "{shown}");
}

#[test]
fn what_comes_in_small_parts_is_masked_and_looked_for_in_few_passes() {
    let masks = Masks::new();
    let secret = |number: usize| format!("CANARY-{number:04}/of many");
    for number in 0..900 {
        assert_eq!(masks.add("many", &secret(number)), Weight::Added);
        if number % 50 == 0 {
            assert_eq!(masks.mask(&format!("<{}>", secret(number))), "<***>");
        }
    }
    let passes = masks.redactor().finders.len();
    assert!((2..6).contains(&passes), "{passes} of {:?}", masks.redactor());
    for number in 0..900 {
        assert_eq!(
            masks.mask(&format!("<{}> {}", secret(number), STANDARD.encode(secret(number)))),
            "<***> ***"
        );
    }
}

#[test]
fn control_characters_are_masked_in_json_inside_json() {
    let secret = "\u{1}".repeat(2000);
    let masks = Masks::new();
    assert_eq!(masks.add("odd", &secret), Weight::Added);
    let inner = serde_json::to_string(&secret).unwrap();
    let outer = serde_json::to_string(&inner).unwrap();
    let shown = masks.mask(&outer);
    assert!(shown.contains(MASK) && !shown.contains("u0001"), "{shown}");
}

#[test]
fn a_secret_that_is_given_twice_is_told_and_looked_for_once() {
    let masks = Masks::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    masks.on_add(move |secret| listener.lock().unwrap().push(secret.to_owned()));
    let key = |last: &str| format!("-----BEGIN KEY-----\nMIIEvQIBADANBg\n{last}\n-----END KEY-----\n");
    for value in [key("one-1"), key("one-1"), key("two-2")] {
        assert_eq!(masks.add("key", &value), Weight::Added);
    }
    assert_eq!(*told.lock().unwrap(), [key("one-1"), key("two-2")]);
    let redactor = masks.redactor();
    let lines =
        |line: &str| redactor.finders[0].patterns().iter().filter(|form| *form == line.as_bytes()).count();
    assert_eq!((lines("-----BEGIN KEY-----"), lines("one-1"), lines("two-2")), (1, 1, 1));
}

/// The obvious way to do it.
fn naive(patterns: &[String], text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for pattern in patterns {
        for start in 0..text.len() {
            if text[start..].starts_with(pattern.as_bytes()) {
                found.push(start..start + pattern.len());
            }
        }
    }
    merge(&mut found);
    found
}

#[test]
fn a_raw_line_is_whole_and_as_it_is_but_the_pieces_of_a_huge_one_are_masked() {
    let masks = masks(&["CANARY-raw-1"]);
    let mut raw = Lines::raw(&masks);
    let mut given = Vec::new();
    let long = format!("{}CANARY-raw-1\n", "x".repeat(300_000));
    // The secret lies over the first cut.
    let huge =
        format!("{}CANARY-raw-1{}CANARY-raw-1\nCANARY-raw-1\n", "y".repeat((16 << 20) - 6), "z".repeat(100));
    for bytes in [long.as_bytes(), huge.as_bytes()] {
        for part in bytes.chunks(50_000) {
            raw.push(part, &mut |line| given.push(line.to_owned()));
        }
    }
    raw.finish(&mut |line| given.push(line.to_owned()));
    assert_eq!(given.len(), 4, "{:?}", given.iter().map(String::len).collect::<Vec<_>>());
    assert!(given[0].len() == 300_012 && given[0].ends_with("CANARY-raw-1"));
    assert!(given[1].ends_with("y***") && given[2].ends_with("z***") && !given[2].contains("CANARY"));
    assert!(!given[2].contains("raw-1"));
    assert_eq!(given[3], "CANARY-raw-1", "the next line is a document again");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn finds_what_a_naive_search_finds(
        patterns in prop::collection::vec("[ab]{4,12}|[abc]{5,40}", 1..12),
        text in "[abc\n]{0,300}",
    ) {
        let mut set = Patterns::default();
        for pattern in &patterns {
            set.add(pattern.len(), |out| out.extend_from_slice(pattern.as_bytes()));
        }
        let redactor = Redactor::default().and(set);
        let mut found = Vec::new();
        redactor.find(text.as_bytes(), &mut found);
        prop_assert_eq!(found, naive(&patterns, text.as_bytes()));
    }

    #[test]
    fn no_cut_of_the_input_changes_the_output_and_no_secret_survives(
        secrets in prop::collection::vec("[ab]{4,9}|[abü/ ]{6,30}", 1..8),
        parts in prop::collection::vec((0..9usize, "[abxü \r\n]{0,20}"), 0..40),
        long in prop_oneof![4 => Just(0usize), 1 => 65_400..65_700usize, 1 => 131_000..131_200usize],
        cuts in prop::collection::vec(0..140_000usize, 0..12),
    ) {
        let masks = Masks::new();
        let heavy: Vec<_> = secrets.iter().filter(|s| masks.add("s", s) == Weight::Added).collect();
        let mut text = "-".repeat(long);
        for (secret, filler) in &parts {
            text.push_str(filler);
            if let Some(secret) = heavy.get(*secret) {
                text.push_str(secret);
            }
        }
        let whole = lines(&masks, &[text.as_bytes()]);
        for line in &whole {
            prop_assert!(heavy.iter().all(|secret| !line.contains(secret.trim())), "{}", line);
        }
        let all = whole.concat();
        prop_assert!(heavy.iter().all(|secret| !all.contains(secret.trim()) || text.contains('\n')));

        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
        cuts.sort_unstable();
        let mut start = 0;
        let mut pushes = Vec::new();
        for cut in cuts {
            pushes.push(&text.as_bytes()[start..cut]);
            start = cut;
        }
        pushes.push(&text.as_bytes()[start..]);
        prop_assert_eq!(&lines(&masks, &pushes), &whole);
        let bytes: Vec<_> = text.as_bytes().chunks(1).collect();
        prop_assert_eq!(&lines(&masks, &bytes), &whole);
        // Without cut lines it is what `mask` says.
        if long == 0 {
            let masked: Vec<_> = text.lines().map(|line| masks.mask(line).into_owned()).collect();
            prop_assert_eq!(&masked, &whole);
        }
    }
}
