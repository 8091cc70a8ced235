//! Running bytecode of any language: the module `std`, and imports that are found as `require` finds modules.

use super::{Outline, Printed, Session, lua};
use crate::arguments::Run;
use crate::exit::Exit;
use crate::source::Failure;
use minivm::raw::Value;
use minivm_isa::Verified;
use std::sync::Arc;

impl Session {
    /// Lets programs import `std`, with the clock where that is granted.
    pub(super) fn install_std(&mut self) -> Result<(), Failure> {
        if self.has_std {
            return Ok(());
        }
        let host = if self.grants.clock { minivm_std::Process::with_clock() } else { minivm_std::Process::default() };
        let installed = minivm_std::install(self.machine.safe(), Box::new(host));
        installed.map_err(|_| self.out_of_memory())?;
        self.has_std = true;
        Ok(())
    }

    /// Runs a program that imports from modules: files in any language, beside which others may be.
    pub(super) fn run_with_modules(
        &mut self,
        options: &Run,
        outline: &Outline,
        program: Arc<Verified>,
        arguments: &[Vec<u8>],
    ) -> Result<Exit, Failure> {
        let (name, values) = match &options.invoke {
            Some(name) => {
                let signature = self.exported(outline, name)?;
                self.printed = Some(Printed { types: signature.results.clone(), as_bits: false });
                (Some(name.as_str()), self.arguments(name, (signature, false), arguments)?)
            }
            None => self.entry_with_arguments(outline, arguments)?,
        };
        for &value in &values {
            self.machine.keep(value);
        }
        lua::library(self)?;
        self.check_memory(options)?;
        let source = self.name.clone();
        let call = minivm_modules::raw::runner(&mut self.machine, &source, program, name, &values);
        let (runner, values) = call.map_err(|_| self.out_of_memory())?;
        self.is_linking = true;
        let has_start = outline.has_start;
        let results = self.call_value(runner, values)?;
        if name.is_none() && results.0 == Exit::Success && !has_start {
            return Err(self.nothing_to_run(outline));
        }
        self.finish(results)
    }

    /// The function that a program begins with, and what it gets.
    fn entry_with_arguments(
        &mut self,
        outline: &Outline,
        arguments: &[Vec<u8>],
    ) -> Result<(Option<&'static str>, Vec<Value>), Failure> {
        match self.entry(outline)? {
            Some((name, signature)) if signature.is_dynamic() => {
                let values: Option<Vec<Value>> =
                    arguments.iter().map(|argument| self.machine.string(argument).ok()).collect();
                Ok((Some(name), values.ok_or_else(|| self.out_of_memory())?))
            }
            Some((name, signature)) if signature.params.is_empty() => Ok((Some(name), Vec::new())),
            // What it imports is looked at first.
            _ => Ok((None, Vec::new())),
        }
    }
}
