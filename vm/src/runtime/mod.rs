//! The stack of a fiber: its memory, what lies on it, how it is walked and unwound.
//!
//! # Invariants
//!
//! Whoever walks a stack (the collector, errors, snapshots, people) finds it *whole*, which is:
//!
//! 1. **A frame has its header** (closure, return place) and, if it is a guest's, its code; the registers that are assigned
//!    and live at its place hold values of their types; so do the words of its window in which values wait for a later call. A
//!    frame that waits for a call has given its window to the callee, and what waited there for that call is the callee's.
//! 2. **An error is raised only at a whole frame.** So whatever can go wrong on the way into a function (no code, no room, arguments
//!    that do not convert, no memory for a bridge) is found out before a word of the frame that is given up is overwritten
//!    (`call::tail_call_typed`), or the error is raised where the caller waits, which is whole but for its window, and
//!    `unwind::make_whole` mends that: the words become nil. A frame on its way is one from the moment its header is written: a
//!    boundary frame (`boundary`), the frame of a host function (`host_run::invoke`), a continuation (`call::put_above`).
//! 3. **Nothing that a program controls nests on the native stack.** What is called on behalf of a continuation, and is no function with
//!    bytecode, is called when the machine goes on with the continuation (`host_run::PendingCall`). Message handlers are called at
//!    once only if that cannot fail (`unwind::call_handler`); an error on the way into one happens at its continuation, and counts
//!    as an error in an error handler.
//! 4. **The collector runs only at safepoints**, where everything live is in a whole frame, above a continuation, or a root of
//!    its own. These are: instructions that allocate, before they begin; host functions, before they begin; continuations, before the
//!    machine goes on with them; handlers of regions, before they begin; calls that make a bridge; functions that a run begins with. Every
//!    loop comes to one of these before it has allocated more than a few objects. So a value at hand needs no root until the next.
//! 5. **Operands lie in the frame.** The verifier has checked every register, constant and list of an instruction, and whoever
//!    entered the function has made room for its frame with the largest window (`EntryHeader::extent`).
//! 6. **A closure points to its function**, which lives as long as a closure of it or a frame; the instance of a function lives as long
//!    as the function, with its globals, memories, tables, types and code, none of which moves.
//! 7. **A continuation lies above the values that it counts**, and its kind says what waits for what is called above it.
//! 8. **The stack may move where room is made** (`Context::reserve`): addresses into it are made anew from offsets afterwards.
//!
//! | way into a function | can go wrong | raised at |
//! |---|---|---|
//! | fast paths of `handlers::call`, `handlers::typed::calls`, `handlers::boundary` | nothing: code, room and types are checked before the first write | – |
//! | `call::call_value`, `call::enter` | not callable, no code, no room | the caller, before its call |
//! | `call::enter_typed` | no code, no room | the caller, before its call |
//! | `call::tail_call_typed` | no code, no room | the frame that is to be given up |
//! | `call::tail_call_value` | not callable | the frame that is to be given up |
//! | | no code, no room, arguments | where the caller waits |
//! | `boundary::any_to_typed` | arguments, no room | the caller, before its call; then the boundary frame |
//! | `boundary::typed_to_any` | no room; what the callee is | the caller, before its call; then the boundary frame |
//! | `boundary::typed_results`, `boundary::any_results` | results | where the caller waits |
//! | `host_run::invoke` | no room; no memory | the caller, before its call; then the host function |
//! | `direct_switch::resume` | nothing: state and room of both fibers are checked before the first write | – |
//! | a host function's call, `switch`, `finalise`, `unwind::call_handler` | all of these | the continuation |
//! | a host function's tail call | all of these | where its caller waits |
//! | `switch::deliver_yield` | no room | where the caller of the yield waits |

pub(crate) mod boundary;
pub(crate) mod builtin;
pub(crate) mod call;
pub(crate) mod call_nested;
pub(crate) mod codec;
pub(crate) mod collect;
pub(crate) mod concat;
pub(crate) mod context;
pub(crate) mod cost;
pub(crate) mod declared;
pub(crate) mod definitions;
pub(crate) mod deliver;
pub(crate) mod deoptimise;
pub(crate) mod direct_switch;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod externs;
pub(crate) mod failure;
pub(crate) mod fiber;
pub(crate) mod finalise;
pub(crate) mod frame_view;
pub(crate) mod frames;
pub(crate) mod function;
pub(crate) mod hook;
pub(crate) mod hook_events;
pub(crate) mod host;
pub(crate) mod host_run;
pub(crate) mod instance;
mod interrupt;
pub(crate) mod iterate;
pub(crate) mod kept;
pub(crate) mod known_bridges;
mod layout_groups;
pub(crate) mod layouts;
pub(crate) mod loaded_program;
pub(crate) mod metamethod;
pub mod native;
pub(crate) mod number_pool;
pub(crate) mod program_types;
pub(crate) mod resume;
pub(crate) mod rooted;
pub(crate) mod runs;
pub(crate) mod signatures;
pub(crate) mod stack_memory;
pub(crate) mod stepping;
pub(crate) mod switch;
pub(crate) mod task;
pub(crate) mod uncaught;
pub(crate) mod unwind;
pub(crate) mod waits;
pub(crate) mod walk;
pub(crate) mod work;
