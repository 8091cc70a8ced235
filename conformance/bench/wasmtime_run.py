#!/usr/bin/env python3
"""Runs a WASI program on wasmtime, from PyPI: wasmtime_run.py [--bounded] PROGRAM.wasm [ARGUMENT...]

--bounded  with what MiniVM's native code has, too: fuel that is counted, bounds that are checked by code, not by guard pages.
"""

import sys

from wasmtime import Config, Engine, ExitTrap, Linker, Module, Store, WasiConfig


def main(arguments):
    bounded = arguments[:1] == ["--bounded"]
    program, *rest = arguments[1:] if bounded else arguments
    config = Config()
    config.parallel_compilation = False
    if bounded:
        config.consume_fuel = True
        config.signals_based_traps = False
        config.memory_reservation = 0
        config.memory_guard_size = 0
    engine = Engine(config)
    store = Store(engine)
    if bounded:
        store.set_fuel(2**62)
    wasi = WasiConfig()
    wasi.argv = [program, *rest]
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    store.set_wasi(wasi)
    linker = Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, Module.from_file(engine, program))
    try:
        instance.exports(store)["_start"](store)
    except ExitTrap as exit:
        return exit.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
