//! The types of programs as the machine knows them, and which of these are needed no more.
//!
//! Who names a type by its number keeps it: functions and code by their instance, globals and tables by themselves, objects by an
//! instance that has their layout, bridges as long as a closure of one is alive.

use crate::runtime::context::Context;
use crate::runtime::declared::DeclaredTypes;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::layouts::{Layouts, MachineLayout, machine_signature};
use crate::runtime::signatures::Signatures;
use crate::threaded::boundary::BoundarySignature;
use minivm_isa::entities::Sig;
use minivm_isa::program::{Described, Program};
use minivm_isa::verify::Verified;
use minivm_isa::{Signature, Type, steps};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

/// The types of a program as the machine knows them, which all its instances share.
pub(crate) struct ProgramTypes {
    /// The machine's number of each signature, and the words that its parameters or its results take, whichever are more.
    pub(crate) signatures: Box<[(u32, u32)]>,
    /// What calls of functions of each signature over a boundary need to know.
    boundaries: Box<[BoundarySignature]>,
    /// The machine's number of each declared type.
    pub(crate) declared: Box<[u32]>,
    pub(crate) layouts: Box<[Rc<MachineLayout>]>,
    /// Signatures and layouts without declared types, of which the declared types are made.
    parts: (Box<[u32]>, Box<[u32]>),
}

impl ProgramTypes {
    /// Those of a program.
    pub(crate) fn of(cx: &mut Context, program: &Verified) -> Rc<Self> {
        let mut layouts = cx.layouts.intern(program);
        let plain: HashMap<Sig, u32> = plain_signatures(cx, program, &layouts);
        let plain_layouts: Box<[u32]> = layouts.iter().map(|layout| layout.number).collect();
        let declared = cx.types.intern(program, |described| match described {
            Described::Nothing => 0,
            Described::Signature(number) => u64::from(plain[&number]),
            Described::Layout(layout) => u64::from(layouts[layout.as_u32() as usize].number),
        });
        let mut described: HashMap<Sig, u32> = HashMap::new();
        for (&number, ty) in declared.iter().zip(program.types.values()) {
            match ty.describes {
                Described::Nothing => {}
                Described::Signature(signature) => drop(described.insert(signature, number)),
                Described::Layout(layout) => {
                    let place = &mut layouts[layout.as_u32() as usize];
                    *place = cx.layouts.described(program, layout, place.number, number);
                }
            }
        }
        let words = |types: &[Type]| types.iter().map(|ty| ty.words()).sum::<u32>();
        let signature = |(number, signature): (Sig, &Signature)| {
            steps::count(1 + signature.params.len() + signature.results.len());
            let ty = described.get(&number).copied();
            let number = cx.signature_number(machine_signature(&layouts, signature), ty);
            (number, words(&signature.params).max(words(&signature.results)))
        };
        let signatures = program.signatures.iter().map(signature).collect();
        let boundary = |signature: &Signature| BoundarySignature::of_typed(signature, &cx.return_stubs);
        let boundaries = program.signatures.values().map(boundary).collect();
        let parts = (plain.into_values().collect(), plain_layouts);
        let types =
            Rc::new(ProgramTypes { signatures, boundaries, declared: declared.into(), layouts: layouts.into(), parts });
        cx.loaded_programs.types.push(Rc::downgrade(&types));
        types
    }

    /// What calls of functions of a signature over a boundary need to know.
    pub(crate) fn boundary(&self, signature: Sig) -> &BoundarySignature {
        &self.boundaries[signature.as_u32() as usize]
    }

    /// Notes that an instance has the layouts, where no other one is known to.
    pub(crate) fn hold_layouts(&self, instance: u32) {
        for layout in &self.layouts {
            let holder = layout.holder.get();
            layout.holder.set(holder.min(instance));
        }
    }

    /// Forgets which instances have the layouts.
    pub(crate) fn release_layouts(&self) {
        for layout in &self.layouts {
            layout.holder.set(u32::MAX);
        }
    }
}

/// The machine's numbers of the signatures that declared types describe, as if they had no types.
fn plain_signatures(cx: &mut Context, program: &Program, layouts: &[Rc<MachineLayout>]) -> HashMap<Sig, u32> {
    let mut signatures = HashMap::new();
    for ty in program.types.values() {
        if let Described::Signature(number) = ty.describes {
            let signature = machine_signature(layouts, &program.signatures[number]);
            signatures.insert(number, cx.signature_number(signature, None));
        }
    }
    signatures
}

/// A set of the machine's numbers.
#[derive(Default)]
pub(crate) struct NumberSet(Vec<bool>);

impl NumberSet {
    fn add(&mut self, number: u32) {
        let index = number as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, false);
        }
        self.0[index] = true;
    }

    /// Whether a number is in the set.
    pub(crate) fn has(&self, number: u32) -> bool {
        self.0.get(number as usize).copied().unwrap_or(false)
    }
}

/// Gives the memory of a table by number back behind the last number in use, where that is worth it.
pub(crate) fn shrink<T>(all: &mut Vec<Option<T>>) {
    let used = all.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    all.truncate(used);
    if all.capacity() > 2 * used + SLOTS_KEPT {
        all.shrink_to(used);
    }
}

/// Slots whose memory is not worth giving back.
const SLOTS_KEPT: usize = 1024;

/// The machine's tables of types. Holds pointers, as the heap of the same context is lent to the collector meanwhile.
pub(super) struct TypeTables {
    signatures: *mut Signatures,
    layouts: *mut Layouts,
    declared: *mut DeclaredTypes,
    programs: *mut Vec<Weak<ProgramTypes>>,
    bridges: *mut HashMap<u32, Box<FunctionInfo>>,
}

impl TypeTables {
    pub(super) fn new(cx: &mut Context) -> Self {
        TypeTables {
            signatures: &raw mut cx.signatures,
            layouts: &raw mut cx.layouts,
            declared: &raw mut cx.types,
            programs: &raw mut cx.loaded_programs.types,
            bridges: &raw mut cx.bridges,
        }
    }

    /// The instance that keeps the layout of an object.
    ///
    /// # Safety
    /// The context lives, and nothing of this is borrowed.
    pub(super) unsafe fn holder(&self, layout: u32) -> Option<u32> {
        // SAFETY: as the caller promises.
        unsafe { (*self.layouts).get(layout) }.map(|layout| layout.holder.get())
    }

    /// Lets the types go that nobody names any more, after a cycle of the collector that has found all bridges that are alive.
    ///
    /// # Safety
    /// As for [`holder`](Self::holder); instances that are dead are gone.
    pub(super) unsafe fn retain_live(&self, cycle: u64) {
        // SAFETY: as the caller promises.
        let (programs, bridges) = unsafe { (&mut *self.programs, &mut *self.bridges) };
        let is_alive = |info: &FunctionInfo| match &info.body {
            Body::Bridge(bridge) => bridge.seen_in.get() == cycle,
            Body::Guest(_) | Body::Host(_) => true,
        };
        let count = programs.len() + bridges.len();
        programs.retain(|program| program.strong_count() > 0);
        bridges.retain(|_, info| is_alive(info));
        if programs.len() + bridges.len() == count {
            return;
        }
        let (mut signatures, mut layouts, mut declared) =
            (NumberSet::default(), NumberSet::default(), NumberSet::default());
        for program in programs.iter().filter_map(Weak::upgrade) {
            program.signatures.iter().for_each(|&(number, _)| signatures.add_signature(number));
            program.parts.0.iter().for_each(|&number| signatures.add_signature(number));
            program.layouts.iter().for_each(|layout| layouts.add(layout.number));
            program.parts.1.iter().for_each(|&number| layouts.add(number));
            program.declared.iter().for_each(|&number| declared.add(number));
        }
        bridges.keys().for_each(|&number| signatures.add_signature(number));
        // SAFETY: as the caller promises.
        unsafe {
            (*self.signatures).retain(&signatures);
            (*self.layouts).retain(&layouts);
            (*self.declared).retain(&declared);
        }
    }
}

impl NumberSet {
    /// Adds the number of a signature; those that are not typed have none.
    fn add_signature(&mut self, number: u32) {
        if number != crate::runtime::context::NO_SIGNATURE {
            self.add(number);
        }
    }
}
