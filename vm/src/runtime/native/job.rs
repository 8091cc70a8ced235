//! A function to compile, with all that its code refers to, so that another thread can do it.

use super::group::callee;
use super::seen::Seen;
use super::tier::{CallJob, GlobalJob, Helpers, MemoryJob, NativeJob};
use crate::heap::Str;
use crate::runtime::context::Context;
use crate::runtime::definitions::InstanceId;
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::runtime::metamethod::Metamethod;
use crate::threaded::Code;
use crate::threaded::slots::window;
use minivm_isa::entities::{Block, Func, Global, Memory, Sig, Table};
use minivm_isa::operand::{IndexKind, OperandRef};
use minivm_isa::program::FunctionDef;
use minivm_isa::{Convention, Instruction, Signature};
use std::collections::HashMap;

impl NativeJob {
    /// The job for a function that has both forms of code.
    pub(super) fn new(
        cx: &Context,
        info: &FunctionInfo,
        guest: &GuestFunction,
        starts: bool,
        heads: Vec<Block>,
    ) -> Self {
        let baseline = cx.baseline_code(info, guest);
        let function = guest.portable();
        let slots = guest.slots();
        let signature = guest.program().signatures[function.signature].clone();
        let mut job = NativeJob {
            name: function.name.clone(),
            function: function.clone(),
            signature,
            starts,
            heads,
            slots: function.registers.keys().map(|reg| u32::from(slots.of(reg))).collect(),
            window: window(slots) as u32,
            extent: guest.loaded().extent(),
            calls: HashMap::new(),
            functions: HashMap::new(),
            memories: HashMap::new(),
            tables: HashMap::new(),
            globals: HashMap::new(),
            helpers: Helpers::new(),
            constants: Vec::new(),
            short_strings: Vec::new(),
            index_name: cx.metamethods[Metamethod::Index as usize].expose_provenance() as u64,
            profile: guest.native().get().profile.borrow().clone(),
            must_pay: !cx.native.policy.always && !cx.native.policy.eager,
            guards_found: guest.convention != Convention::Typed && guest.native().get().guards_found(),
            leaves_unseen: guest.convention != Convention::Typed && guest.native().get().leaves_unseen(),
        };
        for value in guest.constants().unwrap_or_default() {
            job.constants.push((value.payload(), value.tag().0));
            // SAFETY: constants live as long as their function.
            let hash = |string: *mut Str| unsafe { Str::is_short(string).then(|| Str::short_hash(string)) };
            job.short_strings.push(value.as_string().and_then(hash));
        }
        // SAFETY: instances outlive their functions.
        let instance = unsafe { &*guest.instance };
        for (at, instruction) in function.code.iter().enumerate() {
            if let Instruction::Closure { function, .. } = instruction
                && !instance.is_import(*function)
            {
                let info: *const FunctionInfo = instance.function_info(*function);
                job.functions.insert(at, info.expose_provenance() as u64);
            }
            job.add_call(guest, baseline, at, instruction);
            instruction.for_each_operand(|_, operand| job.add_item(guest, operand));
        }
        job
    }

    /// The job for a function that may not have run; none where it has no code of its own or cannot be loaded.
    pub(crate) fn of(cx: &mut Context, instance: InstanceId, function: Func) -> Option<Self> {
        let instance = cx.instance(instance);
        if !matches!(instance.program.functions.get(function)?, FunctionDef::Code(_)) {
            return None;
        }
        let info: *const FunctionInfo = instance.function_info(function);
        // SAFETY: functions live as long as their instances, in their own boxes.
        let info = unsafe { &*info };
        let Body::Guest(guest) = &info.body else { return None };
        (cx.engine.compile)(cx, info, guest).ok()?;
        let heads = minivm_isa::loops::loop_heads(guest.portable()).into_iter().filter(|head| head.as_u32() > 0);
        Some(NativeJob::new(cx, info, guest, true, heads.collect()))
    }

    fn add_call(&mut self, guest: &GuestFunction, baseline: &Code, at: usize, instruction: &Instruction) {
        // SAFETY: instances outlive their functions.
        let instance = unsafe { &*guest.instance };
        let program = guest.program();
        let (signature, closure): (Sig, u64) = match instruction {
            Instruction::Call { function, .. } | Instruction::TailCall { function, .. } => {
                let closure = instance.closure(*function).expose_provenance() as u64;
                (program.functions[*function].signature(), closure)
            }
            Instruction::CallAny { .. }
            | Instruction::CallAnyToOpen { .. }
            | Instruction::CallAnyOpen { .. }
            | Instruction::CallAnyOpenToOpen { .. } => {
                let place = baseline.return_place(at).map_or(0, |place| place.expose_provenance() as u64);
                let signature = Signature { params: Vec::new(), results: Vec::new(), ..self.signature.clone() };
                let params = self.profile.get(at).map_or(0, |seen| params_of(guest, seen));
                self.calls.insert(at, CallJob { signature, number: 0, place, closure: 0, params });
                return;
            }
            Instruction::CallIndirect { signature, .. }
            | Instruction::CallRef { signature, .. }
            | Instruction::TailCallIndirect { signature, .. }
            | Instruction::TailCallRef { signature, .. } => (*signature, 0),
            _ => return,
        };
        let place = baseline.return_place(at).map_or(0, |place| place.expose_provenance() as u64);
        let number = instance.signature_number(signature);
        let signature = program.signatures[signature].clone();
        self.calls.insert(at, CallJob { signature, number, place, closure, params: 0 });
    }

    fn add_item(&mut self, guest: &GuestFunction, operand: OperandRef<'_>) {
        // SAFETY: instances outlive their functions.
        let instance = unsafe { &*guest.instance };
        let OperandRef::Index(kind, index) = operand else { return };
        match kind {
            IndexKind::Memory => {
                let memory = Memory::from_u32(index);
                let address = instance.memory(memory);
                // SAFETY: memories live as long as their instance.
                let found = unsafe { &*address };
                let (is_64, page_bits, length) = (found.is_64(), found.page_bits(), found.view().length);
                let address = address.expose_provenance() as u64;
                self.memories.insert(memory, MemoryJob { address, is_64, page_bits, length });
            }
            IndexKind::Table => {
                let table = Table::from_u32(index);
                let address = instance.table(table);
                // SAFETY: tables live as long as their instance.
                let is_64 = unsafe { (*address).is_64() };
                let address = address.expose_provenance() as u64;
                self.tables.insert(table, MemoryJob { address, is_64, page_bits: 0, length: 0 });
            }
            IndexKind::Global => {
                let cell = &instance.globals[index as usize];
                let address = cell.words.get().expose_provenance() as u64;
                self.globals.insert(Global::from_u32(index), GlobalJob { address, ty: cell.ty });
            }
            IndexKind::Func | IndexKind::Sig | IndexKind::Data | IndexKind::Element | IndexKind::Layout => {}
        }
    }
}

/// The most parameters of the functions that were called and are still there.
fn params_of(caller: &GuestFunction, seen: &Seen) -> usize {
    let native = caller.native().get();
    let mut params = 0;
    for info in seen.guests.iter().filter_map(|&address| callee(&native, address)) {
        if let Body::Guest(guest) = &info.body
            && guest.convention == Convention::Dynamic
        {
            params = params.max(guest.params as usize);
        }
    }
    params
}
