//! Modules whose functions are validated and translated when they are first called, as large modules have many that never are.

use super::annotations::Annotations;
use super::error::WasmError;
use super::function::{Body, translate_body};
use super::module::{Module, room};
use super::types::Context;
use crate::features::Features;
use minivm_isa::Allowance;
use minivm_isa::bytes::{Bytes, CHANGED, FileBytes};
use minivm_isa::code::{Code, FunctionMaker, FunctionSource};
use minivm_isa::entities::Func;
use minivm_isa::program::{Function, FunctionDef, Program};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidatorAllocations, FunctionBody, ValidatorResources, WasmFeatures,
};

/// See [`super::translate_later`].
pub(super) fn translate(
    mut bytes: Box<dyn FileBytes>,
    name: &str,
    features: Features,
    allowance: &mut Allowance,
) -> Result<Program, WasmError> {
    let mut module = Module::new(name, true);
    let (mut bodies, mut resources, mut rested) = (Vec::new(), None, 0);
    let read = module.read(&bytes, features, allowance, |_, function, body, _| {
        if body.range().end - rested >= PASSED_BYTES {
            rested = body.range().end;
            bytes.rest();
        }
        let offset = |offset: u64| u32::try_from(offset).map_err(|_| too_large(offset));
        bodies.push(offset(body.range().start)?..offset(body.range().end)?);
        resources.get_or_insert(function.resources);
        Ok(())
    });
    read.map_err(|error| error.named(&bytes, features))?;
    // Only what the code does tells whether the machine's function for waiting is imported.
    if module.shares_memory() {
        return super::translate_within(&bytes, name, features, allowance);
    }
    let (data, end) = (std::mem::take(&mut module.data), module.end);
    let (mut program, context, annotations) = module.finish(&bytes, false, allowance);
    // What comes last is for debuggers as a rule, and was read.
    bytes.truncate(end);
    let bytes: Arc<dyn FileBytes> = bytes.into();
    let part = Bytes::parts(&bytes, &data);
    for (definition, place) in program.data.values_mut().zip(data.iter().cloned()) {
        definition.bytes = part(place);
    }
    drop(part);
    bytes.rest();
    let Some(resources) = resources else { return Ok(program) };
    let imported = context.functions.len() - bodies.len();
    let signatures: Vec<_> =
        context.functions[imported..].iter().map(|&ty| context.types[ty as usize].number).collect();
    let features = features.flags();
    bodies.shrink_to_fit();
    let allocations = Mutex::default();
    let maker = FunctionMaker::new(Functions {
        bytes,
        context,
        annotations,
        bodies,
        imported,
        resources,
        features,
        allocations,
    });
    let own = program.functions.iter_mut().skip(imported);
    for ((number, function), signature) in own.zip(signatures) {
        *function = FunctionDef::Code(Code::later(&maker, number, signature));
    }
    Ok(program)
}

/// Bytes of bodies that are passed over before the file may rest.
const PASSED_BYTES: u64 = 4 << 20;

fn too_large(offset: u64) -> WasmError {
    WasmError::unsupported(offset, "modules of more than 4 GiB")
}

/// The functions of a module that is kept, as far as it is looked at later.
struct Functions {
    bytes: Arc<dyn FileBytes>,
    context: Context,
    annotations: Annotations,
    /// Where the bodies are.
    bodies: Vec<Range<u32>>,
    /// How many functions are imported, which come first.
    imported: usize,
    resources: ValidatorResources,
    features: WasmFeatures,
    /// What the validator of one function has allocated, for the next one.
    allocations: Mutex<FuncValidatorAllocations>,
}

/// Bytes of the largest function whose validator's allocations are kept.
const KEPT_BYTES_MAX: usize = 1 << 14;

impl Functions {
    fn body(&self, number: Func, allowance: &mut Allowance) -> Result<Body, WasmError> {
        let index = number.as_u32();
        let range = self.bodies[index as usize - self.imported].clone();
        let bytes = &self.bytes[range.start as usize..range.end as usize];
        let body = FunctionBody::new(BinaryReader::new_features(bytes, range.start.into(), self.features));
        let ty = self.context.functions[index as usize];
        let function = FuncToValidate { resources: self.resources.clone(), index, ty, features: self.features };
        let allocations = self.allocations.lock().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default();
        let mut validator = function.into_validator(allocations);
        let body = translate_body(&self.context, &body, &mut validator, (&mut room(bytes.len()), allowance));
        // What an uncommon function has taken is given back.
        if bytes.len() <= KEPT_BYTES_MAX
            && let Ok(mut kept) = self.allocations.lock()
        {
            *kept = validator.into_allocations();
        }
        body
    }
}

impl FunctionSource for Functions {
    fn function(&self, number: Func, allowance: &mut Allowance) -> Function {
        let failing = |name: Option<String>, why: &str| {
            let ty = self.context.function_type(number.as_u32());
            Function::failing(name.unwrap_or_default(), (ty.number, &ty.signature.params), why)
        };
        if self.bytes.has_changed() {
            return failing(Some(format!("func{}", number.as_u32())), CHANGED);
        }
        match self.body(number, allowance) {
            Ok(body) => self.annotations.annotated(number, body, &self.bytes),
            Err(error) => failing(self.annotations.name(number, &self.bytes), &error.to_string()),
        }
    }

    fn bytes(&self) -> u64 {
        let bodies = self.bodies.len() * size_of::<Range<u32>>();
        (self.bytes.len() + bodies + self.annotations.bytes()) as u64
    }
}
