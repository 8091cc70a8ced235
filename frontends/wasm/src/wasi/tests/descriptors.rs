//! Rights, numbers, and what directories grant.

use super::*;

#[test]
fn rights_only_shrink() {
    let (mut guest, host) = Guest::with_directory();
    host.write("file", "text").unwrap();
    let rights = (Rights::FD_READ | Rights::FD_WRITE | Rights::FD_SEEK).bits();
    let fd = guest.open_as("file", OpenFlags::empty(), rights, FdFlags::empty()).unwrap();
    guest.ok("fd_fdstat_get", &[fd, RESULT]);
    assert_eq!((guest.u64(RESULT + 8), guest.u64(RESULT + 16)), (rights, 0));
    assert_eq!(guest.call("fd_filestat_get", &[fd, RESULT]), Errno::NotCapable);
    assert_eq!(guest.call("fd_tell", &[fd, RESULT]), Errno::NotCapable);
    let fewer = Rights::FD_SEEK.bits();
    guest.ok("fd_fdstat_set_rights", &[fd, fewer, 0]);
    assert_eq!(guest.read(fd), Err(Errno::NotCapable));
    assert_eq!(guest.write(fd, "x"), Errno::NotCapable);
    assert_eq!(guest.call("fd_fdstat_set_rights", &[fd, rights, 0]), Errno::NotCapable);
    assert_eq!(guest.call("fd_fdstat_set_rights", &[fd, 1 << 60, 0]), Errno::NotCapable);
    assert_eq!(guest.seek(fd, 1, 0), Ok(1));
}

#[test]
fn directories_pass_on_what_they_inherit() {
    let (mut guest, host) = Guest::with_directory();
    host.write("file", "text").unwrap();
    let base = Rights::DIRECTORY.bits();
    let inheriting = (Rights::FD_READ | Rights::FD_SEEK).bits();
    guest.ok("fd_fdstat_set_rights", &[ROOT, base, inheriting]);
    assert_eq!(guest.open("file", OpenFlags::empty()), Err(Errno::NotCapable));
    let wanted = Rights::FILE - Rights::FD_WRITE;
    let fd = guest.open_as("file", OpenFlags::empty(), wanted.bits(), FdFlags::empty()).unwrap();
    guest.ok("fd_fdstat_get", &[fd, RESULT]);
    assert_eq!(guest.u64(RESULT + 8), inheriting);
    let base = (Rights::DIRECTORY - Rights::PATH_FILESTAT_SET_SIZE).bits();
    guest.ok("fd_fdstat_set_rights", &[ROOT, base, inheriting]);
    let read = Rights::FD_READ.bits();
    let cut = guest.open_as("file", OpenFlags::TRUNCATE, read, FdFlags::empty());
    assert_eq!(cut, Err(Errno::NotCapable));
    assert_eq!(host.read("file").unwrap(), b"text");
}

#[test]
fn a_directory_can_be_granted_for_reading_only() {
    let host = cap_tempfile::tempdir(cap_tempfile::ambient_authority()).unwrap();
    host.write("file", "text").unwrap();
    let dir = host.try_clone().unwrap();
    let mut guest = Guest::new(WasiBuilder::new().directory_read_only(dir, "."));
    let read = (Rights::FILE - Rights::FD_WRITE).bits();
    let fd = guest.open_as("file", OpenFlags::empty(), read, FdFlags::empty()).unwrap();
    assert_eq!(guest.read(fd), Ok("text".to_owned()));
    assert_eq!(guest.call("fd_filestat_set_size", &[fd, 0]), Errno::NotCapable);
    assert_eq!(guest.open("file", OpenFlags::empty()), Err(Errno::NotCapable));
    assert_eq!(guest.open("new", OpenFlags::CREATE), Err(Errno::NotCapable));
    for name in ["path_create_directory", "path_remove_directory", "path_unlink_file"] {
        assert_eq!(guest.path(name, "file"), Errno::NotCapable, "{name}");
    }
}

#[test]
fn numbers_are_the_lowest_free_and_can_move() {
    let (mut guest, host) = Guest::with_directory();
    host.write("a", "a").unwrap();
    host.write("b", "b").unwrap();
    let a = guest.open("a", OpenFlags::empty()).unwrap();
    let b = guest.open("b", OpenFlags::empty()).unwrap();
    assert_eq!((a, b), (4, 5));
    guest.ok("fd_renumber", &[b, a]);
    assert_eq!(guest.read(a), Ok("b".to_owned()));
    assert_eq!(guest.call("fd_close", &[b]), Errno::BadF);
    assert_eq!(guest.call("fd_renumber", &[a, b]), Errno::BadF);
    guest.ok("fd_renumber", &[a, a]);
    guest.ok("fd_close", &[0]);
    assert_eq!(guest.open("a", OpenFlags::empty()), Ok(0));
    // Output that is moved away still goes out.
    let output = Captured::new();
    let mut guest = Guest::new(WasiBuilder::new().stdout(output.clone()));
    assert_eq!(guest.write(1, "moved"), Errno::Success);
    guest.ok("fd_renumber", &[2, 1]);
    assert_eq!(output.take(), b"moved");
}

#[test]
fn granted_directories_are_found_by_name() {
    let host = cap_tempfile::tempdir(cap_tempfile::ambient_authority()).unwrap();
    let builder =
        WasiBuilder::new().directory(host.try_clone().unwrap(), "/data").directory(host.try_clone().unwrap(), ".");
    let mut guest = Guest::new(builder);
    guest.ok("fd_prestat_get", &[3, RESULT]);
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT + 4)), (0, 5));
    assert_eq!(guest.call("fd_prestat_dir_name", &[3, 100, 4]), Errno::NameTooLong);
    guest.ok("fd_prestat_dir_name", &[3, 100, 6]);
    assert_eq!(guest.bytes(100, 6), b"/data\0");
    guest.ok("fd_prestat_get", &[4, RESULT]);
    assert_eq!(guest.call("fd_prestat_get", &[5, RESULT]), Errno::BadF);
    // A directory that was opened is not one that was granted.
    let read = Rights::FD_READ.bits();
    let fd = guest.open_as(".", OpenFlags::DIRECTORY, read, FdFlags::empty()).unwrap();
    assert_eq!(guest.call("fd_prestat_get", &[fd, RESULT]), Errno::BadF);
}
