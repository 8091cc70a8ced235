//! What a module imports of other files: programs that are preloaded, modules beside it, stubs in the place of functions that
//! nobody has.

use super::{INITIALIZE, Outline, Session};
use crate::arguments::Run;
use crate::exit::Exit;
use crate::load::{Loaded, load_to_run};
use crate::source::Failure;
use minivm::raw::InstanceId;
use minivm_isa::program::{FunctionDef, Import, Origin};
use minivm_isa::{Allowance, Program, Verified};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Modules that may import from one another in a chain.
const DEPTH_MAX: usize = 100;

/// How the modules of a command are linked.
struct Linking<'o> {
    options: &'o Run,
    arguments: &'o [Vec<u8>],
    /// Modules that are being loaded, the last one from the others.
    chain: Vec<String>,
}

impl Session {
    /// Provides what a program imports, as far as the command line says and the files beside it allow.
    pub(super) fn load_imports(
        &mut self,
        options: &Run,
        (folder, outline, program): (&Path, &Outline, &Program),
        arguments: &[Vec<u8>],
    ) -> Result<(), Failure> {
        let mut linking = Linking { options, arguments, chain: Vec::new() };
        for preload in &options.preloads {
            self.provide(&mut linking, &preload.name, &preload.file)?;
        }
        match outline.is_lua {
            true => Ok(()),
            false => self.complete(&mut linking, folder, program),
        }
    }

    /// Whether a program imports something that is not there yet.
    pub(super) fn lacks_imports(&self, program: &Program) -> bool {
        imports(program).any(|import| !self.machine.is_defined(&import.module, &import.name))
    }

    /// Loads a file as a module that others import from.
    fn provide(&mut self, linking: &mut Linking<'_>, name: &str, file: &Path) -> Result<(), Failure> {
        let memory_max = linking.options.memory_max.map_or(u64::MAX, |size| size.0);
        let loaded = load_to_run(file, self.features, &mut Allowance::new(memory_max))?;
        let Loaded { name: file_name, program, .. } = loaded;
        let (outline, program) = (Outline::new(&program), Arc::new(program));
        if outline.is_lua {
            let message = format!("`{file_name}` is written in Lua, and cannot be imported as a module");
            return Err(Failure::new(Exit::Usage, self.report(message)));
        }
        self.files.loaded(&file_name, file);
        if outline.imports_wasi && self.wasi.is_none() {
            self.install_wasi(&self.file.clone(), linking.arguments)?;
        }
        linking.chain.push(name.to_owned());
        if linking.chain.len() > DEPTH_MAX {
            return Err(self.failure("too many modules import from one another"));
        }
        self.complete(linking, file.parent().unwrap_or(Path::new("")), &program)?;
        linking.chain.pop();
        let instance = self.instantiate(&program)?;
        self.initialize(instance, &outline);
        self.machine.define_instance(name, instance);
        if self.has_lua {
            let added = minivm_modules::raw::add_module(&mut self.machine, name, instance);
            added.map_err(|_| self.out_of_memory())?;
        }
        Ok(())
    }

    /// Loads the modules beside a program that it imports from, and makes stubs if that is wanted.
    fn complete(&mut self, linking: &mut Linking<'_>, folder: &Path, program: &Program) -> Result<(), Failure> {
        for import in imports(program) {
            let is_there = self.machine.is_defined(&import.module, &import.name);
            if is_there || linking.options.sandbox || linking.chain.contains(&import.module) {
                continue;
            }
            if let Some(file) = beside(folder, &import.module) {
                self.provide(linking, &import.module, &file)?;
            }
        }
        match linking.options.stub_imports {
            true => self.define_stubs(program),
            false => Ok(()),
        }
    }

    fn define_stubs(&mut self, program: &Program) -> Result<(), Failure> {
        let is_there = |import: &Import| self.machine.is_defined(&import.module, &import.name);
        let (missing, stubs) = minivm_wasm::stubs(program, is_there);
        if missing.is_empty() {
            return Ok(());
        }
        let instance = self.instantiate(&Arc::new(stubs))?;
        for (number, import) in missing.iter().enumerate() {
            let stub = self.machine.exported_function(instance, &number.to_string());
            let stub = stub.ok_or_else(|| self.failure("a stub is missing"))?;
            self.machine.define_function(&import.module, &import.name, stub);
        }
        Ok(())
    }

    /// A library is set up before it is used.
    pub(super) fn initialize(&mut self, instance: InstanceId, outline: &Outline) {
        if outline.export(INITIALIZE).is_some_and(|signature| signature.params.is_empty()) {
            self.before.extend(self.machine.exported_function(instance, INITIALIZE));
        }
    }

    /// What stands before an instance and passes numbers bit for bit.
    pub(super) fn adapter(&mut self, instance: InstanceId, program: &Program) -> Result<InstanceId, Failure> {
        // No file of a module has such a name.
        let module = "(the program)";
        self.machine.define_instance(module, instance);
        let adapter: Verified = minivm_wasm::script::adapter(program, module);
        self.instantiate(&Arc::new(adapter))
    }
}

/// What a program imports, in order.
fn imports(program: &Program) -> impl Iterator<Item = &Import> {
    fn of<T>(origin: &Origin<T>) -> Option<&Import> {
        match origin {
            Origin::Import(import) => Some(import),
            Origin::Own(_) => None,
        }
    }
    let functions = program.functions.values().filter_map(|function| match function {
        FunctionDef::Import { import, .. } => Some(import),
        FunctionDef::Code(_) => None,
    });
    let globals = program.globals.values().filter_map(|global| of(&global.origin));
    let memories = program.memories.values().filter_map(|memory| of(&memory.origin));
    let tables = program.tables.values().filter_map(|table| of(&table.origin));
    functions.chain(globals).chain(memories).chain(tables)
}

/// The file of a module in a folder, as `require` would find it there: a name with dots is one in folders. Names with anything else
/// than letters, digits, `_` and `-` are those of no file.
fn beside(folder: &Path, module: &str) -> Option<PathBuf> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if !module.split('.').all(|part| !part.is_empty() && part.chars().all(is_plain)) {
        return None;
    }
    let path = module.replace('.', "/");
    let files = minivm_modules::ENDINGS.iter().map(|ending| folder.join(format!("{path}.{ending}")));
    files.into_iter().find(|file| file.is_file())
}
