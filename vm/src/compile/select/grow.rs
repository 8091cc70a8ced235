//! Finds the largest tree of a statement that there is a handler for.

use super::row::{self, Traits};
use super::tree::{self, Root, Site, Tree};
use super::{Compiling, Planned};
use crate::handlers::control;
use crate::handlers::typed::registry::Registry;
use crate::runtime::context::Handler;
use minivm_isa::Instruction;
use minivm_isa::steps;

/// Trees tried for one statement.
const TRIES_MAX: u32 = 24;
/// How far a definition may move down to its reader.
const DISTANCE_MAX: usize = 24;

/// The statement at `at`, if there is one that is typed, and the definitions it takes in.
pub(super) fn statement(compiling: &Compiling, site: Site, taken: &[u32]) -> Option<(Planned, Vec<u32>)> {
    let at = site.at;
    let mut tree = tree::build(compiling, site, &[])?;
    if matches!(tree.root, Root::Jump { .. }) {
        return Some((planned(at, tree, control::jump, &[]), Vec::new()));
    }
    if !compiling.baseline {
        let mut search = Search { compiling, site, taken, members: Vec::new(), best: None, tries: 0 };
        search.grow(&tree);
        if let Some((larger, handler, members)) = search.best {
            return Some((planned(at, larger, handler, &members), members));
        }
    }
    let registry = Registry::get();
    let handler = registry.find(tree.handler_key()).or_else(|| {
        // What no handler is exact for, one takes that looks what its operands are.
        tree.either = true;
        registry.find(tree.handler_key())
    })?;
    Some((planned(at, tree, handler, &[]), Vec::new()))
}

fn planned(at: usize, tree: Tree, handler: Handler, members: &[u32]) -> Planned {
    let first = members.iter().copied().min().unwrap_or(at as u32).min(at as u32);
    Planned { tree, handler, first, joined: None }
}

struct Search<'a, 'l> {
    compiling: &'a Compiling<'l>,
    site: Site,
    /// Taken in by another argument of the same call.
    taken: &'a [u32],
    members: Vec<u32>,
    best: Option<(Tree, Handler, Vec<u32>)>,
    tries: u32,
}

impl Search<'_, '_> {
    /// Tries to take each definition of a leaf into the tree, and on from there. Bounded by [`TRIES_MAX`], so the recursion is.
    fn grow(&mut self, tree: &Tree) {
        let mut definitions: Vec<u32> = tree.definitions().filter(|at| !self.members.contains(at)).collect();
        definitions.sort_unstable_by(|a, b| b.cmp(a));
        definitions.dedup();
        for definition in definitions {
            if self.tries >= TRIES_MAX || !self.may_move(definition as usize) {
                continue;
            }
            self.tries += 1;
            steps::count(1);
            self.members.push(definition);
            let larger = tree::build(self.compiling, self.site, &self.members).expect("it was a statement before");
            if let Some(handler) = Registry::get().find(larger.handler_key()) {
                self.grow(&larger);
                if self.best.as_ref().is_none_or(|(_, _, members)| members.len() < self.members.len()) {
                    self.best = Some((larger, handler, self.members.clone()));
                }
            }
            self.members.pop();
        }
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
                || self.members.contains(&(between as u32))
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
