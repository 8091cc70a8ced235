//! The code of a function of a program, which may be made when it is first looked at: large modules have many functions that never run.

use crate::allowance::{Allowance, Exhausted};
use crate::entities::{Const, Func, Sig};
use crate::instruction::Instruction;
use crate::program::{Constant, Function, Program};
use crate::size::{flow_bytes, function_bytes};
use crate::types::Type;
use crate::verify::{SignatureFacts, check_function};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock, Weak};

/// Makes the functions of a program, each when it is first needed.
pub trait FunctionSource: Send + Sync {
    /// Makes a function, which captures nothing. It must be the same one whenever it is made; in the place of one that cannot be made
    /// stands one that [fails](Function::failing). What is given when the allowance does not suffice is not used.
    fn function(&self, number: Func, allowance: &mut Allowance) -> Function;

    /// Bytes that it takes itself.
    fn bytes(&self) -> u64;
}

/// What makes the functions of a program, and verifies them if the program was verified.
pub struct FunctionMaker {
    source: Arc<dyn FunctionSource>,
    /// The verified program, which has this very maker; none before it is verified.
    program: Weak<Program>,
    facts: SignatureFacts,
}

impl FunctionMaker {
    /// One for a program that is not verified yet.
    pub fn new(source: impl FunctionSource + 'static) -> Arc<Self> {
        Arc::new(FunctionMaker { source: Arc::new(source), program: Weak::new(), facts: SignatureFacts::default() })
    }

    /// The same for a program that is about to be verified.
    pub(crate) fn verifying(&self, program: Weak<Program>) -> Arc<Self> {
        Arc::new(FunctionMaker { source: self.source.clone(), program, facts: SignatureFacts::default() })
    }

    /// Bytes that it takes itself, besides the functions that it has made.
    pub fn bytes(&self) -> u64 {
        self.source.bytes()
    }

    /// Makes a function, and verifies it.
    fn make(&self, code: &Code, allowance: &mut Allowance) -> Result<Function, Exhausted> {
        let made = self.source.function(code.number, allowance);
        let bytes = function_bytes(&made) + flow_bytes(&made);
        allowance.touch(bytes)?;
        if allowance.is_exhausted() {
            return Err(Exhausted { bytes });
        }
        // Nobody relies on the functions of a program that is not verified.
        let Some(program) = self.program.upgrade() else { return Ok(made) };
        let fails = |why: &str| {
            let params = program.signatures.get(code.signature).map_or(&[][..], |signature| &signature.params);
            Function::failing(made.name.clone(), (code.signature, params), why)
        };
        if made.signature != code.signature || !made.captures.is_empty() {
            return Ok(fails("the function is not what its program has declared"));
        }
        match check_function(&program, &self.facts, code.number, &made).first() {
            None => Ok(made),
            Some(rejection) => Ok(fails(&rejection.to_string())),
        }
    }
}

impl fmt::Debug for FunctionMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionMaker").finish_non_exhaustive()
    }
}

impl Function {
    /// A function with a signature and its parameters that stands for one that cannot be made: it raises why.
    pub fn failing(name: String, (signature, params): (Sig, &[Type]), why: &str) -> Self {
        Function {
            name,
            signature,
            captures: Vec::new(),
            registers: params.to_vec().into(),
            constants: vec![Constant::String(why.as_bytes().into())].into(),
            blocks: vec![0].into(),
            code: vec![Instruction::Throw { value: Const::from_u32(0).into() }],
            regions: Vec::new(),
            spans: Vec::new(),
            locals: Vec::new(),
            capture_names: Vec::new(),
        }
    }
}

/// The code of a function. One that is made later is made when something of it is read that is not known before; it is the same as if
/// it had been there from the start.
pub struct Code {
    /// What of the function is known before it is made.
    signature: Sig,
    number: Func,
    made: OnceLock<Box<Function>>,
    /// What makes it; none of a function that was there from the start, or was changed.
    maker: Option<Arc<FunctionMaker>>,
}

impl Code {
    /// The code that a function has.
    pub fn new(function: Function) -> Self {
        let signature = function.signature;
        Code { signature, number: Func::from_u32(0), made: OnceLock::from(Box::new(function)), maker: None }
    }

    /// The code of the function with this number and signature, which captures nothing, and is made later.
    pub fn later(maker: &Arc<FunctionMaker>, number: Func, signature: Sig) -> Self {
        Code { signature, number, made: OnceLock::new(), maker: Some(maker.clone()) }
    }

    /// What makes the function, if it was not there from the start.
    pub fn maker(&self) -> Option<&Arc<FunctionMaker>> {
        self.maker.as_ref()
    }

    pub(crate) fn set_maker(&mut self, maker: Arc<FunctionMaker>) {
        self.maker = Some(maker);
    }

    /// The function, if it is there by now.
    pub(crate) fn made(&self) -> Option<&Function> {
        self.made.get().map(|function| &**function)
    }

    /// The signature; the function need not be there.
    pub fn signature(&self) -> Sig {
        self.made().map_or(self.signature, |function| function.signature)
    }

    /// Types of the captured values; the function need not be there.
    pub fn captures(&self) -> &[Type] {
        self.made().map_or(&[], |function| &function.captures)
    }

    /// Makes the function, if it is not there, in so much memory; what it keeps may be taken from the allowance, or not.
    ///
    /// # Errors
    /// When the allowance does not suffice: then it can be made later.
    pub fn make(&self, allowance: &mut Allowance) -> Result<&Function, Exhausted> {
        if let Some(made) = self.made() {
            return Ok(made);
        }
        let maker = self.maker.as_ref().expect("a function that is not there has a maker");
        let function = maker.make(self, allowance)?;
        // Whoever else has made it by now has made the same.
        Ok(self.made.get_or_init(|| Box::new(function)))
    }
}

impl Deref for Code {
    type Target = Function;

    #[inline]
    fn deref(&self) -> &Function {
        match self.made() {
            Some(made) => made,
            None => self.make(&mut Allowance::default()).expect("an allowance without end suffices"),
        }
    }
}

impl DerefMut for Code {
    fn deref_mut(&mut self) -> &mut Function {
        let _: &Function = self;
        self.maker = None;
        self.made.get_mut().expect("it was just made")
    }
}

impl Clone for Code {
    fn clone(&self) -> Self {
        Code { signature: self.signature, number: self.number, made: self.made.clone(), maker: self.maker.clone() }
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
