#![allow(missing_docs, unsafe_code)]
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
struct A;
static CUR: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
fn r(n: usize) -> usize {
    (n + 8).max(32).next_multiple_of(16)
}
unsafe impl GlobalAlloc for A {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        let c = CUR.fetch_add(r(l.size()), Relaxed) + r(l.size());
        PEAK.fetch_max(c, Relaxed);
        unsafe { System.alloc(l) }
    }
    unsafe fn dealloc(&self, p: *mut u8, l: Layout) {
        CUR.fetch_sub(r(l.size()), Relaxed);
        unsafe { System.dealloc(p, l) }
    }
}
#[global_allocator]
static G: A = A;
fn main() {
    let n: usize = std::env::args().nth(1).map_or(100_000, |a| a.parse().unwrap());
    let rep = |pre: &str, s: &str, post: &str, per: usize| (format!("{pre}{}{post}", s.repeat(n / per)), n);
    let cases: Vec<(&str, (String, usize))> = vec![
        ("table 1,", rep("return {", "1,", "}", 2)),
        ("table f,", rep("return {", "function()end,", "}", 5)),
        ("table {},", rep("return {", "{},", "}", 3)),
        ("table a=1,", rep("return {", "a=1,", "}", 4)),
        ("table 'x',", rep("return {", "'x',", "}", 2)),
        ("table [1]=1", rep("return {", "[1]=1;", "}", 6)),
        ("a=1 ", rep("", "a=1 ", "", 3)),
        ("a=a ", rep("", "a=a ", "", 3)),
        ("a.a=a.a ", rep("", "a.a=a.a ", "", 7)),
        ("f() ", rep("", "f() ", "", 3)),
        ("f''", rep("f", "''", "", 1)),
        ("f()()()", rep("f", "()", "", 2)),
        ("a.b.c", rep("return a", ".b", "", 2)),
        ("a[1][1]", rep("return a", "[1]", "", 3)),
        ("a+a+a", rep("return a", "+a", "", 2)),
        ("a..a..a", rep("return a", "..a", "", 2)),
        ("not not", rep("return ", "not ", "a", 1).clone()),
        ("a and a", rep("return a", " and a", "", 2)),
        ("a<a or", rep("return a", "<a or a", "", 4)),
        ("local a ", rep("", "do local a end ", "", 4)),
        ("local a,b", rep("", "do local a<const>,b=1,2 end ", "", 12)),
        ("goto", rep("", "do goto a ::a:: end ", "", 7)),
        ("while", rep("", "while a do end ", "", 4)),
        ("if", rep("", "if a then end ", "", 4)),
        ("elseif", rep("if a then ", "elseif a then ", "end", 3)),
        ("for", rep("", "for i=1,2 do end ", "", 8)),
        ("forin", rep("", "for i in a do end ", "", 6)),
        ("repeat", rep("", "repeat until a ", "", 3)),
        ("function", rep("", "function f()end ", "", 5)),
        ("local f", rep("", "do local function f()end end ", "", 8)),
        ("varargs", rep("", "f(...)", "", 4)),
        (";", rep("", ";", "", 1)),
        ("1.5", rep("return {", "1.5e10,", "}", 2)),
        ("comment", (format!("{}", "--x\n".repeat(n)), n)),
        ("a:b()", rep("a", ":b()", "", 4)),
        ("a,a=a,a", (format!("{}=1", vec!["a.a"; n / 4].join(",")), n)),
        ("f(a,a)", rep("f(", "a,", "a)", 2)),
        ("params", rep("", "function f(a,b,c,d,e,f,g,h)end ", "", 20)),
        ("upvalues", rep("local a,b,c,d,e,f,g,h ", "f(function()return a,b,c,d,e,f,g,h end)", "", 23)),
        ("close", rep("", "do local a<close> =b end ", "", 8)),
    ];
    let mut worst = 0.0f64;
    for (name, (source, tokens)) in cases {
        let base = CUR.load(Relaxed);
        PEAK.store(base, Relaxed);
        let made = minivm_lua::compile(source.as_bytes(), "=x");
        let peak = PEAK.load(Relaxed) - base;
        let kept = CUR.load(Relaxed) - base;
        let per = peak as f64 / tokens as f64;
        let charge = made.as_ref().map_or(0, |m| minivm_isa::size::program_bytes(m));
        worst = worst.max(per);
        println!(
            "{name:12} {:8} bytes peak {:9} = {per:7.1}/token {:6.1}/byte; kept {:8} charged {charge:8} {:.2} {}",
            source.len(),
            peak,
            peak as f64 / source.len() as f64,
            kept,
            kept as f64 / charge as f64,
            made.err().map_or(String::new(), |e| String::from_utf8_lossy(&e.message().as_ref())
                .chars()
                .take(60)
                .collect::<String>())
        );
    }
    println!("worst {worst}");
}
