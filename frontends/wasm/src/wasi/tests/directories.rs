//! Paths, links, and reading directories.

use super::*;

#[test]
fn paths_stay_inside() {
    let (mut guest, host) = Guest::with_directory();
    host.create_dir_all("dir/nested").unwrap();
    host.write("dir/nested/file", "text").unwrap();
    let read = Rights::FD_READ.bits();
    let mut open = |path: &str| guest.open_as(path, OpenFlags::empty(), read, FdFlags::empty());
    assert!(open("dir/.//nested/../../dir/nested/../nested///./file").is_ok());
    assert!(open("dir/nested///").is_ok());
    for outside in ["/dir/nested/file", "..", "dir/../../x", "/"] {
        assert_eq!(open(outside), Err(Errno::NotCapable), "{outside}");
    }
    assert_eq!(open("dir/nested/file\0"), Err(Errno::Inval));
    assert_eq!(open(""), Err(Errno::NoEnt));
    assert_eq!(guest.path("path_unlink_file", "../x"), Errno::NotCapable);
    let (path, _) = guest.put(&[0xff, 0xfe]);
    assert_eq!(guest.call("path_unlink_file", &[ROOT, path, 2]), Errno::IlSeq);
    assert_eq!(guest.call("path_unlink_file", &[1, path, 2]), Errno::NotDir);
    assert_eq!(guest.call("path_unlink_file", &[77, path, 2]), Errno::BadF);
}

#[test]
fn directories_are_made_and_removed() {
    let (mut guest, host) = Guest::with_directory();
    assert_eq!(guest.path("path_create_directory", "dir"), Errno::Success);
    assert_eq!(guest.path("path_create_directory", "dir"), Errno::Exist);
    assert_eq!(guest.path("path_create_directory", "other/"), Errno::Success);
    assert_eq!(guest.path("path_create_directory", "no/where"), Errno::NoEnt);
    host.write("dir/file", "").unwrap();
    assert_eq!(guest.path("path_remove_directory", "dir"), Errno::NotEmpty);
    assert_eq!(guest.path("path_remove_directory", "dir/file"), Errno::NotDir);
    assert_eq!(guest.path("path_remove_directory", "dir/file/"), Errno::NotDir);
    assert_eq!(guest.path("path_remove_directory", "/"), Errno::NotCapable);
    assert_eq!(guest.path("path_unlink_file", "dir"), Errno::IsDir);
    assert_eq!(guest.path("path_unlink_file", "dir/file/"), Errno::NotDir);
    assert_eq!(guest.path("path_unlink_file", "dir/file"), Errno::Success);
    assert_eq!(guest.path("path_remove_directory", "dir//"), Errno::Success);
    assert!(!host.exists("dir"));
}

#[test]
fn files_are_renamed_and_linked() {
    let (mut guest, host) = Guest::with_directory();
    host.write("a", "text").unwrap();
    host.create_dir("dir").unwrap();
    let (a, b) = (guest.put(b"a"), guest.put(b"dir/b"));
    guest.ok("path_rename", &[ROOT, a.0, a.1, ROOT, b.0, b.1]);
    assert_eq!(host.read("dir/b").unwrap(), b"text");
    assert_eq!(guest.call("path_rename", &[ROOT, a.0, a.1, ROOT, b.0, b.1]), Errno::NoEnt);
    guest.ok("path_link", &[ROOT, 0, b.0, b.1, ROOT, a.0, a.1]);
    assert_eq!(host.read("a").unwrap(), b"text");
    assert_eq!(guest.call("path_link", &[ROOT, 0, b.0, b.1, ROOT, a.0, a.1]), Errno::Exist);
    assert_eq!(guest.call("path_link", &[ROOT, 1, b.0, b.1, ROOT, a.0, a.1]), Errno::Inval);
    guest.ok("path_filestat_get", &[ROOT, 0, a.0, a.1, RESULT]);
    assert_eq!(guest.u64(RESULT + 24), 2);
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_followed_on_request_only() {
    let (mut guest, host) = Guest::with_directory();
    host.write("file", "text").unwrap();
    let (target, link, root) = (guest.put(b"file"), guest.put(b"link"), guest.put(b"/etc"));
    guest.ok("path_symlink", &[target.0, target.1, ROOT, link.0, link.1]);
    let again = guest.call("path_symlink", &[target.0, target.1, ROOT, link.0, link.1]);
    assert_eq!(again, Errno::Exist);
    let absolute = guest.call("path_symlink", &[root.0, root.1, ROOT, link.0, link.1]);
    assert_eq!(absolute, Errno::NotCapable);
    guest.ok("path_readlink", &[ROOT, link.0, link.1, 100, 3, RESULT]);
    assert_eq!((guest.u32(RESULT), guest.bytes(100, 4)), (3, &b"fil\0"[..]));
    let read = Rights::FD_READ.bits();
    let opened = guest.open_as("link", OpenFlags::empty(), read, FdFlags::empty());
    assert_eq!(opened, Err(Errno::Loop));
    guest.ok("path_open", &[ROOT, 1, link.0, link.1, 0, read, 0, 0, RESULT]);
    let fd = u64::from(guest.u32(RESULT));
    assert_eq!(guest.read(fd), Ok("text".to_owned()));
    for (follow, kind) in [(0, FileType::SymbolicLink), (1, FileType::RegularFile)] {
        guest.ok("path_filestat_get", &[ROOT, follow, link.0, link.1, RESULT]);
        assert_eq!(guest.bytes(RESULT + 16, 1)[0], kind as u8);
    }
    // A link that the host made to somewhere outside leads nowhere.
    host.symlink_contents("/etc/hosts", "outside").unwrap();
    let outside = guest.put(b"outside");
    let arguments = [ROOT, 1, outside.0, outside.1, 0, read, 0, 0, RESULT];
    assert_eq!(guest.call("path_open", &arguments), Errno::NotCapable);
}

/// Names with their cookies, and whether the directory is at its end.
fn entries(guest: &mut Guest, fd: u64, cookie: u64, length: u64) -> (Vec<(String, u64)>, bool) {
    guest.ok("fd_readdir", &[fd, 4096, length, cookie, RESULT]);
    let used = u64::from(guest.u32(RESULT));
    let (mut at, mut found) = (0, Vec::new());
    while at + 24 <= used {
        let next = guest.u64(4096 + at);
        let name = u64::from(guest.u32(4096 + at + 16));
        at += 24 + name;
        if at > used {
            break;
        }
        let text = String::from_utf8(guest.bytes(4096 + at - name, name).to_vec()).unwrap();
        found.push((text, next));
    }
    (found, used < length)
}

#[test]
fn entries_come_in_order_with_cookies() {
    let (mut guest, host) = Guest::with_directory();
    for name in ["b", "a", "c"] {
        host.write(name, "").unwrap();
    }
    let named =
        |names: &[(&str, u64)]| names.iter().map(|(name, next)| ((*name).to_owned(), *next)).collect::<Vec<_>>();
    let all = named(&[(".", 1), ("..", 2), ("a", 3), ("b", 4), ("c", 5)]);
    assert_eq!(entries(&mut guest, ROOT, 0, 1000), (all.clone(), true));
    assert_eq!(entries(&mut guest, ROOT, 3, 1000), (all[3..].to_vec(), true));
    // A buffer that ends within an entry is full, and the entry comes again.
    assert_eq!(entries(&mut guest, ROOT, 0, 60), (all[..2].to_vec(), false));
    // What changes meanwhile does not disturb the count; from the start it shows.
    host.remove_file("a").unwrap();
    assert_eq!(entries(&mut guest, ROOT, 3, 1000), (all[3..].to_vec(), true));
    let fewer = named(&[(".", 1), ("..", 2), ("b", 3), ("c", 4)]);
    assert_eq!(entries(&mut guest, ROOT, 0, 1000), (fewer, true));
    assert_eq!(entries(&mut guest, ROOT, u64::MAX, 1000), (Vec::new(), true));
}
