//! What is said behind a subcommand.

/// The options of all subcommands.
pub(crate) struct Options {
    pub(crate) count: u64,
    pub(crate) seed: u64,
    /// The first number.
    pub(crate) from: u64,
    /// The only number.
    pub(crate) only: Option<u64>,
    /// Only numbers that are multiples of this.
    pub(crate) every: u64,
    /// Whether each is to be short.
    pub(crate) short: bool,
    /// Set for a process that another one has started to do the work.
    pub(crate) worker: bool,
}

impl Options {
    /// Parses them.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options =
            Options { count: 10_000, seed: 1, from: 0, only: None, every: 1, short: false, worker: false };
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let text = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
                text.parse().map_err(|_| format!("{text} is not a number"))
            };
            match argument.as_str() {
                "--count" => options.count = number()?,
                "--seed" => options.seed = number()?,
                "--from" => options.from = number()?,
                "--only" => options.only = Some(number()?),
                "--every" => options.every = number()?.max(1),
                "--short" => options.short = true,
                "--worker" => options.worker = true,
                other => return Err(format!("there is no option {other}")),
            }
        }
        Ok(options)
    }
}
