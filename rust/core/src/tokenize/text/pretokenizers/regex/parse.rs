//! From the text of an expression to its parts, as Oniguruma reads its Ruby syntax.

use super::class::{Class, properties};

/// A part of an expression. Classes are by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// One character of a class.
    Set(usize),
    /// A look at the next character, or the end of the text.
    Look(Look),
    Concat(Vec<Node>),
    Alt(Vec<Node>),
    /// As often as can be, or as seldom if not greedy; without end if there is no most.
    Repeat {
        node: Box<Node>,
        least: usize,
        most: Option<usize>,
        greedy: bool,
    },
}

/// What must be next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// One of this class, or none of it.
    pub(super) class: usize,
    pub(super) negated: bool,
    /// Whether the end will do.
    pub(super) end: bool,
}

/// An expression and its classes.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) node: Node,
    pub(super) classes: Vec<Class>,
}

/// Longer expressions are not taken.
const LONGEST: usize = 4096;
/// Groups within groups.
const DEEPEST: usize = 32;
/// Largest number in a repetition.
const MOST: usize = 64;

pub(super) fn parse(pattern: &str) -> Result<Parsed, String> {
    if pattern.len() > LONGEST {
        return Err(format!("an expression of {} bytes", pattern.len()));
    }
    let mut parser = Parser {
        rest: pattern.chars().collect::<Vec<_>>().into_iter().peekable(),
        classes: Vec::new(),
        depth: 0,
    };
    let node = parser.alternatives(false)?;
    match parser.rest.next() {
        None => Ok(Parsed { node, classes: parser.classes }),
        Some(_) => Err("a bracket without its other".to_owned()),
    }
}

struct Parser {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
    classes: Vec<Class>,
    depth: usize,
}

type Parse<T> = Result<T, String>;

impl Parser {
    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn take(&mut self, c: char) -> bool {
        self.rest.next_if_eq(&c).is_some()
    }

    fn next(&mut self) -> Parse<char> {
        self.rest.next().ok_or_else(|| "an unfinished expression".to_owned())
    }

    fn expect(&mut self, c: char) -> Parse<()> {
        if self.take(c) { Ok(()) } else { Err(format!("an expression without its {c:?}")) }
    }

    fn class(&mut self, class: Class) -> usize {
        let known = self.classes.iter().position(|other| *other == class);
        known.unwrap_or_else(|| {
            self.classes.push(class);
            self.classes.len() - 1
        })
    }

    fn set(&mut self, class: Class) -> Node {
        Node::Set(self.class(class))
    }

    /// Up to the end, or a closing bracket.
    fn alternatives(&mut self, any_case: bool) -> Parse<Node> {
        let mut all = Vec::new();
        loop {
            all.push(self.sequence(any_case)?);
            if !self.take('|') {
                break;
            }
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Node::Alt(all) })
    }

    fn sequence(&mut self, any_case: bool) -> Parse<Node> {
        let mut all = Vec::new();
        // The letter before, where case does not matter.
        let mut before = None;
        while let Some(c) = self.peek().filter(|&c| c != '|' && c != ')') {
            let letter = Some(c.to_ascii_lowercase()).filter(|_| any_case);
            if let (Some(a), Some(b)) = (before, letter)
                && matches!((a, b), ('s', 's' | 't') | ('f', 'f' | 'i' | 'l'))
            {
                // Some characters are two letters without regard to case.
                return Err(format!("{a}{b} without regard to case"));
            }
            before = letter;
            let atom = self.atom(any_case)?;
            all.push(self.quantified(atom)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Node::Concat(all) })
    }

    fn atom(&mut self, any_case: bool) -> Parse<Node> {
        match self.next()? {
            '(' => self.group(any_case),
            '[' => {
                let class = self.brackets(any_case)?;
                Ok(self.set(class))
            }
            '.' => Ok(self.set(Class::Not(Box::new(Class::one('\n'))))),
            '$' => {
                let class = self.class(Class::one('\n'));
                Ok(Node::Look(Look { class, negated: false, end: true }))
            }
            '\\' if self.take('z') => {
                let class = self.class(Class::Any(Vec::new()));
                Ok(Node::Look(Look { class, negated: false, end: true }))
            }
            '\\' => {
                let class = match self.peek() {
                    Some(c @ ('w' | 'W')) if !any_case => {
                        self.rest.next();
                        let class = Class::word();
                        if c == 'w' { class } else { Class::Not(Box::new(class)) }
                    }
                    _ => self.escape(any_case)?,
                };
                Ok(self.set(class))
            }
            c @ ('^' | '*' | '+' | '?' | '{' | '}' | ']') => Err(format!("{c:?} at this place")),
            c => {
                let class = literal(c, any_case)?;
                Ok(self.set(class))
            }
        }
    }

    fn group(&mut self, mut any_case: bool) -> Parse<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("groups nested too deep".to_owned());
        }
        let mut look = None;
        if self.take('?') {
            match self.next()? {
                ':' => {}
                'i' => {
                    self.expect(':').map_err(|_| "a flag for what follows".to_owned())?;
                    any_case = true;
                }
                '=' => look = Some(false),
                '!' => look = Some(true),
                c => return Err(format!("a group of kind (?{c}")),
            }
        }
        let node = self.alternatives(any_case)?;
        self.expect(')')?;
        self.depth -= 1;
        match (look, node) {
            (None, node) => Ok(node),
            (Some(negated), Node::Set(class)) => {
                Ok(Node::Look(Look { class, negated, end: negated }))
            }
            (Some(_), _) => Err("a look at more than one character".to_owned()),
        }
    }

    /// What comes behind `[`.
    fn brackets(&mut self, any_case: bool) -> Parse<Class> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("classes nested too deep".to_owned());
        }
        let negated = self.take('^');
        let mut all = Vec::new();
        let mut any = Vec::new();
        let mut is_first = true;
        loop {
            let c = self.next()?;
            match c {
                ']' if is_first => return Err("a class that begins with a bracket".to_owned()),
                ']' => break,
                '[' if self.peek() == Some(':') => return Err("a POSIX bracket".to_owned()),
                '[' => any.push(self.brackets(any_case)?),
                '&' if self.take('&') => all.push(Class::Any(std::mem::take(&mut any))),
                '-' if !is_first && self.peek() != Some(']') => {
                    return Err("a hyphen within a class".to_owned());
                }
                c => {
                    let from =
                        if c == '\\' { self.escape(any_case)? } else { literal(c, any_case)? };
                    let range = self.peek() == Some('-') && {
                        self.rest.next();
                        // At the end it stands for itself.
                        let range = self.peek() != Some(']');
                        if !range {
                            any.push(Class::one('-'));
                        }
                        range
                    };
                    if !range {
                        any.push(from);
                    } else {
                        let to = match self.next()? {
                            '\\' => self.escape(any_case)?,
                            c @ ('[' | ']') => return Err(format!("a range up to {c:?}")),
                            c => literal(c, any_case)?,
                        };
                        match (from, to) {
                            (Class::Range(a, b), Class::Range(c, d))
                                if a == b && c == d && a <= c && !any_case =>
                            {
                                any.push(Class::Range(a, c));
                            }
                            _ => return Err("a range of other than characters".to_owned()),
                        }
                    }
                }
            }
            is_first = false;
        }
        self.depth -= 1;
        let mut class = Class::Any(any);
        if !all.is_empty() {
            all.push(class);
            class = Class::All(all);
        }
        Ok(if negated { Class::Not(Box::new(class)) } else { class })
    }

    /// What comes behind a backslash.
    fn escape(&mut self, any_case: bool) -> Parse<Class> {
        let c = self.next()?;
        let class = match c {
            's' | 'd' | 'w' => Class::shorthand(c),
            'S' | 'D' | 'W' => {
                Class::shorthand(c.to_ascii_lowercase()).map(|class| Class::Not(Box::new(class)))
            }
            'p' | 'P' => {
                self.expect('{')?;
                let inverted = self.take('^') != (c == 'P');
                let mut name = String::new();
                loop {
                    match self.next()? {
                        '}' => break,
                        c => name.push(c),
                    }
                }
                let Some(class) = Class::named(&name) else {
                    return Err(format!("the property {name}"));
                };
                Some(if inverted { Class::Not(Box::new(class)) } else { class })
            }
            'r' => Some(Class::one('\r')),
            'n' => Some(Class::one('\n')),
            't' => Some(Class::one('\t')),
            'f' => Some(Class::one('\u{c}')),
            'v' => Some(Class::one('\u{b}')),
            'x' | 'u' => {
                let digits = if c == 'u' { 4 } else { 2 };
                return literal(self.hex(digits)?, any_case);
            }
            c if !c.is_ascii_alphanumeric() => return literal(c, any_case),
            _ => None,
        };
        match class {
            Some(Class::Range(from, to)) => Ok(Class::Range(from, to)),
            Some(_) if any_case => Err("a property without regard to case".to_owned()),
            Some(class) => Ok(class),
            None => Err(format!("\\{c}")),
        }
    }

    /// A character by its code, in braces or of so many digits.
    fn hex(&mut self, digits: usize) -> Parse<char> {
        let mut text = String::new();
        if digits == 2 && self.take('{') {
            loop {
                match self.next()? {
                    '}' => break,
                    c => text.push(c),
                }
            }
        } else {
            for _ in 0..digits {
                text.push(self.next()?);
            }
        }
        let code = u32::from_str_radix(&text, 16).ok();
        // Beyond ASCII two digits are a byte, not a character.
        let fits = |&code: &u32| digits == 4 || text.len() > 2 || code < 0x80;
        let c = code.filter(fits).and_then(char::from_u32);
        c.ok_or_else(|| format!("the code {text}"))
    }

    fn quantified(&mut self, node: Node) -> Parse<Node> {
        let (least, most) = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                self.rest.next();
                return self.counted(node);
            }
            _ => return Ok(node),
        };
        self.rest.next();
        if matches!(node, Node::Look(_)) {
            return Err("a repeated look".to_owned());
        }
        let greedy = !self.take('?');
        let possessive = greedy && self.take('+');
        self.no_more()?;
        if !possessive {
            return Ok(Node::Repeat { node: Box::new(node), least, most, greedy });
        }
        // As many as there are: then none of them is next.
        let Node::Set(class) = node else {
            return Err("a possessive group".to_owned());
        };
        let look = Node::Look(Look { class, negated: true, end: true });
        let set = Node::Set(class);
        Ok(match most {
            Some(_) => Node::Alt(vec![set, look]),
            None => {
                let all = Node::Repeat { node: Box::new(set), least, most, greedy };
                Node::Concat(vec![all, look])
            }
        })
    }

    /// `{2}`, `{1,3}`, `{1,}` and `{,3}`.
    fn counted(&mut self, node: Node) -> Parse<Node> {
        let least = self.number()?;
        let most = if self.take(',') { self.number()? } else { least };
        if least.is_none() && most.is_none() {
            return Err("braces without a number".to_owned());
        }
        self.expect('}')?;
        self.no_more()?;
        let least = least.unwrap_or(0);
        if most.is_some_and(|most| most < least || most == 0) || matches!(node, Node::Look(_)) {
            return Err("a repetition of nothing".to_owned());
        }
        Ok(Node::Repeat { node: Box::new(node), least, most, greedy: true })
    }

    fn number(&mut self) -> Parse<Option<usize>> {
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.rest.next();
            let next = number.unwrap_or(0) * 10 + digit as usize;
            if next > MOST {
                return Err(format!("a repetition of more than {MOST}"));
            }
            number = Some(next);
        }
        Ok(number)
    }

    /// Whether the quantifier is over: what follows it means different things to different engines.
    fn no_more(&mut self) -> Parse<()> {
        match self.peek() {
            Some('?' | '*' | '+' | '{') => Err("a repetition of a repetition".to_owned()),
            _ => Ok(()),
        }
    }
}

/// The class of one character, in either case if so asked.
fn literal(c: char, any_case: bool) -> Parse<Class> {
    if !any_case || (c.is_ascii() && !c.is_ascii_alphabetic()) {
        return Ok(Class::one(c));
    }
    if !c.is_ascii() {
        // Whatever has no case is itself.
        let letter = ["L", "M", "Nl", "So"].iter().filter_map(|name| Class::named(name));
        let known = properties(u32::from(c));
        if letter.into_iter().any(|class| class.has(u32::from(c), known)) {
            return Err(format!("{c:?} without regard to case"));
        }
        return Ok(Class::one(c));
    }
    let mut all = vec![Class::one(c.to_ascii_lowercase()), Class::one(c.to_ascii_uppercase())];
    match c.to_ascii_lowercase() {
        's' => all.push(Class::one('ſ')),
        'k' => all.push(Class::one('\u{212a}')),
        _ => {}
    }
    Ok(Class::Any(all))
}
