//! Which layouts of a program refer to one another in a circle, and which members of such a group are alike.
//!
//! Layouts that lead back to themselves through their fields are told apart by what is found on the ways through their
//! fields, as states of a finite automaton are: two members of a group are alike unless following the same fields from both
//! leads to different things. Hopcroft's partition refinement finds out in `n log n` steps. Its order of work depends on the
//! group alone, not on how its members are numbered; so the classes it finds are in the same order for equal groups.

use minivm_isa::entities::Layout;
use minivm_isa::program::Program;
use minivm_isa::{Storage, Type, steps};
use std::collections::{BTreeMap, VecDeque};

/// The layout that a field refers to.
pub(super) fn target(storage: Storage) -> Option<Layout> {
    match storage {
        Storage::Whole(Type::Ref(layout)) => Some(layout),
        Storage::I8 | Storage::I16 | Storage::Whole(_) => None,
    }
}

/// The groups of layouts that refer to one another in a circle, each after those that it refers to (Tarjan's strongly
/// connected components). A layout in no circle is a group of its own.
pub(super) fn groups(program: &Program) -> Vec<Vec<Layout>> {
    let count = program.layouts.len();
    // When each was met first, from 1, and the earliest of those open that it leads to.
    let (mut met, mut earliest) = (vec![0usize; count], vec![0usize; count]);
    let mut is_open = vec![false; count];
    let (mut open, mut groups, mut clock) = (Vec::new(), Vec::new(), 0);
    for start in program.layouts.keys() {
        // Layouts on the way here, each with the number of its fields that were followed.
        let mut way: Vec<(Layout, usize)> = Vec::new();
        if met[start.as_u32() as usize] == 0 {
            way.push((start, 0));
        }
        while let Some((layout, field)) = way.last_mut() {
            steps::count(1);
            let index = layout.as_u32() as usize;
            if *field == 0 && met[index] == 0 {
                clock += 1;
                (met[index], earliest[index], is_open[index]) = (clock, clock, true);
                open.push(*layout);
            }
            let fields = program.layouts[*layout].storages();
            let next = fields[*field..].iter().position(|&storage| target(storage).is_some());
            if let Some(other) = next.and_then(|skipped| target(fields[*field + skipped])) {
                *field += next.map_or(0, |skipped| skipped + 1);
                let other_index = other.as_u32() as usize;
                if met[other_index] == 0 {
                    way.push((other, 0));
                } else if is_open[other_index] {
                    earliest[index] = earliest[index].min(met[other_index]);
                }
                continue;
            }
            let (layout, lead) = (*layout, earliest[index]);
            way.pop();
            if let Some((before, _)) = way.last() {
                let before = before.as_u32() as usize;
                earliest[before] = earliest[before].min(lead);
            }
            if lead == met[index] {
                let first = open.iter().rposition(|&member| member == layout).expect("it was put there");
                let group = open.split_off(first);
                group.iter().for_each(|member: &Layout| is_open[member.as_u32() as usize] = false);
                groups.push(group);
            }
        }
    }
    groups
}

/// What a member of a group looks like: numbers that tell its fields apart, and for each field the member it refers to.
pub(super) struct Member {
    pub(super) looks: Vec<u64>,
    pub(super) fields: Vec<Option<usize>>,
}

/// The class of each member of a group, and the number of classes. Members of one class are alike; classes are in an order
/// that equal groups share.
pub(super) fn classes(members: &[Member]) -> (Vec<usize>, usize) {
    let (class, count) = refine(members);
    // The order must not depend on how many members are alike, so it is found for one of each.
    let mut ones: Vec<Option<Member>> = (0..count).map(|_| None).collect();
    for (member, &number) in members.iter().zip(&class) {
        ones[number].get_or_insert_with(|| {
            let fields = member.fields.iter().map(|field| field.map(|other| class[other])).collect();
            Member { looks: member.looks.clone(), fields }
        });
    }
    let ones: Vec<Member> = ones.into_iter().map(|one| one.expect("each class has a member")).collect();
    let (order, _) = refine(&ones);
    (class.into_iter().map(|number| order[number]).collect(), count)
}

/// The coarsest partition in which members of one class look alike and refer to the same classes.
fn refine(members: &[Member]) -> (Vec<usize>, usize) {
    let mut partition = Partition::new(members);
    // For each member the fields that refer to it: number of the field, and whose it is.
    let mut referring: Vec<Vec<(usize, usize)>> = vec![Vec::new(); members.len()];
    for (index, member) in members.iter().enumerate() {
        for (field, other) in member.fields.iter().enumerate() {
            if let Some(other) = *other {
                referring[other].push((field, index));
            }
        }
    }
    while let Some(splitter) = partition.waiting.pop_front() {
        partition.is_waiting[splitter] = false;
        let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &member in partition.members_of(splitter) {
            for &(field, other) in &referring[member] {
                steps::count(1);
                found.entry(field).or_default().push(other);
            }
        }
        for referring in found.values() {
            partition.split(referring);
        }
    }
    partition.numbered()
}

/// A partition of members into classes; a class is named by where it begins in `order`.
struct Partition {
    /// The members, those of one class together.
    order: Vec<usize>,
    /// Where each member stands in it, and its class.
    place: Vec<usize>,
    class: Vec<usize>,
    /// For each class where it ends, and how many of its members were marked.
    ends: Vec<usize>,
    marked: Vec<usize>,
    /// Classes by which others have to be split.
    waiting: VecDeque<usize>,
    is_waiting: Vec<bool>,
}

impl Partition {
    /// Members that look alike are together.
    fn new(members: &[Member]) -> Self {
        let count = members.len();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&one, &other| members[one].looks.cmp(&members[other].looks));
        let mut partition = Partition {
            order,
            place: vec![0; count],
            class: vec![0; count],
            ends: vec![0; count],
            marked: vec![0; count],
            waiting: VecDeque::new(),
            is_waiting: vec![false; count],
        };
        let mut start = 0;
        for at in 0..count {
            let member = partition.order[at];
            if members[member].looks != members[partition.order[start]].looks {
                start = at;
            }
            (partition.place[member], partition.class[member], partition.ends[start]) = (at, start, at + 1);
            if at == start {
                partition.wait(start);
            }
        }
        partition
    }

    fn wait(&mut self, class: usize) {
        self.is_waiting[class] = true;
        self.waiting.push_back(class);
    }

    fn members_of(&self, class: usize) -> &[usize] {
        &self.order[class..self.ends[class]]
    }

    /// Divides each class into those members that are in a list, at its end, and the others.
    fn split(&mut self, list: &[usize]) {
        let mut touched = Vec::new();
        for &member in list {
            steps::count(1);
            let class = self.class[member];
            if self.marked[class] == 0 {
                touched.push(class);
            }
            self.marked[class] += 1;
            let (from, to) = (self.place[member], self.ends[class] - self.marked[class]);
            let other = self.order[to];
            self.order.swap(from, to);
            (self.place[member], self.place[other]) = (to, from);
        }
        touched.sort_unstable();
        for class in touched {
            let marked = std::mem::take(&mut self.marked[class]);
            let end = self.ends[class];
            let middle = end - marked;
            if middle == class {
                continue;
            }
            (self.ends[class], self.ends[middle]) = (middle, end);
            for at in middle..end {
                steps::count(1);
                self.class[self.order[at]] = middle;
            }
            if self.is_waiting[class] || marked <= middle - class {
                self.wait(middle);
            } else {
                self.wait(class);
            }
        }
    }

    /// The classes as numbers from 0, in their order.
    fn numbered(self) -> (Vec<usize>, usize) {
        let mut numbers = vec![0; self.order.len()];
        let mut count = 0;
        for (at, &member) in self.order.iter().enumerate() {
            count += usize::from(self.class[member] == at);
            numbers[member] = count - 1;
        }
        (numbers, count)
    }
}
