-- The generator is xoshiro256**, so that a seed gives the same numbers as PUC Lua.
math.randomseed(42) print(math.random(1, 100), math.random(1, 100), math.random(1, 100), math.random(0), math.random(1000000)) print(("%.14f"):format(math.random())) math.randomseed(123, 456) print(math.random(0), math.random(0), math.random(3))
math.randomseed(1.0) print(math.random(1000)) math.randomseed(2^53) print(math.random(1000))
