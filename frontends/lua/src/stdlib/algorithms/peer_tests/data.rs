//! Packing, UTF-8, random numbers, sorting and dates against the peer.

use super::super::calendar::{DateTime, Fields, Zone, seconds_from_fields};
use super::super::error::{LibraryError, LibraryResult};
use super::super::number::Number;
use super::super::pack::{Kind, Options, packed_size};
use super::super::pack_values::{self, Unpacked};
use super::super::random::Random;
use super::super::sort::sort_slice;
use super::super::{date, utf8};
use super::{Case, check, literal, noise, outcome, shown};

#[test]
fn packing() {
    let formats = [
        "i1",
        "I1",
        "b",
        "B",
        "h",
        "H",
        "i3",
        "I3",
        "i4",
        "<i4",
        ">i4",
        "=I4",
        "l",
        "L",
        "j",
        "J",
        "T",
        "i9",
        "I9",
        ">i16",
        "I16",
        "i0",
        "i17",
        "i",
        "I",
        "!i8",
        "bi8",
        "!bi8",
        "!4bi8",
        "!3bi8",
        "!2 b i4 xXi4",
        "bXi4",
        "X",
        "Xz",
        "Xc3",
        "XX",
        "X<",
        "bXs4",
        "y",
        "c",
        "i99999999999",
        "!17b",
        "!0b",
        "bxxb",
        " b  >  h ",
        "c0",
        "x",
        "",
        "c2147483647",
        "c2147483647c1",
        "c99999999999",
        "f",
        "d",
        "n",
        ">d",
        "s",
        "z",
        "bz",
        "!8bs",
        "i7",
        ">I7",
    ];
    let mut cases = Vec::new();
    for format in formats {
        cases.push(Case {
            expression: format!("string.packsize('{format}')"),
            ours: outcome("packsize", packed_size(format.as_bytes()).map(|size| vec![size.to_string().into_bytes()])),
        });
        for value in [0, 1, -1, 127, 128, -129, 40_000, 1 << 40, i64::MIN, i64::MAX] {
            if format.contains("c2") || format.contains("c9") {
                continue;
            }
            let argument = format!("{value} | 0").replace(&i64::MIN.to_string(), "math.mininteger");
            cases.push(Case {
                expression: format!("string.pack('{format}', {argument}, {argument})"),
                ours: outcome("pack", pack_integers(format.as_bytes(), value).map(|bytes| vec![bytes])),
            });
        }
        for data in [
            &b""[..],
            b"\x01",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x02\0\0\0\0\0\0\0ab\0cdefgh\0\0\0\0\0\0\0\0",
        ] {
            for start in [1, 2] {
                cases.push(Case {
                    expression: format!("string.unpack('{format}', {}, {start})", literal(data)),
                    ours: outcome("unpack", unpack(format.as_bytes(), data, start - 1)),
                });
            }
        }
    }
    check(cases);
}

/// `string.pack` with the same integer for every option that takes a value.
fn pack_integers(format: &[u8], value: i64) -> LibraryResult<Vec<u8>> {
    let mut options = Options::new(format);
    let mut out = Vec::new();
    let mut argument = 1;
    while let Some(option) = options.next(out.len())? {
        out.resize(out.len() + option.padding, 0);
        argument += u32::from(option.kind.has_value());
        match option.kind {
            Kind::Signed { .. } | Kind::Unsigned { .. } => {
                pack_values::write_integer(&mut out, option, value, argument)?
            }
            Kind::Float | Kind::Double => pack_values::write_float(&mut out, option, value as f64),
            Kind::Padding => out.push(0),
            Kind::Nothing => {}
            kind => {
                let text = value.to_string();
                pack_values::check_string(option, text.len(), argument)?;
                if matches!(kind, Kind::Counted { .. }) {
                    pack_values::write_length(&mut out, option, text.len());
                }
                out.extend_from_slice(text.as_bytes());
                match kind {
                    Kind::Fixed { size } => out.resize(out.len() + size - text.len(), 0),
                    Kind::ZeroTerminated => out.push(0),
                    _ => {}
                }
            }
        }
    }
    Ok(out)
}

fn unpack(format: &[u8], data: &[u8], start: usize) -> LibraryResult<Vec<Vec<u8>>> {
    if start > data.len() {
        return Err(LibraryError::argument(3, "initial position out of string"));
    }
    let (values, end) = pack_values::unpack(format, data, start)?;
    let mut shown: Vec<Vec<u8>> = values
        .into_iter()
        .map(|value| match value {
            Unpacked::Number(number) => self::shown(number),
            Unpacked::Text(range) => data[range].to_vec(),
        })
        .collect();
    shown.push((end + 1).to_string().into_bytes());
    Ok(shown)
}

#[test]
fn utf8_library() {
    let subjects: [&[u8]; 9] = [
        b"",
        b"abc",
        "añ汉😀".as_bytes(),
        b"\xff",
        b"a\x80b",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xfd\xbf\xbf\xbf\xbf\xbf\xe6",
    ];
    let mut cases = Vec::new();
    for subject in subjects {
        let text = literal(subject);
        for first in [-20, -2, -1, 0, 1, 2, 3, 12] {
            for last in [-20, -1, 0, 2, 4, 12] {
                for (mode, lax) in [(utf8::Mode::Strict, false), (utf8::Mode::Lax, true)] {
                    let length = utf8::length_range(subject, first, last);
                    let length = length.map(|mut range| match utf8::length(subject, &mut range, mode) {
                        utf8::Length::Characters(count) => vec![count.to_string().into_bytes()],
                        utf8::Length::InvalidAt(position) => vec![b"nil".to_vec(), position.to_string().into_bytes()],
                    });
                    cases.push(Case {
                        expression: format!("utf8.len({text}, {first}, {last}, {lax})"),
                        ours: outcome("len", length),
                    });
                    let codes = utf8::codepoint_range(subject, first, Some(last))
                        .and_then(|mut range| utf8::codepoints(subject, &mut range, usize::MAX, mode))
                        .map(|codes| codes.iter().map(|code| code.to_string().into_bytes()).collect());
                    cases.push(Case {
                        expression: format!("utf8.codepoint({text}, {first}, {last}, {lax})"),
                        ours: outcome("codepoint", codes),
                    });
                }
                let offset = utf8::offset(subject, last, Some(first))
                    .map(|offset| vec![offset.map_or("nil".into(), |offset| offset.to_string()).into_bytes()]);
                cases.push(Case {
                    expression: format!("utf8.offset({text}, {last}, {first})"),
                    ours: outcome("offset", offset),
                });
            }
        }
    }
    for code in [0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, -1] {
        let mut out = Vec::new();
        let encoded = utf8::encode(&mut out, code, 1).map(|()| vec![out]);
        cases.push(Case { expression: format!("utf8.char({code})"), ours: outcome("char", encoded) });
    }
    check(cases);
}

#[test]
fn random_numbers() {
    let mut cases = Vec::new();
    for seed in [0, 1, 42, -7, i64::MAX] {
        let mut random = Random::seeded(seed, 0);
        let mut line: Vec<Vec<u8>> = Vec::new();
        for high in [1, 2, 6, 100, 1_000_000, i64::MAX] {
            line.push(random.between(1, high).expect("not empty").to_string().into_bytes());
        }
        line.push(random.between(i64::MIN, i64::MAX).expect("not empty").to_string().into_bytes());
        line.push(random.between(-3, 3).expect("not empty").to_string().into_bytes());
        line.push((random.bits() as i64).to_string().into_bytes());
        line.push(shown(Number::Float(random.float())));
        cases.push(Case {
            expression: format!(
                "(function() math.randomseed({seed}) local r = math.random return r(1), r(2), r(6), r(100), r(1000000), \
                 r(math.maxinteger), r(math.mininteger, math.maxinteger), r(-3, 3), r(0), r() end)()"
            ),
            ours: line.join(&b'|'),
        });
    }
    check(cases);
}

#[test]
fn sorting_with_equal_elements() {
    let mut seed = 5;
    let mut cases = Vec::new();
    for length in [1, 2, 3, 4, 5, 10, 50, 99, 100, 101, 102, 300] {
        let keys: Vec<u64> = (0..length).map(|_| noise(&mut seed) % (length / 3 + 1)).collect();
        let mut order: Vec<usize> = (0..keys.len()).collect();
        sort_slice(&mut order, 0, |lhs, rhs| keys[lhs] < keys[rhs]).expect("an order");
        let order: Vec<Vec<u8>> = order.iter().map(|index| (index + 1).to_string().into_bytes()).collect();
        let keys: Vec<String> = keys.iter().map(u64::to_string).collect();
        cases.push(Case {
            expression: format!(
                "(function() local k, t = {{{}}}, {{}} for i = 1, #k do t[i] = i end \
                 table.sort(t, function(a, b) return k[a] < k[b] end) return table.concat(t, '|') end)()",
                keys.join(",")
            ),
            ours: order.join(&b'|'),
        });
    }
    check(cases);
}

#[test]
fn dates() {
    let mut cases = Vec::new();
    let zone = Zone::utc();
    let mut seed = 11;
    let mut seconds = vec![
        0,
        1,
        -2,
        86_399,
        951_782_400,
        1_709_210_096,
        -62_135_596_800,
        253_402_300_800,
        1 << 55,
        1 << 57,
        i64::MAX,
    ];
    seconds.extend((0..200).map(|_| (noise(&mut seed) % 8_000_000_000) as i64 - 4_000_000_000));
    let format = "%a %A %b %B %c %d %D %e %F %g %G %h %H %I %j %m %M %p %r %R %S %T %u %U %V %w %W %x %X %y %Y %z %Z %% %Ec %EY %Od %OW";
    for seconds in seconds {
        let text = DateTime::from_seconds(seconds, &zone).and_then(|moment| {
            let mut out = Vec::new();
            date::write_date(&mut out, format.as_bytes(), &moment, &zone)?;
            Ok(vec![out])
        });
        cases.push(Case { expression: format!("os.date('!{format}', {seconds})"), ours: outcome("date", text) });
    }
    for (year, month, day, hour, minute, second) in [
        (1970, 1, 1, 0, 0, 1),
        (2024, 14, -1, 12, 0, 0),
        (2000, -30, 400, 100, -100, 100_000),
        (1969, 12, 31, 23, 59, 59),
        (2_147_485_547, 12, 31, 24, 0, 0),
    ] {
        let fields = Fields { year, month, day, hour, minute, second };
        let moment = seconds_from_fields(fields, &zone).map(|(seconds, date)| {
            vec![format!("{seconds}|{}|{}|{}|{}", date.year, date.month, date.day, date.yearday + 1).into_bytes()]
        });
        cases.push(Case {
            expression: format!(
                "(function() local t = {{year = {year}, month = {month}, day = {day}, hour = {hour}, min = {minute}, sec = {second}}} \
                 local s = os.time(t) return s, t.year, t.month, t.day, t.yday end)()"
            ),
            ours: outcome("time", moment),
        });
    }
    for format in ["%", "%E", "%Ez", "%O", "%i", "%k%l", "%s", "%+", "%\0a"] {
        let moment = DateTime::from_seconds(0, &zone).expect("in range");
        let result = date::write_date(&mut Vec::new(), format.as_bytes(), &moment, &zone).map(|()| Vec::new());
        cases.push(Case {
            expression: format!("os.date({}, 0)", literal(format.as_bytes())),
            ours: outcome("date", result),
        });
    }
    check(cases);
}
