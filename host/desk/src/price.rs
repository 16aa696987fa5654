//! Prices as decimals with at most four places, exactly.
use riposte_map::wire::ouch::MARKET_PRICE_E4;

/// Why a text is not a price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    #[error("`{0}` is not a price: write dollars as digits, with a point and at most four decimals, such as 320.50")]
    NotADecimal(String),
    #[error("price {0} has too many decimals: the exchange takes at most four")]
    TooManyDecimals(String),
    #[error("price {0} is too high: it must be below 200000")]
    TooHigh(String),
}

/// Reads dollars such as `320.5` into 1e-4 dollars (3,205,000); below 200,000 dollars, from where on the
/// exchange reads a market order (OUCH 5.0).
pub fn price_e4(text: &str) -> Result<u32, PriceError> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) {
        return Err(PriceError::NotADecimal(text.to_owned()));
    }
    if decimals.len() > 4 {
        return Err(PriceError::TooManyDecimals(text.to_owned()));
    }
    format!("{whole}{decimals:0<4}")
        .parse()
        .ok()
        .filter(|&price: &u32| in_range(price))
        .ok_or_else(|| PriceError::TooHigh(text.to_owned()))
}

/// Whether the venue reads it as a price.
pub(crate) fn in_range(price_e4: u32) -> bool {
    price_e4 < MARKET_PRICE_E4
}

/// 1e-4 dollars as dollars, with two decimals or as many more as it needs.
pub fn price_text(price_e4: u32) -> String {
    decimal_text(price_e4.into())
}

/// As `price_text`, of any amount.
pub fn decimal_text(amount_e4: u64) -> String {
    let text = format!("{}.{:04}", amount_e4 / 10_000, amount_e4 % 10_000);
    let cut = text.len() - text.bytes().rev().take(2).take_while(|&byte| byte == b'0').count();
    text[..cut].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact_and_round_trip() {
        for (text, value) in [("320.50", 3_205_000), ("0.0001", 1), ("1", 10_000), ("199999.9999", 1_999_999_999)] {
            assert_eq!(price_e4(text), Ok(value));
            assert_eq!(price_e4(&price_text(value)), Ok(value));
        }
        assert_eq!(price_text(3_205_000), "320.50");
        assert_eq!(price_text(3_205_010), "320.501");
        assert_eq!(price_text(1), "0.0001");
    }

    #[test]
    fn what_is_not_an_exact_price_is_refused() {
        assert!(matches!(price_e4("1.00001"), Err(PriceError::TooManyDecimals(_))));
        assert!(matches!(price_e4("200000"), Err(PriceError::TooHigh(_))));
        assert!(matches!(price_e4("99999999999999999999"), Err(PriceError::TooHigh(_))));
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1.5.0", "NaN", "١"] {
            assert!(matches!(price_e4(text), Err(PriceError::NotADecimal(_))), "{text}");
        }
    }
}
