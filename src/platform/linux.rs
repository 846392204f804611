//! Linux: `/proc`, `/dev/shm` and prctl(2).

use std::fs;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal};

use super::process::Process;

/// A program can ask to get a signal when its parent dies.
pub(crate) const HAS_DEATH_SIGNAL: bool = true;

/// The folder that is in memory, where there is one.
pub(crate) const MEMORY: Option<&str> = Some("/dev/shm");

/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENS: &str = "0A";

/// The calling process gets SIGTERM when the one that started it dies. Safe between fork and exec: one call of prctl(2).
pub(crate) fn die_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::TERM))?)
}

/// The end of a pipe, opened anew: what is set for ours does not hold for it, so it blocks.
pub(crate) fn opened_anew(pipe: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Ok(fs::File::open(format!("/proc/self/fd/{}", pipe.as_raw_fd()))?.into())
}

/// Keeps other processes of the same user from reading our memory and environment.
pub(crate) fn forbid_looks() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// This boot and this process namespace: where they are the same, the number of a process says something. None where the
/// system does not say.
pub(crate) fn boot() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    Some(format!("{} {}", boot.trim(), namespace.display()).trim().to_owned())
}

/// The processes of this group, without zombies; none if there is no `/proc`.
pub(crate) fn living(group: u32) -> Option<Vec<Process>> {
    fs::exists("/proc/self/stat").ok().filter(|&known| known)?;
    Some(processes().filter_map(|process| living_in(&stat(&process)?, group)).collect())
}

/// "pid (name) state parent group session ...", if that is of a process of this group that is not a zombie.
fn living_in(stat: &str, group: u32) -> Option<Process> {
    let mut fields = after_name(stat);
    let state = fields.next();
    let is_it = fields.nth(1)?.parse() == Ok(group) && !matches!(state, Some("Z" | "X"));
    let (pid, rest) = stat.split_once(" (")?;
    is_it.then_some(())?;
    Some(Process { pid: pid.parse().ok()?, name: rest[..rest.rfind(')')?].to_owned() })
}

/// Whether our group is that of the leader of our session.
pub(crate) fn is_of_session_leader() -> bool {
    // Not getsid(2): in a container the leader may be outside, then it answers 0, which is no `Pid`.
    stat(Path::new("/proc/self")).is_some_and(|stat| is_of_leader(&stat))
}

/// Whether the leader of our session has a number here.
#[cfg(test)]
pub(super) fn knows_session_leader() -> bool {
    stat(Path::new("/proc/self")).is_some_and(|stat| after_name(&stat).nth(3) != Some("0"))
}

fn is_of_leader(stat: &str) -> bool {
    let mut fields = after_name(stat).skip(2);
    let (group, session) = (fields.next(), fields.next());
    group == session && !matches!(group, None | Some("0"))
}

/// The name may contain anything.
fn after_name(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace()
}

fn stat(process: &Path) -> Option<String> {
    fs::read_to_string(process.join("stat")).ok()
}

/// The folders of all processes.
fn processes() -> impl Iterator<Item = PathBuf> {
    processes_of(Path::new("/"))
}

fn processes_of(root: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let all = fs::read_dir(root.join("proc")).into_iter().flatten().flatten();
    let all = all.filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
    all.map(|entry| entry.path())
}

/// The first process of these that has something open of which this is true. Those of others cannot be looked into.
fn having<'a>(
    processes: impl Iterator<Item = PathBuf> + 'a,
    is_it: impl Fn(&Path) -> bool + 'a,
) -> impl Iterator<Item = Process> + 'a {
    processes.filter_map(move |process| {
        let mut open = fs::read_dir(process.join("fd")).ok()?.flatten();
        open.any(|file| is_it(&file.path())).then_some(())?;
        let pid = process.file_name()?.to_str()?.parse().ok()?;
        let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
        Some(Process { pid, name: name.trim().to_owned() })
    })
}

/// The processes that have this file open, as far as we may know; not this one.
pub(crate) fn holders(file: &Path) -> Vec<Process> {
    let id = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let Ok(wanted) = fs::metadata(file).map(id) else { return Vec::new() };
    let is_it = |open: &Path| fs::metadata(open).is_ok_and(|there| id(there) == wanted);
    having(processes(), is_it).filter(|process| process.pid != std::process::id()).collect()
}

/// Whether somebody listens at this port; none when nobody tells. `root` is where `proc` is.
pub(crate) fn listens(root: &Path, port: u16) -> Option<bool> {
    sockets(root).map(|all| all.iter().any(|(at, _)| *at == port))
}

/// The program that listens there, as far as we may know.
pub(crate) fn listener(root: &Path, port: u16) -> Option<Process> {
    let sockets = sockets(root)?.into_iter().filter(|(at, _)| *at == port);
    let links: Vec<String> = sockets.map(|(_, inode)| format!("socket:[{inode}]")).collect();
    let is_it = |path: &Path| {
        path.read_link().is_ok_and(|to| links.iter().any(|link| to.as_os_str() == link.as_str()))
    };
    having(processes_of(root), is_it).next()
}

/// Ports that are listened at, with the numbers of their sockets; none when nobody tells.
fn sockets(root: &Path) -> Option<Vec<(u16, u64)>> {
    let read = |name: &str| fs::read_to_string(root.join("proc/net").join(name)).ok();
    let all = [read("tcp"), read("tcp6")];
    all.iter().any(Option::is_some).then(|| all.iter().flatten().flat_map(|text| listening(text)).collect())
}

/// The lines of `/proc/net/tcp` that are of sockets which listen.
fn listening(text: &str) -> Vec<(u16, u64)> {
    let one = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let port = u16::from_str_radix(words.get(1)?.rsplit(':').next()?, 16).ok()?;
        (*words.get(3)? == LISTENS).then_some(())?;
        Some((port, words.get(9)?.parse().ok()?))
    };
    text.lines().skip(1).filter_map(one).collect()
}

/// Whether there is a route to anywhere else; none when nobody tells.
pub(crate) fn route_leads_out() -> Option<bool> {
    let four = fs::read_to_string("/proc/net/route").ok()?;
    Some(leads_out(&four, &fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default()))
}

/// A route of IPv4 that is no loopback, or one of IPv6 to everywhere that is not refused.
fn leads_out(four: &str, six: &str) -> bool {
    let fields = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let is_other = |name: Option<&String>| name.is_some_and(|name| name != "lo");
    let out = four.lines().skip(1).map(fields).any(|route| is_other(route.first()));
    out || six.lines().map(fields).any(|route| {
        let is_default = route.first().is_some_and(|to| to.bytes().all(|b| b == b'0'))
            && route.get(1).is_some_and(|bits| bits == "00");
        is_default && is_other(route.get(9))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F92 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 20 4 30 10 -1
";
    const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:2008 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1 0000000000000000 100 0 0 10 0
";

    #[test]
    fn only_sockets_that_listen_count() {
        assert_eq!(listening(TCP), [(8081, 4711)]);
        assert_eq!(listening(TCP6), [(8200, 99)]);
        assert!(listening("").is_empty() && listening("x\ny z\n").is_empty());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a fixture needs no atomic write")]
    fn the_process_is_found_by_its_socket() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("proc/net/tcp", TCP);
        write("proc/12/comm", "nginx\n");
        write("proc/12/fd/0", "");
        write("proc/13/comm", "bash\n");
        std::os::unix::fs::symlink("socket:[4711]", dir.path().join("proc/12/fd/3")).unwrap();
        assert_eq!(listener(dir.path(), 8081), Some(Process { pid: 12, name: "nginx".to_owned() }));
        assert_eq!(listener(dir.path(), 8082), None);
        assert_eq!(listener(dir.path(), 8200), None);
        assert_eq!([8081, 8082].map(|port| listens(dir.path(), port)), [Some(true), Some(false)]);
    }

    #[test]
    fn a_leader_outside_the_container_has_no_number() {
        assert!(is_of_leader("70 (sh) 2) S 12 70 70 0 -1"));
        assert!(!is_of_leader("70 (sh) S 12 70 12 0 -1"));
        assert!(!is_of_leader("70 (sh) S 12 70 0 0 -1"));
        assert!(!is_of_leader("70 (sh) S 12 0 0 0 -1"));
    }

    #[test]
    fn a_name_may_hold_anything_and_zombies_do_not_live() {
        let named = |name: &str| Some(Process { pid: 70, name: name.to_owned() });
        assert_eq!(living_in("70 (sh) 2 (x) S 12 70 70 0 -1", 70), named("sh) 2 (x"));
        assert_eq!(living_in("70 (sh) Z 12 70 70 0 -1", 70), None);
        assert_eq!(living_in("70 (sh) S 12 71 70 0 -1", 70), None);
        assert_eq!(living_in("", 70), None);
    }

    #[test]
    fn a_route_leads_out_or_not() {
        let head = "Iface\tDestination\tGateway\n";
        assert!(leads_out(&format!("{head}eth0\t00000000\t010011AC\n"), ""));
        assert!(!leads_out(head, ""));
        assert!(!leads_out(&format!("{head}lo\t0000007F\t00000000\n"), ""));
        let zeros = "0".repeat(32);
        let six = |name: &str| {
            format!("{zeros} 00 {zeros} 00 {zeros} ffffffff 00000001 00000000 00200200       {name}\n")
        };
        assert!(!leads_out(head, &six("lo")) && leads_out(head, &six("eth0")));
    }
}
