//! Query parameters: names and values, decoded and sorted.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Code, Fault};

/// More than any request needs: a full batch of messages with ten attributes each has under 500.
const PARAMETERS_MAX: usize = 50_000;

/// One parameter, borrowed from the request unless it had to be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
}

/// The parameters of a request, sorted so that all parameters under one name stand together: `Tag`, `Tag.1.Key`,
/// `Tag.1.Value`, `TagKey.1`. Of equal names, the first that came stands first.
#[derive(Debug, Default)]
pub(crate) struct Parameters<'a>(Vec<Parameter<'a>>);

/// Why parameters cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    Percent,
    TooMany,
    Utf8,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let message = match error {
            Error::Percent => "A parameter contains a % that is not followed by two hexadecimal digits.",
            Error::TooMany => "The request has too many parameters.",
            Error::Utf8 => "A parameter is not UTF-8.",
        };
        Self::new(Code::Serialization, message)
    }
}

impl<'a> Parameters<'a> {
    /// Reads `application/x-www-form-urlencoded` texts, such as the query of the URL and the body.
    pub(crate) fn parse(texts: &[&'a [u8]]) -> Result<Self, Error> {
        let mut parameters = Vec::new();
        for pair in
            texts.iter().flat_map(|text| text.split(|&byte| byte == b'&')).filter(|pair| !pair.is_empty())
        {
            if parameters.len() == PARAMETERS_MAX {
                return Err(Error::TooMany);
            }
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            parameters.push(Parameter { name, value });
        }
        parameters.sort_by(|a, b| order(&a.name, &b.name));
        Ok(Self(parameters))
    }

    /// The value of the first parameter of this name.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        let at = self.0.partition_point(|parameter| order(&parameter.name, name).is_lt());
        self.0.get(at).filter(|parameter| parameter.name == name).map(|parameter| &*parameter.value)
    }

    /// The first parameter that is none of these, nor one of a presigned URL.
    pub(crate) fn other_than(&self, known: &[&str]) -> Option<&str> {
        let is_known = |name: &str| known.contains(&name) || name.starts_with("X-Amz-");
        self.0.iter().map(|parameter| &*parameter.name).find(|name| !is_known(name))
    }

    pub(super) fn as_slice(&self) -> &[Parameter<'a>] {
        &self.0
    }
}

/// Bytes in order, but the dot before all: what is under a name stands directly behind it.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let rank = |byte: u8| if byte == b'.' { 0 } else { u16::from(byte) + 1 };
    a.bytes().map(rank).cmp(b.bytes().map(rank))
}

/// A part of a path without its percent-encoding. A plus sign is one there.
pub(crate) fn decode_part(part: &str) -> Result<Cow<'_, str>, Error> {
    if part.contains('+') {
        return decode(part.replace('+', "%2B").as_bytes()).map(|decoded| Cow::Owned(decoded.into_owned()));
    }
    decode(part.as_bytes())
}

/// Undoes percent-encoding, and plus signs for spaces.
fn decode(text: &[u8]) -> Result<Cow<'_, str>, Error> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return str::from_utf8(text).map(Cow::Borrowed).map_err(|_| Error::Utf8);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let [high, low, after @ ..] = after else {
                    return Err(Error::Percent);
                };
                let digit =
                    |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let (Some(high), Some(low)) = (digit(high), digit(low)) else {
                    return Err(Error::Percent);
                };
                decoded.push(high << 4 | low);
                rest = after;
            }
            &byte => decoded.push(byte),
        }
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| Error::Utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[(&str, &str)], Error>) {
        let parsed = Parameters::parse(&[text.as_bytes()]);
        let parsed = parsed.as_ref().map(|parameters| {
            parameters.0.iter().map(|parameter| (&*parameter.name, &*parameter.value)).collect::<Vec<_>>()
        });
        assert_eq!(parsed.as_deref().map_err(|error| **error), expected, "{text}");
    }

    #[test]
    fn parameters_are_decoded_and_sorted_by_their_path() {
        check("", Ok(&[]));
        check("&&", Ok(&[]));
        check("a", Ok(&[("a", "")]));
        check("a=1=2", Ok(&[("a", "1=2")]));
        check("b=%41+%c3%A4%26&a=%2B", Ok(&[("a", "+"), ("b", "A ä&")]));
        check(
            "T-x=1&T.2=b&T=0&T.10=c&T.1=a",
            Ok(&[("T", "0"), ("T.1", "a"), ("T.10", "c"), ("T.2", "b"), ("T-x", "1")]),
        );
        check("a=1&a=2", Ok(&[("a", "1"), ("a", "2")]));
    }

    #[test]
    fn what_is_not_text_is_refused() {
        check("a=%", Err(Error::Percent));
        check("a=%4", Err(Error::Percent));
        check("a=%zz", Err(Error::Percent));
        check("a=%+1", Err(Error::Percent));
        check("%ff=1", Err(Error::Utf8));
        assert_eq!(Parameters::parse(&[b"a=\xff"]).unwrap_err(), Error::Utf8);
        check(&"a&".repeat(PARAMETERS_MAX + 1), Err(Error::TooMany));
    }

    #[test]
    fn what_is_not_known_is_found() {
        let check = |text: &str, expected: Option<&str>| {
            let parameters = Parameters::parse(&[text.as_bytes()]).unwrap();
            assert_eq!(parameters.other_than(&["limit", "to"]), expected, "{text}");
        };
        check("", None);
        check("to=a&limit=1&to=b", None);
        check("to=a&X-Amz-Signature=b", None);
        check("to=a&lim%69tt=1&limit=1", Some("limitt"));
        check("Limit=1", Some("Limit"));
    }

    #[test]
    fn the_url_goes_before_the_body() {
        let parameters = Parameters::parse(&[b"Action=A&x=1", b"Action=B&y=2"]).unwrap();
        for (name, value) in [("Action", Some("A")), ("x", Some("1")), ("y", Some("2")), ("z", None)] {
            assert_eq!(parameters.first(name), value);
        }
    }
}
