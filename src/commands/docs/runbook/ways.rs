//! Ways back: snapshots, power, rollback, locks.

use super::form::{cell, code, table};
use crate::config::Environment;
use crate::config::model::{
    Argument, Keep, Migrations, Need, OnFailed, PowerMode, SnapshotKind, SnapshotSource,
};
use crate::text;

/// What is kept, and the lines that get it back.
pub(super) fn snapshots(env: &Environment) -> String {
    let rows = env.snapshots.iter().map(|(name, source)| {
        let verified = if source.verify.is_some() || source.kind() == Some(SnapshotKind::Postgres) {
            "restored and asked"
        } else {
            "no check of its own"
        };
        [
            code(name),
            source.kind().map_or("", SnapshotKind::word).to_owned(),
            source.of.as_ref().map_or_else(String::new, |of| code(of.0.as_str())),
            kept(source),
            verified.to_owned(),
        ]
    });
    let rows = table(["name", "kind", "of", "kept", "`snapshot verify`"], rows);
    if rows.is_empty() {
        return rows;
    }
    let mut text = format!(
        "\n## Snapshots\n{rows}\n`infractl snapshot list {0}` says how old they are, and which were found good.\n",
        env.name
    );
    for (name, source) in &env.snapshots {
        let env = &env.name;
        let mut lines = format!(
            "infractl snapshot create {env} {name}\n\
             infractl snapshot list {env} {name}\n\
             infractl snapshot verify {env} {name}\n\
             infractl snapshot restore {env} {name}   # the newest, into something new; it says what to switch\n"
        );
        if source.kind() == Some(SnapshotKind::Postgres) {
            lines.push_str(&format!(
                "infractl snapshot restore {env} {name} --in-place --confirm {env}   # in the place of what is there\n"
            ));
        }
        text.push_str(&format!("\n### {}\n\n{}\n", cell(name), text::fenced(&lines)));
    }
    text
}

fn kept(source: &SnapshotSource) -> String {
    let Some(keep) = &source.keep else { return "as many as there are".to_owned() };
    let Keep { last, daily, weekly, monthly } = keep.rules();
    let all = [("last", last), ("daily", daily), ("weekly", weekly), ("monthly", monthly)];
    let words: Vec<String> =
        all.iter().filter_map(|(word, count)| Some(format!("{} {word}", (*count)?))).collect();
    words.join(", ")
}

/// What `stop` and `start` act on.
pub(super) fn power(env: &Environment) -> String {
    let Some(power) = &env.power else { return String::new() };
    let names = |all: &[Argument]| text::list(all.iter().map(|name| name.0.as_str()), "and");
    let mut text = "\n## Power\n\n".to_owned();
    if let Some(program) = power.provider.and_then(crate::config::model::Provider::program) {
        text.push_str(&format!("By `{program}`.\n"));
    }
    for (what, all) in [("Machines", &power.servers), ("Databases", &power.databases)] {
        if !all.is_empty() {
            text.push_str(&format!("{what}: {}.\n", names(all)));
        }
    }
    match power.mode {
        Some(PowerMode::Shelve) => {
            text.push_str("Stopped means shelved: the address stays, a start takes minutes.\n");
        }
        Some(PowerMode::Suspend) => text.push_str("Stopped means suspended: the memory is kept.\n"),
        Some(PowerMode::Deallocate) => text.push_str("Stopped means deallocated: it is not billed.\n"),
        Some(PowerMode::Stop) | None => {}
    }
    let name = &env.name;
    text + &format!(
        "\n```text\ninfractl state {name}    # what is on, and what is billed\ninfractl stop {name}\ninfractl start {name}\n```\n"
    )
}

/// What happens when a deployment fails, and the way back by hand.
pub(super) fn rollback(env: &Environment) -> String {
    let name = &env.name;
    let mut text = format!(
        "\n## Rollback\n\n```text\ninfractl history deployments {name}   # what was deployed, and whether it was verified\n\
         infractl rollback {name} --list       # what it can go back to, and why not to the rest\n\
         infractl rollback {name}              # to the last one that was good\n\
         infractl rollback {name} --to VERSION\n```\n\n"
    );
    text.push_str(match env.rollout.on_failure.unwrap_or_default() {
        OnFailed::Stop => "A deployment that fails stops where it is: nothing goes back by itself.\n",
        OnFailed::Rollback => "A deployment that fails goes back by itself to the last one that was good.\n",
        OnFailed::Freeze => {
            "A deployment that fails freezes the environment: nothing is deployed until `infractl unlock --thaw`.\n"
        }
    });
    match env.release.migrations.unwrap_or_default() {
        Migrations::ForwardOnly => text.push_str(
            "Migrations go forward only: a rollback takes the programs back and not the data, and wants `--accept-schema`.\n",
        ),
        Migrations::Reversible => text.push_str("Migrations can be undone.\n"),
        Migrations::None => {}
    }
    if let Some(promotion) = env.promotion.get(name) {
        let needs: Vec<&str> = promotion
            .needs
            .iter()
            .map(|need| match need {
                Need::Verify => "was verified",
                Need::Snapshot => "has a good snapshot before it",
            })
            .collect();
        if !needs.is_empty() {
            text.push_str(&format!("What is promoted to `{name}` {}.\n", needs.join(" and ")));
        }
    }
    text
}

/// Who waits for whom, and what to do about a run that is dead.
pub(super) fn locks(env: &Environment) -> String {
    let name = &env.name;
    let place = if env.lock.shared == Some(true) {
        "One run at a time on all machines: the lock is beside the state."
    } else {
        "One run at a time **on each machine**: others do not see the lock (`[lock] shared` is not set)."
    };
    let wait = match &env.lock.wait {
        Some(wait) => format!("A run waits {} for another one", text::duration(wait.0)),
        None => "A run does not wait for another one".to_owned(),
    };
    format!(
        "\n## Locks\n\n{place} {wait}; `--lock-wait 10m` says otherwise. Exit code 75 names who is at it.\n\n```text\n\
         infractl unlock {name} --dry-run   # who holds it\n\
         infractl unlock {name}             # releases that of a run that is dead\n\
         infractl unlock {name} --thaw      # allows deployments again after a freeze\n```\n"
    )
}
