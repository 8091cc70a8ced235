//! Inputs for what follows the control flow of one function: definite assignment, liveness, facts, regions.

use super::{Input, Shape, join, repeat};

pub(super) const SHAPES: &[Shape] = &[
    Shape { name: "flow/each_sweep_takes_one_more", size: 400, make: each_sweep_takes_one_more },
    Shape { name: "flow/registers_across_blocks", size: 400, make: registers_across_blocks },
    Shape { name: "flow/registers_across_a_ladder", size: 400, make: registers_across_a_ladder },
    Shape { name: "flow/registers_around_a_loop", size: 400, make: registers_around_a_loop },
    Shape { name: "flow/assigned_on_one_side", size: 400, make: assigned_on_one_side },
    Shape { name: "flow/assigned_far_away", size: 400, make: assigned_far_away },
    Shape { name: "flow/branch_table", size: 2000, make: branch_table },
    Shape { name: "flow/branch_tables_to_all", size: 2000, make: branch_tables_to_all },
    Shape { name: "flow/blocks_in_a_row", size: 2000, make: blocks_in_a_row },
    Shape { name: "flow/blocks_backward", size: 2000, make: blocks_backward },
    Shape { name: "flow/unreached_blocks", size: 2000, make: unreached_blocks },
    Shape { name: "flow/nested_loops", size: 500, make: nested_loops },
    Shape { name: "flow/irreducible_loops", size: 500, make: irreducible_loops },
    Shape { name: "flow/nested_regions", size: 500, make: nested_regions },
    Shape { name: "flow/regions_in_a_row", size: 500, make: regions_in_a_row },
    Shape { name: "flow/region_of_many_blocks", size: 1000, make: region_of_many_blocks },
    Shape { name: "flow/regions_with_one_handler", size: 500, make: regions_with_one_handler },
    Shape { name: "flow/regions_that_overlap", size: 2000, make: regions_that_overlap },
    Shape { name: "flow/local_scopes", size: 2000, make: local_scopes },
    Shape { name: "flow/local_scopes_around", size: 1000, make: local_scopes_around },
    Shape { name: "flow/number_facts", size: 400, make: number_facts },
    Shape { name: "flow/number_facts_change_late", size: 300, make: number_facts_change_late },
    Shape { name: "flow/unassigned_everywhere", size: 500, make: unassigned_everywhere },
];

/// A dynamic function `main` with registers from `r0` on.
fn function(registers: usize, ty: &str, head: &str, blocks: &str) -> Input {
    let list = join(registers, ", ", |number| format!("r{number}: {ty}"));
    let start = format!("export \"main\" func0\nfunc0 \"main\" () dynamic {{\nregisters {list}\n");
    Input::Text(format!("{start}{head}{blocks}}}\n"))
}

/// The first values of registers.
fn assigned(registers: usize) -> String {
    repeat(registers, |number| format!("r{number} = copy {}\n", number % 7))
}

/// Every sweep over the blocks in order takes one more register from every block of a long loop.
fn each_sweep_takes_one_more(size: usize) -> Input {
    let (steps, length) = (size, 10 * size);
    let (loops, back) = (steps, steps + length);
    let end = back + steps;
    let entry = |step: usize| {
        let next = if step + 1 < steps { step + 1 } else { loops };
        let assign = format!("block{step}:\nr{} = copy r0\n", step + 1);
        match steps.checked_sub(2 + step) {
            Some(other) => format!("{assign}branch_if r0, block{}, block{next}\n", back + other),
            None => format!("{assign}jump block{next}\n"),
        }
    };
    let body = |step: usize| format!("block{}:\njump block{}\n", loops + step, loops + step + 1);
    let turn = |step: usize| {
        let before = if step > 0 { back + step - 1 } else { loops };
        let after = if step + 1 < steps { back + step + 1 } else { end };
        format!("block{}:\nbranch_if r0, block{before}, block{after}\n", back + step)
    };
    let registers = join(steps, ", ", |number| format!("r{}: i32", number + 1));
    let code = repeat(steps, entry) + &repeat(length, body) + &repeat(steps, turn);
    Input::Text(format!(
        "func0 \"main\" (i32) -> () {{\nregisters {registers}\n{code}block{end}:\nreturn_values ()\n}}\n"
    ))
}

/// Registers that are assigned in the first block and read in the last.
fn registers_across_blocks(size: usize) -> Input {
    let blocks = repeat(size, |number| format!("block{}:\njump block{}\n", number + 1, number + 2));
    let reads = repeat(size, |number| format!("r0 = copy r{number}\n"));
    function(
        size,
        "any",
        "",
        &format!("block0:\n{}jump block1\n{blocks}block{}:\n{reads}throw r0\n", assigned(size), size + 1),
    )
}

/// Registers that are assigned on both sides of a branch, and read after many blocks that each have two before them.
fn registers_across_a_ladder(size: usize) -> Input {
    let mut code = format!("block0:\n{}branch_truthy r0, block1, block2\n", "r0 = copy 1\n");
    code += &format!(
        "block1:\n{0}branch_truthy r0, block3, block4\nblock2:\n{0}branch_truthy r0, block3, block4\n",
        assigned(size)
    );
    for rung in 1..size {
        for side in [2 * rung + 1, 2 * rung + 2] {
            code += &format!("block{side}:\nbranch_truthy r0, block{}, block{}\n", 2 * rung + 3, 2 * rung + 4);
        }
    }
    let last = 2 * size + 1;
    let reads = repeat(size, |number| format!("r0 = copy r{number}\n"));
    code += &format!("block{last}:\n{reads}throw r0\nblock{}:\nthrow r0\n", last + 1);
    function(size, "any", "", &code)
}

/// Registers that are read and written again in each of the blocks of a loop.
fn registers_around_a_loop(size: usize) -> Input {
    let block = |number: usize| {
        format!(
            "block{}:\nr{number} = copy r{}\njump block{}\n",
            number + 1,
            size - 1 - number,
            (number + 1) % size + 1
        )
    };
    function(size, "any", "", &format!("block0:\n{}jump block1\n{}", assigned(size), repeat(size, block)))
}

/// Each block may assign a register or not, and all are read at last: mistakes.
fn assigned_on_one_side(size: usize) -> Input {
    let step = |number: usize| {
        let (at, next) = (2 * number, 2 * number + 2);
        format!(
            "block{at}:\nbranch_truthy r0, block{}, block{next}\nblock{}:\nr{} = copy r0\njump block{next}\n",
            at + 1,
            at + 1,
            number + 1
        )
    };
    let reads = repeat(size, |number| format!("r0 = copy r{}\n", number + 1));
    let list = join(size, ", ", |number| format!("r{}: any", number + 1));
    let code = repeat(size, step) + &format!("block{}:\n{reads}throw r0\n", 2 * size);
    Input::Text(format!("func0 \"main\" (any) dynamic {{\nregisters {list}\n{code}}}\n"))
}

/// Each register is assigned in two blocks, the further apart the later it is read.
fn assigned_far_away(size: usize) -> Input {
    let mut code = String::from("block0:\nr0 = copy 1\nbranch_truthy r0, block1, block2\n");
    for number in 0..size {
        let next = 2 * number + 3;
        for side in [2 * number + 1, 2 * number + 2] {
            code += &format!("block{side}:\nr{number} = copy r0\nbranch_truthy r0, block{next}, block{}\n", next + 1);
        }
    }
    let reads = repeat(size, |number| format!("r0 = copy r{number}\n"));
    code += &format!("block{0}:\n{reads}throw r0\nblock{1}:\n{reads}throw r0\n", 2 * size + 1, 2 * size + 2);
    function(size, "any", "", &code)
}

fn branch_table(size: usize) -> Input {
    let targets = join(size, ", ", |number| format!("block{}", number + 1));
    let blocks = repeat(size, |number| format!("block{}:\nr1 = i32_add r1, r0\njump block{}\n", number + 1, size + 1));
    let first = format!("block0:\nr0 = copy 1\nr1 = copy 1\nbranch_table r0 ({targets}), block1\n");
    function(2, "i32", "", &format!("{first}{blocks}block{}:\nreturn_values ()\n", size + 1))
}

/// Tables of many targets each, in as many blocks.
fn branch_tables_to_all(size: usize) -> Input {
    let width = 50;
    let count = size / width;
    let targets = |from: usize| join(width, ", ", |number| format!("block{}", (from + number * number) % count));
    let block = |number| format!("block{number}:\nr0 = copy 1\nbranch_table r0 ({}), block0\n", targets(number));
    function(1, "i32", "", &repeat(count, block))
}

fn blocks_in_a_row(size: usize) -> Input {
    let block = |number: usize| format!("block{number}:\nr0 = copy 1\njump block{}\n", number + 1);
    function(1, "any", "", &(repeat(size, block) + &format!("block{size}:\nthrow r0\n")))
}

/// Blocks that follow one another from the last to the first.
fn blocks_backward(size: usize) -> Input {
    let block = |number: usize| format!("block{}:\nr0 = copy r0\njump block{number}\n", number + 1);
    let start = format!("block0:\nr0 = copy 1\njump block{size}\nblock1:\nthrow r0\n");
    function(1, "any", "", &(start + &repeat(size - 1, |number| block(number + 1))))
}

fn unreached_blocks(size: usize) -> Input {
    let block = |number: usize| format!("block{0}:\nr1 = copy r0\nbranch_truthy r1, block{0}, block1\n", number + 1);
    function(2, "any", "", &("block0:\nr0 = copy 1\nthrow r0\n".to_owned() + &repeat(size, block)))
}

fn nested_loops(size: usize) -> Input {
    let head = |number: usize| format!("block{number}:\nr{number} = copy 1\njump block{}\n", number + 1);
    let tail = |number: usize| {
        let (at, head) = (size + number, size - number);
        format!("block{at}:\nr0 = add r0, r{}\nbranch_truthy r0, block{head}, block{}\n", head - 1, at + 1)
    };
    let code = repeat(size, head) + &repeat(size, tail) + &format!("block{}:\nthrow r0\n", 2 * size);
    function(size, "any", "", &code)
}

/// Loops with two ways in, one in the other.
fn irreducible_loops(size: usize) -> Input {
    let head = |number: usize| {
        format!(
            "block{number}:\nr{number} = copy r0\nbranch_truthy r0, block{}, block{}\n",
            number + 1,
            2 * size - 1 - number
        )
    };
    let tail = |number: usize| {
        let (at, head) = (size + number, size - 1 - number);
        format!("block{at}:\nr0 = copy r0\nbranch_truthy r0, block{head}, block{}\n", (at + 1).min(2 * size))
    };
    let list = join(size, ", ", |number| format!("r{}: any", number + 1));
    let code = repeat(size, head) + &repeat(size, tail) + &format!("block{}:\nthrow r0\n", 2 * size);
    Input::Text(format!("func0 \"main\" (any) dynamic {{\nregisters {list}\n{code}}}\n"))
}

/// Regions one in the other, each with a handler that reads registers of its own.
fn nested_regions(size: usize) -> Input {
    let regions = repeat(size, |number| {
        let (start, end) = (size - number, size + 1 + number);
        format!("region catch block{start}..block{end} handler block{end} error r{}\n", number + size)
    });
    let entry = |number: usize| format!("block{number}:\nr{number} = copy 1\njump block{}\n", number + 1);
    let handler = |number: usize| {
        let at = size + 1 + number;
        format!("block{at}:\nr0 = copy r{}\nr0 = copy r{}\njump block{}\n", number + size, size - 1 - number, at + 1)
    };
    let code = repeat(size + 1, |number| entry(number).replace(&format!("r{size} ="), "r0 ="));
    let code = code + &repeat(size, handler) + &format!("block{}:\nthrow r0\n", 2 * size + 1);
    function(2 * size, "any", &regions, &code)
}

fn regions_in_a_row(size: usize) -> Input {
    let regions = repeat(size, |number| {
        format!(
            "region catch block{}..block{} handler block{} error r1\n",
            2 * number + 1,
            2 * number + 2,
            2 * number + 2
        )
    });
    let pair = |number: usize| {
        let at = 2 * number + 1;
        format!("block{at}:\nr2 = add r0, r0\njump block{0}\nblock{1}:\nr0 = copy r1\njump block{0}\n", at + 2, at + 1)
    };
    let pairs = repeat(size, pair);
    let start = "block0:\nr0 = copy 1\njump block1\n";
    function(3, "any", &regions, &format!("{start}{pairs}block{}:\nthrow r0\n", 2 * size + 1))
}

/// What the handler reads must hold throughout.
fn region_of_many_blocks(size: usize) -> Input {
    let region = format!("region catch block1..block{0} handler block{0} error r{1}\n", size + 1, size - 1);
    let block = |number: usize| format!("block{}:\nr0 = add r0, r{number}\njump block{}\n", number + 1, number + 2);
    let reads = repeat(size, |number| format!("r0 = copy r{number}\n"));
    let code = format!("block0:\n{}jump block1\n{}", assigned(size), repeat(size, block));
    function(size, "any", &region, &format!("{code}block{}:\n{reads}throw r0\n", size + 1))
}

fn regions_with_one_handler(size: usize) -> Input {
    let regions = repeat(size, |number| {
        format!("region cleanup block{}..block{} handler block{} error r0\n", number + 1, number + 2, size + 1)
    });
    let block =
        |number: usize| format!("block{}:\nr{number} = add r{number}, r0\njump block{}\n", number + 1, number + 2);
    let code = format!("block0:\n{}jump block1\n{}", assigned(size), repeat(size, block));
    function(size, "any", &regions, &format!("{code}block{}:\nthrow r0\n", size + 1))
}

/// Regions that do not nest: a mistake.
fn regions_that_overlap(size: usize) -> Input {
    let regions = repeat(size, |number| {
        format!("region catch block{}..block{} handler block0 error r0\n", number + 1, size + number + 1)
    });
    let block = |number: usize| format!("block{number}:\nr0 = copy 1\njump block{}\n", number + 1);
    function(1, "any", &regions, &(repeat(2 * size + 1, block) + &format!("block{}:\nthrow r0\n", 2 * size + 1)))
}

/// Many variables, one after the other in one register.
fn local_scopes(size: usize) -> Input {
    let locals = repeat(size, |number| format!("local \"v{number}\" r0 {}..{}\n", 2 * number + 1, 2 * number + 2));
    let code = "r0 = copy 1\nr1 = table_new 0, 0\n".repeat(size);
    function(2, "any", &locals, &format!("block0:\n{code}throw r0\n"))
}

/// Many variables that are all in scope at once, and a place after each where the collector may come.
fn local_scopes_around(size: usize) -> Input {
    let locals = repeat(size, |number| format!("local \"v{number}\" r{number} {}..{}\n", number + 1, 2 * size));
    let code = repeat(size, |number| format!("r{number} = table_new 0, 0\n")) + &"r0 = table_new 0, 0\n".repeat(size);
    function(size, "any", &locals, &format!("block0:\n{code}throw r0\n"))
}

/// Numbers in many registers through many loops.
fn number_facts(size: usize) -> Input {
    let turn = |number: usize| {
        let at = 2 * number + 1;
        let registers = "r0, r1, r2";
        format!(
            "block{at}:\nr{3} = add r{3}, 1\nr3 = for_loop {registers}, block{at}, block{0}\n\
             block{0}:\nr{3} = add r{3}, 1\njump block{1}\n{2}",
            at + 1,
            at + 2,
            "",
            number + 4
        )
    };
    let head = format!("block0:\n{}r3 = for_prepare r0, r1, r2, block1, block{}\n", assigned(size + 4), 2 * size + 1);
    function(size + 4, "any", "", &format!("{head}{}block{}:\nthrow r0\n", repeat(size, turn), 2 * size + 1))
}

/// What is known of a register is known to be wrong only after all those before it.
fn number_facts_change_late(size: usize) -> Input {
    let block = |number: usize| {
        let at = number + 1;
        format!("block{at}:\nr{} = copy r{number}\nbranch_truthy r0, block{}, block1\n", number + 1, at + 1)
    };
    let first = format!("block0:\n{}jump block1\n", assigned(size + 1));
    let code = first + &repeat(size, block);
    function(size + 1, "any", "", &format!("{code}block{0}:\nr0 = table_new 0, 0\njump block1\n", size + 1))
}

/// All registers are read, but none was assigned: mistakes.
fn unassigned_everywhere(size: usize) -> Input {
    let block = |number: usize| format!("block{number}:\nr{0} = add r{0}, r{0}\njump block{1}\n", number, number + 1);
    function(size, "any", "", &(repeat(size, block) + &format!("block{size}:\nthrow r0\n")))
}
