//! Which verbs the history has also when they end before their pipeline begins.

use super::Command;

impl Command {
    /// The verb, if it changes or previews something: the history has it also when it ends before its pipeline begins.
    pub fn kept_as(&self) -> Option<&str> {
        let (verb, prints) = match self {
            Command::Apply(args) => ("apply", args.part.print),
            Command::Build(args) => ("build", args.part.print),
            Command::Deploy(args) => ("deploy", args.part.print),
            Command::Destroy(args) => ("destroy", args.part.print),
            Command::Down(args) => ("down", args.part.print),
            Command::Genenv(args) => ("genenv", !args.writes()),
            Command::Init(args) => ("init", args.part.print),
            Command::Inventory(args) => ("inventory", !args.writes()),
            Command::Own(args) => (args.name.as_str(), args.part.print),
            Command::Pipeline(args) => (args.words.last()?.as_str(), args.part.print),
            Command::Plan(args) => ("plan", args.part.print),
            Command::Refresh(args) => ("refresh", args.part.print),
            Command::Start(args) => ("start", args.part.print),
            Command::Stop(args) => ("stop", args.part.print),
            Command::Up(args) => ("up", args.part.print),
            _ => return None,
        };
        (!prints).then_some(verb)
    }
}
