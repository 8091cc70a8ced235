//! `--invoke`: an export is called with arguments from the command line, and its results are printed.

use super::{INITIALIZE, Outline, Printed, Session};
use crate::commands;
use crate::exit::Exit;
use crate::source::Failure;
use crate::values;
use minivm::raw::{InstanceId, Value};
use minivm_isa::{Convention, Program, Signature, Type};

impl Session {
    /// Calls an export and prints its results, one a line.
    pub(super) fn invoke(
        &mut self,
        (instance, program): (InstanceId, &Program),
        outline: &Outline,
        name: &str,
        arguments: &[Vec<u8>],
    ) -> Result<Exit, Failure> {
        if name != INITIALIZE {
            self.initialize(instance, outline);
        }
        let signature = self.exported(outline, name)?;
        let as_bits = signature.convention == Convention::Typed && values::needs_bits(signature, arguments);
        let values = self.arguments(name, (signature, as_bits), arguments)?;
        self.printed = Some(Printed { types: signature.results.clone(), as_bits });
        let called = if as_bits { self.adapter(instance, program)? } else { instance };
        let results = self.call(called, name, values)?;
        self.finish(results)
    }

    /// What becomes of the results of a run: those of a call that was asked for by name are printed.
    pub(super) fn finish(&mut self, (exit, results): (Exit, Vec<Value>)) -> Result<Exit, Failure> {
        match self.printed.clone() {
            Some(printed) if exit == Exit::Success => self.print_results(&results, &printed),
            _ => Ok(exit),
        }
    }

    /// Prints values, one a line.
    pub(super) fn print_results(
        &mut self,
        results: &[Value],
        Printed { types, as_bits }: &Printed,
    ) -> Result<Exit, Failure> {
        let shown = if *as_bits {
            values::show_bits(&mut self.machine, results, types)
        } else {
            let results = results.iter().enumerate();
            results.map(|(at, value)| values::show(&mut self.machine, *value, types.get(at).copied())).collect()
        };
        let lines: String = shown.into_iter().map(|line| line + "\n").collect();
        // What the program wrote comes before what it returned.
        self.flush()?;
        commands::print(lines.as_bytes())
    }

    /// The values of arguments; as those that stand for them bit for bit, if that is wanted.
    pub(super) fn arguments(
        &mut self,
        name: &str,
        (signature, as_bits): (&Signature, bool),
        texts: &[Vec<u8>],
    ) -> Result<Vec<Value>, Failure> {
        let is_typed = signature.convention == Convention::Typed;
        if is_typed && texts.len() != signature.params.len() {
            let types: Vec<String> = signature.params.iter().map(Type::to_string).collect();
            let message = format!("`{name}` takes {} arguments, not {}", types.len(), texts.len());
            let report = self.report(message).note(format!("its parameters are ({})", types.join(", ")));
            return Err(Failure::new(Exit::Usage, report));
        }
        let mut values = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let ty = if is_typed { signature.params[index] } else { Type::Any };
            let parsed = match as_bits {
                true => values::parse_bits(&mut self.machine, text, ty),
                false => values::parse(&mut self.machine, text, ty).map(|value| vec![value]),
            };
            let Some(parsed) = parsed else {
                let text = String::from_utf8_lossy(text);
                let report = self.report(format!("argument {} of `{name}`: `{text}` is not a valid {ty}", index + 1));
                return Err(Failure::new(Exit::Usage, report));
            };
            values.extend(parsed);
        }
        Ok(values)
    }
}
