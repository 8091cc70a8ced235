//! Reading the frames of a stack, whichever form their code has; nothing is changed.
//!
//! In baseline code every value is in its register. Optimised code keeps some in the window of a later call, and some nowhere, as
//! they are used up: those are not shown. Only what the dataflow knows to be alive is read: a register besides may hold the
//! address of an object that is gone.

use crate::heap::{Cell, Closure, FiberCell, Header};
use crate::runtime::context::{Context, Status};
use crate::runtime::error::{fiber_state, function_name, suspended_in};
use crate::runtime::fiber::Fiber;
use crate::runtime::fiber::FiberState;
use crate::runtime::frame_view::{Frame, FrameKind, Position, Variable, VariableValue};
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::runtime::instance::Instance;
use crate::runtime::task::Uncaught;
use crate::runtime::walk::{Level, Walk};
use crate::threaded::continuation::{Continuation, ContinuationKind};
use crate::threaded::operands::get_any;
use crate::threaded::stack_map::Place;
use crate::threaded::{Flow, Regs};
use crate::value::Value;
use minivm_isa::entities::{Global, Reg};
use minivm_isa::program::Span;
use minivm_isa::{Input, Type};
use std::ptr::with_exposed_provenance_mut as pointer;

/// The identity of an object that a program has asked for already, else 0.
pub(crate) fn known_identity(value: Value) -> u64 {
    // SAFETY: values at hand are reachable.
    value.as_object().map_or(0, |cell| unsafe { (*cell).id() })
}

/// A guest frame: where it stands, in which form of its code.
#[derive(Clone, Copy)]
pub(crate) struct Standing<'a> {
    pub(crate) guest: &'a GuestFunction,
    pub(crate) regs: Regs,
    pub(crate) place: Place,
    /// Whether the instruction has begun, so that arguments of a call that it is belong to the callee.
    pub(crate) has_begun: bool,
}

impl Standing<'_> {
    /// Where the frame stands in the source.
    pub(crate) fn span(&self) -> Option<&Span> {
        self.guest.portable().span_at(self.place.instruction)
    }

    /// The same as a position.
    pub(crate) fn position(&self) -> Option<Position> {
        position(self.guest, self.span()?)
    }

    /// The visible variables that can be read.
    ///
    /// # Safety
    /// It is a frame of a stack as it is.
    pub(crate) unsafe fn locals(&self) -> Vec<(Reg, Variable)> {
        let function = self.guest.portable();
        let visible = self.guest.lookups().locals_at(self.place.instruction);
        let Some(map) = self.guest.stack_map().filter(|_| !visible.is_empty()) else { return Vec::new() };
        // Names are the frontend's claim; only what the dataflow knows to be written is read.
        let view = map.view(function, self.place, self.has_begun);
        let variable = |index: usize| {
            let local = &function.locals[index];
            let word = view.word_of(self.guest.slots(), local.register)?;
            // SAFETY: the words are those of the register, and hold what its type says.
            let value = unsafe { typed(function.registers[local.register], self.regs.wrapping_add(word as usize)) }?;
            Some((local.register, Variable { name: local.name.clone(), value, is_captured: false }))
        };
        visible.into_iter().filter_map(variable).collect()
    }

    /// The `any` values that it holds besides its visible variables, in the order of the registers; if `dead`, with the registers
    /// whose value nobody reads any more, as nil. What a call that has begun calls is the callee's, as its arguments are.
    ///
    /// # Safety
    /// As for [`locals`](Self::locals).
    pub(crate) unsafe fn unnamed(&self, dead: bool) -> Vec<(Reg, Value)> {
        let function = self.guest.portable();
        let Some(map) = self.guest.stack_map() else { return Vec::new() };
        let visible = self.guest.lookups().locals_at(self.place.instruction);
        let is_named = |reg| visible.iter().any(|&index| function.locals[index].register == reg);
        let view = map.view(function, self.place, self.has_begun);
        let callee = function.code[self.place.instruction].callee().filter(|_| self.has_begun);
        let is_callee = |reg| callee.is_some_and(|callee| callee.input() == Input::Reg(reg));
        let unnamed = function
            .registers
            .iter()
            .filter(|&(reg, &ty)| matches!(ty, Type::Any | Type::Cell) && !is_named(reg) && !is_callee(reg));
        unnamed
            .filter_map(|(reg, &ty)| {
                let word = view.word_of(self.guest.slots(), reg);
                // SAFETY: the words are those of the register.
                let value = word.and_then(|word| unsafe { typed(ty, self.regs.wrapping_add(word as usize)) });
                match value {
                    Some(VariableValue::Any(value)) => Some((reg, value)),
                    _ => dead.then_some((reg, Value::NIL)),
                }
            })
            .collect()
    }
}

/// The variables with a name that a closure has captured.
///
/// # Safety
/// The closure is a live one of this function.
unsafe fn captured(guest: &GuestFunction, closure: *mut Closure) -> Vec<Variable> {
    let function = guest.portable();
    let named = function.captures.iter().zip(&function.capture_names).enumerate();
    let variable = |(index, (ty, name)): (usize, (&Type, &String))| {
        // SAFETY: a closure has as many values as its function says, and cells where it says so.
        let value = unsafe {
            let value = *Closure::upvalues(closure).add(index);
            if *ty == Type::Cell { (*pointer::<Cell>(value.payload() as usize)).value } else { value }
        };
        let is_named = !name.is_empty();
        is_named.then(|| Variable { name: name.clone(), value: VariableValue::Any(value), is_captured: true })
    };
    named.filter_map(variable).collect()
}

/// The globals of a program that have a name.
pub(crate) fn named_globals(instance: &Instance) -> Vec<Variable> {
    let program = &instance.program;
    let variable = |global: Global| {
        let name = program.global_name(global)?.to_owned();
        // SAFETY: the words of a global hold what its type says, and nothing runs meanwhile.
        let value = unsafe { typed(program.globals[global].ty, instance.global(global).cast()) }?;
        Some(Variable { name, value, is_captured: false })
    };
    program.globals.keys().filter_map(variable).collect()
}

/// The value of a type that these words hold; a captured variable is what it holds itself.
///
/// # Safety
/// The caller gives words of that type.
unsafe fn typed(ty: Type, words: Regs) -> Option<VariableValue> {
    // SAFETY: the caller gives words of that type.
    unsafe {
        Some(match ty {
            Type::Any => VariableValue::Any(get_any(words, 0)),
            Type::I32 => VariableValue::I32(*words as i32),
            Type::I64 => VariableValue::I64(*words as i64),
            Type::F32 => VariableValue::F32(f32::from_bits(*words as u32)),
            Type::F64 => VariableValue::F64(f64::from_bits(*words)),
            Type::V128 => VariableValue::V128(u128::from(*words) | u128::from(*words.add(1)) << 64),
            Type::Cell if *words == 0 => return None,
            Type::Cell => VariableValue::Any((*pointer::<Cell>(*words as usize)).value),
            Type::Ref(_) if *words == 0 => VariableValue::Reference(Value::NIL),
            Type::Ref(_) => VariableValue::Reference(Value::from_object(pointer::<Header>(*words as usize))),
        })
    }
}

/// Where a walk begins, or goes on below a continuation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entered {
    /// The instruction has not begun.
    Before,
    /// It has.
    Inside,
}

/// Reads frames one after the other.
pub(crate) struct Reader<'m> {
    cx: &'m Context,
    walk: Option<Walk>,
    /// How the next frame stands, unless it waits for a call.
    entered: Entered,
    /// The host function on top of a fiber that it has suspended.
    top: Option<&'m FunctionInfo>,
    fiber: *mut FiberCell,
    /// Whether those that have resumed the fiber come next.
    follows_resumers: bool,
}

/// A level that is shown as a frame.
enum Shown<'m> {
    Guest(Standing<'m>, *mut Closure),
    Host(*mut Closure),
    Boundary(*mut Closure),
    Suspending(&'m FunctionInfo),
}

impl<'m> Reader<'m> {
    /// Reads the frames of the run that has stopped.
    pub(crate) fn of_run(cx: &'m Context) -> Self {
        if !cx.run.suspended.is_null() {
            // SAFETY: the run keeps the fiber that has yielded.
            return Reader::of_fiber(cx, unsafe { Value::from_fiber(cx.run.suspended) });
        }
        let is_uncaught = matches!(cx.run.uncaught, Uncaught::Stopped(_));
        let stands = match cx.status {
            Status::Running | Status::OutOfFuel | Status::Stepped | Status::Waiting => true,
            Status::Failed => is_uncaught,
            Status::Finished | Status::Yielded => false,
        };
        let at = Flow { pc: cx.pc, regs: cx.regs };
        let walk = (stands && !at.pc.is_null()).then(|| Walk::new(cx, at, false));
        let entered = if is_uncaught { Entered::Inside } else { Entered::Before };
        Reader { cx, walk, entered, top: None, fiber: cx.run.fiber, follows_resumers: true }
    }

    /// Reads the frames of a fiber that does not run.
    pub(crate) fn of_fiber(cx: &'m Context, fiber: Value) -> Self {
        let state = fiber_state(fiber);
        let walk = state.map(|(at, calling)| Walk::new(cx, at, calling));
        let top = state.and_then(|_| suspended_in(cx, fiber));
        let fiber = fiber.as_fiber().unwrap_or(std::ptr::null_mut());
        // SAFETY: a value at hand is reachable, or the context holds the fiber.
        let is_before = state.is_some() && unsafe { Fiber::of(fiber) }.stands_before_instruction();
        let entered = if is_before { Entered::Before } else { Entered::Inside };
        Reader { cx, walk, entered, top, fiber, follows_resumers: false }
    }

    /// Reads the frames of a run that is suspended, whose running fiber is this one.
    pub(crate) fn of_parked(cx: &'m Context, fiber: *mut FiberCell) -> Self {
        if fiber.is_null() {
            return Reader { cx, walk: None, entered: Entered::Before, top: None, fiber, follows_resumers: false };
        }
        // SAFETY: the context holds the fibers of the runs that are suspended.
        let fiber = unsafe { Value::from_fiber(fiber) };
        Reader { follows_resumers: true, ..Reader::of_fiber(cx, fiber) }
    }

    /// As it is, but without the fibers that have resumed this one.
    pub(crate) fn alone(self) -> Self {
        Reader { follows_resumers: false, ..self }
    }

    /// How many frames come, without reading what they hold.
    pub(crate) fn count(mut self) -> usize {
        // SAFETY: as for `next`.
        std::iter::from_fn(|| unsafe { self.shown() }).count()
    }

    /// The next frame.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        // SAFETY: nothing runs while the machine is lent out, so stacks stay as they are.
        unsafe {
            let shown = self.shown()?;
            let (kind, closure, standing) = match shown {
                Shown::Guest(standing, closure) if standing.guest.stands_for_host() => (FrameKind::Host, closure, None),
                Shown::Guest(standing, closure) => (FrameKind::Guest, closure, Some(standing)),
                Shown::Host(closure) => (FrameKind::Host, closure, None),
                Shown::Boundary(closure) => (FrameKind::Boundary, closure, None),
                Shown::Suspending(info) => {
                    let name = function_name(info);
                    return Some(self.frame(FrameKind::Host, Value::NIL, name, None));
                }
            };
            let name = function_name(&*(*closure).function.cast::<FunctionInfo>());
            Some(self.frame(kind, Value::from_function(closure), name, standing))
        }
    }

    /// Where the next guest frame stands that has a place in a source, with the start of what it took from its caller and
    /// its fiber: frames are the same as long as these are.
    pub(crate) fn next_standing(&mut self) -> Option<(Standing<'m>, FrameKey)> {
        // SAFETY: as for `next`.
        while let Some(shown) = unsafe { self.shown() } {
            if let Shown::Guest(standing, _) = shown
                && !standing.guest.stands_for_host()
            {
                // SAFETY: the fiber of a frame lives.
                let start = unsafe { Fiber::of(self.fiber) }.stack.start();
                // SAFETY: the frame has a header.
                let base = unsafe { standing.base() };
                return Some((standing, (self.fiber.addr(), crate::threaded::operands::words_between(start, base))));
            }
        }
        None
    }

    fn frame(&self, kind: FrameKind, function: Value, name: String, standing: Option<Standing<'_>>) -> Frame {
        let mut locals = Vec::new();
        if let (Some(standing), Some(closure)) = (standing, function.as_function()) {
            // SAFETY: the frame is of a stack as it is, and runs this closure.
            unsafe {
                locals = captured(standing.guest, closure);
                locals.extend(standing.locals().into_iter().map(|(_, variable)| variable));
            }
        }
        Frame {
            kind,
            function,
            name,
            instruction: standing.map(|standing| standing.place.instruction),
            position: standing.and_then(|standing| position(standing.guest, standing.span()?)),
            locals,
            // SAFETY: the fiber of a frame lives.
            fiber: unsafe { Value::from_fiber(self.fiber) },
        }
    }

    /// The next level that is shown.
    ///
    /// # Safety
    /// The stacks have not changed since the reader was made.
    unsafe fn shown(&mut self) -> Option<Shown<'m>> {
        if let Some(info) = self.top.take() {
            return Some(Shown::Suspending(info));
        }
        // SAFETY: passed on.
        unsafe {
            loop {
                let Some((level, at)) = self.walk.as_mut().and_then(|walk| walk.next()) else {
                    self.follow_resumer()?;
                    continue;
                };
                match level {
                    Level::Guest { guest, closure, regs, instruction, calling, baseline } => {
                        let has_begun = calling || self.entered == Entered::Inside;
                        let instruction = match has_begun || baseline {
                            true => instruction,
                            false => guest.arrival_at(at.pc),
                        };
                        let place = Place { instruction, calling, baseline };
                        return Some(Shown::Guest(Standing { guest, regs, place, has_begun }, closure));
                    }
                    Level::Host { closure, .. } => return Some(Shown::Host(closure)),
                    Level::Boundary { closure } => return Some(Shown::Boundary(closure)),
                    Level::Continuation { continuation } => {
                        // Finalisers and hooks run before the instruction that they interrupt.
                        let kind = Continuation::at(continuation).kind;
                        let is_before = matches!(kind, ContinuationKind::Finaliser | ContinuationKind::Hook);
                        self.entered = if is_before { Entered::Before } else { Entered::Inside };
                    }
                }
            }
        }
    }

    /// Goes on with the fiber that has resumed this one.
    fn follow_resumer(&mut self) -> Option<()> {
        self.walk = None;
        if !self.follows_resumers || self.fiber.is_null() {
            return None;
        }
        // SAFETY: the chain of fibers that wait for the running one is alive.
        let resumer = unsafe { Fiber::of(self.fiber) }.resumer;
        if resumer.is_null() {
            return None;
        }
        // SAFETY: as above.
        let fiber = unsafe { Fiber::of(resumer) };
        self.walk = Some(Walk::new(self.cx, Flow { pc: fiber.pc, regs: fiber.saved_regs() }, true));
        (self.fiber, self.entered) = (resumer, Entered::Inside);
        Some(())
    }
}

/// The fiber of a frame, and how high the frame begins on its stack.
pub(crate) type FrameKey = (usize, usize);

impl Standing<'_> {
    /// Where the values begin that the frame took from its caller.
    ///
    /// # Safety
    /// The caller gives a frame with a header.
    unsafe fn base(&self) -> Regs {
        match self.guest.convention {
            // SAFETY: the caller gives a frame with a header; a variadic one has its distance before it.
            minivm_isa::Convention::Variadic => unsafe { crate::threaded::frame::Frame::at(self.regs).variadic_base() },
            minivm_isa::Convention::Typed | minivm_isa::Convention::Dynamic => self.regs,
        }
    }
}

/// The frame that a fiber will begin with which has not begun; none for others.
pub(crate) fn first_of(fiber: Value) -> Option<Frame> {
    let cell = fiber.as_fiber()?;
    // SAFETY: values at hand are reachable, and a new fiber has the function that it begins with, which is live.
    unsafe {
        let state = Fiber::of(cell);
        let is_new = matches!(state.state, FiberState::Suspended | FiberState::Parked) && state.pc.is_null();
        if is_new { first_frame(state.waiting_callee(), fiber) } else { None }
    }
}

/// The frame that a fiber will begin with, whose function has not begun.
///
/// # Safety
/// `function` is live.
unsafe fn first_frame(function: Value, fiber: Value) -> Option<Frame> {
    let closure = function.as_function()?;
    // SAFETY: a live closure has its function.
    let info = unsafe { &*(*closure).function.cast::<FunctionInfo>() };
    let guest = match &info.body {
        Body::Guest(guest) if !guest.stands_for_host() => Some(guest),
        Body::Guest(_) | Body::Host(_) | Body::Bridge(_) => None,
    };
    Some(Frame {
        kind: if guest.is_some() { FrameKind::Guest } else { FrameKind::Host },
        function,
        name: function_name(info),
        instruction: guest.map(|_| 0),
        position: guest.and_then(|guest| position(guest, guest.portable().span_at(0)?)),
        // SAFETY: it is a live closure of this function.
        locals: guest.map_or(Vec::new(), |guest| unsafe { captured(guest, closure) }),
        fiber,
    })
}

/// The position of the innermost function with code.
pub(crate) fn innermost(cx: &Context, at: Flow, calling: bool) -> Option<Position> {
    let mut walk = Walk::new(cx, at, calling);
    // SAFETY: the stack of a run that fails is whole, and nothing changes it meanwhile.
    while let Some(level) = unsafe { walk.next_shown() } {
        if let Level::Guest { guest, instruction, .. } = level {
            return position(guest, guest.portable().span_at(instruction)?);
        }
    }
    None
}

/// A span as a position.
fn position(guest: &GuestFunction, span: &Span) -> Option<Position> {
    let source = guest.program().sources.get(span.source)?;
    // SAFETY: instances outlive their functions.
    let column = unsafe { &*guest.instance }.column(span);
    Some(Position { file: source.name.clone(), line: span.line, column, bytes: span.start..span.end })
}
