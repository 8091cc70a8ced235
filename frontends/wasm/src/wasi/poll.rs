//! `poll_oneoff`: waiting for time and for descriptors.

use super::clocks::clock_id;
use super::descriptors::{Descriptor, Object};
use super::errno::{Errno, Error};
use super::memory::{Memory, Record};
use super::platform::{self, Interest};
use super::sources::{Clock, ClockId};
use super::state::Wasi;
use super::types::{FileType, Rights};
use cap_std::fs::Metadata;
use std::fs::File;
use std::io::{self, Seek};
use std::time::Duration;

/// The size of a `subscription` structure.
const SUBSCRIPTION_BYTES: usize = 48;

/// More subscriptions in one call than this are refused, as POSIX systems do.
const SUBSCRIPTIONS_MAX: u32 = 4096;

/// The size of an `event` structure.
const EVENT_BYTES: usize = 32;

/// The bit in a clock subscription that makes its time a moment instead of a span.
const ABSOLUTE: u16 = 1;

/// What to wait for.
enum Event {
    /// This many nanoseconds from now on.
    Time(u64),
    Transfer(u32, Interest),
    /// The request itself is wrong; the event tells so at once.
    Wrong(Errno),
}

struct Subscription {
    userdata: u64,
    /// The number of the kind of event, which the answer repeats.
    kind: u8,
    event: Event,
}

/// How far a subscription is.
#[derive(Clone, Copy)]
enum State {
    Waiting,
    Ready { errno: Errno, bytes: u64 },
}

fn word(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().expect("8 bytes"))
}

impl Subscription {
    fn read(bytes: &[u8], clock: &mut dyn Clock) -> Result<Self, Errno> {
        let kind = bytes[8];
        let subject = word(bytes, 16) as u32;
        let event = match kind {
            0 => {
                let flags = word(bytes, 40) as u16;
                match clock_id(subject).and_then(|id| span(clock, id, word(bytes, 24), flags)) {
                    Ok(nanoseconds) => Event::Time(nanoseconds),
                    Err(errno) => Event::Wrong(errno),
                }
            }
            1 => Event::Transfer(subject, Interest::Read),
            2 => Event::Transfer(subject, Interest::Write),
            _ => return Err(Errno::Inval),
        };
        Ok(Subscription { userdata: word(bytes, 0), kind, event })
    }

    fn answer(&self, errno: Errno, bytes: u64) -> Record<EVENT_BYTES> {
        Record::new().u64(0, self.userdata).u16(8, errno.number()).u8(10, self.kind).u64(16, bytes)
    }
}

/// How long to wait until the time of a clock subscription.
fn span(clock: &mut dyn Clock, id: ClockId, time: u64, flags: u16) -> Result<u64, Errno> {
    match flags {
        0 => clock.resolution(id).map(|_| time).ok_or(Errno::NotSup),
        ABSOLUTE => clock.now(id).map(|now| time.saturating_sub(now)).ok_or(Errno::NotSup),
        _ => Err(Errno::Inval),
    }
}

/// A descriptor that is always ready, or the file to wait on.
enum Readiness<'a> {
    Now(u64),
    On(&'a File),
}

fn readiness(descriptor: &Descriptor, interest: Interest) -> Result<Readiness<'_>, Errno> {
    let right = match interest {
        Interest::Read => Rights::FD_READ,
        Interest::Write => Rights::FD_WRITE,
    };
    match &descriptor.object {
        Object::Directory(_) => return Err(Errno::BadF),
        Object::File(_) | Object::Input(_) | Object::Output(_) => {
            descriptor.require(right | Rights::POLL_FD_READWRITE)?;
        }
    }
    Ok(match &descriptor.object {
        Object::File(file) if file.kind == FileType::RegularFile => Readiness::Now(match interest {
            Interest::Read => left(&file.file)?,
            Interest::Write => 0,
        }),
        Object::File(file) => Readiness::On(&file.file),
        Object::Input(stream) => match stream.waits_on() {
            Some(file) => Readiness::On(file),
            None => Readiness::Now(0),
        },
        // Output waits by itself when it must.
        Object::Output(_) | Object::Directory(_) => Readiness::Now(0),
    })
}

/// How many bytes of a file are still to be read.
fn left(mut file: &File) -> Result<u64, Errno> {
    let size = Metadata::from_file(file)?.len();
    Ok(size.saturating_sub(file.stream_position()?))
}

/// What a call has to wait for.
pub(super) struct Blocking {
    /// As long as it may wait; for ever if there is no limit.
    pub(super) nanoseconds: Option<u64>,
    /// What ends the wait before that.
    pub(super) descriptors: Vec<(u32, Interest)>,
}

impl Wasi {
    /// What a call of a function would wait for, if it cannot be answered at once. Calls that are wrong do not wait.
    pub(super) fn blocks(&mut self, name: &str, memory: &mut [u8], arguments: &[u64]) -> Option<Blocking> {
        let blocking = match (name, arguments) {
            ("fd_read", &[fd, ..]) => Blocking { nanoseconds: None, descriptors: vec![(fd as u32, Interest::Read)] },
            ("poll_oneoff", &[subscriptions, _, count, _]) => {
                self.poll_blocks(memory, subscriptions as u32, count as u32)?
            }
            _ => return None,
        };
        let is_ready = blocking.descriptors.iter().any(|&(fd, interest)| !self.is_waited_for(fd, interest));
        (!is_ready && !self.is_any_ready(&blocking.descriptors)).then_some(blocking)
    }

    fn poll_blocks(&mut self, memory: &mut [u8], subscriptions: u32, count: u32) -> Option<Blocking> {
        if count == 0 || count > SUBSCRIPTIONS_MAX {
            return None;
        }
        let (start, length) = (subscriptions as usize, count as usize * SUBSCRIPTION_BYTES);
        let table = memory.get(start..)?.get(..length)?;
        let mut blocking = Blocking { nanoseconds: None, descriptors: Vec::new() };
        for bytes in table.chunks_exact(SUBSCRIPTION_BYTES) {
            match Subscription::read(bytes, self.clock.as_mut()).ok()?.event {
                Event::Time(0) | Event::Wrong(_) => return None,
                Event::Time(span) => {
                    blocking.nanoseconds = Some(blocking.nanoseconds.map_or(span, |other| other.min(span)));
                }
                Event::Transfer(fd, interest) => blocking.descriptors.push((fd, interest)),
            }
        }
        Some(blocking)
    }

    /// Whether a descriptor is one that is not always ready.
    fn is_waited_for(&self, fd: u32, interest: Interest) -> bool {
        let descriptor = self.descriptors.get(fd);
        matches!(descriptor.and_then(|descriptor| readiness(descriptor, interest)), Ok(Readiness::On(_)))
    }

    /// Whether one of these descriptors is ready.
    pub(super) fn is_any_ready(&self, descriptors: &[(u32, Interest)]) -> bool {
        let file = |&(fd, interest): &(u32, Interest)| match readiness(self.descriptors.get(fd).ok()?, interest) {
            Ok(Readiness::On(file)) => Some((file, interest)),
            Ok(Readiness::Now(_)) | Err(_) => None,
        };
        let files: Vec<(&File, Interest)> = descriptors.iter().filter_map(file).collect();
        // A descriptor that has gone meanwhile is no reason to wait further.
        files.len() < descriptors.len()
            || !files.is_empty()
                && platform::wait(&files, Some(Duration::ZERO)).map_or(true, |ready| ready.contains(&true))
    }

    /// Waits until at least one of the subscriptions has happened; writes an event for
    /// each that has, and how many there are.
    pub fn poll_oneoff(
        &mut self,
        memory: &mut Memory<'_>,
        subscriptions: u32,
        events: u32,
        nsubscriptions: u32,
        nevents: u32,
    ) -> Result<(), Error> {
        if nsubscriptions == 0 || nsubscriptions > SUBSCRIPTIONS_MAX {
            return Err(Errno::Inval.into());
        }
        let count = u64::from(nsubscriptions);
        let table = memory.range(subscriptions, count * SUBSCRIPTION_BYTES as u64)?;
        memory.range(events, count * EVENT_BYTES as u64)?;
        memory.range(nevents, 4)?;
        let wanted = memory
            .checked(table)
            .chunks_exact(SUBSCRIPTION_BYTES)
            .map(|bytes| Subscription::read(bytes, self.clock.as_mut()))
            .collect::<Result<Vec<_>, _>>()?;
        // Whoever is to answer has seen the question.
        self.flush_quietly();
        let states = self.wait(&wanted)?;
        let (mut address, mut happened) = (events, 0);
        for (subscription, state) in wanted.iter().zip(states) {
            if let State::Ready { errno, bytes } = state {
                memory.write(address, subscription.answer(errno, bytes).bytes())?;
                address = address.wrapping_add(EVENT_BYTES as u32);
                happened += 1;
            }
        }
        Ok(memory.write_u32(nevents, happened)?)
    }

    fn wait(&mut self, wanted: &[Subscription]) -> Result<Vec<State>, Error> {
        let mut states = Vec::with_capacity(wanted.len());
        let mut files: Vec<(&File, Interest)> = Vec::new();
        let mut waiting = Vec::new();
        let mut first: Option<u64> = None;
        for (index, subscription) in wanted.iter().enumerate() {
            let ready = |errno, bytes| State::Ready { errno, bytes };
            states.push(match subscription.event {
                Event::Time(span) => {
                    first = Some(first.map_or(span, |other| other.min(span)));
                    State::Waiting
                }
                Event::Wrong(errno) => ready(errno, 0),
                Event::Transfer(fd, interest) => {
                    let descriptor = self.descriptors.get(fd);
                    match descriptor.and_then(|descriptor| readiness(descriptor, interest)) {
                        Ok(Readiness::Now(bytes)) => ready(Errno::Success, bytes),
                        Ok(Readiness::On(file)) => {
                            files.push((file, interest));
                            waiting.push(index);
                            State::Waiting
                        }
                        Err(errno) => ready(errno, 0),
                    }
                }
            });
        }
        let any_ready = states.iter().any(|state| matches!(state, State::Ready { .. }));
        // Another thread has worked meanwhile.
        let before = self.passed.unwrap_or(0);
        if before > 0 && !self.clock.goes_on() {
            self.clock.sleep(before)?;
        }
        let limit = if any_ready || self.passed.is_some() { Some(0) } else { first };
        let mut passed = pass(self.clock.as_mut(), &files, limit)?;
        passed.nanoseconds = passed.nanoseconds.max(before);
        for (index, _) in waiting.iter().zip(&passed.ready).filter(|(_, ready)| **ready) {
            states[*index] = State::Ready { errno: Errno::Success, bytes: 0 };
        }
        for (state, subscription) in states.iter_mut().zip(wanted) {
            if let Event::Time(span) = subscription.event
                && span <= passed.nanoseconds
            {
                *state = State::Ready { errno: Errno::Success, bytes: 0 };
            }
        }
        Ok(states)
    }
}

/// What a wait brought.
struct Passed {
    /// Whether each file is ready.
    ready: Vec<bool>,
    /// How much of the time the program asked for is over.
    nanoseconds: u64,
}

/// Waits for the files, or for the time, or both; `None` is for as long as it takes.
fn pass(clock: &mut dyn Clock, files: &[(&File, Interest)], limit: Option<u64>) -> io::Result<Passed> {
    let over = |nanoseconds| Passed { ready: vec![false; files.len()], nanoseconds };
    if files.is_empty() {
        let nanoseconds = limit.unwrap_or(0);
        if nanoseconds > 0 {
            clock.sleep(nanoseconds)?;
        }
        return Ok(over(nanoseconds));
    }
    // A clock that does not go on by itself must not make the host wait for it.
    let wait = if clock.goes_on() { limit } else { limit.map(|_| 0) };
    let ready = loop {
        match platform::wait(files, wait.map(Duration::from_nanos)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => break result?,
        }
    };
    if ready.contains(&true) {
        return Ok(Passed { ready, nanoseconds: 0 });
    }
    let nanoseconds = limit.unwrap_or(0);
    if !clock.goes_on() {
        clock.sleep(nanoseconds)?;
    }
    Ok(over(nanoseconds))
}
