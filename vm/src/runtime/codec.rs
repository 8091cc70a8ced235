//! How what belongs to the host travels: codecs that it registers, by name.

use crate::bytes::SnapshotError;
use crate::bytes::{Reader, Writer};
use crate::heap::HostObject;
use crate::memory::MemoryBudget;
use crate::runtime::definitions::InstanceId;
use crate::runtime::externs::Extern;
use crate::runtime::host::HostState;
use crate::runtime::loaded_program::ProgramHandle;
use std::any::Any;
use std::collections::BTreeMap;

/// What a host object keeps of its machine beside bytes: it travels along, and is given back in the same order.
#[derive(Default)]
pub struct ObjectHandles {
    /// Globals, memories and tables. A function is a value: objects keep those as user values.
    pub items: Vec<Extern>,
    /// Programs that were not let go yet, each kept by one object only.
    pub instances: Vec<InstanceId>,
    /// Programs without an instance of their own.
    pub programs: Vec<ProgramHandle>,
}

/// How host objects of one kind travel.
pub struct ObjectCodec {
    /// The object as bytes, or why it cannot travel. What it keeps of the machine goes into the handles.
    #[allow(clippy::type_complexity, reason = "said once")]
    pub save: Box<dyn Fn(&mut dyn HostObject, &mut ObjectHandles) -> Result<Vec<u8>, String> + Send>,
    /// The object of bytes and handles that `save` gave, with the state of the host's libraries here; or what is wrong with
    /// them, or missing here.
    #[allow(clippy::type_complexity, reason = "said once")]
    pub load: Box<dyn Fn(&[u8], &ObjectHandles, &mut HostState) -> Result<Box<dyn HostObject>, SnapshotError> + Send>,
}

/// How a state of the host's libraries travels.
pub struct StateCodec {
    /// The state as bytes, or why it cannot travel.
    #[allow(clippy::type_complexity, reason = "said once")]
    pub save: Box<dyn Fn(&mut HostState) -> Result<Vec<u8>, String> + Send>,
    /// Takes over a state of bytes that `save` gave, or says what is wrong with them, or missing here.
    #[allow(clippy::type_complexity, reason = "said once")]
    pub load: Box<dyn Fn(&mut HostState, &[u8]) -> Result<(), SnapshotError> + Send>,
}

/// An object whose kind nobody here knows.
struct StandIn(String);

impl HostObject for StandIn {
    fn type_name(&self) -> &str {
        &self.0
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// All codecs of a machine.
#[derive(Default)]
pub(crate) struct Codecs {
    /// Whether what has no codec is only looked at: objects keep their kind alone, and states are passed over.
    pub(crate) stands_in: bool,
    pub(crate) objects: BTreeMap<String, ObjectCodec>,
    pub(crate) states: BTreeMap<String, StateCodec>,
}

impl Codecs {
    /// Writes an object; gives what it keeps of the machine.
    pub(crate) fn save_object(
        &self,
        object: &mut dyn HostObject,
        out: &mut Writer,
    ) -> Result<ObjectHandles, SnapshotError> {
        let kind = object.type_name().to_string();
        let Some(codec) = self.objects.get(&kind) else {
            if self.stands_in {
                out.text(&kind);
                out.block(&[]);
                return Ok(ObjectHandles::default());
            }
            return Err(SnapshotError::Refused(format!("host objects of the kind '{kind}' have no codec")));
        };
        let mut handles = ObjectHandles::default();
        let bytes = (codec.save)(object, &mut handles).map_err(SnapshotError::Refused)?;
        out.text(&kind);
        out.block(&bytes);
        Ok(handles)
    }

    /// Makes an object of a kind from its bytes and what it keeps.
    pub(crate) fn load_object(
        &self,
        (kind, bytes): (&str, &[u8]),
        handles: &ObjectHandles,
        state: &mut HostState,
    ) -> Result<Box<dyn HostObject>, SnapshotError> {
        match self.objects.get(kind) {
            Some(codec) => (codec.load)(bytes, handles, state).map_err(|error| match error {
                SnapshotError::Damaged(why) => SnapshotError::Damaged(format!("host object '{kind}': {why}")),
                other => other,
            }),
            None if self.stands_in => Ok(Box::new(StandIn(kind.to_owned()))),
            None => Err(SnapshotError::Missing(format!("host objects of the kind '{kind}' have no codec here"))),
        }
    }

    /// Writes all states, or refuses: one that nobody can write would be lost.
    pub(crate) fn save_states(&self, state: &mut HostState, out: &mut Writer) -> Result<(), SnapshotError> {
        out.count(self.states.len());
        for (name, codec) in &self.states {
            let bytes = (codec.save)(state).map_err(SnapshotError::Refused)?;
            out.text(name);
            out.block(&bytes);
        }
        if state.len() > self.states.len() {
            let names = state.names().join("', '");
            return Err(SnapshotError::Refused(format!("a state of the host has no codec; there are '{names}'")));
        }
        Ok(())
    }

    pub(crate) fn load_states(
        &self,
        state: &mut HostState,
        budget: &MemoryBudget,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let mut before = None;
        for _ in 0..from.count()? {
            from.label("state of a library");
            let name = from.text()?;
            let codec = self.states.get(&name);
            if codec.is_none() && !self.stands_in {
                return Err(SnapshotError::Missing(format!("the state '{name}' has no codec here")));
            }
            if before.as_ref() >= Some(&name) {
                return Err(from.damaged("not in ascending order"));
            }
            let length = from.length()?;
            let _held = budget.hold(length as u64)?;
            let bytes = from.raw(length)?;
            codec.map_or(Ok(()), |codec| (codec.load)(state, bytes)).map_err(|error| match error {
                SnapshotError::Damaged(why) => SnapshotError::Damaged(format!("state '{name}': {why}")),
                other => other,
            })?;
            before = Some(name);
        }
        from.end()
    }
}
