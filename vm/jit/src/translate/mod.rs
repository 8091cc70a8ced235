//! One function from portable bytecode to Cranelift's intermediate form.
//!
//! Registers that machine registers can hold are variables; the frame has them where the interpreter could need them: `dirty`
//! are those that changed since. Others (references, tagged values of typed functions) are always in the frame.
//! Tagged values of `any` functions are variables too: payload and tag, or one of them where the kind is known.

mod any;
mod arithmetic;
mod calls;
mod comparison;
mod control;
mod dynamic;
mod dynamic_calls;
mod edges;
mod entries;
mod exits;
mod iteration;
mod memory;
mod numbers;
mod objects;
mod regions;
mod steps;
mod tables;
mod vectors;
mod words;

use crate::facts::{Facts, seen};
use crate::kinds::{self, Kind, Kinds};
use crate::types::{self, native};
use any::{AnyVariables, Saved};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, Value, types as machine};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
use exits::Exit;
use minivm::raw::native::NativeJob;
use minivm::raw::native::layout;
use minivm_isa::Instruction;
use minivm_isa::entities::{Block, Memory, Reg};
use minivm_isa::program::Constant;
use minivm_isa::register_set::RegisterSet;
use regions::{frame, own};
use std::collections::HashMap;

/// How code is made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style {
    /// Every check counts down and leaves when the counter gets to zero, for tests.
    pub(crate) forces_exits: bool,
    /// The processor rounds floats to whole numbers.
    pub(crate) has_rounding: bool,
    /// It has what instructions on vectors need.
    pub(crate) has_vectors: bool,
    /// The address of what asks the machine for more fuel.
    pub(crate) refuel: u64,
}

/// How many instructions native code must do for each one that it leaves to the interpreter.
const DONE_PER_LEFT: u64 = 20;

/// What native code of a function does itself, as far as was seen of its runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Share {
    /// Instructions.
    all: u64,
    /// Those of them that the interpreter does.
    left: u64,
}

impl Share {
    /// Whether it is worth it. Where nothing was seen, it is.
    pub(crate) fn pays(self) -> bool {
        self.left.saturating_mul(DONE_PER_LEFT) <= self.all
    }
}

/// Checks that a block hands on to the next one.
const CHECKED_MAX: usize = 64;

/// Whether control goes on after an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Falls,
    Ended,
}

/// The bytes of a memory, as they lie now.
#[derive(Clone, Copy)]
struct View {
    base: Variable,
    length: Variable,
}

struct Translator<'a, 'b> {
    job: &'a NativeJob,
    facts: &'a Facts,
    style: Style,
    b: FunctionBuilder<'b>,
    vars: Vec<Option<Variable>>,
    context: Value,
    regs: Value,
    fuel: Variable,
    views: HashMap<Memory, View>,
    blocks: Vec<ir::Block>,
    /// Leaves to the interpreter; takes where and why, and the fuel.
    exit: ir::Block,
    /// Returns where the interpreter has gone on.
    gone: ir::Block,
    /// The last exit that was written, with its block.
    last_exit: Option<(ir::Block, Exit)>,
    /// Where the last check of an access leaves, if nothing but machine registers has been written since, in the same segment.
    last_check: Option<ir::Block>,
    /// Registers that have changed since they were in the frame.
    dirty: RegisterSet,
    /// Registers whose value is in the frame only.
    in_frame: RegisterSet,
    at: usize,
    /// How far from an address accesses are known to be inside. Memories never shrink.
    checked: HashMap<(Memory, Value), u64>,
    /// What the ends of blocks know of that.
    checked_at_end: HashMap<Block, HashMap<(Memory, Value), u64>>,
    /// The part that all exits of the segment share, and the registers that it stores.
    shared: Option<(ir::Block, RegisterSet)>,
    /// Such parts that are to be written, with what they store.
    shared_exits: Vec<(ir::Block, Vec<(Reg, Saved)>)>,
    /// Whether this is `any` code.
    is_dynamic: bool,
    /// The variables of tagged values that machine registers hold.
    any: Vec<Option<AnyVariables>>,
    /// What is known of their kinds here, and at the starts of blocks.
    kinds: Kinds<'a>,
    kinds_in: Vec<Vec<Kind>>,
    /// Ways to blocks on which values change their form, to be written after the branch.
    edges: Vec<(ir::Block, Block)>,
    share: Share,
}

/// Accesses to linear memory, which were checked.
fn guest() -> MemFlagsData {
    MemFlagsData::new().with_notrap().with_alias_region(regions::linear().alias_region())
}

/// Translates the function of a job into `function`.
pub(crate) use control::destination_of;
pub(crate) use regions::declare as declare_regions;

pub(crate) fn translate(
    job: &NativeJob,
    style: Style,
    config: TargetFrontendConfig,
    function: &mut ir::Function,
    context: &mut FunctionBuilderContext,
) -> Share {
    let facts = Facts::new(job);
    let is_dynamic = types::is_dynamic(job.signature.convention);
    let kinds_in = if is_dynamic { kinds::flow(job, &facts) } else { Vec::new() };
    function.signature = if is_dynamic { types::dynamic_signature() } else { types::signature(&job.signature) };
    regions::declare(function);
    let mut b = FunctionBuilder::new(function, context);
    let start = b.create_block();
    b.append_block_params_for_function_params(start);
    b.switch_to_block(start);
    b.seal_block(start);
    let params = b.block_params(start).to_vec();
    let portable = &job.function;
    let vars = portable.registers.values().map(|&ty| native(ty).map(|ty| b.declare_var(ty))).collect();
    let any = (0..portable.registers.len())
        .map(|index| {
            (is_dynamic && facts.held[index] && native(portable.registers[Reg::from_u32(index as u32)]).is_none())
                .then(|| AnyVariables::new(&mut b))
        })
        .collect();
    let fuel = b.declare_var(machine::I64);
    let mut view = || View { base: b.declare_var(machine::I64), length: b.declare_var(machine::I64) };
    let mut memories: Vec<Memory> = job.memories.keys().copied().collect();
    memories.sort_unstable();
    let views = memories.into_iter().map(|memory| (memory, view())).collect();
    let blocks = portable.blocks.keys().map(|_| b.create_block()).collect();
    let exit = b.create_block();
    b.set_cold_block(exit);
    b.append_block_param(exit, machine::I32);
    b.append_block_param(exit, machine::I64);
    let gone = b.create_block();
    b.set_cold_block(gone);
    let mut translator = Translator {
        job,
        facts: &facts,
        style,
        b,
        vars,
        context: params[0],
        regs: params[1],
        fuel,
        views,
        blocks,
        exit,
        gone,
        last_exit: None,
        last_check: None,
        dirty: RegisterSet::empty(portable),
        in_frame: RegisterSet::empty(portable),
        at: 0,
        checked: HashMap::new(),
        checked_at_end: HashMap::new(),
        shared: None,
        shared_exits: Vec::new(),
        is_dynamic,
        any,
        kinds: Kinds { job, of: vec![Kind::Unknown; portable.registers.len()] },
        kinds_in,
        edges: Vec::new(),
        share: Share::default(),
    };
    translator.b.def_var(fuel, params[2]);
    translator.finish(&params[3..], config)
}

impl Translator<'_, '_> {
    /// Translates everything; `params` are those of the function.
    fn finish(mut self, params: &[Value], config: TargetFrontendConfig) -> Share {
        self.enter(params);
        self.all_blocks();
        self.leave();
        self.b.seal_all_blocks();
        self.b.finalize(config);
        self.share
    }

    fn all_blocks(&mut self) {
        let mut sources_left: Vec<usize> = self.facts.sources.iter().map(Vec::len).collect();
        for &block in &self.facts.order.clone() {
            let number = block.as_u32() as usize;
            if self.facts.sources[number].is_empty() {
                self.b.seal_block(self.blocks[number]);
            }
            self.b.switch_to_block(self.blocks[number]);
            self.dirty = self.facts.dirty_in[number].clone();
            self.in_frame = self.in_frame_at(block);
            if self.is_dynamic {
                self.kinds.of.clone_from(&self.kinds_in[number]);
            }
            let dominator = self.facts.dominators[number];
            let known = dominator.and_then(|block| self.checked_at_end.get(&block));
            self.checked = known.cloned().unwrap_or_default();
            if self.facts.unseen[number] {
                self.leave_unseen(block);
                continue;
            }
            self.last_check = None;
            for at in self.job.function.block_range(block) {
                self.at = at;
                if self.facts.segment_start[at] == at {
                    self.shared = None;
                    self.last_check = None;
                    self.charge();
                }
                if self.instruction() == Next::Ended {
                    self.finish_edges();
                    break;
                }
                if !memory::is_pure(&self.job.function, &self.job.function.code[at]) {
                    self.last_check = None;
                }
            }
            let checked = std::mem::take(&mut self.checked);
            if checked.len() <= CHECKED_MAX {
                self.checked_at_end.insert(block, checked);
            }
            for target in self.facts.targets(&self.job.function, block) {
                let number = target.as_u32() as usize;
                sources_left[number] -= 1;
                if sources_left[number] == 0 {
                    self.b.seal_block(self.blocks[number]);
                }
            }
        }
    }

    /// A block that was not seen to run.
    fn leave_unseen(&mut self, block: Block) {
        self.at = self.job.function.block_range(block).start;
        self.shared = None;
        self.exit_charged(layout::REASON_GUARD, 0);
    }

    fn instruction(&mut self) -> Next {
        let job = self.job;
        let instruction = &job.function.code[self.at];
        self.b.set_srcloc(ir::SourceLoc::new(self.at as u32));
        self.share.all += u64::from(seen(job, self.at).count);
        if self.is_dynamic && self.touches_any(instruction) {
            return self.dynamic(instruction);
        }
        if !self.is_known(instruction) {
            self.exit_now(layout::REASON_INSTRUCTION);
            return Next::Ended;
        }
        self.number(instruction)
            .or_else(|| self.conversion(instruction))
            .or_else(|| self.access(instruction))
            .or_else(|| self.word(instruction))
            .or_else(|| self.vector(instruction))
            .or_else(|| self.control(instruction))
            .unwrap_or_else(|| {
                self.exit_now(layout::REASON_INSTRUCTION);
                Next::Ended
            })
    }

    /// Whether an instruction has what code needs that reads constants of its type.
    fn is_known(&self, instruction: &Instruction) -> bool {
        let mut is_known = true;
        instruction.for_each_operand(|_, operand| {
            let mut look = |operand: minivm_isa::Operand| {
                if let Some(constant) = operand.constant() {
                    let constant = &self.job.function.constants[constant];
                    is_known &= native(constant.ty()).is_some() || matches!(constant, Constant::Nil);
                }
            };
            match operand {
                minivm_isa::operand::OperandRef::In(operand, _) => look(operand),
                minivm_isa::operand::OperandRef::Ins(operands, _) => operands.iter().copied().for_each(&mut look),
                _ => {}
            }
        });
        is_known
    }

    /// Reads where the bytes of all memories are: at the start, and after what may have grown them.
    fn load_views(&mut self) {
        let mut views: Vec<(Memory, View)> = self.views.iter().map(|(&memory, &view)| (memory, view)).collect();
        views.sort_unstable_by_key(|&(memory, _)| memory);
        for (memory, view) in views {
            let address = self.address_of(self.job.memories[&memory].address);
            let base = self.b.ins().load(machine::I64, own(), address, layout::MEMORY_BASE);
            let length = self.b.ins().load(machine::I64, own(), address, layout::MEMORY_LENGTH);
            self.b.def_var(view.base, base);
            self.b.def_var(view.length, length);
        }
    }

    /// An address of something that the machine keeps.
    fn address_of(&mut self, address: u64) -> Value {
        self.b.ins().iconst(machine::I64, address as i64)
    }
}
