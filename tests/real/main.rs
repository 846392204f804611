//! Against the real programs. `tests/run` installs and starts them and says where they are in `INFRACTL_TEST_*`;
//! a test whose program is not there is a skip that is printed, and a failure when `CI` is set.

mod dotenv;
mod support;
