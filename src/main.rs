//! Parses what was typed, makes the world, runs the verb, and turns the result into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    infractl::start()
}
