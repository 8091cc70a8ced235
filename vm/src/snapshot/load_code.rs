//! The code of a snapshot: programs, instances without their contents, host functions by name.

use super::load::Loading;
use crate::bytes::Reader;
use crate::bytes::SnapshotError;
use crate::memory::MemoryBudget;
use crate::runtime::cost;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::instance::Instance;
use crate::runtime::layouts::{MachineLayout, machine_type};
use crate::runtime::loaded_program::LoadedProgram;
use minivm_isa::program::Program;
use minivm_isa::verify::Verified;
use minivm_isa::{Type, binary, verify};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// More is not charged for the code of one function.
const CODE_BYTES_MAX: u64 = 1 << 40;
/// Bytes of a program's hash.
const HASH_BYTES: usize = 16;
/// Bytes that a number of an instance takes which is not in use.
const SLOT_BYTES: u64 = 2 * size_of::<usize>() as u64;

/// A hash of a program.
pub type ProgramHash = [u8; HASH_BYTES];

/// A hash of a program's binary form, of all sections that `encode` writes, those with names and positions too: two FNV-1a hashes
/// from different starts. It finds the program that a snapshot was made with; whatever program is found, the state is checked
/// against it.
pub fn program_hash(program: &Verified) -> ProgramHash {
    let bytes = binary::encode(program);
    let fnv = |start: u64| {
        bytes.iter().fold(start, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    let mut hash = [0; HASH_BYTES];
    hash[..8].copy_from_slice(&fnv(0xcbf2_9ce4_8422_2325).to_le_bytes());
    hash[8..].copy_from_slice(&fnv(0x6c62_272e_07bb_0142).to_le_bytes());
    hash
}

impl Loading<'_> {
    /// Reads all programs.
    pub(crate) fn programs(
        &mut self,
        from: &mut Reader<'_>,
        known: &[Arc<Verified>],
    ) -> Result<Vec<Rc<LoadedProgram>>, SnapshotError> {
        let hashes: HashMap<ProgramHash, usize> = match from.left() {
            // Only programs by their hashes are looked for.
            0 => HashMap::new(),
            _ => known.iter().enumerate().map(|(index, program)| (program_hash(program), index)).collect(),
        };
        let mut programs = Vec::new();
        for index in 0..from.count()? {
            from.label("program");
            let program = program(from, index, (known, &hashes), self.cx.heap.budget())?;
            let program = self.cx.loaded_program(program)?;
            self.note_references(&program, &program.types.layouts);
            programs.push(program);
        }
        from.end()?;
        Ok(programs)
    }

    /// Notes the types of the references in objects of each layout.
    fn note_references(&mut self, program: &Verified, layouts: &[Rc<MachineLayout>]) {
        self.references.resize(self.cx.layouts.len(), Box::default());
        for (layout, definition) in layouts.iter().zip(program.layouts.values()) {
            let types = definition.storages().iter().map(|storage| machine_type(layouts, storage.register_type()));
            let is_reference = |ty: &Type| matches!(ty, Type::Cell | Type::Ref(_));
            self.references[layout.number as usize] = types.filter(is_reference).collect();
        }
    }

    /// Makes all instances with their functions; everything else is read later, from so many bytes.
    pub(crate) fn instances(&mut self, mut machine_bytes: u64, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let mut slots = Vec::new();
        for _ in 0..from.count()? {
            from.label("instance");
            self.hold_lasting(SLOT_BYTES)?;
            if !from.flag()? {
                slots.push(None);
                continue;
            }
            let program = from.size()?;
            let program = self.programs.get(program).cloned().ok_or_else(|| from.damaged("unknown program"))?;
            // Each thing that an instance has takes a byte there at least.
            let left = machine_bytes.checked_sub(items(&program));
            machine_bytes = left.ok_or_else(|| from.damaged("an instance has more items than its program"))?;
            slots.push(Some(self.instance_of(&program, from)?));
        }
        self.cx.instances.set(slots);
        from.end()
    }

    /// Makes an instance with its functions; everything else is read later.
    fn instance_of(
        &mut self,
        program: &Rc<LoadedProgram>,
        from: &mut Reader<'_>,
    ) -> Result<Box<Instance>, SnapshotError> {
        let held = self.cx.heap.budget().hold(cost::instance_bytes(program))?;
        let is_pinned = from.flag()?;
        let instance = Instance::new(program.clone(), held, is_pinned);
        for function in program.functions.keys() {
            // A function that was needed has one more than it is charged for its code.
            let Some(charged) = from.number()?.checked_sub(1) else { continue };
            if charged > CODE_BYTES_MAX || instance.is_import(function) {
                return Err(from.damaged("bytes charged for code out of range"));
            }
            if let Body::Guest(guest) = &instance.function_info(function).body {
                guest.charge(charged);
                // It had code, which is made of its bytecode.
                if charged > 0 {
                    guest.make_portable(self.cx.heap.budget())?;
                }
            }
        }
        if self.cx.heap.is_over_limit() {
            return Err(SnapshotError::OutOfMemory);
        }
        Ok(instance)
    }

    /// Finds the host functions that the snapshot names.
    pub(crate) fn find_hosts(&mut self, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let mut by_name: HashMap<String, Vec<*const FunctionInfo>> = HashMap::new();
        for info in &self.cx.host_functions {
            if let Body::Host(host) = &info.body {
                by_name.entry(host.name.clone()).or_default().push(&raw const **info);
            }
        }
        let (mut met, stands_in) = (HashSet::new(), self.codecs.stands_in);
        for _ in 0..from.count()? {
            from.label("host function");
            let name = from.text()?;
            let ordinal = from.size()?;
            let found = by_name.get(name.as_str()).and_then(|functions| functions.get(ordinal)).copied();
            let stand_in = (found.is_none() && stands_in).then(|| self.cx.stand_in(name.clone()));
            let Some(found) = found.or(stand_in) else {
                return Err(SnapshotError::Missing(format!("there is no host function '{name}'")));
            };
            if !met.insert(found) {
                return Err(from.damaged("two host functions share a name"));
            }
            self.hosts.push(found);
        }
        from.end()
    }
}

/// How many things an instance of a program has of its own.
fn items(program: &Program) -> u64 {
    let counts = [
        program.functions.len(),
        program.globals.len(),
        program.memories.len(),
        program.tables.len(),
        program.data.len(),
        program.elements.len(),
    ];
    counts.iter().map(|&count| count as u64).sum()
}

fn program(
    from: &mut Reader<'_>,
    index: usize,
    (known, hashes): (&[Arc<Verified>], &HashMap<ProgramHash, usize>),
    budget: &MemoryBudget,
) -> Result<Arc<Verified>, SnapshotError> {
    match from.byte()? {
        0 => {
            let length = from.length()?;
            let _held = budget.hold(length as u64)?;
            let mut allowance = budget.allowance();
            let decoded = binary::decode_within(from.raw(length)?, &mut allowance);
            budget.note(&allowance);
            let program = match decoded {
                Ok(program) => program,
                Err(_) if allowance.is_exhausted() => return Err(SnapshotError::OutOfMemory),
                Err(error) => return Err(from.damaged(&error.to_string())),
            };
            let program = verify(program).map_err(|rejections| {
                let first = rejections.first().map(ToString::to_string).unwrap_or_default();
                from.damaged(&format!("a program is not valid: {first}"))
            })?;
            Ok(Arc::new(program))
        }
        1 => {
            let wanted: ProgramHash = from.raw(HASH_BYTES)?.try_into().expect("so many bytes were taken");
            let found = hashes.get(&wanted).map(|&index| known[index].clone());
            found.ok_or_else(|| SnapshotError::Missing("a program that the snapshot names by its hash".into()))
        }
        2 => known.get(index).cloned().ok_or_else(|| from.damaged("a shared program is missing")),
        _ => Err(from.damaged("unknown form of program")),
    }
}
