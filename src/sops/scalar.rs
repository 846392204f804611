//! Leaves as text, the way Go prints and reads them: numbers, truth values, times.

use std::borrow::Cow;

use super::tree::{Text, Value};

/// `strconv.FormatFloat(v, 'f', -1, 64)`: shortest digits, no exponent.
pub(super) fn float(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    format!("{value}")
}

/// Shortest digits with an exponent: mantissa and exponent of ten.
fn scientific(value: f64) -> (String, i32) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.to_owned(), exponent.parse().unwrap_or(0))
}

/// As `encoding/json` prints a number; none for what JSON cannot hold.
pub(super) fn json_float(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let (mantissa, exponent) = scientific(value);
        return Some(format!("{mantissa}e{}{}", if exponent < 0 { '-' } else { '+' }, exponent.abs()));
    }
    Some(float(value))
}

/// As go-yaml prints a number: `FormatFloat(v, 'g', -1, 64)`.
pub(super) fn yaml_float(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let (mantissa, exponent) = scientific(value);
    if value != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    float(value)
}

/// As sops prints a leaf that is no string into a store without types.
pub(super) fn display(value: &Value) -> Cow<'_, [u8]> {
    match value {
        Value::Str(text) | Value::Bytes(text) => Cow::Borrowed(text),
        Value::Int(number) => Cow::Owned(number.to_string().into_bytes()),
        Value::Unsigned(number) => Cow::Owned(number.to_string().into_bytes()),
        Value::Bool(truth) => Cow::Borrowed(if *truth { b"true" } else { b"false" }),
        Value::Null => Cow::Borrowed(b"<nil>"),
        Value::Time(time) => Cow::Owned(without_fraction(time).into_bytes()),
        Value::Float(number) => {
            let (mantissa, exponent) = scientific(*number);
            let text = if number.is_finite() && *number != 0.0 && !(-4..6).contains(&exponent) {
                format!("{mantissa}E{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
            } else {
                let text = float(*number);
                if text.contains('.') || !number.is_finite() { text } else { text + ".0" }
            };
            Cow::Owned(text.into_bytes())
        }
    }
}

/// The bytes that are encrypted and that the MAC covers; none for a value sops cannot hold.
pub(super) fn bytes(value: &Value) -> Option<Cow<'_, [u8]>> {
    Some(match value {
        Value::Str(text) | Value::Bytes(text) => Cow::Borrowed(text.as_slice()),
        Value::Int(number) => Cow::Owned(number.to_string().into_bytes()),
        Value::Float(number) => Cow::Owned(float(*number).into_bytes()),
        Value::Bool(truth) => Cow::Borrowed(if *truth { b"True" } else { b"False" }),
        Value::Time(time) => Cow::Borrowed(time.as_bytes()),
        Value::Null => Cow::Borrowed(b""),
        Value::Unsigned(_) => return None,
    })
}

/// A leaf from its decrypted bytes and its label; `Err` says what is wrong with them.
pub(super) fn from_label(label: &[u8], plain: Text) -> Result<Value, &'static str> {
    let utf8 = || std::str::from_utf8(&plain).map_err(|_| "it is not UTF-8");
    Ok(match label {
        b"str" => Value::Str(plain),
        b"bytes" => Value::Bytes(plain),
        b"int" => Value::Int(utf8()?.parse().map_err(|_| "it is labelled int and is no integer")?),
        b"float" => Value::Float(parse_float(utf8()?).ok_or("it is labelled float and is no number")?),
        b"bool" => Value::Bool(parse_bool(utf8()?).ok_or("it is labelled bool and is no truth value")?),
        b"time" => Value::Time(marshal_time(utf8()?).ok_or("it is labelled time and is no time")?),
        _ => return Err("its type label is unknown"),
    })
}

/// `strconv.ParseFloat`, without hexadecimal.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let word = lower.trim_start_matches(['+', '-']);
    match word {
        "nan" if lower.len() == 3 => return Some(f64::NAN),
        "inf" | "infinity" => {
            return Some(if lower.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        _ => {}
    }
    if !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// `strconv.ParseBool`.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// `strconv.ParseInt(text, 0, 64)`: decimal, `0x`, `0b`, `0o` and a leading zero for octal.
pub(super) fn parse_int(text: &str) -> Option<i128> {
    let (negative, body) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = body.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    Some(if negative { -number } else { number })
}

struct Moment<'a> {
    date: &'a str,
    hour: u8,
    clock: &'a str,
    fraction: &'a str,
    zone: Cow<'a, str>,
}

/// `2006-01-02T15:04:05[.fraction]Z07:00`, checked as Go does.
fn moment(text: &str) -> Option<Moment<'_>> {
    let number = |part: &str| -> Option<u8> {
        if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None }
    };
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    if !date.is_ascii()
        || !date
            .bytes()
            .enumerate()
            .all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() })
    {
        return None;
    }
    let year: i16 = date[..4].parse().ok()?;
    jiff::civil::Date::new(
        year,
        i8::try_from(number(&date[5..7])?).ok()?,
        i8::try_from(number(&date[8..])?).ok()?,
    )
    .ok()?;
    let rest = rest.strip_prefix('T')?;
    let colon = rest.find(':')?;
    let (hour, rest) = (rest.get(..colon)?, rest.get(colon + 1..)?);
    let clock = rest.get(..5)?;
    if hour.is_empty() || hour.len() > 2 || clock.as_bytes()[2] != b':' {
        return None;
    }
    let hour = number(hour)?;
    if hour > 23 || number(&clock[..2])? > 59 || number(&clock[3..])? > 59 {
        return None;
    }
    let rest = &rest[5..];
    let (fraction, zone) = match rest.strip_prefix(['.', ',']) {
        Some(tail) => {
            let end = tail.find(|c: char| !c.is_ascii_digit())?;
            if end == 0 {
                return None;
            }
            (tail[..end].get(..9).unwrap_or(&tail[..end]).trim_end_matches('0'), &tail[end..])
        }
        None => ("", rest),
    };
    let zone = match zone.as_bytes() {
        b"Z" => Cow::Borrowed("Z"),
        [b'+' | b'-', _, _, b':', _, _] if zone.is_ascii() => {
            let (hours, minutes) = (number(&zone[1..3])?, number(&zone[4..])?);
            if hours > 24 || minutes > 59 {
                return None;
            }
            if hours == 0 && minutes == 0 { Cow::Borrowed("Z") } else { Cow::Borrowed(zone) }
        }
        _ => return None,
    };
    Some(Moment { date, hour, clock, fraction, zone })
}

/// `time.Parse(RFC3339, text).Format(RFC3339)`: no fraction, a zero offset is `Z`.
pub(super) fn rfc3339(text: &str) -> Option<String> {
    let Moment { date, hour, clock, zone, .. } = moment(text)?;
    Some(format!("{date}T{hour:02}:{clock}{zone}"))
}

/// `Time.UnmarshalText` then `MarshalText`: RFC 3339 with its fraction.
pub(super) fn marshal_time(text: &str) -> Option<String> {
    let Moment { date, hour, clock, fraction, zone } = moment(text)?;
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{date}T{hour:02}:{clock}{dot}{fraction}{zone}"))
}

fn without_fraction(text: &str) -> String {
    rfc3339(text).unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_go_prints_them() {
        for (number, plain, json, yaml, shown) in [
            (1.0, "1", "1", "1", "1.0"),
            (1.5, "1.5", "1.5", "1.5", "1.5"),
            (-0.0, "-0", "-0", "-0", "-0.0"),
            (1e20, "100000000000000000000", "100000000000000000000", "1e+20", "1E+20"),
            (1e21, "1000000000000000000000", "1e+21", "1e+21", "1E+21"),
            (1e-7, "0.0000001", "1e-7", "1e-07", "1E-07"),
            (1_234_567.0, "1234567", "1234567", "1.234567e+06", "1.234567E+06"),
            (123_456.0, "123456", "123456", "123456", "123456.0"),
        ] {
            assert_eq!(float(number), plain);
            assert_eq!(json_float(number).unwrap(), json);
            assert_eq!(yaml_float(number), yaml);
            assert_eq!(String::from_utf8_lossy(&display(&Value::Float(number))), shown);
        }
        assert_eq!((float(f64::INFINITY).as_str(), float(f64::NAN).as_str()), ("+Inf", "NaN"));
        assert_eq!((json_float(f64::NAN), yaml_float(f64::NEG_INFINITY).as_str()), (None, "-.inf"));
    }

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        for (text, number) in [
            ("10", 10),
            ("0x1F", 31),
            ("0o17", 15),
            ("0755", 493),
            ("0b11", 3),
            ("-0x10", -16),
            ("+5", 5),
            ("0", 0),
        ] {
            assert_eq!(parse_int(text), Some(number), "{text}");
        }
        for text in ["", "-", "0x", "08", "1_0", "--1", "0x-1", "1e3", "\u{661}"] {
            assert_eq!(parse_int(text), None, "{text}");
        }
        assert_eq!(parse_float("1e3"), Some(1e3));
        assert_eq!(parse_float("+Inf"), Some(f64::INFINITY));
        assert!(parse_float("NaN").is_some_and(f64::is_nan));
        assert!(parse_float("1e999").is_none() && parse_float("0x1p3").is_none());
    }

    #[test]
    fn times_lose_their_fraction_only_where_sops_drops_it() {
        for (text, without, with) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.120-07:00", "2026-01-02T03:04:05-07:00", "2026-01-02T03:04:05.12-07:00"),
            ("2026-01-02T3:04:05,5Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5Z"),
        ] {
            assert_eq!(
                (rfc3339(text).as_deref(), marshal_time(text).as_deref()),
                (Some(without), Some(with))
            );
        }
        for text in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02 03:04:05Z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05Z\r",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:0\u{e9}:05Z",
        ] {
            assert_eq!(rfc3339(text), None, "{text:?}");
        }
    }
}
