//! States as bytes: what is refused takes nothing away, and claims no memory.

use super::*;

/// The descriptors that are there.
fn descriptors(wasi: &Wasi) -> Vec<bool> {
    wasi.descriptors.slots().iter().map(Option::is_some).collect()
}

#[test]
fn a_state_that_is_refused_leaves_all_descriptors() {
    let (mut guest, _host) = Guest::with_directory();
    let before = descriptors(&guest.wasi);
    let state = guest.wasi.save().expect("nothing is open");
    for end in 0..state.len() {
        guest.wasi.load(&state[..end]).expect_err("it ends early");
        assert_eq!(descriptors(&guest.wasi), before, "{end} bytes");
    }
    guest.wasi.load(&[&state[..], &[0]].concat()).expect_err("there is one more byte");
    guest.wasi.load(&state).expect("everything is still there");
    assert_eq!(descriptors(&guest.wasi), before);
}

#[test]
fn a_state_claims_no_more_than_there_can_be() {
    let (mut guest, _host) = Guest::with_directory();
    let state = guest.wasi.save().expect("nothing is open");
    let text = |error: minivm::raw::SnapshotError| error.to_string();
    let many = [&(1u64 << 40).to_le_bytes()[..], &vec![0; 1 << 10]].concat();
    assert!(text(guest.wasi.load(&many).expect_err("an argument ends with a zero")).contains("does not end"));
    let argument = [&1u64.to_le_bytes()[..], &[0]].concat();
    let long = [&(1u64 << 20).to_le_bytes()[..], &argument.repeat(1 << 20), &state].concat();
    assert!(text(guest.wasi.load(&long).expect_err("there are a million")).contains("than there can be"));
}
