//! What `minivm inspect` shows of a program in several languages.

mod common;

use common::Folder;

const KERNEL: &str =
    "(module (import \"env\" \"step\" (func $step (param i32) (result i32))) (memory (export \"memory\") 2 5)
    (func (export \"run\") (param $n i32) (result i32) (drop (call $step (local.get $n))) (local.get $n)))";

const MAIN: &str = "local kernel
package.loaded.env = { step = function(n) local name = 'step \\n' .. n while n > 5 do end return coroutine.yield(name) end }
kernel = require 'kernel'
local spare = wasm.memory(1)
local waiting, new = coroutine.wrap(kernel.run), coroutine.create(print)
waiting(3)
local failed = coroutine.create(function(reason) local why = reason error(why) end)
coroutine.resume(failed, ('long '):rep(20))
coroutine.wrap(function() kernel.run(7) end)()
print(kernel, spare, waiting, new, failed)
";

#[test]
fn a_mixed_program_is_shown_with_all_its_fibers() {
    let folder = Folder::new();
    folder.write("kernel.wat", KERNEL);
    folder.write("main.lua", MAIN);
    folder.run("run --fuel 3000 --snapshot-to a.mvs main.lua").exits(124, "");
    let shown = folder.run("inspect a.mvs").succeeds();
    // The size of the library's tables is not what this is about.
    let sizes = |line: &str| line.split_whitespace().count() == 3 && line.ends_with(|last: char| last.is_ascii_digit());
    let lines: Vec<String> = shown
        .lines()
        .map(|line| match line.split_whitespace().next() {
            Some("heap:") => "heap: ...".to_owned(),
            Some(kind) if sizes(line) && !line.contains('=') => format!("  {kind} ..."),
            _ => line.to_owned(),
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
