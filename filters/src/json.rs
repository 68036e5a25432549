//! [`Scanner`]: the text of a policy as JSON tokens, in the order in which they stand.
//!
//! The mistakes of a policy are answered in order and with their place, which a finished tree no longer knows. Message
//! bodies, where a mistake is just "no match", are read as a [`tree`].
//!
//! The scanner keeps the open containers in a list and never calls itself, so depth costs no stack.

mod scalar;
mod syntax_error;
mod tree;

use std::borrow::Cow;

pub use syntax_error::SyntaxError;
pub(crate) use tree::{Json, Members, read};

use crate::{Error, ErrorKind, Location};

/// Whether a text is JSON at all, whatever it says; the error is the one that a policy would have.
///
/// # Errors
///
/// The first mistake of the text, from left to right.
pub fn check_json(text: &str) -> Result<(), Error> {
    let mut scanner = Scanner::new(text);
    while scanner.token()? != Token::End {}
    Ok(())
}

/// One step through a JSON text. Commas and colons are checked and left out.
///
/// What reads tokens names those that it accepts, and refuses all others alike. They are handed on by the thousand: with
/// a tag of a word their contents are copied as words, which is a fifth of the time that it takes to read a body.
#[derive(Debug, Clone, PartialEq)]
#[repr(u64)]
pub(crate) enum Token<'a> {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    /// The name of a member; its value follows.
    Key(Cow<'a, str>),
    Text(Cow<'a, str>),
    /// A number, as written.
    Number(&'a str),
    Bool(bool),
    Null,
    /// The text has been read to its end.
    End,
}

impl Token<'_> {
    /// The token as an error repeats it: strings without their quotes.
    pub(crate) fn as_written(&self) -> String {
        match self {
            Self::StartObject => "{".to_owned(),
            Self::EndObject => "}".to_owned(),
            Self::StartArray => "[".to_owned(),
            Self::EndArray => "]".to_owned(),
            Self::Key(text) | Self::Text(text) => text.clone().into_owned(),
            Self::Number(text) => (*text).to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Null => "null".to_owned(),
            Self::End => String::new(),
        }
    }
}

/// Reads tokens from left to right. A clone is a place to come back to.
#[derive(Debug, Clone)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    /// Bytes read; always between two characters.
    at: usize,
    /// Where the last token began.
    began: usize,
    open: Vec<Container>,
    next: Expected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

/// What may stand at the place reached.
#[derive(Debug, Clone, Copy)]
enum Expected {
    Value,
    FirstMember,
    FirstElement,
    CommaOrEnd,
    Nothing,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, began: 0, open: Vec::new(), next: Expected::Value }
    }

    /// The next token; [`Token::End`] from the end of the text on.
    pub(crate) fn token(&mut self) -> Result<Token<'a>, Error> {
        self.skip_space();
        match (self.next, self.open.last()) {
            (Expected::Value, _) => self.value(),
            (Expected::FirstMember, _) if self.peek() == Some(b'}') => Ok(self.close(Token::EndObject)),
            (Expected::FirstMember, _) => self.key(),
            (Expected::FirstElement, _) if self.peek() == Some(b']') => Ok(self.close(Token::EndArray)),
            (Expected::FirstElement, _) => self.value(),
            (Expected::CommaOrEnd, Some(Container::Object)) => match self.peek() {
                Some(b'}') => Ok(self.close(Token::EndObject)),
                Some(b',') => {
                    self.step();
                    self.key()
                }
                _ => Err(self.unexpected(SyntaxError::NoCommaInObject)),
            },
            (Expected::CommaOrEnd, Some(Container::Array)) => match self.peek() {
                Some(b']') => Ok(self.close(Token::EndArray)),
                Some(b',') => {
                    self.step();
                    self.value()
                }
                _ => Err(self.unexpected(SyntaxError::NoCommaInArray)),
            },
            (Expected::CommaOrEnd, None) | (Expected::Nothing, _) => match self.peek() {
                None => Ok(Token::End),
                Some(_) => Err(self.unexpected(SyntaxError::AfterTheEnd)),
            },
        }
    }

    /// An error at the token read last.
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        let before = self.text.get(..self.began).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        let line = before.matches('\n').count() + 1;
        Error { kind, location: Some(Location { line, column }) }
    }

    fn value(&mut self) -> Result<Token<'a>, Error> {
        self.skip_space();
        self.began = self.at;
        let token = match self.peek() {
            Some(b'{') => {
                return Ok(self.enter(Container::Object, Expected::FirstMember, Token::StartObject));
            }
            Some(b'[') => return Ok(self.enter(Container::Array, Expected::FirstElement, Token::StartArray)),
            Some(b'"') => Token::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Token::Number(self.number()?),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$') => self.word()?,
            _ => return Err(self.unexpected(SyntaxError::NoValue)),
        };
        self.next = self.after_value();
        Ok(token)
    }

    fn key(&mut self) -> Result<Token<'a>, Error> {
        self.skip_space();
        self.began = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected(SyntaxError::NoKey));
        }
        let key = self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected(SyntaxError::NoColon));
        }
        self.step();
        self.next = Expected::Value;
        Ok(Token::Key(key))
    }

    fn enter(&mut self, container: Container, next: Expected, token: Token<'a>) -> Token<'a> {
        self.open.push(container);
        self.step();
        self.next = next;
        token
    }

    fn close(&mut self, token: Token<'a>) -> Token<'a> {
        self.began = self.at;
        self.open.pop();
        self.step();
        self.next = self.after_value();
        token
    }

    fn after_value(&self) -> Expected {
        if self.open.is_empty() { Expected::Nothing } else { Expected::CommaOrEnd }
    }

    /// The error of a character, or of the end of the text, where something else belongs.
    fn unexpected(&mut self, error: fn(char) -> SyntaxError) -> Error {
        self.began = self.at;
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(character) => self.error(ErrorKind::Syntax(error(character))),
            None => self.error(ErrorKind::Syntax(SyntaxError::EndOfInput)),
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step();
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Past one byte, which the caller knows to be ASCII.
    fn step(&mut self) {
        self.at += 1;
    }
}

#[cfg(test)]
mod tests;
