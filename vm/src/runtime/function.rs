//! What the machine knows of a function: where its code is, how to enter it, where its registers lie.

use crate::heap::{Closure, OutOfMemory};
use crate::memory::MemoryBudget;
use crate::runtime::host::HostFn;
use crate::runtime::instance::Instance;
use crate::threaded::Pc;
use crate::threaded::Regs;
use crate::threaded::boundary::BoundarySignature;
use crate::threaded::continuation::CONTINUATION_DELTA;
use crate::threaded::frame::Frame;
use crate::threaded::header_at;
use crate::threaded::lookups::Lookups;
use crate::threaded::return_stubs::ReturnStubs;
use crate::threaded::slots::Slots;
use crate::threaded::stack_map::StackMap;
use crate::threaded::{Code, HEADER_HALVES, NOT_DIRECT};
use crate::value::Value;
use minivm_isa::entities::{Func, Sig};
use minivm_isa::program::{Function, FunctionDef};
use minivm_isa::{Convention, Signature};
use std::cell::Cell;
use std::cell::OnceCell;
use std::rc::Rc;

/// Words of a boundary frame besides its values: headers, and room for one machine continuation.
const BRIDGE_WORDS: usize = 24;

/// Instructions of a function whose code is made without asking for room first.
const SMALL_MAX: usize = 4096;

/// A function of an instance, or a host function. It never moves: closures and code point to it. It is small, as an instance has
/// one for each function in its tables, of which most are never called.
pub(crate) struct FunctionInfo {
    /// What calls over a boundary need to know: of the bridge itself, of the program's types, which the instance keeps, or constant.
    boundary: *const BoundarySignature,
    /// Number of its typed signature in the machine, or [`NO_SIGNATURE`](crate::runtime::context::NO_SIGNATURE).
    pub(crate) signature: u32,
    /// What is behind it.
    pub(crate) body: Body,
}

/// What is behind a function.
pub(crate) enum Body {
    /// Bytecode.
    Guest(GuestFunction),
    /// A function of the host.
    Host(Box<HostFunction>),
    /// Another function, called with a typed signature that is not its own.
    Bridge(Box<Bridge>),
}

/// A typed signature of functions that are not typed. Its closures capture the function behind, and the name it was imported by.
pub(crate) struct Bridge {
    /// A header, without native code, and the instruction that enters it.
    stub: [u64; 4],
    boundary: BoundarySignature,
    /// How it is called.
    pub(crate) signature: Rc<Signature>,
    /// The collection that has last found a closure of it.
    pub(crate) seen_in: Cell<u64>,
}

/// A function with bytecode.
pub(crate) struct GuestFunction {
    /// The instance it belongs to.
    pub(crate) instance: *const Instance,
    /// Its number there.
    pub(crate) index: Func,
    /// Number of parameters.
    pub(crate) params: u32,
    /// How it is called.
    pub(crate) convention: Convention,
    derived: OnceCell<Box<Derived>>,
}

/// What is made of a function's bytecode when it is first needed.
#[derive(Default)]
pub(crate) struct Derived {
    /// Threaded code, made at the first call.
    pub(crate) code: OnceCell<Code>,
    /// Threaded code of one instruction per canonical instruction, made when the function is stepped.
    pub(crate) baseline: OnceCell<Code>,
    /// What it has of native code.
    native: crate::runtime::native::slot::NativeSlot,
    /// Values of the constants, made with the code.
    pub(crate) constants: OnceCell<Box<[Value]>>,
    /// Which registers hold references where, made when the collector first meets a frame.
    pub(crate) stack_map: OnceCell<StackMap>,
    /// Where its registers lie.
    slots: OnceCell<Slots>,
    /// What errors and debuggers look up.
    lookups: OnceCell<Box<Lookups>>,
    /// Bytes that are charged for its code, from when that was first made: part of the state of a program.
    charged_bytes: Cell<u64>,
}

/// Bytes of what is made of a function's bytecode, besides what it refers to.
pub(crate) const DERIVED_BYTES: u64 = minivm_isa::size::ALLOCATION_BYTES + size_of::<Derived>() as u64;

/// A function of the host.
pub(crate) struct HostFunction {
    /// Name for people.
    pub(crate) name: String,
    /// What to call.
    pub(crate) function: HostFn,
    /// A host function the machine can do itself.
    pub(crate) intrinsic: Option<crate::runtime::host::Intrinsic>,
    /// Whether it may begin its state again when memory has run out, see
    /// [`Machine::set_restartable`](crate::raw::Machine::set_restartable).
    pub(crate) is_restartable: Cell<bool>,
    /// Whether it is a part of the language, of which hooks are not told, see
    /// [`Machine::set_internal`](crate::raw::Machine::set_internal).
    pub(crate) is_internal: Cell<bool>,
}

impl FunctionInfo {
    /// A function with bytecode, not loaded.
    pub(crate) fn guest(instance: &Instance, index: Func, signature: Sig) -> Box<Self> {
        let known = &instance.program.signatures[signature];
        let body = Body::Guest(GuestFunction {
            instance,
            index,
            params: u32::try_from(known.params.len()).expect("parameters are counted in u32"),
            convention: known.convention,
            derived: OnceCell::new(),
        });
        let boundary = instance.types.boundary(signature);
        Box::new(FunctionInfo { boundary, signature: instance.signature_number(signature), body })
    }

    /// A bridge. Typed calls enter it as if it had code.
    pub(crate) fn bridge(signature: Rc<Signature>, number: u32, stubs: &ReturnStubs) -> Box<Self> {
        let boundary = BoundarySignature::of_bridge(&signature, stubs);
        let values = signature.params.len().max(signature.results.len());
        let extent = u32::try_from(2 * values + BRIDGE_WORDS).unwrap_or(u32::MAX);
        let header = u64::from(NOT_DIRECT) << 32 | u64::from(extent);
        let stub = [0, 0, header, stubs.handlers().bridge_enter.0];
        let bridge = Box::new(Bridge { stub, boundary, signature, seen_in: Cell::new(0) });
        let boundary = &raw const bridge.boundary;
        Box::new(FunctionInfo { boundary, signature: number, body: Body::Bridge(bridge) })
    }

    /// A function of the host.
    pub(crate) fn host(function: HostFunction) -> Box<Self> {
        let signature = crate::runtime::context::NO_SIGNATURE;
        Box::new(FunctionInfo { boundary: &BoundarySignature::NONE, signature, body: Body::Host(Box::new(function)) })
    }

    /// What calls over a boundary need to know.
    #[inline(always)]
    pub(crate) fn boundary(&self) -> &BoundarySignature {
        // SAFETY: a bridge keeps its own, and an instance, which outlives its functions, the types of its program.
        unsafe { &*self.boundary }
    }

    /// Bytes that its instance is charged for its code.
    pub(crate) fn charged_bytes(&self) -> u64 {
        match &self.body {
            Body::Guest(guest) => guest.charged_bytes(),
            Body::Host(_) | Body::Bridge(_) => 0,
        }
    }

    /// Where calls enter: the threaded code, a bridge's instruction, or the machine's place for functions without code.
    pub(crate) fn entry(&self, stubs: &ReturnStubs) -> Pc {
        match &self.body {
            Body::Guest(guest) => guest.code().map_or(stubs.no_code(), Code::entry),
            Body::Host(_) => stubs.no_code(),
            Body::Bridge(bridge) => bridge.stub.as_ptr().cast::<u16>().wrapping_add(HEADER_HALVES),
        }
    }
}

impl GuestFunction {
    /// The program it is part of.
    pub(crate) fn program(&self) -> &minivm_isa::Program {
        // SAFETY: instances outlive their functions.
        unsafe { &(*self.instance).program }
    }

    /// The portable function.
    pub(crate) fn portable(&self) -> &Function {
        match &self.program().functions[self.index] {
            FunctionDef::Code(function) => function,
            FunctionDef::Import { .. } => unreachable!("imports are linked to other functions"),
        }
    }

    /// Makes the portable function, if that is made later, and charges its program for it.
    ///
    /// # Errors
    /// When the limit does not allow it.
    pub(crate) fn make_portable(&self, budget: &MemoryBudget) -> Result<(), OutOfMemory> {
        // SAFETY: instances outlive their functions.
        unsafe { &(*self.instance).program }.make(self.index, budget)
    }

    /// What is made of its bytecode.
    pub(crate) fn derived(&self) -> &Derived {
        self.derived.get_or_init(Box::default)
    }

    /// Its threaded code, if that was made.
    pub(crate) fn code(&self) -> Option<&Code> {
        self.derived.get()?.code.get()
    }

    /// Its threaded code of one instruction per canonical instruction, if that was made.
    pub(crate) fn baseline(&self) -> Option<&Code> {
        self.derived.get()?.baseline.get()
    }

    /// The values of its constants, if they were made.
    pub(crate) fn constants(&self) -> Option<&[Value]> {
        self.derived.get()?.constants.get().map(|constants| &**constants)
    }

    /// Which of its registers hold references where, if the code was made.
    pub(crate) fn stack_map(&self) -> Option<&StackMap> {
        self.derived.get()?.stack_map.get()
    }

    /// What it has of native code.
    pub(crate) fn native(&self) -> &crate::runtime::native::slot::NativeSlot {
        &self.derived().native
    }

    /// Bytes that its instance is charged for its code.
    pub(crate) fn charged_bytes(&self) -> u64 {
        self.derived.get().map_or(0, |derived| derived.charged_bytes.get())
    }

    /// Charges its instance for so many bytes of its code more, whether or not there is room.
    pub(crate) fn charge(&self, bytes: u64) {
        if bytes == 0 {
            return;
        }
        self.derived().charged_bytes.set(self.charged_bytes().saturating_add(bytes));
        // SAFETY: instances outlive their functions.
        unsafe { &(*self.instance).held }.grow_unchecked(bytes);
    }

    /// Whether its code is too small to be refused.
    pub(crate) fn is_small(&self) -> bool {
        self.portable().code.len() <= SMALL_MAX
    }

    /// Where its registers lie.
    pub(crate) fn slots(&self) -> &Slots {
        self.derived().slots.get_or_init(|| Slots::compute(self.portable()))
    }

    /// What errors and debuggers look up.
    pub(crate) fn lookups(&self) -> &Lookups {
        self.derived().lookups.get_or_init(|| Lookups::new(self.portable()))
    }

    /// The loaded code.
    pub(crate) fn loaded(&self) -> &Code {
        self.code().expect("a function with a frame was loaded")
    }
}

/// The first word above a guest frame that nothing uses.
///
/// # Safety
/// `regs` are those of a guest frame: its closure was entered, so that it has code.
#[inline]
pub(crate) unsafe fn top_of(regs: Regs) -> usize {
    // SAFETY: the header of a guest frame names its closure, which has code.
    unsafe {
        let closure = Frame::at(regs).closure();
        header_at((*closure).code.cast()).extent as usize - CONTINUATION_DELTA
    }
}

/// Whether the function behind a closure runs bytecode.
pub(crate) fn is_guest(closure: *mut Closure) -> bool {
    // SAFETY: closures point to functions, which live as long as they do.
    matches!(unsafe { &(*(*closure).function.cast::<crate::runtime::function::FunctionInfo>()).body }, Body::Guest(_))
}
