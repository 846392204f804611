use super::*;
use crate::secrets::fill;
use crate::sops::{Encrypted, NewFile};

const ALICE: &str = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";

fn plain(text: &str, format: Format) -> Plain {
    let new = NewFile::for_recipients([ALICE]);
    // Sealed and opened again: values then have ciphertexts, as they have in files.
    let plain = Plain::create(text.as_bytes(), format, &new, &mut fill).unwrap();
    let sealed = plain.seal(jiff::Timestamp::UNIX_EPOCH, &mut fill).unwrap();
    let bytes = sealed.to_bytes().unwrap();
    Encrypted::parse(&bytes, format).unwrap().decrypt(plain.data_key()).unwrap()
}

fn merged(base: &str, ours: &str, theirs: &str, format: Format, prefer: Prefer) -> (String, Vec<String>) {
    let base = (!base.is_empty()).then(|| plain(base, format));
    let merged = merge(base.as_ref(), &plain(ours, format), &plain(theirs, format), prefer).unwrap();
    // What comes out can be sealed and read back: no ciphertext of another data key is left in it.
    let sealed = merged.plain.seal(jiff::Timestamp::UNIX_EPOCH, &mut fill).unwrap();
    let again = Encrypted::parse(&sealed.to_bytes().unwrap(), format).unwrap();
    let text = again.decrypt(merged.plain.data_key()).unwrap().to_bytes(format).unwrap();
    (String::from_utf8(text.to_vec()).unwrap(), merged.conflicts)
}

fn dotenv(base: &str, ours: &str, theirs: &str) -> (String, Vec<String>) {
    merged(base, ours, theirs, Format::Dotenv, Prefer::Neither)
}

#[test]
fn changes_of_different_keys_are_both_kept() {
    let (text, conflicts) = dotenv("A=1\nB=2\nC=3\n", "A=9\nB=2\nC=3\n", "A=1\nB=8\nC=3\n");
    assert_eq!((text.as_str(), conflicts.len()), ("A=9\nB=8\nC=3\n", 0));
}

#[test]
fn new_keys_come_with_their_comments_at_their_place() {
    let (text, conflicts) = dotenv(
        "# top\nA=1\nZ=2\n",
        "# top\nA=1\nZ=2\nOURS=x\n",
        "# top\nA=1\n# why\n# so\nNEW=n\nZ=2\nLAST=l\n",
    );
    assert_eq!(text, "# top\nA=1\n# why\n# so\nNEW=n\nZ=2\nOURS=x\nLAST=l\n");
    assert!(conflicts.is_empty());
}

#[test]
fn a_removal_on_one_side_counts_and_against_a_change_is_a_conflict() {
    assert_eq!(dotenv("A=1\nB=2\n", "A=1\nB=2\nC=3\n", "A=1\n").0, "A=1\nC=3\n");
    assert_eq!(dotenv("A=1\nB=2\n", "A=1\n", "A=1\nB=2\nC=3\n").0, "A=1\nC=3\n");
    let (text, conflicts) = dotenv("A=1\nB=2\n", "A=1\nB=9\n", "A=1\n");
    assert_eq!((text.as_str(), conflicts), ("A=1\nB=9\n", vec!["B".to_owned()]));
}

#[test]
fn the_same_change_on_both_sides_is_none_and_different_ones_are_a_conflict() {
    assert_eq!(dotenv("A=1\n", "A=2\n", "A=2\n"), ("A=2\n".to_owned(), vec![]));
    let (text, conflicts) = dotenv("A=1\nB=1\n", "A=2\nB=1\n", "A=3\nB=4\n");
    assert_eq!((text.as_str(), conflicts), ("A=2\nB=4\n", vec!["A".to_owned()]));
    let prefer = |prefer| merged("A=1\n", "A=2\n", "A=3\n", Format::Dotenv, prefer);
    assert_eq!(prefer(Prefer::Ours), ("A=2\n".to_owned(), vec![]));
    assert_eq!(prefer(Prefer::Theirs), ("A=3\n".to_owned(), vec![]));
}

#[test]
fn two_files_without_a_common_version_are_joined() {
    let (text, conflicts) = dotenv("", "A=1\nB=2\n", "A=1\nB=3\nC=4\n");
    assert_eq!((text.as_str(), conflicts), ("A=1\nB=2\nC=4\n", vec!["B".to_owned()]));
}

#[test]
fn duplicate_keys_move_together() {
    assert_eq!(dotenv("A=1\nA=2\nB=1\n", "A=1\nA=2\nB=5\n", "A=1\nA=3\nB=1\n").0, "A=1\nA=3\nB=5\n");
}

#[test]
fn nested_maps_are_merged_inside() {
    let base = r#"{"db": {"user": "u", "pw": "1"}, "l": [1, 2]}"#;
    let ours = r#"{"db": {"user": "u", "pw": "2"}, "l": [1, 2]}"#;
    let theirs = r#"{"db": {"user": "v", "pw": "1", "new": true}, "l": [1, 3]}"#;
    let (text, conflicts) = merged(base, ours, theirs, Format::Json, Prefer::Neither);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let expected = r#"{"db": {"user": "v", "pw": "2", "new": true}, "l": [1, 3]}"#;
    assert_eq!(json, serde_json::from_str::<serde_json::Value>(expected).unwrap());
    assert!(conflicts.is_empty());
    let (_, conflicts) = merged(base, ours, &theirs.replace("\"1\"", "\"3\""), Format::Json, Prefer::Neither);
    assert_eq!(conflicts, ["[\"db\"][\"pw\"]"]);
}

#[test]
fn yaml_keeps_its_comments_and_order() {
    let base = "# top\ndb:\n    user: u # who\n    pw: one\nlast: x\n";
    let (text, conflicts) = merged(
        base,
        &base.replace("one", "two"),
        &base.replace("last: x", "last: other"),
        Format::Yaml,
        Prefer::Neither,
    );
    assert!(text.contains("pw: two") && text.contains("last: other") && text.contains("# top"), "{text}");
    assert!(conflicts.is_empty());
}

#[test]
fn recipients_are_merged_like_a_set() {
    let with = |keys: &[&str]| {
        let new = NewFile::for_recipients(keys.to_vec());
        Plain::create(b"A=1\n", Format::Dotenv, &new, &mut fill).unwrap()
    };
    let key = || age::x25519::Identity::generate().to_public().to_string();
    let (bob, carol, dora) = (key(), key(), key());
    let base = with(&[ALICE, &bob]);
    let result =
        merge(Some(&base), &with(&[ALICE, &bob, &carol]), &with(&[ALICE, &dora]), Prefer::Neither).unwrap();
    let wanted = result.recipients.unwrap().groups.remove(0);
    assert_eq!(wanted, [ALICE.to_owned(), carol, dora]);
    assert!(result.new_key, "bob was removed by them");
    let result = merge(Some(&base), &with(&[ALICE]), &base, Prefer::Neither).unwrap();
    assert!(result.recipients.is_none() && !result.new_key);
}

#[test]
fn further_documents_are_merged_too() {
    let base = "a: 1\nb: 2\n---\nc: 3\nd: 4\n";
    let (text, conflicts) = merged(
        base,
        &base.replace("a: 1", "a: 9"),
        &base.replace("d: 4", "d: 8").replace("b: 2", "b: 7"),
        Format::Yaml,
        Prefer::Neither,
    );
    assert_eq!((text.as_str(), conflicts.len()), ("a: 9\nb: 7\n---\nc: 3\nd: 8\n", 0));
    let both = |prefer| {
        merged(base, &base.replace("d: 4", "d: 8"), &base.replace("d: 4", "d: 7"), Format::Yaml, prefer)
    };
    assert_eq!(both(Prefer::Neither).1, ["d of document 2"]);
    assert!(both(Prefer::Ours).0.ends_with("d: 8\n") && both(Prefer::Ours).1.is_empty());
    assert!(both(Prefer::Theirs).0.ends_with("d: 7\n") && both(Prefer::Theirs).1.is_empty());
}

#[test]
fn comments_of_both_sides_stay() {
    let base = "# one\nA=1\n# two\nB=2\n";
    let (text, conflicts) = dotenv(base, "# ONE\nA=1\n# two\nB=3\n", "# one\nA=1\n# TWO\nB=2\n# end\n");
    assert_eq!((text.as_str(), conflicts.len()), ("# ONE\nA=1\n# TWO\nB=3\n# end\n", 0));
    let base = "# one\na: 1 # x\nl:\n    - i\nb: 2\n";
    let (text, conflicts) = merged(
        base,
        &base.replace("b: 2", "b: 3"),
        &base.replace("# one", "# ONE").replace("- i", "- i\n    - j"),
        Format::Yaml,
        Prefer::Neither,
    );
    assert!(text.contains("# ONE") && text.contains("- j") && text.contains("b: 3"), "{text}");
    assert!(conflicts.is_empty());
}

#[test]
fn a_new_data_key_of_theirs_is_not_undone() {
    let base = plain("A=1\n", Format::Dotenv);
    let mut theirs = base.clone();
    theirs.rotate(&mut fill).unwrap();
    assert!(merge(Some(&base), &base, &theirs, Prefer::Neither).unwrap().new_key);
    assert!(!merge(Some(&base), &theirs, &base, Prefer::Neither).unwrap().new_key, "ours has it already");
    assert!(!merge(Some(&base), &base, &base, Prefer::Neither).unwrap().new_key);
}

#[test]
fn what_is_encrypted_does_not_change_in_silence() {
    let with = |rule: Option<&str>| {
        let rule = rule.map(|pattern| crate::sops::Rule::EncryptedRegex(pattern.to_owned()));
        let new = NewFile { rule, ..NewFile::for_recipients([ALICE]) };
        Plain::create(b"A=1\n", Format::Dotenv, &new, &mut fill).unwrap()
    };
    let merge =
        |theirs: &Plain, prefer| merge(Some(&with(None)), &with(None), theirs, prefer).unwrap().conflicts;
    assert_eq!(merge(&with(Some("A")), Prefer::Neither), ["what of the file is encrypted"]);
    assert!(
        merge(&with(Some("A")), Prefer::Ours).is_empty() && merge(&with(None), Prefer::Neither).is_empty()
    );
}

proptest::proptest! {
    /// Whatever both sides do to lines of their own, the outcome has both, and nothing else.
    #[test]
    fn changes_that_do_not_meet_are_all_there(
        ours in proptest::collection::btree_map(0_usize..12, 0_u8..3, 0..6),
        theirs in proptest::collection::btree_map(12_usize..24, 0_u8..3, 0..6),
    ) {
        let side = |changes: &[&std::collections::BTreeMap<usize, u8>]| -> String {
            let mut text = String::new();
            for at in 0..24 {
                match changes.iter().find_map(|changes| changes.get(&at)) {
                    None => text += &format!("# of {at}\nK{at}=base\n"),
                    Some(0) => text += &format!("# of {at}\nK{at}=changed\n"),
                    Some(1) => {}
                    Some(_) => text += &format!("# of {at}\nK{at}=base\n# more\nN{at}=new\n"),
                }
            }
            text
        };
        let (text, conflicts) = dotenv(&side(&[]), &side(&[&ours]), &side(&[&theirs]));
        proptest::prop_assert_eq!(text, side(&[&ours, &theirs]));
        proptest::prop_assert!(conflicts.is_empty());
    }
}
