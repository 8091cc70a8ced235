//! What Lua scripts share with the process and the system: streams, commands, descriptors, time zones, names.

mod common;

use common::Folder;

#[test]
fn streams_are_buffered_by_the_rules_of_c() {
    let folder = Folder::new();
    folder
        .write("order.lua", "io.stderr:write('1 ') io.write('2 ') io.stdout:flush() io.stderr:write('3 ') print('4')");
    folder.shell("$M order.lua 2>&1").prints("1 2 3 4\n");
    folder.write(
        "full.lua",
        "io.write('late\\n') io.stderr:write('early\\n') print('printed') io.stderr:write('end\\n')",
    );
    folder.shell("$M full.lua 2>&1").prints("early\nlate\nprinted\nend\n");
    folder.write("no.lua", "io.stdout:setvbuf('no') io.write('a') io.stderr:write('b') io.write('c')");
    folder.shell("$M no.lua 2>&1").prints("abc");
    folder.write("line.lua", "io.stdout:setvbuf('line') io.write('a\\nb') io.stderr:write('c') io.write('d\\n')");
    folder.shell("$M line.lua 2>&1").prints("a\nbcd\n");
    folder.write("exit.lua", "local f = io.open('out', 'w') f:write('kept') io.write('kept, too') os.exit(0)");
    folder.run("exit.lua").prints("kept, too");
    assert_eq!(folder.read("out"), "kept");
    folder.write("fails.lua", "local f = io.open('out', 'w') f:write('kept again') io.write('said') error('x')");
    folder.run("fails.lua").exits(1, "said");
    assert_eq!(folder.read("out"), "kept again");
    folder.write("busy.lua", "io.stderr:write('shown\\n') print('printed') while true do end");
    folder.shell("timeout 1 $M busy.lua 2>&1 || true").prints("shown\nprinted\n");
}

#[test]
fn commands_run_unless_the_script_is_confined() {
    let folder = Folder::new();
    folder.write(
        "run.lua",
        "print(os.execute()) print(os.execute('exit 5')) print(os.execute('kill -15 $$')) print(os.execute('true'))
        local p = io.popen('echo a; echo b; exit 3') for l in p:lines() do print(l) end print(p:close())
        local w = io.popen('cat', 'w') w:write('to cat\\n') print(w:close())
        print(io.popen('printf 12.5', 'r'):read('n'), pcall(io.popen, 'ls', 'rw'))
        io.write('before ') local q <close> = io.popen('echo after')  print(q:read())",
    );
    let expected = "true\nnil\texit\t5\nnil\tsignal\t15\ntrue\texit\t0\na\nb\nnil\texit\t3\nto cat\ntrue\texit\t0\n\
                    12.5\tfalse\tbad argument #2 to 'io.popen' (invalid mode)\nbefore after\n";
    folder.run("run.lua").prints(expected);
    folder.write("no.lua", "print(os.execute(), os.execute('true')) print(pcall(io.popen, 'true')) print(os.tmpname)");
    let text = folder.run("--dir . no.lua").succeeds();
    assert!(text.starts_with("false\tnil\tOperation not permitted\t1\nfalse\t'popen' not supported\n"), "{text}");
}

#[test]
fn forgotten_files_make_room_for_new_ones() {
    let folder = Folder::new();
    let script = "for i = 1, 600 do local text = assert(io.open(arg[0])):read('a') end
        for i = 1, 200 do assert(io.popen('true')) end print 'done'";
    folder.write("forget.lua", script);
    folder.shell("ulimit -n 100; $M forget.lua").prints("done\n");
    folder.write(
        "hold.lua",
        "local held = {} local f, m repeat f, m = io.open(arg[0]) held[#held + 1] = f until not f print(m)",
    );
    folder.shell("ulimit -n 100; $M hold.lua").prints("hold.lua: Too many open files\n");
}

#[test]
fn programs_come_from_pipes() {
    let folder = Folder::new();
    folder.shell("echo 'print(\"whole\")' | $M /dev/stdin").prints("whole\n");
    folder.shell("mkfifo f; (echo 'print(\"whole\")' > f &); $M f").prints("whole\n");
    folder.shell("echo 'print((debug.getinfo(1, \"S\").source))' | $M -").prints("=stdin\n");
}

#[test]
fn names_and_arguments_are_bytes() {
    let folder = Folder::new();
    folder.write("a.lua", "io.write(arg[0], '|', arg[1], '|', (...), '|', debug.getinfo(1, 'S').source)");
    let ended = folder.shell("n=$(printf 'n\\377.lua'); cp a.lua \"$n\"; $M \"$n\" \"$(printf '\\376z')\"");
    assert_eq!(ended.bytes(), b"n\xff.lua|\xfez|\xfez|@n\xff.lua");
}

#[test]
fn local_time_is_that_of_the_zone() {
    let folder = Folder::new();
    folder.write(
        "t.lua",
        "local t = {year = 2024, month = 7, day = 3, hour = 12}
        print(os.time(t), t.isdst, os.date('%H:%M %Z %z', 1720000000), os.date('*t', 1704279600).isdst)
        print(os.time{year = 2024, month = 1, day = 3, hour = 12, isdst = true}, os.date('!%H', 1720000000))",
    );
    // The rule stands in the variable, so that no data base is needed.
    let rule = "TZ=CET-1CEST,M3.5.0,M10.5.0/3";
    folder.shell(&format!("{rule} $M t.lua")).prints("1720000800\ttrue\t11:46 CEST +0200\tfalse\n1704276000\t09\n");
    folder.shell("TZ= $M t.lua").prints("1720008000\tfalse\t09:46 UTC +0000\tfalse\n1704279600\t09\n");
}
