//! Chooses how the interpreter goes from handler to handler (see `src/dispatch/mod.rs`): by tail calls only where LLVM is
//! known to turn them into jumps.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(minivm_tail)");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let optimised = matches!(variable("OPT_LEVEL").as_str(), "1" | "2" | "3" | "s");
    // Debug assertions add calls to every handler, in whatever profile.
    let asserts = std::env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_some();
    let miri = std::env::var_os("CARGO_CFG_MIRI").is_some();
    let forced = std::env::var_os("CARGO_FEATURE_LOOP_DISPATCH").is_some();
    if optimised && !asserts && !miri && !forced && variable("CARGO_CFG_TARGET_ARCH") == "x86_64" {
        println!("cargo::rustc-cfg=minivm_tail");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
