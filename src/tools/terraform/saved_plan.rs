//! What a saved plan is: whose, of which workspace, and whether it takes everything down.
//!
//! terraform does not say whose a plan is and does not care: it applies the plan of one environment to the state of
//! another when that is as empty or as old. So infractl writes it into the file, as the comment of the archive that a
//! plan is; terraform does not look there. The workspace and the mode stand in the plan itself, in protocol buffers
//! (`planfile.proto` of terraform and of tofu).

/// The most that is unpacked.
const UNPACKED: usize = 256 << 20;
/// The last record of an archive without a comment.
const END: usize = 22;
/// How it begins.
const SIGN: &[u8] = b"PK\x05\x06";
/// How our comment begins.
const WORDS: &[u8] = b"infractl plan of ";

/// The plan with the name of its owner; none when it is no archive, or has a comment already.
pub(crate) fn marked(mut plan: Vec<u8>, owner: &str) -> Option<Vec<u8>> {
    let end = plan.len().checked_sub(END)?;
    if !plan[end..].starts_with(SIGN) || !plan.ends_with(&[0, 0]) {
        return None;
    }
    let comment = [WORDS, owner.as_bytes()].concat();
    let length = u16::try_from(comment.len()).ok()?;
    plan.truncate(plan.len() - 2);
    plan.extend(length.to_le_bytes());
    plan.extend(comment);
    Some(plan)
}

/// Whose plan it is, if it says so.
pub(crate) fn owner(plan: &[u8]) -> Option<&str> {
    let from = plan.len().saturating_sub(END + usize::from(u16::MAX));
    let tail = &plan[from..];
    let end = tail.windows(SIGN.len()).rposition(|window| window == SIGN)?;
    let comment = tail.get(end + END..)?;
    std::str::from_utf8(comment.strip_prefix(WORDS)?).ok()
}

/// What terraform wrote into a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Made {
    /// The workspace it was made in.
    pub(crate) workspace: Option<String>,
    /// It was made with `-destroy`.
    pub(crate) destroys: bool,
}

/// Reads it; nothing from what is no plan, or is encrypted.
pub(crate) fn made(plan: &[u8]) -> Made {
    let mut made = Made::default();
    for (number, value) in fields(&entry(plan, b"tfplan").unwrap_or_default()) {
        match (number, value) {
            // Plan.ui_mode: DESTROY
            (17, Field::Number(1)) => made.destroys = true,
            // Plan.backend, and in it Backend.workspace
            (13, Field::Bytes(backend)) => {
                made.workspace = fields(backend).into_iter().find_map(|(number, value)| match value {
                    Field::Bytes(name) if number == 3 => String::from_utf8(name.to_vec()).ok(),
                    _ => None,
                });
            }
            _ => {}
        }
    }
    made
}

/// A file of an archive, unpacked.
fn entry(archive: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let number = |at: usize, size: usize| {
        let bytes = archive.get(at..at + size)?;
        Some(bytes.iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    // The list of files at the end knows the sizes, their own heads may not.
    let at = memchr::memmem::find_iter(archive, b"PK\x01\x02").find(|at| {
        number(at + 28, 2) == Some(name.len()) && archive.get(at + 46..at + 46 + name.len()) == Some(name)
    })?;
    let (method, size, head) = (number(at + 10, 2)?, number(at + 20, 4)?, number(at + 42, 4)?);
    let begin = head + 30 + number(head + 26, 2)? + number(head + 28, 2)?;
    let packed = archive.get(begin..begin + size)?;
    match method {
        0 => Some(packed.to_vec()),
        _ => miniz_oxide::inflate::decompress_to_vec_with_limit(packed, UNPACKED).ok(),
    }
}

/// A field of a message.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message by number, up to what is not understood.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut all = Vec::new();
    while let Some(key) = varint(&mut bytes) {
        let value = match key & 7 {
            0 => varint(&mut bytes).map(Field::Number),
            1 => bytes.split_off(..8).map(Field::Bytes),
            5 => bytes.split_off(..4).map(Field::Bytes),
            2 => varint(&mut bytes)
                .and_then(|size| bytes.split_off(..usize::try_from(size).ok()?))
                .map(Field::Bytes),
            _ => None,
        };
        let Some(value) = value else { break };
        all.push((key >> 3, value));
    }
    all
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive with one file, as Go writes it: sizes at the end only.
    fn archive(name: &[u8], content: &[u8]) -> Vec<u8> {
        let two = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
        let packed = miniz_oxide::deflate::compress_to_vec(content, 6);
        let mut all = b"PK\x03\x04".to_vec();
        all.extend([0; 22]);
        all.extend(two(name.len()));
        all.extend(two(0));
        all.extend(name);
        all.extend(&packed);
        all.extend(b"PK\x01\x02");
        all.extend([0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        all.extend(two(packed.len()));
        all.extend([0; 6]);
        all.extend(two(name.len()));
        all.extend([0; 16]);
        all.extend(name);
        all.extend(SIGN);
        all.extend([0; END - 4]);
        all
    }

    #[test]
    fn workspace_and_mode_are_read() {
        // version 3, a field of 8 bytes, backend { type, config, workspace }, ui_mode
        let plan = b"\x08\x03\x19........\x6a\x11\x0a\x05local\x12\x02{}\x1a\x04blue\x88\x01\x01";
        let blue = Made { workspace: Some("blue".into()), destroys: true };
        assert_eq!(made(&archive(b"tfplan", plan)), blue);
        assert_eq!(made(&marked(archive(b"tfplan", plan), "shop/dev").unwrap()), blue);
        assert_eq!(made(&archive(b"tfstate", plan)), Made::default());
        assert_eq!(made(&archive(b"tfplan", b"\x08\x03\x6a\xff\x01")), Made::default());
        for size in 0..archive(b"tfplan", plan).len() {
            made(&archive(b"tfplan", plan)[..size]);
        }
    }

    #[test]
    fn a_plan_says_whose_it_is() {
        let mut archive = b"PK\x03\x04 whatever".to_vec();
        archive.extend(SIGN);
        archive.extend([0; END - 4]);
        assert_eq!(owner(&archive), None);
        let plan = marked(archive.clone(), "shop/dev").unwrap();
        assert_eq!(owner(&plan), Some("shop/dev"));
        assert_eq!(plan.len(), archive.len() + WORDS.len() + 8);
        assert_eq!(plan[archive.len() - 2..archive.len()], [25, 0]);
    }

    #[test]
    fn what_is_no_archive_says_nothing() {
        for bytes in [&b""[..], b"x", &[0; 100], SIGN] {
            assert_eq!(owner(bytes), None);
            assert_eq!(marked(bytes.to_vec(), "shop/dev"), None);
        }
    }
}
