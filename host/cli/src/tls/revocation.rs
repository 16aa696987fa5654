//! Until when a revocation list counts: its `nextUpdate` (RFC 5280, section 5.1), which the library that refuses by it does not tell.
//!
//! In: a list in DER. Out: seconds since 1970. Not here: whether it is signed and who is on it, which that library judges.

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// None: it is no list, or does not say until when.
pub fn next_update_s(list: &[u8]) -> Option<u64> {
    let (list, _) = of(SEQUENCE, list)?;
    let (to_be_signed, _) = of(SEQUENCE, list)?;
    // The version may be left out.
    let rest = of(INTEGER, to_be_signed).map_or(to_be_signed, |(_, rest)| rest);
    let (_signature, rest) = of(SEQUENCE, rest)?;
    let (_issuer, rest) = of(SEQUENCE, rest)?;
    let (_this_update, rest) = time_s(rest)?;
    time_s(rest).map(|(next_update, _)| next_update)
}

/// Content of the first element, which must be of this kind, and what follows it.
fn of(wanted: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        // So many bytes of the length follow; more than four have no list.
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    (*kind == wanted).then(|| rest.split_at_checked(length)).flatten()
}

/// A time in seconds since 1970, and what follows it.
fn time_s(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (text, rest) = of(UTC_TIME, bytes).or_else(|| of(GENERALIZED_TIME, bytes))?;
    let is_short = *bytes.first()? == UTC_TIME;
    let (year, text) = text.split_at_checked(if is_short { 2 } else { 4 })?;
    let (fields, zone) = text.split_at_checked(10)?;
    let number = |digits: &[u8]| digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')));
    let year = number(year)?;
    // Section 4.1.2.5.1: years of two digits are those from 1950 on.
    let year = if is_short { year + if year < 50 { 2000 } else { 1900 } } else { year };
    let mut pairs = fields.chunks(2).map(number);
    let mut within = |least: u64, most: u64| pairs.next()?.filter(|value| (least..=most).contains(value));
    let (month, day, hour, minute, second) = (within(1, 12)?, within(1, 31)?, within(0, 23)?, within(0, 59)?, within(0, 59)?);
    (zone == b"Z").then_some(())?;
    // Days counted from March 1st of year 0, so that the leap day is a year's last one; 400 years have 146,097 days.
    let (year, from_march) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = (year * 365 + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day - 1).checked_sub(719_468)?;
    Some((days * 86_400 + hour * 3600 + minute * 60 + second, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, CertificateRevocationListParams, IsCa, Issuer, KeyIdMethod, KeyPair, SerialNumber, date_time_ymd};
    use rustls::pki_types::CertificateRevocationListDer;

    /// A list that counts until the beginning of this day, in DER.
    fn list(year: i32, month: u8, day: u8) -> Vec<u8> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = Issuer::new(authority, KeyPair::generate().expect("a key"));
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(1999, 1, 1),
            next_update: date_time_ymd(year, month, day),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        CertificateRevocationListDer::from(params.signed_by(&issuer).expect("a list")).to_vec()
    }

    #[test]
    fn a_list_counts_until_its_next_update() {
        for (year, month, day, seconds) in [
            (2000, 2, 29, 951_782_400), (2000, 3, 1, 951_868_800), (2024, 2, 29, 1_709_164_800), (2026, 1, 1, 1_767_225_600),
            // The last year of two digits, and the first of four.
            (2049, 12, 31, 2_524_521_600), (2050, 1, 1, 2_524_608_000), (2100, 3, 1, 4_107_542_400),
        ] {
            assert_eq!(next_update_s(&list(year, month, day)), Some(seconds), "{year}-{month}-{day}");
        }
        let time = |kind: u8, text: &str| time_s(&[&[kind, text.len() as u8][..], text.as_bytes()].concat()).map(|(seconds, _)| seconds);
        assert_eq!(time(UTC_TIME, "700101000001Z"), Some(1));
        assert_eq!(time(GENERALIZED_TIME, "20261231235959Z"), Some(1_798_761_599));
        for bad in ["2612312359Z", "261331235959Z", "261232235959Z", "261231245959Z", "26123123595 Z", "261231235959+0100", "", "691231235959Z"] {
            assert_eq!(time(UTC_TIME, bad), None, "{bad}");
        }
    }

    #[test]
    fn a_list_that_is_cut_or_altered_says_nothing_or_something_else_and_never_panics() {
        let whole = list(2030, 1, 1);
        for length in 0..whole.len() {
            assert_eq!(next_update_s(&whole[..length]), None, "{length} bytes");
        }
        for at in 0..whole.len() {
            for altered in [0, 0x7f, 0x80, 0x84, 0xff, whole[at] ^ 1] {
                let mut list = whole.clone();
                list[at] = altered;
                let _ = next_update_s(&list);
            }
        }
    }
}
