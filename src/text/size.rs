//! Amounts of memory and space as people write them: `12GiB`, `500 MB`.

/// Units and how many bytes they are. Single letters mean different things to different tools, and are none.
const UNITS: [(&str, u64); 14] = [
    ("b", 1),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("ki", 1 << 10),
    ("mi", 1 << 20),
    ("gi", 1 << 30),
    ("ti", 1 << 40),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("bytes", 1),
];

/// The bytes of a text such as `12GiB` or `1.5 GB`; none if it is no amount.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = (&text[..end], text[end..].trim_start().to_ascii_lowercase());
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().ok()?;
    if part.is_empty() || part.len() > 9 {
        return None;
    }
    let scale = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = u128::from(part.parse::<u64>().ok()?) * u128::from(*factor) / u128::from(scale);
    whole.checked_mul(*factor)?.checked_add(u64::try_from(part).ok()?)
}

/// Bytes for people: `12 GiB`, `23.9 GiB`, `512 MiB`.
pub(crate) fn shown(bytes: u64) -> String {
    let units = [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let Some((unit, factor)) = units.into_iter().find(|(_, factor)| bytes >= *factor) else {
        return format!("{bytes} B");
    };
    // Rounded down: what is said to be there is there.
    let tenths = u128::from(bytes) * 10 / u128::from(factor);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} {unit}"),
        (whole, tenth) => format!("{whole}.{tenth} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for (text, bytes) in [
            ("12GiB", 12 << 30),
            ("12 GiB", 12 << 30),
            ("12Gi", 12 << 30),
            ("1.5GiB", 3 << 29),
            ("500MB", 500_000_000),
            ("512 mib", 512 << 20),
            ("10TiB", 10 << 40),
            ("0B", 0),
            ("0.1 kB", 100),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for text in [
            "",
            "12",
            "GiB",
            "12g",
            "12G",
            "-1GiB",
            "1.GiB",
            ".5GiB",
            "1,5GiB",
            "1.5.2GiB",
            "99999999999TiB",
            "12 GiBs",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_are_shown_with_one_place_and_never_as_more_than_they_are() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (12 << 30, "12 GiB"),
            ((24 << 30) - 1, "23.9 GiB"),
            (3 << 29, "1.5 GiB"),
            (512 << 20, "512 MiB"),
            (10 << 40, "10 TiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(shown(bytes), text);
        }
    }
}
