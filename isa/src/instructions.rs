//! The table of instructions: the specification of the bytecode. Encoder, decoder, printer, parser, verifier facts, builder
//! methods and `REFERENCE.md` follow from it.
//!
//! A row reads: variant, name in the text form and builder, number, operands with their roles, effects. Effects: `trap` (may
//! raise an error), `call` (may run other code), `allocate`, `end` (ends a block), `leaves_open` and `takes_open` (an open
//! list of `any` values handed to the very next instruction), `bulk` (may do much, and then costs more than 1 unit of fuel).
//!
//! Facts for those who translate and run it stand last, see [`Facts`](crate::facts::Facts): its class (`operation`, `load`, `store`),
//! what it is to others (`same_as`, `compares`, `swapped`, `negated`), and of instructions over `any` the `metamethod`, what the frame
//! `waits` for while other code runs, the `numbers` it makes, whether its result may be `placed` anywhere and whether it `gathers` operands.
//! A row that version 1 of the binary form does not have says which `feature` programs have that use it.

/// Hands the whole table to a macro: `callback! { rows }`.
#[macro_export]
macro_rules! for_each_instruction {
    ($callback:path) => { $callback! {
    // Moving values.
    /// `dst = src`.
    Copy copy 0x0000 { dst: Out<Same>, src: In<Same> } [] { placed };
    /// `dst = cond != 0 ? if_true : if_false`.
    Select select 0x0001 { dst: Out<Same>, cond: In<I32>, if_true: In<Same>, if_false: In<Same> } [];
    /// `dst = global`.
    GlobalGet global_get 0x0002 { dst: Out<GlobalType>, global: Global } [];
    /// `global = src`; the global is mutable.
    GlobalSet global_set 0x0003 { global: Global, src: In<GlobalType> } [];
    /// `dst = null` of a record or array layout.
    RefNull ref_null 0x0004 { dst: Out<RefType>, layout: Layout } [];
    /// `dst = function` as an `any` value; the function captures nothing.
    RefFunc ref_func 0x0005 { dst: Out<Any>, function: Func } [allocate];

    // Untagged 32-bit integers (WebAssembly core specification, integer operations).
    /// `dst = lhs + rhs`, modulo 2^32.
    I32Add i32_add 0x0020 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32Add };
    /// `dst = lhs - rhs`, modulo 2^32.
    I32Sub i32_sub 0x0021 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation };
    /// `dst = lhs * rhs`, modulo 2^32.
    I32Mul i32_mul 0x0022 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32Mul };
    /// `dst = lhs / rhs`, signed, rounded to zero; traps on zero and on overflow.
    I32DivS i32_div_s 0x0023 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [trap] { operation };
    /// `dst = lhs / rhs`, unsigned; traps on zero.
    I32DivU i32_div_u 0x0024 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [trap] { operation };
    /// `dst = lhs - rhs * (lhs / rhs)`, signed; traps on zero.
    I32RemS i32_rem_s 0x0025 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [trap] { operation };
    /// `dst = lhs mod rhs`, unsigned; traps on zero.
    I32RemU i32_rem_u 0x0026 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [trap] { operation };
    /// `dst = lhs & rhs`.
    I32And i32_and 0x0027 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32And };
    /// `dst = lhs | rhs`.
    I32Or i32_or 0x0028 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32Or };
    /// `dst = lhs ^ rhs`.
    I32Xor i32_xor 0x0029 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32Xor };
    /// `dst = lhs << (rhs mod 32)`.
    I32Shl i32_shl 0x002a { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation };
    /// `dst = lhs >> (rhs mod 32)`, sign copied in.
    I32ShrS i32_shr_s 0x002b { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation };
    /// `dst = lhs >> (rhs mod 32)`, zeros shifted in.
    I32ShrU i32_shr_u 0x002c { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation };
    /// `dst = lhs` rotated left by `rhs mod 32`.
    I32Rotl i32_rotl 0x002d { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation };
    /// `dst = lhs` rotated right by `rhs mod 32`.
    I32Rotr i32_rotr 0x002e { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation };
    /// `dst` = number of leading zero bits of `src`.
    I32Clz i32_clz 0x002f { dst: Out<I32>, src: In<I32> } [] { operation };
    /// `dst` = number of trailing zero bits of `src`.
    I32Ctz i32_ctz 0x0030 { dst: Out<I32>, src: In<I32> } [] { operation };
    /// `dst` = number of one bits of `src`.
    I32Popcnt i32_popcnt 0x0031 { dst: Out<I32>, src: In<I32> } [] { operation };
    /// `dst` = low 8 bits of `src`, sign-extended.
    I32Extend8S i32_extend8_s 0x0032 { dst: Out<I32>, src: In<I32> } [] { operation };
    /// `dst` = low 16 bits of `src`, sign-extended.
    I32Extend16S i32_extend16_s 0x0033 { dst: Out<I32>, src: In<I32> } [] { operation };
    /// `dst = src == 0`.
    I32Eqz i32_eqz 0x0034 { dst: Out<I32>, src: In<I32> } [] { operation };
    /// `dst = lhs == rhs`.
    I32Eq i32_eq 0x0035 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32Eq, negated I32Ne };
    /// `dst = lhs != rhs`.
    I32Ne i32_ne 0x0036 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32Ne, negated I32Eq };
    /// `dst = lhs < rhs`, signed.
    I32LtS i32_lt_s 0x0037 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32GtS, negated I32GeS };
    /// `dst = lhs < rhs`, unsigned.
    I32LtU i32_lt_u 0x0038 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32GtU, negated I32GeU };
    /// `dst = lhs > rhs`, signed.
    I32GtS i32_gt_s 0x0039 { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32LtS, negated I32LeS };
    /// `dst = lhs > rhs`, unsigned.
    I32GtU i32_gt_u 0x003a { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32LtU, negated I32LeU };
    /// `dst = lhs <= rhs`, signed.
    I32LeS i32_le_s 0x003b { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32GeS, negated I32GtS };
    /// `dst = lhs <= rhs`, unsigned.
    I32LeU i32_le_u 0x003c { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32GeU, negated I32GtU };
    /// `dst = lhs >= rhs`, signed.
    I32GeS i32_ge_s 0x003d { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32LeS, negated I32LtS };
    /// `dst = lhs >= rhs`, unsigned.
    I32GeU i32_ge_u 0x003e { dst: Out<I32>, lhs: In<I32>, rhs: In<I32> } [] { operation, swapped I32LeU, negated I32LtU };

    // Untagged 64-bit integers (WebAssembly core specification, integer operations).
    /// `dst = lhs + rhs`, modulo 2^64.
    I64Add i64_add 0x0060 { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64Add };
    /// `dst = lhs - rhs`, modulo 2^64.
    I64Sub i64_sub 0x0061 { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation };
    /// `dst = lhs * rhs`, modulo 2^64.
    I64Mul i64_mul 0x0062 { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64Mul };
    /// `dst = lhs / rhs`, signed, rounded to zero; traps on zero and on overflow.
    I64DivS i64_div_s 0x0063 { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [trap] { operation };
    /// `dst = lhs / rhs`, unsigned; traps on zero.
    I64DivU i64_div_u 0x0064 { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [trap] { operation };
    /// `dst = lhs - rhs * (lhs / rhs)`, signed; traps on zero.
    I64RemS i64_rem_s 0x0065 { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [trap] { operation };
    /// `dst = lhs mod rhs`, unsigned; traps on zero.
    I64RemU i64_rem_u 0x0066 { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [trap] { operation };
    /// `dst = lhs & rhs`.
    I64And i64_and 0x0067 { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64And };
    /// `dst = lhs | rhs`.
    I64Or i64_or 0x0068 { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64Or };
    /// `dst = lhs ^ rhs`.
    I64Xor i64_xor 0x0069 { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64Xor };
    /// `dst = lhs << (rhs mod 64)`.
    I64Shl i64_shl 0x006a { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation };
    /// `dst = lhs >> (rhs mod 64)`, sign copied in.
    I64ShrS i64_shr_s 0x006b { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation };
    /// `dst = lhs >> (rhs mod 64)`, zeros shifted in.
    I64ShrU i64_shr_u 0x006c { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation };
    /// `dst = lhs` rotated left by `rhs mod 64`.
    I64Rotl i64_rotl 0x006d { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation };
    /// `dst = lhs` rotated right by `rhs mod 64`.
    I64Rotr i64_rotr 0x006e { dst: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation };
    /// `dst` = number of leading zero bits of `src`.
    I64Clz i64_clz 0x006f { dst: Out<I64>, src: In<I64> } [] { operation };
    /// `dst` = number of trailing zero bits of `src`.
    I64Ctz i64_ctz 0x0070 { dst: Out<I64>, src: In<I64> } [] { operation };
    /// `dst` = number of one bits of `src`.
    I64Popcnt i64_popcnt 0x0071 { dst: Out<I64>, src: In<I64> } [] { operation };
    /// `dst` = low 8 bits of `src`, sign-extended.
    I64Extend8S i64_extend8_s 0x0072 { dst: Out<I64>, src: In<I64> } [] { operation };
    /// `dst` = low 16 bits of `src`, sign-extended.
    I64Extend16S i64_extend16_s 0x0073 { dst: Out<I64>, src: In<I64> } [] { operation };
    /// `dst` = low 32 bits of `src`, sign-extended.
    I64Extend32S i64_extend32_s 0x0074 { dst: Out<I64>, src: In<I64> } [] { operation };
    /// `dst = src == 0`.
    I64Eqz i64_eqz 0x0075 { dst: Out<I32>, src: In<I64> } [] { operation };
    /// `dst = lhs == rhs`.
    I64Eq i64_eq 0x0076 { dst: Out<I32>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64Eq, negated I64Ne };
    /// `dst = lhs != rhs`.
    I64Ne i64_ne 0x0077 { dst: Out<I32>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64Ne, negated I64Eq };
    /// `dst = lhs < rhs`, signed.
    I64LtS i64_lt_s 0x0078 { dst: Out<I32>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64GtS, negated I64GeS };
    /// `dst = lhs < rhs`, unsigned.
    I64LtU i64_lt_u 0x0079 { dst: Out<I32>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64GtU, negated I64GeU };
    /// `dst = lhs > rhs`, signed.
    I64GtS i64_gt_s 0x007a { dst: Out<I32>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64LtS, negated I64LeS };
    /// `dst = lhs > rhs`, unsigned.
    I64GtU i64_gt_u 0x007b { dst: Out<I32>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64LtU, negated I64LeU };
    /// `dst = lhs <= rhs`, signed.
    I64LeS i64_le_s 0x007c { dst: Out<I32>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64GeS, negated I64GtS };
    /// `dst = lhs <= rhs`, unsigned.
    I64LeU i64_le_u 0x007d { dst: Out<I32>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64GeU, negated I64GtU };
    /// `dst = lhs >= rhs`, signed.
    I64GeS i64_ge_s 0x007e { dst: Out<I32>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64LeS, negated I64LtS };
    /// `dst = lhs >= rhs`, unsigned.
    I64GeU i64_ge_u 0x007f { dst: Out<I32>, lhs: In<I64>, rhs: In<I64> } [] { operation, swapped I64LeU, negated I64LtU };

    // 128-bit integers in two halves.
    /// `low, high` = `lhs * rhs`, signed, 128 bits.
    I64MulWideS i64_mul_wide_s 0x0080 { low: Out<I64>, high: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation };
    /// `low, high` = `lhs * rhs`, unsigned, 128 bits.
    I64MulWideU i64_mul_wide_u 0x0081 { low: Out<I64>, high: Out<I64>, lhs: In<I64>, rhs: In<I64> } [] { operation };
    /// `low, high` = the sum of both, modulo 2^128.
    I64Add128 i64_add128 0x0082 { low: Out<I64>, high: Out<I64>, lhs_low: In<I64>, lhs_high: In<I64>, rhs_low: In<I64>, rhs_high: In<I64> } [] { operation };
    /// `low, high` = the difference of both, modulo 2^128.
    I64Sub128 i64_sub128 0x0083 { low: Out<I64>, high: Out<I64>, lhs_low: In<I64>, lhs_high: In<I64>, rhs_low: In<I64>, rhs_high: In<I64> } [] { operation };

    // Untagged IEEE 754 32-bit floats (WebAssembly core specification, floating-point operations).
    /// `dst = lhs + rhs`.
    F32Add f32_add 0x00a0 { dst: Out<F32>, lhs: In<F32>, rhs: In<F32> } [] { operation, exchanges_constants };
    /// `dst = lhs - rhs`.
    F32Sub f32_sub 0x00a1 { dst: Out<F32>, lhs: In<F32>, rhs: In<F32> } [] { operation };
    /// `dst = lhs * rhs`.
    F32Mul f32_mul 0x00a2 { dst: Out<F32>, lhs: In<F32>, rhs: In<F32> } [] { operation, exchanges_constants };
    /// `dst = lhs / rhs`.
    F32Div f32_div 0x00a3 { dst: Out<F32>, lhs: In<F32>, rhs: In<F32> } [] { operation };
    /// `dst` = the lesser; NaN if one is NaN; -0 < +0.
    F32Min f32_min 0x00a4 { dst: Out<F32>, lhs: In<F32>, rhs: In<F32> } [] { operation };
    /// `dst` = the greater; NaN if one is NaN; -0 < +0.
    F32Max f32_max 0x00a5 { dst: Out<F32>, lhs: In<F32>, rhs: In<F32> } [] { operation };
    /// `dst` = `lhs` with the sign of `rhs`.
    F32Copysign f32_copysign 0x00a6 { dst: Out<F32>, lhs: In<F32>, rhs: In<F32> } [] { operation };
    /// `dst` = `src` without its sign.
    F32Abs f32_abs 0x00a7 { dst: Out<F32>, src: In<F32> } [] { operation };
    /// `dst = -src`.
    F32Neg f32_neg 0x00a8 { dst: Out<F32>, src: In<F32> } [] { operation };
    /// `dst` = `src` rounded up.
    F32Ceil f32_ceil 0x00a9 { dst: Out<F32>, src: In<F32> } [] { operation };
    /// `dst` = `src` rounded down.
    F32Floor f32_floor 0x00aa { dst: Out<F32>, src: In<F32> } [] { operation };
    /// `dst` = `src` rounded to zero.
    F32Trunc f32_trunc 0x00ab { dst: Out<F32>, src: In<F32> } [] { operation };
    /// `dst` = `src` rounded to nearest, ties to even.
    F32Nearest f32_nearest 0x00ac { dst: Out<F32>, src: In<F32> } [] { operation };
    /// `dst` = square root of `src`.
    F32Sqrt f32_sqrt 0x00ad { dst: Out<F32>, src: In<F32> } [] { operation };
    /// `dst = lhs == rhs`; false with NaN.
    F32Eq f32_eq 0x00ae { dst: Out<I32>, lhs: In<F32>, rhs: In<F32> } [] { operation, swapped F32Eq };
    /// `dst = lhs != rhs`; true with NaN.
    F32Ne f32_ne 0x00af { dst: Out<I32>, lhs: In<F32>, rhs: In<F32> } [] { operation, swapped F32Ne };
    /// `dst = lhs < rhs`; false with NaN.
    F32Lt f32_lt 0x00b0 { dst: Out<I32>, lhs: In<F32>, rhs: In<F32> } [] { operation, swapped F32Gt };
    /// `dst = lhs > rhs`; false with NaN.
    F32Gt f32_gt 0x00b1 { dst: Out<I32>, lhs: In<F32>, rhs: In<F32> } [] { operation, swapped F32Lt };
    /// `dst = lhs <= rhs`; false with NaN.
    F32Le f32_le 0x00b2 { dst: Out<I32>, lhs: In<F32>, rhs: In<F32> } [] { operation, swapped F32Ge };
    /// `dst = lhs >= rhs`; false with NaN.
    F32Ge f32_ge 0x00b3 { dst: Out<I32>, lhs: In<F32>, rhs: In<F32> } [] { operation, swapped F32Le };

    // Untagged IEEE 754 64-bit floats (WebAssembly core specification, floating-point operations).
    /// `dst = lhs + rhs`.
    F64Add f64_add 0x00c0 { dst: Out<F64>, lhs: In<F64>, rhs: In<F64> } [] { operation, exchanges_constants };
    /// `dst = lhs - rhs`.
    F64Sub f64_sub 0x00c1 { dst: Out<F64>, lhs: In<F64>, rhs: In<F64> } [] { operation };
    /// `dst = lhs * rhs`.
    F64Mul f64_mul 0x00c2 { dst: Out<F64>, lhs: In<F64>, rhs: In<F64> } [] { operation, exchanges_constants };
    /// `dst = lhs / rhs`.
    F64Div f64_div 0x00c3 { dst: Out<F64>, lhs: In<F64>, rhs: In<F64> } [] { operation };
    /// `dst` = the lesser; NaN if one is NaN; -0 < +0.
    F64Min f64_min 0x00c4 { dst: Out<F64>, lhs: In<F64>, rhs: In<F64> } [] { operation };
    /// `dst` = the greater; NaN if one is NaN; -0 < +0.
    F64Max f64_max 0x00c5 { dst: Out<F64>, lhs: In<F64>, rhs: In<F64> } [] { operation };
    /// `dst` = `lhs` with the sign of `rhs`.
    F64Copysign f64_copysign 0x00c6 { dst: Out<F64>, lhs: In<F64>, rhs: In<F64> } [] { operation };
    /// `dst` = `src` without its sign.
    F64Abs f64_abs 0x00c7 { dst: Out<F64>, src: In<F64> } [] { operation };
    /// `dst = -src`.
    F64Neg f64_neg 0x00c8 { dst: Out<F64>, src: In<F64> } [] { operation };
    /// `dst` = `src` rounded up.
    F64Ceil f64_ceil 0x00c9 { dst: Out<F64>, src: In<F64> } [] { operation };
    /// `dst` = `src` rounded down.
    F64Floor f64_floor 0x00ca { dst: Out<F64>, src: In<F64> } [] { operation };
    /// `dst` = `src` rounded to zero.
    F64Trunc f64_trunc 0x00cb { dst: Out<F64>, src: In<F64> } [] { operation };
    /// `dst` = `src` rounded to nearest, ties to even.
    F64Nearest f64_nearest 0x00cc { dst: Out<F64>, src: In<F64> } [] { operation };
    /// `dst` = square root of `src`.
    F64Sqrt f64_sqrt 0x00cd { dst: Out<F64>, src: In<F64> } [] { operation };
    /// `dst = lhs == rhs`; false with NaN.
    F64Eq f64_eq 0x00ce { dst: Out<I32>, lhs: In<F64>, rhs: In<F64> } [] { operation, swapped F64Eq };
    /// `dst = lhs != rhs`; true with NaN.
    F64Ne f64_ne 0x00cf { dst: Out<I32>, lhs: In<F64>, rhs: In<F64> } [] { operation, swapped F64Ne };
    /// `dst = lhs < rhs`; false with NaN.
    F64Lt f64_lt 0x00d0 { dst: Out<I32>, lhs: In<F64>, rhs: In<F64> } [] { operation, swapped F64Gt };
    /// `dst = lhs > rhs`; false with NaN.
    F64Gt f64_gt 0x00d1 { dst: Out<I32>, lhs: In<F64>, rhs: In<F64> } [] { operation, swapped F64Lt };
    /// `dst = lhs <= rhs`; false with NaN.
    F64Le f64_le 0x00d2 { dst: Out<I32>, lhs: In<F64>, rhs: In<F64> } [] { operation, swapped F64Ge };
    /// `dst = lhs >= rhs`; false with NaN.
    F64Ge f64_ge 0x00d3 { dst: Out<I32>, lhs: In<F64>, rhs: In<F64> } [] { operation, swapped F64Le };

    // Conversions between untagged numbers.
    /// `dst` = low 32 bits of `src`.
    I32WrapI64 i32_wrap_i64 0x00e0 { dst: Out<I32>, src: In<I64> } [] { operation };
    /// `dst = src`, sign-extended.
    I64ExtendI32S i64_extend_i32_s 0x00e1 { dst: Out<I64>, src: In<I32> } [] { operation };
    /// `dst = src`, zero-extended.
    I64ExtendI32U i64_extend_i32_u 0x00e2 { dst: Out<I64>, src: In<I32> } [] { operation };
    /// `dst` = `src` rounded to zero, signed; traps on NaN and when out of range.
    I32TruncF32S i32_trunc_f32_s 0x00e3 { dst: Out<I32>, src: In<F32> } [trap] { operation };
    /// `dst` = `src` rounded to zero, unsigned; traps on NaN and when out of range.
    I32TruncF32U i32_trunc_f32_u 0x00e4 { dst: Out<I32>, src: In<F32> } [trap] { operation };
    /// `dst` = `src` rounded to zero, signed; traps on NaN and when out of range.
    I32TruncF64S i32_trunc_f64_s 0x00e5 { dst: Out<I32>, src: In<F64> } [trap] { operation };
    /// `dst` = `src` rounded to zero, unsigned; traps on NaN and when out of range.
    I32TruncF64U i32_trunc_f64_u 0x00e6 { dst: Out<I32>, src: In<F64> } [trap] { operation };
    /// `dst` = `src` rounded to zero, signed; traps on NaN and when out of range.
    I64TruncF32S i64_trunc_f32_s 0x00e7 { dst: Out<I64>, src: In<F32> } [trap] { operation };
    /// `dst` = `src` rounded to zero, unsigned; traps on NaN and when out of range.
    I64TruncF32U i64_trunc_f32_u 0x00e8 { dst: Out<I64>, src: In<F32> } [trap] { operation };
    /// `dst` = `src` rounded to zero, signed; traps on NaN and when out of range.
    I64TruncF64S i64_trunc_f64_s 0x00e9 { dst: Out<I64>, src: In<F64> } [trap] { operation };
    /// `dst` = `src` rounded to zero, unsigned; traps on NaN and when out of range.
    I64TruncF64U i64_trunc_f64_u 0x00ea { dst: Out<I64>, src: In<F64> } [trap] { operation };
    /// `dst` = `src` rounded to zero, signed; saturates, NaN gives 0.
    I32TruncSatF32S i32_trunc_sat_f32_s 0x00eb { dst: Out<I32>, src: In<F32> } [] { operation };
    /// `dst` = `src` rounded to zero, unsigned; saturates, NaN gives 0.
    I32TruncSatF32U i32_trunc_sat_f32_u 0x00ec { dst: Out<I32>, src: In<F32> } [] { operation };
    /// `dst` = `src` rounded to zero, signed; saturates, NaN gives 0.
    I32TruncSatF64S i32_trunc_sat_f64_s 0x00ed { dst: Out<I32>, src: In<F64> } [] { operation };
    /// `dst` = `src` rounded to zero, unsigned; saturates, NaN gives 0.
    I32TruncSatF64U i32_trunc_sat_f64_u 0x00ee { dst: Out<I32>, src: In<F64> } [] { operation };
    /// `dst` = `src` rounded to zero, signed; saturates, NaN gives 0.
    I64TruncSatF32S i64_trunc_sat_f32_s 0x00ef { dst: Out<I64>, src: In<F32> } [] { operation };
    /// `dst` = `src` rounded to zero, unsigned; saturates, NaN gives 0.
    I64TruncSatF32U i64_trunc_sat_f32_u 0x00f0 { dst: Out<I64>, src: In<F32> } [] { operation };
    /// `dst` = `src` rounded to zero, signed; saturates, NaN gives 0.
    I64TruncSatF64S i64_trunc_sat_f64_s 0x00f1 { dst: Out<I64>, src: In<F64> } [] { operation };
    /// `dst` = `src` rounded to zero, unsigned; saturates, NaN gives 0.
    I64TruncSatF64U i64_trunc_sat_f64_u 0x00f2 { dst: Out<I64>, src: In<F64> } [] { operation };
    /// `dst = src`, signed, rounded to nearest.
    F32ConvertI32S f32_convert_i32_s 0x00f3 { dst: Out<F32>, src: In<I32> } [] { operation };
    /// `dst = src`, unsigned, rounded to nearest.
    F32ConvertI32U f32_convert_i32_u 0x00f4 { dst: Out<F32>, src: In<I32> } [] { operation };
    /// `dst = src`, signed, rounded to nearest.
    F32ConvertI64S f32_convert_i64_s 0x00f5 { dst: Out<F32>, src: In<I64> } [] { operation };
    /// `dst = src`, unsigned, rounded to nearest.
    F32ConvertI64U f32_convert_i64_u 0x00f6 { dst: Out<F32>, src: In<I64> } [] { operation };
    /// `dst = src`, signed, rounded to nearest.
    F64ConvertI32S f64_convert_i32_s 0x00f7 { dst: Out<F64>, src: In<I32> } [] { operation };
    /// `dst = src`, unsigned, rounded to nearest.
    F64ConvertI32U f64_convert_i32_u 0x00f8 { dst: Out<F64>, src: In<I32> } [] { operation };
    /// `dst = src`, signed, rounded to nearest.
    F64ConvertI64S f64_convert_i64_s 0x00f9 { dst: Out<F64>, src: In<I64> } [] { operation };
    /// `dst = src`, unsigned, rounded to nearest.
    F64ConvertI64U f64_convert_i64_u 0x00fa { dst: Out<F64>, src: In<I64> } [] { operation };
    /// `dst = src`, rounded to nearest.
    F32DemoteF64 f32_demote_f64 0x00fb { dst: Out<F32>, src: In<F64> } [] { operation };
    /// `dst = src`.
    F64PromoteF32 f64_promote_f32 0x00fc { dst: Out<F64>, src: In<F32> } [] { operation };
    /// `dst` = the bits of `src`.
    I32ReinterpretF32 i32_reinterpret_f32 0x00fd { dst: Out<I32>, src: In<F32> } [] { operation };
    /// `dst` = the bits of `src`.
    I64ReinterpretF64 i64_reinterpret_f64 0x00fe { dst: Out<I64>, src: In<F64> } [] { operation };
    /// `dst` = the bits of `src`.
    F32ReinterpretI32 f32_reinterpret_i32 0x00ff { dst: Out<F32>, src: In<I32> } [] { operation };
    /// `dst` = the bits of `src`.
    F64ReinterpretI64 f64_reinterpret_i64 0x0100 { dst: Out<F64>, src: In<I64> } [] { operation };

    // Linear memory. Every access traps when `address + offset` and the bytes after it are not inside.
    /// `dst = memory[address + offset]`, 4 bytes, little-endian.
    I32Load i32_load 0x0110 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst = memory[address + offset]`, 8 bytes, little-endian.
    I64Load i64_load 0x0111 { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst = memory[address + offset]`, 4 bytes, little-endian.
    F32Load f32_load 0x0112 { dst: Out<F32>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst = memory[address + offset]`, 8 bytes, little-endian.
    F64Load f64_load 0x0113 { dst: Out<F64>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst = memory[address + offset]`, 16 bytes, little-endian.
    V128Load v128_load 0x0114 { dst: Out<V128>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst` = 1 byte at `memory[address + offset]`, sign-extended.
    I32Load8S i32_load8_s 0x0115 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst` = 1 byte at `memory[address + offset]`, zero-extended.
    I32Load8U i32_load8_u 0x0116 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst` = 2 bytes at `memory[address + offset]`, sign-extended.
    I32Load16S i32_load16_s 0x0117 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst` = 2 bytes at `memory[address + offset]`, zero-extended.
    I32Load16U i32_load16_u 0x0118 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst` = 1 byte at `memory[address + offset]`, sign-extended.
    I64Load8S i64_load8_s 0x0119 { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst` = 1 byte at `memory[address + offset]`, zero-extended.
    I64Load8U i64_load8_u 0x011a { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst` = 2 bytes at `memory[address + offset]`, sign-extended.
    I64Load16S i64_load16_s 0x011b { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst` = 2 bytes at `memory[address + offset]`, zero-extended.
    I64Load16U i64_load16_u 0x011c { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst` = 4 bytes at `memory[address + offset]`, sign-extended.
    I64Load32S i64_load32_s 0x011d { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `dst` = 4 bytes at `memory[address + offset]`, zero-extended.
    I64Load32U i64_load32_u 0x011e { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset } [trap] { load };
    /// `memory[address + offset] = src`, 4 bytes, little-endian.
    I32Store i32_store 0x011f { memory: Memory, address: In<Address>, offset: Offset, src: In<I32> } [trap] { store };
    /// `memory[address + offset] = src`, 8 bytes, little-endian.
    I64Store i64_store 0x0120 { memory: Memory, address: In<Address>, offset: Offset, src: In<I64> } [trap] { store };
    /// `memory[address + offset] = src`, 4 bytes, little-endian.
    F32Store f32_store 0x0121 { memory: Memory, address: In<Address>, offset: Offset, src: In<F32> } [trap] { store };
    /// `memory[address + offset] = src`, 8 bytes, little-endian.
    F64Store f64_store 0x0122 { memory: Memory, address: In<Address>, offset: Offset, src: In<F64> } [trap] { store };
    /// `memory[address + offset] = src`, 16 bytes, little-endian.
    V128Store v128_store 0x0123 { memory: Memory, address: In<Address>, offset: Offset, src: In<V128> } [trap] { store };
    /// `memory[address + offset]` = low 8 bits of `src`.
    I32Store8 i32_store8 0x0124 { memory: Memory, address: In<Address>, offset: Offset, src: In<I32> } [trap] { store };
    /// `memory[address + offset]` = low 16 bits of `src`.
    I32Store16 i32_store16 0x0125 { memory: Memory, address: In<Address>, offset: Offset, src: In<I32> } [trap] { store };
    /// `memory[address + offset]` = low 8 bits of `src`.
    I64Store8 i64_store8 0x0126 { memory: Memory, address: In<Address>, offset: Offset, src: In<I64> } [trap] { store };
    /// `memory[address + offset]` = low 16 bits of `src`.
    I64Store16 i64_store16 0x0127 { memory: Memory, address: In<Address>, offset: Offset, src: In<I64> } [trap] { store };
    /// `memory[address + offset]` = low 32 bits of `src`.
    I64Store32 i64_store32 0x0128 { memory: Memory, address: In<Address>, offset: Offset, src: In<I64> } [trap] { store };
    /// `dst` = size of the memory in its pages, which have 64 KiB or one byte.
    MemorySize memory_size 0x0129 { dst: Out<Address>, memory: Memory } [];
    /// Grows the memory by `pages`; `dst` = its size before, or -1 when it may not grow so far.
    MemoryGrow memory_grow 0x012a { dst: Out<Address>, memory: Memory, pages: In<Address> } [allocate];
    /// `memory[address .. address + length] = value mod 256`.
    MemoryFill memory_fill 0x012b { memory: Memory, address: In<Address>, value: In<I32>, length: In<Address> } [trap bulk];
    /// Copies `length` bytes from `source` of `source_memory` to `address` of `memory`; they may overlap.
    MemoryCopy memory_copy 0x012c { memory: Memory, source_memory: Memory, address: In<Special>, source: In<Special>, length: In<Special> } [trap bulk];
    /// Copies `length` bytes from `source` of a data segment to `address`.
    MemoryInit memory_init 0x012d { memory: Memory, data: Data, address: In<Address>, source: In<I32>, length: In<I32> } [trap bulk];
    /// Empties a data segment.
    DataDrop data_drop 0x012e { data: Data } [];
    /// Traps unless a data segment has `length` times `size` bytes from `source` on.
    DataCheck data_check 0x012f { data: Data, source: In<I32>, length: In<I32>, size: Number } [trap];

    // Atomic accesses of linear memory: nothing happens between their parts, wherever a run stops. Each works on the number at
    // `memory[address + offset]`, little-endian, and traps when the sum is not a multiple of its size, then when it is not inside.
    /// Traps when `address + offset` is not a multiple of `2^(size mod 4)`. A load or store after it is atomic.
    AddressAlign address_align 0x0130 { memory: Memory, address: In<Address>, offset: Offset, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 3)` bytes, zero-extended; it becomes `dst + src`.
    I32AtomicAdd i32_atomic_add 0x0131 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset, src: In<I32>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 3)` bytes, zero-extended; it becomes `dst - src`.
    I32AtomicSub i32_atomic_sub 0x0132 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset, src: In<I32>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 3)` bytes, zero-extended; it becomes `dst & src`.
    I32AtomicAnd i32_atomic_and 0x0133 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset, src: In<I32>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 3)` bytes, zero-extended; it becomes `dst | src`.
    I32AtomicOr i32_atomic_or 0x0134 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset, src: In<I32>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 3)` bytes, zero-extended; it becomes `dst ^ src`.
    I32AtomicXor i32_atomic_xor 0x0135 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset, src: In<I32>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 3)` bytes, zero-extended; it becomes `src`.
    I32AtomicExchange i32_atomic_exchange 0x0136 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset, src: In<I32>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 3)` bytes, zero-extended; it becomes `src` if `dst == expected`.
    I32AtomicCompareExchange i32_atomic_compare_exchange 0x0137 { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset, expected: In<I32>, src: In<I32>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 4)` bytes, zero-extended; it becomes `dst + src`.
    I64AtomicAdd i64_atomic_add 0x0138 { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset, src: In<I64>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 4)` bytes, zero-extended; it becomes `dst - src`.
    I64AtomicSub i64_atomic_sub 0x0139 { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset, src: In<I64>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 4)` bytes, zero-extended; it becomes `dst & src`.
    I64AtomicAnd i64_atomic_and 0x013a { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset, src: In<I64>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 4)` bytes, zero-extended; it becomes `dst | src`.
    I64AtomicOr i64_atomic_or 0x013b { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset, src: In<I64>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 4)` bytes, zero-extended; it becomes `dst ^ src`.
    I64AtomicXor i64_atomic_xor 0x013c { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset, src: In<I64>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 4)` bytes, zero-extended; it becomes `src`.
    I64AtomicExchange i64_atomic_exchange 0x013d { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset, src: In<I64>, size: Number } [trap];
    /// `dst` = the number of `2^(size mod 4)` bytes, zero-extended; it becomes `src` if `dst == expected`.
    I64AtomicCompareExchange i64_atomic_compare_exchange 0x013e { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset, expected: In<I64>, src: In<I64>, size: Number } [trap];
    /// Ends at most `count` (unsigned) waits on 4 bytes at the address, the oldest first; `dst` = how many.
    MemoryNotify memory_notify 0x013f { dst: Out<I32>, memory: Memory, address: In<Address>, offset: Offset, count: In<I32> } [trap];
    /// Begins a wait on the address if there are the 4 bytes of `expected`: `dst` = its number, for `minivm.memory.wait`; else -1. Traps
    /// when the memory is not shared.
    MemoryWaitI32 memory_wait_i32 0x0140 { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset, expected: In<I32> } [trap];
    /// As `memory_wait_i32`, with 8 bytes.
    MemoryWaitI64 memory_wait_i64 0x0141 { dst: Out<I64>, memory: Memory, address: In<Address>, offset: Offset, expected: In<I64> } [trap];

    // Tables of `any` values. Every access traps when it is not inside.
    /// `dst = table[index]`.
    TableGet table_get 0x0150 { dst: Out<Any>, table: Table, index: In<Address> } [trap];
    /// `table[index] = src`; traps when the table may not hold `src`.
    TableSet table_set 0x0151 { table: Table, index: In<Address>, src: In<Any> } [trap];
    /// `dst` = number of elements.
    TableSize table_size 0x0152 { dst: Out<Address>, table: Table } [];
    /// Grows the table by `count` elements of `src`; `dst` = its size before, or -1 when it may not grow so far.
    TableGrow table_grow 0x0153 { dst: Out<Address>, table: Table, src: In<Any>, count: In<Address> } [allocate trap bulk];
    /// `table[index .. index + length] = src`.
    TableFill table_fill 0x0154 { table: Table, index: In<Address>, src: In<Any>, length: In<Address> } [trap bulk];
    /// Copies `length` elements from `source` of `source_table` to `index` of `table`; they may overlap.
    TableCopy table_copy 0x0155 { table: Table, source_table: Table, index: In<Special>, source: In<Special>, length: In<Special> } [trap bulk];
    /// Copies `length` values from `source` of an element segment to `index`.
    TableInit table_init 0x0156 { table: Table, element: Element, index: In<Address>, source: In<I32>, length: In<I32> } [trap bulk];
    /// Empties an element segment.
    ElementDrop element_drop 0x0157 { element: Element } [];
    /// Traps unless an element segment has `length` values from `source` on.
    ElementCheck element_check 0x0158 { element: Element, source: In<I32>, length: In<I32> } [trap];

    // `any` values: arithmetic of dynamic languages, with metamethods. Integers wrap at 64 bits; an integer and a float give a float.
    /// `dst = lhs + rhs`, or metamethod `__add`.
    Add add 0x0160 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod add, numbers Common, waits Value, placed };
    /// `dst = lhs - rhs`, or metamethod `__sub`.
    Sub sub 0x0161 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod sub, numbers Common, waits Value, placed };
    /// `dst = lhs * rhs`, or metamethod `__mul`.
    Mul mul 0x0162 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod mul, numbers Common, waits Value, placed };
    /// `dst = lhs / rhs` as floats, or metamethod `__div`.
    Div div 0x0163 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod div, numbers Float, waits Value, placed };
    /// `dst = lhs - floor(lhs / rhs) * rhs`, or metamethod `__mod`; an error when both are integers and `rhs` is 0.
    Modulo modulo 0x0164 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod mod, numbers Common, waits Value, placed };
    /// `dst = lhs ^ rhs` as floats, or metamethod `__pow`.
    Pow pow 0x0165 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod pow, numbers Float, waits Value, placed };
    /// `dst = floor(lhs / rhs)`, or metamethod `__idiv`; an error when both are integers and `rhs` is 0.
    FloorDiv floor_div 0x0166 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod idiv, numbers Common, waits Value, placed };
    /// `dst = lhs & rhs` of integers (floats with an integer value are converted), or metamethod `__band`.
    BitAnd bit_and 0x0167 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod band, numbers Integer, waits Value, placed };
    /// `dst = lhs | rhs` of integers (floats with an integer value are converted), or metamethod `__bor`.
    BitOr bit_or 0x0168 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod bor, numbers Integer, waits Value, placed };
    /// `dst = lhs ^ rhs` of integers (floats with an integer value are converted), or metamethod `__bxor`.
    BitXor bit_xor 0x0169 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod bxor, numbers Integer, waits Value, placed };
    /// `dst = lhs << rhs`, zeros shifted in, a negative `rhs` shifts right, or metamethod `__shl`.
    ShiftLeft shift_left 0x016a { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod shl, numbers Integer, waits Value, placed };
    /// `dst = lhs >> rhs`, zeros shifted in, a negative `rhs` shifts left, or metamethod `__shr`.
    ShiftRight shift_right 0x016b { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap allocate] { metamethod shr, numbers Integer, waits Value, placed };
    /// `dst = -src`, or metamethod `__unm`.
    Negate negate 0x016c { dst: Out<Any>, src: In<Any> } [call trap allocate] { metamethod unm, numbers Same, waits Value, placed };
    /// `dst = ~src`, or metamethod `__bnot`.
    BitNot bit_not 0x016d { dst: Out<Any>, src: In<Any> } [call trap allocate] { metamethod bnot, waits Value, placed };
    /// `dst` = length of a string, metamethod `__len`, or a border of a table.
    Length length 0x016e { dst: Out<Any>, src: In<Any> } [call trap allocate] { metamethod len, waits Value, placed };
    /// `dst` = true when `src` is nil or false, else false.
    Not not 0x016f { dst: Out<Any>, src: In<Any> } [] { placed };
    /// `dst` = the strings and numbers joined from right to left, or metamethod `__concat`; at least two values.
    Concat concat 0x0170 { dst: Out<Any>, values: Ins<Any> } [call trap allocate bulk] { metamethod concat, waits Pieces, placed };
    /// `dst` = true when `lhs == rhs`, else false; or metamethod `__eq`.
    Equal equal 0x0171 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap bulk] { metamethod eq, waits Truth, placed };
    /// `dst` = true when `lhs < rhs`, else false; or metamethod `__lt`.
    Less less 0x0172 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap bulk] { metamethod lt, waits Truth, placed };
    /// `dst` = true when `lhs <= rhs`, else false; or metamethod `__le`.
    LessEqual less_equal 0x0173 { dst: Out<Any>, lhs: In<Any>, rhs: In<Any> } [call trap bulk] { metamethod le, waits Truth, placed };

    // Strings of bytes, without metamethods. Positions count from 0.
    /// `dst` = byte `index` of the string `src`; traps unless there is one.
    StringByte string_byte 0x0174 { dst: Out<I32>, src: In<Any>, index: In<I64> } [trap];
    /// `dst` = the bytes `start .. end` of the string `src`; traps unless `start <= end <=` its length.
    StringSlice string_slice 0x0175 { dst: Out<Any>, src: In<Any>, start: In<I64>, end: In<I64> } [trap allocate bulk];
    /// `dst` = a string of the low 8 bits of each value.
    StringNew string_new 0x0176 { dst: Out<Any>, bytes: Ins<I32> } [trap allocate bulk] { gathers };
    /// `dst` = a string of `length` elements from `index` on of `object`, whose elements are bytes; traps on null and when not inside.
    StringFromArray string_from_array 0x0177 { dst: Out<Any>, layout: Layout, object: In<RefType>, index: In<I32>, length: In<I32> } [trap allocate bulk];

    // Tables with keys, with metamethods.
    /// `dst` = a new table with room for `array` consecutive and `hash` other elements.
    TableNew table_new 0x0180 { dst: Out<Any>, array: Number, hash: Number } [allocate bulk] { placed };
    /// `dst = object[key]`, or metamethod `__index`.
    Get get 0x0181 { dst: Out<Any>, object: In<Any>, key: In<Any> } [call trap bulk] { metamethod index, waits Value, placed };
    /// `object[key] = value`, or metamethod `__newindex`.
    Set set 0x0182 { object: In<Any>, key: In<Any>, value: In<Any> } [call trap allocate bulk] { metamethod newindex, waits Nothing };
    /// `self_value = object`, then `function = object[key]`, or metamethod `__index`; where that fails, `self_value` is written all the same.
    GetMethod get_method 0x0183 { function: Out<Any>, self_value: Out<Any>, object: In<Any>, key: In<Any> } [call trap bulk] { metamethod index, waits Value };
    /// `table[first], table[first + 1], … = values`, without metamethods; `table` is a table.
    Append append 0x0184 { table: In<Any>, first: Number, values: Ins<Any> } [trap allocate bulk] { gathers };
    /// As `append`, with the values of the open list after `values`, which end a list: room behind it is given up.
    AppendOpen append_open 0x0185 { table: In<Any>, first: Number, values: Ins<Any> } [trap allocate takes_open bulk] { gathers };
    /// `key, value` = the entry of `table` that comes after the key `after`, the first one after nil, nil after the last one. The order
    /// follows from how the table was filled; entries may be changed and taken out meanwhile, but not added. `table` is a table, `after` a key of it.
    TableNext table_next 0x0186 { key: Out<Any>, value: Out<Any>, table: In<Any>, after: In<Any> } [trap bulk];
    /// `dst` = the metatable of `src`, or nil.
    MetatableGet metatable_get 0x0187 { dst: Out<Any>, src: In<Any> } [];
    /// The metatable of `table`, a table, is `src` from now on, a table, or nil for none.
    MetatableSet metatable_set 0x0188 { table: In<Any>, src: In<Any> } [trap allocate];

    // Between `any` and typed registers.
    /// `dst = src` as an `any` integer.
    AnyFromI64 any_from_i64 0x0190 { dst: Out<Any>, src: In<I64> } [];
    /// `dst = src` as an `any` float.
    AnyFromF64 any_from_f64 0x0191 { dst: Out<Any>, src: In<F64> } [];
    /// `dst` = true when `src != 0`, else false.
    AnyFromBool any_from_bool 0x0192 { dst: Out<Any>, src: In<I32> } [];
    /// `dst = src` as an `any` record or array, or nil for null.
    AnyFromRef any_from_ref 0x0193 { dst: Out<Any>, layout: Layout, src: In<RefType> } [];
    /// `dst` = the integer `src`; traps on another kind.
    I64FromAny i64_from_any 0x0194 { dst: Out<I64>, src: In<Any> } [trap];
    /// `dst` = the float `src`; traps on another kind.
    F64FromAny f64_from_any 0x0195 { dst: Out<F64>, src: In<Any> } [trap];
    /// `dst` = the record or array `src` of that layout, or null for nil; traps on anything else.
    RefFromAny ref_from_any 0x0196 { dst: Out<RefType>, layout: Layout, src: In<Any> } [trap];
    /// `dst` = 0 when `src` is nil or false, else 1.
    IsTruthy is_truthy 0x0197 { dst: Out<I32>, src: In<Any> } [];
    /// `dst` = the number of the kind of `src`.
    KindOf kind_of 0x0198 { dst: Out<I32>, src: In<Any> } [];
    /// `dst` = 1 when both are the same value (numbers by value, no metamethods), else 0.
    Same same 0x0199 { dst: Out<I32>, lhs: In<Any>, rhs: In<Any> } [bulk];
    /// `dst` = 1 when `src` is null, else 0.
    RefIsNull ref_is_null 0x019a { dst: Out<I32>, layout: Layout, src: In<RefType> } [] { same_as I64Eqz };
    /// `dst` = 1 when both are the same object or both are null, else 0.
    RefSame ref_same 0x019b { dst: Out<I32>, layout: Layout, lhs: In<RefType>, rhs: In<RefType> } [] { same_as I64Eq };

    // Closures and captured variables.
    /// `dst` = a closure over `function` with the captured values, of the types the function declares; of an imported function, which declares none, what was linked.
    Closure closure 0x01a0 { dst: Out<Any>, function: Func, captures: Ins<Special> } [allocate bulk] { placed };
    /// `dst` = captured value `index` of the running closure.
    CaptureGet capture_get 0x01a1 { dst: Out<Special>, index: Number } [] { placed };
    /// `dst` = a new cell that holds `src`.
    CellNew cell_new 0x01a2 { dst: Out<Cell>, src: In<Any> } [allocate];
    /// `dst` = what `cell` holds.
    CellGet cell_get 0x01a3 { dst: Out<Any>, cell: In<Cell> } [] { placed };
    /// `cell` holds `src` from now on.
    CellSet cell_set 0x01a4 { cell: In<Cell>, src: In<Any> } [];
    /// `dst` = what captured cell `index` holds.
    CaptureCellGet capture_cell_get 0x01a5 { dst: Out<Any>, index: Number } [] { placed };
    /// Captured cell `index` holds `src` from now on.
    CaptureCellSet capture_cell_set 0x01a6 { index: Number, src: In<Any> } [];
    /// `dst` = the running closure.
    CurrentFunction current_function 0x01a7 { dst: Out<Any> } [] { placed };

    // Records and arrays of a fixed layout.
    /// `dst` = a new record with those fields.
    RecordNew record_new 0x01b0 { dst: Out<RefType>, layout: Layout, fields: Ins<Special> } [allocate bulk] { gathers };
    /// `dst = object.field`; traps on null.
    RecordGet record_get 0x01b1 { dst: Out<Special>, layout: Layout, object: In<RefType>, field: Number } [trap];
    /// `object.field = src`; traps on null.
    RecordSet record_set 0x01b2 { layout: Layout, object: In<RefType>, field: Number, src: In<Special> } [trap];
    /// `dst` = a new array of `length` elements `src`.
    ArrayNew array_new 0x01b3 { dst: Out<RefType>, layout: Layout, length: In<I32>, src: In<Special> } [allocate bulk];
    /// `dst = object[index]`; traps on null and when not inside.
    ArrayGet array_get 0x01b4 { dst: Out<Special>, layout: Layout, object: In<RefType>, index: In<I32> } [trap];
    /// `object[index] = src`; traps on null and when not inside.
    ArraySet array_set 0x01b5 { layout: Layout, object: In<RefType>, index: In<I32>, src: In<Special> } [trap];
    /// `dst` = number of elements; traps on null.
    ArrayLength array_length 0x01b6 { dst: Out<I32>, layout: Layout, object: In<RefType> } [trap];
    /// `dst` = number of elements of the array `src`, whatever its layout; traps on anything else.
    ArraySize array_size 0x01b7 { dst: Out<I32>, src: In<Any> } [trap];
    /// `object[index .. index + length] = src`; traps on null and when not inside.
    ArrayFill array_fill 0x01b8 { layout: Layout, object: In<RefType>, index: In<I32>, src: In<Special>, length: In<I32> } [trap bulk];
    /// Copies `length` elements from `source_index` of `source` to `index` of `object`, whose elements are of one kind; they may overlap.
    ArrayCopy array_copy 0x01b9 { layout: Layout, source_layout: Layout, object: In<Special>, index: In<I32>, source: In<Special>, source_index: In<I32>, length: In<I32> } [trap bulk];
    /// Copies `length` elements, which are numbers, from byte `source` of a data segment to `index` of `object`.
    ArrayInitData array_init_data 0x01ba { layout: Layout, object: In<RefType>, index: In<I32>, data: Data, source: In<I32>, length: In<I32> } [trap bulk];
    /// Copies `length` values from `source` of an element segment to `index` of `object`, an array of `any`.
    ArrayInitElement array_init_element 0x01bb { layout: Layout, object: In<RefType>, index: In<I32>, element: Element, source: In<I32>, length: In<I32> } [trap bulk];

    // Calls. An open list is any number of `any` values that one instruction leaves for the very next one.
    /// `results = function(arguments)`, with the signature of the function.
    Call call 0x01c0 { results: Outs<Special>, function: Func, arguments: Ins<Special> } [call trap bulk] { waits TypedCall };
    /// `results = table[index](arguments)`; traps unless the element is a function of that signature.
    CallIndirect call_indirect 0x01c1 { results: Outs<Special>, signature: Sig, table: Table, index: In<Address>, arguments: Ins<Special> } [call trap bulk] { waits TypedCall };
    /// `results = callee(arguments)`; traps unless `callee` is a function of that signature.
    CallRef call_ref 0x01c2 { results: Outs<Special>, signature: Sig, callee: In<Any>, arguments: Ins<Special> } [call trap bulk] { waits TypedCall };
    /// `results = callee(arguments)`, or metamethod `__call`; missing results are nil, more are dropped.
    CallAny call_any 0x01c3 { results: Outs<Any>, callee: In<Any>, arguments: Ins<Any> } [call trap bulk] { waits Call };
    /// As `call_any`; all results become the open list.
    CallAnyToOpen call_any_to_open 0x01c4 { callee: In<Any>, arguments: Ins<Any> } [call trap leaves_open bulk] { waits Call };
    /// As `call_any`, with the open list after `arguments`.
    CallAnyOpen call_any_open 0x01c5 { results: Outs<Any>, callee: In<Any>, arguments: Ins<Any> } [call trap takes_open bulk] { waits Call };
    /// As `call_any_open`; all results become the open list.
    CallAnyOpenToOpen call_any_open_to_open 0x01c6 { callee: In<Any>, arguments: Ins<Any> } [call trap takes_open leaves_open bulk] { waits Call };
    /// `results` = the arguments past the parameters, as many as asked for; missing ones are nil.
    Varargs varargs 0x01c7 { results: Outs<Any> } [bulk] { gathers };
    /// All arguments past the parameters become the open list.
    VarargsToOpen varargs_to_open 0x01c8 {  } [leaves_open bulk];
    /// `results` = the values of the open list, as many as asked for; missing ones are nil. `count` = how many it has.
    TakeOpen take_open 0x01c9 { count: Out<I32>, results: Outs<Any> } [takes_open];

    // Ends of blocks.
    /// Continue at `target`.
    Jump jump 0x01d0 { target: Target } [end];
    /// Continue at `if_true` when `cond != 0`, else at `if_false`.
    BranchIf branch_if 0x01d1 { cond: In<I32>, if_true: Target, if_false: Target } [end];
    /// Continue at `targets[index]`, or at `default` when there are not so many.
    BranchTable branch_table 0x01d2 { index: In<I32>, targets: Targets, default: Target } [end];
    /// Continue at `if_true` when `lhs == rhs`, else at `if_false`.
    BranchI32Eq branch_i32_eq 0x01d3 { lhs: In<I32>, rhs: In<I32>, if_true: Target, if_false: Target } [end] { compares I32Eq };
    /// Continue at `if_true` when `lhs != rhs`, else at `if_false`.
    BranchI32Ne branch_i32_ne 0x01d4 { lhs: In<I32>, rhs: In<I32>, if_true: Target, if_false: Target } [end] { compares I32Ne };
    /// Continue at `if_true` when `lhs < rhs`, signed, else at `if_false`.
    BranchI32LtS branch_i32_lt_s 0x01d5 { lhs: In<I32>, rhs: In<I32>, if_true: Target, if_false: Target } [end] { compares I32LtS };
    /// Continue at `if_true` when `lhs < rhs`, unsigned, else at `if_false`.
    BranchI32LtU branch_i32_lt_u 0x01d6 { lhs: In<I32>, rhs: In<I32>, if_true: Target, if_false: Target } [end] { compares I32LtU };
    /// Continue at `if_true` when `lhs <= rhs`, signed, else at `if_false`.
    BranchI32LeS branch_i32_le_s 0x01d7 { lhs: In<I32>, rhs: In<I32>, if_true: Target, if_false: Target } [end] { compares I32LeS };
    /// Continue at `if_true` when `lhs <= rhs`, unsigned, else at `if_false`.
    BranchI32LeU branch_i32_le_u 0x01d8 { lhs: In<I32>, rhs: In<I32>, if_true: Target, if_false: Target } [end] { compares I32LeU };
    /// Continue at `if_true` when `lhs == rhs`, else at `if_false`.
    BranchI64Eq branch_i64_eq 0x01d9 { lhs: In<I64>, rhs: In<I64>, if_true: Target, if_false: Target } [end] { compares I64Eq };
    /// Continue at `if_true` when `lhs != rhs`, else at `if_false`.
    BranchI64Ne branch_i64_ne 0x01da { lhs: In<I64>, rhs: In<I64>, if_true: Target, if_false: Target } [end] { compares I64Ne };
    /// Continue at `if_true` when `lhs < rhs`, signed, else at `if_false`.
    BranchI64LtS branch_i64_lt_s 0x01db { lhs: In<I64>, rhs: In<I64>, if_true: Target, if_false: Target } [end] { compares I64LtS };
    /// Continue at `if_true` when `lhs < rhs`, unsigned, else at `if_false`.
    BranchI64LtU branch_i64_lt_u 0x01dc { lhs: In<I64>, rhs: In<I64>, if_true: Target, if_false: Target } [end] { compares I64LtU };
    /// Continue at `if_true` when `lhs <= rhs`, signed, else at `if_false`.
    BranchI64LeS branch_i64_le_s 0x01dd { lhs: In<I64>, rhs: In<I64>, if_true: Target, if_false: Target } [end] { compares I64LeS };
    /// Continue at `if_true` when `lhs <= rhs`, unsigned, else at `if_false`.
    BranchI64LeU branch_i64_le_u 0x01de { lhs: In<I64>, rhs: In<I64>, if_true: Target, if_false: Target } [end] { compares I64LeU };
    /// Continue at `if_true` when `lhs == rhs`, else (also with NaN) at `if_false`.
    BranchF32Eq branch_f32_eq 0x01df { lhs: In<F32>, rhs: In<F32>, if_true: Target, if_false: Target } [end] { compares F32Eq };
    /// Continue at `if_true` when `lhs < rhs`, else (also with NaN) at `if_false`.
    BranchF32Lt branch_f32_lt 0x01e0 { lhs: In<F32>, rhs: In<F32>, if_true: Target, if_false: Target } [end] { compares F32Lt };
    /// Continue at `if_true` when `lhs <= rhs`, else (also with NaN) at `if_false`.
    BranchF32Le branch_f32_le 0x01e1 { lhs: In<F32>, rhs: In<F32>, if_true: Target, if_false: Target } [end] { compares F32Le };
    /// Continue at `if_true` when `lhs == rhs`, else (also with NaN) at `if_false`.
    BranchF64Eq branch_f64_eq 0x01e2 { lhs: In<F64>, rhs: In<F64>, if_true: Target, if_false: Target } [end] { compares F64Eq };
    /// Continue at `if_true` when `lhs < rhs`, else (also with NaN) at `if_false`.
    BranchF64Lt branch_f64_lt 0x01e3 { lhs: In<F64>, rhs: In<F64>, if_true: Target, if_false: Target } [end] { compares F64Lt };
    /// Continue at `if_true` when `lhs <= rhs`, else (also with NaN) at `if_false`.
    BranchF64Le branch_f64_le 0x01e4 { lhs: In<F64>, rhs: In<F64>, if_true: Target, if_false: Target } [end] { compares F64Le };
    /// Continue at `if_false` when `cond` is nil or false, else at `if_true`.
    BranchTruthy branch_truthy 0x01e5 { cond: In<Any>, if_true: Target, if_false: Target } [end];
    /// Continue at `if_true` when `lhs == rhs`, or metamethod `__eq`, else at `if_false`.
    BranchEqual branch_equal 0x01e6 { lhs: In<Any>, rhs: In<Any>, if_true: Target, if_false: Target } [call trap end bulk] { metamethod eq, waits Branch };
    /// Continue at `if_true` when `lhs < rhs`, or metamethod `__lt`, else at `if_false`.
    BranchLess branch_less 0x01e7 { lhs: In<Any>, rhs: In<Any>, if_true: Target, if_false: Target } [call trap end bulk] { metamethod lt, waits Branch };
    /// Continue at `if_true` when `lhs <= rhs`, or metamethod `__le`, else at `if_false`.
    BranchLessEqual branch_less_equal 0x01e8 { lhs: In<Any>, rhs: In<Any>, if_true: Target, if_false: Target } [call trap end bulk] { metamethod le, waits Branch };
    /// Continue at `if_true` when `src` is of that kind, else at `if_false`.
    BranchKind branch_kind 0x01e9 { src: In<Any>, kind: Kind, if_true: Target, if_false: Target } [end];
    /// `dst` = the integer `src`, continue at `if_true`; on another kind `dst = 0`, continue at `if_false`.
    BranchUnboxI64 branch_unbox_i64 0x01ea { dst: Out<I64>, src: In<Any>, if_true: Target, if_false: Target } [end];
    /// `dst` = the float `src`, continue at `if_true`; on another kind `dst = 0`, continue at `if_false`.
    BranchUnboxF64 branch_unbox_f64 0x01eb { dst: Out<F64>, src: In<Any>, if_true: Target, if_false: Target } [end];
    /// Prepares a numeric loop over `index` (Lua 5.4 manual, 3.3.5): integers when start and step are, else floats; an error when one is not a number or `step` is 0.
    /// Continues at `body` with `variable = index`, but at `done` if `index` is past `limit`; of a float that is no number nothing is past.
    ForPrepare for_prepare 0x01ec { index: InOut<Any>, limit: InOut<Any>, step: InOut<Any>, variable: Out<Any>, body: Target, done: Target } [trap end];
    /// `index += step`; continues at `body` with `variable = index` while the loop runs, else at `done`. The first three are as `for_prepare` left them, or it is an error.
    ForLoop for_loop 0x01ed { index: InOut<Any>, limit: InOut<Any>, step: InOut<Any>, variable: Out<Any>, body: Target, done: Target } [trap end];
    /// `results = iterator(state, control)`; continues at `body` when the first result is not nil, else at `done`. At least one result.
    ForEach for_each 0x01ee { results: Outs<Any>, iterator: In<Any>, state: In<Any>, control: In<Any>, body: Target, done: Target } [call trap end bulk] { waits Call };
    /// Returns `values`, of the types of the signature.
    ReturnValues return_values 0x01ef { values: Ins<Special> } [end bulk] { gathers };
    /// Returns `values` and the open list.
    ReturnOpen return_open 0x01f0 { values: Ins<Any> } [end takes_open bulk];
    /// Returns what `function(arguments)` returns; the frame is given up before.
    TailCall tail_call 0x01f1 { function: Func, arguments: Ins<Special> } [call trap end bulk];
    /// Returns what `table[index](arguments)` returns; the frame is given up before.
    TailCallIndirect tail_call_indirect 0x01f2 { signature: Sig, table: Table, index: In<Address>, arguments: Ins<Special> } [call trap end bulk];
    /// Returns what `callee(arguments)` returns; the frame is given up before.
    TailCallRef tail_call_ref 0x01f3 { signature: Sig, callee: In<Any>, arguments: Ins<Special> } [call trap end bulk];
    /// Returns what `callee(arguments)` returns, all of it; the frame is given up before.
    TailCallAny tail_call_any 0x01f4 { callee: In<Any>, arguments: Ins<Any> } [call trap end bulk] { waits TailCall };
    /// As `tail_call_any`, with the open list after `arguments`.
    TailCallAnyOpen tail_call_any_open 0x01f5 { callee: In<Any>, arguments: Ins<Any> } [call trap end takes_open bulk] { waits TailCall };
    /// Raises `value` as an error.
    Throw throw 0x01f6 { value: In<Any> } [trap end];
    /// Traps.
    Trap trap 0x01f7 { code: Trap } [trap end];
    /// `dst` = the record or array `src` of that layout, continue at `if_true`; on anything else `dst` = null, continue at `if_false`.
    BranchRef branch_ref 0x01f8 { dst: Out<RefType>, layout: Layout, src: In<Any>, if_true: Target, if_false: Target } [end];
    /// Continue at `if_true` when `src` is a function of that signature, else at `if_false`.
    BranchSignature branch_signature 0x01f9 { src: In<Any>, signature: Sig, if_true: Target, if_false: Target } [end];
    /// As `branch_ref`, but only for what was made with that layout, not with one of a type under that of the layout.
    BranchRefExact branch_ref_exact 0x01fa { dst: Out<RefType>, layout: Layout, src: In<Any>, if_true: Target, if_false: Target } [end] { feature ExactTypes };
    /// As `branch_signature`, but only for a function that was declared with that signature, not with one of a type under that of the signature.
    BranchSignatureExact branch_signature_exact 0x01fb { src: In<Any>, signature: Sig, if_true: Target, if_false: Target } [end] { feature ExactTypes };

    // Fibers.
    /// `dst` = a new fiber that will call `callee`; an error unless it is a function.
    FiberNew fiber_new 0x0210 { dst: Out<Any>, callee: In<Any> } [allocate trap];
    /// Runs `fiber` with `arguments` until it yields, returns or fails. `ok` = true and its values become the open list, or `ok` = false and the error value does.
    FiberResumeToOpen fiber_resume_to_open 0x0211 { ok: Out<Any>, fiber: In<Any>, arguments: Ins<Any> } [call trap leaves_open bulk] { waits Resume };
    /// As `fiber_resume_to_open`, with the open list after `arguments`.
    FiberResumeOpenToOpen fiber_resume_open_to_open 0x0212 { ok: Out<Any>, fiber: In<Any>, arguments: Ins<Any> } [call trap takes_open leaves_open bulk] { waits Resume };
    /// Suspends the running fiber, handing out `values`; what it is resumed with becomes the open list.
    FiberYieldToOpen fiber_yield_to_open 0x0213 { values: Ins<Any> } [call trap leaves_open bulk] { waits Yield };
    /// As `fiber_yield_to_open`, with the open list after `values`.
    FiberYieldOpenToOpen fiber_yield_open_to_open 0x0214 { values: Ins<Any> } [call trap takes_open leaves_open bulk] { waits Yield };
    /// Closes a suspended or dead fiber, running its cleanup regions. `ok` = 1, or `ok` = 0 and `error` = what a cleanup raised.
    FiberClose fiber_close 0x0215 { ok: Out<I32>, error: Out<Any>, fiber: In<Any> } [call trap] { waits Close };
    /// `dst` = 0 suspended, 1 running, 2 normal (it resumed another, or its run is suspended), 3 dead.
    FiberStatus fiber_status 0x0216 { dst: Out<I32>, fiber: In<Any> } [trap];

    // Vectors of 128 bits (WebAssembly core specification, vector instructions). Lane 0 is the lowest; lists of lanes are
    // written `x[i]`.
    /// `dst = ~src`.
    V128Not v128_not 0x0240 { dst: Out<V128>, src: In<V128> } [];
    /// `dst = lhs & rhs`.
    V128And v128_and 0x0241 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped V128And };
    /// `dst = lhs & ~rhs`.
    V128AndNot v128_and_not 0x0242 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst = lhs | rhs`.
    V128Or v128_or 0x0243 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped V128Or };
    /// `dst = lhs ^ rhs`.
    V128Xor v128_xor 0x0244 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped V128Xor };
    /// `dst` = the bits of `if_one` where `mask` has ones, of `if_zero` elsewhere.
    V128Bitselect v128_bitselect 0x0245 { dst: Out<V128>, if_one: In<V128>, if_zero: In<V128>, mask: In<V128> } [];
    /// `dst` = 1 when a bit of `src` is one, else 0.
    V128AnyTrue v128_any_true 0x0246 { dst: Out<I32>, src: In<V128> } [];
    /// `dst[i]` = byte `lanes[i]` of `lhs` and `rhs` after it, or 0 when there are not so many.
    I8x16Shuffle i8x16_shuffle 0x0247 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128>, lanes: In<V128> } [];
    /// `dst[i] = lhs[rhs[i]]`, or 0 when `rhs[i] > 15`.
    I8x16Swizzle i8x16_swizzle 0x0248 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = src`, 16 lanes of 8 bits.
    I8x16Splat i8x16_splat 0x0249 { dst: Out<V128>, src: In<I32> } [];
    /// `dst = src[lane mod 16]`, 16 lanes of 8 bits, sign-extended.
    I8x16ExtractLaneS i8x16_extract_lane_s 0x024a { dst: Out<I32>, src: In<V128>, lane: Number } [];
    /// `dst = src[lane mod 16]`, 16 lanes of 8 bits, zero-extended.
    I8x16ExtractLaneU i8x16_extract_lane_u 0x024b { dst: Out<I32>, src: In<V128>, lane: Number } [];
    /// `dst = src`, but `dst[lane mod 16] = value`, 16 lanes of 8 bits.
    I8x16ReplaceLane i8x16_replace_lane 0x024c { dst: Out<V128>, src: In<V128>, value: In<I32>, lane: Number } [];
    /// `dst[i] = src`, 8 lanes of 16 bits.
    I16x8Splat i16x8_splat 0x024d { dst: Out<V128>, src: In<I32> } [];
    /// `dst = src[lane mod 8]`, 8 lanes of 16 bits, sign-extended.
    I16x8ExtractLaneS i16x8_extract_lane_s 0x024e { dst: Out<I32>, src: In<V128>, lane: Number } [];
    /// `dst = src[lane mod 8]`, 8 lanes of 16 bits, zero-extended.
    I16x8ExtractLaneU i16x8_extract_lane_u 0x024f { dst: Out<I32>, src: In<V128>, lane: Number } [];
    /// `dst = src`, but `dst[lane mod 8] = value`, 8 lanes of 16 bits.
    I16x8ReplaceLane i16x8_replace_lane 0x0250 { dst: Out<V128>, src: In<V128>, value: In<I32>, lane: Number } [];
    /// `dst[i] = src`, 4 lanes of 32 bits.
    I32x4Splat i32x4_splat 0x0251 { dst: Out<V128>, src: In<I32> } [];
    /// `dst = src[lane mod 4]`, 4 lanes of 32 bits.
    I32x4ExtractLane i32x4_extract_lane 0x0252 { dst: Out<I32>, src: In<V128>, lane: Number } [];
    /// `dst = src`, but `dst[lane mod 4] = value`, 4 lanes of 32 bits.
    I32x4ReplaceLane i32x4_replace_lane 0x0253 { dst: Out<V128>, src: In<V128>, value: In<I32>, lane: Number } [];
    /// `dst[i] = src`, 2 lanes of 64 bits.
    I64x2Splat i64x2_splat 0x0254 { dst: Out<V128>, src: In<I64> } [];
    /// `dst = src[lane mod 2]`, 2 lanes of 64 bits.
    I64x2ExtractLane i64x2_extract_lane 0x0255 { dst: Out<I64>, src: In<V128>, lane: Number } [];
    /// `dst = src`, but `dst[lane mod 2] = value`, 2 lanes of 64 bits.
    I64x2ReplaceLane i64x2_replace_lane 0x0256 { dst: Out<V128>, src: In<V128>, value: In<I64>, lane: Number } [];
    /// `dst[i] = src`, 4 lanes.
    F32x4Splat f32x4_splat 0x0257 { dst: Out<V128>, src: In<F32> } [];
    /// `dst = src[lane mod 4]`.
    F32x4ExtractLane f32x4_extract_lane 0x0258 { dst: Out<F32>, src: In<V128>, lane: Number } [];
    /// `dst = src`, but `dst[lane mod 4] = value`.
    F32x4ReplaceLane f32x4_replace_lane 0x0259 { dst: Out<V128>, src: In<V128>, value: In<F32>, lane: Number } [];
    /// `dst[i] = src`, 2 lanes.
    F64x2Splat f64x2_splat 0x025a { dst: Out<V128>, src: In<F64> } [];
    /// `dst = src[lane mod 2]`.
    F64x2ExtractLane f64x2_extract_lane 0x025b { dst: Out<F64>, src: In<V128>, lane: Number } [];
    /// `dst = src`, but `dst[lane mod 2] = value`.
    F64x2ReplaceLane f64x2_replace_lane 0x025c { dst: Out<V128>, src: In<V128>, value: In<F64>, lane: Number } [];
    /// `dst[i]` = all ones when `lhs[i] == rhs[i]`, else 0, in 16 lanes of 8 bits.
    I8x16Eq i8x16_eq 0x025d { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I8x16Eq };
    /// `dst[i]` = all ones when `lhs[i] != rhs[i]`, else 0, in 16 lanes of 8 bits.
    I8x16Ne i8x16_ne 0x025e { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I8x16Ne };
    /// `dst[i]` = all ones when `lhs[i] < rhs[i]`, signed, else 0, in 16 lanes of 8 bits.
    I8x16LtS i8x16_lt_s 0x025f { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] < rhs[i]`, unsigned, else 0, in 16 lanes of 8 bits.
    I8x16LtU i8x16_lt_u 0x0260 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] > rhs[i]`, signed, else 0, in 16 lanes of 8 bits.
    I8x16GtS i8x16_gt_s 0x0261 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] > rhs[i]`, unsigned, else 0, in 16 lanes of 8 bits.
    I8x16GtU i8x16_gt_u 0x0262 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] <= rhs[i]`, signed, else 0, in 16 lanes of 8 bits.
    I8x16LeS i8x16_le_s 0x0263 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] <= rhs[i]`, unsigned, else 0, in 16 lanes of 8 bits.
    I8x16LeU i8x16_le_u 0x0264 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] >= rhs[i]`, signed, else 0, in 16 lanes of 8 bits.
    I8x16GeS i8x16_ge_s 0x0265 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] >= rhs[i]`, unsigned, else 0, in 16 lanes of 8 bits.
    I8x16GeU i8x16_ge_u 0x0266 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] == rhs[i]`, else 0, in 8 lanes of 16 bits.
    I16x8Eq i16x8_eq 0x0267 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8Eq };
    /// `dst[i]` = all ones when `lhs[i] != rhs[i]`, else 0, in 8 lanes of 16 bits.
    I16x8Ne i16x8_ne 0x0268 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8Ne };
    /// `dst[i]` = all ones when `lhs[i] < rhs[i]`, signed, else 0, in 8 lanes of 16 bits.
    I16x8LtS i16x8_lt_s 0x0269 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] < rhs[i]`, unsigned, else 0, in 8 lanes of 16 bits.
    I16x8LtU i16x8_lt_u 0x026a { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] > rhs[i]`, signed, else 0, in 8 lanes of 16 bits.
    I16x8GtS i16x8_gt_s 0x026b { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] > rhs[i]`, unsigned, else 0, in 8 lanes of 16 bits.
    I16x8GtU i16x8_gt_u 0x026c { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] <= rhs[i]`, signed, else 0, in 8 lanes of 16 bits.
    I16x8LeS i16x8_le_s 0x026d { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] <= rhs[i]`, unsigned, else 0, in 8 lanes of 16 bits.
    I16x8LeU i16x8_le_u 0x026e { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] >= rhs[i]`, signed, else 0, in 8 lanes of 16 bits.
    I16x8GeS i16x8_ge_s 0x026f { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] >= rhs[i]`, unsigned, else 0, in 8 lanes of 16 bits.
    I16x8GeU i16x8_ge_u 0x0270 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] == rhs[i]`, else 0, in 4 lanes of 32 bits.
    I32x4Eq i32x4_eq 0x0271 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4Eq };
    /// `dst[i]` = all ones when `lhs[i] != rhs[i]`, else 0, in 4 lanes of 32 bits.
    I32x4Ne i32x4_ne 0x0272 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4Ne };
    /// `dst[i]` = all ones when `lhs[i] < rhs[i]`, signed, else 0, in 4 lanes of 32 bits.
    I32x4LtS i32x4_lt_s 0x0273 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] < rhs[i]`, unsigned, else 0, in 4 lanes of 32 bits.
    I32x4LtU i32x4_lt_u 0x0274 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] > rhs[i]`, signed, else 0, in 4 lanes of 32 bits.
    I32x4GtS i32x4_gt_s 0x0275 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] > rhs[i]`, unsigned, else 0, in 4 lanes of 32 bits.
    I32x4GtU i32x4_gt_u 0x0276 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] <= rhs[i]`, signed, else 0, in 4 lanes of 32 bits.
    I32x4LeS i32x4_le_s 0x0277 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] <= rhs[i]`, unsigned, else 0, in 4 lanes of 32 bits.
    I32x4LeU i32x4_le_u 0x0278 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] >= rhs[i]`, signed, else 0, in 4 lanes of 32 bits.
    I32x4GeS i32x4_ge_s 0x0279 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] >= rhs[i]`, unsigned, else 0, in 4 lanes of 32 bits.
    I32x4GeU i32x4_ge_u 0x027a { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] == rhs[i]`, else 0, in 2 lanes of 64 bits.
    I64x2Eq i64x2_eq 0x027b { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I64x2Eq };
    /// `dst[i]` = all ones when `lhs[i] != rhs[i]`, else 0, in 2 lanes of 64 bits.
    I64x2Ne i64x2_ne 0x027c { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I64x2Ne };
    /// `dst[i]` = all ones when `lhs[i] < rhs[i]`, signed, else 0, in 2 lanes of 64 bits.
    I64x2LtS i64x2_lt_s 0x027d { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] > rhs[i]`, signed, else 0, in 2 lanes of 64 bits.
    I64x2GtS i64x2_gt_s 0x027e { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] <= rhs[i]`, signed, else 0, in 2 lanes of 64 bits.
    I64x2LeS i64x2_le_s 0x027f { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] >= rhs[i]`, signed, else 0, in 2 lanes of 64 bits.
    I64x2GeS i64x2_ge_s 0x0280 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] == rhs[i]`, else 0; false with NaN.
    F32x4Eq f32x4_eq 0x0281 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] != rhs[i]`, else 0; true with NaN.
    F32x4Ne f32x4_ne 0x0282 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] < rhs[i]`, else 0; false with NaN.
    F32x4Lt f32x4_lt 0x0283 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] > rhs[i]`, else 0; false with NaN.
    F32x4Gt f32x4_gt 0x0284 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] <= rhs[i]`, else 0; false with NaN.
    F32x4Le f32x4_le 0x0285 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] >= rhs[i]`, else 0; false with NaN.
    F32x4Ge f32x4_ge 0x0286 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] == rhs[i]`, else 0; false with NaN.
    F64x2Eq f64x2_eq 0x0287 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] != rhs[i]`, else 0; true with NaN.
    F64x2Ne f64x2_ne 0x0288 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] < rhs[i]`, else 0; false with NaN.
    F64x2Lt f64x2_lt 0x0289 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] > rhs[i]`, else 0; false with NaN.
    F64x2Gt f64x2_gt 0x028a { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] <= rhs[i]`, else 0; false with NaN.
    F64x2Le f64x2_le 0x028b { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = all ones when `lhs[i] >= rhs[i]`, else 0; false with NaN.
    F64x2Ge f64x2_ge 0x028c { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = `src[i]` without its sign, modulo 2^8, in 16 lanes of 8 bits.
    I8x16Abs i8x16_abs 0x028d { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = -src[i]`, modulo 2^8, in 16 lanes of 8 bits.
    I8x16Neg i8x16_neg 0x028e { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = number of one bits of `src[i]`, in 16 lanes of 8 bits.
    I8x16Popcnt i8x16_popcnt 0x028f { dst: Out<V128>, src: In<V128> } [];
    /// `dst` = 1 when no lane of `src` is 0, else 0; 16 lanes of 8 bits.
    I8x16AllTrue i8x16_all_true 0x0290 { dst: Out<I32>, src: In<V128> } [];
    /// Bit `i` of `dst` = the sign of `src[i]`, 16 lanes of 8 bits.
    I8x16Bitmask i8x16_bitmask 0x0291 { dst: Out<I32>, src: In<V128> } [];
    /// `dst[i] = lhs[i] << (rhs mod 8)`, zeros shifted in, in 16 lanes of 8 bits.
    I8x16Shl i8x16_shl 0x0292 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] >> (rhs mod 8)`, sign copied in, in 16 lanes of 8 bits.
    I8x16ShrS i8x16_shr_s 0x0293 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] >> (rhs mod 8)`, zeros shifted in, in 16 lanes of 8 bits.
    I8x16ShrU i8x16_shr_u 0x0294 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] + rhs[i]`, modulo 2^8, in 16 lanes of 8 bits.
    I8x16Add i8x16_add 0x0295 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I8x16Add };
    /// `dst[i] = lhs[i] + rhs[i]`, signed; saturates, in 16 lanes of 8 bits.
    I8x16AddSatS i8x16_add_sat_s 0x0296 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I8x16AddSatS };
    /// `dst[i] = lhs[i] + rhs[i]`, unsigned; saturates, in 16 lanes of 8 bits.
    I8x16AddSatU i8x16_add_sat_u 0x0297 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I8x16AddSatU };
    /// `dst[i] = lhs[i] - rhs[i]`, modulo 2^8, in 16 lanes of 8 bits.
    I8x16Sub i8x16_sub 0x0298 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] - rhs[i]`, signed; saturates, in 16 lanes of 8 bits.
    I8x16SubSatS i8x16_sub_sat_s 0x0299 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] - rhs[i]`, unsigned; saturates, in 16 lanes of 8 bits.
    I8x16SubSatU i8x16_sub_sat_u 0x029a { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = the lesser of `lhs[i]` and `rhs[i]`, signed, in 16 lanes of 8 bits.
    I8x16MinS i8x16_min_s 0x029b { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I8x16MinS };
    /// `dst[i]` = the lesser of `lhs[i]` and `rhs[i]`, unsigned, in 16 lanes of 8 bits.
    I8x16MinU i8x16_min_u 0x029c { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I8x16MinU };
    /// `dst[i]` = the greater of `lhs[i]` and `rhs[i]`, signed, in 16 lanes of 8 bits.
    I8x16MaxS i8x16_max_s 0x029d { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I8x16MaxS };
    /// `dst[i]` = the greater of `lhs[i]` and `rhs[i]`, unsigned, in 16 lanes of 8 bits.
    I8x16MaxU i8x16_max_u 0x029e { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I8x16MaxU };
    /// `dst[i] = (lhs[i] + rhs[i] + 1) / 2`, unsigned, in 16 lanes of 8 bits.
    I8x16AvgrU i8x16_avgr_u 0x029f { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I8x16AvgrU };
    /// `dst[i]` = `src[i]` without its sign, modulo 2^16, in 8 lanes of 16 bits.
    I16x8Abs i16x8_abs 0x02a0 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = -src[i]`, modulo 2^16, in 8 lanes of 16 bits.
    I16x8Neg i16x8_neg 0x02a1 { dst: Out<V128>, src: In<V128> } [];
    /// `dst` = 1 when no lane of `src` is 0, else 0; 8 lanes of 16 bits.
    I16x8AllTrue i16x8_all_true 0x02a2 { dst: Out<I32>, src: In<V128> } [];
    /// Bit `i` of `dst` = the sign of `src[i]`, 8 lanes of 16 bits.
    I16x8Bitmask i16x8_bitmask 0x02a3 { dst: Out<I32>, src: In<V128> } [];
    /// `dst[i] = lhs[i] << (rhs mod 16)`, zeros shifted in, in 8 lanes of 16 bits.
    I16x8Shl i16x8_shl 0x02a4 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] >> (rhs mod 16)`, sign copied in, in 8 lanes of 16 bits.
    I16x8ShrS i16x8_shr_s 0x02a5 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] >> (rhs mod 16)`, zeros shifted in, in 8 lanes of 16 bits.
    I16x8ShrU i16x8_shr_u 0x02a6 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] + rhs[i]`, modulo 2^16, in 8 lanes of 16 bits.
    I16x8Add i16x8_add 0x02a7 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8Add };
    /// `dst[i] = lhs[i] + rhs[i]`, signed; saturates, in 8 lanes of 16 bits.
    I16x8AddSatS i16x8_add_sat_s 0x02a8 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8AddSatS };
    /// `dst[i] = lhs[i] + rhs[i]`, unsigned; saturates, in 8 lanes of 16 bits.
    I16x8AddSatU i16x8_add_sat_u 0x02a9 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8AddSatU };
    /// `dst[i] = lhs[i] - rhs[i]`, modulo 2^16, in 8 lanes of 16 bits.
    I16x8Sub i16x8_sub 0x02aa { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] - rhs[i]`, signed; saturates, in 8 lanes of 16 bits.
    I16x8SubSatS i16x8_sub_sat_s 0x02ab { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] - rhs[i]`, unsigned; saturates, in 8 lanes of 16 bits.
    I16x8SubSatU i16x8_sub_sat_u 0x02ac { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] * rhs[i]`, modulo 2^16, in 8 lanes of 16 bits.
    I16x8Mul i16x8_mul 0x02ad { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8Mul };
    /// `dst[i]` = the lesser of `lhs[i]` and `rhs[i]`, signed, in 8 lanes of 16 bits.
    I16x8MinS i16x8_min_s 0x02ae { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8MinS };
    /// `dst[i]` = the lesser of `lhs[i]` and `rhs[i]`, unsigned, in 8 lanes of 16 bits.
    I16x8MinU i16x8_min_u 0x02af { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8MinU };
    /// `dst[i]` = the greater of `lhs[i]` and `rhs[i]`, signed, in 8 lanes of 16 bits.
    I16x8MaxS i16x8_max_s 0x02b0 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8MaxS };
    /// `dst[i]` = the greater of `lhs[i]` and `rhs[i]`, unsigned, in 8 lanes of 16 bits.
    I16x8MaxU i16x8_max_u 0x02b1 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8MaxU };
    /// `dst[i] = (lhs[i] + rhs[i] + 1) / 2`, unsigned, in 8 lanes of 16 bits.
    I16x8AvgrU i16x8_avgr_u 0x02b2 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8AvgrU };
    /// `dst[i]` = `src[i]` without its sign, modulo 2^32, in 4 lanes of 32 bits.
    I32x4Abs i32x4_abs 0x02b3 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = -src[i]`, modulo 2^32, in 4 lanes of 32 bits.
    I32x4Neg i32x4_neg 0x02b4 { dst: Out<V128>, src: In<V128> } [];
    /// `dst` = 1 when no lane of `src` is 0, else 0; 4 lanes of 32 bits.
    I32x4AllTrue i32x4_all_true 0x02b5 { dst: Out<I32>, src: In<V128> } [];
    /// Bit `i` of `dst` = the sign of `src[i]`, 4 lanes of 32 bits.
    I32x4Bitmask i32x4_bitmask 0x02b6 { dst: Out<I32>, src: In<V128> } [];
    /// `dst[i] = lhs[i] << (rhs mod 32)`, zeros shifted in, in 4 lanes of 32 bits.
    I32x4Shl i32x4_shl 0x02b7 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] >> (rhs mod 32)`, sign copied in, in 4 lanes of 32 bits.
    I32x4ShrS i32x4_shr_s 0x02b8 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] >> (rhs mod 32)`, zeros shifted in, in 4 lanes of 32 bits.
    I32x4ShrU i32x4_shr_u 0x02b9 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] + rhs[i]`, modulo 2^32, in 4 lanes of 32 bits.
    I32x4Add i32x4_add 0x02ba { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4Add };
    /// `dst[i] = lhs[i] - rhs[i]`, modulo 2^32, in 4 lanes of 32 bits.
    I32x4Sub i32x4_sub 0x02bb { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] * rhs[i]`, modulo 2^32, in 4 lanes of 32 bits.
    I32x4Mul i32x4_mul 0x02bc { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4Mul };
    /// `dst[i]` = the lesser of `lhs[i]` and `rhs[i]`, signed, in 4 lanes of 32 bits.
    I32x4MinS i32x4_min_s 0x02bd { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4MinS };
    /// `dst[i]` = the lesser of `lhs[i]` and `rhs[i]`, unsigned, in 4 lanes of 32 bits.
    I32x4MinU i32x4_min_u 0x02be { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4MinU };
    /// `dst[i]` = the greater of `lhs[i]` and `rhs[i]`, signed, in 4 lanes of 32 bits.
    I32x4MaxS i32x4_max_s 0x02bf { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4MaxS };
    /// `dst[i]` = the greater of `lhs[i]` and `rhs[i]`, unsigned, in 4 lanes of 32 bits.
    I32x4MaxU i32x4_max_u 0x02c0 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4MaxU };
    /// `dst[i]` = `src[i]` without its sign, modulo 2^64, in 2 lanes of 64 bits.
    I64x2Abs i64x2_abs 0x02c1 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = -src[i]`, modulo 2^64, in 2 lanes of 64 bits.
    I64x2Neg i64x2_neg 0x02c2 { dst: Out<V128>, src: In<V128> } [];
    /// `dst` = 1 when no lane of `src` is 0, else 0; 2 lanes of 64 bits.
    I64x2AllTrue i64x2_all_true 0x02c3 { dst: Out<I32>, src: In<V128> } [];
    /// Bit `i` of `dst` = the sign of `src[i]`, 2 lanes of 64 bits.
    I64x2Bitmask i64x2_bitmask 0x02c4 { dst: Out<I32>, src: In<V128> } [];
    /// `dst[i] = lhs[i] << (rhs mod 64)`, zeros shifted in, in 2 lanes of 64 bits.
    I64x2Shl i64x2_shl 0x02c5 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] >> (rhs mod 64)`, sign copied in, in 2 lanes of 64 bits.
    I64x2ShrS i64x2_shr_s 0x02c6 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] >> (rhs mod 64)`, zeros shifted in, in 2 lanes of 64 bits.
    I64x2ShrU i64x2_shr_u 0x02c7 { dst: Out<V128>, lhs: In<V128>, rhs: In<I32> } [];
    /// `dst[i] = lhs[i] + rhs[i]`, modulo 2^64, in 2 lanes of 64 bits.
    I64x2Add i64x2_add 0x02c8 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I64x2Add };
    /// `dst[i] = lhs[i] - rhs[i]`, modulo 2^64, in 2 lanes of 64 bits.
    I64x2Sub i64x2_sub 0x02c9 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] * rhs[i]`, modulo 2^64, in 2 lanes of 64 bits.
    I64x2Mul i64x2_mul 0x02ca { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I64x2Mul };
    /// `dst[i]` = lane `i` of the lower half of `src`, sign-extended from 8 to 16 bits.
    I16x8ExtendLowI8x16S i16x8_extend_low_i8x16_s 0x02cb { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = lane `i` of the lower half of `src`, zero-extended from 8 to 16 bits.
    I16x8ExtendLowI8x16U i16x8_extend_low_i8x16_u 0x02cc { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = lane `i` of the upper half of `src`, sign-extended from 8 to 16 bits.
    I16x8ExtendHighI8x16S i16x8_extend_high_i8x16_s 0x02cd { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = lane `i` of the upper half of `src`, zero-extended from 8 to 16 bits.
    I16x8ExtendHighI8x16U i16x8_extend_high_i8x16_u 0x02ce { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = product of the lanes `i` of the lower halves, signed, from 8 to 16 bits.
    I16x8ExtMulLowI8x16S i16x8_ext_mul_low_i8x16_s 0x02cf { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8ExtMulLowI8x16S };
    /// `dst[i]` = product of the lanes `i` of the lower halves, unsigned, from 8 to 16 bits.
    I16x8ExtMulLowI8x16U i16x8_ext_mul_low_i8x16_u 0x02d0 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8ExtMulLowI8x16U };
    /// `dst[i]` = product of the lanes `i` of the upper halves, signed, from 8 to 16 bits.
    I16x8ExtMulHighI8x16S i16x8_ext_mul_high_i8x16_s 0x02d1 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8ExtMulHighI8x16S };
    /// `dst[i]` = product of the lanes `i` of the upper halves, unsigned, from 8 to 16 bits.
    I16x8ExtMulHighI8x16U i16x8_ext_mul_high_i8x16_u 0x02d2 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I16x8ExtMulHighI8x16U };
    /// `dst[i] = src[2 i] + src[2 i + 1]`, signed, from 8 to 16 bits.
    I16x8ExtAddPairwiseI8x16S i16x8_ext_add_pairwise_i8x16_s 0x02d3 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = src[2 i] + src[2 i + 1]`, unsigned, from 8 to 16 bits.
    I16x8ExtAddPairwiseI8x16U i16x8_ext_add_pairwise_i8x16_u 0x02d4 { dst: Out<V128>, src: In<V128> } [];
    /// `dst` = the lanes of `lhs`, then of `rhs`, signed, saturated to 8 bits, signed.
    I8x16NarrowI16x8S i8x16_narrow_i16x8_s 0x02d5 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst` = the lanes of `lhs`, then of `rhs`, signed, saturated to 8 bits, unsigned.
    I8x16NarrowI16x8U i8x16_narrow_i16x8_u 0x02d6 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = lane `i` of the lower half of `src`, sign-extended from 16 to 32 bits.
    I32x4ExtendLowI16x8S i32x4_extend_low_i16x8_s 0x02d7 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = lane `i` of the lower half of `src`, zero-extended from 16 to 32 bits.
    I32x4ExtendLowI16x8U i32x4_extend_low_i16x8_u 0x02d8 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = lane `i` of the upper half of `src`, sign-extended from 16 to 32 bits.
    I32x4ExtendHighI16x8S i32x4_extend_high_i16x8_s 0x02d9 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = lane `i` of the upper half of `src`, zero-extended from 16 to 32 bits.
    I32x4ExtendHighI16x8U i32x4_extend_high_i16x8_u 0x02da { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = product of the lanes `i` of the lower halves, signed, from 16 to 32 bits.
    I32x4ExtMulLowI16x8S i32x4_ext_mul_low_i16x8_s 0x02db { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4ExtMulLowI16x8S };
    /// `dst[i]` = product of the lanes `i` of the lower halves, unsigned, from 16 to 32 bits.
    I32x4ExtMulLowI16x8U i32x4_ext_mul_low_i16x8_u 0x02dc { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4ExtMulLowI16x8U };
    /// `dst[i]` = product of the lanes `i` of the upper halves, signed, from 16 to 32 bits.
    I32x4ExtMulHighI16x8S i32x4_ext_mul_high_i16x8_s 0x02dd { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4ExtMulHighI16x8S };
    /// `dst[i]` = product of the lanes `i` of the upper halves, unsigned, from 16 to 32 bits.
    I32x4ExtMulHighI16x8U i32x4_ext_mul_high_i16x8_u 0x02de { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I32x4ExtMulHighI16x8U };
    /// `dst[i] = src[2 i] + src[2 i + 1]`, signed, from 16 to 32 bits.
    I32x4ExtAddPairwiseI16x8S i32x4_ext_add_pairwise_i16x8_s 0x02df { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = src[2 i] + src[2 i + 1]`, unsigned, from 16 to 32 bits.
    I32x4ExtAddPairwiseI16x8U i32x4_ext_add_pairwise_i16x8_u 0x02e0 { dst: Out<V128>, src: In<V128> } [];
    /// `dst` = the lanes of `lhs`, then of `rhs`, signed, saturated to 16 bits, signed.
    I16x8NarrowI32x4S i16x8_narrow_i32x4_s 0x02e1 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst` = the lanes of `lhs`, then of `rhs`, signed, saturated to 16 bits, unsigned.
    I16x8NarrowI32x4U i16x8_narrow_i32x4_u 0x02e2 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = lane `i` of the lower half of `src`, sign-extended from 32 to 64 bits.
    I64x2ExtendLowI32x4S i64x2_extend_low_i32x4_s 0x02e3 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = lane `i` of the lower half of `src`, zero-extended from 32 to 64 bits.
    I64x2ExtendLowI32x4U i64x2_extend_low_i32x4_u 0x02e4 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = lane `i` of the upper half of `src`, sign-extended from 32 to 64 bits.
    I64x2ExtendHighI32x4S i64x2_extend_high_i32x4_s 0x02e5 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = lane `i` of the upper half of `src`, zero-extended from 32 to 64 bits.
    I64x2ExtendHighI32x4U i64x2_extend_high_i32x4_u 0x02e6 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = product of the lanes `i` of the lower halves, signed, from 32 to 64 bits.
    I64x2ExtMulLowI32x4S i64x2_ext_mul_low_i32x4_s 0x02e7 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I64x2ExtMulLowI32x4S };
    /// `dst[i]` = product of the lanes `i` of the lower halves, unsigned, from 32 to 64 bits.
    I64x2ExtMulLowI32x4U i64x2_ext_mul_low_i32x4_u 0x02e8 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I64x2ExtMulLowI32x4U };
    /// `dst[i]` = product of the lanes `i` of the upper halves, signed, from 32 to 64 bits.
    I64x2ExtMulHighI32x4S i64x2_ext_mul_high_i32x4_s 0x02e9 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I64x2ExtMulHighI32x4S };
    /// `dst[i]` = product of the lanes `i` of the upper halves, unsigned, from 32 to 64 bits.
    I64x2ExtMulHighI32x4U i64x2_ext_mul_high_i32x4_u 0x02ea { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [] { swapped I64x2ExtMulHighI32x4U };
    /// `dst[i] = (lhs[i] * rhs[i] + 2^14) >> 15`, signed; saturates, in 8 lanes of 16 bits.
    I16x8Q15MulrSatS i16x8_q15_mulr_sat_s 0x02eb { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[2 i] * rhs[2 i] + lhs[2 i + 1] * rhs[2 i + 1]`, signed, from 16 to 32 bits.
    I32x4DotI16x8S i32x4_dot_i16x8_s 0x02ec { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[2 i] * rhs[2 i] + lhs[2 i + 1] * rhs[2 i + 1]`, signed, from 8 to 16 bits; saturates.
    I16x8DotI8x16S i16x8_dot_i8x16_s 0x02ed { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded up.
    F32x4Ceil f32x4_ceil 0x02ee { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded down.
    F32x4Floor f32x4_floor 0x02ef { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded to zero.
    F32x4Trunc f32x4_trunc 0x02f0 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded to nearest, ties to even.
    F32x4Nearest f32x4_nearest 0x02f1 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` without its sign.
    F32x4Abs f32x4_abs 0x02f2 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `-src[i]`.
    F32x4Neg f32x4_neg 0x02f3 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = square root of `src[i]`.
    F32x4Sqrt f32x4_sqrt 0x02f4 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = lhs[i] + rhs[i]`.
    F32x4Add f32x4_add 0x02f5 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] - rhs[i]`.
    F32x4Sub f32x4_sub 0x02f6 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] * rhs[i]`.
    F32x4Mul f32x4_mul 0x02f7 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] / rhs[i]`.
    F32x4Div f32x4_div 0x02f8 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = the lesser; NaN if one is NaN; -0 < +0.
    F32x4Min f32x4_min 0x02f9 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = the greater; NaN if one is NaN; -0 < +0.
    F32x4Max f32x4_max 0x02fa { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = rhs[i] < lhs[i] ? rhs[i] : lhs[i]`.
    F32x4PMin f32x4_p_min 0x02fb { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] < rhs[i] ? rhs[i] : lhs[i]`.
    F32x4PMax f32x4_p_max 0x02fc { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded up.
    F64x2Ceil f64x2_ceil 0x02fd { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded down.
    F64x2Floor f64x2_floor 0x02fe { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded to zero.
    F64x2Trunc f64x2_trunc 0x02ff { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded to nearest, ties to even.
    F64x2Nearest f64x2_nearest 0x0300 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` without its sign.
    F64x2Abs f64x2_abs 0x0301 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `-src[i]`.
    F64x2Neg f64x2_neg 0x0302 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = square root of `src[i]`.
    F64x2Sqrt f64x2_sqrt 0x0303 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = lhs[i] + rhs[i]`.
    F64x2Add f64x2_add 0x0304 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] - rhs[i]`.
    F64x2Sub f64x2_sub 0x0305 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] * rhs[i]`.
    F64x2Mul f64x2_mul 0x0306 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] / rhs[i]`.
    F64x2Div f64x2_div 0x0307 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = the lesser; NaN if one is NaN; -0 < +0.
    F64x2Min f64x2_min 0x0308 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = the greater; NaN if one is NaN; -0 < +0.
    F64x2Max f64x2_max 0x0309 { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = rhs[i] < lhs[i] ? rhs[i] : lhs[i]`.
    F64x2PMin f64x2_p_min 0x030a { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i] = lhs[i] < rhs[i] ? rhs[i] : lhs[i]`.
    F64x2PMax f64x2_p_max 0x030b { dst: Out<V128>, lhs: In<V128>, rhs: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded to zero, signed; saturates, NaN gives 0.
    I32x4TruncSatF32x4S i32x4_trunc_sat_f32x4_s 0x030c { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded to zero, signed; saturates, NaN gives 0; the upper two lanes are 0.
    I32x4TruncSatF64x2SZero i32x4_trunc_sat_f64x2_s_zero 0x030d { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = src[i]`, signed, rounded to nearest.
    F32x4ConvertI32x4S f32x4_convert_i32x4_s 0x030e { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = src[i]`, signed, of the lower two lanes.
    F64x2ConvertLowI32x4S f64x2_convert_low_i32x4_s 0x030f { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded to zero, unsigned; saturates, NaN gives 0.
    I32x4TruncSatF32x4U i32x4_trunc_sat_f32x4_u 0x0310 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i]` = `src[i]` rounded to zero, unsigned; saturates, NaN gives 0; the upper two lanes are 0.
    I32x4TruncSatF64x2UZero i32x4_trunc_sat_f64x2_u_zero 0x0311 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = src[i]`, unsigned, rounded to nearest.
    F32x4ConvertI32x4U f32x4_convert_i32x4_u 0x0312 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = src[i]`, unsigned, of the lower two lanes.
    F64x2ConvertLowI32x4U f64x2_convert_low_i32x4_u 0x0313 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = src[i]`, rounded to nearest; the upper two lanes are 0.
    F32x4DemoteF64x2Zero f32x4_demote_f64x2_zero 0x0314 { dst: Out<V128>, src: In<V128> } [];
    /// `dst[i] = src[i]`, of the lower two lanes.
    F64x2PromoteLowF32x4 f64x2_promote_low_f32x4 0x0315 { dst: Out<V128>, src: In<V128> } [];
    } };
}
