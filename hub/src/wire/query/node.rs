//! A place in the names of sorted parameters.
//!
//! Everything under one name is a slice of them, so a struct, a list or a map is that slice and the length of the
//! name that leads to it. Nothing is built, and every parameter is looked at once for each part of its name.

use super::super::names::Names;
use super::super::parameter::{Parameter, Parameters, order};
use super::Error;

/// Everything at and under one name.
#[derive(Clone, Copy)]
pub(super) struct Node<'p> {
    under: &'p [Parameter<'p>],
    /// How much of their names leads here, the dot after it included.
    used: usize,
    /// The member of a shape that this is, or is an element of.
    pub(super) member: &'static str,
    pub(super) names: Names<'p>,
}

impl<'p> Node<'p> {
    /// All parameters.
    pub(super) fn root(parameters: &'p Parameters<'p>, names: Names<'p>) -> Self {
        Self { under: parameters.as_slice(), used: 0, member: "", names }
    }

    /// The same as a member of a shape.
    pub(super) fn named(self, member: &'static str) -> Self {
        Self { member, ..self }
    }

    /// A part that is not there, where the shape has something.
    pub(super) fn empty(self) -> Self {
        Self { under: &[], ..self }
    }

    /// What is left of a name from here on; nothing if it ends here.
    fn rest(self, parameter: &'p Parameter<'p>) -> &'p str {
        parameter.name.get(self.used..).unwrap_or_default()
    }

    /// What is under a further part of the name.
    pub(super) fn child(self, part: &str) -> Option<Self> {
        let from = self.under.partition_point(|parameter| order(self.rest(parameter), part).is_lt());
        let under = self.under.get(from..)?;
        let end = under.iter().position(|parameter| first_part(self.rest(parameter)) != part);
        let under = under.get(..end.unwrap_or(under.len())).filter(|under| !under.is_empty())?;
        Some(Self { under, used: self.used + part.len() + 1, ..self })
    }

    /// The numbered children, in the order of their numbers. Numbers may be missing and as large as they like.
    fn items(self) -> Vec<Self> {
        let mut items = Vec::new();
        let mut left = self.under;
        while let Some(first) = left.first() {
            let part = first_part(self.rest(first));
            let end = left.iter().position(|parameter| first_part(self.rest(parameter)) != part);
            let (under, others) = left.split_at(end.unwrap_or(left.len()));
            if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
                let number = part.parse::<u64>().unwrap_or(u64::MAX);
                items.push((number, Self { under, used: self.used + part.len() + 1, ..self }));
            }
            left = others;
        }
        items.sort_by_key(|(number, _)| *number);
        items.into_iter().map(|(_, item)| item).collect()
    }

    /// The elements of a list. One that is alone may come without a number; an empty list is written as one
    /// without number and value.
    pub(super) fn elements(self) -> Vec<Self> {
        let within = self.names.list().and_then(|part| self.child(part)).unwrap_or(self);
        let items = within.items();
        let is_alone = items.is_empty() && within.text().is_some_and(|text| !text.is_empty());
        if is_alone { vec![within] } else { items }
    }

    /// The entries of a map. One that is alone may come without a number.
    pub(super) fn entries(self) -> Vec<Self> {
        let within = self.names.map().and_then(|part| self.child(part)).unwrap_or(self);
        let items = within.items();
        let (key, _) = self.names.entry(self.member);
        let is_alone = items.is_empty() && within.child(key).is_some();
        if is_alone { vec![within] } else { items }
    }

    /// The value at exactly this name.
    fn text(self) -> Option<&'p str> {
        let first = self.under.first()?;
        (first.name.len() < self.used).then_some(&*first.value)
    }

    /// The value where the shape has a scalar. Nothing at all is an empty text: the value of a map's entry that
    /// has only a key.
    pub(super) fn scalar(self) -> Result<&'p str, Error> {
        match self.text() {
            None if !self.under.is_empty() => {
                Err(self.refuse("it has members, and should have a value".to_owned()))
            }
            text => Ok(text.unwrap_or_default()),
        }
    }

    pub(super) fn refuse(self, reason: String) -> Error {
        let name = self
            .under
            .first()
            .map_or("", |first| first.name.get(..self.used.saturating_sub(1)).unwrap_or(""));
        Error { parameter: name.to_owned(), value: self.text().unwrap_or_default().to_owned(), reason }
    }

    pub(super) fn parse<T: std::str::FromStr>(self, wanted: &str) -> Result<T, Error> {
        self.scalar()?.parse().map_err(|_| self.refuse(format!("Must be {wanted}.")))
    }

    /// Names the parameter in an error that arose from its value.
    pub(super) fn at(self, error: Error) -> Error {
        if error.parameter.is_empty() { self.refuse(error.reason) } else { error }
    }
}

fn first_part(name: &str) -> &str {
    name.split_once('.').map_or(name, |(part, _)| part)
}
