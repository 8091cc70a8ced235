//! Rust source with its comments and literals blanked out, so that braces and words can be counted. No parser.

/// A function and how long it is.
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of its `fn`, from 1.
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// The text without comments and literals, every line where it was.
pub(crate) struct RustText {
    plain: String,
}

impl RustText {
    pub(crate) fn new(text: &str) -> Self {
        let mut blanker = Blanker { letters: text.chars().collect(), at: 0, plain: String::new() };
        blanker.run();
        Self { plain: blanker.plain }
    }

    /// The lines, from 1, that have `word` as a whole word.
    pub(crate) fn lines_with_word(&self, word: &str) -> Vec<usize> {
        let has = |line: &str| words(line).any(|found| found == word);
        self.plain.lines().enumerate().filter(|(_, line)| has(line)).map(|(index, _)| index + 1).collect()
    }

    /// Every function with a body. Those inside of macros count as well.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let lines: Vec<&str> = self.plain.lines().collect();
        let mut functions = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let mut words = words(line).skip_while(|word| *word != "fn").skip(1);
            if let Some(name) = words.next()
                && let Some(count) = body_lines(&lines[index..])
            {
                functions.push(Function { name: name.to_owned(), line: index + 1, lines: count });
            }
        }
        functions
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

/// How many lines from the first one to the brace that closes the body; none when a `;` comes first.
fn body_lines(lines: &[&str]) -> Option<usize> {
    let mut depth = 0usize;
    let mut brackets = 0usize;
    for (index, line) in lines.iter().enumerate() {
        for letter in line.chars() {
            match letter {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets = brackets.saturating_sub(1),
                '{' => depth += 1,
                '}' if depth <= 1 => return (depth == 1).then_some(index + 1),
                '}' => depth -= 1,
                ';' if depth == 0 && brackets == 0 => return None,
                _ => {}
            }
        }
    }
    None
}

struct Blanker {
    letters: Vec<char>,
    at: usize,
    plain: String,
}

impl Blanker {
    fn run(&mut self) {
        while let Some(letter) = self.peek(0) {
            match (letter, self.peek(1)) {
                ('/', Some('/')) => self.blank_while(|letter| letter != '\n'),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.string(),
                ('r', Some('"' | '#')) if !self.in_word() => self.raw_string(),
                ('\'', _) => self.quote(),
                _ => self.keep(),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }

    /// Whether the letter before belongs to a word; `b` of a byte string does not count.
    fn in_word(&self) -> bool {
        let before = self.plain.chars().last();
        before.is_some_and(|letter| letter.is_alphanumeric() && letter != 'b' || letter == '_')
    }

    fn keep(&mut self) {
        self.plain.push(self.letters[self.at]);
        self.at += 1;
    }

    fn blank(&mut self) {
        let line_break = self.peek(0) == Some('\n');
        self.plain.push(if line_break { '\n' } else { ' ' });
        self.at += 1;
    }

    fn blank_while(&mut self, test: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&test) {
            self.blank();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.letters.len() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                _ => {
                    self.blank();
                    continue;
                }
            }
            self.blank();
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.blank();
        while let Some(letter) = self.peek(0) {
            self.blank();
            match letter {
                '\\' if self.peek(0).is_some() => self.blank(),
                '"' => return,
                _ => {}
            }
        }
    }

    fn raw_string(&mut self) {
        let marks = self.letters[self.at + 1..].iter().take_while(|letter| **letter == '#').count();
        if self.peek(1 + marks) != Some('"') {
            // A raw name, as in `r#type`.
            return self.keep();
        }
        for _ in 0..marks + 2 {
            self.blank();
        }
        while self.at < self.letters.len() {
            let closes = self.peek(0) == Some('"') && (1..=marks).all(|ahead| self.peek(ahead) == Some('#'));
            self.blank();
            if closes {
                for _ in 0..marks {
                    self.blank();
                }
                return;
            }
        }
    }

    /// A character literal, or the mark of a lifetime.
    fn quote(&mut self) {
        if self.peek(1) == Some('\\') {
            self.blank();
            self.blank();
            self.blank();
            self.blank_while(|letter| letter != '\'');
            self.blank();
        } else if self.peek(2) == Some('\'') {
            self.blank();
            self.blank();
            self.blank();
        } else {
            self.keep();
        }
    }
}
