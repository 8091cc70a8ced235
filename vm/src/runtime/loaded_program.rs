//! Programs as a machine holds them: the code with its types, which all instances share.

use crate::heap::OutOfMemory;
use crate::memory::{Held, MemoryBudget};
use crate::runtime::context::{Context, LOADS_MIN};
use crate::runtime::cost;
use crate::runtime::program_types::ProgramTypes;
use minivm_isa::Exhausted;
use minivm_isa::entities::Func;
use minivm_isa::program::FunctionDef;
use minivm_isa::size::function_bytes;
use minivm_isa::verify::Verified;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::rc::{Rc, Weak};
use std::sync::Arc;

/// A program in a machine. It is charged for once, however many instances there are.
pub(crate) struct LoadedProgram {
    code: Arc<Verified>,
    /// Its types as the machine knows them.
    pub(crate) types: Rc<ProgramTypes>,
    held: Held,
    /// Functions that are made later and have run in this machine: they are charged for, whoever has made them.
    made: RefCell<HashSet<Func>>,
}

impl LoadedProgram {
    /// The program, which other machines may share.
    pub(crate) fn code(&self) -> &Arc<Verified> {
        &self.code
    }

    /// Makes a function that is made later, and charges for it.
    ///
    /// # Errors
    /// When the limit does not allow it.
    pub(crate) fn make(&self, number: Func, budget: &MemoryBudget) -> Result<(), OutOfMemory> {
        let FunctionDef::Code(code) = &self.code.functions[number] else { return Ok(()) };
        if code.maker().is_none() || self.made.borrow().contains(&number) {
            return Ok(());
        }
        let refused = |exhausted: Exhausted| OutOfMemory { bytes: exhausted.bytes as usize };
        let mut allowance = cost::making_allowance(budget);
        let made = code.make(&mut allowance).map(function_bytes);
        budget.note(&allowance);
        let bytes = made.map_err(refused)?;
        // Another machine may have made it.
        cost::making_allowance(budget).touch(bytes).map_err(refused)?;
        self.held.grow_unchecked(bytes);
        self.made.borrow_mut().insert(number);
        Ok(())
    }
}

/// A program that a machine has loaded, to make instances of: they share its code. It is a handle, and charged for as long as one
/// of the handles or an instance is there.
#[derive(Clone)]
pub struct ProgramHandle(pub(crate) Rc<LoadedProgram>);

// SAFETY: only raw code has handles, and keeps to the contract of `crate::raw`: they are used on the thread that their machine is
// on (6), so counts are never touched from two.
unsafe impl Send for ProgramHandle {}

impl ProgramHandle {
    /// The program.
    pub fn program(&self) -> &Verified {
        &self.0
    }
}

impl Deref for LoadedProgram {
    type Target = Verified;

    fn deref(&self) -> &Verified {
        &self.code
    }
}

/// What a machine knows of the programs that it has loaded.
pub(crate) struct LoadedPrograms {
    /// Instances that may be made before a full collection is worth its time.
    pub(crate) until_collection: usize,
    /// The types of those that somebody still has.
    pub(crate) types: Vec<Weak<ProgramTypes>>,
    /// Those that may be instantiated again, by where their code is.
    known: HashMap<*const Verified, Weak<LoadedProgram>>,
    /// Entries at which those are looked for whose program is gone.
    pruned_at: usize,
}

impl Default for LoadedPrograms {
    fn default() -> Self {
        let (types, known) = (Vec::new(), HashMap::new());
        LoadedPrograms { until_collection: LOADS_MIN, types, known, pruned_at: 0 }
    }
}

impl LoadedPrograms {
    /// Entries that are not worth looking through.
    const KEPT_MIN: usize = 64;

    fn get(&self, code: &Arc<Verified>) -> Option<Rc<LoadedProgram>> {
        // A program that lives keeps its code, so that no other one has that address.
        self.known.get(&Arc::as_ptr(code)).and_then(Weak::upgrade)
    }

    fn add(&mut self, program: &Rc<LoadedProgram>) {
        if self.known.len() >= self.pruned_at {
            self.known.retain(|_, program| program.strong_count() > 0);
            self.pruned_at = (2 * self.known.len()).max(Self::KEPT_MIN);
        }
        self.known.insert(Arc::as_ptr(&program.code), Rc::downgrade(program));
    }
}

impl Context {
    /// A program for instances: the one that is there already, if this very code was loaded before.
    ///
    /// # Errors
    /// When the limit does not allow it.
    pub(crate) fn loaded_program(&mut self, code: Arc<Verified>) -> Result<Rc<LoadedProgram>, OutOfMemory> {
        if let Some(known) = self.loaded_programs.get(&code) {
            return Ok(known);
        }
        let held = self.heap.budget().hold(cost::loaded_bytes(&code))?;
        let types = ProgramTypes::of(self, &code);
        // Code that nobody else has cannot come again.
        let is_shared = Arc::strong_count(&code) > 1;
        let program = Rc::new(LoadedProgram { code, types, held, made: RefCell::default() });
        if is_shared {
            self.loaded_programs.add(&program);
        }
        Ok(program)
    }
}
