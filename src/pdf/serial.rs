//! Objects as bytes (PDF 1.7, section 7.3): lopdf writes whole documents only, and this file is written piece by piece.

use std::io::Write;

use lopdf::{Dictionary, Object, StringFormat};

/// Appends an object.
pub(super) fn write(out: &mut Vec<u8>, object: &Object) {
    match object {
        Object::Null => out.extend(b"null"),
        Object::Boolean(value) => out.extend(if *value { &b"true"[..] } else { b"false" }),
        Object::Integer(value) => number(out, format_args!("{value}")),
        Object::Real(value) => number(out, format_args!("{value}")),
        Object::Name(name) => self::name(out, name),
        Object::String(text, StringFormat::Literal) => literal(out, text),
        Object::String(text, StringFormat::Hexadecimal) => {
            out.push(b'<');
            text.iter().for_each(|byte| number(out, format_args!("{byte:02X}")));
            out.push(b'>');
        }
        Object::Array(array) => {
            out.push(b'[');
            for (place, object) in array.iter().enumerate() {
                if place > 0 {
                    out.push(b' ');
                }
                write(out, object);
            }
            out.push(b']');
        }
        Object::Dictionary(dictionary) => self::dictionary(out, dictionary),
        Object::Stream(stream) => {
            self::dictionary(out, &stream.dict);
            out.extend(b"\nstream\n");
            out.extend(&stream.content);
            out.extend(b"\nendstream");
        }
        Object::Reference((id, generation)) => number(out, format_args!("{id} {generation} R")),
    }
}

fn number(out: &mut Vec<u8>, value: std::fmt::Arguments) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(value);
}

fn dictionary(out: &mut Vec<u8>, dictionary: &Dictionary) {
    out.extend(b"<<");
    for (key, value) in dictionary {
        name(out, key);
        out.push(b' ');
        write(out, value);
    }
    out.extend(b">>");
}

fn name(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'/');
    for byte in name {
        if byte.is_ascii_graphic() && !b"()<>[]{}/%#".contains(byte) {
            out.push(*byte);
        } else {
            number(out, format_args!("#{byte:02X}"));
        }
    }
}

fn literal(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'(');
    for byte in text {
        match byte {
            b'(' | b')' | b'\\' => out.extend([b'\\', *byte]),
            // A bare carriage return would be read as a line feed.
            b'\r' => out.extend(b"\\r"),
            _ => out.push(*byte),
        }
    }
    out.push(b')');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_strings_and_names_stay_inside_their_object() {
        let mut out = Vec::new();
        write(&mut out, &Object::string_literal(") /Launch (\\\r"));
        write(&mut out, &Object::Name(b"a b/(c".to_vec()));
        assert_eq!(out, b"(\\) /Launch \\(\\\\\\r)/a#20b#2F#28c");
    }
}
