//! State of the libraries beside the heap: the host, streams, random numbers, compiled patterns.

use super::algorithms::pattern_cache::PatternCache;
use super::algorithms::random::Random;
use super::host::{LuaHost, NoHost, Standard};
use super::snapshots::SavedFiles;
use super::stream::{Buffering, Stream};
use crate::codegen::Compilation;
use minivm::raw::HostCall;

/// What `collectgarbage` says the collector does. The machine has one way; programs may believe in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CollectorMode {
    Incremental,
    Generational,
}

/// The libraries' state in one machine.
pub(super) struct Library {
    pub(super) host: Box<dyn LuaHost>,
    pub(super) patterns: PatternCache,
    pub(super) random: Random,
    pub(super) mode: CollectorMode,
    pub(super) pause: i64,
    pub(super) step_multiplier: i64,
    pub(super) warnings: bool,
    /// What becomes of files that are open in a state which is loaded.
    pub(super) saved_files: SavedFiles,
    /// Whether chunks are compiled so that the debug library sees variables as they are; see [`crate::Options`].
    pub(super) exact_upvalues: bool,
    /// Chunks that are being compiled.
    pub(super) compilations: Vec<Compilation>,
    input: Stream,
    output: Stream,
    error: Stream,
}

impl Library {
    pub(super) fn new(mut host: Box<dyn LuaHost>) -> Self {
        let input = Stream::read_only(host.standard(Standard::Input));
        let mut stream = |standard| Stream::new(host.standard(standard));
        let (mut output, mut error) = (stream(Standard::Output), stream(Standard::Error));
        // As C has it. Nothing was written, so nothing can fail.
        let _ = error.set_buffering(Buffering::No);
        if host.is_terminal(Standard::Output) {
            let _ = output.set_buffering(Buffering::Line);
        }
        let (first, second) = host.seed();
        Self {
            host,
            patterns: PatternCache::default(),
            random: Random::seeded(first, second),
            // As the reference interpreter has it.
            mode: CollectorMode::Generational,
            pause: 200,
            step_multiplier: 100,
            warnings: false,
            saved_files: SavedFiles::default(),
            exact_upvalues: false,
            compilations: Vec::new(),
            input,
            output,
            error,
        }
    }

    /// A standard stream. Before a person is waited for, what was printed is shown.
    pub(super) fn standard(&mut self, stream: Standard) -> &mut Stream {
        match stream {
            Standard::Input => {
                if self.output.buffering() == Buffering::Line && self.input.is_drained() {
                    // If the output is gone, the program learns it when it writes.
                    let _ = self.output.flush();
                }
                &mut self.input
            }
            Standard::Output => &mut self.output,
            Standard::Error => &mut self.error,
        }
    }
}

impl Default for Library {
    fn default() -> Self {
        Self::new(Box::new(NoHost))
    }
}

/// The libraries' state of the machine that runs.
pub(super) fn library<'c>(call: &'c mut HostCall<'_>) -> &'c mut Library {
    call.host_state().get::<Library>()
}
