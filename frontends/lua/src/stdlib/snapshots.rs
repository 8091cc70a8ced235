//! How the libraries' state and file objects travel in snapshots.
//!
//! Standard streams are handed on before a state is saved; what was read ahead travels along. An open file belongs to the
//! process: it is refused by name, or closed, or its name travels, as the host chooses. Where the state is loaded, that host
//! chooses whether it is opened again. What such a file holds is not looked at: it may have changed in between.

use super::debug::{UPVALUE_KIND, UpvalueIdentity};
use super::host::{HostError, OpenMode, Standard, Whence};
use super::io_file::{FILE_KIND, FileObject};
use super::library::{CollectorMode, Library};
use super::stream::{Buffering, Origin, Stream};
use minivm::raw::{HostState, Machine, ObjectCodec, SnapshotError, StateCodec};

/// What becomes of files that are open when a state is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OpenFiles {
    /// The state is not saved.
    #[default]
    Refuse,
    /// In the saved state they are closed.
    Close,
    /// Name, mode and place travel, and the machine that loads the state may [open them again](SavedFiles::Reopen), as far as
    /// its host grants it.
    Reopen,
}

/// What becomes of files that are open in a state that is loaded. Loading has no effect outside unless the embedder says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SavedFiles {
    /// The state is not loaded.
    #[default]
    Refuse,
    /// They are closed: for who only looks at the state.
    Close,
    /// They are opened again, as far as the host grants it.
    Reopen,
}

/// Says what becomes of files that are open in states that are loaded into a machine with the libraries.
pub fn set_saved_files(machine: &mut Machine, policy: SavedFiles) {
    machine.host_state().get::<Library>().saved_files = policy;
}

/// The name of the state in snapshots.
const STATE: &str = "lua";

/// Tells the machine how what belongs to the libraries travels.
pub fn set_open_files(machine: &mut Machine, policy: OpenFiles) {
    let codec = ObjectCodec {
        save: Box::new(move |object, _| match object.as_any_mut().downcast_mut::<FileObject>() {
            Some(file) => save_file(file, policy),
            None => Err("it holds no file".into()),
        }),
        load: Box::new(|bytes, _, state| Ok(Box::new(load_file(bytes, state)?))),
    };
    machine.set_object_codec(FILE_KIND, codec);
    let identity =
        ObjectCodec { save: Box::new(|_, _| Ok(Vec::new())), load: Box::new(|_, _, _| Ok(Box::new(UpvalueIdentity))) };
    machine.set_object_codec(UPVALUE_KIND, identity);
    let state = StateCodec {
        save: Box::new(|state| state.get::<Library>().save()),
        load: Box::new(|state, bytes| Ok(state.get::<Library>().load(bytes)?)),
    };
    machine.set_state_codec(STATE, state);
}

// What a file object is.
const CLOSED: u8 = 0;
const INPUT: u8 = 1;
const OUTPUT: u8 = 2;
const ERROR: u8 = 3;
/// The mode, the buffering, the place (eight bytes), the name.
const OPEN: u8 = 4;

/// Modes by their numbers.
const MODES: [OpenMode; 6] =
    [OpenMode::Read, OpenMode::Write, OpenMode::Append, OpenMode::Update, OpenMode::UpdateNew, OpenMode::UpdateAppend];

fn save_file(file: &mut FileObject, policy: OpenFiles) -> Result<Vec<u8>, String> {
    let stream = match file {
        FileObject::Closed => return Ok(vec![CLOSED]),
        FileObject::Standard(Standard::Input) => return Ok(vec![INPUT]),
        FileObject::Standard(Standard::Output) => return Ok(vec![OUTPUT]),
        FileObject::Standard(Standard::Error) => return Ok(vec![ERROR]),
        FileObject::Open(stream) => stream,
    };
    let called = match stream.origin() {
        Some(origin) => format!("the file '{}'", String::from_utf8_lossy(&origin.name)),
        None => "a temporary file".to_owned(),
    };
    if policy == OpenFiles::Refuse {
        return Err(format!("{called} of the `io` library is open"));
    }
    stream.flush().map_err(|error| format!("what was written to {called} cannot be handed on: {error}"))?;
    if policy == OpenFiles::Close {
        return Ok(vec![CLOSED]);
    }
    let cannot = |why: &dyn std::fmt::Display| format!("{called} cannot be opened again: {why}");
    let Some(origin) = stream.origin().cloned() else { return Err(cannot(&"it has no name")) };
    // What was read ahead is read again.
    let place = stream.seek(Whence::Current, 0).map_err(|error| cannot(&error))?;
    let mode = MODES.iter().position(|mode| *mode == origin.mode).expect("all modes have numbers");
    let mut out = vec![OPEN, mode as u8, stream.buffering() as u8];
    out.extend_from_slice(&place.to_le_bytes());
    out.extend_from_slice(&origin.name);
    Ok(out)
}

fn load_file(bytes: &[u8], state: &mut HostState) -> Result<FileObject, SnapshotError> {
    let damaged = || SnapshotError::Damaged("not a file".into());
    Ok(match bytes {
        [CLOSED] => FileObject::Closed,
        [INPUT] => FileObject::Standard(Standard::Input),
        [OUTPUT] => FileObject::Standard(Standard::Output),
        [ERROR] => FileObject::Standard(Standard::Error),
        [OPEN, mode, how, rest @ ..] => {
            let mode = *MODES.get(usize::from(*mode)).ok_or_else(damaged)?;
            let how = buffering(*how).ok_or_else(damaged)?;
            let (place, name) = rest.split_first_chunk().ok_or_else(damaged)?;
            let place = i64::try_from(u64::from_le_bytes(*place)).map_err(|_| damaged())?;
            let shown = String::from_utf8_lossy(name);
            match state.get::<Library>().saved_files {
                SavedFiles::Refuse => {
                    let why = format!("the file '{shown}' is open in it, and files are not opened again here");
                    return Err(SnapshotError::Missing(why));
                }
                SavedFiles::Close => return Ok(FileObject::Closed),
                SavedFiles::Reopen => {}
            }
            let stream = open_again(state, Origin { name: name.to_vec(), mode }, how, place);
            FileObject::Open(Box::new(stream.map_err(|error| {
                SnapshotError::Missing(format!("the file '{shown}' cannot be opened again: {error}"))
            })?))
        }
        _ => return Err(damaged()),
    })
}

/// Opens a file as far as the host here grants it, at a place.
fn open_again(state: &mut HostState, origin: Origin, how: Buffering, place: i64) -> Result<Stream, HostError> {
    let file = state.get::<Library>().host.open_again(&origin.name, origin.mode)?;
    let mut stream = Stream::opened(file, origin);
    stream.set_buffering(how)?;
    stream.seek(Whence::Start, place)?;
    Ok(stream)
}

/// Bytes of the state without what streams have read ahead.
const FIXED_BYTES: usize = 4 * 8 + 1 + 8 + 8 + 1;

impl Library {
    fn save(&mut self) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        for word in self.random.state() {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.push(u8::from(self.mode == CollectorMode::Generational));
        out.extend_from_slice(&self.pause.to_le_bytes());
        out.extend_from_slice(&self.step_multiplier.to_le_bytes());
        out.push(u8::from(self.warnings) | u8::from(self.exact_upvalues) << 1);
        debug_assert!(out.len() == FIXED_BYTES);
        for stream in [Standard::Input, Standard::Output, Standard::Error] {
            let stream = self.standard(stream);
            stream.flush().map_err(|error| format!("what was printed cannot be handed on: {error}"))?;
            let (buffering, ahead) = stream.parts();
            out.push(buffering as u8);
            out.extend_from_slice(&(ahead.len() as u64).to_le_bytes());
            out.extend_from_slice(ahead);
        }
        Ok(out)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        let wrong = || "it is not what the libraries wrote".to_string();
        let (fixed, mut rest) = bytes.split_at_checked(FIXED_BYTES).ok_or_else(wrong)?;
        let word = |at: usize| u64::from_le_bytes(fixed[at..at + 8].try_into().expect("eight bytes"));
        let mut streams = Vec::new();
        for _ in 0..3 {
            let (head, tail) = rest.split_at_checked(9).ok_or_else(wrong)?;
            let length = u64::from_le_bytes(head[1..].try_into().expect("eight bytes"));
            let (ahead, tail) =
                tail.split_at_checked(usize::try_from(length).unwrap_or(usize::MAX)).ok_or_else(wrong)?;
            streams.push((buffering(head[0]).ok_or_else(wrong)?, ahead));
            rest = tail;
        }
        if !rest.is_empty() || fixed[32] > 1 || fixed[49] > 3 {
            return Err(wrong());
        }
        self.random = super::algorithms::random::Random::from_state([word(0), word(8), word(16), word(24)]);
        self.mode = if fixed[32] == 1 { CollectorMode::Generational } else { CollectorMode::Incremental };
        (self.pause, self.step_multiplier) = (word(33) as i64, word(41) as i64);
        self.warnings = fixed[49] & 1 != 0;
        self.exact_upvalues = fixed[49] & 2 != 0;
        for (stream, (buffering, ahead)) in
            [Standard::Input, Standard::Output, Standard::Error].into_iter().zip(streams)
        {
            Stream::take_over(self.standard(stream), buffering, ahead);
        }
        Ok(())
    }
}

fn buffering(number: u8) -> Option<Buffering> {
    [Buffering::No, Buffering::Full, Buffering::Line].into_iter().find(|buffering| *buffering as u8 == number)
}
