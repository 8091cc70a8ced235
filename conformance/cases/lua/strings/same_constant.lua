-- Equal string constants of one chunk are one object, as `%p` shows; long strings that are made are others.
local function at(s) return string.format("%p", s) end
local long <const> = "01234567890123456789012345678901234567890123456789"
local one = "01234567890123456789012345678901234567890123456789"
local function f() return "01234567890123456789012345678901234567890123456789" end
local function g(...)
  local function h(...) return "01234567890123456789012345678901234567890123456789", ... end
  return h(...)
end
print(at(one) == at(f()), at(long) == at(g()), at(f()) == at(f()))
print(at("another of these texts that are longer than forty bytes") == at(one))
local made = ("0123456789"):rep(5)
print(made == one, at(made) == at(one), at(made) == at(("0123456789"):rep(5)))
-- A chunk of its own has strings of its own, as long as they are long.
local load_text = "return '01234567890123456789012345678901234567890123456789', 'short'"
local loaded, short = load(load_text)()
print(loaded == one, at(loaded) == at(one), at(short) == at("sh" .. "ort"))
