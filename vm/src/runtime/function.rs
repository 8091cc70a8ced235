//! What the machine knows of a function: where its code is, how to enter it, where its registers lie.

use crate::heap::Closure;
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
use minivm_isa::entities::Func;
use minivm_isa::program::{Function, FunctionDef};
use minivm_isa::{Convention, Signature};
use std::cell::Cell;
use std::cell::OnceCell;
use std::rc::Rc;

/// Words of a boundary frame besides its values: headers, and room for one machine continuation.
const BRIDGE_WORDS: usize = 24;

/// Instructions of a function whose code is made without asking for room first.
const SMALL_MAX: usize = 4096;

/// A function of an instance, or a host function. It never moves: closures and code point to it.
pub(crate) struct FunctionInfo {
    /// A header, without native code, and one instruction that loads the function, as an entry until it is loaded; for host functions the
    /// instruction is never run, as calls see [`NOT_DIRECT`].
    stub: [u64; 4],
    /// Number of its typed signature in the machine, or [`NO_SIGNATURE`](crate::runtime::context::NO_SIGNATURE).
    pub(crate) signature: u32,
    /// What calls over a boundary need to know.
    pub(crate) boundary: BoundarySignature,
    /// What is behind it.
    pub(crate) body: Body,
}

/// What is behind a function.
#[allow(clippy::large_enum_variant, reason = "almost all functions are guest functions")]
pub(crate) enum Body {
    /// Bytecode.
    Guest(GuestFunction),
    /// A function of the host.
    Host(HostFunction),
    /// Another function, called with a typed signature that is not its own.
    Bridge(Bridge),
}

/// A typed signature of functions that are not typed. Its closures capture the function behind, and the name it was imported by.
pub(crate) struct Bridge {
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
    /// Threaded code, made at the first call.
    pub(crate) code: OnceCell<Code>,
    /// Threaded code of one instruction per canonical instruction, made when the function is stepped.
    pub(crate) baseline: OnceCell<Code>,
    /// What it has of native code.
    pub(crate) native: crate::runtime::native::NativeSlot,
    /// Values of the constants, made with the code.
    pub(crate) constants: OnceCell<Box<[Value]>>,
    /// Which registers hold references where, made when the collector first meets a frame.
    pub(crate) stack_map: OnceCell<StackMap>,
    /// Where its registers lie.
    pub(crate) slots: OnceCell<Slots>,
    /// What errors and debuggers look up, made when it is first needed.
    lookups: OnceCell<Box<Lookups>>,
    /// Number of parameters.
    pub(crate) params: u32,
    /// How it is called.
    pub(crate) convention: Convention,
    /// Bytes that are charged for its code, from when that was first made: part of the state of a program.
    pub(crate) charged_bytes: Cell<u64>,
}

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
    pub(crate) fn guest(
        instance: *const Instance,
        index: Func,
        signature: &Signature,
        number: u32,
        stubs: &ReturnStubs,
    ) -> Box<Self> {
        let body = Body::Guest(GuestFunction {
            instance,
            index,
            code: OnceCell::new(),
            baseline: OnceCell::new(),
            native: crate::runtime::native::NativeSlot::default(),
            constants: OnceCell::new(),
            stack_map: OnceCell::new(),
            slots: OnceCell::new(),
            lookups: OnceCell::new(),
            params: u32::try_from(signature.params.len()).expect("parameters are counted in u32"),
            convention: signature.convention,
            charged_bytes: Cell::new(0),
        });
        let mut info = FunctionInfo::new(body, number, stubs);
        info.boundary = BoundarySignature::of_typed(signature, stubs);
        info
    }

    /// A bridge. Typed calls enter it as if it had code.
    pub(crate) fn bridge(signature: Rc<Signature>, number: u32, stubs: &ReturnStubs) -> Box<Self> {
        let boundary = BoundarySignature::of_bridge(&signature, stubs);
        let values = signature.params.len().max(signature.results.len());
        let mut info = FunctionInfo::new(Body::Bridge(Bridge { signature, seen_in: Cell::new(0) }), number, stubs);
        info.boundary = boundary;
        let extent = u32::try_from(2 * values + BRIDGE_WORDS).unwrap_or(u32::MAX);
        info.stub[2] = u64::from(NOT_DIRECT) << 32 | u64::from(extent);
        info.stub[3] = stubs.handlers().bridge_enter.0;
        info
    }

    /// A function without bytecode.
    pub(crate) fn new(body: Body, signature: u32, stubs: &ReturnStubs) -> Box<Self> {
        let mut info = Box::new(FunctionInfo { stub: [0; 4], signature, boundary: BoundarySignature::NONE, body });
        let address: *const FunctionInfo = &*info;
        // No frame is so large: typed calls, which check nothing else, take the slow path too.
        let header = u64::from(NOT_DIRECT) << 32 | u64::from(u32::MAX);
        info.stub = [address.expose_provenance() as u64, 0, header, stubs.handlers().no_code.0];
        info
    }

    /// Bytes that its instance is charged for its code.
    pub(crate) fn charged_bytes(&self) -> u64 {
        match &self.body {
            Body::Guest(guest) => guest.charged_bytes.get(),
            Body::Host(_) | Body::Bridge(_) => 0,
        }
    }

    /// Where calls enter: the threaded code, or the stub that makes it.
    pub(crate) fn entry(&self) -> Pc {
        match &self.body {
            Body::Guest(guest) => guest.code.get().map_or(self.stub_entry(), Code::entry),
            Body::Host(_) | Body::Bridge(_) => self.stub_entry(),
        }
    }

    fn stub_entry(&self) -> Pc {
        self.stub.as_ptr().cast::<u16>().wrapping_add(HEADER_HALVES)
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

    /// Charges its instance for so many bytes of its code more, whether or not there is room.
    pub(crate) fn charge(&self, bytes: u64) {
        self.charged_bytes.set(self.charged_bytes.get().saturating_add(bytes));
        // SAFETY: instances outlive their functions.
        unsafe { &(*self.instance).held }.grow_unchecked(bytes);
    }

    /// Whether its code is too small to be refused.
    pub(crate) fn is_small(&self) -> bool {
        self.portable().code.len() <= SMALL_MAX
    }

    /// Where its registers lie.
    pub(crate) fn slots(&self) -> &Slots {
        self.slots.get_or_init(|| Slots::compute(self.portable()))
    }

    /// What errors and debuggers look up.
    pub(crate) fn lookups(&self) -> &Lookups {
        self.lookups.get_or_init(|| Lookups::new(self.portable()))
    }

    /// The loaded code.
    pub(crate) fn loaded(&self) -> &Code {
        self.code.get().expect("a function with a frame was loaded")
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
    // SAFETY: closures point to functions, which live as long as the machine.
    matches!(unsafe { &(*(*closure).function.cast::<crate::runtime::function::FunctionInfo>()).body }, Body::Guest(_))
}
