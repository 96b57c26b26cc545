//! Times as the API server writes them, `2026-11-21T10:00:00Z`: every object has one, so they take no detour.

use chrono::{DateTime, NaiveDate, Utc};

/// Reads a time of RFC 3339.
pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
    plain(text.as_bytes()).or_else(|| text.parse().ok())
}

/// A time in UTC in whole seconds; `None` for whatever else a time may look like.
fn plain(text: &[u8]) -> Option<DateTime<Utc>> {
    let &[y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'Z'] = text else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(&[o1, o2])?, number(&[d1, d2])?)?;
    Some(date.and_hms_opt(number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?)?.and_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[test]
    fn reads_what_rfc_3339_allows() {
        let seconds = |text: &str| super::parse(text).map(|moment| moment.timestamp());
        assert_eq!(seconds("2026-11-21T10:00:00Z"), Some(1_795_255_200));
        assert_eq!(seconds("2026-11-21T11:00:00.5+01:00"), Some(1_795_255_200));
        for text in ["2026-02-30T10:00:00Z", "2026-11-21T25:00:00Z", "2026-11-2xT10:00:00Z", "yesterday", ""] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_the_calendar_library_reads(text in "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z") {
            prop_assert_eq!(super::plain(text.as_bytes()).or_else(|| text.parse().ok()), text.parse().ok());
        }
    }
}
