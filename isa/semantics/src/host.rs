//! Functions of the host, and what they can ask of the machine.

use crate::store::Store;
use crate::value::{Any, TableId};
use minivm_isa::TrapCode;
use std::rc::Rc;

/// A function of the host: it answers what is to be done, and is called again when that is done.
pub type HostFunction = Rc<dyn Fn(&mut HostCall<'_>) -> Result<Answer, Raise>>;

/// A call of a host function.
pub struct HostCall<'a> {
    pub(crate) arguments: &'a [Any],
    pub(crate) state: u32,
    pub(crate) returned: &'a Returned,
    pub(crate) store: &'a mut Store,
}

/// How far a call of a host function is.
pub(crate) enum Returned {
    Nothing,
    Values(Vec<Any>),
    Error(Any),
}

/// What a host function wants.
pub enum Answer {
    /// Return values.
    Return(Vec<Any>),
    /// Call a function, and go on in a state with what it returns.
    Call {
        /// What to call.
        callee: Any,
        /// With what.
        arguments: Vec<Any>,
        /// Where to go on.
        state: u32,
        /// What happens to errors.
        protect: Protect,
        /// Whether its own arguments are still there then.
        keeps: bool,
    },
    /// Return what a function returns.
    TailCall {
        /// What to call.
        callee: Any,
        /// With what.
        arguments: Vec<Any>,
    },
    /// Suspend the running fiber; what it is resumed with is returned.
    Yield(Vec<Any>),
    /// Resume a fiber, and go on in a state with what it gives. The function's own arguments are not kept.
    Resume {
        /// Which one.
        fiber: Any,
        /// With what.
        arguments: Vec<Any>,
        /// Where to go on.
        state: u32,
    },
    /// Close a fiber, and go on in a state.
    Close {
        /// Which one.
        fiber: Any,
        /// Where to go on.
        state: u32,
    },
}

/// What happens to an error of what a host function has called.
#[derive(Clone, Debug)]
pub enum Protect {
    /// It ends the function.
    No,
    /// The function gets it.
    Catch,
    /// The function gets it after a message handler has changed it.
    CatchWith(Any),
}

/// An error of a host function.
pub enum Raise {
    /// This value.
    Error(Any),
    /// A trap.
    Trap(TrapCode),
}

impl HostCall<'_> {
    /// The arguments; nothing after the function has called something without keeping them.
    pub fn arguments(&self) -> &[Any] {
        self.arguments
    }

    /// An argument, or nil.
    pub fn argument(&self, index: usize) -> Any {
        self.arguments.get(index).cloned().unwrap_or(Any::Nil)
    }

    /// The state to go on in; 0 at first.
    pub fn state(&self) -> u32 {
        self.state
    }

    /// The values that were asked for, or the error.
    ///
    /// # Errors
    /// When what was called has failed, and the call was protected.
    pub fn returned(&self) -> Result<Vec<Any>, Any> {
        match self.returned {
            Returned::Nothing => Ok(Vec::new()),
            Returned::Values(values) => Ok(values.clone()),
            Returned::Error(error) => Err(error.clone()),
        }
    }

    /// Changes the metatable of a table.
    pub fn set_metatable(&mut self, table: TableId, metatable: Option<TableId>) {
        self.store[table].metatable = metatable;
    }
}
