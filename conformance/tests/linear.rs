//! What a pass does with an input twice as large is about twice as much, for the hardest inputs of each kind: counted in steps,
//! not timed. The example `linear` shows larger inputs, and times.

use minivm_conformance::growth::stages::stages;
use minivm_conformance::growth::{Shape, shapes};
use minivm_conformance::small_stack::with_small_stack;
use std::sync::Mutex;

/// Passes with fewer steps are not compared: what there is besides the input decides.
const STEPS_MIN: u64 = 1_000;

#[test]
fn twice_the_input_takes_twice_the_steps() {
    let waiting = Mutex::new(shapes());
    let next = || waiting.lock().expect("no worker panics with the lock").pop();
    let work = || {
        let (mut wrong, mut counted) = (Vec::new(), 0);
        while let Some(shape) = next() {
            // A verified program may make passes follow some hundred values through each instruction: only where there are as
            // many as that does the size alone decide.
            let mut found = Vec::new();
            for size in [shape.size / 2, 3 * shape.size, 10 * shape.size] {
                let compared;
                (found, compared) = grows(&shape, size);
                counted += compared;
                if found.is_empty() {
                    break;
                }
            }
            wrong.append(&mut found);
        }
        (wrong, counted)
    };
    let results = std::thread::scope(|scope| {
        let workers = [scope.spawn(|| with_small_stack(work)), scope.spawn(|| with_small_stack(work))];
        workers.map(|worker| worker.join().expect("a worker ends"))
    });
    let counted: usize = results.iter().map(|(_, counted)| counted).sum();
    let wrong: Vec<String> = results.into_iter().flat_map(|(wrong, _)| wrong).collect();
    assert!(counted > 100, "steps are counted in this build: {counted} passes");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The passes that take more than twice as many steps for an input of twice a size, and how many were compared.
fn grows(shape: &Shape, size: usize) -> (Vec<String>, usize) {
    let [one, two] = [size, 2 * size].map(|size| stages(&(shape.make)(size)));
    // The larger one may be refused earlier. Running is paid for by the program.
    let passes = one.iter().zip(&two).filter(|(one, two)| one.name == two.name && one.name != "run");
    let compared: Vec<_> = passes.filter(|(one, _)| one.steps >= STEPS_MIN).collect();
    let grown = compared.iter().filter(|(one, two)| two.steps > one.steps * 13 / 5);
    let name = shape.name;
    let shown = grown.map(|(one, two)| {
        format!("{name} of {size} and twice that, {}: {} and {} steps", one.name, one.steps, two.steps)
    });
    (shown.collect(), compared.len())
}
