//! From tokens to a tree, with CEL's precedence. Names have no meaning yet: `lower` gives them one.

use super::{
    Mistake, Span,
    lex::{Token, tokens},
};

/// Nesting that the text of an expression may have.
const DEEPEST: usize = 40;

/// Depth that its tree may have: rows of operators and fields count as well. Evaluation recurses as deep as the tree.
const DEEPEST_TREE: usize = 64;

/// Longest text of one expression, in bytes.
const LONGEST: usize = 16 << 10;

/// A tree node and its place.
#[derive(Debug, Clone)]
pub(super) struct Ast {
    pub(super) span: Span,
    pub(super) kind: AstKind,
}

#[derive(Debug, Clone)]
pub(super) enum AstKind {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Ident(String),
    Select { of: Box<Ast>, field: String, at: Span, optional: Optional },
    Index { of: Box<Ast>, index: Box<Ast>, optional: Optional },
    Call { target: Option<Box<Ast>>, name: String, at: Span, args: Vec<Ast> },
    List(Vec<(Optional, Ast)>),
    Map(Vec<(Optional, Ast, Ast)>),
    Not(Box<Ast>),
    Negate(Box<Ast>),
    Binary(Operator, Box<Ast>, Box<Ast>),
    All(Vec<Ast>),
    Any(Vec<Ast>),
    Choose(Box<[Ast; 3]>),
}

/// `.?field`, `[?index]`, `[?element]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Optional {
    No,
    Yes,
}

/// Operators of two values that evaluate both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Differ,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Differ => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

/// Words that CEL keeps for itself.
const RESERVED: [&str; 16] = [
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "return",
    "var", "void", "while",
];

/// Parses one expression.
pub(super) fn parse(text: &str) -> Result<Ast, Mistake> {
    if text.len() > LONGEST {
        return Err(Mistake::new(Span::new(0, 1), format!("an expression is at most {LONGEST} bytes long")));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let tree = parser.expression()?;
    match parser.peek() {
        Token::End => match too_deep(&tree, DEEPEST_TREE) {
            None => Ok(tree),
            Some(span) => {
                Err(Mistake::new(span, format!("more than {DEEPEST_TREE} operators and fields in each other")))
            }
        },
        _ => Err(parser.unexpected("the end or an operator")),
    }
}

/// The first node that lies below so many levels.
fn too_deep(tree: &Ast, left: usize) -> Option<Span> {
    if left == 0 {
        return Some(tree.span);
    }
    let below = |tree: &Ast| too_deep(tree, left - 1);
    match &tree.kind {
        AstKind::Null
        | AstKind::Bool(_)
        | AstKind::Int(_)
        | AstKind::UInt(_)
        | AstKind::Double(_)
        | AstKind::Text(_)
        | AstKind::Bytes(_)
        | AstKind::Ident(_) => None,
        AstKind::Select { of, .. } | AstKind::Not(of) | AstKind::Negate(of) => below(of),
        AstKind::Index { of, index, .. } => below(of).or_else(|| below(index)),
        AstKind::Call { target, args, .. } => target.as_deref().into_iter().chain(args).find_map(below),
        AstKind::List(elements) => elements.iter().find_map(|(_, element)| below(element)),
        AstKind::Map(entries) => entries.iter().find_map(|(_, key, value)| below(key).or_else(|| below(value))),
        AstKind::Binary(_, a, b) => below(a).or_else(|| below(b)),
        AstKind::All(operands) | AstKind::Any(operands) => operands.iter().find_map(below),
        AstKind::Choose(parts) => parts.iter().find_map(below),
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].0
    }

    fn span(&self) -> Span {
        self.tokens[self.next].1
    }

    fn advance(&mut self) -> (Token, Span) {
        let token = self.tokens[self.next].clone();
        // The last token is the end, and stays.
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn take(&mut self, sign: &str) -> Option<Span> {
        if matches!(self.peek(), Token::Sign(found) if *found == sign) { Some(self.advance().1) } else { None }
    }

    fn expect(&mut self, sign: &str) -> Result<Span, Mistake> {
        self.take(sign).ok_or_else(|| self.unexpected(&format!("`{sign}`")))
    }

    fn unexpected(&self, wanted: &str) -> Mistake {
        match self.peek() {
            Token::End => Mistake::new(self.span(), format!("the expression ends where {wanted} should follow")),
            _ => Mistake::new(self.span(), format!("expected {wanted} here")),
        }
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Mistake>) -> Result<T, Mistake> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Mistake::new(self.span(), format!("nested deeper than {DEEPEST} levels")));
        }
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn expression(&mut self) -> Result<Ast, Mistake> {
        self.nested(|parser| {
            let condition = parser
                .series("||", AstKind::Any, |parser| parser.series("&&", AstKind::All, |parser| parser.binary(0)))?;
            if parser.take("?").is_none() {
                return Ok(condition);
            }
            let yes = parser.nested(|parser| {
                parser.series("||", AstKind::Any, |parser| parser.series("&&", AstKind::All, |parser| parser.binary(0)))
            })?;
            parser.expect(":")?;
            let no = parser.expression()?;
            Ok(Ast { span: condition.span.to(no.span), kind: AstKind::Choose(Box::new([condition, yes, no])) })
        })
    }

    /// `a && b && c` is one node: a long series is not a deep tree.
    fn series(
        &mut self,
        sign: &str,
        kind: fn(Vec<Ast>) -> AstKind,
        operand: impl Fn(&mut Self) -> Result<Ast, Mistake>,
    ) -> Result<Ast, Mistake> {
        let first = operand(self)?;
        let mut all = vec![first];
        while self.take(sign).is_some() {
            all.push(operand(self)?);
        }
        if all.len() == 1 {
            return Ok(all.remove(0));
        }
        let span = all[0].span.to(all[all.len() - 1].span);
        Ok(Ast { span, kind: kind(all) })
    }

    fn operator(&self, level: usize) -> Option<Operator> {
        let found = match self.peek() {
            Token::Ident(word) if word == "in" => (0, Operator::In),
            Token::Sign(sign) => match *sign {
                "==" => (0, Operator::Equal),
                "!=" => (0, Operator::Differ),
                "<" => (0, Operator::Less),
                "<=" => (0, Operator::LessEqual),
                ">" => (0, Operator::Greater),
                ">=" => (0, Operator::GreaterEqual),
                "+" => (1, Operator::Add),
                "-" => (1, Operator::Subtract),
                "*" => (2, Operator::Multiply),
                "/" => (2, Operator::Divide),
                "%" => (2, Operator::Remainder),
                _ => return None,
            },
            _ => return None,
        };
        (found.0 == level).then_some(found.1)
    }

    /// Relations, sums, products: three levels, each from left to right.
    fn binary(&mut self, level: usize) -> Result<Ast, Mistake> {
        if level == 3 {
            return self.unary();
        }
        let mut left = self.binary(level + 1)?;
        let mut long = 0;
        while let Some(operator) = self.operator(level) {
            self.advance();
            let right = self.binary(level + 1)?;
            left = Ast { span: left.span.to(right.span), kind: AstKind::Binary(operator, left.into(), right.into()) };
            long += 1;
            if self.depth + long > DEEPEST {
                return Err(Mistake::new(left.span, format!("more than {DEEPEST} operators in a row")));
            }
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Ast, Mistake> {
        if let Some(start) = self.take("!") {
            let of = self.nested(Self::unary)?;
            return Ok(Ast { span: start.to(of.span), kind: AstKind::Not(of.into()) });
        }
        if let Some(start) = self.take("-") {
            // The smallest integer has no positive counterpart, so the sign belongs to the literal.
            if let (Token::Int(magnitude), span) = (self.peek().clone(), self.span()) {
                self.advance();
                let span = start.to(span);
                let value = 0_i64.checked_sub_unsigned(magnitude).ok_or_else(|| too_large(span))?;
                return self.members(Ast { span, kind: AstKind::Int(value) });
            }
            let of = self.nested(Self::unary)?;
            return Ok(Ast { span: start.to(of.span), kind: AstKind::Negate(of.into()) });
        }
        let primary = self.primary()?;
        self.members(primary)
    }

    fn members(&mut self, mut of: Ast) -> Result<Ast, Mistake> {
        let mut long = 0;
        loop {
            long += 1;
            if self.depth + long > DEEPEST {
                return Err(Mistake::new(of.span, format!("more than {DEEPEST} steps in a row")));
            }
            if self.take(".").is_some() {
                let optional = if self.take("?").is_some() { Optional::Yes } else { Optional::No };
                let at = self.span();
                let (field, quoted) = match self.peek().clone() {
                    Token::Ident(field) => (field, false),
                    Token::Quoted(field) => (field, true),
                    _ => return Err(self.unexpected("the name of a field or function")),
                };
                self.advance();
                let start = of.span;
                let call = optional == Optional::No && !quoted && self.take("(").is_some();
                let (end, kind) = if call {
                    let (args, end) = self.list(")", Self::expression)?;
                    (end, AstKind::Call { target: Some(of.into()), name: field, at, args })
                } else {
                    (at, AstKind::Select { of: of.into(), field, at, optional })
                };
                of = Ast { span: start.to(end), kind };
            } else if self.take("[").is_some() {
                let optional = if self.take("?").is_some() { Optional::Yes } else { Optional::No };
                let index = self.expression()?;
                let end = self.expect("]")?;
                of = Ast {
                    span: of.span.to(end),
                    kind: AstKind::Index { of: of.into(), index: index.into(), optional },
                };
            } else {
                return Ok(of);
            }
        }
    }

    /// Elements up to the closing sign; a comma may follow the last.
    fn list<T>(
        &mut self,
        close: &str,
        element: impl Fn(&mut Self) -> Result<T, Mistake>,
    ) -> Result<(Vec<T>, Span), Mistake> {
        let mut all = Vec::new();
        loop {
            if let Some(end) = self.take(close) {
                return Ok((all, end));
            }
            all.push(element(self)?);
            if self.take(",").is_none() {
                return Ok((all, self.take(close).ok_or_else(|| self.unexpected(&format!("`,` or `{close}`")))?));
            }
        }
    }

    fn marked(&mut self) -> Optional {
        if self.take("?").is_some() { Optional::Yes } else { Optional::No }
    }

    fn primary(&mut self) -> Result<Ast, Mistake> {
        let span = self.span();
        let leaf = |kind| Ok(Ast { span, kind });
        match self.peek().clone() {
            Token::Int(magnitude) => {
                self.advance();
                leaf(AstKind::Int(i64::try_from(magnitude).map_err(|_| too_large(span))?))
            }
            Token::UInt(value) => {
                self.advance();
                leaf(AstKind::UInt(value))
            }
            Token::Double(value) => {
                self.advance();
                leaf(AstKind::Double(value))
            }
            Token::Text(text) => {
                self.advance();
                leaf(AstKind::Text(text))
            }
            Token::Bytes(bytes) => {
                self.advance();
                leaf(AstKind::Bytes(bytes))
            }
            Token::Ident(word) => {
                self.advance();
                match word.as_str() {
                    "true" => return leaf(AstKind::Bool(true)),
                    "false" => return leaf(AstKind::Bool(false)),
                    "null" => return leaf(AstKind::Null),
                    "in" => return Err(Mistake::new(span, "`in` needs a value before it".to_owned())),
                    reserved if RESERVED.contains(&reserved) => {
                        return Err(Mistake::new(span, format!("`{reserved}` is a word that CEL keeps for itself")));
                    }
                    _ => {}
                }
                if self.take("(").is_some() {
                    let (args, end) = self.list(")", Self::expression)?;
                    let kind = AstKind::Call { target: None, name: word, at: span, args };
                    return Ok(Ast { span: span.to(end), kind });
                }
                leaf(AstKind::Ident(word))
            }
            Token::Sign("(") => {
                self.advance();
                let inner = self.expression()?;
                let end = self.expect(")")?;
                Ok(Ast { span: span.to(end), ..inner })
            }
            Token::Sign("[") => {
                self.advance();
                let (all, end) = self.list("]", |parser| Ok((parser.marked(), parser.expression()?)))?;
                Ok(Ast { span: span.to(end), kind: AstKind::List(all) })
            }
            Token::Sign("{") => {
                self.advance();
                let (all, end) = self.list("}", |parser| {
                    let optional = parser.marked();
                    let key = parser.expression()?;
                    parser.expect(":")?;
                    Ok((optional, key, parser.expression()?))
                })?;
                Ok(Ast { span: span.to(end), kind: AstKind::Map(all) })
            }
            Token::Sign("=") => Err(Mistake::new(span, "CEL compares with `==`".to_owned())),
            _ => Err(self.unexpected("a value")),
        }
    }
}

fn too_large(span: Span) -> Mistake {
    Mistake::new(span, "this number does not fit into 64 bits; write `u` after one without a sign".to_owned())
}
