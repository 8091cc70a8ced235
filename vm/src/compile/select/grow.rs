//! Finds the largest tree of a statement that there is a handler for.

use super::row::{self, Traits};
use super::tree::{self, Root, Site, Tree};
use super::{Compiling, Planned};
use crate::handlers::control;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::shape::Key;
use crate::runtime::context::Handler;
use minivm_isa::Instruction;
use minivm_isa::steps;

/// Trees tried for one statement.
const TRIES_MAX: usize = 24;
/// How far a definition may move down to its reader.
const DISTANCE_MAX: usize = 24;

/// The statement at `at`, if there is one that is typed, and the definitions it takes in.
pub(super) fn statement(compiling: &Compiling, site: Site, taken: &[u32]) -> Option<(Planned, Members)> {
    let at = site.at;
    let tree = tree::build(compiling, site, &[])?;
    if matches!(tree.root, Root::Jump { .. }) {
        let key = tree.key();
        return Some(planned(at, (tree, key, control::jump), Members::default()));
    }
    if tree.last_definition(u32::MAX, &[]).is_some() {
        let mut search = Search { compiling, site, taken, members: Members::default(), best: None, tries: 0 };
        search.grow(&tree);
        if let Some((larger, members)) = search.best {
            compiling.typed.spare.give(tree.nodes);
            return Some(planned(at, larger, members));
        }
    }
    let find = |tree: Tree| {
        let key = tree.key();
        match Registry::get().find(tree.handler_key(key)) {
            Some(handler) => Ok((tree, key, handler)),
            None => Err(tree),
        }
    };
    let found = find(tree).or_else(|mut tree| {
        // What no handler is exact for, one takes that looks what its operands are.
        tree.either = true;
        find(tree)
    });
    Some(planned(at, found.ok()?, Members::default()))
}

fn planned(at: usize, (tree, key, handler): (Tree, Key, Handler), members: Members) -> (Planned, Members) {
    let first = members.list().iter().copied().min().unwrap_or(at as u32).min(at as u32);
    (Planned { tree, key, handler, first, joined: None }, members)
}

/// Definitions that a tree takes in.
#[derive(Clone, Copy, Default)]
pub(super) struct Members {
    list: [u32; TRIES_MAX],
    count: usize,
}

impl Members {
    pub(super) fn list(&self) -> &[u32] {
        &self.list[..self.count]
    }
}

struct Search<'a, 'l> {
    compiling: &'a Compiling<'l>,
    site: Site,
    /// Taken in by another argument of the same call.
    taken: &'a [u32],
    members: Members,
    /// The largest tree with its key and handler, and what it takes in.
    best: Option<((Tree, Key, Handler), Members)>,
    tries: usize,
}

impl Search<'_, '_> {
    /// Tries to take each definition of a leaf into the tree, and on from there. Bounded by [`TRIES_MAX`], so the recursion is.
    fn grow(&mut self, tree: &Tree) {
        let mut below = u32::MAX;
        while let Some(definition) = tree.last_definition(below, self.members.list()) {
            below = definition;
            if self.tries >= TRIES_MAX {
                return;
            }
            if !self.may_move(definition as usize) {
                continue;
            }
            self.tries += 1;
            steps::count(1);
            self.members.list[self.members.count] = definition;
            self.members.count += 1;
            let larger = tree::build(self.compiling, self.site, self.members.list());
            let larger = larger.expect("it was a statement before");
            let key = larger.key();
            let unused = match Registry::get().find(larger.handler_key(key)) {
                Some(handler) => {
                    self.grow(&larger);
                    self.keep((larger, key, handler))
                }
                None => Some(larger),
            };
            if let Some(tree) = unused {
                self.compiling.typed.spare.give(tree.nodes);
            }
            self.members.count -= 1;
        }
    }

    /// Keeps what was found for the members at hand, if it takes in more than what was found before; gives the tree that is not kept.
    fn keep(&mut self, found: (Tree, Key, Handler)) -> Option<Tree> {
        let known = self.best.as_ref().map_or(0, |(_, members)| members.count);
        if known >= self.members.count {
            return Some(found.0);
        }
        self.best.replace((found, self.members)).map(|((tree, ..), _)| tree)
    }

    /// Whether a definition may be computed where the statement is instead of where it stands.
    fn may_move(&self, from: usize) -> bool {
        let code = &self.compiling.function.code;
        let at = self.site.at;
        if self.compiling.absorbed[from].is_some() || self.taken.contains(&(from as u32)) || at - from > DISTANCE_MAX {
            return false;
        }
        steps::count(at - from);
        let moved = row::traits(&code[from]);
        (from + 1..at).all(|between| {
            // What another, later statement took in is computed there and does not mind.
            self.compiling.absorbed[between].is_some()
                || self.members.list().contains(&(between as u32))
                || self.commutes(&code[from], moved, &code[between])
        })
    }

    /// Whether `moved` may be computed after `other` instead of before.
    fn commutes(&self, moved: &Instruction, traits: Traits, other: &Instruction) -> bool {
        let others = row::traits(other);
        let in_order = !(traits.traps && others.traps) || traits.is_load && others.is_load;
        if others.stops || others.writes && (traits.reads || traits.traps) || !in_order {
            return false;
        }
        // Handlers of errors in the same function could see a result that should not be there yet.
        if traits.traps && !self.compiling.function.regions.is_empty() {
            return false;
        }
        let mut disturbs = false;
        other.for_each_def(|written| moved.for_each_use(|read| disturbs |= read == written));
        !disturbs
    }
}
