//! The resolved tree of valid chunks, by its printed form.

use super::parse_chunk;

/// Fails unless `source` prints as `expect`, ignoring the first line (the main function's header) and its environment.
fn check(source: &str, expect: &str) {
    let chunk = parse_chunk(source.as_bytes(), "=chunk").expect("valid");
    let text = chunk.to_string();
    let body: Vec<&str> = text.lines().skip(2).map(str::trim_end).collect();
    let expect: Vec<&str> = expect.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    assert_eq!(body, expect, "{source}\n{text}");
}

/// Fails unless the expression `source` prints as `expect`, with globals written as plain names.
fn check_expression(source: &str, expect: &str) {
    let chunk = parse_chunk(format!("return {source}").as_bytes(), "=chunk").expect("valid");
    let text = chunk.to_string().replace("upvalue0!", "");
    let line = text.lines().nth(2).expect("a statement").trim();
    let body = line.trim_start_matches("return tail ").trim_start_matches("return ");
    assert_eq!(body, expect, "{source}");
}

#[test]
fn operators_bind_as_they_should() {
    check_expression("a + b * c - d", "((a + (b * c)) - d)");
    check_expression("a ^ b ^ c", "(a ^ (b ^ c))");
    check_expression("-a ^ b", "(- (a ^ b))");
    check_expression("a ^ -b ^ c", "(a ^ (- (b ^ c)))");
    check_expression("a ^ -b * c", "((a ^ (- b)) * c)");
    check_expression("not a == b", "((not a) == b)");
    check_expression("-a * b", "((- a) * b)");
    check_expression("- - a", "(- (- a))");
    check_expression("#a .. b .. c + d .. e", "((# a) .. b .. (c + d) .. e)");
    check_expression("(a .. b) .. c", "((a .. b) .. c)");
    check_expression(
        "a or b and c == d | e ~ f & g << h .. i + j * -k ^ l",
        concat!("(a or (b and (c == (d | (e ~ (f & (g << (h .. (i + (j * (- (k ^ l)))))))))))", ")"),
    );
    check_expression("a * b + c .. d < e and f or g", "((((((a * b) + c) .. d) < e) and f) or g)");
    check_expression("a < b == c ~= d", "(((a < b) == c) ~= d)");
    check_expression("a << b >> c << d", "(((a << b) >> c) << d)");
    check_expression("a - b - c .. d - e", "(((a - b) - c) .. (d - e))");
    check_expression("a // b / c % d", "(((a // b) / c) % d)");
    check_expression("2 ^ -3 .. x", "((2 ^ -3) .. x)");
    check_expression("a .. b ^ c ^ d .. e", "(a .. (b ^ (c ^ d)) .. e)");
    check_expression("a and b or c and d", "((a and b) or (c and d))");
    check_expression("~a & ~b", "((~ a) & (~ b))");
}

#[test]
fn long_chains_keep_their_order() {
    let operators = ["+", "-", "*", "/", "..", "==", "and", "or", "<<", "|", "^"];
    let short: String = (0..11).map(|index| format!("a{index} {} ", operators[index % 11])).collect();
    // Repeating the same text makes chains at several levels; the reading must not depend on their length.
    for repeat in [1, 2, 3, 5, 8] {
        let source = format!("{}z", short.repeat(repeat));
        let chunk = parse_chunk(format!("return {source}").as_bytes(), "=chunk").expect("valid");
        let reference = brackets(&source);
        let text = chunk.to_string().replace("upvalue0!", "");
        assert_eq!(text.lines().nth(2).expect("a statement").trim(), format!("return {reference}"));
    }
    check_expression(&vec!["f()"; 40].join(" - "), &format!("{}f(){}", "(".repeat(39), " - f())".repeat(39)));
}

/// `source` in full brackets, by precedence climbing over words.
fn brackets(source: &str) -> String {
    fn priority(operator: &str) -> (u8, u8) {
        match operator {
            "or" => (1, 1),
            "and" => (2, 2),
            "==" => (3, 3),
            "|" => (4, 4),
            "<<" => (7, 7),
            ".." => (9, 8),
            "+" | "-" => (10, 10),
            "*" | "/" => (11, 11),
            _ => (14, 13),
        }
    }
    fn climb<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>, limit: u8) -> String {
        let mut left = words.next().expect("an operand").to_owned();
        while let Some(&operator) = words.peek()
            && priority(operator).0 > limit
        {
            words.next();
            let right = climb(words, priority(operator).1);
            // Concatenations are lists: one that ends in another takes it in.
            left = match right.strip_prefix('(') {
                Some(rest) if operator == ".." && is_concat(&right) => format!("({left} .. {rest}"),
                _ => format!("({left} {operator} {right})"),
            };
        }
        left
    }
    fn is_concat(text: &str) -> bool {
        let mut depth = 0;
        text.split_inclusive(['(', ')']).any(|part| {
            let found = depth == 1 && part.contains(" .. ");
            depth += if part.ends_with('(') { 1 } else { -1 };
            found
        })
    }
    climb(&mut source.split_whitespace().peekable(), 0)
}

#[test]
fn names_find_their_variables() {
    check(
        "local a = 1; do local a = a; a = a end return a",
        "
    local a.1 = 1
    do
        local a.2 = a.1
        a.2 = a.2
    return a.1
",
    );
    check(
        "local x = 1; x = 2; local y = 3; function f() return function() return x, y, z end end",
        "
    local x.1 = 1
    x.1 = 2
    local y.2 = 3
    upvalue0!f = function1
function1 f() lines 1-1
    upvalue0 = cell of x.1
    upvalue1 = copy of y.2
    upvalue2 = copy of upvalue0
    return function2
function2() lines 1-1
    upvalue0 = cell of upvalue0
    upvalue1 = copy of upvalue1
    upvalue2 = copy of upvalue2
    return upvalue0, upvalue1, upvalue2!z
",
    );
    check(
        "local function f(_ENV) return x, _ENV.y end",
        "
    local function f.1 = function1
function1 f(_ENV.2) lines 1-1
    return _ENV.2!x, _ENV.2[\"y\"]
",
    );
    check(
        "_ENV = _ENV; function o.a:m(...) return self, ... end",
        "
    upvalue0 = upvalue0
    upvalue0!o[\"a\"][\"m\"] = function1
function1 o.a:m(self.1, ...) lines 1-1
    return self.1, ...
",
    );
}

#[test]
fn constants_are_folded_and_replaced() {
    check(
        "local a <const> = 60 * 60; local b <const>, c <const> = a, 'x' return a + 1, b, c, function() return a end",
        "
    local b.2 = 3600
    return 3601, b.2, \"x\", function1
function1() lines 1-1
    return 3600
",
    );
    check(
        "local _ENV <const> = 'env'; x = y; function z.w() end",
        "
    \"env\"[\"x\"] = \"env\"[\"y\"]
    \"env\"[\"z\"][\"w\"] = function1
function1 z.w() lines 1-1
",
    );
    check_expression("1 // 0", "(1 // 0)");
    check_expression("-0.0", "(- 0.0)");
    check_expression("0/0", "(0 / 0)");
    check_expression("3 | 4.0", "7");
    check_expression("not nil", "true");
    check_expression("9223372036854775807 + 1", "-9223372036854775808");
    check_expression("'10' + 1", "(\"10\" + 1)");
    check_expression("(2)^53", "9007199254740992.0");
    check_expression("'\\65\\x42\\u{43}\\z   D\\\n'", "\"ABCD\\n\"");
}

#[test]
fn values_are_cut_where_they_should_be() {
    check_expression("(f())", "first(f())");
    check_expression("((...))", "first(...)");
    check_expression("(a)", "a");
    check_expression("f(...), {...}, {(...)}", "f(...), {...}, {first(...)}");
    check_expression("a.b['c'][1]:d 'e' {f = 1; 2, [g] = h}", "a[\"b\"][\"c\"][1]:d(\"e\")({[\"f\"] = 1, 2, [g] = h})");
}

#[test]
fn tail_calls_stop_at_variables_to_close() {
    check("return f()", "    return tail upvalue0!f()");
    check("return (f())", "    return first(upvalue0!f())");
    check(
        "local c <close> = nil; do return f() end",
        "
    local c.1 = nil
    do
        return upvalue0!f()
",
    );
    check(
        "for k in x do return f() end do local c <close> = nil end return f()",
        "
    for k.1 in upvalue0!x
        return upvalue0!f()
    do
        local c.2 = nil
    return tail upvalue0!f()
",
    );
}

#[test]
fn semicolons_keep_statements_apart() {
    let source = "local a = f;(g)();;local b = a\n;(h or i)();::l::;;(j)() do ;(k)();end break_ = 1;;; return ;";
    check(
        source,
        "
    local a.1 = upvalue0!f
    upvalue0!g()
    local b.2 = a.1
    (upvalue0!h or upvalue0!i)()
    label0:
    upvalue0!j()
    do
        upvalue0!k()
    upvalue0!break_ = 1
    return
",
    );
}

#[test]
fn jumps_know_their_labels() {
    check(
        "while a do break; goto b; do goto b end ::b:: ; end goto c; ::c:: ::d:: goto d",
        "
    while upvalue0!a
        break
        goto label0
        do
            goto label0
        label0:
    goto label2
    label2:
    label1:
    goto label1
",
    );
}

#[test]
fn places_are_those_of_the_source() {
    let source = "x = 'a\\\nb' +\n  f(\n1)";
    let chunk = parse_chunk(source.as_bytes(), "=chunk").expect("valid");
    let places: Vec<_> = chunk
        .expressions
        .values()
        .map(|expression| (&source[expression.span.start as usize..expression.span.end as usize], expression.span.line))
        .collect();
    let (string, call) = ("'a\\\nb'", "f(\n1)");
    assert_eq!(places, [(string, 2), ("f", 3), ("1", 4), (call, 3), (&source[4..], 2)]);
}
