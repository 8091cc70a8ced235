//! What is looked up in a portable function when something goes wrong or is looked at: regions around an instruction, variables
//! in scope. Made when it is first needed.

use minivm_isa::entities::{Block, Reg};
use minivm_isa::local_index::LocalIndex;
use minivm_isa::program::{Function, Region, RegionKind};
use minivm_isa::regions::RegionTree;
use minivm_isa::steps;

/// Which regions catch an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Catches {
    /// None: only clean-ups run.
    Nothing,
    /// Those that catch all errors.
    Errors,
    /// Those, and the ones that catch exceptions.
    Exceptions,
}

/// The look-ups of one function.
pub(crate) struct Lookups {
    locals: LocalIndex,
    /// None where there are no regions.
    regions: Option<Regions>,
}

struct Regions {
    tree: RegionTree,
    /// For each region the innermost one that catches among it and those around it, and the innermost one that cleans up.
    catching: Vec<Option<usize>>,
    /// As `catching`, with those that catch exceptions only.
    catching_exceptions: Vec<Option<usize>>,
    cleaning: Vec<Option<usize>>,
    /// Error registers and handlers of those that clean up, ascending.
    cleanup_errors: Vec<Reg>,
    cleanup_handlers: Vec<Block>,
}

impl Lookups {
    /// The look-ups of a verified function.
    pub(crate) fn new(function: &Function) -> Box<Self> {
        Box::new(Lookups { locals: LocalIndex::new(function), regions: Regions::new(function) })
    }

    /// The variables in scope at an instruction, as places in the list of the function, ascending.
    pub(crate) fn locals_at(&self, instruction: usize) -> Vec<usize> {
        self.locals.at(instruction)
    }

    /// The innermost region around a block if it cleans up, and the innermost one that catches.
    pub(crate) fn regions_at<'f>(
        &self,
        function: &'f Function,
        block: Block,
        catches: Catches,
    ) -> (Option<&'f Region>, Option<&'f Region>) {
        let Some((regions, innermost)) =
            self.regions.as_ref().and_then(|regions| Some((regions, regions.tree.innermost(block)?)))
        else {
            return (None, None);
        };
        let region = |index: usize| &function.regions[index];
        let cleanup = |catching: Option<usize>| {
            // Regions that do not catch this error do not shield one around them that cleans up.
            let cleaning = regions.cleaning[innermost];
            cleaning.filter(|&cleaning| catching.is_none_or(|catching| cleaning < catching)).map(region)
        };
        match catches {
            Catches::Nothing => (cleanup(None), None),
            Catches::Errors => (cleanup(regions.catching[innermost]), regions.catching[innermost].map(region)),
            Catches::Exceptions => {
                let catching = regions.catching_exceptions[innermost];
                (cleanup(catching), catching.map(region))
            }
        }
    }

    /// Whether a register holds the error that a region cleans up after.
    pub(crate) fn is_cleanup_error(&self, register: Reg) -> bool {
        self.regions.as_ref().is_some_and(|regions| regions.cleanup_errors.binary_search(&register).is_ok())
    }

    /// Whether a block is the handler of a region that cleans up.
    pub(crate) fn is_cleanup_handler(&self, block: Block) -> bool {
        self.regions.as_ref().is_some_and(|regions| regions.cleanup_handlers.binary_search(&block).is_ok())
    }
}

impl Regions {
    fn new(function: &Function) -> Option<Self> {
        if function.regions.is_empty() {
            return None;
        }
        steps::count(function.regions.len());
        let tree = RegionTree::new(function).ok()?;
        let (mut catching, mut cleaning) = (vec![None; function.regions.len()], vec![None; function.regions.len()]);
        let mut catching_exceptions = vec![None; function.regions.len()];
        // Outer regions stand after inner ones.
        for (index, region) in function.regions.iter().enumerate().rev() {
            if let Some(parent) = tree.parent(index) {
                (catching[index], cleaning[index]) = (catching[parent], cleaning[parent]);
                catching_exceptions[index] = catching_exceptions[parent];
            }
            match region.kind {
                RegionKind::Catch => {
                    catching[index] = Some(index);
                    catching_exceptions[index] = Some(index);
                }
                RegionKind::Exception => catching_exceptions[index] = Some(index),
                RegionKind::Cleanup => cleaning[index] = Some(index),
            }
        }
        let cleanups = || function.regions.iter().filter(|region| region.kind == RegionKind::Cleanup);
        let mut cleanup_errors: Vec<Reg> = cleanups().map(|region| region.error).collect();
        let mut cleanup_handlers: Vec<Block> = cleanups().map(|region| region.handler).collect();
        cleanup_errors.sort_unstable();
        cleanup_handlers.sort_unstable();
        Some(Regions { tree, catching, catching_exceptions, cleaning, cleanup_errors, cleanup_handlers })
    }
}
