//! Reads JSON: duplicate keys and the order stay, whole numbers are not turned into floats.

use crate::sops::tree::{Entry, Map, Node, Text, Value};
use crate::sops::{Format, SopsError};

/// Nothing anybody wrote is deeper; deeper input would only exhaust the stack.
const DEPTH: usize = 500;

/// Reads one object.
pub(in crate::sops) fn parse(bytes: &[u8]) -> Result<Map, SopsError> {
    let mut reader = Reader { bytes, at: 0 };
    let result = (|| {
        reader.blanks();
        if reader.peek() != Some(b'{') {
            return Err("the top level is no object");
        }
        let node = reader.value(0)?;
        reader.blanks();
        if reader.peek().is_some() { Err("text after the end of the object") } else { Ok(node) }
    })();
    match result {
        Ok(Node::Map(map)) => Ok(map),
        Ok(_) => Ok(Map::default()),
        Err(reason) => {
            let before = &bytes[..reader.at.min(bytes.len())];
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            Err(SopsError::Unreadable { format: Format::Json, line, reason: reason.to_owned() })
        }
    }
}

/// Reads one value of any kind, as `sops set` takes it.
pub(in crate::sops) fn parse_value(bytes: &[u8]) -> Option<Node> {
    let mut reader = Reader { bytes, at: 0 };
    let node = reader.value(0).ok()?;
    reader.blanks();
    reader.peek().is_none().then_some(node)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Node, &'static str> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err("a value is expected");
        }
        self.at += word.len();
        Ok(Node::from(value))
    }

    fn value(&mut self, depth: usize) -> Result<Node, &'static str> {
        if depth > DEPTH {
            return Err("it is nested too deeply");
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                let mut entries = Vec::new();
                if self.take(b'}') {
                    return Ok(Node::Map(Map(entries)));
                }
                loop {
                    self.blanks();
                    let key = self.string()?.to_vec();
                    if !self.take(b':') {
                        return Err("a colon is expected after the key");
                    }
                    entries.push(Entry::Pair(key, self.value(depth + 1)?));
                    if self.take(b'}') {
                        return Ok(Node::Map(Map(entries)));
                    }
                    if !self.take(b',') {
                        return Err("a comma or } is expected");
                    }
                }
            }
            Some(b'[') => {
                self.at += 1;
                let mut items = Vec::new();
                if self.take(b']') {
                    return Ok(Node::List(items));
                }
                loop {
                    items.push(self.value(depth + 1)?);
                    if self.take(b']') {
                        return Ok(Node::List(items));
                    }
                    if !self.take(b',') {
                        return Err("a comma or ] is expected");
                    }
                }
            }
            Some(b'"') => Ok(Node::from(Value::Str(self.string()?))),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Node, &'static str> {
        const WRONG: &str = "a value is expected";
        let from = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let zero = self.peek() == Some(b'0');
        let count = self.digits();
        if count == 0 || (zero && count > 1) {
            return Err(WRONG);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(WRONG);
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(WRONG);
            }
        }
        let text = std::str::from_utf8(&self.bytes[from..self.at]).map_err(|_| WRONG)?;
        // Only a float is written so, and the MAC covers the sign.
        if text != "-0"
            && let Ok(number) = text.parse()
        {
            return Ok(Node::from(Value::Int(number)));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Node::from(Value::Float(number))),
            _ => Err("the number is out of range"),
        }
    }

    fn string(&mut self) -> Result<Text, &'static str> {
        if self.peek() != Some(b'"') {
            return Err("a string is expected");
        }
        self.at += 1;
        let mut out = Text::new(Vec::new());
        loop {
            let from = self.at;
            while self.peek().is_some_and(|b| b >= 0x20 && b != b'"' && b != b'\\') {
                self.at += 1;
            }
            out.extend_from_slice(&self.bytes[from..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                Some(b'\\') => {
                    let byte = self.bytes.get(self.at + 1).copied();
                    self.at += 2;
                    let plain = match byte {
                        Some(byte @ (b'"' | b'\\' | b'/')) => byte,
                        Some(b'b') => 8,
                        Some(b'f') => 12,
                        Some(b'n') => b'\n',
                        Some(b'r') => b'\r',
                        Some(b't') => b'\t',
                        Some(b'u') => {
                            let c = self.unicode()?;
                            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                            continue;
                        }
                        _ => return Err("an unknown escape in a string"),
                    };
                    out.push(plain);
                }
                Some(_) => return Err("a control character in a string"),
                None => return Err("a string does not end"),
            }
        }
        if std::str::from_utf8(&out).is_err() {
            // As Go does.
            out = Text::new(String::from_utf8_lossy(&out).into_owned().into_bytes());
        }
        Ok(out)
    }

    /// Four hexadecimal digits at the cursor.
    fn hex(&mut self) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        let text =
            std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(text, 16).ok()
    }

    fn unicode(&mut self) -> Result<char, &'static str> {
        const WRONG: &str = "a broken \\u escape in a string";
        let high = self.hex().ok_or(WRONG)?;
        if (0xd800..0xdc00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            match self.hex() {
                Some(low) if (0xdc00..0xe000).contains(&low) => {
                    let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                _ => self.at = back,
            }
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}
