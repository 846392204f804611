//! Who can open a file: updatekeys, key groups, refusals.

use crate::common::{Numbers, differences, key, noon, own, public, shared};
use infractl::testing::sops::{
    Encrypted, Finding, Format, KeyGroups, NewFile, Plain, Recipient, Rule, SopsError, inspect, is_encrypted,
};

fn create(text: &[u8], format: Format, new: &NewFile) -> Result<Vec<u8>, SopsError> {
    let mut numbers = Numbers(3);
    let mut fill = |buffer: &mut [u8]| numbers.fill(buffer);
    Plain::create(text, format, new, &mut fill)?.seal(noon(), &mut fill)?.to_bytes()
}

fn update(bytes: &[u8], format: Format, wanted: &KeyGroups) -> Result<(bool, Vec<u8>), SopsError> {
    let mut numbers = Numbers(4);
    let mut file = Encrypted::parse(bytes, format)?;
    let keys: Vec<_> = ["a.txt", "b.txt", "c.txt"].iter().flat_map(|name| key(name)).collect();
    let data_key = file.data_key(&keys)?;
    let changed = file.set_recipients(&data_key, wanted, &mut |buffer| numbers.fill(buffer))?;
    Ok((changed, file.to_bytes()?))
}

#[test]
fn adding_and_removing_recipients_touches_only_their_lines() {
    for (text, format) in [
        (b"A=1\nB=2\n".as_slice(), Format::Dotenv),
        (b"A: 1\n\n# why\nB: 2\n", Format::Yaml),
        (b"{\"A\": 1, \"B\": [2]}", Format::Json),
        (b"\0\xff", Format::Binary),
    ] {
        let one = create(text, format, &NewFile::for_recipients([public("a.txt")])).unwrap();
        let (changed, two) =
            update(&one, format, &KeyGroups::any_of([public("a.txt"), public("b.txt")])).unwrap();
        assert!(changed);
        // JSON needs a comma after the first entry.
        let gone = differences(&one, &two).0;
        assert!(
            gone.len() <= usize::from(matches!(format, Format::Json | Format::Binary)),
            "{format}: {gone:?}"
        );
        assert!(Encrypted::parse(&two, format).unwrap().data_key(&key("b.txt")).is_ok());

        let (changed, same) =
            update(&two, format, &KeyGroups::any_of([public("b.txt"), public("a.txt")])).unwrap();
        assert!(!changed && same == two, "{format}: another order is no change");

        let (changed, back) = update(&two, format, &KeyGroups::any_of([public("b.txt")])).unwrap();
        let (_, new) = differences(&two, &back);
        // In dotenv the entry that stays gets another number.
        assert!(changed && new.len() <= 2, "{format}: {new:?}");
        let file = Encrypted::parse(&back, format).unwrap();
        assert!(file.data_key(&key("b.txt")).is_ok());
        let Err(SopsError::NoDataKey { failures }) = file.data_key(&key("a.txt")) else { panic!() };
        assert_eq!((failures.len(), failures[0].recipient.as_str()), (1, public("b.txt").as_str()));
    }
}

#[test]
fn recipients_are_added_and_removed_by_name() {
    let mut groups = KeyGroups::any_of([public("a.txt")]);
    assert!(groups.add(&format!(" {} ", public("b.txt"))));
    assert!(!groups.add(&public("a.txt")));
    assert!(groups.remove(&public("a.txt")) && !groups.remove(&public("a.txt")));
    assert_eq!(groups, KeyGroups::any_of([public("b.txt")]));
    // Rotated without somebody: what is written from now on is not theirs.
    let file = create(b"A=1\n", Format::Dotenv, &NewFile::for_recipients([public("a.txt"), public("b.txt")]))
        .unwrap();
    let file = Encrypted::parse(&file, Format::Dotenv).unwrap();
    let mut plain = file.decrypt(&file.data_key(&key("a.txt")).unwrap()).unwrap();
    let mut wanted = plain.metadata().key_groups();
    wanted.remove(&public("a.txt"));
    plain.rotate_for(&wanted, &mut |buffer| buffer.fill(9)).unwrap();
    let after = plain.seal(noon(), &mut |buffer| buffer.fill(8)).unwrap();
    assert!(after.data_key(&key("a.txt")).is_err() && after.data_key(&key("b.txt")).is_ok());
}

#[test]
fn key_groups_need_their_threshold() {
    let names = ["a.txt", "b.txt", "c.txt"];
    for format in [Format::Dotenv, Format::Yaml, Format::Json] {
        let text: &[u8] = if format == Format::Dotenv { b"A=1\n" } else { b"{\"A\": 1}" };
        let groups: Vec<_> = names.map(|name| vec![public(name)]).to_vec();
        let mut new = NewFile::for_recipients(Vec::<String>::new());
        new.recipients = KeyGroups { groups: groups.clone(), threshold: Some(2) };
        let file = create(text, format, &new).unwrap();
        let parsed = Encrypted::parse(&file, format).unwrap();
        assert_eq!((parsed.metadata().threshold(), parsed.metadata().age_groups().len()), (2, 3));
        for pair in [["a.txt", "b.txt"], ["b.txt", "c.txt"], ["c.txt", "a.txt"]] {
            let keys: Vec<_> = pair.iter().flat_map(|name| key(name)).collect();
            parsed.decrypt(&parsed.data_key(&keys).unwrap()).unwrap();
        }
        let error = parsed.data_key(&key("a.txt")).unwrap_err();
        assert!(matches!(error, SopsError::TooFewGroups { needed: 2, groups: 3, opened: 1, .. }), "{error}");

        // To one group and back.
        let (_, single) = update(&file, format, &KeyGroups::any_of([public("a.txt")])).unwrap();
        let parsed = Encrypted::parse(&single, format).unwrap();
        parsed.decrypt(&parsed.data_key(&key("a.txt")).unwrap()).unwrap();
        let (_, again) = update(&single, format, &KeyGroups { groups, threshold: None }).unwrap();
        let parsed = Encrypted::parse(&again, format).unwrap();
        assert_eq!(parsed.metadata().threshold(), 3);
    }
}

#[test]
fn recipients_that_cannot_be_used_are_refused() {
    let refused = |recipient: &str| {
        create(b"A=1\n", Format::Dotenv, &NewFile::for_recipients([recipient])).unwrap_err()
    };
    assert!(matches!(refused("age1pq1xyz"), SopsError::PostQuantum { .. }));
    assert!(matches!(refused("age1nonsense"), SopsError::Recipient { .. }));
    assert!(matches!(refused("ssh-ed25519 AAAA"), SopsError::Recipient { .. }));
    assert!(matches!(refused(" "), SopsError::Groups { .. }));
    let secret = std::fs::read_to_string(own().join("keys/a.txt")).unwrap();
    let secret = secret.lines().find(|line| line.starts_with("AGE-SECRET")).unwrap();
    assert!(!refused(secret).to_string().contains(secret), "a private key is never printed");
    let nobody = NewFile::for_recipients(Vec::<String>::new());
    assert!(matches!(create(b"A=1\n", Format::Dotenv, &nobody), Err(SopsError::Groups { .. })));
}

#[test]
fn rules_that_leak_are_refused() {
    let mut new = NewFile::for_recipients([public("a.txt")]);
    for rule in [
        Rule::EncryptedRegex("(".to_owned()),
        Rule::EncryptedRegex("(?=x)".to_owned()),
        Rule::EncryptedSuffix(String::new()),
    ] {
        new.rule = Some(rule);
        assert!(matches!(create(b"A=1\n", Format::Dotenv, &new), Err(SopsError::Pattern { .. })));
    }
}

#[test]
fn texts_that_hold_metadata_already_are_refused() {
    let new = NewFile::for_recipients([public("a.txt")]);
    for (text, format) in [
        (b"A=1\nsops_version=3\n".as_slice(), Format::Dotenv),
        (b"sops: x\n", Format::Yaml),
        (b"{\"sops\": {}}", Format::Json),
    ] {
        let error = create(text, format, &new).unwrap_err();
        assert!(matches!(error, SopsError::AlreadyEncrypted { .. }) && error.sops_exit() == 203);
    }
    assert_eq!(create(b"", Format::Yaml, &new).unwrap_err().sops_exit(), 92);
    assert_eq!(create(b"x: 18446744073709551615\n", Format::Yaml, &new).unwrap_err().sops_exit(), 23);
    assert_eq!(create(b"1: x\n", Format::Yaml, &new).unwrap_err().sops_exit(), 23);
}

#[test]
fn keys_of_other_backends_stay_and_are_named() {
    let Some(base) = shared("fixtures/sops") else { return };
    let bytes = std::fs::read(base.join("Mic92-sops-nix/secrets.yaml")).unwrap();
    let keys = crate::common::identities(&base.join("Mic92-sops-nix/keys.txt"));
    let mut file = Encrypted::parse(&bytes, Format::Yaml).unwrap();
    assert!(
        file.recipients()
            .iter()
            .any(|one| matches!(one, Recipient::Other { backend: "PGP", id } if !id.is_empty()))
    );
    let data_key = file.data_key(&keys).unwrap();
    let mut wanted = file.metadata().age_groups().remove(0);
    wanted.push(public("a.txt"));
    let changed =
        file.set_recipients(&data_key, &KeyGroups::any_of(wanted), &mut |buffer| buffer.fill(1)).unwrap();
    let after = file.to_bytes().unwrap();
    let (gone, new) = differences(&bytes, &after);
    assert!(
        changed && gone.is_empty() && new.iter().any(|line| line.contains(&public("a.txt"))),
        "{gone:#?}"
    );
    let after = Encrypted::parse(&after, Format::Yaml).unwrap();
    assert_eq!(after.recipients().len(), file.recipients().len());
    // A new data key could not be wrapped for PGP.
    let mut plain = after.decrypt(&data_key).unwrap();
    assert!(matches!(plain.rotate(&mut |buffer| buffer.fill(1)), Err(SopsError::Groups { .. })));
}

#[test]
fn files_are_judged_without_a_key() {
    let read = |name: &str| std::fs::read(own().join(name)).unwrap();
    let full = read("enc/full.env");
    assert!(is_encrypted(&full, Format::Dotenv));
    assert!(!is_encrypted(b"A=1\n", Format::Dotenv));
    assert!(!is_encrypted(b"A: 1\n", Format::Yaml));
    assert_eq!(inspect(&full, Format::Dotenv), []);
    assert_eq!(inspect(b"A=1\n", Format::Dotenv), [Finding::Broken(SopsError::NotEncrypted)]);
    assert!(matches!(
        inspect(&read("bad/merge-conflict.env"), Format::Dotenv)[..],
        [Finding::Broken(SopsError::ConflictMarker { line: 1.. })]
    ));
    assert!(matches!(
        inspect(&read("bad/crlf-converted.env"), Format::Dotenv)[..],
        [Finding::Broken(SopsError::LineEnds { line: 1.. })]
    ));
    assert!(matches!(
        inspect(&read("bad/mac-missing.env"), Format::Dotenv)[..],
        [Finding::Broken(SopsError::NoMac)]
    ));
    let clear = [b"NEW=clear\n".as_slice(), &full].concat();
    assert_eq!(inspect(&clear, Format::Dotenv), [Finding::ClearValue { key: "NEW".to_owned() }]);
    for name in std::fs::read_dir(own().join("enc"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
    {
        if name != "key-with-equals.env" {
            assert_eq!(inspect(&read(&format!("enc/{name}")), Format::from_path(&name)), [], "{name}");
        }
    }
}

#[test]
fn armor_may_have_white_space_around_it() {
    let dotenv = create(b"A=1\n", Format::Dotenv, &NewFile::for_recipients([public("a.txt")])).unwrap();
    let loose = String::from_utf8(dotenv)
        .unwrap()
        .replace("enc=-----", "enc=\\n \\n-----")
        .replace("FILE-----\\n\n", "FILE-----  \\n\\n\n");
    assert!(loose.contains("enc=\\n"));
    Encrypted::parse(loose.as_bytes(), Format::Dotenv).unwrap().data_key(&key("a.txt")).unwrap();
}
