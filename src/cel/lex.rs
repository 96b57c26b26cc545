//! From text to tokens, as the CEL specification spells them.

use super::{Mistake, Span};

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Ident(String),
    /// A name in backticks: of a field only.
    Quoted(String),
    /// Magnitude: a sign is a token of its own.
    Int(u64),
    UInt(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Sign(&'static str),
    End,
}

/// Longest first, so that `<=` is not read as `<` and `=`.
const SIGNS: [&str; 27] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]",
    "{", "}", "=", "&", "|",
];

/// Splits text into tokens with their places; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Span)>, Mistake> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_ascii_whitespace() {
            at += 1;
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else {
            let (token, length) = token(rest, at)?;
            found.push((token, Span::new(at, at + length)));
            at += length;
        }
    }
    found.push((Token::End, Span::new(text.len(), text.len())));
    Ok(found)
}

fn token(rest: &str, at: usize) -> Result<(Token, usize), Mistake> {
    let bytes = rest.as_bytes();
    if let Some(prefix) = quote_prefix(bytes) {
        return quoted(rest, prefix, at);
    }
    let first = bytes[0];
    if first.is_ascii_digit() || (first == b'.' && bytes.get(1).is_some_and(u8::is_ascii_digit)) {
        return number(rest, at);
    }
    if first.is_ascii_alphabetic() || first == b'_' {
        let length = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        return Ok((Token::Ident(rest[..length].to_owned()), length));
    }
    if let Some(inner) = rest.strip_prefix('`') {
        let length = inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-/ ".contains(byte)).count();
        return match inner[length..].starts_with('`') && length > 0 {
            true => Ok((Token::Quoted(inner[..length].to_owned()), length + 2)),
            false => Err(Mistake::new(Span::new(at, at + 1), "this name is not closed".to_owned())),
        };
    }
    match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        Some(sign) => Ok((Token::Sign(sign), sign.len())),
        None => {
            let odd = rest.chars().next().unwrap_or_default();
            Err(Mistake::new(
                Span::new(at, at + odd.len_utf8()),
                format!("`{}` means nothing here", odd.escape_debug()),
            ))
        }
    }
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), Mistake> {
    let bytes = rest.as_bytes();
    let hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
    let mut end = if hexadecimal { 2 } else { 0 };
    let mut double = false;
    while let Some(&byte) = bytes.get(end) {
        let next_is_digit = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        match byte {
            b'0'..=b'9' => {}
            b'a'..=b'f' | b'A'..=b'F' if hexadecimal => {}
            b'.' if !hexadecimal && !double && next_is_digit => double = true,
            b'e' | b'E' if !hexadecimal => {
                let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
                if !bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
                    break;
                }
                double = true;
                end += sign;
            }
            _ => break,
        }
        end += 1;
    }
    let digits = &rest[..end];
    let span = Span::new(at, at + end);
    if double {
        let value = digits.parse().map_err(|_| Mistake::new(span, format!("`{digits}` is no number")))?;
        return Ok((Token::Double(value), end));
    }
    let parsed = if hexadecimal { u64::from_str_radix(&digits[2..], 16) } else { digits.parse() };
    let value = parsed.map_err(|_| Mistake::new(span, format!("`{digits}` does not fit into 64 bits")))?;
    match bytes.get(end) {
        Some(b'u' | b'U') => Ok((Token::UInt(value), end + 1)),
        _ => Ok((Token::Int(value), end)),
    }
}

/// How a quoted literal begins.
#[derive(Clone, Copy)]
struct Prefix {
    raw: bool,
    bytes: bool,
    length: usize,
}

fn quote_prefix(text: &[u8]) -> Option<Prefix> {
    let mut prefix = Prefix { raw: false, bytes: false, length: 0 };
    loop {
        match text.get(prefix.length)? {
            b'"' | b'\'' => return Some(prefix),
            b'r' | b'R' if !prefix.raw => prefix.raw = true,
            b'b' | b'B' if !prefix.bytes => prefix.bytes = true,
            _ => return None,
        }
        prefix.length += 1;
    }
}

fn quoted(rest: &str, prefix: Prefix, at: usize) -> Result<(Token, usize), Mistake> {
    let body = &rest[prefix.length..];
    let quote = &body[..1];
    let triple = quote.repeat(3);
    let delimiter = if body.starts_with(&triple) { triple.as_str() } else { quote };
    let inner = &body[delimiter.len()..];
    let open = Span::new(at, at + prefix.length + delimiter.len());
    let mut text: Vec<u8> = Vec::new();
    let mut position = 0;
    loop {
        let here = &inner[position..];
        let start = at + prefix.length + delimiter.len() + position;
        if here.starts_with(delimiter) {
            break;
        }
        let Some(character) = here.chars().next() else {
            return Err(Mistake::new(open, "this text is not closed".to_owned()));
        };
        if character == '\n' && delimiter.len() == 1 {
            return Err(Mistake::new(open, "this text is not closed on its line; use three quotes".to_owned()));
        }
        if character == '\\' && !prefix.raw {
            position += escape(here, prefix.bytes, start, &mut text)?;
        } else {
            text.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
            position += character.len_utf8();
        }
    }
    let length = prefix.length + 2 * delimiter.len() + position;
    if prefix.bytes {
        return Ok((Token::Bytes(text), length));
    }
    // Escapes of texts are whole characters, so this is UTF-8.
    Ok((Token::Text(String::from_utf8_lossy(&text).into_owned()), length))
}

/// Decodes one escape sequence, and returns how long it is.
fn escape(here: &str, bytes: bool, start: usize, into: &mut Vec<u8>) -> Result<usize, Mistake> {
    let wrong = |length: usize| {
        let end = here.char_indices().nth(length).map_or(here.len(), |(index, _)| index);
        Mistake::new(Span::new(start, start + end), format!("`{}` is no escape sequence", &here[..end]))
    };
    let kind = here[1..].chars().next().ok_or_else(|| wrong(1))?;
    let plain = match kind {
        'n' => b'\n',
        't' => b'\t',
        'r' => b'\r',
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'v' => 0x0b,
        '\\' | '"' | '\'' | '`' | '?' => kind as u8,
        'x' | 'X' | 'u' | 'U' | '0'..='3' => {
            let (from, digits, radix) = match kind {
                'x' | 'X' => (2, 2, 16),
                'u' => (2, 4, 16),
                'U' => (2, 8, 16),
                _ => (1, 3, 8),
            };
            let code = here.get(from..from + digits).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let code = code.and_then(|text| u32::from_str_radix(text, radix).ok());
            let code = code.ok_or_else(|| wrong(from + digits))?;
            if bytes && !matches!(kind, 'u' | 'U') {
                into.push(u8::try_from(code).map_err(|_| wrong(from + digits))?);
            } else {
                let character = char::from_u32(code).ok_or_else(|| wrong(from + digits))?;
                into.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            return Ok(from + digits);
        }
        _ => return Err(wrong(2)),
    };
    into.push(plain);
    Ok(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Token> {
        tokens(text).expect("tokens").into_iter().map(|(token, _)| token).collect()
    }

    #[test]
    fn literals_are_spelled_as_the_specification_says() {
        let text = |text: &str| Token::Text(text.to_owned());
        assert_eq!(
            all("1 0x1F 2u 1.5 .5 1e3"),
            [
                Token::Int(1),
                Token::Int(31),
                Token::UInt(2),
                Token::Double(1.5),
                Token::Double(0.5),
                Token::Double(1000.0),
                Token::End
            ]
        );
        assert_eq!(
            all(r#"'a\n' "\u00e5" r'\d' '''it's''' '\101'"#),
            [text("a\n"), text("å"), text("\\d"), text("it's"), text("A"), Token::End]
        );
        assert_eq!(all(r"b'\xff'"), [Token::Bytes(vec![255]), Token::End]);
        assert_eq!(
            all("a // comment\n.b"),
            [Token::Ident("a".to_owned()), Token::Sign("."), Token::Ident("b".to_owned()), Token::End]
        );
    }

    #[test]
    fn mistakes_stand_at_their_place() {
        for (text, at) in [("a # b", 2..3), ("'a", 0..1), ("x == '\\q'", 6..8), ("99999999999999999999", 0..20)] {
            assert_eq!(tokens(text).expect_err(text).span.range(), at, "{text}");
        }
    }
}
