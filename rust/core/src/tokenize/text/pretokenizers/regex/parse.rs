//! Reads the syntax of the reference's engine, as far as it is taken, into a tree.

use super::charset::CharSet;
use super::properties::Properties;

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// One character of a set. `folded`: the letters of ASCII, as bits, that it stands for in any
    /// case.
    Set { set: CharSet, folded: u32 },
    /// The next character is of the set; or there is none, if `end`.
    Look { set: CharSet, end: bool },
    /// One after the other; none of them for what is empty.
    Cat(Vec<Self>),
    /// The first that leads to a match.
    Alt(Vec<Self>),
    /// As often as it goes, or as seldom if not `greedy`.
    Repeat { node: Box<Self>, min: u32, max: Option<u32>, greedy: bool },
}

impl Node {
    /// Whether it can match without a character.
    pub(super) fn is_nullable(&self) -> bool {
        match self {
            Self::Set { .. } => false,
            Self::Look { .. } => true,
            Self::Cat(nodes) => nodes.iter().all(Self::is_nullable),
            Self::Alt(nodes) => nodes.iter().any(Self::is_nullable),
            Self::Repeat { node, min, .. } => *min == 0 || node.is_nullable(),
        }
    }

    /// What must come next for a match, if that is all that it asks.
    fn next(&self) -> Option<(CharSet, bool)> {
        match self {
            Self::Set { set, .. } => Some((set.clone(), false)),
            Self::Look { set, end } => Some((set.clone(), *end)),
            Self::Cat(nodes) => match nodes.as_slice() {
                [node] => node.next(),
                _ => None,
            },
            Self::Alt(nodes) => {
                nodes.iter().try_fold((CharSet::default(), false), |(all, any_end), node| {
                    let (set, end) = node.next()?;
                    Some((all.union(&set), any_end || end))
                })
            }
            // The first of them is as good as more.
            Self::Repeat { node, min: 1, .. } => match **node {
                Self::Set { .. } => node.next(),
                _ => None,
            },
            Self::Repeat { .. } => None,
        }
    }

    fn look(set: CharSet, end: bool) -> Self {
        Self::Look { set, end }
    }
}

/// Deeper nesting is not taken.
const DEPTH: usize = 24;
/// Longer expressions are not taken, in bytes.
const LENGTH: usize = 4096;

/// The tree of an expression, or what of it is not taken.
pub(super) fn parse(pattern: &str, properties: &Properties) -> Result<Node, String> {
    if pattern.len() > LENGTH {
        return Err(format!("an expression of more than {LENGTH} bytes"));
    }
    let mut parser =
        Parser { rest: pattern, properties, depth: 0, any_case: false, without_case: None };
    parser.any_case = parser.take("(?i)");
    let node = parser.alternatives()?;
    if parser.rest.is_empty() { Ok(node) } else { Err("an unmatched `)`".to_owned()) }
}

struct Parser<'a> {
    rest: &'a str,
    properties: &'a Properties,
    depth: usize,
    any_case: bool,
    without_case: Option<CharSet>,
}

type Parsed<T> = Result<T, String>;

fn refuse<T>(what: &str) -> Parsed<T> {
    Err(what.to_owned())
}

/// What an escape stands for.
enum Escape {
    Char(char),
    Set(CharSet),
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH { refuse("deep nesting") } else { Ok(()) }
    }

    fn alternatives(&mut self) -> Parsed<Node> {
        self.deeper()?;
        let mut all = vec![self.sequence()?];
        while self.take("|") {
            all.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(match all.len() {
            1 => all.swap_remove(0),
            _ => Node::Alt(all),
        })
    }

    fn sequence(&mut self) -> Parsed<Node> {
        let mut all = Vec::new();
        while let Some(c) = self.peek()
            && !matches!(c, '|' | ')')
        {
            let node = self.atom()?;
            all.push(self.quantified(node)?);
        }
        Ok(match all.len() {
            1 => all.swap_remove(0),
            _ => Node::Cat(all),
        })
    }

    fn atom(&mut self) -> Parsed<Node> {
        match self.bump() {
            Some('(') => self.group(),
            Some('[') => {
                let set = self.class()?;
                self.cased_class(set)
            }
            Some('.') => self.plain_set(CharSet::one('\n').not()),
            Some('$') => Ok(Node::look(CharSet::one('\n'), true)),
            Some('^') => refuse("`^`"),
            Some('\\') if self.take("z") => Ok(Node::look(CharSet::default(), true)),
            Some('\\') => match self.escape(false)? {
                Escape::Char(c) => self.literal(c),
                Escape::Set(set) => self.plain_set(set),
            },
            Some('?' | '*' | '+') | None => refuse("a quantifier of nothing"),
            Some('{') => refuse("a brace that is not escaped"),
            Some(']') => refuse("a bracket that is not escaped"),
            Some(c) => self.literal(c),
        }
    }

    fn group(&mut self) -> Parsed<Node> {
        let before = self.any_case;
        let (mut look, mut negative, mut atomic) = (false, false, false);
        if self.take("?") {
            if self.take("i:") {
                self.any_case = true;
            } else if self.take("-i:") {
                self.any_case = false;
            } else if self.take(">") {
                atomic = true;
            } else if self.take("=") {
                look = true;
            } else if self.take("!") {
                (look, negative) = (true, true);
            } else if self.take("<=") || self.take("<!") {
                return refuse("look-behind");
            } else if !self.take(":") {
                return refuse("a group with options or a name");
            }
        } else if self.peek() == Some('*') {
            return refuse("a callout");
        }
        let node = self.alternatives()?;
        self.any_case = before;
        if !self.take(")") {
            return refuse("an unmatched `(`");
        }
        if look {
            let Some((set, end)) = node.next() else {
                return refuse("look-ahead at more than one character");
            };
            return Ok(match negative {
                true => Node::look(set.not(), !end),
                false => Node::look(set, end),
            });
        }
        if atomic { Self::atomic(node) } else { Ok(node) }
    }

    /// What does not give back what it has taken: where that is a run of one set, nothing of that
    /// set comes after it, unless it has all it can take.
    fn atomic(node: Node) -> Parsed<Node> {
        match node {
            Node::Set { .. } | Node::Look { .. } => Ok(node),
            Node::Repeat { node: inner, min, max, greedy: true } => {
                let Node::Set { set, .. } = &*inner else {
                    return refuse("an atomic group of more than a run of one class");
                };
                let stop = Node::look(set.not(), true);
                let required = (0..min).map(|_| (*inner).clone());
                let Some(max) = max else {
                    let run = Node::Repeat { node: inner.clone(), min, max, greedy: true };
                    return Ok(Node::Cat(vec![run, stop]));
                };
                if max > 64 {
                    return refuse("an atomic group of many characters");
                }
                let mut more = Node::Cat(Vec::new());
                for _ in min..max {
                    more = Node::Alt(vec![Node::Cat(vec![(*inner).clone(), more]), stop.clone()]);
                }
                Ok(Node::Cat(required.chain([more]).collect()))
            }
            _ => refuse("an atomic group of more than a run of one class"),
        }
    }

    fn quantified(&mut self, node: Node) -> Parsed<Node> {
        let (min, max, interval) = match self.peek() {
            Some('?') => (0, Some(1), false),
            Some('*') => (0, None, false),
            Some('+') => (1, None, false),
            Some('{') => {
                let (min, max) = self.interval()?;
                (min, max, true)
            }
            _ => return Ok(node),
        };
        if matches!(node, Node::Look { .. }) {
            return refuse("a quantifier of a look-ahead");
        }
        if !interval {
            self.bump();
        }
        if max.is_none() && node.is_nullable() {
            return refuse("a repetition of what can be empty");
        }
        let repeat = |greedy: bool| Node::Repeat { node: Box::new(node.clone()), min, max, greedy };
        let node = match self.peek() {
            Some('?') if interval && max == Some(min) => {
                return refuse("`?` after a fixed number of times");
            }
            Some('?') => {
                self.bump();
                repeat(false)
            }
            // After an interval it is a quantifier of its own.
            Some('+') if !interval => {
                self.bump();
                Self::atomic(repeat(true))?
            }
            Some('+') => {
                self.bump();
                if min == 0 {
                    return refuse("a repetition of what can be empty");
                }
                let node = Box::new(repeat(true));
                Node::Repeat { node, min: 1, max: None, greedy: true }
            }
            _ => repeat(true),
        };
        match self.peek() {
            Some('?' | '*' | '+' | '{') => refuse("a quantifier of a quantifier"),
            _ => Ok(node),
        }
    }

    /// `{m}`, `{m,}`, `{,n}`, `{m,n}`.
    fn interval(&mut self) -> Parsed<(u32, Option<u32>)> {
        const WRONG: &str = "a brace that is not an interval";
        let Some((inside, rest)) = self.rest[1..].split_once('}') else {
            return refuse(WRONG);
        };
        self.rest = rest;
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten().ok_or_else(|| WRONG.to_owned())
        };
        let (min, max) = match inside.split_once(',') {
            None => (number(inside)?, Some(number(inside)?)),
            Some(("", max)) => (0, Some(number(max)?)),
            Some((min, "")) => (number(min)?, None),
            Some((min, max)) => (number(min)?, Some(number(max)?)),
        };
        match max {
            Some(max) if max < min || max == 0 => refuse(WRONG),
            _ => Ok((min, max)),
        }
    }

    /// An escape of which the backslash is read.
    fn escape(&mut self, in_class: bool) -> Parsed<Escape> {
        let Some(c) = self.bump() else {
            return refuse("a backslash at the end");
        };
        let properties = self.properties;
        let named = |name: &str| {
            let set = properties.named(name)?;
            Some(if in_class { properties.in_class(name, set) } else { set })
        };
        let known = |name: &str| named(name).ok_or_else(|| format!("`\\{c}`"));
        Ok(Escape::Char(match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\x0c',
            'v' => '\x0b',
            'a' => '\x07',
            'e' => '\x1b',
            'x' => self.code_after_x()?,
            'u' => self.code(4)?,
            's' => return Ok(Escape::Set(known("Space")?)),
            'S' => return Ok(Escape::Set(known("Space")?.not())),
            'd' => return Ok(Escape::Set(known("Nd")?)),
            'D' => return Ok(Escape::Set(known("Nd")?.not())),
            'w' => return Ok(Escape::Set(known("Word")?)),
            'W' => return Ok(Escape::Set(known("Word")?.not())),
            'p' | 'P' => {
                if !self.take("{") {
                    return refuse("a property without braces");
                }
                let Some((name, rest)) = self.rest.split_once('}') else {
                    return refuse("an unmatched `{`");
                };
                self.rest = rest;
                let (name, inverse) = match name.strip_prefix('^') {
                    Some(name) => (name, true),
                    None => (name, false),
                };
                let Some(set) = named(name) else {
                    return Err(format!("the property {name:.40}"));
                };
                let not = inverse != (c == 'P');
                return Ok(Escape::Set(if not { set.not() } else { set }));
            }
            c if c.is_ascii_alphanumeric() => return Err(format!("`\\{c}`")),
            c if c.is_ascii() && !c.is_ascii_control() => c,
            _ => return refuse("an escaped character beyond ASCII"),
        }))
    }

    fn code(&mut self, digits: usize) -> Parsed<char> {
        let code = self.rest.get(..digits).filter(|it| it.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
        let Some(c) = code.and_then(char::from_u32) else {
            return refuse("the code of no character");
        };
        self.rest = &self.rest[digits..];
        Ok(c)
    }

    fn code_after_x(&mut self) -> Parsed<char> {
        if self.take("{") {
            let Some(digits) = self.rest.find('}').filter(|digits| (1..=8).contains(digits)) else {
                return refuse("the code of no character");
            };
            let c = self.code(digits)?;
            self.bump();
            return Ok(c);
        }
        match self.code(2)? {
            c if c.is_ascii() => Ok(c),
            // These are bytes.
            _ => refuse("`\\x` beyond ASCII"),
        }
    }

    fn literal(&mut self, c: char) -> Parsed<Node> {
        self.cased(CharSet::one(c))
    }

    /// A set that is no class, which no rule of ours extends to other cases.
    fn plain_set(&mut self, set: CharSet) -> Parsed<Node> {
        match self.any_case {
            true => refuse("a property in any case"),
            false => Ok(Node::Set { set, folded: 0 }),
        }
    }

    fn cased_class(&mut self, set: CharSet) -> Parsed<Node> {
        if set.is_empty() {
            return refuse("a class without characters");
        }
        self.cased(set)
    }

    /// The set, in any case where that is asked for.
    fn cased(&mut self, set: CharSet) -> Parsed<Node> {
        if !self.any_case {
            return Ok(Node::Set { set, folded: 0 });
        }
        let properties = self.properties;
        let without_case = self.without_case.get_or_insert_with(|| properties.without_case());
        let beyond_ascii = set.and(&CharSet::of([(0x80, 0x10_ffff)]));
        if !beyond_ascii.and(&without_case.not()).is_empty() {
            return refuse("characters beyond ASCII in any case");
        }
        let mut folded = 0;
        let mut all = set.clone();
        for letter in 'a'..='z' {
            let upper = letter.to_ascii_uppercase();
            if !set.contains(letter) && !set.contains(upper) {
                continue;
            }
            folded |= 1 << (u32::from(letter) - u32::from('a'));
            for c in [letter, upper] {
                all = all.union(&CharSet::one(c));
            }
            // The only two that fold into ASCII by themselves.
            match letter {
                'k' => all = all.union(&CharSet::one('\u{212a}')),
                's' => all = all.union(&CharSet::one('\u{17f}')),
                _ => {}
            }
        }
        Ok(Node::Set { set: all, folded })
    }

    /// A class of which the first bracket is read.
    fn class(&mut self) -> Parsed<CharSet> {
        self.deeper()?;
        let negative = self.take("^");
        let mut all: Option<CharSet> = None;
        let mut set = CharSet::default();
        let mut first = true;
        loop {
            let was_first = std::mem::replace(&mut first, false);
            let c = match self.bump() {
                None => return refuse("an unmatched `[`"),
                Some(']') if was_first => return refuse("a class that begins with `]`"),
                Some(']') => break,
                Some('[') if self.peek() == Some(':') => return refuse("a POSIX bracket"),
                Some('[') => {
                    set = set.union(&self.class()?);
                    self.no_range()?;
                    continue;
                }
                Some('&') if self.take("&") => {
                    if was_first || matches!(self.peek(), Some(']' | '&') | None) {
                        return refuse("`&&` with an empty side");
                    }
                    let so_far = std::mem::take(&mut set);
                    all = Some(all.map_or_else(|| so_far.clone(), |all| all.and(&so_far)));
                    continue;
                }
                Some('\\') => match self.escape(true)? {
                    Escape::Char(c) => c,
                    Escape::Set(more) => {
                        set = set.union(&more);
                        self.no_range()?;
                        continue;
                    }
                },
                Some('-') if !was_first && self.peek() != Some(']') => {
                    return refuse("a `-` within a class that is not escaped");
                }
                Some(c) => c,
            };
            let ranges = self.rest.starts_with('-') && !self.rest.starts_with("-]");
            if !ranges {
                set = set.union(&CharSet::one(c));
                continue;
            }
            self.bump();
            let last = match self.bump() {
                Some('\\') => match self.escape(true)? {
                    Escape::Char(c) => c,
                    Escape::Set(_) => return refuse("a range that ends in a class"),
                },
                Some('[' | '-' | '&') | None => return refuse("a range without an end"),
                Some(c) => c,
            };
            if last < c {
                return refuse("a range from high to low");
            }
            set = set.union(&CharSet::of([(c.into(), last.into())]));
            self.no_range()?;
        }
        self.depth -= 1;
        let set = all.map_or_else(|| set.clone(), |all| all.and(&set));
        match negative {
            true if self.any_case => refuse("a negated class in any case"),
            true => Ok(set.not()),
            false => Ok(set),
        }
    }

    /// After a range or a class `-` is itself only where the class ends.
    fn no_range(&self) -> Parsed<()> {
        match self.rest.starts_with('-') && !self.rest.starts_with("-]") {
            true => refuse("a `-` within a class that is not escaped"),
            false => Ok(()),
        }
    }
}
