//! Kubernetes' `quantity` library: amounts such as `500m` and `1Gi`, exact to a billionth.

use super::{Function, global, meaningless, method, text};
use crate::cel::{Fault, eval::Answer, value::Value};

/// Billionths in one.
const ONE: i128 = 1_000_000_000;

/// An amount, in billionths. Amounts that do not fit are cut to the nearest that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(i128);

impl Quantity {
    /// `k8s.io/apimachinery/pkg/api/resource`: a decimal number with a suffix of SI, of powers of two, or an exponent.
    /// What is finer than a billionth is rounded away from zero.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no quantity");
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let end = rest.bytes().position(|byte| !byte.is_ascii_digit() && byte != b'.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > 64 {
            return Err(wrong());
        }
        let (ten, two) = match suffix {
            "n" => (-9, 0),
            "u" => (-6, 0),
            "m" => (-3, 0),
            "" => (0, 0),
            "k" => (3, 0),
            "M" => (6, 0),
            "G" => (9, 0),
            "T" => (12, 0),
            "P" => (15, 0),
            "E" => (18, 0),
            "Ki" => (0, 10),
            "Mi" => (0, 20),
            "Gi" => (0, 30),
            "Ti" => (0, 40),
            "Pi" => (0, 50),
            "Ei" => (0, 60),
            _ => {
                let exponent = suffix.strip_prefix(['e', 'E']).ok_or_else(wrong)?;
                (exponent.parse::<i32>().ok().filter(|ten| ten.abs() <= 64).ok_or_else(wrong)?, 0)
            }
        };
        let mut amount: i128 = 0;
        let mut cut = false;
        for digit in whole.bytes().chain(fraction.bytes()) {
            match amount.checked_mul(10).and_then(|amount| amount.checked_add(i128::from(digit - b'0'))) {
                Some(more) => amount = more,
                None => cut = true,
            }
        }
        // Digits behind the point are up to 64, so this fits.
        let mut exponent = ten + 9 - i32::try_from(fraction.len()).unwrap_or(0);
        let mut scaled = amount.checked_mul(1_i128 << two);
        while exponent > 0 {
            scaled = scaled.and_then(|amount| amount.checked_mul(10));
            exponent -= 1;
        }
        let mut amount = match scaled {
            Some(amount) if !cut => amount,
            _ => i128::MAX,
        };
        let mut rest = false;
        while exponent < 0 && amount != i128::MAX {
            rest |= amount % 10 != 0;
            amount /= 10;
            exponent += 1;
        }
        amount = amount.saturating_add(i128::from(rest));
        Ok(Self(if negative { amount.saturating_neg() } else { amount }))
    }

    fn integer(self) -> Option<i64> {
        (self.0 % ONE == 0).then(|| i64::try_from(self.0 / ONE).ok()).flatten()
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    global("isQuantity", 1..=1, |_, args| Ok(Value::Bool(Quantity::parse(text("isQuantity", args, 0)?).is_ok()))),
    global("quantity", 1..=1, |_, args| Ok(Value::Quantity(Quantity::parse(text("quantity", args, 0)?)?))),
    method("sign", 1..=1, |_, args| Ok(Value::Int(quantity("sign", args)?.0.signum() as i64))),
    method("isInteger", 1..=1, |_, args| Ok(Value::Bool(quantity("isInteger", args)?.integer().is_some()))),
    method("asInteger", 1..=1, |_, args| {
        let integer = quantity("asInteger", args)?.integer();
        Ok(Value::Int(integer.ok_or("this quantity is no integer of 64 bits")?))
    }),
    method("asApproximateFloat", 1..=1, |_, args| {
        let Quantity(amount) = quantity("asApproximateFloat", args)?;
        Ok(Value::Double(amount as f64 / ONE as f64))
    }),
    method("add", 2..=2, |_, args| combine("add", args, i128::checked_add)),
    method("sub", 2..=2, |_, args| combine("sub", args, i128::checked_sub)),
];

fn quantity(name: &str, args: &[Value<'_>]) -> Result<Quantity, Fault> {
    match &args[0] {
        Value::Quantity(quantity) => Ok(*quantity),
        _ => Err(meaningless(name, args)),
    }
}

fn combine<'a>(name: &str, args: &[Value<'a>], with: fn(i128, i128) -> Option<i128>) -> Answer<'a> {
    let a = quantity(name, args)?;
    let b = match &args[1] {
        Value::Quantity(b) => b.0,
        Value::Int(b) => i128::from(*b) * ONE,
        _ => return Err(meaningless(name, args)),
    };
    Ok(Value::Quantity(Quantity(with(a.0, b).ok_or("quantity overflow")?)))
}
