//! From a job to machine code in executable memory.

#![allow(unsafe_code)]

use crate::code_memory::CodePages;
use crate::perf_map::PerfMap;
use crate::translate::{Style, declare_regions, destination_of, translate};
use crate::types::{dynamic_signature, is_dynamic, native, refuel_signature, signature, words};
use crate::{Options, Unsupported};
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, MemFlagsData, types as machine};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{Context, isa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use minivm::raw::native::layout;
use minivm::raw::native::{GONE, NativeCode, NativeJob, NativeThunk, Refusal};
use minivm_isa::{Instruction, Signature};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// Features of x86-64 that Cranelift uses, as the standard library names them and as it does.
#[cfg(target_arch = "x86_64")]
macro_rules! features {
    ($found:ident: $($name:tt $flag:literal),*) => {
        $(if std::arch::is_x86_feature_detected!($name) { $found.push($flag); })*
    };
}

/// Bytes of the native stack that one function may take.
const FRAME_BYTES_MAX: u32 = 16 << 10;

/// Ranges of bytes with the canonical instruction of each.
#[cfg(feature = "disassembly")]
pub(crate) type Origins = Vec<(std::ops::Range<usize>, usize)>;

/// Compiles functions.
pub(crate) struct Compiler {
    isa: OwnedTargetIsa,
    /// For functions with calls in place of returns, which Cranelift makes with frame pointers only.
    isa_with_frames: OwnedTargetIsa,
    style: Style,
    context: Context,
    builder: FunctionBuilderContext,
    thunks: HashMap<Signature, Arc<CodePages>>,
    /// What asks the machine for more fuel, made with the first function.
    refuel: Option<Arc<CodePages>>,
    perf_map: PerfMap,
}

impl Compiler {
    pub(crate) fn new(options: Options) -> Result<Compiler, Unsupported> {
        let features = processor_features();
        let has = |feature| cfg!(not(target_arch = "x86_64")) || features.contains(&feature);
        let has_rounding = has("has_sse41");
        let has_vectors = has_rounding && has("has_ssse3");
        let make = |has_frames| make_isa(&features, has_frames).map_err(Unsupported);
        Ok(Compiler {
            isa: make(false)?,
            isa_with_frames: make(true)?,
            style: Style { forces_exits: options.forces_exits, has_rounding, has_vectors, refuel: 0 },
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            thunks: HashMap::new(),
            refuel: None,
            perf_map: PerfMap::open(options.perf_map),
        })
    }

    pub(crate) fn compile(&mut self, job: &NativeJob) -> Result<NativeCode, Refusal> {
        let start = Instant::now();
        let isa = self.translate(job)?;
        let body = Arc::new(self.finish(&isa)?);
        self.perf_map.note(job, body.start().addr(), body.bytes());
        let thunk = self.thunk(&job.signature)?;
        let refuel = self.refuel(job.helpers.refuel)?;
        // SAFETY: the pages hold a function of this type.
        let entered = unsafe { std::mem::transmute::<*const u8, NativeThunk>(thunk.start()) };
        Ok(NativeCode {
            body: body.start(),
            thunk: entered,
            bytes: body.bytes(),
            nanoseconds: u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
            memory: Box::new((body, thunk, refuel)),
        })
    }

    /// The bytes of a job's code, and the canonical instructions that ranges of them do.
    #[cfg(feature = "disassembly")]
    pub(crate) fn bytes_of(&mut self, job: &NativeJob) -> Result<(Vec<u8>, Origins), Refusal> {
        let isa = self.translate(job)?;
        let code = self.context.compile(&*isa, &mut ControlPlane::default());
        let code = code.map_err(|error| Refusal::Failed(format!("{:?}", error.inner)))?;
        let located = code.buffer.get_srclocs_sorted().iter().filter(|range| !range.loc.is_default());
        let origins = located.map(|range| (range.start as usize..range.end as usize, range.loc.bits() as usize));
        Ok((code.code_buffer().to_vec(), origins.collect()))
    }

    /// Puts the intermediate form of a job into the context.
    fn translate(&mut self, job: &NativeJob) -> Result<OwnedTargetIsa, Refusal> {
        let has_tail_calls = has_tail_calls(job);
        let isa = if has_tail_calls { self.isa_with_frames.clone() } else { self.isa.clone() };
        self.style.refuel = self.refuel(job.helpers.refuel)?.start().expose_provenance() as u64;
        self.context.clear();
        let share = translate(job, self.style, isa.frontend_config(), &mut self.context.func, &mut self.builder);
        if job.must_pay && !share.pays() {
            return Err(Refusal::Worthless);
        }
        Ok(isa)
    }

    /// Compiles what is in the context.
    fn finish(&mut self, isa: &OwnedTargetIsa) -> Result<CodePages, Refusal> {
        let code = self.context.compile(&**isa, &mut ControlPlane::default());
        let code = code.map_err(|error| Refusal::Failed(format!("{:?}", error.inner)))?;
        if !code.buffer.relocs().is_empty() {
            return Err(Refusal::Failed("code refers to something outside".to_owned()));
        }
        if code.buffer.frame_layout().is_some_and(|layout| layout.frame_to_fp_offset > FRAME_BYTES_MAX) {
            return Err(Refusal::TooLarge);
        }
        CodePages::new(code.code_buffer()).map_err(|error| Refusal::NoMemory(error.to_string()))
    }

    /// What enters code of a signature.
    fn thunk(&mut self, callee: &Signature) -> Result<Arc<CodePages>, Refusal> {
        let is_any = is_dynamic(callee.convention);
        let key = if is_any { Signature::dynamic(0, false) } else { callee.clone() };
        if let Some(pages) = self.thunks.get(&key) {
            return Ok(pages.clone());
        }
        self.context.clear();
        let isa = self.isa.clone();
        let function = &mut self.context.func;
        function.signature = ir::Signature::new(CallConv::SystemV);
        function.signature.params = vec![AbiParam::new(machine::I64); 4];
        function.signature.returns = vec![AbiParam::new(machine::I64)];
        declare_regions(function);
        let mut b = FunctionBuilder::new(function, &mut self.builder);
        if is_any {
            write_dynamic_thunk(&mut b);
        } else {
            write_thunk(&mut b, callee);
        }
        b.seal_all_blocks();
        b.finalize(isa.frontend_config());
        let pages = Arc::new(self.finish(&isa)?);
        self.thunks.insert(key, pages.clone());
        Ok(pages)
    }

    /// What asks the machine for more fuel through its `helper`.
    fn refuel(&mut self, helper: u64) -> Result<Arc<CodePages>, Refusal> {
        if let Some(pages) = &self.refuel {
            return Ok(pages.clone());
        }
        self.context.clear();
        let isa = self.isa.clone();
        self.context.func.signature = refuel_signature();
        let mut b = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
        write_refuel(&mut b, helper);
        b.seal_all_blocks();
        b.finalize(isa.frontend_config());
        let pages = Arc::new(self.finish(&isa)?);
        self.refuel = Some(pages.clone());
        Ok(pages)
    }
}

/// Whether native code of a function calls in place of returns.
fn has_tail_calls(job: &NativeJob) -> bool {
    use Instruction::{TailCall, TailCallAny, TailCallAnyOpen, TailCallIndirect, TailCallRef};
    let is_any = is_dynamic(job.signature.convention);
    job.function.code.iter().any(|instruction| match instruction {
        TailCall { .. } | TailCallIndirect { .. } | TailCallRef { .. } => !is_any,
        TailCallAny { .. } | TailCallAnyOpen { .. } => true,
        _ => false,
    })
}

/// `thunk(context, registers, fuel, body)`: parameters come from the frame, results go to the caller's.
fn write_thunk(b: &mut FunctionBuilder<'_>, callee: &Signature) {
    let own = MemFlagsData::trusted();
    let start = b.create_block();
    b.append_block_params_for_function_params(start);
    b.switch_to_block(start);
    let params = b.block_params(start).to_vec();
    let (regs, body) = (params[1], params[3]);
    let mut arguments = params[..3].to_vec();
    for (ty, word) in words(&callee.params) {
        if let Some(ty) = native(ty) {
            arguments.push(b.ins().load(ty, own, regs, word as i32 * 8));
        }
    }
    // Its own frame may be gone when the callee has returned.
    let place = b.ins().load(machine::I64, own, regs, layout::FRAME_PLACE);
    let target = destination_of(b, regs, place);
    let signature = b.import_signature(signature(callee));
    let call = b.ins().call_indirect(signature, body, &arguments);
    let values = b.inst_results(call).to_vec();
    let (gone, done) = (b.create_block(), b.create_block());
    let is_gone = b.ins().icmp_imm_s(IntCC::Equal, values[0], GONE);
    b.ins().brif(is_gone, gone, &[], done, &[]);
    b.switch_to_block(done);
    let mut results = values[1..].iter();
    for (ty, word) in words(&callee.results) {
        let Some(ty) = native(ty) else { continue };
        let value = *results.next().expect("machine results are those that machine registers hold");
        let bits = match ty {
            machine::I32 => b.ins().uextend(machine::I64, value),
            machine::F32 => {
                let bits = b.ins().bitcast(machine::I32, MemFlagsData::new(), value);
                b.ins().uextend(machine::I64, bits)
            }
            _ => value,
        };
        b.ins().store(own, bits, target, word as i32 * 8);
    }
    b.ins().jump(gone, &[]);
    b.switch_to_block(gone);
    b.ins().return_(&[values[0]]);
}

/// The same for `any` code: the result goes to where the registers of the frame begin.
fn write_dynamic_thunk(b: &mut FunctionBuilder<'_>) {
    let own = MemFlagsData::trusted();
    let start = b.create_block();
    b.append_block_params_for_function_params(start);
    b.switch_to_block(start);
    let params = b.block_params(start).to_vec();
    let (regs, body) = (params[1], params[3]);
    let signature = b.import_signature(dynamic_signature());
    let call = b.ins().call_indirect(signature, body, &params[..3]);
    let values = b.inst_results(call).to_vec();
    let (gone, done) = (b.create_block(), b.create_block());
    let is_gone = b.ins().icmp_imm_s(IntCC::Equal, values[0], GONE);
    b.ins().brif(is_gone, gone, &[], done, &[]);
    b.switch_to_block(done);
    let count = b.ins().ushr_imm_u(values[2], i64::from(layout::COUNT_SHIFT));
    let wide = b.ins().uextend(machine::I64, count);
    b.ins().store(own, wide, params[0], layout::NEXT);
    let one = b.create_block();
    b.ins().brif(count, gone, &[], one, &[]);
    b.switch_to_block(one);
    b.ins().store(own, values[1], regs, 0);
    b.ins().store(own, values[2], regs, layout::ELEMENT_TAG);
    b.ins().jump(gone, &[]);
    b.switch_to_block(gone);
    b.ins().return_(&[values[0]]);
}

/// `refuel(context, fuel)`: the fuel to go on with goes to the context. It keeps all registers, so that loops which hardly ever
/// come here have them for themselves.
fn write_refuel(b: &mut FunctionBuilder<'_>, helper: u64) {
    let start = b.create_block();
    b.append_block_params_for_function_params(start);
    b.switch_to_block(start);
    let params = b.block_params(start).to_vec();
    let mut signature = ir::Signature::new(CallConv::SystemV);
    signature.params = vec![AbiParam::new(machine::I64); 2];
    signature.returns = vec![AbiParam::new(machine::I64)];
    let signature = b.import_signature(signature);
    let helper = b.ins().iconst(machine::I64, helper as i64);
    let call = b.ins().call_indirect(signature, helper, &params);
    let left = b.inst_results(call)[0];
    b.ins().store(MemFlagsData::trusted(), left, params[0], layout::EXIT_FUEL);
    b.ins().return_(&[]);
}

/// Whether code can be made for the processor at hand.
///
/// # Errors
/// When not.
pub(crate) fn check_processor() -> Result<(), Unsupported> {
    // Others keep what they have read of memory as instructions, and nobody has tried them.
    if cfg!(not(target_arch = "x86_64")) {
        return Err(Unsupported("only x86-64 is supported".to_owned()));
    }
    let found = isa::lookup(target_lexicon::Triple::host());
    found.map(|_| ()).map_err(|error| Unsupported(format!("the compiler does not know the processor ({error})")))
}

fn make_isa(features: &[&'static str], has_frames: bool) -> Result<OwnedTargetIsa, String> {
    let mut flags = settings::builder();
    let verifies = if cfg!(debug_assertions) { "true" } else { "false" };
    let frames = if has_frames { "true" } else { "false" };
    let wanted = [
        ("opt_level", "speed"),
        ("enable_verifier", verifies),
        ("unwind_info", "false"),
        ("enable_probestack", "false"),
        ("preserve_frame_pointers", frames),
    ];
    for (name, value) in wanted {
        flags.set(name, value).map_err(|error| format!("the compiler has no setting '{name}' ({error})"))?;
    }
    let builder = isa::lookup(target_lexicon::Triple::host());
    let mut builder = builder.map_err(|error| format!("the compiler does not know the processor ({error})"))?;
    for feature in features {
        builder.enable(feature).map_err(|error| format!("the compiler has no setting '{feature}' ({error})"))?;
    }
    builder.finish(settings::Flags::new(flags)).map_err(|error| error.to_string())
}

#[cfg(target_arch = "x86_64")]
fn processor_features() -> Vec<&'static str> {
    let mut found = Vec::new();
    features!(found:
        "sse3" "has_sse3", "ssse3" "has_ssse3", "sse4.1" "has_sse41", "sse4.2" "has_sse42", "popcnt" "has_popcnt",
        "bmi1" "has_bmi1", "bmi2" "has_bmi2", "lzcnt" "has_lzcnt");
    found
}

#[cfg(not(target_arch = "x86_64"))]
fn processor_features() -> Vec<&'static str> {
    Vec::new()
}
