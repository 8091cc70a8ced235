//! What the verifier says about a program that it refuses.

use crate::Opcode;
use crate::entities::{Block, Func, Source};
use std::fmt;

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal;)*) => {
        /// The rules of the verifier.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub enum Rule { $($(#[doc = $doc])+ $name,)* }

        impl Rule {
            /// All rules.
            pub const ALL: &'static [Rule] = &[$(Rule::$name),*];

            /// The name in messages.
            pub fn name(self) -> &'static str {
                match self { $(Rule::$name => $text,)* }
            }

            /// What the rule demands.
            pub fn doc(self) -> &'static str {
                match self { $(Rule::$name => concat!($($doc),+),)* }
            }
        }
    };
}

rules! {
    /// An index names something that the program has.
    Index "index";
    /// A dynamic or variadic signature has `any` parameters and no results; parameters and results each fit into a frame.
    SignatureShape "signature-shape";
    /// A record has at most 65,535 fields.
    LayoutShape "layout-shape";
    /// A global is no cell.
    GlobalType "global-type";
    /// An initial value is of the type that is needed where it stands.
    InitialType "initial-type";
    /// An initial value reads only immutable globals that stand before it.
    InitialGlobal "initial-global";
    /// An initial value nests at most 100 deep.
    InitialDepth "initial-depth";
    /// The minimum of a memory or table is not above its maximum, and both are within what its addresses reach.
    Limits "limits";
    /// A shared memory has a maximum.
    SharedMaximum "shared-maximum";
    /// A data segment is passive or active.
    SegmentMode "segment-mode";
    /// What fills a function table is a function, nil or a global; its segments hold functions.
    ElementKind "element-kind";
    /// No two exports have the same name.
    ExportName "export-name";
    /// The start function has neither parameters nor results.
    StartSignature "start-signature";
    /// A function that is named other than by `closure` or an export captures nothing.
    NoCaptures "no-captures";
    /// The first registers of a function have the types of its parameters.
    Parameters "parameters";
    /// A captured value is `any` or `cell`; there are at most 65,535, and not more names than values.
    Captures "captures";
    /// The registers of a function take at most 60,000 frame words, with those above them that an instruction hands to a callee.
    FrameSize "frame-size";
    /// The registers that are live where blocks and protected regions of a function begin are, in all, at most 256 for each of
    /// its instructions and regions.
    FunctionSize "function-size";
    /// Blocks are ranges of the code in ascending order, none empty, the first at 0.
    Blocks "blocks";
    /// The last instruction of a block, and no other, ends it.
    BlockEnd "block-end";
    /// The range of a region is not empty and its handler lies outside of it.
    RegionRange "region-range";
    /// Regions nest, and an inner one stands before an outer one.
    RegionNesting "region-nesting";
    /// The error and message handler registers of a region are `any`.
    RegionRegister "region-register";
    /// The message handler of a region is assigned at every point of it.
    RegionMessageHandler "region-message-handler";
    /// Spans are in ascending order, within the code, and their start is not above their end.
    Span "span";
    /// The range of a local variable is within the code.
    Local "local";
    /// An operand is of the type that the table says.
    OperandType "operand-type";
    /// There are as many operands as the signature, closure or layout says.
    OperandCount "operand-count";
    /// A list holds at most 65,535 operands, and at least as many as the instruction needs.
    ListLength "list-length";
    /// An instruction writes no register twice.
    WrittenTwice "written-twice";
    /// A number that is part of an instruction is in its range.
    Immediate "immediate";
    /// A register is assigned on all paths before it is read.
    Assigned "assigned";
    /// What leaves an open list is directly followed by what takes it, in the same block.
    OpenList "open-list";
    /// `call`, `call_indirect`, `call_ref` and their tail calls name a typed signature.
    TypedCall "typed-call";
    /// A tail call has the results of the function it stands in.
    TailCallResults "tail-call-results";
    /// No tail call stands in a protected region.
    TailCallRegion "tail-call-region";
    /// The instruction returns any number of `any` values, so it stands in a dynamic function.
    DynamicOnly "dynamic-only";
    /// Only variadic functions have further arguments.
    VariadicOnly "variadic-only";
    /// A global that is set is mutable.
    Mutable "mutable";
    /// A field that is named exists, and the layout is of the kind that the instruction needs.
    Field "field";
    /// A declared type names types of its group or before it, supertypes before it, at most 64 of them one above the other, and
    /// is the only one that describes its signature or layout.
    DeclaredType "declared-type";
    /// What a declared type describes, its first supertype describes too: functions of equal signatures, records that begin with
    /// the same fields, arrays of the same elements.
    Subtype "subtype";
    /// Tables hold what is copied into them.
    TableElement "table-element";
    /// There are more rejections than are listed.
    More "more";
}

/// Where in the source a rejected instruction comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceLine {
    /// The file.
    pub source: Source,
    /// Its name; of a very long one the beginning.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// First byte in the file.
    pub start: u32,
    /// First byte after it.
    pub end: u32,
}

/// Where in a program a rejection applies.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// What it is about: `global2`, `export 'f'`, `func3 'fib'`.
    pub item: String,
    /// The function.
    pub function: Option<Func>,
    /// The block.
    pub block: Option<Block>,
    /// Canonical index of the instruction.
    pub instruction: Option<u32>,
    /// Which instruction it is.
    pub opcode: Option<Opcode>,
    /// Name of the operand, or of a part of the item.
    pub operand: Option<&'static str>,
    /// Place in the source, if the program has it.
    pub source: Option<SourceLine>,
}

/// One reason why a program is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// The rule that is broken.
    pub rule: Rule,
    /// Where.
    pub place: Place,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{}:{}: ", source.file, source.line)?;
        }
        f.write_str(&self.item)?;
        if let Some(block) = self.block {
            write!(f, ", {block}")?;
        }
        if let Some(instruction) = self.instruction {
            write!(f, ", instruction {instruction}")?;
        }
        if let Some(opcode) = self.opcode {
            write!(f, " {}", opcode.info().name)?;
        }
        if let Some(operand) = self.operand {
            write!(f, ", {operand}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {} [{}]", self.place, self.expected, self.found, self.rule.name())
    }
}

impl std::error::Error for Rejection {}

/// A file's name for messages, of which there may be many: not more than so many characters of it.
pub(super) fn file_name(name: &str) -> String {
    const SHOWN: usize = 500;
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// A name from a program, quoted, escaped, and cut so that a message stays one readable line.
pub(crate) fn quoted(name: &str) -> String {
    const SHOWN: usize = 60;
    let mut text: String = name.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if name.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    format!("'{text}'")
}
