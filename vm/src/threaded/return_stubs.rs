//! Places of the machine's own that calls return to: to a continuation, or over a boundary between `any` code and typed code.
//!
//! They lie one after the other in memory that does not move, so that one comparison tells them from places in a function's
//! code. Before each lies its [`ReturnInfo`], as before every place that a call returns to.

use super::{HEADER_HALVES, HandlerAddress, NOT_DIRECT, OPEN, ReturnInfo};
use crate::threaded::Pc;
use crate::threaded::boundary::converts_at_once;
use crate::threaded::continuation::{CONTINUATION_DELTA, CONTINUATION_WORDS, FRAME_HEADER_WORDS};
use minivm_isa::Type;

/// Up to so many arguments there is a place for each number; above, for each power of two.
pub(crate) const EXACT_ARGUMENTS_MAX: usize = 8;
/// Places above.
const POWERS: usize = 13;
/// Places that typed functions return to.
const TYPED: usize = EXACT_ARGUMENTS_MAX + 1 + POWERS;
/// Places that `any` functions return to, with the results they get: none, one that converts at once, any number, one that has
/// to be looked at in the heap.
const BRIDGES: [u16; 4] = [0, 1, OPEN, 1];
/// All of them.
const COUNT: usize = 1 + TYPED + BRIDGES.len();

/// The handlers that the machine's own places run; `handlers` gives them when a machine is made.
#[derive(Clone, Copy)]
pub(crate) struct StubHandlers {
    /// A call out of a continuation has returned.
    pub(crate) continuation_returned: HandlerAddress,
    /// A typed function has returned to `any` code.
    pub(crate) typed_returned: HandlerAddress,
    /// An `any` function has returned to typed code, in the order of [`BRIDGES`].
    pub(crate) bridge_returned: [HandlerAddress; 4],
    /// What enters a bridge.
    pub(crate) bridge_enter: HandlerAddress,
    /// What stands where a function has no code.
    pub(crate) no_code: HandlerAddress,
    /// What stands where a function, or a loop, has native code.
    pub(crate) enter_native: HandlerAddress,
}

/// The places.
pub(crate) struct ReturnStubs {
    code: Box<[u64; 2 * COUNT]>,
    /// A header, without native code, and an instruction that is never run, where a function has no code: calls see that it cannot
    /// be entered directly.
    no_code: Box<[u64; 4]>,
    handlers: StubHandlers,
}

impl ReturnStubs {
    /// The places that run these handlers.
    pub(crate) fn new(handlers: StubHandlers) -> Self {
        let mut code = Box::new([0; 2 * COUNT]);
        let mut set = |index: usize, info: ReturnInfo, handler: HandlerAddress| {
            code[2 * index] = u64::from(info.dst) | u64::from(info.results) << 16 | u64::from(info.delta) << 32;
            code[2 * index + 1] = handler.0;
        };
        set(
            0,
            ReturnInfo { dst: CONTINUATION_WORDS as u16, results: OPEN, delta: CONTINUATION_DELTA as u32 },
            handlers.continuation_returned,
        );
        for bucket in 0..TYPED {
            let delta = (2 * capacity(bucket) + FRAME_HEADER_WORDS) as u32;
            set(1 + bucket, ReturnInfo { dst: 0, results: 0, delta }, handlers.typed_returned);
        }
        let bridges = BRIDGES.into_iter().zip(handlers.bridge_returned);
        for (index, (results, handler)) in bridges.enumerate() {
            set(1 + TYPED + index, ReturnInfo { dst: 0, results, delta: FRAME_HEADER_WORDS as u32 }, handler);
        }
        // No frame is so large: typed calls, which check nothing else, take the slow path too.
        let header = u64::from(NOT_DIRECT) << 32 | u64::from(u32::MAX);
        ReturnStubs { code, no_code: Box::new([0, 0, header, handlers.no_code.0]), handlers }
    }

    /// Where calls would enter a function that has no code.
    pub(crate) fn no_code(&self) -> Pc {
        self.no_code.as_ptr().cast::<u16>().wrapping_add(HEADER_HALVES)
    }

    /// The handlers that these places run.
    pub(crate) fn handlers(&self) -> &StubHandlers {
        &self.handlers
    }

    fn at(&self, index: usize) -> Pc {
        self.code.as_ptr().cast::<u16>().wrapping_add(8 * index + 4)
    }

    /// Where calls out of continuations return to. It is the first place.
    pub(crate) fn continuation(&self) -> Pc {
        self.at(0)
    }

    /// Where a typed function returns to that was called with so many `any` arguments; none when there are too many.
    pub(crate) fn typed(&self, arguments: usize) -> Option<Pc> {
        (0..TYPED).find(|&bucket| arguments <= capacity(bucket)).map(|bucket| self.at(1 + bucket))
    }

    /// The number of a place of [`typed`](Self::typed).
    pub(crate) fn number_of_typed(&self, place: Pc) -> Option<u8> {
        (0..TYPED).find(|&bucket| self.at(1 + bucket) == place).map(|bucket| bucket as u8)
    }

    /// The place of a number that [`number_of_typed`](Self::number_of_typed) gave.
    pub(crate) fn typed_of_number(&self, number: u8) -> Option<Pc> {
        (usize::from(number) < TYPED).then(|| self.at(1 + usize::from(number)))
    }

    /// Where an `any` function returns to that typed code called for results of these types.
    pub(crate) fn bridge(&self, results: &[Type]) -> Pc {
        self.at_bridge(match results {
            [] => 0,
            [ty] if converts_at_once(*ty) => 1,
            [_] => 3,
            _ => 2,
        })
    }

    fn at_bridge(&self, index: usize) -> Pc {
        self.at(1 + TYPED + index)
    }

    /// How many results a place of [`bridge`](Self::bridge) got: none says that the open list has them.
    pub(crate) fn bridge_results(&self, place: Pc) -> Option<usize> {
        let index = (0..BRIDGES.len()).find(|&index| self.at_bridge(index) == place)?;
        let results = BRIDGES[index];
        (results != OPEN).then_some(results as usize)
    }

    /// Whether a place is one of [`bridge`](Self::bridge).
    pub(crate) fn is_bridge(&self, place: Pc) -> bool {
        (0..BRIDGES.len()).any(|index| self.at_bridge(index) == place)
    }
}

/// The arguments that a place for typed functions has room for.
fn capacity(bucket: usize) -> usize {
    match bucket.checked_sub(EXACT_ARGUMENTS_MAX + 1) {
        None => bucket,
        Some(power) => (2 * EXACT_ARGUMENTS_MAX) << power,
    }
}

/// Whether a place is the machine's own; `continuation` is the first of them.
pub(crate) fn is_machine_place(continuation: Pc, place: Pc) -> bool {
    (place as usize).wrapping_sub(continuation as usize) < COUNT * 16
}
