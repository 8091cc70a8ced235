//! Functions of `any` code that are compiled together: what runs in a loop, and what that calls.
//!
//! A caller leaves native code where its callee has none, so that either is worth little without the other.

use super::enter::WORTH_ANY;
use super::promise::{Expectation, Promise};
use super::sample::any_instructions;
use super::slot::Native;
use crate::runtime::context::Context;
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::runtime::walk::{Level, Walk};
use crate::threaded::{Flow, Pc, Regs};
use minivm_isa::Convention;
use minivm_isa::entities::Block;
use std::ptr::with_exposed_provenance as pointer;

/// Frames that are looked at.
const FRAMES_MAX: usize = 8;
/// Functions of a group.
const MEMBERS_MAX: usize = 64;
/// A call that is made less often than once in so many instructions may leave native code.
const CALL_PART: u64 = 64;

/// A frame of `any` code that was found running.
pub(super) struct RunningFrame {
    info: *const FunctionInfo,
    at: usize,
}

/// The topmost frames of `any` code, from the top down; the first is at the instruction `at`.
///
/// # Safety
/// The run has stopped at `pc` in the guest frame at `regs`.
pub(super) unsafe fn frames(cx: &Context, pc: Pc, regs: Regs, at: usize) -> Vec<RunningFrame> {
    let mut walk = Walk::new(cx, Flow { pc, regs }, false);
    let mut frames = Vec::new();
    while frames.len() < FRAMES_MAX {
        // SAFETY: the caller describes a live stack, which nothing changes meanwhile.
        let Some((Level::Guest { guest, closure, instruction, .. }, _)) = (unsafe { walk.next() }) else { break };
        if guest.convention == Convention::Typed {
            break;
        }
        // SAFETY: the closure of a frame is alive.
        let info = unsafe { (*closure).function.cast() };
        frames.push(RunningFrame { info, at: if frames.is_empty() { at } else { instruction } });
    }
    frames
}

/// The function of which closures name this address of a profile, if it is still there.
pub(super) fn callee(native: &Native, address: u64) -> Option<&FunctionInfo> {
    // SAFETY: it is there.
    native.is_there(address).then(|| unsafe { &*pointer::<FunctionInfo>(address as usize) })
}

/// The function of what closures name, which is alive; none where it has no code of its own or is typed.
fn any_guest<'a>(info: *const FunctionInfo) -> Option<(&'a FunctionInfo, &'a GuestFunction)> {
    // SAFETY: nothing is collected meanwhile.
    let info = unsafe { &*info };
    match &info.body {
        Body::Guest(guest) if guest.convention != Convention::Typed => Some((info, guest)),
        _ => None,
    }
}

impl Context {
    /// Compiles the innermost loop that one of these frames is in, or the outermost function that is known well, with what it
    /// calls.
    pub(super) fn compile_frames(&mut self, frames: &[RunningFrame]) {
        let mut outermost = None;
        for frame in frames {
            let Some((info, guest)) = any_guest(frame.info) else { break };
            let head = self.loop_around(guest, frame.at);
            if !guest.native().get().is_well_known() {
                // Where little of a loop was seen, its rounds take long enough for what they call to be worth it.
                if head.is_some() {
                    break;
                }
                continue;
            }
            if head.is_some() {
                return self.compile_group(info, guest, head);
            }
            outermost = Some((info, guest));
        }
        match outermost.or_else(|| frames.first().and_then(|frame| any_guest(frame.info))) {
            Some((info, guest)) if guest.convention != Convention::Variadic => self.compile_group(info, guest, None),
            Some(_) | None => {}
        }
    }

    /// Compiles a function, or a loop of it, with all that it was often seen to call, if enough has run for that.
    pub(super) fn compile_group(&mut self, info: &FunctionInfo, guest: &GuestFunction, head: Option<Block>) {
        let Some(members) = members(info, guest) else { return };
        if head.is_none() && !self.native.policy.eager && !is_worth_entering(info, guest, &members) {
            return;
        }
        let new = |info: *const FunctionInfo| any_guest(info).map_or(0, |(_, guest)| any_instructions(guest));
        // What calls itself is entered at its start, too.
        let starts = head.is_some() && calls_itself(info, guest, &members);
        let cost = any_instructions(guest) + members.iter().map(|&info| new(info)).sum::<i64>();
        if !self.may_spend(cost, expectation(guest, &members)) {
            return;
        }
        for (info, guest) in members.into_iter().rev().filter_map(any_guest) {
            self.compile_paid(info, guest, None);
        }
        if starts {
            self.compile_paid(info, guest, None);
        }
        self.compile_paid(info, guest, head);
    }
}

/// What native code of a function is expected to save, with what it calls.
fn expectation(guest: &GuestFunction, members: &[*const FunctionInfo]) -> Expectation {
    if guest.native().get().is_known_to_pay() {
        return Expectation::Much;
    }
    let mut promise = Promise::default();
    for guest in members.iter().copied().filter_map(any_guest).map(|(_, guest)| guest).chain([guest]) {
        promise.add(&guest.portable().code, &guest.native().get().profile.borrow());
    }
    promise.expectation()
}

/// Whether a function does enough from one call of the interpreter to its return, as far as was seen: with what it calls, which may
/// have done half of it for others, or by calling itself.
fn is_worth_entering(info: &FunctionInfo, guest: &GuestFunction, members: &[*const FunctionInfo]) -> bool {
    let mut done = 0;
    for (_, guest) in members.iter().copied().filter_map(any_guest).chain([(info, guest)]) {
        done += guest.native().get().profile.borrow().iter().map(|seen| u64::from(seen.count)).sum::<u64>();
    }
    let entries = guest.native().get().profile.borrow().first().map_or(0, |seen| u64::from(seen.count));
    calls_itself(info, guest, members) || done >= entries * 2 * WORTH_ANY as u64
}

/// Whether a function or what it calls was seen to call it.
fn calls_itself(info: &FunctionInfo, guest: &GuestFunction, members: &[*const FunctionInfo]) -> bool {
    let root = std::ptr::from_ref(info).expose_provenance() as u64;
    let mut all = members.iter().copied().filter_map(any_guest).chain([(info, guest)]);
    all.any(|(_, guest)| guest.native().get().profile.borrow().iter().any(|seen| seen.guests.contains(&root)))
}

/// The functions without native code that a function was often seen to call, and those that these call; none where one of them
/// cannot have any.
fn members(info: &FunctionInfo, guest: &GuestFunction) -> Option<Vec<*const FunctionInfo>> {
    let root: *const FunctionInfo = info;
    let mut found: Vec<*const FunctionInfo> = Vec::new();
    let mut work = vec![guest];
    while let Some(guest) = work.pop() {
        let native = guest.native().get();
        let profile = native.profile.borrow();
        let all: u64 = profile.iter().map(|seen| u64::from(seen.count)).sum();
        let often = profile.iter().filter(|seen| u64::from(seen.count) * CALL_PART > all);
        for callee in often.flat_map(|seen| seen.guests).filter_map(|address| callee(&native, address)) {
            let callee: *const FunctionInfo = callee;
            let Some((_, guest)) = any_guest(callee) else { continue };
            if callee == root || found.contains(&callee) || guest.code().is_none() || guest.loaded().native().get() != 0
            {
                continue;
            }
            let native = guest.native().get();
            if native.is_refused.get() || guest.convention == Convention::Variadic || found.len() == MEMBERS_MAX {
                return None;
            }
            found.push(callee);
            work.push(guest);
        }
    }
    Some(found)
}
