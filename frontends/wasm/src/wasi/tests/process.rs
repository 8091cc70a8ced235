//! Arguments, environment, clocks, randomness, exit, polling, sockets.

use super::*;

#[test]
fn arguments_and_environment_arrive() {
    let builder = WasiBuilder::new()
        .argument("name")
        .arguments(["-x", "ü"])
        .variable("A", "1")
        .variable("B", "x=y")
        .variable("A", "2");
    let mut guest = Guest::new(builder);
    guest.ok("args_sizes_get", &[RESULT, RESULT_2]);
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT_2)), (3, 11));
    guest.ok("args_get", &[100, 200]);
    assert_eq!([guest.u32(100), guest.u32(104), guest.u32(108)], [200, 205, 208]);
    assert_eq!(guest.bytes(200, 11), "name\0-x\0ü\0".as_bytes());
    guest.ok("environ_sizes_get", &[RESULT, RESULT_2]);
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT_2)), (2, 10));
    guest.ok("environ_get", &[100, 200]);
    assert_eq!(guest.bytes(200, 10), b"B=x=y\0A=2\0");
}

#[test]
fn what_cannot_be_expressed_is_refused() {
    let error = WasiBuilder::new().argument("a\0b").build().unwrap_err();
    assert!(matches!(error, SetupError::ZeroByte(_)));
    let error = WasiBuilder::new().variable("a=b", "c").build().unwrap_err();
    assert!(matches!(error, SetupError::VariableName(_)));
    let error = WasiBuilder::new().host_directory("/no/such/place", "/").unwrap_err();
    assert!(error.to_string().contains("/no/such/place"), "{error}");
}

#[test]
fn nothing_is_granted_unless_said_so() {
    let mut guest = Guest::new(WasiBuilder::new());
    guest.ok("args_sizes_get", &[RESULT, RESULT_2]);
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT_2)), (0, 0));
    assert_eq!(guest.read(0), Ok(String::new()));
    assert_eq!(guest.write(1, "into the void"), Errno::Success);
    assert_eq!(guest.call("fd_prestat_get", &[3, RESULT]), Errno::BadF);
    // Time and randomness are those of every other such program.
    let mut other = Guest::new(WasiBuilder::new());
    for guest in [&mut guest, &mut other] {
        guest.ok("clock_time_get", &[0, 0, RESULT]);
        guest.ok("random_get", &[100, 13]);
    }
    assert_eq!(guest.u64(RESULT), other.u64(RESULT));
    assert_eq!(guest.bytes(100, 16), other.bytes(100, 16));
    assert_eq!(guest.bytes(113, 3), [0; 3]);
}

#[test]
fn clocks_go_on() {
    let mut guest = Guest::new(WasiBuilder::new().inherit_sources());
    for id in 0..4 {
        guest.ok("clock_res_get", &[id, RESULT]);
        assert!(guest.u64(RESULT) > 0);
        guest.ok("clock_time_get", &[id, 0, RESULT]);
        let before = guest.u64(RESULT);
        guest.ok("clock_time_get", &[id, 0, RESULT]);
        assert!(guest.u64(RESULT) >= before);
    }
    assert_eq!(guest.call("clock_time_get", &[4, 0, RESULT]), Errno::Inval);
    guest.ok("random_get", &[100, 32]);
    assert_ne!(guest.bytes(100, 32), [0; 32]);
}

#[test]
fn exit_and_raise_end_the_program() {
    let output = Captured::new();
    let mut guest = Guest::new(WasiBuilder::new().stdout(output.clone()));
    assert_eq!(guest.write(1, "bye"), Errno::Success);
    assert_eq!(guest.try_call("proc_exit", &[300]), Err(Stop::Exit(300)));
    assert_eq!(output.take(), b"bye");
    assert_eq!(guest.try_call("proc_raise", &[6]), Err(Stop::Raise(6)));
    assert_eq!(guest.call("proc_raise", &[0]), Errno::Success);
    assert_eq!(guest.call("proc_raise", &[16]), Errno::Success);
    assert_eq!(guest.call("proc_raise", &[31]), Errno::Inval);
    guest.ok("sched_yield", &[]);
}

#[test]
fn no_descriptor_is_a_socket() {
    let mut guest = Guest::new(WasiBuilder::new());
    for (fd, errno) in [(1, Errno::NotSock), (9, Errno::BadF)] {
        assert_eq!(guest.call("sock_accept", &[fd, 0, RESULT]), errno);
        assert_eq!(guest.call("sock_recv", &[fd, 0, 0, 0, RESULT, RESULT_2]), errno);
        assert_eq!(guest.call("sock_send", &[fd, 0, 0, 0, RESULT]), errno);
        assert_eq!(guest.call("sock_shutdown", &[fd, 1]), errno);
    }
}

/// A subscription to a clock.
fn time(userdata: u64, id: u32, nanoseconds: u64, absolute: bool) -> Vec<u8> {
    let mut bytes = vec![0; 48];
    bytes[0..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[16..20].copy_from_slice(&id.to_le_bytes());
    bytes[24..32].copy_from_slice(&nanoseconds.to_le_bytes());
    bytes[40] = absolute.into();
    bytes
}

/// A subscription to a descriptor.
fn transfer(userdata: u64, kind: u8, fd: u32) -> Vec<u8> {
    let mut bytes = vec![0; 48];
    bytes[0..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[8] = kind;
    bytes[16..20].copy_from_slice(&fd.to_le_bytes());
    bytes
}

/// Polls; returns user data, error, kind and byte count of each event.
fn poll(guest: &mut Guest, subscriptions: &[Vec<u8>]) -> Vec<(u64, u16, u8, u64)> {
    let (address, _) = guest.put(&subscriptions.concat());
    let count = subscriptions.len() as u64;
    guest.ok("poll_oneoff", &[address, 100, count, RESULT]);
    let event = |index: u64| {
        let at = 100 + index * 32;
        (guest.u64(at), guest.u16(at + 8), guest.bytes(at + 10, 1)[0], guest.u64(at + 16))
    };
    (0..u64::from(guest.u32(RESULT))).map(event).collect()
}

#[test]
fn polling_sleeps_until_the_first_time() {
    let mut guest = Guest::new(WasiBuilder::new());
    let hour = 3_600_000_000_000;
    let wanted = [time(1, 1, 2 * hour, false), time(2, 0, hour, false), time(3, 9, 0, false)];
    // A wrong request is told at once.
    assert_eq!(poll(&mut guest, &wanted), [(3, Errno::Inval.number(), 0, 0)]);
    assert_eq!(poll(&mut guest, &wanted[..2]), [(2, 0, 0, 0)]);
    guest.ok("clock_time_get", &[1, 0, RESULT]);
    assert!(guest.u64(RESULT) > hour, "the counting clock slept without waiting");
    assert_eq!(poll(&mut guest, &[time(4, 1, hour, true)]), [(4, 0, 0, 0)]);
    assert_eq!(guest.call("poll_oneoff", &[0, 0, 0, RESULT]), Errno::Inval);
}

#[test]
fn polling_tells_what_is_ready() {
    let (mut guest, host) = Guest::with_directory();
    host.write("file", "12345").unwrap();
    let fd = guest.open("file", OpenFlags::empty()).unwrap();
    guest.seek(fd, 2, 0).unwrap();
    let wanted = [
        transfer(1, 1, fd as u32),
        transfer(2, 2, 1),
        transfer(3, 1, 99),
        transfer(4, 1, 1),
        time(5, 1, 1_000_000_000, false),
        time(6, 1, 0, false),
    ];
    let expected = [
        (1, 0, 1, 3),
        (2, 0, 2, 0),
        (3, Errno::BadF.number(), 1, 0),
        (4, Errno::NotCapable.number(), 1, 0),
        (6, 0, 0, 0),
    ];
    assert_eq!(poll(&mut guest, &wanted), expected);
}

#[cfg(unix)]
#[test]
fn polling_waits_for_input() {
    use std::io::{Read, Write};

    struct Piped(std::fs::File);
    impl Read for Piped {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(bytes)
        }
    }
    impl InputStream for Piped {
        fn waits_on(&self) -> Option<&std::fs::File> {
            Some(&self.0)
        }
    }

    let (reader, mut writer) = std::io::pipe().unwrap();
    let reader = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
    let mut guest = Guest::new(WasiBuilder::new().stdin(Piped(reader)).inherit_sources());
    let wanted = [transfer(1, 1, 0), time(2, 1, 1_000_000, false)];
    assert_eq!(poll(&mut guest, &wanted), [(2, 0, 0, 0)]);
    writer.write_all(b"now").unwrap();
    assert_eq!(poll(&mut guest, &wanted), [(1, 0, 1, 0)]);
    assert_eq!(guest.read(0), Ok("now".to_owned()));
}
