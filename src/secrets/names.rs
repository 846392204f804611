//! What programs cannot use of a dotenv text as people have it: `export`, blanks around `=`, CR LF line ends, a byte order
//! mark, a name that is there twice. None of it is trimmed in SOPS files, so it would become part of names and values.

use std::collections::BTreeSet;

use super::error::SecretsError;
use crate::sops::{Format, Map, Node, Plain};

/// What is wrong with a document, and what is only odd; names, never values.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Remarks {
    /// No program can use it.
    pub wrong: Vec<String>,
    /// Somebody may have meant something else.
    pub odd: Vec<String>,
}

/// Where values come from.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// From the lines of a text, whose ends somebody may have converted.
    #[default]
    Lines,
    /// Each by itself, exactly as it is.
    Exact,
}

impl Remarks {
    /// Looks at the names of a map: needs no key.
    pub(crate) fn of_names(map: &Map) -> Self {
        let mut remarks = Remarks::default();
        for (key, _) in map.pairs() {
            let name = String::from_utf8_lossy(key);
            if let Some(reason) = unusable(key) {
                remarks.wrong.push(format!("`{}`: {reason}", name.escape_debug()));
            } else if !is_plain(&name) {
                remarks.odd.push(format!("a shell cannot use a variable of the name `{name}`"));
            }
        }
        repeated(map, &mut remarks.wrong);
        remarks
    }

    /// Looks at a document that was opened or is to be encrypted. Only dotenv files are read by programs line by line.
    pub(crate) fn of(plain: &Plain, values: Values) -> Self {
        let Some(map) = plain.branches().first().filter(|_| plain.format() == Format::Dotenv) else {
            let mut remarks = Remarks::default();
            for map in plain.branches() {
                repeated(map, &mut remarks.wrong);
            }
            return remarks;
        };
        let mut remarks = Remarks::of_names(map);
        for (key, node) in map.pairs() {
            let (name, value) = (String::from_utf8_lossy(key), super::value::text(node));
            let name = name.escape_debug();
            let quoted =
                |quote: u8| value.len() > 1 && value.starts_with(&[quote]) && value.ends_with(&[quote]);
            if value.ends_with(b"\r") {
                let list = if values == Values::Lines { &mut remarks.wrong } else { &mut remarks.odd };
                list.push(format!("the value of `{name}` ends in a carriage return"));
            } else if value.starts_with(b" ") || value.ends_with(b" ") {
                remarks.odd.push(format!("the value of `{name}` begins or ends with a blank"));
            } else if quoted(b'"') || quoted(b'\'') {
                remarks.odd.push(format!("the quotes are part of the value of `{name}`"));
            }
        }
        remarks
    }

    /// Those that are not among the old ones.
    #[must_use]
    pub(crate) fn since(mut self, old: &Remarks) -> Self {
        self.wrong.retain(|remark| !old.wrong.contains(remark));
        self.odd.retain(|remark| !old.odd.contains(remark));
        self
    }

    /// An error if something is wrong, else what is odd.
    pub(crate) fn odd(self, file: &str) -> Result<Vec<String>, SecretsError> {
        if self.wrong.is_empty() {
            return Ok(self.odd);
        }
        Err(SecretsError::Unusable { file: file.to_owned(), wrong: self.wrong })
    }
}

/// Names that are in one map more than once.
fn repeated(map: &Map, wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (key, node) in map.pairs() {
        if !seen.insert(key) {
            let name = String::from_utf8_lossy(key);
            wrong.push(format!("`{}` is there more than once", name.escape_debug()));
        }
        match node {
            Node::Map(map) => repeated(map, wrong),
            Node::List(items) => {
                let maps =
                    items.iter().filter_map(|item| if let Node::Map(map) = item { Some(map) } else { None });
                for map in maps {
                    repeated(map, wrong);
                }
            }
            Node::Scalar(_) | Node::Comment(_) => {}
        }
    }
}

/// Why a name can be no variable of a program.
pub(crate) fn unusable(name: &[u8]) -> Option<&'static str> {
    let Ok(name) = std::str::from_utf8(name) else { return Some("its name is not UTF-8") };
    if name.is_empty() {
        Some("its name is empty")
    } else if name.starts_with('\u{feff}') {
        Some("its name begins with a byte order mark")
    } else if name.starts_with("export ") {
        Some("its name begins with `export`")
    } else if name.contains(['\0', '=']) {
        Some("its name holds a NUL or `=`")
    } else if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Some("its name holds a blank or a control character")
    } else {
        None
    }
}

/// A name as shells know them.
fn is_plain(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sops::NewFile;

    fn of(text: &str, format: Format) -> Remarks {
        let recipient = age::x25519::Identity::generate().to_public().to_string();
        let new = NewFile::for_recipients([recipient]);
        let plain = Plain::create(text.as_bytes(), format, &new, &mut crate::secrets::fill).unwrap();
        Remarks::of(&plain, Values::Lines)
    }

    fn remarks(text: &str) -> Remarks {
        of(text, Format::Dotenv)
    }

    #[test]
    fn what_no_program_can_use_is_wrong() {
        for (text, wrong) in [
            ("export KEY=v\n", "`export KEY`: its name begins with `export`"),
            ("TR =v\n", "`TR `: its name holds a blank or a control character"),
            ("  SP=v\n", "`  SP`: its name holds a blank or a control character"),
            ("\u{feff}A=v\n", "`\\u{feff}A`: its name begins with a byte order mark"),
            ("=v\n", "``: its name is empty"),
            ("A=v\nB=w\nA=x\n", "`A` is there more than once"),
            ("A=v\r\n", "the value of `A` ends in a carriage return"),
        ] {
            assert_eq!(remarks(text).wrong, [wrong], "{text:?}");
        }
        let json = of("{\"my key\": [{\"a\": 1, \"a\": 2}]}", Format::Json);
        assert_eq!(json.wrong, ["`a` is there more than once"]);
    }

    #[test]
    fn what_may_be_meant_otherwise_is_odd() {
        for (text, odd) in [
            ("A= v\n", "the value of `A` begins or ends with a blank"),
            ("A=\"v\"\n", "the quotes are part of the value of `A`"),
            ("my.key-1=v\n", "a shell cannot use a variable of the name `my.key-1`"),
            ("2FA=v\n", "a shell cannot use a variable of the name `2FA`"),
        ] {
            assert_eq!(remarks(text), Remarks { wrong: Vec::new(), odd: vec![odd.to_owned()] }, "{text:?}");
        }
        assert_eq!(remarks("# x\nA=\nB_2=a \"b\" c\n"), Remarks::default());
    }

    #[test]
    fn what_was_there_before_is_no_reason_to_refuse_a_change() {
        let old = remarks("export A=1\nB='x'\n");
        let new = remarks("export A=2\nB='x'\nC = 3\n").since(&old);
        assert_eq!(new.wrong, ["`C `: its name holds a blank or a control character"]);
        assert_eq!(new.odd.len(), 1, "{new:?}");
        assert!(new.odd("f.env").unwrap_err().to_string().contains("`f.env`"));
    }
}
