//! Opening, reading, writing, and what is known of files.

use super::*;

#[test]
fn a_file_is_written_and_read() {
    let (mut guest, host) = Guest::with_directory();
    let fd = guest.open("file", OpenFlags::CREATE).unwrap();
    assert_eq!(fd, 4);
    assert_eq!(guest.write(fd, "hello world"), Errno::Success);
    assert_eq!(guest.u32(RESULT), 11);
    assert_eq!(host.read("file").unwrap(), b"hello world");
    assert_eq!(guest.seek(fd, 6, 0), Ok(6));
    assert_eq!(guest.read(fd), Ok("world".to_owned()));
    assert_eq!(guest.seek(fd, -5, 2), Ok(6));
    assert_eq!(guest.seek(fd, -1, 1), Ok(5));
    assert_eq!(guest.seek(fd, -1, 0), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, 0, 3), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, -100, 1), Err(Errno::Inval));
    guest.ok("fd_tell", &[fd, RESULT]);
    assert_eq!(guest.u64(RESULT), 5);
    guest.ok("fd_datasync", &[fd]);
    guest.ok("fd_sync", &[fd]);
    guest.ok("fd_sync", &[ROOT]);
    guest.ok("fd_close", &[fd]);
    assert_eq!(guest.read(fd), Err(Errno::BadF));
}

#[test]
fn several_buffers_are_one_transfer() {
    let (mut guest, host) = Guest::with_directory();
    let fd = guest.open("file", OpenFlags::CREATE).unwrap();
    let pieces = [guest.put(b"ab"), (0, 0), guest.put(b"cdef")];
    let (buffers, count) = guest.buffers(&pieces);
    guest.ok("fd_pwrite", &[fd, buffers, count, 3, RESULT]);
    assert_eq!(guest.u32(RESULT), 6);
    guest.ok("fd_write", &[fd, buffers, count, RESULT]);
    assert_eq!(host.read("file").unwrap(), b"abcdefdef");
    let targets = [guest.put(&[0; 4]), guest.put(&[0; 100])];
    let (buffers, count) = guest.buffers(&targets);
    guest.ok("fd_pread", &[fd, buffers, count, 1, RESULT]);
    assert_eq!(guest.u32(RESULT), 8);
    assert_eq!((guest.bytes(targets[0].0, 4), guest.bytes(targets[1].0, 4)), (&b"bcde"[..], &b"fdef"[..]));
    // The position is where the write left it.
    assert_eq!(guest.seek(fd, 0, 1), Ok(6));
    guest.ok("fd_pread", &[fd, buffers, count, 1000, RESULT]);
    assert_eq!(guest.u32(RESULT), 0);
}

#[test]
fn flags_decide_how_a_file_is_opened() {
    let (mut guest, host) = Guest::with_directory();
    assert_eq!(guest.open("file", OpenFlags::empty()), Err(Errno::NoEnt));
    host.write("file", "12345").unwrap();
    host.create_dir("dir").unwrap();
    let exclusive = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
    assert_eq!(guest.open("file", exclusive), Err(Errno::Exist));
    guest.open("new", exclusive).unwrap();
    let read = Rights::FD_READ.bits();
    let none = FdFlags::empty();
    assert_eq!(guest.open_as("file", OpenFlags::DIRECTORY, read, none), Err(Errno::NotDir));
    assert_eq!(guest.open_as("file/", OpenFlags::empty(), read, none), Err(Errno::NotDir));
    assert_eq!(guest.open("dir", OpenFlags::empty()), Err(Errno::IsDir));
    assert_eq!(guest.open("dir", OpenFlags::DIRECTORY), Err(Errno::IsDir));
    for how in [OpenFlags::empty(), OpenFlags::DIRECTORY] {
        let fd = guest.open_as("dir", how, read, none).unwrap();
        assert_eq!(guest.read(fd), Err(Errno::IsDir));
        assert_eq!(guest.write(fd, ""), Errno::IsDir);
        assert_eq!(guest.seek(fd, 0, 0), Err(Errno::IsDir));
    }
    let both = OpenFlags::DIRECTORY | OpenFlags::CREATE;
    assert_eq!(guest.open_as("made", both, read, none), Err(Errno::Inval));
    // Cutting needs no right to write.
    guest.open_as("file", OpenFlags::TRUNCATE, read, none).unwrap();
    assert_eq!(host.read("file").unwrap(), b"");
    let fd = guest.open_as("made", OpenFlags::CREATE, 0, none).unwrap();
    assert_eq!(guest.write(fd, "x"), Errno::NotCapable);
    let (path, length) = guest.put(b"file");
    let wrong_bits = [ROOT, 0, path, length, 1 << 4, read, read, 0, RESULT];
    assert_eq!(guest.call("path_open", &wrong_bits), Errno::Inval);
}

#[test]
fn appending_goes_to_the_end_until_turned_off() {
    let (mut guest, host) = Guest::with_directory();
    host.write("file", "old").unwrap();
    let rights = Rights::FILE.bits();
    let fd = guest.open_as("file", OpenFlags::empty(), rights, FdFlags::APPEND).unwrap();
    assert_eq!(guest.write(fd, "+new"), Errno::Success);
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.write(fd, "+more"), Errno::Success);
    assert_eq!(host.read("file").unwrap(), b"old+new+more");
    guest.ok("fd_fdstat_get", &[fd, RESULT]);
    assert_eq!(guest.u16(RESULT + 2), FdFlags::APPEND.bits());
    guest.ok("fd_fdstat_set_flags", &[fd, 0]);
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.write(fd, "OLD"), Errno::Success);
    assert_eq!(host.read("file").unwrap(), b"OLD+new+more");
    let sync = u64::from(FdFlags::SYNC.bits());
    assert_eq!(guest.call("fd_fdstat_set_flags", &[fd, sync]), Errno::Inval);
    assert_eq!(guest.call("fd_fdstat_set_flags", &[fd, 1 << 9]), Errno::Inval);
    let how = OpenFlags::TRUNCATE | OpenFlags::CREATE;
    let fd = guest.open_as("file", how, rights, FdFlags::APPEND).unwrap();
    assert_eq!(guest.write(fd, "cut"), Errno::Success);
    assert_eq!(host.read("file").unwrap(), b"cut");
}

#[cfg(unix)]
#[test]
fn a_read_only_file_opens_with_the_create_flag() {
    use cap_std::fs::{Permissions, PermissionsExt};
    let (mut guest, host) = Guest::with_directory();
    host.write("file", "text").unwrap();
    host.set_permissions("file", Permissions::from_mode(0o444)).unwrap();
    let read = Rights::FD_READ.bits();
    let fd = guest.open_as("file", OpenFlags::CREATE, read, FdFlags::empty()).unwrap();
    assert_eq!(guest.read(fd), Ok("text".to_owned()));
}

#[test]
fn size_and_times_are_set_and_read() {
    let (mut guest, host) = Guest::with_directory();
    let fd = guest.open("file", OpenFlags::CREATE).unwrap();
    guest.ok("fd_filestat_set_size", &[fd, 100]);
    guest.ok("fd_allocate", &[fd, 50, 100]);
    guest.ok("fd_advise", &[fd, 0, 10, 3]);
    assert_eq!(guest.call("fd_advise", &[fd, 0, 10, 6]), Errno::Inval);
    assert_eq!(guest.call("fd_allocate", &[fd, u64::MAX, 2]), Errno::Inval);
    guest.ok("fd_filestat_set_times", &[fd, 1_000_000_001, 2_000_000_002, 1 | 4]);
    guest.ok("fd_filestat_get", &[fd, RESULT]);
    assert_eq!(guest.bytes(RESULT + 16, 1)[0], FileType::RegularFile as u8);
    assert_eq!(guest.u64(RESULT + 24), 1);
    assert_eq!(guest.u64(RESULT + 32), 150);
    assert_eq!([guest.u64(RESULT + 40), guest.u64(RESULT + 48)], [1_000_000_001, 2_000_000_002]);
    let inode = guest.u64(RESULT + 8);
    let (path, length) = guest.put(b"file");
    // "Now" is the program's own clock, which has just started.
    guest.ok("path_filestat_set_times", &[ROOT, 0, path, length, 5, 6, 2]);
    guest.ok("path_filestat_get", &[ROOT, 0, path, length, RESULT]);
    assert_eq!(guest.u64(RESULT + 8), inode);
    assert_eq!([guest.u64(RESULT + 40), guest.u64(RESULT + 48)], [1_000, 2_000_000_002]);
    for which in [1 | 2, 4 | 8, 16] {
        assert_eq!(guest.call("fd_filestat_set_times", &[fd, 0, 0, which]), Errno::Inval);
    }
    guest.ok("fd_filestat_set_times", &[ROOT, 0, 7_000, 4]);
    guest.ok("fd_filestat_get", &[ROOT, RESULT]);
    assert_eq!(guest.u64(RESULT + 48), 7_000);
    assert!(host.metadata("file").unwrap().len() == 150);
}
