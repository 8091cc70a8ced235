//! The resolved tree of a chunk: what the code generator reads.
//!
//! Every name is a local, an upvalue or a field of an environment; every literal is decoded; constants are folded;
//! jumps know their label. The tree knows neither the parser that made it nor the instructions it becomes.
//!
//! Expressions live in one arena. Their depth is bounded along right operands, arguments and nested functions (the
//! grammar check counts levels), but not along the *spine*: the left operand of a binary operator, the callee of a
//! call, the table of an index. A walker follows the spine in a loop and recurses into everything else.

mod print;

use cranelift_entity::{PrimaryMap, entity_impl};

macro_rules! index_types {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(u32);
            entity_impl!($name, $prefix);
        )*
    };
}

index_types! {
    /// A distinct string of a chunk: a name or a string literal.
    StringId = "string";
    /// A function of a chunk.
    FunctionId = "function";
    /// A local variable of a chunk, over all its functions.
    LocalId = "local";
    /// An upvalue of one function.
    UpvalueId = "upvalue";
    /// A label of a chunk, over all its functions.
    LabelId = "label";
    /// An expression of a chunk, over all its functions.
    ExpressionId = "expression";
}

/// A whole chunk.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The name as it was given (`@file`, `=name` or the source).
    pub name: Vec<u8>,
    /// The name as messages show it; see [`crate::syntax::chunk_id`].
    pub id: Vec<u8>,
    /// Names and string literals.
    pub strings: PrimaryMap<StringId, Box<[u8]>>,
    /// Functions in the order of their `function` tokens; the main function is first.
    pub functions: PrimaryMap<FunctionId, Function>,
    /// Local variables in the order of their declaration; the environment is first.
    pub locals: PrimaryMap<LocalId, Local>,
    /// Labels that some `goto` or `::label::` names.
    pub labels: PrimaryMap<LabelId, Label>,
    /// Expressions.
    pub expressions: PrimaryMap<ExpressionId, Expression>,
    /// The `_ENV` around the chunk: upvalue 0 of the main function.
    pub environment: LocalId,
    /// The function that is the chunk.
    pub main: FunctionId,
}

/// Where something stands in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset past the last byte.
    pub end: u32,
    /// The line that a run-time error here names, from 1.
    pub line: u32,
}

/// A function and all that is known about it.
#[derive(Clone, Debug)]
pub struct Function {
    /// The function around it; `None` for the main function.
    pub parent: Option<FunctionId>,
    /// A name for backtraces, from its definition: `f`, `a.b`, `a.b:c`; `None` when it has none.
    pub name: Option<Vec<u8>>,
    /// Its fixed parameters, `self` included.
    pub parameters: Vec<LocalId>,
    /// Whether it takes `...`.
    pub vararg: bool,
    /// The variable of the `local function` that it is; inside of it that name means itself, unless it is reassigned.
    pub own_local: Option<LocalId>,
    /// Its upvalues, in the order of first use.
    pub upvalues: PrimaryMap<UpvalueId, Upvalue>,
    /// What it does.
    pub body: Block,
    /// The line of its header; 0 for the main function.
    pub line_defined: u32,
    /// The line of its `end`.
    pub last_line: u32,
    /// From `function` to `end`.
    pub span: Span,
}

/// A variable that a function takes from the functions around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upvalue {
    /// The variable it stands for, wherever that is declared.
    pub local: LocalId,
    /// Where the closure is made, what to capture.
    pub source: UpvalueSource,
}

/// Where a new closure finds a captured variable: in the frame or among the upvalues of the function that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpvalueSource {
    /// A local of the function that makes the closure.
    Local(LocalId),
    /// An upvalue of the function that makes the closure.
    Upvalue(UpvalueId),
    /// The environment the chunk was loaded with; only for upvalue 0 of the main function.
    Environment,
}

/// A local variable.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name.
    pub name: StringId,
    /// The function that declares it; `None` for the environment around the chunk.
    pub function: Option<FunctionId>,
    /// Its attribute.
    pub attribute: Attribute,
    /// Whether a closure uses it.
    pub captured: bool,
    /// Whether it is assigned after its declaration.
    pub reassigned: bool,
    /// Its value, where that is a constant known now and the variable is never reassigned.
    pub known: Option<Constant>,
    /// Whether it has no storage at all, because every use was replaced by `known`.
    pub folded: bool,
    /// The name in its declaration.
    pub declared: Span,
    /// The bytes of the source where it is visible, as start and end offset.
    pub scope: (u32, u32),
}

impl Local {
    /// Whether closures must share it by a heap cell. Captured variables that are never reassigned can be copied.
    pub fn needs_cell(&self) -> bool {
        self.captured && self.reassigned
    }
}

/// What a declaration says about a local variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Nothing.
    Regular,
    /// `<const>`.
    Const,
    /// `<close>`.
    Close,
}

/// A value that is known before the program runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// `nil`
    Nil,
    /// `false` or `true`
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float; never folded to NaN or a zero, but either may be written as a literal.
    Float(f64),
    /// A string.
    String(StringId),
}

/// A label of a function.
#[derive(Clone, Debug)]
pub struct Label {
    /// Its name.
    pub name: StringId,
    /// The function it belongs to.
    pub function: FunctionId,
    /// Its place.
    pub span: Span,
    /// How many to-be-closed variables of the function are in scope at it; a generic `for` around it counts as one.
    pub open_closes: u32,
    /// Whether a `goto` below it jumps back to it.
    pub is_loop: bool,
}

/// Statements that share a scope.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// In order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Its place; the line is that of its first token.
    pub span: Span,
    /// The line of its last token, which stores and declarations name in errors.
    pub last_line: u32,
}

/// What a statement does.
#[derive(Clone, Debug)]
pub enum StatementKind {
    /// `local a, b = x, y`. The locals are visible after it. A `<close>` variable among them is closed when its block
    /// ends in whatever way.
    Local {
        /// What is declared, without folded constants.
        locals: Vec<LocalId>,
        /// The values; the last one is adjusted to the number of locals.
        values: Vec<ExpressionId>,
    },
    /// `local function f`: `f` is visible in the body.
    LocalFunction {
        /// The variable.
        local: LocalId,
        /// The function, an [`ExpressionKind::Function`].
        function: ExpressionId,
    },
    /// `a, b.c = x, y`. All expressions of targets and values are evaluated before the first store.
    Assign {
        /// What is assigned, from left to right.
        targets: Vec<Place>,
        /// The values; the last one is adjusted to the number of targets.
        values: Vec<ExpressionId>,
    },
    /// A call whose results are dropped.
    Call(ExpressionId),
    /// `do … end`
    Do(Block),
    /// `while condition do … end`
    While {
        /// Evaluated before each turn.
        condition: ExpressionId,
        /// The loop.
        body: Block,
    },
    /// `repeat … until condition`
    Repeat {
        /// The loop.
        body: Block,
        /// Evaluated after each turn, within the scope of the body.
        condition: ExpressionId,
    },
    /// `if … elseif … else … end`
    If {
        /// Conditions with their blocks, in order, and the line of `then`; at least one.
        arms: Vec<(ExpressionId, Block, u32)>,
        /// The `else` block.
        otherwise: Option<Block>,
    },
    /// `for v = start, limit, step do … end`
    NumericFor {
        /// The variable, fresh in each turn.
        local: LocalId,
        /// First value.
        start: ExpressionId,
        /// Last value.
        limit: ExpressionId,
        /// Difference, 1 when absent.
        step: Option<ExpressionId>,
        /// The line of `do`, which errors of these values name.
        do_line: u32,
        /// The loop.
        body: Block,
    },
    /// `for a, b in explist do … end`
    GenericFor {
        /// The variables, fresh in each turn; the first is the control variable.
        locals: Vec<LocalId>,
        /// Adjusted to four values: iterator, state, first control value, value to close.
        values: Vec<ExpressionId>,
        /// The line that errors of the iterator name.
        call_line: u32,
        /// The loop.
        body: Block,
    },
    /// `goto label`
    Goto(LabelId),
    /// `::label::`
    Label(LabelId),
    /// `break` out of the innermost loop.
    Break,
    /// `return explist`
    Return {
        /// The values; the last one may give many.
        values: Vec<ExpressionId>,
        /// Whether the only value is a call to be made in place of this function.
        tail_call: bool,
    },
}

/// What can be assigned to.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Which place.
    pub kind: PlaceKind,
    /// Where it is written.
    pub span: Span,
}

/// Which place is assigned to.
#[derive(Clone, Copy, Debug)]
pub enum PlaceKind {
    /// A local or upvalue.
    Variable(Variable),
    /// A field of an environment: a global.
    Global {
        /// The environment.
        environment: Variable,
        /// The name.
        name: StringId,
    },
    /// `table[key]`
    Index {
        /// The table.
        table: ExpressionId,
        /// The key.
        key: ExpressionId,
    },
}

/// A variable as the function that uses it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// Its own.
    Local(LocalId),
    /// One of a function around it.
    Upvalue(UpvalueId),
}

/// One expression.
#[derive(Clone, Debug)]
pub struct Expression {
    /// What it gives.
    pub kind: ExpressionKind,
    /// Its place; the line is the one run-time errors of this operation name.
    pub span: Span,
}

/// What an expression gives.
#[derive(Clone, Debug)]
pub enum ExpressionKind {
    /// A constant, written or folded.
    Constant(Constant),
    /// `...`; gives many values where they are wanted.
    Vararg,
    /// A new closure.
    Function(FunctionId),
    /// A local or upvalue.
    Variable(Variable),
    /// A field of an environment: a global.
    Global {
        /// The environment.
        environment: Variable,
        /// The name.
        name: StringId,
    },
    /// `table[key]` or `table.key`
    Index {
        /// The table, on the spine.
        table: ExpressionId,
        /// The key.
        key: ExpressionId,
    },
    /// `callee(arguments)`; gives many values where they are wanted.
    Call {
        /// What is called, on the spine.
        callee: ExpressionId,
        /// The arguments; the last one may give many.
        arguments: Vec<ExpressionId>,
    },
    /// `receiver:name(arguments)`; gives many values where they are wanted.
    MethodCall {
        /// The object, on the spine; evaluated once.
        receiver: ExpressionId,
        /// The method.
        name: StringId,
        /// The arguments without the receiver; the last one may give many.
        arguments: Vec<ExpressionId>,
    },
    /// An expression of many values in parentheses: exactly its first value.
    First(ExpressionId),
    /// An operator with one operand.
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// The operand.
        operand: ExpressionId,
    },
    /// An operator with two operands that always evaluates both.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// Evaluated first; on the spine.
        left: ExpressionId,
        /// Evaluated second.
        right: ExpressionId,
    },
    /// `left and right`
    And {
        /// Evaluated first; on the spine.
        left: ExpressionId,
        /// Evaluated if `left` is true.
        right: ExpressionId,
    },
    /// `left or right`
    Or {
        /// Evaluated first; on the spine.
        left: ExpressionId,
        /// Evaluated if `left` is false.
        right: ExpressionId,
    },
    /// `a .. b .. c`: all evaluated from left to right, then joined from right to left. At least two.
    Concat(Vec<ExpressionId>),
    /// `{ … }`
    Table(Vec<TableItem>),
}

/// An item of a table constructor.
#[derive(Clone, Copy, Debug)]
pub enum TableItem {
    /// The next element of the sequence; as last item it may give many.
    Positional(ExpressionId),
    /// `[key] = value` or `name = value`
    Keyed {
        /// Evaluated first.
        key: ExpressionId,
        /// Evaluated second.
        value: ExpressionId,
    },
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `not`
    Not,
    /// `#`
    Length,
    /// `~`
    BitNot,
}

/// Operators with two operands, both always evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `//`
    FloorDivide,
    /// `%`
    Modulo,
    /// `^`
    Power,
    /// `&`
    BitAnd,
    /// `|`
    BitOr,
    /// `~`
    BitXor,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `==`
    Equal,
    /// `~=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl ExpressionKind {
    /// Whether the expression can give any number of values.
    pub fn is_multiple(&self) -> bool {
        matches!(self, Self::Call { .. } | Self::MethodCall { .. } | Self::Vararg)
    }
}
