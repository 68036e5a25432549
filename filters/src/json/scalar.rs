//! Strings, numbers, and words: the tokens that have an inside.

use std::borrow::Cow;

use super::{Scanner, SyntaxError, Token};
use crate::limits::QUOTED_CHARACTERS_MAX;
use crate::{Error, ErrorKind};

impl<'a> Scanner<'a> {
    /// The string whose opening quote comes next, borrowed from the text unless it has escapes.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        self.step();
        let run = self.run()?;
        if self.peek() == Some(b'"') {
            self.step();
            return Ok(Cow::Borrowed(run));
        }
        let mut unescaped = run.to_owned();
        while self.peek() == Some(b'\\') {
            self.step();
            unescaped.push(self.escape()?);
            unescaped.push_str(self.run()?);
        }
        self.step();
        Ok(Cow::Owned(unescaped))
    }

    /// The characters up to the next quote or backslash.
    fn run(&mut self) -> Result<&'a str, Error> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
        self.at += end;
        match self.peek() {
            Some(b'"' | b'\\') => Ok(rest.get(..end).unwrap_or_default()),
            _ => Err(self.unexpected(SyntaxError::ControlCharacter)),
        }
    }

    /// What the escape after a backslash stands for.
    fn escape(&mut self) -> Result<char, Error> {
        let character = match self.peek() {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.unexpected(SyntaxError::Escape)),
        };
        self.step();
        Ok(character)
    }

    /// One `uXXXX`, or two that are a surrogate pair. Half of a pair is no character, and refused.
    fn unicode_escape(&mut self) -> Result<char, Error> {
        let first = self.code_unit()?;
        let mut units = vec![first];
        if matches!(first, 0xD800..0xDC00)
            && self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u"))
        {
            self.step();
            units.push(self.code_unit()?);
        }
        match String::from_utf16(&units) {
            Ok(text) if text.chars().count() == 1 => Ok(text.chars().next().unwrap_or_default()),
            _ => Err(self.error(ErrorKind::Syntax(SyntaxError::UnicodeEscape))),
        }
    }

    /// The four digits after the `u` that comes next.
    fn code_unit(&mut self) -> Result<u16, Error> {
        let digits = self.text.get(self.at + 1..self.at + 5).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(self.error(ErrorKind::Syntax(SyntaxError::UnicodeEscape)));
        }
        self.at += 5;
        u16::from_str_radix(digits, 16).map_err(|_| self.error(ErrorKind::Syntax(SyntaxError::UnicodeEscape)))
    }

    /// The number that comes next, as JSON allows it to be written.
    pub(super) fn number(&mut self) -> Result<&'a str, Error> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.step();
        }
        if self.peek() == Some(b'0') {
            self.step();
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.error(ErrorKind::Syntax(SyntaxError::LeadingZero)));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step();
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Error> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected(SyntaxError::NoDigit));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.step();
        }
        Ok(())
    }

    /// `true`, `false`, or `null`.
    pub(super) fn word(&mut self) -> Result<Token<'a>, Error> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|next: char| !next.is_alphanumeric() && !matches!(next, '_' | '$'));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let token = match word {
            "true" => Token::Bool(true),
            "false" => Token::Bool(false),
            "null" => Token::Null,
            _ => {
                let quoted = word.chars().take(QUOTED_CHARACTERS_MAX).collect();
                return Err(self.error(ErrorKind::Syntax(SyntaxError::UnknownWord(quoted))));
            }
        };
        self.at += word.len();
        Ok(token)
    }
}
