//! A program that is being loaded for another one: a host object in the loader's frame, which travels in snapshots.

use crate::imports::{Wanted, modules, wanted};
use minivm::raw::heap::{HostObject, Marker, OutOfMemory};
use minivm::raw::memory::{Held, MemoryBudget};
use minivm::raw::{InstanceId, Machine, ObjectCodec, ObjectHandles, SnapshotError};
use minivm_isa::size::program_bytes;
use minivm_isa::{Verified, binary, verify};
use std::any::Any;

/// What such objects are called.
const KIND: &str = "wasm.pending";

/// A program on its way.
pub(crate) struct Pending {
    /// How errors call it.
    pub(crate) source: String,
    /// The program, until it is linked, and what it is charged for.
    pub(crate) program: Option<Verified>,
    pub(crate) held: Option<Held>,
    /// What it imports, until it is linked.
    pub(crate) wanted: Vec<Wanted>,
    /// The modules that it imports from.
    pub(crate) modules: Vec<String>,
    /// The linked program, which this keeps: what is made of it does so later.
    pub(crate) instance: Option<InstanceId>,
}

impl Pending {
    /// A program whose modules are yet to be found.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn new(source: String, program: Verified, budget: &MemoryBudget) -> Result<Self, OutOfMemory> {
        let held = Some(budget.hold(program_bytes(&program))?);
        let wanted = wanted(&program);
        let modules = modules(&wanted);
        Ok(Pending { source, program: Some(program), held, wanted, modules, instance: None })
    }

    /// How it was called, a zero byte, and the program that is not linked yet.
    fn save(&self, handles: &mut ObjectHandles) -> Vec<u8> {
        handles.instances.extend(self.instance);
        // No file has a name with a zero byte, so that only the text of messages could change.
        let mut bytes = self.source.replace('\0', "?").into_bytes();
        bytes.push(0);
        if let Some(program) = &self.program {
            bytes.extend_from_slice(&binary::encode(program));
        }
        bytes
    }

    fn load(bytes: &[u8], handles: &ObjectHandles, budget: &MemoryBudget) -> Result<Self, SnapshotError> {
        let damaged = |why: &str| SnapshotError::Damaged(why.to_owned());
        let end = bytes.iter().position(|&byte| byte == 0).ok_or_else(|| damaged("its name does not end"))?;
        let source = String::from_utf8(bytes[..end].to_vec()).map_err(|_| damaged("its name is not UTF-8"))?;
        let program = &bytes[end + 1..];
        match (program.is_empty(), handles.instances.as_slice()) {
            (false, []) => {
                let mut allowance = budget.allowance();
                let decoded = binary::decode_within(program, &mut allowance);
                budget.note(&allowance);
                let program = match decoded {
                    Ok(program) => program,
                    Err(_) if allowance.is_exhausted() => return Err(SnapshotError::OutOfMemory),
                    Err(error) => return Err(damaged(&error.to_string())),
                };
                let verified = verify(program).map_err(|rejections| match rejections.first() {
                    Some(first) => damaged(&first.to_string()),
                    None => damaged("its program is not valid"),
                })?;
                Pending::new(source, verified, budget).map_err(|_| SnapshotError::OutOfMemory)
            }
            (true, instances @ ([] | [_])) => {
                let instance = instances.first().copied();
                Ok(Pending { source, program: None, held: None, wanted: Vec::new(), modules: Vec::new(), instance })
            }
            _ => Err(damaged("it is linked, and it is not")),
        }
    }
}

impl HostObject for Pending {
    fn type_name(&self) -> &str {
        KIND
    }

    fn trace(&self, marker: &mut Marker) {
        if let Some(instance) = self.instance {
            instance.mark(marker);
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Tells the machine how such objects travel.
pub(crate) fn install(machine: &mut Machine) {
    let budget = machine.memory_budget();
    let codec = ObjectCodec {
        save: Box::new(|object, handles| match object.as_any().downcast_ref::<Pending>() {
            Some(pending) => Ok(pending.save(handles)),
            None => Err("not a program".into()),
        }),
        load: Box::new(move |bytes, handles, _| Ok(Box::new(Pending::load(bytes, handles, &budget)?))),
    };
    machine.set_object_codec(KIND, codec);
}
