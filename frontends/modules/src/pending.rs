//! A program that is being loaded for another one: a host object in the loader's frame, which travels in snapshots.

use crate::imports::{Wanted, modules, wanted};
use minivm::raw::heap::{HostObject, Marker};
use minivm::raw::{InstanceId, Machine, ObjectCodec, ObjectHandles, ProgramHandle, SnapshotError};
use std::any::Any;

/// What such objects are called.
const KIND: &str = "wasm.pending";

/// A program on its way.
pub(crate) struct Pending {
    /// How errors call it.
    pub(crate) source: String,
    /// The program, until it is linked.
    pub(crate) program: Option<ProgramHandle>,
    /// What it imports, until it is linked.
    pub(crate) wanted: Vec<Wanted>,
    /// The modules that it imports from.
    pub(crate) modules: Vec<String>,
    /// The linked program, which this keeps: what is made of it does so later.
    pub(crate) instance: Option<InstanceId>,
}

impl Pending {
    /// A program whose modules are yet to be found.
    pub(crate) fn new(source: String, program: ProgramHandle) -> Self {
        let wanted = wanted(program.program());
        let modules = modules(&wanted);
        Pending { source, program: Some(program), wanted, modules, instance: None }
    }

    /// How it was called.
    fn save(&self, handles: &mut ObjectHandles) -> Vec<u8> {
        handles.instances.extend(self.instance);
        handles.programs.extend(self.program.clone());
        self.source.clone().into_bytes()
    }

    fn load(bytes: &[u8], handles: &ObjectHandles) -> Result<Self, SnapshotError> {
        let damaged = |why: &str| SnapshotError::Damaged(why.to_owned());
        let source = String::from_utf8(bytes.to_vec()).map_err(|_| damaged("its name is not UTF-8"))?;
        match (handles.programs.as_slice(), handles.instances.as_slice()) {
            ([program], []) => Ok(Pending::new(source, program.clone())),
            ([], instances @ ([] | [_])) => {
                let instance = instances.first().copied();
                Ok(Pending { source, program: None, wanted: Vec::new(), modules: Vec::new(), instance })
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
    let codec = ObjectCodec {
        save: Box::new(|object, handles| match object.as_any().downcast_ref::<Pending>() {
            Some(pending) => Ok(pending.save(handles)),
            None => Err("not a program".into()),
        }),
        load: Box::new(|bytes, handles, _| Ok(Box::new(Pending::load(bytes, handles)?))),
    };
    machine.set_object_codec(KIND, codec);
}
