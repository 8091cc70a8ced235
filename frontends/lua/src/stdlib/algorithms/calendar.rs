//! The Gregorian calendar: seconds since 1970 to date and time in a zone, and back.

use super::error::{LibraryError, LibraryResult};

const SECONDS_PER_DAY: i64 = 86_400;
/// From 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days in 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;
/// What C counts years from; its years and all fields of a date table are 32-bit integers.
const YEAR_BASE: i64 = 1900;

/// A time zone: a fixed distance from UTC, which the host chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Seconds east of Greenwich.
    pub offset_seconds: i32,
    /// Its abbreviation, for `%Z`.
    pub name: Box<str>,
    /// Whether daylight saving time is in force.
    pub daylight: bool,
}

impl Zone {
    /// The zone of formats that begin with `!`.
    pub fn utc() -> Self {
        Self { offset_seconds: 0, name: "GMT".into(), daylight: false }
    }
}

/// Date and time, with everything in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// The year, astronomically: 0 is 1 BC.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    /// Days since Sunday, 0 to 6.
    pub weekday: i64,
    /// Days since the 1st of January, 0 to 365.
    pub yearday: i64,
}

impl DateTime {
    /// What clocks in `zone` show `seconds` after the beginning of 1970 in UTC. Fails if the year is out of C's range.
    pub fn from_seconds(seconds: i64, zone: &Zone) -> LibraryResult<Self> {
        let unrepresentable = || LibraryError::message("date result cannot be represented in this installation");
        let local = seconds.checked_add(i64::from(zone.offset_seconds)).ok_or_else(unrepresentable)?;
        let date = Self::from_local_seconds(local);
        i32::try_from(date.year - YEAR_BASE).map_err(|_| unrepresentable())?;
        Ok(date)
    }

    fn from_local_seconds(seconds: i64) -> Self {
        let (days, time) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        // Years begin in March here, so that the leap day is the last of a year.
        let shifted = days + EPOCH_DAYS;
        let (era, day_of_era) = (shifted.div_euclid(DAYS_PER_ERA), shifted.rem_euclid(DAYS_PER_ERA));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self {
            year,
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: time / 3600,
            minute: time / 60 % 60,
            second: time % 60,
            weekday: (days + 4).rem_euclid(7),
            yearday: days - days_from_date(year, 1, 1),
        }
    }
}

/// Days from 1970-01-01 to a date; the month must be in range, the day need not.
fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * month_from_march + 2) / 5;
    era * DAYS_PER_ERA + day_of_era + day - 1 - EPOCH_DAYS
}

/// The fields of a date table, in range or not.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// `year`
    pub year: i64,
    /// `month`
    pub month: i64,
    /// `day`
    pub day: i64,
    /// `hour`
    pub hour: i64,
    /// `min`
    pub minute: i64,
    /// `sec`
    pub second: i64,
}

/// What stands in a field of a date table.
#[derive(Clone, Copy, Debug)]
pub enum Field {
    /// Nothing.
    Absent,
    /// Something with an integer value.
    Integer(i64),
    /// Something else.
    Other,
}

/// Checks field `name` of a date table. Without `default` it must be there. A 32-bit integer must hold it; years count from
/// 1900 in that, months from 1.
pub fn check_field(name: &str, field: Field, default: Option<i64>) -> LibraryResult<i64> {
    let base = match name {
        "year" => YEAR_BASE,
        "month" => 1,
        _ => 0,
    };
    match (field, default) {
        (Field::Integer(value), _) => {
            let in_range = value.checked_sub(base).is_some_and(|value| i32::try_from(value).is_ok());
            if in_range { Ok(value) } else { Err(LibraryError::message(format!("field '{name}' is out-of-bound"))) }
        }
        (Field::Absent, Some(value)) => Ok(value),
        (Field::Absent, None) => Err(LibraryError::message(format!("field '{name}' missing in date table"))),
        (Field::Other, _) => Err(LibraryError::message(format!("field '{name}' is not an integer"))),
    }
}

/// `os.time`: the seconds since 1970 of a local date, with the date then, all fields in range, and the zone in force. Fields
/// must have passed [`check_field`]; fails if the year then is out of C's range, or the result is -1, which C cannot tell
/// from a failure.
///
/// `daylight` says which of the two a time that clocks show twice is. Where it contradicts the zone, clocks are taken to show
/// what they would; in a zone that knows no daylight saving time it is an hour, as for C. `zone_at` gives the zone in force at a time.
pub fn seconds_from_fields(
    fields: Fields,
    daylight: Option<bool>,
    mut zone_at: impl FnMut(i64) -> Zone,
) -> LibraryResult<(i64, DateTime, Zone)> {
    let unrepresentable = || LibraryError::message("time result cannot be represented in this installation");
    let months = fields.month - 1;
    let days = days_from_date(fields.year + months.div_euclid(12), months.rem_euclid(12) + 1, fields.day);
    let local = days * SECONDS_PER_DAY + fields.hour * 3600 + fields.minute * 60 + fields.second;
    // No zone is more than a day from UTC, and none changes twice within two days.
    let near = [zone_at(local - SECONDS_PER_DAY), zone_at(local + SECONDS_PER_DAY)];
    let fits = |zone: &&Zone| zone_at(local - i64::from(zone.offset_seconds)).offset_seconds == zone.offset_seconds;
    let fitting: Vec<&Zone> = near.iter().filter(fits).collect();
    let wanted = daylight.unwrap_or(false);
    let offset = match fitting.iter().find(|zone| zone.daylight == wanted) {
        Some(zone) => zone.offset_seconds,
        None => {
            let before = near.iter().find(|zone| zone.daylight == wanted).unwrap_or(&near[0]);
            let here = fitting.first().unwrap_or(&before);
            match daylight.filter(|&wanted| wanted != here.daylight) {
                None => here.offset_seconds,
                Some(wanted) => nearest_zone(local, wanted, &mut zone_at)
                    .unwrap_or(here.offset_seconds + if wanted { 3600 } else { -3600 }),
            }
        }
    };
    let seconds = local - i64::from(offset);
    let zone = zone_at(seconds);
    let date = DateTime::from_seconds(seconds, &zone).map_err(|_| unrepresentable())?;
    if seconds == -1 { Err(unrepresentable()) } else { Ok((seconds, date, zone)) }
}

/// The offset of the zone next to a time in which daylight saving time is in force, or is not.
fn nearest_zone(at: i64, daylight: bool, zone_at: &mut impl FnMut(i64) -> Zone) -> Option<i32> {
    // As far and in such steps as the C library looks: no saving time is shorter.
    const STEP: i64 = 601_200;
    const STEPS: i64 = 447;
    let mut times = (0..STEPS).flat_map(|step| [at - step * STEP, at + step * STEP]);
    times.find_map(|time| Some(zone_at(time)).filter(|zone| zone.daylight == daylight).map(|zone| zone.offset_seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_round_trip() {
        let mut previous = days_from_date(-5, 1, 1);
        for day in 1..400_000 {
            let date = DateTime::from_local_seconds((days_from_date(-5, 1, 1) + day) * SECONDS_PER_DAY);
            let days = days_from_date(date.year, date.month, date.day);
            assert_eq!(days, previous + 1);
            previous = days;
        }
    }

    #[test]
    fn known_dates() {
        let date = DateTime::from_seconds(1_709_210_096, &Zone::utc()).expect("in range");
        assert_eq!((date.year, date.month, date.day, date.hour, date.minute, date.second), (2024, 2, 29, 12, 34, 56));
        assert_eq!((date.weekday, date.yearday), (4, 59));
        let fields = Fields { year: 2024, month: 14, day: -1, hour: 12, minute: 0, second: 0 };
        let (seconds, date, _) = seconds_from_fields(fields, None, |_| Zone::utc()).expect("in range");
        assert_eq!((seconds, date.year, date.month, date.day), (1_738_238_400, 2025, 1, 30));
    }
}
