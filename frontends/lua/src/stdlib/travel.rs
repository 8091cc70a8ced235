//! How the libraries' state and file objects travel in snapshots.
//!
//! Standard streams are handed on before a state is saved; what was read ahead travels along. An open file belongs to the
//! process: it is refused by name, or closed, as the host chooses.

use super::host::Standard;
use super::io_file::{FILE_KIND, FileObject};
use super::library::{CollectorMode, Library};
use super::stream::{Buffering, Stream};
use minivm::heap::HostObject;
use minivm::{Machine, ObjectCodec, ObjectHandles, StateCodec};

/// What becomes of files that are open when a state is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OpenFiles {
    /// The state is not saved.
    #[default]
    Refuse,
    /// In the saved state they are closed.
    Close,
}

/// The name of the state in snapshots.
const STATE: &str = "lua";

/// Tells the machine how what belongs to the libraries travels.
pub fn set_open_files(machine: &mut Machine, policy: OpenFiles) {
    let save = move |object: &dyn HostObject, _: &mut ObjectHandles| save_file(object, policy);
    let load = |bytes: &[u8], _: &ObjectHandles| load_file(bytes);
    machine.set_object_codec(FILE_KIND, ObjectCodec { save: Box::new(save), load: Box::new(load) });
    let state = StateCodec {
        save: Box::new(|state| state.get::<Library>().save()),
        load: Box::new(|state, bytes| state.get::<Library>().load(bytes)),
    };
    machine.set_state_codec(STATE, state);
}

fn save_file(object: &dyn HostObject, policy: OpenFiles) -> Result<Vec<u8>, String> {
    let file = object.as_any().downcast_ref::<FileObject>();
    Ok(vec![match file {
        Some(FileObject::Closed) => 0,
        Some(FileObject::Standard(Standard::Input)) => 1,
        Some(FileObject::Standard(Standard::Output)) => 2,
        Some(FileObject::Standard(Standard::Error)) => 3,
        Some(FileObject::Open(_)) if policy == OpenFiles::Close => 0,
        Some(FileObject::Open(_)) => return Err("a file of the `io` library is open".into()),
        None => return Err("it holds no file".into()),
    }])
}

fn load_file(bytes: &[u8]) -> Result<Box<dyn HostObject>, String> {
    Ok(Box::new(match bytes {
        [0] => FileObject::Closed,
        [1] => FileObject::Standard(Standard::Input),
        [2] => FileObject::Standard(Standard::Output),
        [3] => FileObject::Standard(Standard::Error),
        _ => return Err("it is no file".into()),
    }))
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
        out.push(u8::from(self.warnings));
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
        if !rest.is_empty() || fixed[32] > 1 || fixed[49] > 1 {
            return Err(wrong());
        }
        self.random = super::algorithms::random::Random::from_state([word(0), word(8), word(16), word(24)]);
        self.mode = if fixed[32] == 1 { CollectorMode::Generational } else { CollectorMode::Incremental };
        (self.pause, self.step_multiplier) = (word(33) as i64, word(41) as i64);
        self.warnings = fixed[49] == 1;
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
