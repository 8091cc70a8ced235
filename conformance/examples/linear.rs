//! Times of every family of hard inputs, at a size and twice that: `linear [TEXT] [--times N]`.
#![allow(missing_docs)]
use minivm_conformance::growth::{shapes, stages::stages};
fn main() {
    let mut args = std::env::args().skip(1);
    let text = args.next().unwrap_or_default();
    let times: usize = args.next().map_or(10, |n| n.parse().unwrap());
    for shape in shapes().into_iter().filter(|shape| shape.name.contains(&text)) {
        let n = shape.size * times;
        let mut all = Vec::new();
        for n in [n, 2 * n] {
            let input = (shape.make)(n);
            all.push(stages(&input));
        }
        let total: Vec<f64> = all.iter().map(|s| s.iter().map(|s| s.time.as_secs_f64()).sum()).collect();
        print!("{:44} {:8.3} {:8.3} {:5.2} ", shape.name, total[0], total[1], total[1] / total[0]);
        for (one, two) in all[0].iter().zip(&all[1]) {
            let (a, b) = (one.time.as_secs_f64(), two.time.as_secs_f64());
            if b > 0.01 && b / a > 2.6 || b > 0.2 * total[1] {
                print!(" {}:{:.3}/{:.3}={:.1}", one.name, a, b, b / a);
            }
        }
        println!();
    }
}
