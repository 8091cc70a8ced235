//! Inputs for the translation of WebAssembly.

use super::{Input, Shape};

pub(super) const SHAPES: &[Shape] = &[
    Shape { name: "wasm/types", size: 2000, make: types },
    Shape { name: "wasm/imports_of_wide_type", size: 500, make: imports_of_wide_type },
    Shape { name: "wasm/functions_of_wide_type", size: 500, make: functions_of_wide_type },
    Shape { name: "wasm/functions_with_many_locals", size: 100, make: functions_with_many_locals },
    Shape { name: "wasm/ifs_with_many_locals", size: 1000, make: ifs_with_many_locals },
    Shape { name: "wasm/branches_with_many_locals", size: 1000, make: branches_with_many_locals },
    Shape { name: "wasm/local_sets", size: 2000, make: local_sets },
    Shape { name: "wasm/reads_that_wait", size: 2000, make: reads_that_wait },
    Shape { name: "wasm/reads_of_one_local", size: 2000, make: reads_of_one_local },
    Shape { name: "wasm/deep_stack", size: 2000, make: deep_stack },
    Shape { name: "wasm/blocks_on_a_deep_stack", size: 2000, make: blocks_on_a_deep_stack },
    Shape { name: "wasm/nested_blocks", size: 2000, make: nested_blocks },
    Shape { name: "wasm/nested_loops", size: 2000, make: nested_loops },
    Shape { name: "wasm/nested_ifs", size: 2000, make: nested_ifs },
    Shape { name: "wasm/branches_out_of_nested_blocks", size: 1000, make: branches_out_of_nested_blocks },
    Shape { name: "wasm/branch_table", size: 2000, make: branch_table },
    Shape { name: "wasm/branch_tables", size: 1000, make: branch_tables },
    Shape { name: "wasm/branches_with_values", size: 200, make: branches_with_values },
    Shape { name: "wasm/unreachable_code", size: 5000, make: unreachable_code },
    Shape { name: "wasm/calls", size: 2000, make: calls },
    Shape { name: "wasm/arithmetic", size: 5000, make: arithmetic },
    Shape { name: "wasm/constants", size: 2000, make: constants },
    Shape { name: "wasm/globals", size: 2000, make: globals },
    Shape { name: "wasm/exports", size: 2000, make: exports },
    Shape { name: "wasm/elements", size: 2000, make: elements },
    Shape { name: "wasm/data", size: 2000, make: data },
    Shape { name: "wasm/names", size: 2000, make: names },
    Shape { name: "wasm/local_names", size: 2000, make: local_names },
    Shape { name: "wasm/custom_sections", size: 2000, make: custom_sections },
    Shape { name: "wasm/small_functions", size: 2000, make: small_functions },
    Shape { name: "wasm/constant_expressions", size: 500, make: constant_expressions },
];

const I32: u8 = 0x7f;
const I64: u8 = 0x7e;
const EMPTY: u8 = 0x40;

/// A number in LEB128, unsigned; also right for signed ones below 64.
fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn counted(items: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = leb(items.len());
    items.iter().for_each(|item| bytes.extend_from_slice(item));
    bytes
}

fn sized(bytes: Vec<u8>) -> Vec<u8> {
    let mut sized = leb(bytes.len());
    sized.extend(bytes);
    sized
}

fn name(text: &str) -> Vec<u8> {
    sized(text.as_bytes().to_vec())
}

fn function_type(params: &[u8], results: &[u8]) -> Vec<u8> {
    let list = |types: &[u8]| sized(types.to_vec());
    [vec![0x60], list(params), list(results)].concat()
}

/// A function body: runs of locals, code without its end.
fn body(locals: &[(usize, u8)], code: &[u8]) -> Vec<u8> {
    let runs: Vec<Vec<u8>> = locals.iter().map(|&(count, ty)| [leb(count), vec![ty]].concat()).collect();
    sized([counted(&runs), code.to_vec(), vec![0x0b]].concat())
}

/// A module under construction: sections by number.
#[derive(Default)]
struct Module {
    bytes: Vec<u8>,
}

impl Module {
    fn new() -> Self {
        Module { bytes: b"\0asm\x01\0\0\0".to_vec() }
    }

    fn section(mut self, number: u8, contents: Vec<u8>) -> Self {
        self.bytes.push(number);
        self.bytes.extend(sized(contents));
        self
    }

    fn types(self, types: &[Vec<u8>]) -> Self {
        self.section(1, counted(types))
    }

    /// Functions of these types, with a memory and a table, and their bodies.
    fn functions(self, types: &[usize], bodies: &[Vec<u8>]) -> Self {
        let types: Vec<Vec<u8>> = types.iter().map(|&ty| leb(ty)).collect();
        let table = vec![1, 0x70, 0, 10];
        self.section(3, counted(&types)).section(4, table).section(5, vec![1, 0, 1]).section(10, counted(bodies))
    }

    fn input(self) -> Input {
        Input::Wasm(self.bytes)
    }
}

/// A module with one function.
fn one(params: &[u8], results: &[u8], locals: &[(usize, u8)], code: &[u8]) -> Input {
    Module::new().types(&[function_type(params, results)]).functions(&[0], &[body(locals, code)]).input()
}

fn distinct_types(count: usize) -> Vec<Vec<u8>> {
    let types = |number: usize| -> Vec<u8> { (0..10).map(|place| I32 - (number >> (2 * place) & 3) as u8).collect() };
    (0..count).map(|number| function_type(&types(number), &[])).collect()
}

fn types(size: usize) -> Input {
    Module::new().types(&distinct_types(size)).input()
}

fn imports_of_wide_type(size: usize) -> Input {
    let import = |number: usize| [name("m"), name(&format!("f{number}")), vec![0, 0]].concat();
    let imports: Vec<Vec<u8>> = (0..size).map(import).collect();
    let ty = function_type(&vec![I64; (2 * size).min(1000)], &[]);
    Module::new().types(&[ty]).section(2, counted(&imports)).input()
}

fn functions_of_wide_type(size: usize) -> Input {
    let ty = function_type(&vec![I64; (2 * size).min(1000)], &[]);
    Module::new().types(&[ty]).functions(&vec![0; size / 20], &vec![body(&[], &[]); size / 20]).input()
}

fn functions_with_many_locals(size: usize) -> Input {
    let body = body(&[(40_000, I32)], &[0x20, 0, 0x21, 1]);
    Module::new().types(&[function_type(&[], &[])]).functions(&vec![0; size], &vec![body; size]).input()
}

fn repeated(count: usize, piece: impl FnMut(usize) -> Vec<u8>) -> Vec<u8> {
    (0..count).flat_map(piece).collect()
}

fn ifs_with_many_locals(size: usize) -> Input {
    let code = repeated(size, |local| {
        [vec![0x20], leb(local), vec![0x04, EMPTY, 0x20, 0, 0x21], leb(local), vec![0x0b]].concat()
    });
    one(&[], &[], &[(10 * size, I32)], &code)
}

fn branches_with_many_locals(size: usize) -> Input {
    let step = |local| [vec![0x20, 0, 0x21], leb(local), vec![0x20, 0, 0x0d, 0]].concat();
    one(&[], &[], &[(10 * size, I32)], &[vec![0x02, EMPTY], repeated(size, step), vec![0x0b]].concat())
}

fn local_sets(size: usize) -> Input {
    let step = |local| [vec![0x20], leb(local + 1), vec![0x20], leb(local), vec![0x6a, 0x21], leb(local)].concat();
    one(&[], &[], &[(size + 1, I32)], &repeated(size, step))
}

/// Reads of locals stay on the stack until they are needed.
fn reads_that_wait(size: usize) -> Input {
    let reads = repeated(size, |local| [vec![0x20], leb(local)].concat());
    let writes = repeated(size, |local| [vec![0x41, 1, 0x21], leb(local)].concat());
    one(&[], &[], &[(size, I32)], &[reads, writes, vec![0x1a; size]].concat())
}

fn reads_of_one_local(size: usize) -> Input {
    let code = [[0x20, 0].repeat(size), [0x41, 1, 0x21, 0].repeat(size), vec![0x1a; size]].concat();
    one(&[], &[], &[(1, I32)], &code)
}

fn deep_stack(size: usize) -> Input {
    let code = [[0x20, 0, 0x45].repeat(size), [0x6a].repeat(size - 1), vec![0x1a]].concat();
    one(&[I32], &[], &[], &code)
}

/// Blocks that begin while much is on the stack.
fn blocks_on_a_deep_stack(size: usize) -> Input {
    let code = [[0x20, 0].repeat(size), [0x02, EMPTY, 0x20, 0, 0x0d, 0, 0x0b].repeat(size), vec![0x1a; size]].concat();
    one(&[I32], &[], &[], &code)
}

fn nested_blocks(size: usize) -> Input {
    one(&[I32], &[], &[], &[[0x02, EMPTY].repeat(size), vec![0x20, 0, 0x0d, 0], vec![0x0b; size]].concat())
}

fn nested_loops(size: usize) -> Input {
    let ends = repeated(size, |_| vec![0x20, 0, 0x0d, 0, 0x0b]);
    one(&[I32], &[], &[], &[[0x03, EMPTY].repeat(size), ends].concat())
}

fn nested_ifs(size: usize) -> Input {
    let begin = [0x20, 0, 0x04, EMPTY].repeat(size);
    let ends = [0x41, 1, 0x21, 0, 0x05, 0x41, 2, 0x21, 0, 0x0b].repeat(size);
    one(&[I32], &[], &[], &[begin, ends].concat())
}

fn branches_out_of_nested_blocks(size: usize) -> Input {
    let branches = repeated(size, |depth| [vec![0x20, 0, 0x0d], leb(depth)].concat());
    one(&[I32], &[], &[], &[[0x02, EMPTY].repeat(size), branches, vec![0x0b; size]].concat())
}

fn branch_table(size: usize) -> Input {
    let depths: Vec<Vec<u8>> = (0..size).map(leb).collect();
    let table = [vec![0x20, 0, 0x0e], counted(&depths), leb(0)].concat();
    one(&[I32], &[], &[], &[[0x02, EMPTY].repeat(size), table, vec![0x0b; size]].concat())
}

/// Many tables with the same targets.
fn branch_tables(size: usize) -> Input {
    let depths: Vec<Vec<u8>> = (0..50).map(leb).collect();
    let table = [vec![0x20, 0, 0x04, EMPTY, 0x20, 0, 0x0e], counted(&depths), leb(0), vec![0x0b]].concat();
    one(&[I32], &[], &[], &[[0x02, EMPTY].repeat(60), table.repeat(size / 50), vec![0x0b; 60]].concat())
}

/// Branches that move values to where the block wants them.
fn branches_with_values(size: usize) -> Input {
    let types = [function_type(&[I32], &[]), function_type(&[], &[I32; 100])];
    let values = [0x41, 1].repeat(100);
    let code = [vec![0x41, 5, 0x02, 1, 0x41, 6], values, [0x20, 0, 0x0d, 0].repeat(size), vec![0x00, 0x0b]].concat();
    let code = [code, vec![0x1a; 101]].concat();
    Module::new().types(&types).functions(&[0], &[body(&[], &code)]).input()
}

fn unreachable_code(size: usize) -> Input {
    one(&[I32], &[], &[], &[vec![0x00], [0x02, EMPTY, 0x20, 0, 0x1a, 0x0b].repeat(size)].concat())
}

fn calls(size: usize) -> Input {
    one(&[I32, I64], &[I32], &[], &[vec![0x20, 0], [0x20, 1, 0x10, 0].repeat(size)].concat())
}

fn arithmetic(size: usize) -> Input {
    one(&[I32], &[I32], &[], &[vec![0x20, 0], [0x41, 3, 0x6a, 0x20, 0, 0x6c].repeat(size)].concat())
}

fn constants(size: usize) -> Input {
    let step = |number: usize| {
        [vec![0x41], leb(number << 1), vec![0x1a, 0x42], leb(number << 1), vec![0x50, 0x21, 0]].concat()
    };
    one(&[I32], &[], &[], &repeated(size, |number| step(number % 30)))
}

fn globals(size: usize) -> Input {
    let global = |number: usize| match number {
        0 => vec![I32, 0, 0x41, 1, 0x0b],
        _ => [vec![I32, 0, 0x23], leb(number - 1), vec![0x0b]].concat(),
    };
    Module::new().section(6, counted(&(0..size).map(global).collect::<Vec<_>>())).input()
}

fn exports(size: usize) -> Input {
    let exports: Vec<Vec<u8>> = (0..size).map(|number| [name(&format!("e{number}")), vec![0, 0]].concat()).collect();
    Module::new()
        .types(&[function_type(&[], &[])])
        .section(3, vec![1, 0])
        .section(7, counted(&exports))
        .section(10, counted(&[body(&[], &[])]))
        .input()
}

fn elements(size: usize) -> Input {
    let element = |_| vec![0, 0x41, 0, 0x0b, 2, 0, 0];
    Module::new()
        .types(&[function_type(&[], &[])])
        .section(3, vec![1, 0])
        .section(4, vec![1, 0x70, 0, 10])
        .section(9, counted(&(0..size).map(element).collect::<Vec<_>>()))
        .section(10, counted(&[body(&[], &[])]))
        .input()
}

fn data(size: usize) -> Input {
    let segment = |_| vec![0, 0x41, 0, 0x0b, 2, b'a', b'b'];
    let segments: Vec<Vec<u8>> = (0..size).map(segment).collect();
    Module::new().section(5, vec![1, 0, 1]).section(11, counted(&segments)).input()
}

fn with_names(size: usize, kind: u8, contents: Vec<u8>) -> Input {
    let section = [name("name"), vec![kind], sized(contents)].concat();
    Module::new()
        .types(&[function_type(&[], &[])])
        .functions(&vec![0; size], &vec![body(&[(2, I32)], &[0x20, 0, 0x21, 1]); size])
        .section(0, section)
        .input()
}

fn names(size: usize) -> Input {
    let naming = |number: usize| [leb(number), name(&format!("function {number}"))].concat();
    with_names(size, 1, counted(&(0..size).map(naming).collect::<Vec<_>>()))
}

/// The same local has many names.
fn local_names(size: usize) -> Input {
    let naming = |number: usize| [leb(1), name(&format!("l{number}"))].concat();
    let function = [leb(0), counted(&(0..size).map(naming).collect::<Vec<_>>())].concat();
    with_names(1, 2, counted(&[function]))
}

fn custom_sections(size: usize) -> Input {
    let section = |module: Module, number| module.section(0, name(&format!("custom {number}")));
    (0..size).fold(Module::new(), section).input()
}

fn small_functions(size: usize) -> Input {
    let code = [0x20, 0, 0x41, 1, 0x6a];
    Module::new()
        .types(&[function_type(&[I32], &[I32])])
        .functions(&vec![0; size], &vec![body(&[], &code); size])
        .input()
}

fn constant_expressions(size: usize) -> Input {
    let one = [vec![I32, 0, 0x41, 1], [0x41, 1, 0x6a].repeat(90), vec![0x0b]].concat();
    Module::new().section(6, counted(&vec![one; size / 10])).input()
}
