//! The code of a snapshot: programs, instances without their contents, host functions by name.

use super::load::Loading;
use crate::bytes::Reader;
use crate::bytes::SnapshotError;
use crate::runtime::cost;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::instance::Instance;
use minivm_isa::program::FunctionDef;
use minivm_isa::verify::Verified;
use minivm_isa::{binary, verify};
use std::collections::HashMap;
use std::rc::Rc;

/// More is not charged for the code of one function.
const CODE_BYTES_MAX: u64 = 1 << 40;
/// Bytes of a program's hash.
const HASH_BYTES: usize = 16;

/// A hash of a program.
pub type ProgramHash = [u8; HASH_BYTES];

/// A hash of a program's binary form: two FNV-1a hashes from different starts. It finds the program that a snapshot was
/// made with; whatever program is found, the state is checked against it.
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
    pub(crate) fn code(&mut self, code: &[u8], instances: &[u8], known: &[Rc<Verified>]) -> Result<(), SnapshotError> {
        let mut from = Reader::new(code, "programs");
        let count = from.count()?;
        let mut programs = Vec::with_capacity(count);
        for index in 0..count {
            programs.push(program(&mut from, index, known)?);
        }
        from.end()?;
        let mut from = Reader::new(instances, "instances");
        let mut slots = Vec::new();
        for _ in 0..from.count()? {
            if !from.flag()? {
                slots.push(None);
                continue;
            }
            let program = from.size()?;
            let program = programs.get(program).ok_or_else(|| from.damaged("there is no such program"))?;
            slots.push(Some(self.instance_of(program.clone(), &mut from)?));
        }
        self.cx.instances.set(slots);
        from.end()
    }

    /// Makes an instance with its functions; everything else is read later.
    fn instance_of(&mut self, program: Rc<Verified>, from: &mut Reader<'_>) -> Result<Box<Instance>, SnapshotError> {
        let held = self.cx.heap.budget().hold(cost::instance_bytes(&program));
        let held = held.map_err(|_| SnapshotError::OutOfMemory)?;
        let is_pinned = from.flag()?;
        let mut instance = Instance::new(self.cx, program.clone(), held, is_pinned);
        let address: *const Instance = &raw const *instance;
        for (index, function) in program.functions.iter() {
            let number = instance.signature_number(function.signature());
            instance.functions.push(match function {
                FunctionDef::Import { .. } => None,
                FunctionDef::Code(code) => Some(FunctionInfo::guest(
                    address,
                    index,
                    &program.signatures[code.signature],
                    number,
                    &self.cx.places,
                )),
            });
        }
        for info in instance.functions.iter().flatten() {
            let charged = from.number()?;
            if charged > CODE_BYTES_MAX {
                return Err(from.damaged("more is charged for code than there can be"));
            }
            if let Body::Guest(guest) = &info.body
                && charged > 0
            {
                guest.charge(charged);
            }
        }
        Ok(instance)
    }

    /// Finds the host functions that the snapshot names.
    pub(crate) fn find_hosts(&mut self, hosts: &[u8]) -> Result<(), SnapshotError> {
        let mut by_name: HashMap<&str, Vec<*const FunctionInfo>> = HashMap::new();
        for info in &self.cx.host_functions {
            if let Body::Host(host) = &info.body {
                by_name.entry(&host.name).or_default().push(&raw const **info);
            }
        }
        let mut from = Reader::new(hosts, "host functions");
        for _ in 0..from.count()? {
            let name = from.text()?;
            let ordinal = from.size()?;
            let found = by_name.get(name).and_then(|functions| functions.get(ordinal));
            let Some(&found) = found else {
                return Err(SnapshotError::Missing(format!("there is no host function '{name}'")));
            };
            self.hosts.push(found);
        }
        from.end()
    }
}

fn program(from: &mut Reader<'_>, index: usize, known: &[Rc<Verified>]) -> Result<Rc<Verified>, SnapshotError> {
    match from.byte()? {
        0 => {
            let bytes = from.block()?;
            let program = binary::decode(bytes).map_err(|error| from.damaged(&error.to_string()))?;
            let program = verify(program).map_err(|rejections| {
                let first = rejections.first().map(ToString::to_string).unwrap_or_default();
                from.damaged(&format!("a program is not valid: {first}"))
            })?;
            Ok(Rc::new(program))
        }
        1 => {
            let wanted = from.raw(HASH_BYTES)?;
            let found = known.iter().find(|program| program_hash(program) == *wanted);
            found.cloned().ok_or_else(|| SnapshotError::Missing("a program that the snapshot names by its hash".into()))
        }
        2 => known.get(index).cloned().ok_or_else(|| from.damaged("it shares a program that is not there")),
        _ => Err(from.damaged("a program is of no known form")),
    }
}
