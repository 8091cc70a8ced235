//! Operators, with the constant folding of the reference implementation: what it leaves to run time stays there.

use super::{Lowering, Token};
use crate::syntax::hir::*;
use crate::syntax::prepass::TokenKind;
use minivm_isa::steps;

impl Lowering<'_> {
    /// `operator operand`
    pub(super) fn unary(&mut self, token: Token, operand: ExpressionId) -> ExpressionId {
        let operator = match token.kind {
            TokenKind::Minus => UnaryOperator::Negate,
            TokenKind::Not => UnaryOperator::Not,
            TokenKind::Hash => UnaryOperator::Length,
            TokenKind::Tilde => UnaryOperator::BitNot,
            other => unreachable!("{other:?} is no unary operator"),
        };
        let span = Span { start: token.start, end: self.span(operand).end, line: token.line };
        let folded = self.constant(operand).and_then(|constant| fold_unary(operator, constant));
        let kind = folded.map_or(ExpressionKind::Unary { operator, operand }, ExpressionKind::Constant);
        self.push(kind, span)
    }

    /// `left operator right`
    pub(super) fn binary(&mut self, token: Token, left: ExpressionId, right: ExpressionId) -> ExpressionId {
        let span = Span { start: self.span(left).start, end: self.span(right).end, line: token.line };
        let operator = match token.kind {
            // Where a constant decides, what is on the right stands for the whole, and keeps its name in error messages.
            TokenKind::And if self.constant(left).is_some_and(is_true) => return self.first(right),
            TokenKind::Or if self.constant(left).is_some_and(|constant| !is_true(constant)) => {
                return self.first(right);
            }
            TokenKind::And => return self.push(ExpressionKind::And { left, right }, span),
            TokenKind::Or => return self.push(ExpressionKind::Or { left, right }, span),
            TokenKind::Concat => return self.concat(span, left, right),
            kind => binary_operator(kind),
        };
        let folded = match (self.constant(left), self.constant(right)) {
            (Some(left), Some(right)) => fold_binary(operator, left, right),
            _ => None,
        };
        let mut span = span;
        if is_comparison(operator) {
            // It happens where its second operand ends, for the reference implementation, all others where the operator stands.
            span.line = self.last().line;
        }
        self.push(folded.map_or(ExpressionKind::Binary { operator, left, right }, ExpressionKind::Constant), span)
    }

    /// `left .. right`, joined into one if `right` is a concatenation itself.
    fn concat(&mut self, span: Span, left: ExpressionId, right: ExpressionId) -> ExpressionId {
        let line = self.span(right).line;
        if let ExpressionKind::Concat(operands) = &mut self.chunk.expressions[right].kind {
            steps::count(operands.len());
            operands.insert(0, left);
            self.chunk.expressions[right].span = Span { line, ..span };
            return right;
        }
        self.push(ExpressionKind::Concat(vec![left, right]), span)
    }
}

fn is_true(constant: Constant) -> bool {
    !matches!(constant, Constant::Nil | Constant::Boolean(false))
}

fn is_comparison(operator: BinaryOperator) -> bool {
    use BinaryOperator::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(operator, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
}

fn binary_operator(kind: TokenKind) -> BinaryOperator {
    match kind {
        TokenKind::Plus => BinaryOperator::Add,
        TokenKind::Minus => BinaryOperator::Subtract,
        TokenKind::Star => BinaryOperator::Multiply,
        TokenKind::Slash => BinaryOperator::Divide,
        TokenKind::DoubleSlash => BinaryOperator::FloorDivide,
        TokenKind::Percent => BinaryOperator::Modulo,
        TokenKind::Caret => BinaryOperator::Power,
        TokenKind::Ampersand => BinaryOperator::BitAnd,
        TokenKind::Pipe => BinaryOperator::BitOr,
        TokenKind::Tilde => BinaryOperator::BitXor,
        TokenKind::ShiftLeft => BinaryOperator::ShiftLeft,
        TokenKind::ShiftRight => BinaryOperator::ShiftRight,
        TokenKind::Equal => BinaryOperator::Equal,
        TokenKind::NotEqual => BinaryOperator::NotEqual,
        TokenKind::Less => BinaryOperator::Less,
        TokenKind::LessEqual => BinaryOperator::LessEqual,
        TokenKind::Greater => BinaryOperator::Greater,
        TokenKind::GreaterEqual => BinaryOperator::GreaterEqual,
        other => unreachable!("{other:?} is no binary operator"),
    }
}

fn fold_unary(operator: UnaryOperator, operand: Constant) -> Option<Constant> {
    match operator {
        UnaryOperator::Not => Some(Constant::Boolean(!is_true(operand))),
        UnaryOperator::Negate => match operand {
            Constant::Integer(value) => Some(Constant::Integer(value.wrapping_neg())),
            Constant::Float(value) => foldable(-value),
            Constant::Nil | Constant::Boolean(_) | Constant::String(_) => None,
        },
        UnaryOperator::BitNot => Some(Constant::Integer(!integer(operand)?)),
        UnaryOperator::Length => None,
    }
}

fn fold_binary(operator: BinaryOperator, left: Constant, right: Constant) -> Option<Constant> {
    use BinaryOperator::*;
    match operator {
        BitAnd => Some(Constant::Integer(integer(left)? & integer(right)?)),
        BitOr => Some(Constant::Integer(integer(left)? | integer(right)?)),
        BitXor => Some(Constant::Integer(integer(left)? ^ integer(right)?)),
        ShiftLeft => Some(Constant::Integer(shift_left(integer(left)?, integer(right)?))),
        ShiftRight => Some(Constant::Integer(shift_left(integer(left)?, integer(right)?.checked_neg()?))),
        Divide | FloorDivide | Modulo if float(right)? == 0.0 => None,
        Divide => foldable(float(left)? / float(right)?),
        Power => foldable(exact_power(float(left)?, float(right)?)?),
        Add | Subtract | Multiply | FloorDivide | Modulo => match (left, right) {
            (Constant::Integer(left), Constant::Integer(right)) => integer_arithmetic(operator, left, right),
            _ => float_arithmetic(operator, float(left)?, float(right)?),
        },
        Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual => None,
    }
}

fn integer_arithmetic(operator: BinaryOperator, left: i64, right: i64) -> Option<Constant> {
    let value = match operator {
        BinaryOperator::Add => left.wrapping_add(right),
        BinaryOperator::Subtract => left.wrapping_sub(right),
        BinaryOperator::Multiply => left.wrapping_mul(right),
        BinaryOperator::FloorDivide => {
            let quotient = left.wrapping_div(right);
            let inexact = left.wrapping_rem(right) != 0;
            if inexact && (left < 0) != (right < 0) { quotient - 1 } else { quotient }
        }
        BinaryOperator::Modulo => {
            let remainder = left.wrapping_rem(right);
            if remainder != 0 && (remainder < 0) != (right < 0) { remainder + right } else { remainder }
        }
        _ => return None,
    };
    Some(Constant::Integer(value))
}

fn float_arithmetic(operator: BinaryOperator, left: f64, right: f64) -> Option<Constant> {
    let value = match operator {
        BinaryOperator::Add => left + right,
        BinaryOperator::Subtract => left - right,
        BinaryOperator::Multiply => left * right,
        BinaryOperator::FloorDivide => (left / right).floor(),
        BinaryOperator::Modulo => {
            let remainder = left % right;
            if remainder != 0.0 && (remainder < 0.0) != (right < 0.0) { remainder + right } else { remainder }
        }
        _ => return None,
    };
    foldable(value)
}

/// Neither NaN nor a zero is folded: constants are compared by value, and zeros have signs.
fn foldable(value: f64) -> Option<Constant> {
    (!value.is_nan() && value != 0.0).then_some(Constant::Float(value))
}

fn float(constant: Constant) -> Option<f64> {
    match constant {
        Constant::Integer(value) => Some(value as f64),
        Constant::Float(value) => Some(value),
        Constant::Nil | Constant::Boolean(_) | Constant::String(_) => None,
    }
}

/// A number as an integer, if it is one exactly.
fn integer(constant: Constant) -> Option<i64> {
    match constant {
        Constant::Integer(value) => Some(value),
        Constant::Float(value) => {
            // -2^63 is a float exactly, 2^63 is the first one past the integers.
            let in_range = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
            (in_range && value.fract() == 0.0).then_some(value as i64)
        }
        Constant::Nil | Constant::Boolean(_) | Constant::String(_) => None,
    }
}

/// A logical shift to the left, to the right for a negative distance.
fn shift_left(value: i64, distance: i64) -> i64 {
    let bits = value.cast_unsigned();
    let shifted = match distance {
        0..64 => bits << distance,
        -63..0 => bits >> -distance,
        _ => 0,
    };
    shifted.cast_signed()
}

/// `base ^ exponent` where the result is exact, so that no mathematical library has a say in it.
fn exact_power(base: f64, exponent: f64) -> Option<f64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if base.fract() != 0.0 || exponent.fract() != 0.0 || !(0.0..=1023.0).contains(&exponent) {
        return None;
    }
    let (mut power, is_two) = (1.0, base == 2.0);
    for _ in 0..exponent as u32 {
        power *= base;
        if !is_two && power.abs() > EXACT_MAX {
            return None;
        }
    }
    Some(power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Constant::{Float, Integer};

    #[test]
    fn folds_as_the_machine_would_compute() {
        use BinaryOperator::*;
        let check = |operator, left, right, expect: Option<Constant>| {
            assert_eq!(fold_binary(operator, left, right), expect, "{left:?} {operator:?} {right:?}");
        };
        check(FloorDivide, Integer(-7), Integer(2), Some(Integer(-4)));
        check(FloorDivide, Integer(i64::MIN), Integer(-1), Some(Integer(i64::MIN)));
        check(FloorDivide, Integer(7), Float(-2.0), Some(Float(-4.0)));
        check(Modulo, Integer(-7), Integer(3), Some(Integer(2)));
        check(Modulo, Integer(7), Integer(-3), Some(Integer(-2)));
        check(Modulo, Float(-6.5), Float(4.0), Some(Float(1.5)));
        check(Modulo, Float(5.5), Float(f64::INFINITY), Some(Float(5.5)));
        check(Modulo, Float(-5.5), Float(f64::INFINITY), Some(Float(f64::INFINITY)));
        check(Divide, Integer(1), Integer(0), None);
        check(Modulo, Integer(1), Float(-0.0), None);
        check(Subtract, Float(1.0), Integer(1), None);
        check(ShiftLeft, Integer(1), Integer(64), Some(Integer(0)));
        check(ShiftRight, Integer(-1), Integer(63), Some(Integer(1)));
        check(ShiftRight, Integer(1), Integer(i64::MIN), None);
        check(ShiftLeft, Integer(-1), Integer(-63), Some(Integer(1)));
        check(BitOr, Float(3.0), Integer(4), Some(Integer(7)));
        check(BitOr, Float(3.5), Integer(4), None);
        check(Power, Integer(2), Integer(1023), Some(Float(f64::powi(2.0, 1023))));
        check(Power, Integer(10), Integer(15), Some(Float(1e15)));
        check(Power, Integer(10), Integer(300), None);
        check(Less, Integer(1), Integer(2), None);
    }

    #[test]
    fn negative_zero_stays_for_run_time() {
        assert_eq!(fold_unary(UnaryOperator::Negate, Float(0.0)), None);
        assert_eq!(fold_unary(UnaryOperator::Negate, Integer(i64::MIN)), Some(Integer(i64::MIN)));
        assert_eq!(fold_unary(UnaryOperator::Not, Integer(0)), Some(Constant::Boolean(false)));
        assert_eq!(fold_unary(UnaryOperator::Length, Integer(0)), None);
    }
}
