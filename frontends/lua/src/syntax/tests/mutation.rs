//! Damaged programs: no panic, and the reference implementation's verdict.

use super::check_against_reference;

/// Pieces that tend to matter where they do not belong.
const PIECES: [&str; 48] = [
    "end", "do", "function", "local", "return", "break", "goto", "::", "::x::", "goto x", "if", "then", "else",
    "elseif", "while", "repeat", "until", "for", "in", "=", "==", "~", "..", "...", "(", ")", "[", "]", "{", "}", "[[",
    "]]", "[=[", "--", "--[[", "\"", "'", "\\", "\n", ";", ",", ".", ":", "<const>", "<close>", "0x", "1e", "not",
];

const PROGRAM: &str = r#"
local function visit(tree, depth, ...)
    local left <const>, right = tree[1], tree["right"]
    if left and depth < 10 then visit(left, depth + 1, ...) elseif not right then return nil, "leaf" else
        goto skip
    end
    for index = #tree, 1, -1 do
        if tree[index] == false then break end
        tree.sum = (tree.sum or 0) + tree[index] * 2 ^ -index // 3 % 4
    end
    ::skip::
    return visit(right, depth .. "x" .. 'y\n\z
        z', select('#', ...))
end

local account = { balance = 0x10, [1] = 1e3, "item"; f = function(self) return self end }
function account.class:deposit(amount)
    self.balance = self.balance + (amount or 3.5) & 0xff | 1 ~ 2 << 3 >> 4
    local file <close> = open [[long
string]]
    repeat local line = file:read "l"; line, amount = amount, line until not line
    while true do
        for key, value in pairs { n = 1 } do print(key, value); goto continue end
        ::continue::
        do local _ENV = { x = 1 }; x = x + 1 end
        break
    end --[==[ comment ]] ]==] return amount -- end
end
return account, visit(nil, ...)
"#;

/// A small generator of numbers that gives the same ones everywhere (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// The program with a few bytes changed.
fn mutate(random: &mut Random) -> Vec<u8> {
    let mut source = PROGRAM.as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(source.len());
        let length = random.below(12).min(source.len() - at);
        match random.below(6) {
            0 => drop(source.drain(at..at + length)),
            1 => source[at] = random.below(256) as u8,
            2 => source.truncate(at + 1),
            3 => {
                let copied = source[at..at + length].to_vec();
                let to = random.below(source.len());
                source.splice(to..to, copied);
            }
            _ => {
                let piece = format!(" {} ", PIECES[random.below(PIECES.len())]);
                source.splice(at..at, piece.into_bytes());
            }
        }
    }
    source
}

#[test]
fn damaged_programs_get_the_same_verdict() {
    let seed = std::env::var("MINIVM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0x2545_F491);
    let count = std::env::var("MINIVM_COUNT").ok().and_then(|text| text.parse().ok()).unwrap_or(1500);
    let mut random = Random(seed);
    // A chunk that begins with an escape byte is precompiled code for the reference implementation.
    let sources: Vec<Vec<u8>> =
        (0..count).map(|_| mutate(&mut random)).filter(|source| source.first() != Some(&0x1B)).collect();
    check_against_reference(&sources);
}
