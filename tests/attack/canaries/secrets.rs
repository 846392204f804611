//! Secrets as people have them.

use crate::common::Numbers;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const MARKS: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const FOREIGN: &str = "éüßñ漢字😀ж";

/// One of a kind that the number of the round chooses.
pub(super) fn secret(round: u64, numbers: &mut Numbers) -> String {
    let mut some = |of: &str, count: usize| -> String {
        let letters: Vec<char> = of.chars().collect();
        (0..count).map(|_| letters[numbers.below(letters.len())]).collect()
    };
    match round % 12 {
        0 => some(LETTERS, 32),
        1 => format!("a{}A", some(&[LETTERS, MARKS].concat(), 22)),
        2 => (0..6).map(|_| some("abcdefghijklmnopqrstuvwxyz", 6)).collect::<Vec<_>>().join(" "),
        3 => format!(
            "-----BEGIN KEY-----\n{}+/\n{}/+\n-----END KEY-----",
            some(LETTERS, 60),
            some(LETTERS, 40)
        ),
        4 => format!(
            "{}-{}-{}",
            some("0123456789abcdef", 8),
            some("0123456789abcdef", 4),
            some("0123456789abcdef", 12)
        ),
        5 => format!("postgres://app:{}@db.internal:5432/app?sslmode=require&x=1", some(LETTERS, 12)),
        6 => format!("{{\"login\":\"{}\",\"password\":\"{}\"}}", some(LETTERS, 6), some(LETTERS, 12)),
        7 => format!("{}{}{}", some(LETTERS, 8), some(FOREIGN, 4), some(LETTERS, 6)),
        8 => format!("{}+/{}==", some(LETTERS, 40), some(LETTERS, 40)),
        9 => format!("{}it's \"{}\" & <{}> ${{x}}", some(LETTERS, 6), some(LETTERS, 6), some(LETTERS, 6)),
        10 => some(LETTERS, 8),
        _ => format!("{}%{}%%{{if}}\\{}", some(LETTERS, 7), some(LETTERS, 7), some(LETTERS, 7)),
    }
}
