//! Inflated snapshots, the short form: `cargo attack inflations` is the long one. What is resident is that of the whole process, so
//! nothing else is tested here.

use minivm::raw::Snapshot;
use minivm_conformance::forge::inflate::{inflate, ways};
use minivm_conformance::forge::resident::{forget_peak, peak, resident};
use minivm_conformance::forge::sources::{self, MEMORY_BYTES_MAX, machine};
use minivm_conformance::small_stack::with_small_stack;

/// Bytes that are added to a snapshot.
const BYTES: usize = 64 << 20;
/// Things of which a byte or two in a snapshot are many in memory.
const LABELS: [&str; 5] = ["instance", "cell", "counters", "kept values", "owners"];

#[test]
fn a_small_snapshot_that_claims_much_is_loaded_within_the_limit() {
    let sources = sources::few().expect("they can be made");
    let mut tried = 0;
    for (source, way) in ways(&sources).iter().filter(|(_, way)| LABELS.contains(&way.label) && way.fields == 1) {
        let payload = inflate(&source.fields, way, BYTES);
        assert!(payload.len() > BYTES);
        let before = resident();
        forget_peak();
        let result = with_small_stack(|| {
            let mut machine = machine(source.world).expect("there is memory");
            let snapshot = Snapshot::from_stream(&payload[..], payload.len() as u64, MEMORY_BYTES_MAX);
            snapshot.and_then(|snapshot| machine.load_snapshot(snapshot, Vec::new()))
        });
        let added = peak().saturating_sub(before);
        let most = MEMORY_BYTES_MAX + MEMORY_BYTES_MAX / 4 + (16 << 20);
        assert!(added <= most, "{way:?} of {}: {} MB, {result:?}", source.name, added >> 20);
        tried += 1;
    }
    assert!(tried >= LABELS.len(), "{tried} ways");
}
