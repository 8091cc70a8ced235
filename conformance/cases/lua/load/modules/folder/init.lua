return { kind = "init file" }
