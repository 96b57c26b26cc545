//! Calico's selector expressions: `role == 'db' && has(team) || !(env in {'dev', 'test'})`.
//!
//! Source: "Selectors" in Calico's reference of NetworkPolicy, and `libcalico-go/lib/selector` of projectcalico/calico.

use super::selector::{Expr, Key, Part};

/// Deepest nesting followed; a hostile expression may be nothing but brackets.
const DEEPEST: usize = 32;

struct Parser<'t, K> {
    rest: &'t str,
    key: K,
    depth: usize,
}

/// The expression over keys that `key` makes of labels; `None` where it cannot be read.
pub(crate) fn parse(text: &str, key: impl Fn(&str) -> Key) -> Option<Expr> {
    let mut parser = Parser { rest: text, key, depth: 0 };
    if parser.skip().is_empty() {
        return Some(Expr::All);
    }
    let found = parser.any()?;
    parser.skip().is_empty().then_some(found)
}

impl<'t, K: Fn(&str) -> Key> Parser<'t, K> {
    fn skip(&mut self) -> &'t str {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        self.rest
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.skip().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn any(&mut self) -> Option<Expr> {
        let mut parts = vec![self.all()?];
        while self.eat("||") {
            parts.push(self.all()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Expr::Or(parts) })
    }

    fn all(&mut self) -> Option<Expr> {
        let mut parts = vec![self.one()?];
        while self.eat("&&") {
            parts.push(self.one()?);
        }
        Some(Expr::and(parts))
    }

    fn one(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let found = self.operand();
        self.depth -= 1;
        found
    }

    fn operand(&mut self) -> Option<Expr> {
        if self.eat("!") {
            return Some(self.one()?.not());
        }
        if self.eat("(") {
            let inner = self.any()?;
            return self.eat(")").then_some(inner);
        }
        for (word, found) in [("all(", Expr::All), ("global(", Expr::Unknown)] {
            if self.eat(word) {
                return self.eat(")").then_some(found);
            }
        }
        if self.eat("has(") {
            let label = self.label()?;
            return self.eat(")").then(|| Expr::Has((self.key)(label)));
        }
        let label = self.label()?;
        let key = (self.key)(label);
        if self.eat("==") {
            return Some(Expr::In(key, vec![self.text()?]));
        }
        // As in Kubernetes, it also holds where there is no such label.
        if self.eat("!=") {
            return Some(Expr::In(key, vec![self.text()?]).not());
        }
        if self.eat("contains") {
            return Some(Expr::Text(key, Part::Anywhere, self.text()?));
        }
        for (word, part) in [("starts", Part::Start), ("ends", Part::End)] {
            if self.eat(word) {
                return if self.eat("with") { Some(Expr::Text(key, part, self.text()?)) } else { None };
            }
        }
        if self.eat("not") {
            return if self.eat("in") { Some(Expr::In(key, self.set()?).not()) } else { None };
        }
        if self.eat("in") { Some(Expr::In(key, self.set()?)) } else { None }
    }

    fn label(&mut self) -> Option<&'t str> {
        let rest = self.skip();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_./-".contains(c))).unwrap_or(rest.len());
        self.rest = &rest[end..];
        (end > 0).then(|| &rest[..end])
    }

    fn text(&mut self) -> Option<String> {
        let quote = self.skip().chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (text, rest) = self.rest[1..].split_once(quote)?;
        self.rest = rest;
        Some(text.to_owned())
    }

    fn set(&mut self) -> Option<Vec<String>> {
        if !self.eat("{") {
            return None;
        }
        let mut found = Vec::new();
        while !self.eat("}") {
            found.push(self.text()?);
            if !self.eat(",") && !self.skip().starts_with('}') {
                return None;
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::facts::network::selector::{Labels, Match, Target};

    fn selects(text: &str) -> Option<Match> {
        let pairs = [("role", "db"), ("env", "prod-eu"), ("a/b.c", "x")];
        let labels: Labels = pairs.iter().map(|&(key, value)| (Arc::from(key), Arc::from(value))).collect();
        let found = parse(text, |label| Key::Pod(label.to_owned()))?;
        Some(found.matches(Target { namespace: "shop", namespace_labels: None, labels: &labels }))
    }

    #[test]
    fn expressions_select_as_calico_says() {
        for (text, expected) in [
            ("", Match::Yes),
            ("all()", Match::Yes),
            ("role == 'db'", Match::Yes),
            ("role==\"web\"", Match::No),
            ("role != 'web' && missing != 'x'", Match::Yes),
            ("role in { 'web', 'db' }", Match::Yes),
            ("role not in {'web','db'}", Match::No),
            ("has(a/b.c) && !has(missing)", Match::Yes),
            ("env starts with 'prod' && env ends with 'eu' && env contains 'd-e'", Match::Yes),
            ("role == 'web' || (env contains 'x' || has(role))", Match::Yes),
            ("!(role == 'db')", Match::No),
            ("global()", Match::Unknown),
        ] {
            assert_eq!(selects(text), Some(expected), "{text}");
        }
        for odd in ["role =", "role == db", "has(", "(role == 'db'", "role in {'a' 'b'}", "role == 'db' extra", "role"]
        {
            assert_eq!(selects(odd), None, "{odd}");
        }
        assert_eq!(selects(&"(".repeat(10_000)), None);
    }
}
