//! Names in scope while the grammar check walks a chunk: locals, functions, blocks, with their limits.

use super::checker::{Checked, Checker};
use super::token::TokenIndex;
use crate::syntax::hir::{Attribute, FunctionId, Local, LocalId, Span, StringId};
use cranelift_entity::packed_option::PackedOption;
use cranelift_entity::{EntityRef, SecondaryMap, entity_impl};

/// Locals a function may have in scope at once, hidden ones of loops included.
const LOCALS_MAX: usize = 200;

/// What the pass found out about a token: which entity it declares or uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::syntax) enum Use {
    /// Nothing to know.
    #[default]
    None,
    /// A name that is a local, at its declaration or where it is used. The `:` of a method's header declares `self`.
    Local(LocalId),
    /// A name that is a field of the environment in that local.
    Global(LocalId),
    /// A label's name, in the label or in a `goto`.
    Label(crate::syntax::hir::LabelId),
    /// A `function` token that begins that function.
    Function(FunctionId),
}

/// A variable in scope.
struct Active {
    /// `None` for the hidden variables of a loop.
    local: Option<LocalId>,
    /// Its name and the variable that name stood for before.
    name: StringId,
    shadowed: PackedOption<ActiveIndex>,
}

/// A place in the list of variables in scope.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ActiveIndex(u32);
entity_impl!(ActiveIndex, "active");

/// A block that is being read.
pub(super) struct BlockState {
    pub(super) is_loop: bool,
    /// How many variables were in scope before it.
    pub(super) active: usize,
    /// How many labels were visible before it.
    pub(super) labels: usize,
    /// How many jumps there were before it.
    pub(super) jumps: usize,
}

/// A function that is being read.
pub(super) struct FunctionState {
    pub(super) id: FunctionId,
    /// Line of its header, 0 for the main function.
    pub(super) line_defined: u32,
    pub(super) vararg: bool,
    /// How many variables of enclosing functions are in scope.
    pub(super) first_active: usize,
    /// How many labels of enclosing functions are visible.
    pub(super) first_label: usize,
    /// Declared variables that are not in scope yet.
    pub(super) declared: usize,
    pub(super) blocks: Vec<BlockState>,
}

/// Most small chunks have no more names.
const NAMES_EXPECTED: usize = 32;

/// All names in scope.
pub(super) struct Scopes {
    active: Vec<Active>,
    visible: SecondaryMap<StringId, PackedOption<ActiveIndex>>,
}

impl Scopes {
    /// None are.
    pub(super) fn new() -> Self {
        let mut visible = SecondaryMap::new();
        visible.resize(NAMES_EXPECTED);
        Self { active: Vec::new(), visible }
    }

    /// How many variables are in scope, over all functions that are being read.
    pub(super) fn count(&self) -> usize {
        self.active.len()
    }

    /// The name of the variable that was the `index`th to enter scope.
    pub(super) fn name_at(&self, index: usize) -> StringId {
        self.active[index].name
    }

    /// The innermost variable called `name`.
    pub(super) fn find(&self, name: StringId) -> Option<LocalId> {
        let index = self.visible[name].expand()?;
        self.active[index.0 as usize].local
    }

    /// Brings a variable into scope.
    pub(super) fn enter(&mut self, name: StringId, local: Option<LocalId>) {
        let index = ActiveIndex::from_u32(u32::try_from(self.active.len()).expect("200 in each of 200 functions"));
        let shadowed = std::mem::replace(&mut self.visible[name], index.into());
        self.active.push(Active { local, name, shadowed });
    }

    /// Takes the innermost variable out of scope.
    fn leave(&mut self) -> Option<LocalId> {
        let active = self.active.pop()?;
        self.visible[active.name] = active.shadowed;
        active.local
    }
}

impl Checker<'_> {
    /// The function that is being read.
    pub(super) fn function(&mut self) -> &mut FunctionState {
        self.functions.last_mut().expect("the main function stays open until the source ends")
    }

    /// Declares a local named by `token`, to enter scope later; errors name the token that comes next.
    pub(super) fn declare(&mut self, token: TokenIndex, name: StringId) -> Checked<LocalId> {
        self.reserve_locals(1)?;
        let function = self.function().id;
        let at = self.tokens[token];
        let local = self.locals.push(Local {
            name,
            function: Some(function),
            attribute: Attribute::Regular,
            captured: false,
            reassigned: false,
            known: None,
            folded: false,
            declared: Span { start: at.start, end: at.end, line: at.line },
            scope: (at.end, at.end),
        });
        self.uses[token] = Use::Local(local);
        Ok(local)
    }

    /// Counts `count` more declared variables of the function, within the limit.
    pub(super) fn reserve_locals(&mut self, count: usize) -> Checked<()> {
        let active = self.scopes.count();
        for _ in 0..count {
            let function = self.function();
            function.declared += 1;
            if active - function.first_active + function.declared > LOCALS_MAX {
                return Err(self.limit_error("local variables", LOCALS_MAX));
            }
        }
        Ok(())
    }

    /// Brings a declared local into scope.
    pub(super) fn activate(&mut self, local: LocalId) {
        let start = self.previous_end();
        let record = &mut self.locals[local];
        record.scope.0 = start;
        self.scopes.enter(record.name, Some(local));
        self.function().declared -= 1;
    }

    /// Brings hidden variables of a loop into scope.
    pub(super) fn activate_hidden(&mut self, count: usize) {
        for _ in 0..count {
            self.scopes.enter(self.names.for_state, None);
            self.function().declared -= 1;
        }
    }

    /// Says what `token`, a name in an expression, stands for, and marks a captured variable.
    pub(super) fn resolve(&mut self, token: TokenIndex, name: StringId) {
        self.uses[token] = match self.scopes.find(name) {
            Some(local) => {
                self.mark_used(local);
                Use::Local(local)
            }
            None => {
                let environment = self.scopes.find(self.names.env).expect("the chunk's environment is always in scope");
                self.mark_used(environment);
                Use::Global(environment)
            }
        };
    }

    fn mark_used(&mut self, local: LocalId) {
        let function = self.function().id;
        let record = &mut self.locals[local];
        record.captured |= record.function != Some(function);
    }

    /// Opens a block.
    pub(super) fn enter_block(&mut self, is_loop: bool) {
        let block = BlockState {
            is_loop,
            active: self.scopes.count(),
            labels: self.visible_labels.count(),
            jumps: self.jumps.count(),
        };
        self.function().blocks.push(block);
    }

    /// Closes a block: its variables and labels are gone, jumps that still wait belong to the block around it.
    pub(super) fn leave_block(&mut self) -> Checked<()> {
        let block = self.function().blocks.pop().expect("blocks are opened and closed in pairs");
        let end = self.previous_end();
        while self.scopes.count() > block.active {
            if let Some(local) = self.scopes.leave() {
                self.locals[local].scope.1 = end;
            }
        }
        if block.is_loop {
            self.jumps.settle_breaks(block.jumps);
        }
        self.visible_labels.truncate(block.labels);
        if self.function().blocks.is_empty() {
            return self.refuse_waiting(block.jumps);
        }
        self.jumps.leave_block(block.jumps, block.active);
        Ok(())
    }

    /// Opens a function at `token`; its parameters and body follow.
    pub(super) fn enter_function(&mut self, token: Option<TokenIndex>, line_defined: u32) {
        let id = self.function_ends.push(self.current);
        if let Some(token) = token {
            self.uses[token] = Use::Function(id);
        }
        let state = FunctionState {
            id,
            line_defined,
            vararg: false,
            first_active: self.scopes.count(),
            first_label: self.visible_labels.count(),
            declared: 0,
            blocks: Vec::new(),
        };
        self.functions.push(state);
        self.enter_block(false);
    }

    /// Closes the innermost function, whose last token was passed.
    pub(super) fn leave_function(&mut self) -> Checked<()> {
        self.leave_block()?;
        if let Some(function) = self.functions.pop() {
            self.function_ends[function.id] = TokenIndex::new(self.current.index().saturating_sub(1));
        }
        Ok(())
    }
}
