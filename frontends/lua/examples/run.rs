//! Runs a Lua file with the standard library, and files, streams and clock of this process: a small embedding.

use minivm::{Error, Failure, Limits, Machine, Value};
use minivm_lua::stdlib::host::{HostError, LuaFile, LuaHost, OpenMode, Standard, Whence};
use minivm_lua::stdlib::{flush, install};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};

/// A file of the operating system.
struct SystemFile<F>(F);

impl LuaFile for SystemFile<File> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HostError> {
        Ok(self.0.read(buffer)?)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        Ok(self.0.write_all(bytes)?)
    }

    fn seek(&mut self, whence: Whence, offset: i64) -> Result<u64, HostError> {
        let negative = || HostError { message: "Invalid argument".into(), code: 22 };
        Ok(self.0.seek(match whence {
            Whence::Start => SeekFrom::Start(u64::try_from(offset).map_err(|_| negative())?),
            Whence::Current => SeekFrom::Current(offset),
            Whence::End => SeekFrom::End(offset),
        })?)
    }
}

/// Standard input.
struct Input;

impl LuaFile for Input {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HostError> {
        Ok(std::io::stdin().read(buffer)?)
    }
}

/// Standard output or error.
struct Output<W: Write>(W);

impl<W: Write + Send> LuaFile for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        Ok(self.0.write_all(bytes)?)
    }

    fn flush(&mut self) -> Result<(), HostError> {
        Ok(self.0.flush()?)
    }
}

/// Everything this process may do.
struct Process;

impl LuaHost for Process {
    fn standard(&mut self, stream: Standard) -> Box<dyn LuaFile> {
        match stream {
            Standard::Input => Box::new(Input),
            Standard::Output => Box::new(Output(std::io::stdout())),
            Standard::Error => Box::new(Output(std::io::stderr())),
        }
    }

    fn open(&mut self, name: &[u8], mode: OpenMode) -> Result<Box<dyn LuaFile>, HostError> {
        let mut options = OpenOptions::new();
        match mode {
            OpenMode::Read => options.read(true),
            OpenMode::Write => options.write(true).create(true).truncate(true),
            OpenMode::Append => options.append(true).create(true),
            OpenMode::Update => options.read(true).write(true),
            OpenMode::UpdateNew => options.read(true).write(true).create(true).truncate(true),
            OpenMode::UpdateAppend => options.read(true).append(true).create(true),
        };
        Ok(Box::new(SystemFile(options.open(path(name)?)?)))
    }

    fn open_temporary(&mut self) -> Result<Box<dyn LuaFile>, HostError> {
        let name = self.temporary_name()?;
        let file = self.open(&name, OpenMode::UpdateNew)?;
        self.remove(&name)?;
        Ok(file)
    }

    fn temporary_name(&mut self) -> Result<Vec<u8>, HostError> {
        let nanoseconds =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |t| t.as_nanos());
        let name = std::env::temp_dir().join(format!("lua_{}_{nanoseconds}", std::process::id()));
        File::create(&name)?;
        Ok(name.to_string_lossy().into_owned().into_bytes())
    }

    fn remove(&mut self, name: &[u8]) -> Result<(), HostError> {
        Ok(std::fs::remove_file(path(name)?)?)
    }

    fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), HostError> {
        Ok(std::fs::rename(path(from)?, path(to)?)?)
    }

    fn variable(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        Some(std::env::var(std::str::from_utf8(name).ok()?).ok()?.into_bytes())
    }

    fn time(&mut self) -> Option<i64> {
        let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(elapsed.as_secs()).ok()
    }
}

fn path(name: &[u8]) -> Result<&str, HostError> {
    std::str::from_utf8(name).map_err(|_| HostError { message: "No such file or directory".into(), code: 2 })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or("usage: run FILE [ARGUMENT...]")?;
    let mut machine = Machine::new(Limits::default());
    let globals = install(&mut machine, Box::new(Process))?;
    let source = std::fs::read(&name)?;
    let program = minivm_lua::compile_file(&source, format!("@{name}")).map_err(|error| error.to_string())?;
    let instance = machine.instantiate(program)?;
    let chunk = machine.closure(instance, "main", std::slice::from_ref(&globals))?;
    let mut values = Vec::new();
    let list = machine.table(0, 1)?;
    let text = machine.string(&name)?;
    machine.set(&list, &Value::int(0), &text)?;
    for (index, argument) in (1..).zip(arguments) {
        let value = machine.string(argument)?;
        machine.set(&list, &Value::int(index), &value)?;
        values.push(value);
    }
    machine.set_name(&globals, "arg", &list)?;
    let result = machine.call(&chunk, &values).map(drop);
    let closed = machine.close();
    flush(&mut machine)?;
    match result.and(closed.map_err(Error::from)) {
        Ok(()) => Ok(()),
        Err(Error::Failure(Failure::Exit(code))) => std::process::exit(code),
        Err(Error::Failure(Failure::Error { message, trace, .. })) => {
            eprintln!("run: {message}\n{trace}");
            std::process::exit(1)
        }
        Err(error) => Err(error.into()),
    }
}
