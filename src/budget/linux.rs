//! What `/proc` and `/sys` of Linux say of memory, processors and the files that may be watched. Each function is given the
//! folder that they are in.

use std::path::{Path, PathBuf};

use crate::disk;

/// Limits of this size are none, in the first version of cgroups.
const NO_LIMIT: u64 = 1 << 60;

/// A group of processes that may have so much and not more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    /// What is left of it.
    pub left: u64,
    /// What it is.
    pub most: u64,
}

/// A line `NAME: 12 kB` of `/proc/meminfo`, in bytes.
fn meminfo(root: &Path, name: &str) -> Option<u64> {
    let text = text(&root.join("proc/meminfo"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Memory that programs can have without others being swapped out: more than what is free, since caches give way.
pub(crate) fn available(root: &Path) -> Option<u64> {
    meminfo(root, "MemAvailable")
}

/// All memory.
pub(crate) fn memory(root: &Path) -> Option<u64> {
    meminfo(root, "MemTotal")
}

/// The tightest limit of memory on us: that of our own group of processes, or of one around it.
pub(crate) fn memory_limit(root: &Path) -> Option<Limit> {
    let second = groups(root, "")
        .into_iter()
        .filter_map(|dir| limit(&dir, ["memory.max", "memory.current", "inactive_file"]));
    let first = groups(root, "memory").into_iter().filter_map(|dir| {
        limit(&dir, ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"])
    });
    second.chain(first).min_by_key(|limit| limit.left)
}

fn limit(dir: &Path, [most, used, idle]: [&str; 3]) -> Option<Limit> {
    let number = |name: &str| text(&dir.join(name))?.trim().parse::<u64>().ok();
    let most = number(most).filter(|most| *most < NO_LIMIT)?;
    // What is kept of files counts as used, and gives way.
    let stat = text(&dir.join("memory.stat")).unwrap_or_default();
    let idle = stat.lines().find_map(|line| line.strip_prefix(idle)?.trim().parse::<u64>().ok());
    let used = number(used)?.saturating_sub(idle.unwrap_or(0));
    Some(Limit { left: most.saturating_sub(used), most })
}

/// The processors that we may run on.
pub(crate) fn allowed(root: &Path) -> Option<u32> {
    let text = text(&root.join("proc/self/status"))?;
    let list = text.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    list.trim().split(',').try_fold(0_u32, |sum, part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        sum.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}

/// So many processors may be used at once, as far as groups of processes have a limit.
pub(crate) fn cpu_limit(root: &Path) -> Option<f64> {
    let pair = |dir: PathBuf| {
        let text = text(&dir.join("cpu.max"))?;
        let (quota, period) = text.trim().split_once(' ')?;
        share(quota, period)
    };
    let first = |dir: PathBuf| {
        let of = |name: &str| text(&dir.join(name)).map(|text| text.trim().to_owned());
        share(&of("cpu.cfs_quota_us")?, &of("cpu.cfs_period_us")?)
    };
    let second = groups(root, "").into_iter().filter_map(pair);
    let all = second.chain(groups(root, "cpu").into_iter().filter_map(first));
    all.min_by(f64::total_cmp)
}

fn share(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

/// The folders of the group that we are in and of those around it, innermost first. `controller` is empty for the second
/// version of cgroups, which has one tree for all.
fn groups(root: &Path, controller: &str) -> Vec<PathBuf> {
    let base = root.join("sys/fs/cgroup").join(controller);
    let all = text(&root.join("proc/self/cgroup")).unwrap_or_default();
    let own = all.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, names, path) = (parts.next()?, parts.next()?, parts.next()?);
        let is_it = if controller.is_empty() {
            names.is_empty()
        } else {
            names.split(',').any(|name| name == controller)
        };
        is_it.then(|| path.trim_start_matches('/').to_owned())
    });
    let Some(own) = own else { return Vec::new() };
    // A path that leads out of what is seen from a container has nothing to tell.
    let own = if own.split('/').any(|part| part == "..") { String::new() } else { own };
    Path::new(&own).ancestors().map(|path| base.join(path)).collect()
}

/// How many may watch files at once, and how many files: as the kernel allows one user.
pub(crate) fn inotify(root: &Path) -> Option<(u64, u64)> {
    let number = |name: &str| text(&root.join("proc/sys/fs/inotify").join(name))?.trim().parse::<u64>().ok();
    Some((number("max_user_instances")?, number("max_user_watches")?))
}

/// The kernel's name of itself.
pub(crate) fn kernel(root: &Path) -> Option<String> {
    Some(text(&root.join("proc/sys/kernel/osrelease"))?.trim().to_owned())
}

/// Graphics processors that sit on the bus, of makers whose can compute; none when the bus is not seen.
pub(crate) fn graphics(root: &Path) -> Option<u32> {
    let devices = root.join("sys/bus/pci/devices").read_dir().ok()?;
    let is_one = |dir: PathBuf| {
        let of = |name: &str| text(&dir.join(name)).unwrap_or_default().trim().to_owned();
        // Display controllers, of NVIDIA and AMD.
        of("class").starts_with("0x03") && ["0x10de", "0x1002"].contains(&of("vendor").as_str())
    };
    let found = devices.flatten().filter(|device| is_one(device.path())).count();
    u32::try_from(found).ok()
}

fn text(path: &Path) -> Option<String> {
    disk::read_lossy_if_there(path).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine that says this, by path and text.
    #[expect(clippy::disallowed_methods, reason = "a fixture needs no atomic write")]
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn what_can_be_had_is_more_than_what_is_free() {
        let text = "MemTotal:       25000000 kB\nMemFree:         1000000 kB\nMemAvailable:   20000000 kB\n";
        let machine = machine(&[("proc/meminfo", text)]);
        assert_eq!(available(machine.path()), Some(20_000_000 * 1024));
        assert_eq!(memory(machine.path()), Some(25_000_000 * 1024));
        assert_eq!(memory_limit(machine.path()), None);
    }

    #[test]
    fn the_tightest_group_on_the_way_counts() {
        let machine = machine(&[
            ("proc/self/cgroup", "0::/user.slice/run.scope\n"),
            ("sys/fs/cgroup/user.slice/run.scope/memory.max", "max\n"),
            ("sys/fs/cgroup/user.slice/run.scope/memory.current", "5\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "4000\n"),
            ("sys/fs/cgroup/user.slice/memory.current", "3000\n"),
            ("sys/fs/cgroup/user.slice/memory.stat", "anon 2500\nfile 500\ninactive_file 400\n"),
            ("sys/fs/cgroup/user.slice/run.scope/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n"),
        ]);
        assert_eq!(memory_limit(machine.path()), Some(Limit { left: 1400, most: 4000 }));
        assert_eq!(cpu_limit(machine.path()), Some(1.5));
    }

    #[test]
    fn a_container_sees_its_own_group_at_the_top() {
        for own in ["0::/\n", "0::/docker/0a1b\n", "0::/../../x\n"] {
            let machine = machine(&[
                ("proc/self/cgroup", own),
                ("sys/fs/cgroup/memory.max", "2147483648\n"),
                ("sys/fs/cgroup/memory.current", "1073741824\n"),
            ]);
            assert_eq!(memory_limit(machine.path()).unwrap().left, 1 << 30, "{own}");
        }
    }

    #[test]
    fn the_first_version_of_groups_has_a_tree_for_each_controller() {
        let machine = machine(&[
            ("proc/self/cgroup", "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/\n"),
            ("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes", "100\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "300\n"),
            ("sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(memory_limit(machine.path()), Some(Limit { left: 700, most: 1000 }));
        assert_eq!(cpu_limit(machine.path()), None);
    }

    #[test]
    fn nothing_is_known_where_nothing_is_said() {
        let machine = machine(&[("proc/meminfo", "MemTotal: many\n"), ("proc/self/cgroup", "rubbish")]);
        let root = machine.path();
        assert_eq!((available(root), memory_limit(root), cpu_limit(root)), (None, None, None));
        assert_eq!((inotify(root), kernel(root), graphics(root)), (None, None, None));
    }

    #[test]
    fn processors_that_we_may_run_on_are_counted() {
        for (list, count) in
            [("0-7", Some(8)), ("0,2-3,9", Some(4)), ("5", Some(1)), ("", None), ("7-0", None)]
        {
            let machine =
                machine(&[("proc/self/status", &format!("Name:\tx\nCpus_allowed_list:\t{list}\n"))]);
            assert_eq!(allowed(machine.path()), count, "{list}");
        }
    }

    #[test]
    fn watches_and_graphics_are_counted() {
        let machine = machine(&[
            ("proc/sys/fs/inotify/max_user_instances", "128\n"),
            ("proc/sys/fs/inotify/max_user_watches", "65536\n"),
            ("sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n"),
            ("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n"),
            ("sys/bus/pci/devices/0000:01:00.0/class", "0x030200\n"),
            ("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n"),
        ]);
        assert_eq!(inotify(machine.path()), Some((128, 65536)));
        assert_eq!(graphics(machine.path()), Some(1));
    }
}
