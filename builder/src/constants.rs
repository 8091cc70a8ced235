//! Constants of a function under construction.

use crate::FunctionBuilder;
use minivm_isa::Operand;
use minivm_isa::entities::Const;
use minivm_isa::program::Constant;

/// Bytes that each takes while a function is built, with room to grow.
const CONSTANT_BYTES: u64 = 6 * size_of::<Constant>() as u64;

/// So many constants are looked through one by one, which is faster than to find one by its hash; most functions have fewer.
const LISTED_MAX: usize = 8;

/// Places of numbers that were asked for, by some of their bits: most are asked for again.
const PLACES_BITS: u32 = 6;

/// The numbers that were asked for last.
pub(crate) struct Recent([Const; 1 << PLACES_BITS]);

impl Default for Recent {
    fn default() -> Self {
        Recent([Const::from_u32(0); 1 << PLACES_BITS])
    }
}

impl Recent {
    /// The place of a number, if it is one.
    fn place(&mut self, constant: &Constant) -> Option<&mut Const> {
        let bits = match *constant {
            Constant::I32(value) => value as u64,
            Constant::I64(value) => value as u64,
            Constant::F32(bits) => bits.into(),
            Constant::F64(bits) => bits,
            _ => return None,
        };
        self.0.get_mut((bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES_BITS)) as usize)
    }
}

impl FunctionBuilder {
    /// A constant, as an operand. The same constant is kept once.
    pub fn constant(&mut self, constant: Constant) -> Operand {
        if let Some(known) = self.known_constant(&constant) {
            return known.into();
        }
        let text = if let Constant::String(bytes) = &constant { bytes.len() } else { 0 };
        self.take(CONSTANT_BYTES + 2 * text as u64);
        if self.constants.len() == LISTED_MAX {
            self.constant_ids = self.constants.iter().map(|(number, known)| (known.clone(), number)).collect();
        }
        if self.constants.len() < LISTED_MAX {
            return self.constants.push(constant).into();
        }
        let number = self.constants.push(constant.clone());
        self.constant_ids.insert(constant, number);
        number.into()
    }

    fn known_constant(&mut self, constant: &Constant) -> Option<Const> {
        if self.constants.len() > LISTED_MAX {
            let place = self.recent.place(constant);
            if let Some(&recent) = place.as_deref()
                && self.constants.get(recent) == Some(constant)
            {
                return Some(recent);
            }
            let known = self.constant_ids.get(constant).copied();
            if let (Some(place), Some(known)) = (place, known) {
                *place = known;
            }
            return known;
        }
        self.constants.iter().find(|(_, known)| *known == constant).map(|(number, _)| number)
    }

    /// The typed constant `value`.
    pub fn i32(&mut self, value: i32) -> Operand {
        self.constant(Constant::I32(value))
    }

    /// The typed constant `value`.
    pub fn i64(&mut self, value: i64) -> Operand {
        self.constant(Constant::I64(value))
    }

    /// The typed constant `value`.
    pub fn f32(&mut self, value: f32) -> Operand {
        self.constant(Constant::F32(value.to_bits()))
    }

    /// The typed constant `value`.
    pub fn f64(&mut self, value: f64) -> Operand {
        self.constant(Constant::F64(value.to_bits()))
    }

    /// The `any` nil.
    pub fn nil(&mut self) -> Operand {
        self.constant(Constant::Nil)
    }

    /// The `any` boolean `value`.
    pub fn boolean(&mut self, value: bool) -> Operand {
        self.constant(if value { Constant::True } else { Constant::False })
    }

    /// The `any` integer `value`.
    pub fn integer(&mut self, value: i64) -> Operand {
        self.constant(Constant::Integer(value))
    }

    /// The `any` float `value`.
    pub fn float(&mut self, value: f64) -> Operand {
        self.constant(Constant::Float(value.to_bits()))
    }

    /// The `any` string of these bytes.
    pub fn string(&mut self, bytes: impl AsRef<[u8]>) -> Operand {
        self.constant(Constant::String(bytes.as_ref().into()))
    }
}
