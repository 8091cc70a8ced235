//! What a running host function can ask about functions and stacks, for debugging libraries.

use crate::runtime::context::return_info;
use crate::runtime::deoptimise::{deoptimise_fiber, deoptimise_stack};
use crate::runtime::error::trace::{LevelInfo, VariablePlace};
use crate::runtime::error::variables::{self, host_value};
use crate::runtime::error::{call_site_name, fiber_state, level_info, static_info, suspended_in};
use crate::runtime::fiber::Fiber;
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::runtime::hook::HookEvents;
use crate::runtime::host::HostCall;
use crate::runtime::walk::Walk;
use crate::threaded::Flow;
use crate::threaded::frame::Frame;
use crate::value::Value;

/// The guest function behind a value.
fn guest_of(function: &Value) -> Option<&GuestFunction> {
    let closure = function.as_function()?;
    // SAFETY: values at hand are reachable; closures point to functions, which live as long as they do.
    match unsafe { &(*(*closure).function.cast::<FunctionInfo>()).body } {
        Body::Guest(guest) => Some(guest),
        Body::Host(_) | Body::Bridge(_) => None,
    }
}

impl HostCall<'_> {
    /// What is known of level `level` of a fiber that does not run; 0 is where it stopped.
    pub fn fiber_level(&self, fiber: Value, level: usize) -> Option<LevelInfo> {
        let (at, calling) = fiber_state(fiber)?;
        let mut found = 0;
        if let Some(info) = suspended_in(self.cx, fiber) {
            if level == 0 {
                let name = call_site_name(self.cx, at).map(|(kind, name)| (kind.to_string(), name));
                return Some(LevelInfo { name, ..static_info(info) });
            }
            found = 1;
        }
        let mut walk = Walk::new(self.cx, at, calling);
        // SAFETY: the stack does not change while it is walked.
        unsafe {
            while let Some((next, above)) = walk.next_shown_below() {
                if found == level {
                    return Some(level_info(self.cx, &next, above, walk.peek()));
                }
                found += 1;
            }
        }
        None
    }

    /// Names of a guest function's parameters, in order.
    pub fn parameter_names(&self, function: Value) -> Vec<String> {
        let Some(guest) = guest_of(&function) else { return Vec::new() };
        let locals = guest.lookups().locals_at(0).into_iter().map(|index| &guest.portable().locals[index]);
        let parameters = locals.filter(|local| local.register.as_u32() < guest.params);
        parameters.map(|local| local.name.clone()).collect()
    }

    /// The lines of its source for which a guest function has code, in ascending order.
    pub fn function_lines(&self, function: Value) -> Vec<u32> {
        let Some(guest) = guest_of(&function) else { return Vec::new() };
        let lines = guest.portable().spans.iter().map(|span| span.line);
        let mut lines: Vec<u32> = lines.filter(|&line| line != minivm_isa::program::NO_LINE).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// A custom section of the program that a guest function is part of, and the number of the function there.
    pub fn custom_section<'v>(&self, function: &'v Value, name: &str) -> Option<(&'v [u8], u32)> {
        let guest = guest_of(function)?;
        let section = guest.program().custom.iter().find(|section| section.name == name)?;
        Some((&section.bytes, guest.index.as_u32()))
    }

    /// The program that a guest function is part of, and its number there.
    pub fn program_of<'v>(&self, function: &'v Value) -> Option<(&'v minivm_isa::Program, minivm_isa::entities::Func)> {
        let guest = guest_of(function)?;
        Some((guest.program(), guest.index))
    }

    /// What is known of a function by itself.
    pub fn function(&self, function: Value) -> Option<LevelInfo> {
        let closure = function.as_function()?;
        // SAFETY: values at hand are reachable; closures point to functions.
        let info = unsafe { &*(*closure).function.cast::<FunctionInfo>() };
        let mut level = static_info(info);
        level.function = function;
        if !matches!(info.body, Body::Bridge(_)) {
            // SAFETY: as above.
            level.captures = level.captures.max(unsafe { (*closure).count } as usize);
        }
        Some(level)
    }

    /// The name of a captured value of a function.
    pub fn capture_name(&self, function: Value, index: usize) -> Option<String> {
        guest_of(&function)?.portable().capture_names.get(index).cloned()
    }

    /// What is known of the function `level` calls above this one: 1 is the caller, 0 the function itself.
    pub fn level(&mut self, level: usize) -> Option<LevelInfo> {
        let (base, _) = self.frame();
        if level == 0 {
            let mut info = self.function(self.callee())?;
            info.variables = self.args().into_iter().enumerate().map(host_value).collect();
            return Some(info);
        }
        let mut walk = Walk::from_host(self.cx, base);
        // SAFETY: the stack does not change while it is walked.
        unsafe {
            for _ in 1..level {
                walk.next_shown()?;
            }
            let (found, above) = walk.next_shown_below()?;
            Some(level_info(self.cx, &found, above, walk.peek()))
        }
    }

    /// Sets a variable of a level of the running fiber, or of one that does not run, as [`level`](Self::level) and
    /// [`fiber_level`](Self::fiber_level) have found it; false where it is nowhere that could be written to. The function goes on
    /// with the value, whatever its code was made for.
    pub fn set_variable(&mut self, fiber: Option<Value>, level: usize, place: VariablePlace, value: Value) -> bool {
        let running = self.running_fiber().0;
        let fiber = fiber.filter(|fiber| !fiber.raw_equals(running));
        let (base, _) = self.frame();
        // SAFETY: the stacks are whole, and nothing runs meanwhile.
        unsafe {
            let (mut walk, shown, cell) = match fiber {
                None if level == 0 => return false,
                None => {
                    let header = Frame::at(base);
                    let place = header.return_place();
                    let caller = base.sub(return_info(place).delta as usize);
                    if !self.cx.is_machine_place(place) {
                        let top = deoptimise_stack(self.cx, Flow { pc: place, regs: caller }, true);
                        *header.return_word() = top as u64;
                    } else {
                        deoptimise_stack(self.cx, Flow { pc: place, regs: caller }, true);
                    }
                    (Walk::from_host(self.cx, base), level - 1, self.cx.run.fiber)
                }
                Some(fiber) => {
                    let Some(cell) = fiber.as_fiber() else { return false };
                    deoptimise_fiber(self.cx, Fiber::of(cell));
                    let Some((at, calling)) = fiber_state(fiber) else { return false };
                    let skipped = usize::from(suspended_in(self.cx, fiber).is_some());
                    let Some(level) = level.checked_sub(skipped) else { return false };
                    (Walk::new(self.cx, at, calling), level, cell)
                }
            };
            for _ in 0..shown {
                if walk.next_shown().is_none() {
                    return false;
                }
            }
            let Some(found) = walk.next_shown() else { return false };
            variables::set(self.cx, Fiber::of(cell), &found, place, value)
        }
    }

    /// Gives a fiber a hook, which is called at these events of its run with a name of the event and a line, or takes it away; that
    /// of the running one if it is none. True when the machine has to [look around](Self::look_around) before it takes note of it.
    pub fn set_hook(&mut self, fiber: Option<Value>, hook: Option<(Value, HookEvents)>) -> bool {
        let cell = fiber.and_then(|fiber| fiber.as_fiber()).unwrap_or(self.cx.run.fiber);
        // SAFETY: the fiber is at hand, or runs.
        self.cx.set_hook(unsafe { Fiber::of(cell) }, hook);
        self.cx.hooks.is_on != (self.cx.hooks.count.get() > 0)
    }

    /// The hook of a fiber, of the running one if it is none.
    pub fn hook(&self, fiber: Option<Value>) -> Option<(Value, HookEvents)> {
        let cell = fiber.and_then(|fiber| fiber.as_fiber()).unwrap_or(self.cx.run.fiber);
        // SAFETY: the fiber is at hand, or runs.
        let hook = unsafe { Fiber::of(cell) }.hook.as_ref()?;
        Some((hook.function, hook.events))
    }
}
