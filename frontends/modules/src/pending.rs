//! A program that is being loaded for another one: a host object in the loader's frame, which travels in snapshots.

use crate::imports::{Wanted, modules, wanted};
use minivm::heap::{HostObject, Marker};
use minivm::{InstanceId, Machine, ObjectCodec, ObjectHandles, SnapshotError};
use minivm_isa::{Verified, binary, verify};
use std::any::Any;

/// What such objects are called.
const KIND: &str = "wasm.pending";

/// A program on its way.
pub(crate) struct Pending {
    /// How errors call it.
    pub(crate) source: String,
    /// The program, until it is linked.
    pub(crate) program: Option<Verified>,
    /// What it imports, until it is linked.
    pub(crate) wanted: Vec<Wanted>,
    /// The modules that it imports from.
    pub(crate) modules: Vec<String>,
    /// The linked program, which this keeps: what is made of it does so later.
    pub(crate) instance: Option<InstanceId>,
}

impl Pending {
    /// A program whose modules are yet to be found.
    pub(crate) fn new(source: String, program: Verified) -> Self {
        let wanted = wanted(&program);
        let modules = modules(&wanted);
        Pending { source, program: Some(program), wanted, modules, instance: None }
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

    fn load(bytes: &[u8], handles: &ObjectHandles) -> Result<Self, String> {
        let end = bytes.iter().position(|&byte| byte == 0).ok_or("its name does not end")?;
        let source = String::from_utf8(bytes[..end].to_vec()).map_err(|_| "its name is not UTF-8")?;
        let program = &bytes[end + 1..];
        match (program.is_empty(), handles.instances.as_slice()) {
            (false, []) => {
                let program = binary::decode(program).map_err(|error| error.to_string())?;
                let verified = verify(program).map_err(|rejections| match rejections.first() {
                    Some(first) => first.to_string(),
                    None => "its program is not valid".to_owned(),
                })?;
                Ok(Pending::new(source, verified))
            }
            (true, instances @ ([] | [_])) => {
                let instance = instances.first().copied();
                Ok(Pending { source, program: None, wanted: Vec::new(), modules: Vec::new(), instance })
            }
            _ => Err("it is linked, and it is not".into()),
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
            None => Err("it is no program".into()),
        }),
        load: Box::new(|bytes, handles, _| match Pending::load(bytes, handles) {
            Ok(pending) => Ok(Box::new(pending)),
            Err(why) => Err(SnapshotError::Damaged(why)),
        }),
    };
    machine.set_object_codec(KIND, codec);
}
