//! Calls on sockets. Programs are granted none, so there is no descriptor they work on;
//! the errors are those of a system that has sockets.

use super::errno::{Errno, Error};
use super::memory::Memory;
use super::state::Wasi;

impl Wasi {
    fn not_a_socket(&self, fd: u32) -> Result<(), Error> {
        self.descriptors.get(fd)?;
        Err(Errno::NotSock.into())
    }

    /// Would accept a connection; no descriptor is a socket.
    pub fn sock_accept(&mut self, _: &mut Memory<'_>, fd: u32, _flags: u32, _accepted: u32) -> Result<(), Error> {
        self.not_a_socket(fd)
    }

    /// Would receive; no descriptor is a socket.
    #[expect(clippy::too_many_arguments, reason = "the signature is the interface's")]
    pub fn sock_recv(
        &mut self,
        _: &mut Memory<'_>,
        fd: u32,
        _iovs: u32,
        _iovs_len: u32,
        _flags: u32,
        _nread: u32,
        _out_flags: u32,
    ) -> Result<(), Error> {
        self.not_a_socket(fd)
    }

    /// Would send; no descriptor is a socket.
    pub fn sock_send(
        &mut self,
        _: &mut Memory<'_>,
        fd: u32,
        _iovs: u32,
        _iovs_len: u32,
        _flags: u32,
        _nwritten: u32,
    ) -> Result<(), Error> {
        self.not_a_socket(fd)
    }

    /// Would shut a connection down; no descriptor is a socket.
    pub fn sock_shutdown(&mut self, _: &mut Memory<'_>, fd: u32, _how: u32) -> Result<(), Error> {
        self.not_a_socket(fd)
    }
}
