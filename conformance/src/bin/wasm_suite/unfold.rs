//! The text of exceptions before 3.0, for a parser that knows it only unfolded: `(try (do A) (catch $t B))` becomes
//! `try A catch $t B end`.

/// Pieces of a script, each with its line, from 0.
enum Piece<'a> {
    Word(usize, &'a str),
    List(usize, Vec<Piece<'a>>),
}

/// A script in which no `try` is folded; what stands on a line stays there.
pub(crate) fn unfolded(text: &str) -> String {
    let mut reader = Reader { text, at: 0, line: 0 };
    let mut writer = Writer::default();
    let pieces = reader.pieces();
    writer.pieces(&pieces);
    writer.text
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    /// Everything to the end of a list, or of the text.
    fn pieces(&mut self) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        while let Some((line, word)) = self.word() {
            match word {
                "(" => pieces.push(Piece::List(line, self.pieces())),
                ")" => break,
                _ => pieces.push(Piece::Word(line, word)),
            }
        }
        pieces
    }

    /// The next parenthesis, string or other word.
    fn word(&mut self) -> Option<(usize, &'a str)> {
        loop {
            let rest = &self.text[self.at..];
            let length = match rest.as_bytes() {
                [] => return None,
                [b';', b';', ..] => rest.find('\n').unwrap_or(rest.len()),
                [b'(', b';', ..] => rest.find(";)").map_or(rest.len(), |end| end + 2),
                [byte, ..] if byte.is_ascii_whitespace() => 1,
                [b'(' | b')', ..] => return Some(self.take(1)),
                [b'"', bytes @ ..] => {
                    let mut is_escaped = false;
                    let is_end = |&byte: &u8| {
                        let ends = byte == b'"' && !is_escaped;
                        is_escaped = byte == b'\\' && !is_escaped;
                        ends
                    };
                    return Some(self.take(bytes.iter().position(is_end).map_or(rest.len(), |end| end + 2)));
                }
                _ => {
                    let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '(' | ')' | ';');
                    return Some(self.take(rest.find(ends).unwrap_or(rest.len())));
                }
            };
            self.take(length);
        }
    }

    fn take(&mut self, length: usize) -> (usize, &'a str) {
        let (line, word) = (self.line, &self.text[self.at..self.at + length]);
        self.at += length;
        self.line += word.matches('\n').count();
        (line, word)
    }
}

#[derive(Default)]
struct Writer {
    text: String,
    line: usize,
}

impl Writer {
    fn word(&mut self, line: usize, word: &str) {
        while self.line < line {
            self.text.push('\n');
            self.line += 1;
        }
        self.text.push_str(word);
        if word != "(" {
            self.text.push(' ');
        }
        self.line += word.matches('\n').count();
    }

    fn pieces(&mut self, pieces: &[Piece<'_>]) {
        for piece in pieces {
            match piece {
                Piece::Word(line, word) => self.word(*line, word),
                Piece::List(_, inside) if matches!(inside[..], [Piece::Word(_, "try"), ..]) => self.folded_try(inside),
                Piece::List(line, inside) => {
                    self.word(*line, "(");
                    self.pieces(inside);
                    self.text.push(')');
                }
            }
        }
    }

    fn folded_try(&mut self, pieces: &[Piece<'_>]) {
        let mut ends_itself = false;
        for piece in pieces {
            let Piece::List(_, inside) = piece else {
                self.pieces(std::slice::from_ref(piece));
                continue;
            };
            match inside[..] {
                [Piece::Word(_, "do"), ..] => self.pieces(&inside[1..]),
                [Piece::Word(_, "catch" | "catch_all"), ..] => self.pieces(inside),
                [Piece::Word(_, "delegate"), ..] => {
                    self.pieces(inside);
                    ends_itself = true;
                }
                _ => self.pieces(std::slice::from_ref(piece)),
            }
        }
        if !ends_itself {
            self.text.push_str("end ");
        }
    }
}
