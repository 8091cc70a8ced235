//! Calls of host functions: what they see, and how their answers are carried out.
//!
//! The frame of a host function is the `any` values it keeps: its arguments first. When it calls guest code, a continuation lies
//! above them, and its next state finds them again.

use crate::runtime::host::HostCall;
use crate::runtime::host::Returned;
use crate::threaded::frame::Frame;
use crate::threaded::operands::values_at;

use crate::heap::Heap;
use crate::runtime::host::{HostRequest, HostState, Outcome, OutcomeKind, Pause, Raise, WaitRequest};
use crate::threaded::Regs;
use crate::threaded::continuation::{CONTINUATION_DELTA, Protect};
use crate::threaded::operands::{get_any, set_any};
use crate::value::Value;

impl<'m> HostCall<'m> {
    #[inline]
    fn regs(&self) -> Regs {
        self.cx.stack_start.wrapping_add(self.base)
    }

    /// Start of the frame and number of kept values.
    #[inline]
    pub(crate) fn frame(&self) -> (Regs, usize) {
        (self.regs(), self.count)
    }

    /// Number of arguments, or of values kept with [`keep`](Self::keep).
    #[inline]
    pub fn arg_count(&self) -> usize {
        self.count
    }

    /// Argument `index`, from 0; nil past the last one.
    #[inline]
    pub fn arg(&self, index: usize) -> Value {
        if index < self.count {
            // SAFETY: the frame has `count` values.
            unsafe { get_any(self.regs(), index * 2) }
        } else {
            Value::NIL
        }
    }

    /// All arguments.
    pub fn args(&self) -> Vec<Value> {
        // SAFETY: the frame has `count` values.
        unsafe { values_at(self.regs(), self.count) }
    }

    /// Replaces the values that the function finds again in its next state.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn keep(&mut self, values: &[Value]) -> Result<(), Raise> {
        self.write(values)?;
        self.count = values.len();
        self.is_frame_changed = true;
        Ok(())
    }

    /// Keeps more values behind those that are kept. [Results of a call](Self::returned) are no longer there then.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn keep_more(&mut self, values: &[Value]) -> Result<(), Raise> {
        self.make_room(self.count + values.len())?;
        for (index, &value) in values.iter().enumerate() {
            // SAFETY: room was made.
            unsafe { set_any(self.regs(), (self.count + index) * 2, value) };
        }
        self.count += values.len();
        self.returned = Returned::Nothing;
        Ok(())
    }

    fn write(&mut self, values: &[Value]) -> Result<(), Raise> {
        self.make_room(values.len())?;
        for (index, &value) in values.iter().enumerate() {
            // SAFETY: room was made.
            unsafe { set_any(self.regs(), index * 2, value) };
        }
        Ok(())
    }

    #[inline]
    fn make_room(&mut self, values: usize) -> Result<(), Raise> {
        let regs = self.regs();
        let words = values.checked_mul(2).and_then(|words| words.checked_add(16)).ok_or(Raise::Trap(STACK))?;
        match self.cx.reserve(regs, regs, words) {
            Some(_) => Ok(()),
            None => Err(Raise::Trap(self.cx.take_stack_trap())),
        }
    }

    /// 0 in the first call; then what the function gave when it asked for a call.
    #[inline]
    pub fn state(&self) -> u32 {
        self.state
    }

    /// Whether this state has begun again after a collection, as it may if it is
    /// [restartable](crate::raw::Machine::set_restartable): when there is not enough memory now, there is none.
    pub fn has_collected(&self) -> bool {
        self.has_collected
    }

    /// Pays for work that this state is about to do: 1 unit is as much as an instruction of bytecode. To be called before the
    /// state does anything that can be seen, keeps or allocates included, and passed up with `?`: where the budget does not
    /// suffice, the run stops, and the function begins its state again, with the same kept values and results of its call,
    /// when the run goes on. What was paid till then counts. So a state must ask for the same whenever it begins, which
    /// must depend on nothing but what the program can see: arguments, strings, tables.
    ///
    /// A state asks for at most [`SLICE`](crate::raw::SLICE) units or so, whose work then takes a few milliseconds at the
    /// very most. Longer work is a loop of states, each of which pays for a slice of it, does it, keeps where it has got to
    /// and [goes on](Self::go_on).
    ///
    /// | work | units |
    /// |---|---|
    /// | copying, filling, comparing or hashing bytes | 1 for each 64, see [`charge_bytes`](Self::charge_bytes) |
    /// | looking at each byte, formatting | 1 for each 16 |
    /// | steps of a matcher or another small interpreter | 1 for each 4 |
    /// | values copied, tables read or written in order | 1 for each 16; one by one through the hash part 1 for each 4 |
    ///
    /// The machine charges for itself: 1 unit and 1 for each 16 values that are kept or given for each state besides the one
    /// that an instruction called.
    ///
    /// # Errors
    /// [`Raise::Pause`] when the budget does not suffice.
    #[inline]
    pub fn charge(&mut self, units: u64) -> Result<(), Raise> {
        let wanted = self.asked.saturating_add(units);
        if wanted > self.paid && !self.pay(wanted) {
            return Err(Raise::Pause(Pause(())));
        }
        self.asked = wanted;
        Ok(())
    }

    /// As [`charge`](Self::charge), for copying or comparing so many bytes. The first
    /// [`FAST_PATH_BYTES_MAX`](crate::raw::FAST_PATH_BYTES_MAX) cost nothing: that much the [fast path](crate::raw::FastPathFn) of a
    /// function may do, which cannot charge.
    ///
    /// # Errors
    /// As for [`charge`](Self::charge).
    #[inline]
    pub fn charge_bytes(&mut self, bytes: usize) -> Result<(), Raise> {
        let units = bytes.saturating_sub(crate::runtime::host::FAST_PATH_BYTES_MAX) / 64;
        if units == 0 { Ok(()) } else { self.charge(units as u64) }
    }

    /// Pays for this state's work up to `wanted` units; says whether the budget was enough.
    #[cold]
    fn pay(&mut self, wanted: u64) -> bool {
        let due = i64::try_from(wanted - self.paid).unwrap_or(i64::MAX);
        match self.cx.pay_up_to(due) {
            paid if paid == due => {
                self.paid = wanted;
                true
            }
            paid => {
                self.paid += paid as u64;
                false
            }
        }
    }

    /// Goes on in another state with the kept values, after the machine has had a look at the budget, at
    /// [interrupts](crate::raw::Machine::set_interrupt) and at the collector. [`returned`](Self::returned) gives nothing then.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn go_on(&mut self, state: u32) -> Result<Outcome, Raise> {
        self.push_arguments(&[])?;
        Ok(Outcome(OutcomeKind::GoOn { state }))
    }

    /// For a function that has to wait a little, for a thread of its own say: has the machine look at
    /// [interrupts](crate::raw::Machine::set_interrupt), then begin the state again. It costs nothing.
    pub fn look_around(&mut self) -> Raise {
        self.cx.looks_around = true;
        Raise::Pause(Pause(()))
    }

    /// What the call asked for before gave: its results, or the error when it was protected.
    pub fn returned(&self) -> Result<Vec<Value>, Value> {
        match self.returned {
            Returned::Nothing => Ok(Vec::new()),
            // SAFETY: the results lie there until the function answers.
            Returned::Values(at, count) => Ok(unsafe { values_at(self.cx.stack_start.wrapping_add(at), count) }),
            Returned::Error(value) => Err(value),
        }
    }

    /// The error that the call asked for before ended with, if it did.
    #[inline]
    pub fn error_returned(&self) -> Option<Value> {
        match self.returned {
            Returned::Error(value) => Some(value),
            Returned::Nothing | Returned::Values(..) => None,
        }
    }

    /// The first result of the call asked for before, or nil.
    #[inline]
    pub fn returned_one(&self) -> Value {
        match self.returned {
            // SAFETY: as for `returned`.
            Returned::Values(at, count) if count > 0 => unsafe { get_any(self.cx.stack_start.wrapping_add(at), 0) },
            Returned::Values(..) | Returned::Nothing | Returned::Error(_) => Value::NIL,
        }
    }

    /// The heap. Nothing is collected while a host function runs.
    #[inline]
    pub fn heap(&mut self) -> &mut Heap {
        &mut self.cx.heap
    }

    /// State of the host's libraries.
    pub fn host_state(&mut self) -> &mut HostState {
        &mut self.cx.host_state
    }

    /// Returns nothing.
    #[inline]
    pub fn return_none(&mut self) -> Result<Outcome, Raise> {
        Ok(Outcome(OutcomeKind::Return { count: 0 }))
    }

    /// Returns one value.
    #[inline]
    pub fn return_one(&mut self, value: Value) -> Result<Outcome, Raise> {
        // SAFETY: a frame always has room for one value: calls leave a continuation's room above their window.
        unsafe { set_any(self.regs(), 0, value) };
        Ok(Outcome(OutcomeKind::Return { count: 1 }))
    }

    /// Returns values.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn return_values(&mut self, values: &[Value]) -> Result<Outcome, Raise> {
        self.write(values)?;
        Ok(Outcome(OutcomeKind::Return { count: values.len() }))
    }

    /// Returns the arguments from `first` on, without copying them elsewhere.
    ///
    /// # Errors
    /// None; it answers like the other returns.
    pub fn return_args_from(&mut self, first: usize) -> Result<Outcome, Raise> {
        let first = first.min(self.count);
        let count = self.count - first;
        // SAFETY: both ranges are inside the frame.
        unsafe { std::ptr::copy(self.regs().add(first * 2), self.regs(), count * 2) };
        Ok(Outcome(OutcomeKind::Return { count }))
    }

    /// Calls guest code and comes back in `state`, with the kept values. Errors pass through.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn call(&mut self, callee: Value, arguments: &[Value], state: u32) -> Result<Outcome, Raise> {
        self.call_protected(callee, arguments, state, Protect::No, Value::NIL)
    }

    /// As [`call`](Self::call); with a protection, an error comes back as [`returned`](Self::returned). `handler` is for
    /// [`Protect::CatchWith`].
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn call_protected(
        &mut self,
        callee: Value,
        arguments: &[Value],
        state: u32,
        protect: Protect,
        handler: Value,
    ) -> Result<Outcome, Raise> {
        self.push_arguments(arguments)?;
        Ok(Outcome(OutcomeKind::Call { callee, arguments: arguments.len(), state, protect, handler }))
    }

    /// Puts arguments where the callee of a call will find them: above the kept values and a continuation.
    fn push_arguments(&mut self, arguments: &[Value]) -> Result<(), Raise> {
        self.make_room(self.count + arguments.len() + CONTINUATION_DELTA)?;
        let new = self.regs().wrapping_add(self.count * 2 + CONTINUATION_DELTA);
        for (index, &value) in arguments.iter().enumerate() {
            // SAFETY: room was made.
            unsafe { set_any(new, index * 2, value) };
        }
        Ok(())
    }

    /// Calls guest code in place of this function.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn tail_call(&mut self, callee: Value, arguments: &[Value]) -> Result<Outcome, Raise> {
        self.write(arguments)?;
        Ok(Outcome(OutcomeKind::TailCall { callee, arguments: arguments.len() }))
    }

    /// Suspends the running fiber; what it is resumed with is what this function returns.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn yield_values(&mut self, values: &[Value]) -> Result<Outcome, Raise> {
        self.write(values)?;
        Ok(Outcome(OutcomeKind::Yield { count: values.len() }))
    }

    /// Resumes a suspended fiber and comes back in `state`: [`returned`](Self::returned) is what it yielded or returned, or
    /// its error.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn resume(&mut self, fiber: Value, arguments: &[Value], state: u32) -> Result<Outcome, Raise> {
        self.push_arguments(arguments)?;
        Ok(Outcome(OutcomeKind::Resume { fiber, arguments: arguments.len(), state }))
    }

    /// Closes a suspended or dead fiber and comes back in `state`: [`returned`](Self::returned) is an error when a clean-up
    /// raised one or the fiber had failed.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn close_fiber(&mut self, fiber: Value, state: u32) -> Result<Outcome, Raise> {
        self.push_arguments(&[])?;
        Ok(Outcome(OutcomeKind::Close { fiber, state }))
    }

    /// Stops the run until the host has an answer, which comes back in `state`.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn wait(&mut self, request: Box<dyn HostRequest>, state: u32) -> Result<Outcome, Raise> {
        self.push_arguments(&[])?;
        Ok(Outcome(OutcomeKind::Wait { request: WaitRequest(request), state }))
    }

    /// The running function itself: a closure, whose captured values [`Heap::capture`] reads.
    #[inline]
    pub fn callee(&self) -> Value {
        // SAFETY: the closure is in the header of every frame, and lives as long as its frame.
        unsafe { Value::from_function(Frame::at(self.regs()).closure()) }
    }

    /// Changes one of the values that the function finds again in its next state; nothing happens past the last one.
    #[inline]
    pub fn set_arg(&mut self, index: usize, value: Value) {
        if index < self.count {
            // SAFETY: the frame has `count` values.
            unsafe { set_any(self.regs(), index * 2, value) };
            self.is_frame_changed = true;
        }
    }

    /// Calls guest code with the arguments from `first` on, as [`call_protected`](Self::call_protected), and keeps nothing.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn call_with_args_from(
        &mut self,
        callee: Value,
        first: usize,
        state: u32,
        protect: Protect,
        handler: Value,
    ) -> Result<Outcome, Raise> {
        let arguments = self.move_args_up(first)?;
        Ok(Outcome(OutcomeKind::Call { callee, arguments, state, protect, handler }))
    }

    /// Resumes a fiber with the arguments from `first` on, as [`resume`](Self::resume), and keeps nothing.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn resume_with_args_from(&mut self, fiber: Value, first: usize, state: u32) -> Result<Outcome, Raise> {
        let arguments = self.move_args_up(first)?;
        Ok(Outcome(OutcomeKind::Resume { fiber, arguments, state }))
    }

    /// Suspends the running fiber, handing out all arguments.
    ///
    /// # Errors
    /// None; it answers like [`yield_values`](Self::yield_values).
    pub fn yield_args(&mut self) -> Result<Outcome, Raise> {
        Ok(Outcome(OutcomeKind::Yield { count: self.count }))
    }

    /// Moves the arguments from `first` on to where a callee finds them when nothing is kept; gives their number.
    fn move_args_up(&mut self, first: usize) -> Result<usize, Raise> {
        let first = first.min(self.count);
        let arguments = self.count - first;
        self.make_room(self.count + CONTINUATION_DELTA)?;
        // SAFETY: room was made above the frame.
        unsafe {
            std::ptr::copy(self.regs().add(first * 2), self.regs().add(CONTINUATION_DELTA), arguments * 2);
        }
        self.count = 0;
        Ok(arguments)
    }

    /// Returns what the call asked for before gave, after `first` if there is one.
    ///
    /// # Errors
    /// When the stack may not grow.
    pub fn return_returned(&mut self, first: Option<Value>) -> Result<Outcome, Raise> {
        let Returned::Values(at, count) = self.returned else {
            return self.return_values(first.as_slice());
        };
        let shift = usize::from(first.is_some());
        self.make_room(count + shift + CONTINUATION_DELTA)?;
        let results = self.cx.stack_start.wrapping_add(at);
        // SAFETY: the results lie above a continuation that is above the frame, so they move down, or stay inside the room made.
        unsafe { std::ptr::copy(results, self.regs().add(shift * 2), count * 2) };
        if let Some(first) = first {
            // SAFETY: the frame always has room for one value.
            unsafe { set_any(self.regs(), 0, first) };
        }
        Ok(Outcome(OutcomeKind::Return { count: count + shift }))
    }

    /// A metamethod of a value by its whole name (`__tostring`), or nil.
    pub fn metamethod(&mut self, value: Value, name: &str) -> Value {
        let metatable = self.cx.metatable(value);
        if metatable.is_null() {
            return Value::NIL;
        }
        match self.cx.heap.new_string(name.as_bytes()) {
            // SAFETY: metatables are reachable from their values.
            Ok(name) => unsafe { crate::heap::Table::get_str(metatable, &mut self.cx.heap, name) },
            Err(_) => Value::NIL,
        }
    }

    /// Where the function stands that called the running host function, `level` frames up (1 is the caller): `file:line:` and
    /// a space, or nothing when it is not known.
    pub fn position(&self, level: usize) -> String {
        crate::runtime::error::position_of_caller(self.cx, self.regs(), level)
    }

    /// An error with the position of the caller before its message.
    pub fn error(&mut self, message: impl AsRef<[u8]>) -> Raise {
        let mut text = self.position(1).into_bytes();
        text.extend_from_slice(message.as_ref());
        self.error_without_position(text)
    }

    /// An error whose value is this string.
    pub fn error_without_position(&mut self, message: impl AsRef<[u8]>) -> Raise {
        match self.cx.heap.string_value(message.as_ref()) {
            Ok(value) => Raise::Value(value),
            Err(_) => Raise::Trap(minivm_isa::TrapCode::OutOfMemory),
        }
    }
}

const STACK: minivm_isa::TrapCode = minivm_isa::TrapCode::StackOverflow;
