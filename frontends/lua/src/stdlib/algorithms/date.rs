//! `os.date`: dates as text, by the conversions of C's `strftime` in the C locale.

use super::calendar::{DateTime, Zone};
use super::error::{LibraryError, LibraryResult};
use std::io::Write;

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What `%E` may stand before; in the C locale it changes nothing.
const ALTERNATIVE_ERA: &[u8] = b"cCxXyY";
/// What `%O` may stand before; in the C locale it changes nothing.
const ALTERNATIVE_DIGITS: &[u8] = b"deHImMSuUVwWy";

/// What the first argument of `os.date` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'f> {
    /// It began with `!`: in UTC.
    pub utc: bool,
    /// A table of fields, or text of this format.
    pub output: Output<'f>,
}

/// The form in which a date is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output<'f> {
    /// `*t`
    Table,
    /// Any other format.
    Text(&'f [u8]),
}

impl<'f> Request<'f> {
    /// Reads the first argument of `os.date`.
    pub fn new(format: &'f [u8]) -> Self {
        let (utc, rest) = match format {
            [b'!', rest @ ..] => (true, rest),
            _ => (false, format),
        };
        Self { utc, output: if rest == b"*t" { Output::Table } else { Output::Text(rest) } }
    }
}

/// Bytes of a format that are copied at a time at most.
const LITERAL_MAX: usize = 1 << 12;
/// Bytes of a format that a message shows at most.
const SHOWN_MAX: usize = 1000;

/// Appends `date`, in `zone`, as the front of `format` says: the bytes up to a conversion, or one conversion. Gives how many bytes
/// of the format that was. Fails at a conversion that the language does not have.
pub fn write_date_part(out: &mut Vec<u8>, format: &[u8], date: &DateTime, zone: &Zone) -> LibraryResult<usize> {
    let window = &format[..format.len().min(LITERAL_MAX)];
    let mark = memchr::memchr(b'%', window).unwrap_or(window.len());
    if mark > 0 || format.is_empty() {
        out.extend_from_slice(&format[..mark]);
        return Ok(mark);
    }
    let item = &format[1..];
    let (letter, length) = match item {
        [b'E', letter, ..] if ALTERNATIVE_ERA.contains(letter) => (*letter, 2),
        [b'O', letter, ..] if ALTERNATIVE_DIGITS.contains(letter) => (*letter, 2),
        [letter, ..] => (*letter, 1),
        [] => (0, 0),
    };
    if !write_item(out, letter, date, zone) {
        let shown = item[..item.len().min(SHOWN_MAX)].split(|&byte| byte == 0).next().unwrap_or_default();
        return Err(LibraryError::argument(1, [b"invalid conversion specifier '%", shown, b"'"].concat()));
    }
    Ok(1 + length)
}

/// Appends `date`, in `zone`, as `format` says.
#[cfg(test)]
pub fn write_date(out: &mut Vec<u8>, format: &[u8], date: &DateTime, zone: &Zone) -> LibraryResult<()> {
    let mut done = 0;
    while done < format.len() {
        done += write_date_part(out, &format[done..], date, zone)?;
    }
    Ok(())
}

/// Appends one conversion; false if there is none of that letter.
fn write_item(out: &mut Vec<u8>, letter: u8, date: &DateTime, zone: &Zone) -> bool {
    let hour_of_12 = (date.hour + 11) % 12 + 1;
    let weekday_from_monday = (date.weekday + 6) % 7;
    let (iso_year, iso_week) = iso_week(date);
    // Writing to a vector cannot fail.
    let _ = match letter {
        b'a' => write!(out, "{}", &DAYS[date.weekday as usize][..3]),
        b'A' => write!(out, "{}", DAYS[date.weekday as usize]),
        b'b' | b'h' => write!(out, "{}", &MONTHS[date.month as usize - 1][..3]),
        b'B' => write!(out, "{}", MONTHS[date.month as usize - 1]),
        b'c' => return write_items(out, b"a b e T Y", b' ', date, zone),
        b'C' => write!(out, "{:02}", date.year.div_euclid(100)),
        b'd' => write!(out, "{:02}", date.day),
        b'D' | b'x' => return write_items(out, b"m/d/y", b'/', date, zone),
        b'e' => write!(out, "{:2}", date.day),
        b'F' => return write_items(out, b"Y-m-d", b'-', date, zone),
        b'g' => write!(out, "{:02}", iso_year.rem_euclid(100)),
        b'G' => write!(out, "{iso_year}"),
        b'H' => write!(out, "{:02}", date.hour),
        b'I' => write!(out, "{hour_of_12:02}"),
        b'j' => write!(out, "{:03}", date.yearday + 1),
        b'm' => write!(out, "{:02}", date.month),
        b'M' => write!(out, "{:02}", date.minute),
        b'n' => writeln!(out),
        b'p' => write!(out, "{}", if date.hour < 12 { "AM" } else { "PM" }),
        b'r' => {
            write_items(out, b"I:M:S", b':', date, zone);
            out.push(b' ');
            return write_item(out, b'p', date, zone);
        }
        b'R' => return write_items(out, b"H:M", b':', date, zone),
        b'S' => write!(out, "{:02}", date.second),
        b't' => write!(out, "\t"),
        b'T' | b'X' => return write_items(out, b"H:M:S", b':', date, zone),
        b'u' => write!(out, "{}", weekday_from_monday + 1),
        b'U' => write!(out, "{:02}", (date.yearday + 7 - date.weekday) / 7),
        b'V' => write!(out, "{iso_week:02}"),
        b'w' => write!(out, "{}", date.weekday),
        b'W' => write!(out, "{:02}", (date.yearday + 7 - weekday_from_monday) / 7),
        b'y' => write!(out, "{:02}", date.year.rem_euclid(100)),
        b'Y' => write!(out, "{}", date.year),
        b'z' => write_offset(out, zone),
        b'Z' => write!(out, "{}", zone.name),
        b'%' => write!(out, "%"),
        _ => return false,
    };
    true
}

/// Appends conversions with a separator between them.
fn write_items(out: &mut Vec<u8>, letters: &[u8], separator: u8, date: &DateTime, zone: &Zone) -> bool {
    for &letter in letters {
        if letter == separator {
            out.push(separator);
        } else {
            write_item(out, letter, date, zone);
        }
    }
    true
}

fn write_offset(out: &mut Vec<u8>, zone: &Zone) -> std::io::Result<()> {
    let minutes = zone.offset_seconds.unsigned_abs() / 60;
    let sign = if zone.offset_seconds < 0 { '-' } else { '+' };
    write!(out, "{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

/// Year and number of the week by ISO 8601: a week belongs to the year its Thursday is in.
fn iso_week(date: &DateTime) -> (i64, i64) {
    let thursday = date.yearday - (date.weekday + 6) % 7 + 3;
    let days_in = |year: i64| 365 + i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    if thursday < 0 {
        let year = date.year - 1;
        (year, (thursday + days_in(year)) / 7 + 1)
    } else if thursday >= days_in(date.year) {
        (date.year + 1, 1)
    } else {
        (date.year, thursday / 7 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: i64, format: &str) -> String {
        let zone = Zone::utc();
        let mut out = Vec::new();
        write_date(&mut out, format.as_bytes(), &DateTime::from_seconds(seconds, &zone).expect("in range"), &zone)
            .expect("valid");
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn formats() {
        assert_eq!(text(0, "%c|%x|%X|%p"), "Thu Jan  1 00:00:00 1970|01/01/70|00:00:00|AM");
        assert_eq!(text(1_709_210_096, "%F %T %r %R %Ey %Od%%"), "2024-02-29 12:34:56 12:34:56 PM 12:34 24 29%");
        assert_eq!(text(1_104_537_600, "%G-%V %g %U %W %u %j"), "2004-53 04 00 00 6 001");
        assert_eq!(text(0, "%Z%z%n%t"), "GMT+0000\n\t");
    }

    #[test]
    fn unknown_conversions() {
        let zone = Zone::utc();
        let date = DateTime::from_seconds(0, &zone).expect("in range");
        for (format, shown) in [(&b"%"[..], "%"), (b"a%Ez b", "%Ez b"), (b"%9", "%9"), (b"%O", "%O")] {
            let error = write_date(&mut Vec::new(), format, &date, &zone).expect_err("not valid");
            assert_eq!(error, LibraryError::argument(1, format!("invalid conversion specifier '{shown}'")));
        }
    }

    #[test]
    fn requests() {
        assert_eq!(Request::new(b"!*t"), Request { utc: true, output: Output::Table });
        assert_eq!(Request::new(b"%c"), Request { utc: false, output: Output::Text(b"%c") });
    }
}
