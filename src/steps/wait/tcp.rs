//! Does a port accept a connection?

use std::time::Duration;

use super::{Answer, Probed};
use crate::net::connect::{connect, host_and_port};

/// One try.
pub(super) async fn probe(address: &str, each: Duration) -> Probed {
    let Some((host, port)) = host_and_port(address) else {
        return Probed::Never(Answer::new(format!("`{address}` is no address"), "write it as `host:port`"));
    };
    match connect(host, port, each).await {
        Ok(_) => Probed::Good(format!("{address} accepts connections")),
        Err(answer) => Probed::NotYet(answer),
    }
}
