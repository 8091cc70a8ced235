//! The stack of cells that are marked and wait to be traced.

/// A stack in segments, so that growing never copies.
pub(super) struct GreyStack {
    top: Vec<usize>,
    full: Vec<Vec<usize>>,
    spare: Vec<usize>,
}

const SEGMENT: usize = 8192;

impl GreyStack {
    pub(super) fn new() -> GreyStack {
        GreyStack { top: Vec::with_capacity(SEGMENT), full: Vec::new(), spare: Vec::new() }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, entry: usize) {
        if self.top.len() == SEGMENT {
            self.push_segment();
        }
        self.top.push(entry);
    }

    #[cold]
    #[inline(never)]
    fn push_segment(&mut self) {
        let mut segment = std::mem::take(&mut self.spare);
        segment.reserve_exact(SEGMENT);
        self.full.push(std::mem::replace(&mut self.top, segment));
    }

    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<usize> {
        match self.top.pop() {
            Some(entry) => Some(entry),
            None => {
                let segment = self.full.pop()?;
                self.spare = std::mem::replace(&mut self.top, segment);
                self.top.pop()
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.top.is_empty() && self.full.is_empty()
    }
}
