//! What a running host function can ask about functions and stacks, for debugging libraries.

use super::error::{call_site_name, fiber_state, level_info, static_info, suspended_in};
use super::host_call::HostCall;
use super::host_services::LevelInfo;
use super::walk::Walk;
use crate::code::function::{Body, FunctionInfo, GuestFunction};
use crate::value::Value;

/// The guest function behind a value.
fn guest_of(function: &Value) -> Option<&GuestFunction> {
    let closure = function.as_function()?;
    // SAFETY: values at hand are reachable; closures point to functions, which live as long as the machine.
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
            while let Some(next) = walk.next_shown() {
                if found == level {
                    return Some(level_info(self.cx, &next, walk.peek()));
                }
                found += 1;
            }
        }
        None
    }

    /// Names of a guest function's parameters, in order.
    pub fn parameter_names(&self, function: Value) -> Vec<String> {
        let Some(guest) = guest_of(&function) else { return Vec::new() };
        let locals = guest.portable().locals.iter();
        let parameters = locals.filter(|local| local.start == 0 && local.register.as_u32() < guest.params);
        parameters.map(|local| local.name.clone()).collect()
    }

    /// The lines of its source for which a guest function has code, in ascending order.
    pub fn function_lines(&self, function: Value) -> Vec<u32> {
        let Some(guest) = guest_of(&function) else { return Vec::new() };
        let mut lines: Vec<u32> = guest.portable().spans.iter().map(|span| span.line).collect();
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
}
