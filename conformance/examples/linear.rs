//! What the passes do with the families of hard inputs, at one size and at twice that: seconds, steps (in builds that count them),
//! and how many times as much the larger takes. Passes that take much more than twice as long are named.
//!
//! `cargo run --profile measure -p minivm-conformance --example linear -- [TEXT-IN-THE-NAME] [TIMES-THE-SIZE]`

use minivm_conformance::growth::shapes;
use minivm_conformance::growth::stages::stages;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let text = arguments.next().unwrap_or_default();
    let times = arguments.next().and_then(|times| times.parse().ok()).unwrap_or(10);
    for shape in shapes().into_iter().filter(|shape| shape.name.contains(&text)) {
        let size = shape.size * times;
        let [one, two] = [size, 2 * size].map(|size| stages(&(shape.make)(size)));
        let seconds = |all: &[minivm_conformance::growth::stages::Stage]| -> f64 {
            all.iter().map(|stage| stage.time.as_secs_f64()).sum()
        };
        let steps =
            |all: &[minivm_conformance::growth::stages::Stage]| -> u64 { all.iter().map(|stage| stage.steps).sum() };
        let ratio = seconds(&two) / seconds(&one);
        print!("{:44} {:8.3} s {:8.3} s {ratio:5.2}", shape.name, seconds(&one), seconds(&two));
        print!("  {} {} steps", steps(&one), steps(&two));
        for (one, two) in one.iter().zip(&two) {
            let (before, after) = (one.time.as_secs_f64(), two.time.as_secs_f64());
            if after > 0.01 && after > 2.6 * before || two.steps > 10_000 && two.steps > one.steps * 5 / 2 {
                print!("  {}: {before:.3} {after:.3} s, {} {} steps", one.name, one.steps, two.steps);
            }
        }
        println!();
    }
}
