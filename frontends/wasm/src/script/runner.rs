//! Runs scripts on an engine, directive by directive.

use super::expected::fits;
use super::value::{Failure, Val};
use crate::{Features, translate_within};
use minivm_isa::Allowance;
use minivm_isa::verify::{Rejection, Verified};
use std::collections::HashMap;
use std::sync::Arc;
use wast::core::WastArgCore;
use wast::parser::ParseBuffer;
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke};

/// What scripts of older versions call wrong, and later proposals have made right: several memories and tables.
const VALID_SINCE: [&str; 4] = ["multiple memories", "multiple tables", "zero byte expected", "zero flag expected"];

/// A script in the format of the official testsuite.
#[derive(Clone, Copy, Debug)]
pub struct Script<'s> {
    /// What positions are told by.
    pub name: &'s str,
    /// Its text.
    pub text: &'s str,
    /// What modules may use that are said to be wrong.
    pub features: Features,
}

/// How a script went.
#[derive(Default, Debug)]
pub struct Outcome {
    /// How many assertions hold.
    pub passed: usize,
    /// File, line and reason of those that do not.
    pub failed: Vec<String>,
}

/// What runs the modules of scripts.
pub trait Engine {
    /// An instance of a module.
    type Instance: Copy;

    /// Instantiates a program.
    ///
    /// # Errors
    /// When it does not link, or its segments or start function trap.
    fn instantiate(&mut self, program: Arc<Verified>) -> Result<Self::Instance, Failure>;

    /// Makes the exports of an instance importable under a module name.
    fn register(&mut self, name: &str, instance: Self::Instance);

    /// Calls an exported function; a global gives its value, a memory the [`sum`](super::sum) of it.
    ///
    /// # Errors
    /// When it traps.
    fn invoke(&mut self, instance: Self::Instance, name: &str, arguments: &[Val]) -> Result<Vec<Val>, Failure>;
}

/// A script at work.
struct Running<E: Engine> {
    engine: E,
    current: Option<E::Instance>,
    named: HashMap<String, E::Instance>,
    /// Modules that are instantiated later; the last one also without a name.
    defined: HashMap<Option<String>, Arc<Verified>>,
    /// What wrong modules are checked against.
    features: Features,
}

/// Runs a script on an engine, which is given back.
///
/// # Errors
/// When the text is not a script; the message has a place.
pub fn run<E: Engine>(script: &Script<'_>, engine: E) -> Result<(Outcome, E), String> {
    let mut outcome = Outcome::default();
    let named = |mut error: wast::Error| {
        error.set_text(script.text);
        error.set_path(script.name.as_ref());
        error.to_string()
    };
    let mut lexer = wast::lexer::Lexer::new(script.text);
    // Scripts compare names with such characters.
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(named)?;
    let directives = wast::parser::parse::<Wast<'_>>(&buffer).map_err(named)?.directives;
    let (named, defined) = (HashMap::new(), HashMap::new());
    let mut running = Running { engine, current: None, named, defined, features: script.features };
    for directive in directives {
        let line = directive.span().linecol_in(script.text).0 + 1;
        match running.directive(directive, &format!("{}:{line}", script.name)) {
            Ok(count) => outcome.passed += count,
            Err(reason) => outcome.failed.push(format!("{}:{line}: {reason}", script.name)),
        }
    }
    Ok((outcome, running.engine))
}

impl<E: Engine> Running<E> {
    /// Runs a directive; returns how many assertions it is.
    fn directive(&mut self, directive: WastDirective<'_>, name: &str) -> Result<usize, String> {
        match directive {
            WastDirective::Module(mut module) => {
                self.current = None;
                let id = module.name().map(|id| id.name().to_owned());
                let instance = self.instantiate(&mut module, name)?.map_err(|failure| format!("{failure:?}"))?;
                self.named.extend(id.map(|id| (id, instance)));
                self.current = Some(instance);
                Ok(0)
            }
            WastDirective::ModuleDefinition(mut module) => {
                let id = module.name().map(|id| id.name().to_owned());
                let program = translate(&mut module, name)?;
                self.defined.insert(None, program.clone());
                self.defined.insert(id, program);
                Ok(0)
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let program = self.defined.get(&module.map(|id| id.name().to_owned()));
                let program = program.ok_or("there is no such module")?.clone();
                let made = self.engine.instantiate(program).map_err(|failure| format!("{failure:?}"))?;
                self.named.extend(instance.map(|id| (id.name().to_owned(), made)));
                self.current = Some(made);
                Ok(0)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module.map(|id| id.name()))?;
                self.engine.register(name, instance);
                Ok(0)
            }
            WastDirective::Invoke(invoke) => self.invoke(&invoke)?.map_err(|failure| format!("{failure:?}")).map(|_| 0),
            WastDirective::AssertReturn { exec, results, .. } => {
                let values = self.execute(exec, name)?.map_err(|failure| format!("{failure:?}"))?;
                let fits =
                    values.len() == results.len() && values.iter().zip(&results).all(|(value, ret)| fits(value, ret));
                if fits { Ok(1) } else { Err(format!("expected {results:?}, found {values:x?}")) }
            }
            WastDirective::AssertTrap { exec, message, .. } => match self.execute(exec, name)? {
                Err(Failure::Trap(trap)) if same_message(&trap, message) => Ok(1),
                other => Err(format!("expected trap '{message}', found {other:?}")),
            },
            WastDirective::AssertExhaustion { call, message, .. } => match self.invoke(&call)? {
                Err(Failure::Exhausted(_)) => Ok(1),
                other => Err(format!("expected '{message}', found {other:?}")),
            },
            WastDirective::AssertException { exec, .. } => match self.execute(exec, name)? {
                Err(Failure::Exception(_)) => Ok(1),
                other => Err(format!("expected an exception, found {other:?}")),
            },
            WastDirective::AssertUnlinkable { module, message, .. } => {
                match self.instantiate(&mut QuoteWat::Wat(module), name)? {
                    Err(Failure::Unlinkable(_)) => Ok(1),
                    Err(other) => Err(format!("expected '{message}', found {other:?}")),
                    Ok(_) => Err(format!("expected '{message}', but it links")),
                }
            }
            WastDirective::AssertInvalid { mut module, message, .. }
            | WastDirective::AssertMalformed { mut module, message, .. } => self.refuses(&mut module, message, name),
            // Sections that mean something to tools only are not looked into.
            WastDirective::AssertInvalidCustom { mut module, message, .. }
            | WastDirective::AssertMalformedCustom { mut module, message, .. } => match module.encode() {
                Ok(_) => Err(format!("expected '{message}', but the annotation is not looked into")),
                Err(_) => Ok(1),
            },
            other => Err(format!("not supported: {other:?}")),
        }
    }

    /// A module that is wrong.
    fn refuses(&self, module: &mut QuoteWat<'_>, message: &str, name: &str) -> Result<usize, String> {
        match module.encode() {
            _ if VALID_SINCE.contains(&message) => Ok(0),
            Ok(bytes) if translate_within(&bytes, name, self.features, &mut Allowance::default()).is_ok() => {
                Err(format!("expected '{message}', but it is accepted"))
            }
            Ok(_) | Err(_) => Ok(1),
        }
    }

    fn instance(&self, id: Option<&str>) -> Result<E::Instance, String> {
        let instance = match id {
            Some(id) => self.named.get(id).copied(),
            None => self.current,
        };
        instance.ok_or_else(|| "unknown instance".to_owned())
    }

    fn instantiate(&mut self, module: &mut QuoteWat<'_>, name: &str) -> Result<Result<E::Instance, Failure>, String> {
        let program = translate(module, name)?;
        Ok(self.engine.instantiate(program))
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Vec<Val>, Failure>, String> {
        let instance = self.instance(invoke.module.map(|id| id.name()))?;
        let arguments = invoke.args.iter().map(argument).collect::<Result<Vec<_>, _>>()?;
        Ok(self.engine.invoke(instance, invoke.name, &arguments))
    }

    fn execute(&mut self, execute: WastExecute<'_>, name: &str) -> Result<Result<Vec<Val>, Failure>, String> {
        match execute {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => Ok(self.instantiate(&mut QuoteWat::Wat(module), name)?.map(|_| Vec::new())),
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module.map(|id| id.name()))?;
                Ok(self.engine.invoke(instance, global, &[]))
            }
        }
    }
}

fn translate(module: &mut QuoteWat<'_>, name: &str) -> Result<Arc<Verified>, String> {
    let bytes = module.encode().map_err(|error| error.to_string())?;
    let program = crate::translate(&bytes, name).map_err(|error| error.to_string())?;
    let first = |rejections: Vec<Rejection>| rejections.first().map_or(String::new(), ToString::to_string);
    minivm_isa::verify(program).map(Arc::new).map_err(|rejections| format!("rejected: {}", first(rejections)))
}

/// Messages of the scripts are cut short or longer than ours.
fn same_message(found: &str, expected: &str) -> bool {
    // They say of what kind the reference is.
    let is_null = found == "null reference" && expected.starts_with("null ") && expected.ends_with(" reference");
    let is_cast = expected.strip_prefix("descriptor ") == Some(found);
    is_null || is_cast || found.contains(expected) || expected.starts_with(found)
}

fn argument(argument: &WastArg<'_>) -> Result<Val, String> {
    match argument {
        WastArg::Core(WastArgCore::I32(value)) => Ok(Val::I32(*value)),
        WastArg::Core(WastArgCore::I64(value)) => Ok(Val::I64(*value)),
        WastArg::Core(WastArgCore::F32(value)) => Ok(Val::F32(value.bits)),
        WastArg::Core(WastArgCore::F64(value)) => Ok(Val::F64(value.bits)),
        WastArg::Core(WastArgCore::V128(value)) => Ok(Val::V128(u128::from_le_bytes(value.to_le_bytes()))),
        WastArg::Core(WastArgCore::RefNull(_)) => Ok(Val::Null),
        WastArg::Core(WastArgCore::RefExtern(number) | WastArgCore::RefHost(number)) => Ok(Val::Extern(*number)),
        other => Err(format!("not supported: argument {other:?}")),
    }
}
