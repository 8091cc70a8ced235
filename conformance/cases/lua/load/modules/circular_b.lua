return { name = "b", a = package.loaded.circular_a }
