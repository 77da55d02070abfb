//! Durations as people write them: `500ms`, `30s`, `10m`, `1h30m`.

const UNITS: &[(&str, i64)] =
    &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// The duration in milliseconds, or what to write instead.
pub fn milliseconds(text: &str) -> Result<i64, String> {
    parts(text).ok_or_else(|| {
        format!(
            "`{text}` is no duration; write for instance \"500ms\", \"30s\", \"10m\" or \"1h30m\""
        )
    })
}

fn parts(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, after) =
            after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let (_, factor) = UNITS.iter().find(|(word, _)| *word == unit.trim())?;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*factor)?)?;
        rest = after;
    }
    (!text.trim().is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, expected) in
            [("500ms", 500), ("30s", 30_000), ("10m", 600_000), ("1h 30m", 5_400_000), ("0s", 0)]
        {
            assert_eq!(milliseconds(text), Ok(expected));
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in
            ["", "10", "m", "10 minutes", "-1s", "1.5h", "99999999999999999999s", "9999999999999d"]
        {
            assert!(milliseconds(text).is_err(), "{text}");
        }
    }
}
