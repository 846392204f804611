//! Whose a saved plan is. terraform does not say and does not care: it applies the plan of one environment to the state
//! of another when that is as empty or as old. So infractl writes it into the file, as the comment of the archive that a
//! plan is; terraform does not look there.

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

#[cfg(test)]
mod tests {
    use super::*;

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
