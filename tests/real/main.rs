//! Against the real programs. `tests/run` installs and starts them and says where they are in `INFRACTL_TEST_*`;
//! a test whose program is not there is a skip that is printed, and a failure when `CI` is set.
#![expect(clippy::unwrap_used, reason = "all of this crate is tests")]
#![expect(clippy::print_stdout, reason = "tests say what they skip")]
#![expect(clippy::disallowed_methods, reason = "these tests drive other programs and write files by hand")]

#[path = "../common/mod.rs"]
mod common;

mod ansible;
mod aws_etl;
mod bootstrap;
mod caddy;
mod ci;
mod ci_install;
mod compose;
mod containers;
mod cluster;
mod copy;
mod database;
mod counted_aws;
mod deployments;
mod docker;
mod dotenv;
mod devops;
mod drift;
mod editors;
mod ecs;
mod ecs_crash;
mod ecs_faults;
mod ecs_service;
mod ecs_service_faults;
mod forge;
mod found;
mod helm;
mod images;
mod inventory;
mod kube;
mod kubernetes;
mod kubernetes_waits;
mod argocd;
mod lab;
mod locks;
mod logins;
mod logs;
mod machine;
mod monitoring;
mod needs;
mod openstack;
mod ovh;
mod pages;
mod power;
mod promote;
mod providers;
mod publish;
mod publish_gitlab;
mod push;
mod push_cut;
mod refusals;
mod roles;
mod run;
mod scripts;
mod silence;
mod sops;
mod site;
mod snapshots;
mod snapshots_aws;
mod snapshots_clouds;
mod ssh;
mod state;
mod store;
mod traffic;
mod ttl;
mod values;
mod waits;
