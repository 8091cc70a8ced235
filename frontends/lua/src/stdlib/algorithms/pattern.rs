//! Lua patterns, compiled to a list of nodes that [`super::pattern_match`] walks.
//!
//! A pattern has no alternatives, so it is a straight list, and the number of a capture is known when it is compiled. A
//! malformed part becomes a node that raises the error when it is reached, because Lua raises it no earlier: `b[` fails on
//! `"a"` without an error.

use super::byte_set::ByteSet;
use super::error::LibraryError;

/// The most captures a pattern may have.
pub const CAPTURES_MAX: usize = 32;
/// The most bytes of a pattern. Compiling one takes its time, and memory, at once.
pub const PATTERN_BYTES_MAX: usize = 1 << 18;
/// Sets that a new one is compared with, to be the same as one of them.
const SETS_COMPARED: usize = 16;

/// What is wrong with a pattern, or with a capture asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// A `%` with nothing behind it.
    EndsWithPercent,
    /// A set that is not closed.
    MissingBracket,
    /// `%b` without its two bytes.
    MissingBalanceArguments,
    /// `%f` without a set.
    MissingFrontierSet,
    /// More than [`CAPTURES_MAX`].
    TooManyCaptures,
    /// A `)` that closes nothing.
    InvalidPatternCapture,
    /// A capture of that number does not exist or is not closed.
    InvalidCaptureIndex(u8),
    /// A capture that is never closed.
    UnfinishedCapture,
    /// More choices open at a time than the matcher keeps.
    TooComplex,
    /// More bytes than [`PATTERN_BYTES_MAX`].
    TooLong,
}

impl From<PatternError> for LibraryError {
    fn from(error: PatternError) -> Self {
        LibraryError::message(match error {
            PatternError::EndsWithPercent => "malformed pattern (ends with '%')",
            PatternError::MissingBracket => "malformed pattern (missing ']')",
            PatternError::MissingBalanceArguments => "malformed pattern (missing arguments to '%b')",
            PatternError::MissingFrontierSet => "missing '[' after '%f' in pattern",
            PatternError::TooManyCaptures => "too many captures",
            PatternError::InvalidPatternCapture => "invalid pattern capture",
            PatternError::InvalidCaptureIndex(index) => {
                return LibraryError::message(format!("invalid capture index %{index}"));
            }
            PatternError::UnfinishedCapture => "unfinished capture",
            PatternError::TooComplex => "pattern too complex",
            PatternError::TooLong => {
                return LibraryError::message(format!("pattern too long (the limit is {PATTERN_BYTES_MAX} bytes)"));
            }
        })
    }
}

/// The number of a capture, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CaptureIndex(pub(super) u8);

/// A set of the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SetIndex(u32);

/// What matches exactly one byte.
#[derive(Clone, Copy, Debug)]
pub(super) enum Single {
    Byte(u8),
    Any,
    Set(SetIndex),
}

/// How often a [`Single`] matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    Once,
    /// `?`
    Optional,
    /// `*` and `+`: as often as possible, at least so often.
    Greedy {
        least: u8,
    },
    /// `-`: as rarely as possible.
    Lazy,
}

/// What must stand where an item ends, as far as the next item tells. Positions where it does not stand need no try.
#[derive(Clone, Copy, Debug)]
pub(super) enum Follow {
    Unknown,
    Byte(u8),
    Set(SetIndex),
    End,
}

/// One step of a match.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node {
    Item {
        single: Single,
        repeat: Repeat,
        follow: Follow,
        /// Giving back what a greedy repetition took cannot help, because what follows is never part of it.
        committed: bool,
    },
    Open(CaptureIndex),
    Close(CaptureIndex),
    BackReference(CaptureIndex),
    /// A reference to a position capture, which is no text and never matches.
    Never,
    Balanced {
        open: u8,
        close: u8,
    },
    Frontier(SetIndex),
    AtEnd,
    Matched,
    Malformed(PatternError),
}

/// No node.
const NO_RUN: usize = usize::MAX;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(super) nodes: Vec<Node>,
    sets: Vec<ByteSet>,
    pub(super) anchored: bool,
    /// What a match begins with.
    pub(super) first: Follow,
    /// The node that takes a whole run at the beginning of a match, [`NO_RUN`] if there is none: where a match fails behind it, it
    /// does so wherever in the run it begins.
    pub(super) leading_run: usize,
    captures: usize,
    position_captures: u32,
    unfinished_captures: u32,
}

impl Pattern {
    /// Compiles a pattern for `find`, `match` and `gsub`, where a `^` at the beginning anchors it.
    pub fn new(pattern: &[u8]) -> Self {
        match pattern {
            [b'^', rest @ ..] => Self { anchored: true, ..Self::without_anchor(rest) },
            _ => Self::without_anchor(pattern),
        }
    }

    /// Compiles a pattern for `gmatch`, where `^` has no special meaning.
    pub fn without_anchor(pattern: &[u8]) -> Self {
        let mut compiler = Compiler {
            pattern,
            at: 0,
            nodes: Vec::with_capacity(pattern.len() + 1),
            sets: Vec::new(),
            captures: Captures::default(),
        };
        compiler.run();
        let Compiler { nodes, sets, captures, .. } = compiler;
        let mut compiled = Self {
            nodes,
            sets,
            anchored: false,
            first: Follow::Unknown,
            leading_run: NO_RUN,
            captures: captures.count,
            position_captures: captures.positions,
            unfinished_captures: captures.open,
        };
        compiled.look_ahead();
        compiled
    }

    /// How many captures the pattern has; a pattern without any yields the whole match.
    pub fn captures(&self) -> usize {
        self.captures
    }

    /// Whether it matches nowhere but at the beginning.
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }

    pub(super) fn is_position(&self, capture: usize) -> bool {
        self.position_captures >> capture & 1 != 0
    }

    pub(super) fn is_unfinished(&self, capture: usize) -> bool {
        self.unfinished_captures >> capture & 1 != 0
    }

    pub(super) fn set(&self, index: SetIndex) -> &ByteSet {
        &self.sets[index.0 as usize]
    }

    #[inline]
    pub(super) fn matches(&self, single: Single, byte: u8) -> bool {
        match single {
            Single::Byte(wanted) => byte == wanted,
            Single::Any => true,
            Single::Set(index) => self.set(index).contains(byte),
        }
    }

    /// Fills in what follows each item, from the end.
    fn look_ahead(&mut self) {
        let mut after = Follow::Unknown;
        for index in (0..self.nodes.len()).rev() {
            match self.nodes[index] {
                Node::Item { single, repeat, .. } => {
                    let committed = matches!(repeat, Repeat::Greedy { .. }) && self.excludes(single, after);
                    self.nodes[index] = Node::Item { single, repeat, follow: after, committed };
                    let required = matches!(repeat, Repeat::Once | Repeat::Greedy { least: 1 });
                    after = match single {
                        Single::Byte(byte) if required => Follow::Byte(byte),
                        Single::Set(set) if required => Follow::Set(set),
                        _ => Follow::Unknown,
                    };
                }
                Node::Open(_) | Node::Close(_) => {}
                Node::AtEnd => after = Follow::End,
                // The end of the subject counts as a zero byte.
                Node::Frontier(set) if !self.set(set).contains(0) => after = Follow::Set(set),
                Node::Balanced { open, .. } => after = Follow::Byte(open),
                Node::BackReference(_) | Node::Never | Node::Frontier(_) | Node::Matched | Node::Malformed(_) => {
                    after = Follow::Unknown;
                }
            }
        }
        self.first = after;
        let is_open = |node: &&Node| matches!(node, Node::Open(_));
        let first = self.nodes.iter().take_while(is_open).count();
        // What a part of the match is compared with depends on where it begins.
        let looks_back = self.nodes.iter().any(|node| matches!(node, Node::BackReference(_)));
        if !looks_back && matches!(self.nodes.get(first), Some(Node::Item { committed: true, .. })) {
            self.leading_run = first;
        }
    }

    /// Whether nothing that `single` matches can be what has to follow.
    fn excludes(&self, single: Single, follow: Follow) -> bool {
        match (single, follow) {
            (_, Follow::End) => true,
            (_, Follow::Unknown) | (Single::Any, _) => false,
            (Single::Byte(lhs), Follow::Byte(rhs)) => lhs != rhs,
            (Single::Byte(byte), Follow::Set(set)) | (Single::Set(set), Follow::Byte(byte)) => {
                !self.set(set).contains(byte)
            }
            (Single::Set(lhs), Follow::Set(rhs)) => self.set(lhs).is_disjoint(self.set(rhs)),
        }
    }
}

/// The bytes that mean something else than themselves in a pattern.
const SPECIAL: ByteSet = ByteSet::of(b"^$*+?.([%-");

/// Whether `pattern` has no special characters, so that looking for its bytes is the same.
pub fn is_plain(pattern: &[u8]) -> bool {
    !pattern.iter().any(|&byte| SPECIAL.contains(byte))
}

/// Where `needle` stands in `subject` at or after `from`.
pub fn find_plain(subject: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let rest = subject.get(from..)?;
    let found = match needle {
        [byte] => memchr::memchr(*byte, rest),
        // Preparing a searcher only pays off for long subjects.
        _ if rest.len() < 64 => {
            if needle.is_empty() {
                Some(0)
            } else {
                rest.windows(needle.len()).position(|window| window == needle)
            }
        }
        _ => memchr::memmem::find(rest, needle),
    };
    found.map(|offset| from + offset)
}

/// The captures met so far; sets of them are bit masks.
#[derive(Default)]
struct Captures {
    count: usize,
    positions: u32,
    open: u32,
}

struct Compiler<'p> {
    pattern: &'p [u8],
    at: usize,
    nodes: Vec<Node>,
    sets: Vec<ByteSet>,
    captures: Captures,
}

impl Compiler<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.peek(0) {
            if let Err(error) = self.step(byte) {
                self.nodes.push(Node::Malformed(error));
                return;
            }
        }
        self.nodes.push(Node::Matched);
    }

    fn peek(&self, offset: usize) -> Option<u8> {
        self.pattern.get(self.at + offset).copied()
    }

    fn step(&mut self, byte: u8) -> Result<(), PatternError> {
        match (byte, self.peek(1)) {
            (b'(', Some(b')')) => self.open(true, 2),
            (b'(', _) => self.open(false, 1),
            (b')', _) => self.close(),
            (b'$', None) => {
                self.push(Node::AtEnd, 1);
                Ok(())
            }
            (b'%', Some(b'b')) => {
                let (Some(open), Some(close)) = (self.peek(2), self.peek(3)) else {
                    return Err(PatternError::MissingBalanceArguments);
                };
                self.push(Node::Balanced { open, close }, 4);
                Ok(())
            }
            (b'%', Some(b'f')) => {
                self.at += 2;
                if self.peek(0) != Some(b'[') {
                    return Err(PatternError::MissingFrontierSet);
                }
                let set = self.bracket()?;
                self.push(Node::Frontier(set), 0);
                Ok(())
            }
            (b'%', Some(digit @ b'0'..=b'9')) => self.back_reference(digit - b'0'),
            _ => self.item(byte),
        }
    }

    fn push(&mut self, node: Node, consumed: usize) {
        self.nodes.push(node);
        self.at += consumed;
    }

    fn open(&mut self, position: bool, consumed: usize) -> Result<(), PatternError> {
        let index = self.captures.count;
        if index >= CAPTURES_MAX {
            return Err(PatternError::TooManyCaptures);
        }
        self.captures.count += 1;
        let bits = if position { &mut self.captures.positions } else { &mut self.captures.open };
        *bits |= 1 << index;
        self.push(Node::Open(CaptureIndex(index as u8)), consumed);
        Ok(())
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let innermost = self.captures.open.checked_ilog2().ok_or(PatternError::InvalidPatternCapture)?;
        self.captures.open &= !(1 << innermost);
        self.push(Node::Close(CaptureIndex(innermost as u8)), 1);
        Ok(())
    }

    fn back_reference(&mut self, number: u8) -> Result<(), PatternError> {
        let invalid = PatternError::InvalidCaptureIndex(number);
        let index = number.checked_sub(1).ok_or(invalid)?;
        if usize::from(index) >= self.captures.count || self.captures.open >> index & 1 != 0 {
            return Err(invalid);
        }
        let is_position = self.captures.positions >> index & 1 != 0;
        self.push(if is_position { Node::Never } else { Node::BackReference(CaptureIndex(index)) }, 2);
        Ok(())
    }

    fn item(&mut self, byte: u8) -> Result<(), PatternError> {
        let single = match byte {
            b'.' => {
                self.at += 1;
                Single::Any
            }
            b'%' => {
                let letter = self.peek(1).ok_or(PatternError::EndsWithPercent)?;
                self.at += 2;
                if letter.is_ascii_alphabetic() {
                    Single::Set(self.add_set(ByteSet::class(letter)))
                } else {
                    Single::Byte(letter)
                }
            }
            b'[' => Single::Set(self.bracket()?),
            _ => {
                self.at += 1;
                Single::Byte(byte)
            }
        };
        let repeat = match self.peek(0) {
            Some(b'*') => Repeat::Greedy { least: 0 },
            Some(b'+') => Repeat::Greedy { least: 1 },
            Some(b'-') => Repeat::Lazy,
            Some(b'?') => Repeat::Optional,
            _ => Repeat::Once,
        };
        let consumed = usize::from(repeat != Repeat::Once);
        self.push(Node::Item { single, repeat, follow: Follow::Unknown, committed: false }, consumed);
        Ok(())
    }

    fn add_set(&mut self, set: ByteSet) -> SetIndex {
        let first = self.sets.len().saturating_sub(SETS_COMPARED);
        let known = self.sets[first..].iter().position(|known| *known == set);
        let index = known.map_or(self.sets.len(), |index| first + index);
        if known.is_none() {
            self.sets.push(set);
        }
        SetIndex(index as u32)
    }

    /// Reads a set from its `[` on. A `]` at the beginning stands for itself.
    fn bracket(&mut self) -> Result<SetIndex, PatternError> {
        self.at += 1;
        let complement = self.peek(0) == Some(b'^');
        if complement {
            self.at += 1;
        }
        let end = self.bracket_end()?;
        let mut set = ByteSet::EMPTY;
        while self.at < end {
            let byte = self.pattern[self.at];
            if byte == b'%' {
                // At the very end (`[+-%%]`) the escaped byte is the `]` that closes the set, which is then a member too.
                set = set.union(&ByteSet::class(self.pattern[self.at + 1]));
                self.at += 2;
            } else if self.peek(1) == Some(b'-') && self.at + 2 < end {
                set.insert_range(byte, self.pattern[self.at + 2]);
                self.at += 3;
            } else {
                set.insert(byte);
                self.at += 1;
            }
        }
        self.at = end + 1;
        Ok(self.add_set(if complement { set.complement() } else { set }))
    }

    /// Where the `]` stands that closes the set whose members begin here.
    fn bracket_end(&self) -> Result<usize, PatternError> {
        let mut at = self.at;
        loop {
            match self.pattern.get(at) {
                None => return Err(PatternError::MissingBracket),
                Some(b'%') if at + 1 < self.pattern.len() => at += 2,
                Some(_) => at += 1,
            }
            if self.pattern.get(at) == Some(&b']') {
                return Ok(at);
            }
        }
    }
}
