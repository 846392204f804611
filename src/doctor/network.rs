//! Is there any way out of this machine? Read from the kernel's own tables: nobody is asked.

use crate::disk;

/// Whether there is a route to anywhere else.
pub(crate) fn is_there() -> bool {
    let read = |path: &str| disk::read_lossy_if_there(path.as_ref()).ok().flatten();
    // Where these are not, somebody else has to find out.
    let Some(four) = read("/proc/net/route") else { return true };
    leads_out(&four, &read("/proc/net/ipv6_route").unwrap_or_default())
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
    use super::leads_out;

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
